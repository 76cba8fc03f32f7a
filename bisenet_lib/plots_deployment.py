"""Pictures of ``06_deployment``: latency, and where the time goes."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from bisenet_lib.plots import WIDTH, finished


def latency(
    sizes: Sequence[tuple[int, int]],
    curves: Mapping[str, Sequence[float]],
    limits: Mapping[str, float],
) -> Figure:
    """Show how long an image takes, by its size, on two logarithmic axes.

    Args:
        sizes: (width, height) of the images, ascending.
        curves: title to milliseconds, one a size.
        limits: title to milliseconds, each a dashed line.
    """
    pixels = [width * height for width, height in sizes]
    figure, axis = plt.subplots(figsize=(WIDTH * 0.7, 4))
    for title, values in curves.items():
        axis.plot(pixels, values, "o-", label=title)
    for title, value in limits.items():
        axis.axhline(value, color="black", linestyle="--", linewidth=1)
        axis.annotate(
            title,
            (0.99, value),
            (0, -3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="top",
        )
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xticks(pixels, [f"{width} x {height}" for width, height in sizes])
    axis.minorticks_off()
    axis.yaxis.set_major_formatter("{x:g}")
    axis.set_xlabel("pixels of the image")
    axis.set_ylabel("ms an image")
    axis.grid(alpha=0.3)
    axis.legend(loc="upper left")
    return finished(figure)


def parts(milliseconds: Mapping[str, float]) -> Figure:
    """Show the steps of one image as bars, in their order, with their share of the whole.

    Args:
        milliseconds: title to time.
    """
    figure, axis = plt.subplots(figsize=(WIDTH * 0.7, 0.5 * len(milliseconds) + 0.8))
    names, values = list(milliseconds)[::-1], list(milliseconds.values())[::-1]
    drawn = axis.barh(names, values)
    total = sum(values)
    axis.bar_label(drawn, [f" {one:.1f} ms, {100 * one / total:.0f} %" for one in values])
    axis.set_xlim(0, 1.25 * max(values))
    axis.set_xlabel("ms an image")
    return finished(figure)
