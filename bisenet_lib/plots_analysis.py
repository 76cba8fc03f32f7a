"""Pictures of where a network is wrong, in the manner of :mod:`bisenet_lib.plots`."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from bisenet_lib.analysis import BoundaryIou
from bisenet_lib.labels import CLASS_NAMES, colourise
from bisenet_lib.objects import SizeCurve
from bisenet_lib.plots import WIDTH, error_colours, finished, grouped

__all__ = ["boundaries", "confusion", "found", "frame_sheet", "size_curves"]

_MARKERS = "osD^v<>"


def confusion(matrix: np.ndarray, names: Sequence[str] = CLASS_NAMES) -> Figure:
    """Show a confusion matrix, each row divided by its sum.

    Args:
        matrix: (C, C) counts; rows are the truth. A row without pixels stays empty.
        names: of the classes.
    """
    sums = matrix.sum(axis=1, keepdims=True)
    rows = np.divide(matrix, sums, out=np.full(matrix.shape, np.nan), where=sums > 0)
    figure, axis = plt.subplots(figsize=(WIDTH * 0.72, WIDTH * 0.62))
    drawn = axis.imshow(100 * rows, cmap="cividis", vmin=0, vmax=100)
    axis.set_xticks(range(len(names)), names, rotation=90)
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("predicted class")
    axis.set_ylabel("true class")
    figure.colorbar(drawn, label="% of the true class's pixels")
    return finished(figure)


def frame_sheet(
    frames: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> Figure:
    """Show frames one below the other: image, truth, prediction, and where the two differ.

    Args:
        frames: title to (H, W, 3) uint8 RGB image, (H, W) uint8 true trainIds and (H, W) uint8
            predicted ones.
    """
    first = next(iter(frames.values()))[0]
    height = len(frames) * (WIDTH / 4 * first.shape[0] / first.shape[1] + 0.35)
    figure, axes = plt.subplots(len(frames), 4, figsize=(WIDTH, height), squeeze=False)
    for row, (title, (image, truth, prediction)) in zip(axes, frames.items(), strict=True):
        pictures = (image, colourise(truth), colourise(prediction))
        for axis, picture in zip(row, (*pictures, error_colours(truth, prediction)), strict=True):
            axis.imshow(picture, interpolation="nearest")
            axis.axis("off")
        row[0].set_title(title, loc="left", fontsize=11)
    for axis, title in zip(
        axes[0, 1:], ("truth", "prediction", "wrong, ignored grey"), strict=True
    ):
        axis.set_title(title, loc="right", fontsize=11)
    return finished(figure)


def size_curves(curves: Mapping[str, SizeCurve]) -> Figure:
    """Draw recall and IoU of objects against their size, and how many objects there are.

    Args:
        curves: title to curve, such as one a group of classes; all with the same bins.
    """
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 3.8))
    panels = ("recall", "iou", "count")
    for marker, (title, curve) in zip(_MARKERS, curves.items(), strict=False):
        middle = np.sqrt(curve.edges[:-1] * curve.edges[1:])
        for axis, panel in zip(axes, panels, strict=True):
            values = getattr(curve, panel) * (1 if panel == "count" else 100)
            there = curve.count > 0
            axis.plot(middle[there], values[there], f"{marker}-", label=title)
    titles = ("recall of an object, %", "IoU of an object, %", "objects")
    for axis, title in zip(axes, titles, strict=True):
        axis.set_title(title)
        axis.set_xscale("log")
        axis.set_xlabel("size of the object in pixels")
        axis.set_ylim(0, 100 if title != "objects" else None)
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize=9, loc="lower right")
    return finished(figure)


def found(objects: Mapping[str, tuple[int, int]]) -> Figure:
    """Draw what share of the objects was found, a bar a class.

    Args:
        objects: class to (objects found, objects there); a class without objects has no bar.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 3.6))
    shares = [100 * seen / there if there else 0 for seen, there in objects.values()]
    bars = axis.bar(list(objects), shares, 0.7)
    axis.bar_label(bars, [f"{seen} of {there}" for seen, there in objects.values()], padding=2)
    axis.tick_params(axis="x", rotation=20)
    axis.set_ylabel("found, %")
    axis.set_ylim(0, 110)
    axis.set_yticks(range(0, 101, 20))
    axis.grid(axis="y", alpha=0.3)
    return finished(figure)


def boundaries(
    found: BoundaryIou, iou: np.ndarray, names: Sequence[str] = CLASS_NAMES, *, width: int
) -> Figure:
    """Draw boundary IoU against its width, and per class beside plain IoU.

    Args:
        found: boundary IoU.
        iou: (C,) plain IoU, 0 to 1.
        names: of the classes.
        width: the one to show per class; among ``found.widths``.
    """
    figure, (mean, classes) = plt.subplots(
        1, 2, figsize=(WIDTH, 4.2), gridspec_kw={"width_ratios": (1, 2.6)}
    )
    mean.plot(found.widths, 100 * found.mean, "o-", label="boundary IoU")
    mean.axhline(100 * np.nanmean(iou), color="black", linestyle="--", label="IoU")
    mean.set_xlabel("width of the band in pixels")
    mean.set_ylabel("mean of the classes, %")
    mean.set_ylim(0, 100)
    mean.grid(alpha=0.3)
    mean.legend()
    narrow = found.iou[list(found.widths).index(width)]
    grouped(classes, names, {"IoU": 100 * iou, f"boundary IoU, {width} px": 100 * narrow})
    classes.set_ylabel("%")
    classes.set_ylim(0, 100)
    return finished(figure)
