"""Pictures of what a network costs, in the manner of :mod:`bisenet_lib.plots`."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from bisenet_lib.network import Stage
from bisenet_lib.plots import WIDTH, finished, grouped

__all__ = ["ratios", "stages"]

_COLOURS = {
    "detail": "#4477aa",
    "semantic": "#ee7733",
    "aggregation": "#228833",
    "head": "#777777",
    "auxiliary": "#bbbbbb",
}
"""Of the branches, as in the picture at the top of ``02_architecture``."""


def stages(rows: Sequence[Stage]) -> Figure:
    """Show the multiply-adds and the parameters of every stage as two rows of bars.

    Args:
        rows: as :func:`bisenet_lib.network.stages` gives them.
    """
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 5), sharey=True)
    names = [row.name if row.branch != "semantic" else f"semantic {row.name}" for row in rows]
    titles = {
        "billion multiply-adds": [row.multiply_adds / 1e9 for row in rows],
        "thousand parameters": [row.parameters / 1e3 for row in rows],
    }
    for axis, (title, values) in zip(axes, titles.items(), strict=True):
        drawn = axis.barh(names, values, color=[_COLOURS[row.branch] for row in rows])
        axis.bar_label(drawn, fmt="%.2f" if max(values) < 10 else "%.0f", padding=3)
        axis.set_xlim(0, 1.15 * max(values))
        axis.set_title(title)
    axes[0].invert_yaxis()
    patches = [Patch(color=colour, label=branch) for branch, colour in _COLOURS.items()]
    axes[1].legend(handles=patches, loc="lower right")
    return finished(figure)


def ratios(names: Sequence[str], measured: Mapping[str, Sequence[float]]) -> Figure:
    """Compare variants of a network with the first of them, which is 1 everywhere.

    Args:
        names: of the N variants.
        measured: what was measured to its N values.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 4.2))
    grouped(axis, names, {what: np.divide(values, values[0]) for what, values in measured.items()})
    axis.tick_params(axis="x", rotation=0)
    axis.set_xticks(range(len(names)), names, ha="center")
    for bars in axis.containers:
        axis.bar_label(bars, fmt="%.2f", padding=2, fontsize=9)
    axis.axhline(1, color="black", linewidth=0.8)
    axis.margins(y=0.1)
    axis.set_ylabel(f'relative to "{names[0]}"')
    return finished(figure)
