"""``bisenet train`` and ``launch``: training in one process or several.

Imports of a sub-command stand inside it, as in :mod:`bisenet_lib.cli.main`.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bisenet_lib.cli.options import Dataset, Device, RunConfig, err, notes, out
from bisenet_lib.config.profiles import find_config
from bisenet_lib.errors import InputError


def add_to(app: typer.Typer) -> None:
    """Register the sub-commands of this module."""
    app.command()(train)
    settings = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(context_settings=settings)(launch)


def train(
    config: RunConfig = None,
    dataset: Dataset = None,
    iters: Annotated[int | None, typer.Option(help="Training iterations.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images per iteration.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="At iteration 0.")] = None,
    do_eval: Annotated[
        bool, typer.Option("--do-eval", help="Score the validation set at every checkpoint.")
    ] = False,
    use_vdl: Annotated[bool, typer.Option("--use-vdl", help="Log for VisualDL too.")] = False,
    save_interval: Annotated[int, typer.Option(help="Iterations between checkpoints.")] = 500,
    save_dir: Annotated[Path, typer.Option(help="The run folder.")] = Path("runs/train"),
    resume_model: Annotated[
        Path | None, typer.Option(help="An iter_N folder, or a run folder, to go on from.")
    ] = None,
    init_model: Annotated[
        Path | None,
        typer.Option(
            help="A checkpoint to begin with: fine-tuning, also with another number of classes."
        ),
    ] = None,
    keep_checkpoint_max: Annotated[int, typer.Option(help="Checkpoints kept.")] = 5,
    log_iters: Annotated[int, typer.Option(help="Iterations between log records.")] = 10,
    num_workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "--num-workers",
            "-j",
            help="Processes that read images; 0 reads in this one. Default: on a CPU 0, else up "
            "to 8, as there are cores.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of weights, order and augmentation.")] = 0,
    device: Device = "auto",
    precision: Annotated[str, typer.Option(help="fp32, fp16 or bf16.")] = "fp32",
    amp_level: Annotated[str, typer.Option(help="Of fp16 and bf16: O1 or O2.")] = "O1",
) -> None:
    """Train BiSeNet V2, with the options of PaddleSeg's own train command.

    Options may be spelled with underscores as in PaddleSeg (--do_eval).
    """
    from bisenet_lib.config.configuration import expected_rate, load_config
    from bisenet_lib.config.datasets import sized
    from bisenet_lib.config.input_size import training_note
    from bisenet_lib.network.checkpoint import config_file
    from bisenet_lib.runtime.devices import select, settings_line
    from bisenet_lib.runtime.ranks import here
    from bisenet_lib.training.trainer import fit

    of_a_run = config is None and resume_model is not None
    source = config or ("laptop" if resume_model is None else config_file(resume_model))
    settings = load_config(
        source,
        dataset=dataset,
        iters=iters,
        batch_size=batch_size,
        learning_rate=learning_rate,
        any_component=not of_a_run,
    )
    if dataset is not None:
        settings = sized(settings)
    if here().first:
        out.print(settings_line(select(device), here().size), highlight=False, soft_wrap=True)
        if note := training_note(settings):
            out.print(note, markup=False, highlight=False, soft_wrap=True)
        rate, why = expected_rate(source, settings["batch_size"], here().size)
        if abs(settings["lr_scheduler"]["learning_rate"] / rate - 1) > 0.01:
            err.print(f"warning: {why}")
    result = fit(
        settings,
        save_dir,
        do_eval=do_eval,
        use_vdl=use_vdl,
        save_interval=save_interval,
        resume_model=resume_model,
        init_model=init_model,
        keep_checkpoint_max=keep_checkpoint_max,
        log_iters=log_iters,
        num_workers=num_workers,
        seed=seed,
        device=device,
        precision=precision,
        amp_level=amp_level,
    )
    if not here().first:
        return
    best = "" if result.best_miou is None else f", best mIoU {100 * result.best_miou:.2f} %"
    out.print(
        f"{result.iterations} iterations, {result.seconds:.0f} s, "
        f"{result.images_per_second:.2f} images/s{best}: {result.run}",
        soft_wrap=True,
    )


def launch(
    context: typer.Context,
    nproc: Annotated[
        int, typer.Option("--nproc", "--nproc-per-node", help="Processes on this host's CPU.")
    ] = 2,
    gpus: Annotated[
        str,
        typer.Option(
            "--gpus",
            help="GPUs of this host, one process each: 0,1,2,3. With --device NAME: those devices.",
        ),
    ] = "",
    nnodes: Annotated[int, typer.Option(help="Hosts.")] = 1,
    master: Annotated[str, typer.Option(help="HOST:PORT of host 0, the same on every host.")] = "",
    rank: Annotated[int, typer.Option(help="This host's number, from 0.")] = 0,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the other hosts.")] = 300,
    log_dir: Annotated[
        Path | None, typer.Option(help="Where workerlog.N go. Default: log in --save-dir.")
    ] = None,
) -> None:
    """Train as several processes: every other option is one of `bisenet train`.

    \b
    bisenet launch --nproc 2 --config laptop --do-eval --save-dir runs/two
    bisenet launch --gpus 0,1,2,3 --config bisenet_cityscapes_1024x1024_160k --dataset DIR
    bisenet launch --nnodes 2 --master 10.0.0.1:6170 --rank 0 --gpus 0,1,2,3 ...

    The output of rank 0 is shown, that of every rank kept in workerlog.N. If one ends, all are
    ended, with its message. Ctrl-C or SIGTERM lets them finish the iteration and save.
    """  # noqa: D301  (the \\b keeps the lines of the examples apart)
    from bisenet_lib.common.signals import program
    from bisenet_lib.training.launcher import Plan
    from bisenet_lib.training.launcher import launch as start

    options = _train_options(context)
    device = [] if gpus else ["--device", "cpu"]  # `auto` would take a GPU
    start(
        Plan(nproc, gpus, nnodes, master, rank, timeout, options["device"]),
        [*program(), "train", *context.args, *device],
        log_dir or options["save_dir"] / "log",
        show=_show,
        say=notes.print,
    )


def _train_options(context: typer.Context) -> dict[str, Any]:
    """What `bisenet train` makes of the remaining options; refused here, no rank starts."""
    bisenet = context.parent
    assert bisenet is not None and isinstance(bisenet.command, TyperGroup)
    train = bisenet.command.commands["train"]
    options = train.make_context("train", list(context.args), parent=bisenet).params
    if options["config"]:
        find_config(options["config"])
    for name in ("dataset", "resume_model", "init_model"):
        path = options[name]
        if path is not None and not path.exists():
            raise InputError(f"--{name.replace('_', '-')} {path}: no such file or folder")
    return options


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
