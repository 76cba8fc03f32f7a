"""``bisenet course``: the notebooks from the command line.

Imports of a sub-command stand inside it, as in :mod:`bisenet_lib.cli`.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(help="Run the notebooks, and list their parameters.", no_args_is_help=True)
out = Console()

Names = Annotated[
    list[str] | None, typer.Argument(help="Notebooks, or the start of their names (03). All.")
]
Folder = Annotated[
    Path | None, typer.Option("--notebooks", help="Where the notebooks are. The course's own.")
]


@app.command("run")
def course_run(
    names: Names = None,
    profile: Annotated[str, typer.Option(help="smoke, laptop or cityscapes.")] = "laptop",
    cityscapes: Annotated[
        Path | None, typer.Option(help="Use this data set in place of MiniCity.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="NAME=VALUE: see `bisenet course params`."),
    ] = None,
    runs_dir: Annotated[Path | None, typer.Option(help="Where results go. Default runs/.")] = None,
    folder: Folder = None,
) -> None:
    """Run the notebooks in order and tabulate their time, memory and results."""
    from bisenet_lib.course import NOTEBOOKS, RUNS, notebooks, parse_parameters, run

    paths = notebooks(folder or NOTEBOOKS, names or ())
    outcomes = run(
        paths,
        profile=profile,
        cityscapes=cityscapes,
        runs_dir=runs_dir or RUNS,
        parameters=parse_parameters(parameter or (), paths),
        console=out,
    )
    raise typer.Exit(any(one.error for one in outcomes))


@app.command("params")
def course_params(names: Names = None, folder: Folder = None) -> None:
    """List the parameters of the notebooks, read from the notebooks themselves."""
    from bisenet_lib.course import NOTEBOOKS, notebooks, parameters_of

    table = Table("notebook", "parameter", "type", "default", "what it is")
    for path in notebooks(folder or NOTEBOOKS, names or ()):
        for name, one in parameters_of(path).items():
            kind = one["inferred_type_name"]
            table.add_row(path.stem, name, kind, one["default"], one["help"])
        table.add_section()
    out.print(table)
