"""The ``bisenet`` command: thin, each sub-command calls one public function.

Imports of a sub-command stand inside it, so that ``bisenet --help`` answers at once.
"""

import codecs
import io
import itertools
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.table import Table

from bisenet_lib import __version__
from bisenet_lib.cli import course, demo, deployment, evaluation, importing, launch
from bisenet_lib.cli.options import (
    Dataset,
    Device,
    Json,
    Root,
    RunConfig,
    Workers,
    end_with_problems,
    err,
    out,
    write_json,
)
from bisenet_lib.common.signals import LAUNCHER, Stopped, interrupt_once, outlive_readers
from bisenet_lib.errors import InputError, refuse_address

app = typer.Typer(
    help="Real-time semantic segmentation with BiSeNet V2: the course's command line.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda token: token.replace("_", "-"),  # PaddleSeg's --do_eval
    },
)
app.add_typer(course.app, name="course")
_SOURCES = {
    "labelIds": "labelIds (exact)",
    "instanceIds": "instanceIds (exact)",
    "polygons": "polygons (drawn)",
    "kept": "kept from an earlier run",
    "none": "test images without annotation",
}


def _version(wanted: bool) -> None:
    if wanted:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Read the options that stand before the sub-command."""


@app.command()
def minicity(
    folder: Annotated[Path, typer.Argument(help="Where to write; a new or empty folder.")],
    train: Annotated[int, typer.Option(help="Training frames.")] = 160,
    val: Annotated[int, typer.Option(help="Validation frames, of other cities.")] = 40,
    test: Annotated[int, typer.Option(help="Test frames; their labels are void.")] = 8,
    size: Annotated[str, typer.Option(help="Width x height, 64x32 to 2048x1024.")] = "512x256",
    seed: Annotated[int, typer.Option(help="One seed gives one data set, byte for byte.")] = 0,
    workers: Workers = 1,
) -> None:
    """Write MiniCity: generated street scenes in the exact Cityscapes format.

    It may be stopped at any time; the next run goes on, and may ask for more frames.
    """
    from bisenet_lib.data.minicity import generate, size_of

    summary = generate(
        folder, train=train, val=val, test=test, size=size_of(size), seed=seed, workers=workers
    )
    out.print(f"{summary}", highlight=False, soft_wrap=True)


@app.command()
def drive(
    output: Annotated[
        Path, typer.Argument(help="A film (.mp4, .webp or .gif), or a new folder for the frames.")
    ],
    frames: Annotated[int, typer.Option(help="How many; 10 are a second, 640 a round.")] = 200,
    size: Annotated[str, typer.Option(help="Width x height, 64x32 to 2048x1024.")] = "512x256",
    seed: Annotated[int, typer.Option(help="Of street, weather and traffic.")] = 0,
) -> None:
    """Drive through a generated street: a film, or frames with their labels.

    A folder becomes a data set in the Cityscapes layout, with the drive as its validation split.
    """
    from bisenet_lib.data.minicity import film, size_of

    summary = film(output, frames=frames, size=size_of(size), seed=seed)
    out.print(f"{summary}", highlight=False, soft_wrap=True)


@app.command()
def inspect(root: Root, workers: Workers = 1, json_file: Json = None) -> None:
    """Decode every file of a data set: what is there, class shares, and what is wrong.

    Exits with 1 if anything is.
    """
    from bisenet_lib.data import inspection

    report = inspection.inspect(root, workers=workers)
    write_json(json_file, report.as_dict())
    out.print(Markdown(report.markdown()))
    end_with_problems(report.problems, "nothing was changed")
    out.print("[green]No problem found.[/green]")


@app.command()
def convert(
    root: Root,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Write there, for a data set that is read-only: a folder of links to it, to be "
            "used in its place."
        ),
    ] = None,
    workers: Workers = 1,
    force: Annotated[
        bool, typer.Option("--force", help="Convert again what is converted already.")
    ] = False,
    json_file: Json = None,
) -> None:
    """Make *_labelTrainIds.png of every frame, and train.txt, val.txt, test.txt.

    It may be stopped at any time; the next run goes on. One bad file stops no other, but
    the command then exits with 1.
    """
    from bisenet_lib.data import conversion

    report = conversion.convert(root, output=output, workers=workers, force=force)
    write_json(json_file, report.as_dict())
    table = Table("labels from", "frames")
    for source, count in report.counts().items():
        table.add_row(_SOURCES.get(source, source), str(count))
    table.add_section()
    for split, count in report.lists.items():
        table.add_row(f"listed in {split}.txt", str(count))
    out.print(table)
    end_with_problems(report.problems, "the frames they belong to are in no list")


@app.command()
def doctor(
    cityscapes: Annotated[
        Path | None, typer.Option(help="The Cityscapes folder (or set CITYSCAPES_DATASET).")
    ] = None,
) -> None:
    """Look at this machine: each line says OK, or gives the command that fixes the fault."""
    from bisenet_lib.course.doctor import checks, report

    results = checks(cityscapes)
    out.print(report(results), markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(any(check.ok is False for check in results))


@app.command()
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
    if here().first:
        out.print(settings_line(select(device), here().size), highlight=False, soft_wrap=True)
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


app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    launch.launch
)


evaluation.add_to(app)
deployment.add_to(app)
importing.add_to(app)
demo.add_to(app)


def _unprintable(error: UnicodeError) -> tuple[str | bytes, int]:
    """What is printed for a letter the terminal lacks: its number, or the byte of a file's name."""
    assert isinstance(error, UnicodeEncodeError), "the streams are only written to"
    letter = error.object[error.start]
    if "\udc80" <= letter <= "\udcff":  # a byte, as os.fsdecode gives it
        return bytes([ord(letter) - 0xDC00]), error.start + 1
    return letter.encode("ascii", "backslashreplace").decode(), error.start + 1


def main() -> None:
    """Run the command line; a user's mistake ends in one message and exit code 1."""
    codecs.register_error("bisenet", _unprintable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="bisenet")
    interrupt_once()
    outlive_readers()
    try:
        for before, argument in itertools.pairwise(sys.argv):
            refuse_address(argument, f"{before} " if before.startswith("-") else "")
        app()
    except InputError as error:
        err.print(f"error: {error}")
        sys.exit(1)
    except Stopped as stopped:
        err.print(str(stopped))
        # A rank ends without failing: its launcher would end the others, saved or not.
        sys.exit(0 if LAUNCHER in os.environ else 128 + stopped.number)


if __name__ == "__main__":
    main()
