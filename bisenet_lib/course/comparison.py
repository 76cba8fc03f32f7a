"""The runs of a sweep side by side: table, chart, CSV. They are read from the sweep's folder.

The folder holds ``sweep.json``, which says what varies, and a run folder for each combination of
the values. The result of a run is written last, as ``outcome.json`` in its folder.
"""

import csv
import io
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bisenet_lib.common.atomic_files import clear_leftovers, write_text, written_whole
from bisenet_lib.common.claims import one_at_a_time, owner_of
from bisenet_lib.course.parameters import name_of
from bisenet_lib.course.run_page import Outcome
from bisenet_lib.errors import InputError

METRIC = "miou"
"""What is compared where the notebook reports it; elsewhere the first number it reports."""
SEED = "seed"
"""The parameter whose values are repetitions: the chart draws the mean over them."""
PLAN, OUTCOME = "sweep.json", "outcome.json"


@dataclass(frozen=True)
class SweepRun:
    """One combination of a sweep's parameters, and its result."""

    parameters: Mapping[str, Any]
    folder: Path
    outcome: Outcome
    results: Mapping[str, float]
    """The numbers its notebook reported; none when it failed."""
    code: str = ""
    """A checksum of the notebook's code."""

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


def compare(folder: Path, *, metric: str = "", console: Console | None = None) -> list[SweepRun]:
    """Compare the runs of a sweep that have ended, whichever processes and hosts ran them.

    Writes ``sweep.json``, ``sweep.csv`` and ``sweep.png`` in the folder, and shows the table.

    Args:
        folder: of a sweep, also one that others are at work in.
        metric: the reported number that is compared; "" takes mIoU where there is one.
        console: where the table is shown; None shows nothing.

    Returns:
        The runs, in the order of the grid.

    Raises:
        InputError: no sweep is there, its runs are of different versions of the notebook, no run
            reported the metric, or the folder cannot be written to.
    """
    plan = read_plan(folder)
    if plan is None:
        raise InputError(
            f"{folder}: no sweep there (no {PLAN}). Give the folder of one: the last line of "
            "`bisenet course sweep` names it."
        )
    with one_at_a_time(folder):
        clear_leftovers(folder)
        plan = read_plan(folder) or plan
        runs = _ended(folder, plan)
        record = {**plan, "runs": [run.as_dict() for run in runs]}
        write_text(folder / PLAN, json.dumps(record, indent=2) + "\n")
        write_text(folder / "sweep.csv", as_csv(runs))
        if compared := metric_of(runs, metric):
            with written_whole(folder / "sweep.png") as part:
                chart(runs, compared).savefig(part, dpi=120)
    if console is not None:
        console.print(comparison_table(runs, compared))
        console.print(state_of(folder, plan, runs), soft_wrap=True, highlight=False, markup=False)
    reported = sorted({name for run in runs for name in run.results})
    if metric and reported and metric not in reported:
        raise InputError(
            f"no run reported a number {metric!r}; choose one of: {', '.join(reported)}"
        )
    return runs


def state_of(folder: Path, plan: Mapping[str, Any], runs: Sequence[SweepRun]) -> str:
    """How far a sweep is, in one line, with the processes that are at work in it."""
    names = [name_of(combination) for combination in combinations(plan["grid"])]
    owners = {name: owner for name in names if (owner := owner_of(folder / name))}
    ended = [run for run in runs if run.folder.name not in owners]
    failed = sum(bool(run.outcome.error) for run in ended)
    counts = {"finished": len(ended) - failed, "failed": failed, "running": len(owners)}
    counts["not begun"] = len(names) - len(ended) - len(owners)
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    workers = ", ".join(map(str, owners.values()))
    return f"{len(names)} runs: {told}" + (f" ({workers})" if workers else "")


def read_plan(folder: Path) -> dict[str, Any] | None:
    """What the sweep in a folder is: ``notebook``, ``parameters`` and ``grid``.

    Returns:
        None where there is none.

    Raises:
        InputError: the file is damaged.
    """
    path = folder / PLAN
    plan = _read(path)
    if plan is None:
        return None
    parts = ("notebook", "parameters", "grid")
    if not all(key in plan for key in parts) or not isinstance(plan["grid"], dict):
        raise InputError(f"{path}: not the plan of a sweep; delete it or repair it")
    return {key: plan[key] for key in parts}


def combinations(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of a grid's values, the last parameter varying fastest."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def read_run(run_dir: Path, varied: Mapping[str, Any]) -> SweepRun | None:
    """The run in a folder, if it came to an end, a failure among them.

    Args:
        run_dir: of one combination.
        varied: its parameters.

    Raises:
        InputError: its record is damaged.
    """
    path = run_dir / OUTCOME
    record = _read(path)
    if record is None:
        return None
    known = Outcome.__dataclass_fields__
    try:
        outcome = Outcome(**{name: record[name] for name in known if name in record})
        results = {} if outcome.error else _result_numbers(run_dir)
        return SweepRun(varied, run_dir, outcome, results, record["code"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: not the result of a run; delete it to run it again") from error


def _result_numbers(run_dir: Path) -> dict[str, float]:
    """The single numbers in a run's ``results.json``; none where there is no such file."""
    reported = _read(run_dir / "results.json") or {}
    return {name: value for name, value in reported.items() if type(value) in (int, float)}


def _ended(folder: Path, plan: Mapping[str, Any]) -> list[SweepRun]:
    """The runs of a sweep that have come to an end; refused if their notebooks differ."""
    found = [
        read_run(folder / name_of(combination), combination)
        for combination in combinations(plan["grid"])
    ]
    runs = [run for run in found if run]
    finished = [run for run in runs if not run.outcome.error]
    other = next((run for run in finished if run.code != finished[0].code), None)
    if other is not None:
        raise InputError(
            f"{other.folder} and {finished[0].folder.name}: runs of two versions of the notebook. "
            "Delete the older of them, and give the sweep's command again."
        )
    return runs


def _read(path: Path) -> dict[str, Any] | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); delete it or repair it") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: holds {values!r:.40}, not a JSON object; delete or repair it")
    return values


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
    figure, axis = plt.subplots(figsize=(8.4, 3.8))
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
