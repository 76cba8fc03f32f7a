"""The ``bisenet`` command: thin, each sub-command calls one public function.

Imports of a sub-command stand inside it, so that ``bisenet --help`` answers at once.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from bisenet_lib import __version__
from bisenet_lib.errors import InputError
from bisenet_lib.files import write_text

app = typer.Typer(
    help="Real-time semantic segmentation with BiSeNet V2: the course's command line.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
out = Console()
err = Console(stderr=True, style="red", soft_wrap=True, markup=False, highlight=False)

Root = Annotated[
    Path, typer.Argument(help="Data set in the Cityscapes layout (leftImg8bit/, gtFine/).")
]
Workers = Annotated[int, typer.Option("--workers", "-j", help="Processes to use.", min=1)]
Json = Annotated[
    Path | None, typer.Option("--json", help="Write the whole report to this file as well.")
]

_SHOWN = 20
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


def _write_json(path: Path | None, report: dict[str, Any]) -> None:
    if path:
        write_text(path, json.dumps(report, indent=2) + "\n")


def _end_with_problems(problems: Sequence[str], done: str) -> None:
    for problem in problems[:_SHOWN]:
        err.print(problem)
    if len(problems) > _SHOWN:
        err.print(f"... and {len(problems) - _SHOWN} more; --json FILE writes all of them")
    if problems:
        raise InputError(f"{len(problems)} problem(s); {done}")


@app.command()
def inspect(root: Root, workers: Workers = 1, json_file: Json = None) -> None:
    """Decode every file of a data set: what is there, class shares, and what is wrong.

    Exits with 1 if anything is.
    """
    from bisenet_lib import cityscapes

    report = cityscapes.inspect(root, workers=workers)
    _write_json(json_file, report.as_dict())
    out.print(Markdown(report.markdown()))
    _end_with_problems(report.problems, "nothing was changed")
    out.print("[green]No problem found.[/green]")


@app.command()
def convert(
    root: Root,
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
    from bisenet_lib import convert as conversion

    done = conversion.convert(root, workers=workers, force=force)
    _write_json(json_file, done.as_dict())
    table = Table("labels from", "frames")
    for source, count in done.counts().items():
        table.add_row(_SOURCES.get(source, source), str(count))
    table.add_section()
    for split, count in done.lists.items():
        table.add_row(f"listed in {split}.txt", str(count))
    out.print(table)
    _end_with_problems(done.problems, "the frames they belong to are in no list")


def main() -> None:
    """Run the command line; a user's mistake ends in one message and exit code 1."""
    try:
        app()
    except InputError as error:
        err.print(f"error: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
