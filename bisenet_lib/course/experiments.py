"""The results of experiments with several seeds: means, spreads, paired differences.

`make experiments` measures what is read here, and ends with this table and chart.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from bisenet_lib.common.markdown import markdown_table
from bisenet_lib.course.plots import WIDTH, finished
from bisenet_lib.errors import InputError

FILE = "experiments.json"
"""Beside the notebooks: the results that come with the course."""
CONFIDENCE = 0.95
"""Of the interval of a difference: it is called significant when 0 is outside."""


@dataclass(frozen=True)
class Comparison:
    """A row of the table; all scores are fractions of mIoU.

    Args:
        group: what the row belongs to.
        name: of the row.
        seeds: how many runs there are.
        mean: over the seeds.
        spread: their standard deviation (n - 1); nan with one seed.
        against: the row it differs from by one thing; "" for the base.
        difference: the mean over the seeds that both rows have of the difference with the same
            seed; nan without such seeds.
        interval: of the difference, see :func:`paired`.
        paper: the paper's own difference on Cityscapes, and where it stands, if it has one.
    """

    group: str
    name: str
    seeds: int
    mean: float
    spread: float
    against: str
    difference: float
    interval: tuple[float, float]
    paper: tuple[float, str] | None

    @property
    def significant(self) -> bool:
        """Whether 0 is outside the interval; never without an interval."""
        return self.interval[0] > 0 or self.interval[1] < 0


def paired(scores: Sequence[float], base: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """The mean of paired differences, and the interval it lies in with 95 % confidence.

    Student's t for n - 1 degrees of freedom: with three pairs, 2.48 standard deviations of the
    differences to each side.

    Args:
        scores: of one row, a value a seed.
        base: of the other, with the same seeds in the same order.

    Returns:
        The mean and the interval; nan where there are too few pairs.
    """
    differences = np.asarray(scores, float) - np.asarray(base, float)
    if len(differences) < 2:
        mean = float(differences[0]) if len(differences) else float("nan")
        return mean, (float("nan"), float("nan"))
    mean, deviation = float(differences.mean()), float(differences.std(ddof=1))
    quantile = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(differences) - 1))
    half = quantile * deviation / len(differences) ** 0.5
    return mean, (mean - half, mean + half)


def read_results(path: Path) -> dict[str, Any]:
    """What `make experiments` wrote.

    Raises:
        InputError: no such file, or another kind of file.
    """
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        names = {row["name"] for row in results["rows"]}
        unknown = [row["against"] for row in results["rows"] if row["against"] not in names]
        whole = not unknown and all(
            isinstance(run["seed"], int)
            and all(isinstance(run[key], float) for key in ("miou", "pixel_accuracy"))
            for row in results["rows"]
            for run in row["runs"]
        )
    except FileNotFoundError as error:
        raise InputError(f"{path}: not there; `make experiments` measures it in hours") from error
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise InputError(f"{path}: not what `make experiments` writes; run it again")
    return results


def compare_rows(results: Mapping[str, Any]) -> list[Comparison]:
    """Compare every row that has runs with the one it differs from by one thing.

    Args:
        results: from :func:`read_results`.
    """
    runs = {row["name"]: {run["seed"]: run for run in row["runs"]} for row in results["rows"]}
    return [_compared(row, runs) for row in results["rows"] if row["runs"]]


def _compared(row: Mapping[str, Any], runs: Mapping[str, Mapping[int, Any]]) -> Comparison:
    mine, others = runs[row["name"]], runs[row["against"]]
    scores = np.array([run["miou"] for run in mine.values()])
    both = [seed for seed in mine if seed in others and row["against"] != row["name"]]
    difference, interval = paired(
        [mine[seed]["miou"] for seed in both], [others[seed]["miou"] for seed in both]
    )
    paper = None
    if row["paper"] and row["paper_against"]:
        paper = ((row["paper"][0] - row["paper_against"]) / 100, row["paper"][1])
    return Comparison(
        row["group"],
        row["name"],
        len(scores),
        float(scores.mean()),
        float(scores.std(ddof=1)) if len(scores) > 1 else float("nan"),
        row["against"] if row["against"] != row["name"] else "",
        difference,
        interval,
        paper,
    )


def table(comparisons: Sequence[Comparison]) -> str:
    """The comparisons as Markdown; scores in percent, differences in points."""
    head = ["row", "seeds", "mIoU", "against", "difference", "95 % interval", "verdict", "paper"]
    lines = []
    for one in comparisons:
        spread = "" if np.isnan(one.spread) else f" ± {100 * one.spread:.2f}"
        cells: list[object] = [one.name, one.seeds, f"{100 * one.mean:.2f}{spread}", one.against]
        cells += _difference_cells(one)
        told = f"{100 * one.paper[0]:+.2f} ({one.paper[1]})" if one.paper else ""
        lines.append([*cells, told])
    return markdown_table(head, lines, "lrrlrrlr")


def _difference_cells(one: Comparison) -> list[object]:
    if np.isnan(one.difference):
        return ["", "", ""]
    if np.isnan(one.interval[0]):
        return [f"{100 * one.difference:+.2f}", "", "one seed says nothing"]
    low, high = (100 * end for end in one.interval)
    verdict = "better" if one.difference > 0 else "worse"
    verdict = verdict if one.significant else "not significant"
    return [f"{100 * one.difference:+.2f}", f"{low:+.2f} to {high:+.2f}", verdict]


@dataclass(frozen=True)
class TwoWorlds:
    """How well a row does on its own data set and on photographs; all in percent mIoU.

    Args:
        name: of the row.
        own: of each seed, on the data set that it was trained for.
        photographs: of the same seeds.
    """

    name: str
    own: np.ndarray
    photographs: np.ndarray


def on_photographs(results: Mapping[str, Any]) -> list[TwoWorlds]:
    """The rows whose runs were scored on photographs as well.

    Args:
        results: from :func:`read_results`.
    """
    scored = {
        row["name"]: [run for run in row["runs"] if "photographs" in run] for row in results["rows"]
    }
    return [
        TwoWorlds(
            name,
            np.array([100 * run["miou"] for run in runs]),
            np.array([100 * run["photographs"]["miou"] for run in runs]),
        )
        for name, runs in scored.items()
        if runs
    ]


def worlds_table(rows: Sequence[TwoWorlds]) -> str:
    """The rows as Markdown."""
    lines = [
        [
            row.name,
            f"{row.own.mean():.1f}",
            ", ".join(f"{score:.1f}" for score in row.photographs),
            f"{row.photographs.mean():.1f}",
        ]
        for row in rows
    ]
    head = ["row", "MiniCity, mIoU %", "photographs, each seed", "photographs, mean"]
    return markdown_table(head, lines, "lrrr")


def worlds_figure(rows: Sequence[TwoWorlds], named: Sequence[str]) -> Figure:
    """Draw a point per row, with the standard deviation over its seeds; some have their name."""
    figure, axis = plt.subplots(figsize=(WIDTH * 0.7, 4.2))
    for row in rows:
        colour = "tab:blue" if row.name in named else "tab:gray"
        place = row.own.mean(), row.photographs.mean()
        spread = [
            scores.std(ddof=1) if len(scores) > 1 else 0 for scores in (row.own, row.photographs)
        ]
        axis.errorbar(*place, xerr=spread[0], yerr=spread[1], fmt="o", color=colour, alpha=0.8)
        if row.name in named:
            axis.annotate(
                row.name, place, (-6, 6), textcoords="offset points", ha="right", color=colour
            )
    axis.margins(x=0.2)  # for the names
    axis.set_xlabel("mIoU on MiniCity, %")
    axis.set_ylabel("mIoU on photographs, %")
    axis.grid(alpha=0.3)
    return finished(figure)


def differences_figure(comparisons: Sequence[Comparison]) -> Figure:
    """Draw each row's difference with its interval, and the paper's own beside it."""
    shown = [one for one in comparisons if not np.isnan(one.interval[0])][::-1]
    figure, axis = plt.subplots(figsize=(WIDTH * 0.8, 1.2 + 0.3 * len(shown)))
    for place, one in enumerate(shown):
        colour = "tab:blue" if one.significant else "tab:gray"
        ends = [100 * end for end in one.interval]
        axis.plot(ends, [place, place], color=colour, linewidth=2)
        axis.plot(100 * one.difference, place, "o", color=colour)
        if one.paper:
            axis.plot(100 * one.paper[0], place, "x", color="tab:red")
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_yticks(range(len(shown)), [one.name for one in shown])
    axis.set_xlabel(
        "points of mIoU against the row it differs from (blue: significant, x: the paper)"
    )
    axis.grid(axis="x", alpha=0.3)
    return finished(figure)
