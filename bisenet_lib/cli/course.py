"""``bisenet course``: the notebooks from the command line.

Imports of a sub-command stand inside it, as in :mod:`bisenet_lib.cli.main`.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperCommand

from bisenet_lib.cli.options import Device
from bisenet_lib.common.signals import cleaned_up_at_sigterm
from bisenet_lib.errors import InputError

app = typer.Typer(
    help="Run the notebooks, compare runs, hand out and grade, list parameters.",
    no_args_is_help=True,
)
challenge = typer.Typer(
    help="The highest MiniCity mIoU for 800 image passes of 256x128 (or as many pixels), by "
    "configuration alone: begin with `bisenet train --config laptop --do-eval`.",
    no_args_is_help=True,
)
app.add_typer(challenge, name="challenge")
out = Console()

Names = Annotated[
    list[str] | None, typer.Argument(help="Notebooks, or the start of their names (03). All.")
]
Folder = Annotated[
    Path | None, typer.Option("--notebooks", help="Where the notebooks are. The course's own.")
]
Metric = Annotated[
    str, typer.Option(help="The reported number to compare. mIoU, or the first there is.")
]
Profile = Annotated[str, typer.Option(help="smoke, laptop or cityscapes.")]
MiniCity = Annotated[
    Path | None, typer.Option("--dataset", help="MiniCity. Default: the course's, data/minicity.")
]
Cityscapes = Annotated[Path | None, typer.Option(help="Use this data set in place of MiniCity.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter", "-p", help="NAME=VALUE or NAME VALUE: see `bisenet course params`."
    ),
]
RunsDir = Annotated[Path | None, typer.Option(help="Where results go. Default runs/.")]


class _AsPapermill(TyperCommand):
    """Reads ``-p NAME VALUE``, as papermill spells it, like ``-p NAME=VALUE``."""

    # Typer's own annotation names the private class that typer.Context is made of.
    def parse_args(  # type: ignore[override]
        self, ctx: typer.Context, args: list[str]
    ) -> list[str]:
        words, joined = list(reversed(args)), []
        while words:
            joined.append(words.pop())
            if joined[-1] in ("-p", "--parameter", "--grid") and words:
                joined.append(words.pop())
                if "=" not in joined[-1] and words and not words[-1].startswith("--"):
                    joined[-1] += f"={words.pop()}"
        return super().parse_args(ctx, joined)


@app.command("run", cls=_AsPapermill)
def course_run(
    names: Names = None,
    profile: Profile = "laptop",
    cityscapes: Cityscapes = None,
    parameter: Parameters = None,
    runs_dir: RunsDir = None,
    folder: Folder = None,
) -> None:
    """Run the notebooks in order, and make a page of their results, figures, time and memory.

    The address of the page is printed last. A run on other data or with parameters has a folder
    of its own, named after them.
    """
    from bisenet_lib.course.parameters import parse_parameters
    from bisenet_lib.course.runner import notebooks, run

    paths = notebooks(folder, names or ())
    with cleaned_up_at_sigterm():
        outcomes = run(
            paths,
            profile=profile,
            cityscapes=cityscapes,
            runs_dir=runs_dir,
            parameters=parse_parameters(parameter or (), paths),
            console=out,
        )
    raise typer.Exit(any(outcome.error for outcome in outcomes))


@app.command("sweep", cls=_AsPapermill)
def course_sweep(
    name: Annotated[str, typer.Argument(help="The notebook, or the start of its name (03).")],
    grid: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE,VALUE: a parameter that varies.")
    ] = None,
    profile: Profile = "laptop",
    cityscapes: Cityscapes = None,
    parameter: Parameters = None,
    metric: Metric = "",
    runs_dir: RunsDir = None,
    sweep_dir: Annotated[
        Path | None,
        typer.Option(help="The sweep's own folder. Default: sweep_NAME beside the runs."),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(help="Runs at the same time, each with a share of the cores or one GPU."),
    ] = 1,
    print_commands: Annotated[
        bool,
        typer.Option(
            "--print",
            help="Run nothing: print a command for each run, for GNU parallel or a Slurm array.",
        ),
    ] = False,
    folder: Folder = None,
) -> None:
    """Run one notebook for every combination of a grid, and compare the runs.

    A run that fails stops no other. Given again, the command goes on with what is not finished.
    Several of these commands, on several hosts too, may share a --sweep-dir. Exit code 75: nothing
    failed, but others are still at work.
    """
    from bisenet_lib.course.parameters import parse_parameters
    from bisenet_lib.course.runner import notebooks
    from bisenet_lib.course.sweeps import BUSY, command_lines, parse_grid, plan_sweep, sweep

    paths = notebooks(folder, [name])
    if len(paths) > 1:
        names = ", ".join(path.stem for path in paths)
        raise InputError(f"notebook {name!r} fits several ({names}); a sweep runs one")
    plan = plan_sweep(
        paths[0],
        parse_grid(grid or (), paths[0]),
        profile=profile,
        cityscapes=cityscapes,
        runs_dir=runs_dir,
        sweep_dir=sweep_dir,
        parameters=parse_parameters(parameter or (), paths),
    )
    if print_commands:
        typer.echo("\n".join(command_lines(plan)))
        return
    with cleaned_up_at_sigterm():
        runs, at_work = sweep(plan, metric=metric, jobs=jobs, console=out)
    failed = any(run.outcome.error for run in runs)
    raise typer.Exit(1 if failed else BUSY if at_work else 0)


@app.command("compare")
def course_compare(
    sweep_dir: Annotated[Path, typer.Argument(help="The folder of a sweep.")],
    metric: Metric = "",
) -> None:
    """Compare the runs of a sweep that have ended, wherever they ran: table, chart and CSV."""
    from bisenet_lib.course.comparison import compare

    compare(sweep_dir, metric=metric, console=out)


@challenge.command("submit")
def challenge_submit(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    out_dir: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make.")],
    name: Annotated[str, typer.Option(help="On the leaderboard. Default: the folder's.")] = "",
    dataset: MiniCity = None,
    device: Device = "auto",
) -> None:
    """Check a run against the rules and the budget, score it, and make a folder to hand in."""
    from bisenet_lib.course.challenge import submit

    entry = submit(
        run,
        out_dir,
        name=name or out_dir.resolve().name,
        dataset=_minicity(dataset),
        device=device,
    )
    out.print(
        f"{entry.name}: mIoU {100 * entry.miou:.2f} %, {entry.image_passes} images of "
        f"{entry.size[0]}x{entry.size[1]}, {100 * entry.share:.0f} % of the budget: {out_dir}",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )


@challenge.command("leaderboard")
def challenge_leaderboard(
    submissions: Annotated[Path, typer.Argument(help="It has a folder for each submission.")],
    dataset: MiniCity = None,
    device: Device = "auto",
) -> None:
    """Check and score all submissions again, and write leaderboard.html beside them.

    The line to beat is the course's own, where its experiments were measured.
    """
    from bisenet_lib.course.challenge import PAGE, leaderboard, line_to_beat, placed
    from bisenet_lib.course.experiments import FILE
    from bisenet_lib.course.project import HOME

    line = line_to_beat(HOME / "notebooks" / FILE)
    entries = leaderboard(submissions, _minicity(dataset), line=line, device=device)
    for place, entry in placed(entries):
        told = f"{place} {entry.name}: mIoU {100 * entry.miou:.2f} %"
        out.print(told, soft_wrap=True, highlight=False, markup=False)
    page = (submissions / PAGE).resolve().as_uri()
    out.print(page, soft_wrap=True, highlight=False, markup=False)


def _minicity(dataset: Path | None) -> Path:
    """MiniCity: the folder that is given, or the course's own."""
    from bisenet_lib.course.project import notebooks_folder
    from bisenet_lib.course.runner import MINICITY

    return dataset or notebooks_folder().parent / MINICITY


@app.command("handout")
def course_handout(
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder, or a hand-out.")],
    names: Names = None,
    outputs: Annotated[
        list[str] | None,
        typer.Option(help="Keep the outputs of this notebook (03). Can be given several times."),
    ] = None,
    kernel: Annotated[
        str, typer.Option(help="The kernel they open with, by its name on a JupyterHub.")
    ] = "",
    folder: Folder = None,
) -> None:
    """Write the notebooks for a class: without solutions and outputs.

    Beside them go their pictures, the glossary and the trained network, so that they run there,
    with the library of this Python.
    """
    from bisenet_lib.course.handout import write_handout
    from bisenet_lib.course.runner import notebooks

    kept = notebooks(folder, outputs) if outputs else []
    write_handout(target, notebooks(folder, names or ()), outputs=kept, kernel=kernel)
    out.print(f"{target}: written", soft_wrap=True, highlight=False, markup=False)


@app.command("grade")
def course_grade(
    handed_in: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="A sub-folder for each student, or notebooks with the students' names.",
        ),
    ],
    seconds: Annotated[int, typer.Option(help="Time for each exercise.")] = 10,
    memory: Annotated[int, typer.Option(help="Megabytes for each exercise.")] = 1024,
    jobs: Annotated[int | None, typer.Option(help="At once. The cores.")] = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="Where the table goes. Default: FOLDER.")
    ] = None,
    folder: Folder = None,
) -> None:
    """Check every exercise of the notebooks that a class has handed in.

    Each runs in a limited process of its own, and is judged outside of it. Writes grades.csv and
    grades.html.
    """
    from bisenet_lib.common.processes import cores
    from bisenet_lib.course.grading.grading import grade
    from bisenet_lib.course.grading.judge import Limits
    from bisenet_lib.course.runner import notebooks

    limits = Limits(seconds, memory)
    jobs = cores() if jobs is None else jobs
    grade(handed_in, notebooks(folder), limits=limits, jobs=jobs, console=out, target=target)


@app.command("times")
def course_times(runs_dir: RunsDir = None, folder: Folder = None) -> None:
    """Keep the time and memory of the last runs, for the headers of the notebooks.

    Writes times.json beside the notebooks; a test compares the headers with it.
    """
    from bisenet_lib.course.runner import TIMES, keep_times, notebooks

    paths = notebooks(folder)
    target = paths[0].with_name(TIMES)
    keep_times(paths, target, runs_dir)
    out.print(f"{target}: written", soft_wrap=True, highlight=False)


@app.command("params")
def course_params(names: Names = None, folder: Folder = None) -> None:
    """List the parameters of the notebooks, read from the notebooks themselves."""
    from bisenet_lib.course.parameters import parameters_of
    from bisenet_lib.course.runner import notebooks

    table = Table("notebook", "parameter", "type", "default", "what it is")
    for path in notebooks(folder, names or ()):
        for name, parameter in parameters_of(path).items():
            kind = parameter["inferred_type_name"]
            table.add_row(path.stem, name, kind, parameter["default"], parameter["help"])
        table.add_section()
    out.print(table)
