"""A notebook run once for every combination of some parameters, and the runs compared.

A sweep is a folder: in it a run folder for each combination, ``sweep.json``, ``sweep.csv`` and
``sweep.png``. The result of a run is written last, as ``outcome.json`` in its folder; so a sweep
that was killed goes on with the runs that have no such file.
"""

import csv
import fcntl
import hashlib
import io
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bisenet_lib.common.atomic_files import clear_leftovers, write_text, written_whole
from bisenet_lib.course.display import Display, display
from bisenet_lib.course.parameters import check_parameters, name_of, parse_parameters
from bisenet_lib.course.plots import WIDTH
from bisenet_lib.course.runner import Outcome, data_and_folder, execute, kept_seconds
from bisenet_lib.errors import InputError

METRIC = "miou"
"""What is compared where the notebook reports it; elsewhere the first number it reports."""
SEED = "seed"
"""The parameter whose values are repetitions: the chart draws the mean over them."""
OUTCOME = "outcome.json"


@dataclass(frozen=True)
class SweepRun:
    """One combination of a sweep's parameters, and its result."""

    parameters: Mapping[str, Any]
    folder: Path
    outcome: Outcome
    results: Mapping[str, float]
    """The numbers its notebook reported; none when it failed."""

    def as_dict(self) -> dict[str, Any]:
        """For ``sweep.json``."""
        return {
            "parameters": dict(self.parameters),
            "folder": self.folder.name,
            "seconds": self.outcome.seconds,
            "peak_mb": self.outcome.peak_mb,
            "headline": self.outcome.headline,
            "error": self.outcome.error,
            "results": dict(self.results),
        }


def result_numbers(run_dir: Path) -> dict[str, float]:
    """The single numbers in a run's ``results.json``; none where there is no such file."""
    path = run_dir / "results.json"
    if not path.exists():
        return {}
    reported = json.loads(path.read_text(encoding="utf-8"))
    return {name: value for name, value in reported.items() if type(value) in (int, float)}


def metric_of(runs: Sequence[SweepRun], wanted: str = "") -> str:
    """The number by which runs are compared.

    Args:
        runs: of a sweep.
        wanted: its name, as the notebook reports it; "" takes mIoU where there is one.

    Returns:
        The name; "" when no run reported it.
    """
    reported = list(dict.fromkeys(name for run in runs for name in run.results))
    if wanted or METRIC in reported:
        return (wanted or METRIC) if (wanted or METRIC) in reported else ""
    return reported[0] if reported else ""


def comparison_table(runs: Sequence[SweepRun], metric: str) -> Table:
    """A line a run: its parameters, seconds, metric, and its headline or its error."""
    names = list(runs[0].parameters) if runs else []
    shown = Table(*names, "seconds", *([metric] if metric else []), "headline result")
    for column in shown.columns[len(names) : -1]:
        column.justify = "right"
    for run in runs:
        error = run.outcome.error
        value = f"{run.results[metric]:.4g}" if metric in run.results else ""
        shown.add_row(
            *(escape(str(parameter)) for parameter in run.parameters.values()),
            f"{run.outcome.seconds:.0f}",
            *([value] if metric else []),
            escape(f"failed: {error.splitlines()[0]}" if error else run.outcome.headline),
            style="red" if error else "",
        )
    return shown


def as_csv(runs: Sequence[SweepRun]) -> str:
    """The same with all reported numbers, one line a run."""
    reported = list(dict.fromkeys(name for run in runs for name in run.results))
    names = list(runs[0].parameters) if runs else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, *reported, "notebook_seconds", "peak_mb", "failed", "folder"])
    for run in runs:
        outcome = run.outcome
        failed = outcome.error.splitlines()[0] if outcome.error else ""
        values = (run.results.get(name, "") for name in reported)
        columns = (outcome.seconds, outcome.peak_mb, failed, run.folder.name)
        writer.writerow([*run.parameters.values(), *values, *columns])
    return text.getvalue()


def chart(runs: Sequence[SweepRun], metric: str) -> Figure:
    """Draw a metric over the first parameter; every other combination is a line of its own.

    A point is a run. Where several runs differ in their seed alone, the line is their mean.

    Args:
        runs: of one sweep; those without the metric are left out.
        metric: the name of a reported number.
    """
    names = list(runs[0].parameters)
    across = next((name for name in names if name != SEED), SEED)
    others = [name for name in names if name not in (across, SEED)]
    lines: dict[str, dict[Any, list[float]]] = {}
    for run in (run for run in runs if metric in run.results):
        title = ", ".join(f"{name}={run.parameters[name]}" for name in others)
        points = lines.setdefault(title, {})
        points.setdefault(run.parameters[across], []).append(run.results[metric])
    figure, axis = plt.subplots(figsize=(WIDTH * 0.7, 3.8))
    places = _places(axis, [run.parameters[across] for run in runs])
    for title, points in lines.items():
        values = sorted(points, key=places.__getitem__)
        means = [float(np.mean(points[value])) for value in values]
        (line,) = axis.plot([places[value] for value in values], means, "-", label=title or None)
        for value in values:
            positions = [places[value]] * len(points[value])
            axis.plot(positions, points[value], "o", color=line.get_color(), alpha=0.8)
    axis.set_xlabel(across)
    axis.set_ylabel(
        metric + (" (line: mean over seeds)" if SEED in names and across != SEED else "")
    )
    axis.grid(alpha=0.3)
    if others:
        axis.legend()
    figure.set_facecolor("white")
    figure.tight_layout()
    plt.close(figure)
    return figure


def _places(axis: Axes, values: Sequence[Any]) -> dict[Any, float]:
    """Where each value stands on the horizontal axis; words stand side by side."""
    distinct = list(dict.fromkeys(values))
    if any(type(value) not in (int, float) for value in distinct):
        axis.set_xticks(range(len(distinct)), map(str, distinct))
        axis.set_xlim(-0.5, len(distinct) - 0.5)
        return {value: float(number) for number, value in enumerate(distinct)}
    if min(distinct) > 0 and max(distinct) >= 10 * min(distinct):
        axis.set_xscale("log")
    axis.set_xticks(distinct, [f"{value:g}" for value in distinct], minor=False)
    axis.minorticks_off()
    return {value: float(value) for value in distinct}


def parse_grid(texts: Sequence[str], notebook: Path) -> dict[str, list[Any]]:
    """Read ``name=value,value`` texts as what the notebook declares.

    Args:
        texts: such as ``learning_rate=0.01,0.05`` and ``seed=0,1``.
        notebook: whose parameters they are.

    Returns:
        The values of each name, in the order given.

    Raises:
        InputError: no text, a name or a value given twice, a name the notebook does not have,
            or a value that is not of the declared type.
    """
    if not texts:
        raise InputError("a sweep needs a grid, such as --grid learning_rate=0.01,0.05")
    grid: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals:
            raise InputError(f"grid {text!r}: write it as name=value,value")
        if name in grid:
            raise InputError(f"grid {name!r} is given twice; give all its values in one")
        read = [
            parse_parameters([f"{name}={value}"], [notebook])[name] for value in values.split(",")
        ]
        if len(set(map(str, read))) < len(read):
            raise InputError(f"grid {text!r} has a value twice; repetitions differ in their seed")
        grid[name] = read
    return grid


def sweep(
    notebook: Path,
    grid: Mapping[str, Sequence[Any]],
    *,
    profile: str = "laptop",
    cityscapes: Path | None = None,
    runs_dir: Path | None = None,
    sweep_dir: Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    metric: str = "",
    console: Console | None = None,
) -> list[SweepRun]:
    """Run a notebook for every combination of a grid; finished runs are not repeated.

    A run that fails does not stop the others. The files that compare the runs are written again
    after each of them.

    Args:
        notebook: the file.
        grid: the values of each parameter that varies; a sweep may be widened by more values.
        profile: ``smoke``, ``laptop`` or ``cityscapes``.
        cityscapes: a data set in the Cityscapes layout; None takes MiniCity.
        runs_dir: where the sweep's folder is made; None takes ``runs`` beside the notebook's
            folder.
        sweep_dir: the sweep's folder itself, in place of one in ``runs_dir``.
        parameters: further parameters, the same in all runs.
        metric: the reported number that is compared; "" takes mIoU where there is one.
        console: where progress and the closing table are shown.

    Returns:
        The runs, in the order of the grid.

    Raises:
        InputError: a parameter that is refused, a folder of another sweep or in use by one, a
            finished run of another version of the notebook, or a metric that no run reported.
    """
    console, fixed = console or Console(), dict(parameters or {})
    twice = sorted(fixed.keys() & grid.keys())
    if twice:
        raise InputError(f"parameter {twice[0]!r} is in the grid and given besides; give it once")
    check_parameters([notebook], fixed)
    for name, values in grid.items():
        for value in values:
            check_parameters([notebook], {name: value})
    dataset, run_folder = data_and_folder(notebook, profile, cityscapes, runs_dir, fixed)
    everywhere = {"profile": profile, "dataset": dataset, **fixed}
    folder = Path(sweep_dir).resolve() if sweep_dir else run_folder / f"sweep_{notebook.stem}"
    plan = {"notebook": notebook.stem, "parameters": everywhere}
    plan["grid"] = {name: list(values) for name, values in grid.items()}
    varied = [
        dict(zip(grid, combination, strict=True))
        for combination in itertools.product(*grid.values())
    ]
    code = _code(notebook)
    with _alone(folder):
        _agree(folder, plan)
        runs = {
            name_of(combination): _finished(folder / name_of(combination), combination, code)
            for combination in varied
        }
        _write(folder, plan, runs, metric)
        seconds = kept_seconds(notebook, profile).get(notebook.stem, 0.0)
        try:
            with display(console, [seconds] * len(varied)) as shown:
                for number, combination in enumerate(varied, 1):
                    name = name_of(combination)
                    before = ": finished before" if runs[name] else ""
                    console.print(f"run {number} of {len(varied)}, {name}{before}", soft_wrap=True)
                    if runs[name]:
                        shown.skip()
                        continue
                    runs[name] = _run(notebook, folder / name, combination, everywhere, code, shown)
                    _write(folder, plan, runs, metric)
        finally:
            done = [run for run in runs.values() if run]
            console.print(comparison_table(done, metric_of(done, metric)))
            if len(done) < len(varied):
                console.print("Not all runs are done: the same command goes on with the others.")
    console.print(f"{folder}: sweep.csv, sweep.json, sweep.png", soft_wrap=True, highlight=False)
    if metric and not metric_of(done, metric) and any(run.results for run in done):
        reported = ", ".join(sorted({name for run in done for name in run.results}))
        raise InputError(f"no run reported a number {metric!r}; choose one of: {reported}")
    return done


def _run(
    notebook: Path,
    run_dir: Path,
    varied: Mapping[str, Any],
    everywhere: Mapping[str, Any],
    code: str,
    shown: Display,
) -> SweepRun:
    outcome = execute(notebook, run_dir, {**everywhere, **varied}, shown)
    record = {"parameters": varied, "code": code, **asdict(outcome)}
    write_text(run_dir / OUTCOME, json.dumps(record, indent=2) + "\n")
    return SweepRun(varied, run_dir, outcome, {} if outcome.error else result_numbers(run_dir))


def _finished(run_dir: Path, varied: Mapping[str, Any], code: str) -> SweepRun | None:
    """The run in a folder, if it came to its end; one that failed is to be tried again."""
    record = _read(run_dir / OUTCOME)
    if record is None or record["error"]:
        return None
    if record["code"] != code:
        raise InputError(
            f"{run_dir}: a finished run of another version of the notebook. Delete the folder "
            "to run it again, or begin another sweep with --sweep-dir."
        )
    outcome = Outcome(
        **{name: record[name] for name in Outcome.__dataclass_fields__ if name in record}
    )
    return SweepRun(varied, run_dir, outcome, result_numbers(run_dir))


def _agree(folder: Path, plan: Mapping[str, Any]) -> None:
    """Refuse the folder of another sweep."""
    before = _read(folder / "sweep.json")
    if before is None:
        return
    old_grid, new_grid = before["grid"], plan["grid"]
    same = all(before[key] == plan[key] for key in ("notebook", "parameters"))
    lost = [
        value
        for name in old_grid
        for value in old_grid[name]
        if value not in new_grid.get(name, ())
    ]
    if not same or old_grid.keys() != new_grid.keys() or lost:
        grid = " ".join(f"--grid {name}={','.join(map(str, old_grid[name]))}" for name in old_grid)
        fixed = ", ".join(f"{name}={value}" for name, value in before["parameters"].items())
        raise InputError(
            f"{folder} holds another sweep: {before['notebook']} {grid}, with {fixed}. "
            "It can be widened by more values; for anything else choose another --sweep-dir."
        )


def _write(
    folder: Path, plan: Mapping[str, Any], runs: Mapping[str, SweepRun | None], metric: str
) -> None:
    done = [run for run in runs.values() if run]
    record = {**plan, "runs": [run.as_dict() for run in done]}
    write_text(folder / "sweep.json", json.dumps(record, indent=2) + "\n")
    write_text(folder / "sweep.csv", as_csv(done))
    if compared := metric_of(done, metric):
        with written_whole(folder / "sweep.png") as part:
            chart(done, compared).savefig(part, dpi=120)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lock a sweep's folder against a second sweep; a lock ends with its process."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror})") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{folder}: another sweep is at work in it") from error
        clear_leftovers(folder)
        yield


def _code(notebook: Path) -> str:
    """A checksum of a notebook's code; its prose and its outputs may change."""
    cells = nbformat.read(notebook, as_version=4).cells
    source = "\0".join(cell.source for cell in cells if cell.cell_type == "code")
    return hashlib.sha256(source.encode()).hexdigest()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); delete it or repair it") from error
