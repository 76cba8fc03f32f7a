"""The ``bisenet`` command: thin, each sub-command calls one public function.

Imports of a sub-command stand inside it, so that ``bisenet --help`` answers at once.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bisenet_lib import __version__
from bisenet_lib.errors import InputError

app = typer.Typer(
    help="Real-time semantic segmentation with BiSeNet V2: the course's command line.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
out = Console()

Root = Annotated[
    Path, typer.Argument(help="Data set in the Cityscapes layout (leftImg8bit/, gtFine/).")
]
Workers = Annotated[int, typer.Option("--workers", "-j", help="Processes to use.", min=1)]


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


def main() -> None:
    """Run the command line; a user's mistake ends in one message and exit code 1."""
    try:
        app()
    except InputError as error:
        Console(stderr=True, style="red").print(f"error: {error}", markup=False, highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
