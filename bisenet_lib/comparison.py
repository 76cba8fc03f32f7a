"""The runs of a sweep side by side: a table, a chart and a file for a spreadsheet."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from rich.markup import escape
from rich.table import Table

from bisenet_lib.course import Outcome
from bisenet_lib.plots import WIDTH

__all__ = ["Run", "as_csv", "chart", "metric_of", "numbers", "table"]

METRIC = "miou"
"""What is compared where the notebook reports it; elsewhere the first number it reports."""
SEED = "seed"
"""The parameter whose values are repetitions: the chart draws the mean over them."""


@dataclass(frozen=True)
class Run:
    """One combination of a sweep's parameters, and what came of it."""

    parameters: Mapping[str, Any]
    folder: Path
    outcome: Outcome
    results: Mapping[str, float]
    """The numbers its notebook reported; none when it failed."""

    def as_dict(self) -> dict[str, Any]:
        """For ``sweep.json``."""
        told = {"seconds": self.outcome.seconds, "peak_mb": self.outcome.peak_mb}
        told |= {"headline": self.outcome.headline, "error": self.outcome.error}
        return {
            "parameters": dict(self.parameters),
            "folder": self.folder.name,
            **told,
            "results": dict(self.results),
        }


def numbers(run_dir: Path) -> dict[str, float]:
    """The single numbers in a run's ``results.json``; none where there is no such file."""
    path = run_dir / "results.json"
    if not path.exists():
        return {}
    reported = json.loads(path.read_text(encoding="utf-8"))
    return {name: value for name, value in reported.items() if type(value) in (int, float)}


def metric_of(runs: Sequence[Run], wanted: str = "") -> str:
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


def table(runs: Sequence[Run], metric: str) -> Table:
    """A line a run: its parameters, seconds, metric, and its headline or its error."""
    names = list(runs[0].parameters) if runs else []
    shown = Table(*names, "seconds", *([metric] if metric else []), "headline result")
    for column in shown.columns[len(names) : -1]:
        column.justify = "right"
    for run in runs:
        error = run.outcome.error
        value = f"{run.results[metric]:.4g}" if metric in run.results else ""
        shown.add_row(
            *(escape(str(one)) for one in run.parameters.values()),
            f"{run.outcome.seconds:.0f}",
            *([value] if metric else []),
            escape(f"failed: {error.splitlines()[0]}" if error else run.outcome.headline),
            style="red" if error else "",
        )
    return shown


def as_csv(runs: Sequence[Run]) -> str:
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
        told = (outcome.seconds, outcome.peak_mb, failed, run.folder.name)
        writer.writerow([*run.parameters.values(), *values, *told])
    return text.getvalue()


def chart(runs: Sequence[Run], metric: str) -> Figure:
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
        where = sorted(points, key=places.__getitem__)
        means = [float(np.mean(points[value])) for value in where]
        (line,) = axis.plot([places[value] for value in where], means, "-", label=title or None)
        for value in where:
            at = [places[value]] * len(points[value])
            axis.plot(at, points[value], "o", color=line.get_color(), alpha=0.8)
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


def _places(axis, values: Sequence[Any]) -> dict[Any, float]:
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
