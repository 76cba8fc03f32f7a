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

from bisenet_lib import __version__
from bisenet_lib.cli import course, data, demo, deployment, evaluation, training
from bisenet_lib.cli.options import (
    err,
    out,
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


for group in (data, training, evaluation, deployment, demo):
    group.add_to(app)


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
