"""``bisenet launch``: training as several processes.

Imports stand inside the function, as in :mod:`bisenet_lib.cli.main`.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from bisenet_lib.config.profiles import find_config
from bisenet_lib.errors import InputError

err = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)


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
        say=err.print,
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
