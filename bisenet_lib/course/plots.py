"""Pictures for the notebooks; every function draws what it is given and computes no result.

Each returns a closed figure with an opaque background: end a cell with the call to see it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bisenet_lib.data.labels import (
    CLASS_NAMES,
    CLASSES,
    IGNORE,
    class_colours,
    colour_table,
    colourise,
    colourise_classes,
)
from bisenet_lib.evaluation.error_analysis import BoundaryIou, error_map
from bisenet_lib.evaluation.object_sizes import SizeCurve
from bisenet_lib.network.profiling import StageProfile

WIDTH = 12.0
"""Of every figure, in inches: readable from the back of a classroom."""

PUBLISHED_SHARES = {
    "road": 37.0,
    "building": 23.0,
    "vegetation": 16.0,
    "car": 7.0,
    "sidewalk": 6.0,
    "sky": 4.0,
    "pole": 1.2,
    "person": 1.2,
    "terrain": 1.2,
    "fence": 0.9,
    "wall": 0.7,
    "traffic sign": 0.55,
    "bicycle": 0.4,
    "truck": 0.27,
    "bus": 0.24,
    "train": 0.23,
    "traffic light": 0.2,
    "rider": 0.13,
    "motorcycle": 0.1,
}
"""Per cent of the labelled pixels of Cityscapes, read off Cordts et al. 2016, figure 1."""
_WRITTEN_FROM = 5
"""Per cent of a row of a confusion matrix: smaller shares are not written into their cells."""
_MARKERS = "osD^v<>"
_COLOURS = {
    "detail": "#4477aa",
    "semantic": "#ee7733",
    "aggregation": "#228833",
    "head": "#777777",
    "auxiliary": "#bbbbbb",
}
"""Of the branches, as in the picture at the top of ``02_architecture``."""


def overlay(image: np.ndarray, colours: np.ndarray, opacity: float = 0.55) -> np.ndarray:
    """Lay label colours over an image.

    Args:
        image: (H, W, 3) uint8, RGB.
        colours: (H, W, 3) uint8, RGB; black pixels (no class) leave the image as it is.
        opacity: of the colours, 0 to 1.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    weight = opacity * colours.any(axis=2, keepdims=True)
    return (image * (1 - weight) + colours * weight).round().astype(np.uint8)


def images(
    pictures: Mapping[str, np.ndarray],
    *,
    columns: int = 2,
    classes: np.ndarray | None = None,
    palette: str = "cityscapes",
) -> Figure:
    """Show pictures in a grid, each under its title.

    Args:
        pictures: title to (H, W, 3) uint8 RGB or (H, W) values.
        columns: pictures in a row.
        classes: trainIds whose colours a legend below explains; None for no legend.
        palette: of the legend, see :func:`bisenet_lib.data.labels.colour_table`.

    Returns:
        The figure.
    """
    first = next(iter(pictures.values()))
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    height = rows * (WIDTH / columns * first.shape[0] / first.shape[1] + 0.35)
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])  # placed though not shown, they take a fifth of the time
        axis.axis("off")
    for axis, (title, picture) in zip(axes.flat, pictures.items(), strict=False):
        axis.imshow(picture, interpolation="nearest", cmap="viridis")
        axis.set_title(title)
    if classes is not None:
        _legend(figure, classes, palette)
    return finished(figure)


def frame(
    image: np.ndarray, train_ids: np.ndarray, *, palette: str = "cityscapes", opacity: float = 0.55
) -> Figure:
    """Show a frame, its classes and the classes over the frame.

    Args:
        image: (H, W, 3) uint8, RGB.
        train_ids: (H, W) uint8, of a label or a prediction.
        palette: see :func:`bisenet_lib.data.labels.colour_table`.
        opacity: of the overlay.
    """
    colours = colourise(train_ids, palette)
    pictures = {
        "image": image,
        "classes": colours,
        "classes over image": overlay(image, colours, opacity),
    }
    return images(pictures, columns=3, classes=np.unique(train_ids), palette=palette)


def errors(image: np.ndarray, truth: np.ndarray, prediction: np.ndarray) -> Figure:
    """Show image, truth, prediction, and where the two differ.

    Args:
        image: (H, W, 3) uint8, RGB.
        truth: (H, W) uint8 trainIds, 255 where ignored.
        prediction: (H, W) uint8 trainIds.
    """
    pictures = {
        "image": image,
        "truth": colourise(truth),
        "prediction": colourise(prediction),
        "orange wrong, black right, grey ignored": error_colours(truth, prediction),
    }
    return images(pictures, classes=np.union1d(truth, prediction))


def error_colours(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Colour what is wrong orange, what is ignored grey, and what is right black.

    Args:
        truth: (H, W) uint8 trainIds, 255 where ignored.
        prediction: (H, W) uint8 trainIds.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    colours = np.zeros((256, 3), np.uint8)
    colours[1], colours[IGNORE] = (230, 75, 30), (60, 60, 60)
    return colours[error_map(truth, prediction)]


def shares(measured: Mapping[str, np.ndarray]) -> Figure:
    """Compare class shares with those published for Cityscapes, on a logarithmic axis.

    Args:
        measured: name of a data set or split to (19,) shares of its labelled pixels, 0 to 1.
    """
    order = np.argsort([-PUBLISHED_SHARES[name] for name in CLASS_NAMES])
    names = [CLASS_NAMES[index] for index in order]
    figure, axis = plt.subplots(figsize=(WIDTH, 4))
    bars = {title: 100 * np.asarray(values)[order] for title, values in measured.items()}
    bars["Cityscapes, published"] = np.array([PUBLISHED_SHARES[name] for name in names])
    grouped(axis, names, bars)
    axis.set_yscale("log")
    axis.set_ylabel("% of labelled pixels")
    return finished(figure)


def iou(
    scores: Mapping[str, np.ndarray],
    names: Sequence[str] = CLASS_NAMES,
    *,
    reference: Mapping[str, np.ndarray] | None = None,
) -> Figure:
    """Show IoU per class as bars, one colour a result, and the mean of each.

    Args:
        scores: title to (C,) IoU, 0 to 1; nan draws no bar.
        names: of the classes.
        reference: one more title and IoU, drawn as black marks across the bars: what the others
            are compared with.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 4))
    columns = {title: _with_mean(values) for title, values in scores.items()}
    grouped(axis, [*names, "mean"], columns)
    for title, values in (reference or {}).items():
        positions = np.arange(len(names) + 1)
        height = _with_mean(values)
        axis.hlines(height, positions - 0.45, positions + 0.45, color="black", lw=2.5, label=title)
    axis.axvline(len(names) - 0.5, color="grey", linewidth=0.8)
    axis.set_ylabel("IoU %")
    axis.set_ylim(0, 100)
    if len(scores) > 1 or reference:
        axis.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    return finished(figure)


def _with_mean(iou: np.ndarray) -> np.ndarray:
    return 100 * np.append(iou, np.nanmean(iou))


def training(records: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw a run: the five losses, the learning rate, and the validation mIoU.

    Args:
        records: of ``metrics.jsonl``, as :func:`bisenet_lib.training.run_log.read_log` gives them.
    """
    steps = [record for record in records if "loss" in record]
    scored = [record for record in records if "miou" in record]
    figure, (losses, rate, miou) = plt.subplots(1, 3, figsize=(WIDTH, 3.4))
    names = ["head", *(f"auxiliary {n}" for n in range(1, len(steps[0]["losses"])))]
    iterations = [record["iteration"] for record in steps]
    for name, values in zip(
        names, zip(*(record["losses"] for record in steps), strict=True), strict=True
    ):
        losses.plot(iterations, values, label=name, linewidth=2.2 if name == "head" else 1)
    losses.set_title("loss of each head")
    losses.legend(fontsize=8)
    rate.plot(iterations, [record["lr"] for record in steps], color="tab:green")
    rate.set_title("learning rate")
    miou.plot(
        [record["iteration"] for record in scored],
        [100 * record["miou"] for record in scored],
        "o-",
    )
    miou.set_title("validation mIoU %")
    miou.set_ylim(bottom=0)
    for axis in (losses, rate, miou):
        axis.set_xlabel("iteration")
        axis.grid(alpha=0.3)
    return finished(figure)


def lines(series: Mapping[str, tuple[Sequence[float], Sequence[float]]], x: str, y: str) -> Figure:
    """Draw lines.

    Args:
        series: title to (x values, y values).
        x: what the horizontal axis is.
        y: what the vertical axis is.
    """
    figure, axis = plt.subplots(figsize=(WIDTH * 0.7, 3.6))
    for title, (across, up) in series.items():
        axis.plot(across, up, label=title)
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    axis.grid(alpha=0.3)
    if len(series) > 1:
        axis.legend()
    return finished(figure)


def throughput(speeds: Mapping[str, float], ideal: float) -> Figure:
    """Show training speeds as bars, and the speed that was hoped for as a line.

    Args:
        speeds: title to images per second.
        ideal: images per second if every core did its full share.
    """
    figure, axis = plt.subplots(figsize=(WIDTH * 0.6, 3.4))
    drawn = axis.bar(list(speeds), list(speeds.values()), 0.55)
    axis.bar_label(drawn, fmt="%.1f")
    axis.axhline(ideal, color="black", linestyle="--", label="ideal")
    axis.set_ylabel("images/s")
    axis.set_ylim(0, 1.15 * max(ideal, *speeds.values()))
    axis.legend(loc="upper left")
    return finished(figure)


def grouped(axis: Axes, names: Sequence[str], bars: Mapping[str, np.ndarray]) -> None:
    """Draw bars side by side at each name.

    Args:
        axis: where to draw.
        names: of the C groups.
        bars: title to (C,) heights; nan draws no bar.
    """
    width = 0.8 / len(bars)
    for number, (title, values) in enumerate(bars.items()):
        positions = np.arange(len(names)) + (number - (len(bars) - 1) / 2) * width
        axis.bar(positions, values, width, label=title)
    axis.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axis.grid(axis="y", alpha=0.3)
    if len(bars) > 1:
        axis.legend()


def _legend(figure: Figure, train_ids: np.ndarray, palette: str) -> None:
    table = colour_table(palette) / 255
    patches = [
        Patch(color=table[label.trainId], label=label.name)
        for label in CLASSES
        if label.trainId in train_ids
    ]
    figure.legend(
        handles=patches,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=7,
        fontsize=9,
        frameon=False,
    )


def finished(figure: Figure) -> Figure:
    """Give a figure its opaque background and close it; it is shown where a cell ends in it."""
    figure.set_facecolor("white")
    figure.tight_layout()
    plt.close(figure)
    return figure


def confusion(matrix: np.ndarray, names: Sequence[str] = CLASS_NAMES) -> Figure:
    """Show a confusion matrix in per cent of each row, as numbers where they matter.

    Args:
        matrix: (C, C) counts; rows are the truth. A row without pixels stays empty.
        names: of the classes.
    """
    sums = matrix.sum(axis=1, keepdims=True)
    rows = 100 * np.divide(matrix, sums, out=np.full(matrix.shape, np.nan), where=sums > 0)
    figure, axis = plt.subplots(figsize=(WIDTH * 0.85, WIDTH * 0.72))
    drawn = axis.imshow(rows, cmap="cividis", vmin=0, vmax=100)
    for row, column in np.argwhere(rows >= _WRITTEN_FROM):
        share = rows[row, column]
        colour = "black" if share > 50 else "white"
        axis.text(column, row, f"{share:.0f}", ha="center", va="center", color=colour, fontsize=11)
    axis.set_xticks(range(len(names)), names, rotation=90)
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("predicted class")
    axis.set_ylabel("true class")
    figure.colorbar(drawn, label="% of the true class's pixels", shrink=0.8)
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
    classes = set()
    for row, (title, (image, truth, prediction)) in zip(axes, frames.items(), strict=True):
        classes |= {*np.unique(truth), *np.unique(prediction)}
        pictures = (image, colourise(truth), colourise(prediction))
        for axis, picture in zip(row, (*pictures, error_colours(truth, prediction)), strict=True):
            axis.imshow(picture, interpolation="nearest")
            axis.axis("off")
        row[0].set_title(title, loc="left", fontsize=11)
    for axis, title in zip(
        axes[0, 1:], ("truth", "prediction", "wrong, ignored grey"), strict=True
    ):
        axis.set_title(title, loc="right", fontsize=11)
    _legend(figure, np.array(list(classes)), "cityscapes")
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
            filled = curve.count > 0
            axis.plot(middle[filled], values[filled], f"{marker}-", label=title)
    titles = ("recall of an object, %", "IoU of an object, %", "objects")
    for axis, title in zip(axes, titles, strict=True):
        axis.set_title(title)
        axis.set_xscale("log")
        axis.set_xlabel("size of the object in pixels")
        axis.set_ylim(0, 100 if title != "objects" else None)
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize=9, loc="lower right")
    return finished(figure)


def class_size_curves(groups: Mapping[str, Mapping[str, SizeCurve]], *, least: int) -> Figure:
    """Draw IoU of objects against their size, a panel per group and a line per class.

    Args:
        groups: title to class and its curve; all with the same bins.
        least: objects that a bin needs to be drawn; the mean of fewer says little.
    """
    figure, axes = plt.subplots(
        1, len(groups), figsize=(WIDTH, 4), sharex=True, sharey=True, squeeze=False
    )
    for axis, (title, curves) in zip(axes[0], groups.items(), strict=True):
        for marker, (name, curve) in zip(_MARKERS, curves.items(), strict=False):
            middle = np.sqrt(curve.edges[:-1] * curve.edges[1:])
            drawn = curve.count >= least
            axis.plot(middle[drawn], 100 * curve.iou[drawn], f"{marker}-", label=name)
        axis.set_title(title)
        axis.set_xscale("log")
        axis.set_xlabel("size of the object in pixels")
        axis.set_ylim(0, 100)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3)
    axes[0, 0].set_ylabel("IoU of an object, %")
    return finished(figure)


def intervals(
    values: Mapping[str, float], low: Sequence[float], high: Sequence[float], y: str
) -> Figure:
    """Draw values as points with the interval around each as a bar.

    Args:
        values: name to value, such as a class to its IoU; nan draws nothing.
        low: the lower end of each interval.
        high: the upper end of each interval.
        y: what the vertical axis is.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 4))
    positions = np.arange(len(values))
    axis.vlines(positions, low, high, color="tab:blue", alpha=0.5, lw=7)
    axis.plot(positions, list(values.values()), "o", color="black", ms=6)
    axis.set_xticks(positions, list(values), rotation=45, ha="right")
    axis.set_ylabel(y)
    axis.set_ylim(0, 100)
    axis.grid(axis="y", alpha=0.3)
    return finished(figure)


def reliability(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], gaps: Mapping[str, float]
) -> Figure:
    """Draw a reliability diagram, and beside it how far each class is from the diagonal.

    Args:
        curves: title to the mean confidence and the accuracy of each bin, 0 to 1.
        gaps: class to accuracy minus mean confidence, -1 to 1.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 5.2))
    left.plot([0, 1], [0, 1], color="black", linestyle="--", label="calibrated")
    for marker, (title, (confidence, accuracy)) in zip(_MARKERS, curves.items(), strict=False):
        left.plot(confidence, accuracy, marker=marker, label=title)
    left.set(xlabel="confidence", ylabel="share of right pixels", aspect="equal")
    left.grid(alpha=0.3)
    left.legend()
    points = {name: 100 * gap for name, gap in sorted(gaps.items(), key=lambda item: item[1])}
    colours = ["tab:red" if gap < 0 else "tab:blue" for gap in points.values()]
    right.barh(list(points), list(points.values()), color=colours)
    right.axvline(0, color="black", lw=1)
    right.set_xlabel("too sure  <  points  >  not sure enough")
    right.grid(axis="x", alpha=0.3)
    return finished(figure)


def network_map(panels: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]]) -> Figure:
    """Draw networks by speed and accuracy, a panel per source.

    Args:
        panels: title to network to its versions, each (images per second, mIoU in per cent). A
            network has the same mark in all panels; that of the very first is a large star.
    """
    figure, axes = plt.subplots(
        1, len(panels), figsize=(WIDTH, 4.8), sharex=True, sharey=True, squeeze=False
    )
    marks: dict[str, Line2D] = {}
    for axis, (title, networks) in zip(axes[0], panels.items(), strict=True):
        for name, versions in networks.items():
            place = list(marks).index(name) if name in marks else len(marks)
            mark = {"marker": _MARKERS[place % 7], "ms": 8, "color": f"C{place % 10}"}
            if place == 0:
                mark = {"marker": "*", "ms": 17, "color": "black", "zorder": 3}
            (line,) = axis.plot(*zip(*versions, strict=True), lw=1, **mark)
            marks.setdefault(name, line)
        axis.set(title=title, xlabel="images per second", xscale="log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.grid(alpha=0.3, which="both")
    axes[0, 0].set_ylabel("mIoU %")
    figure.legend(
        list(marks.values()),
        list(marks),
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=6,
        frameon=False,
    )
    return finished(figure)


def found(objects: Mapping[str, tuple[int, int]]) -> Figure:
    """Draw what share of the objects was found, a bar a class.

    Args:
        objects: class to (objects found, objects there); a class without objects has no bar.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 3.6))
    shares = [100 * seen / total if total else 0 for seen, total in objects.values()]
    bars = axis.bar(list(objects), shares, 0.7)
    axis.bar_label(bars, [f"{seen} of {total}" for seen, total in objects.values()], padding=2)
    axis.tick_params(axis="x", rotation=20)
    axis.set_ylabel("found, %")
    axis.set_ylim(0, 110)
    axis.set_yticks(range(0, 101, 20))
    axis.grid(axis="y", alpha=0.3)
    return finished(figure)


def boundaries(
    measured: BoundaryIou, iou: np.ndarray, names: Sequence[str] = CLASS_NAMES, *, width: int
) -> Figure:
    """Draw boundary IoU against its width, and per class beside plain IoU.

    Args:
        measured: boundary IoU.
        iou: (C,) plain IoU, 0 to 1.
        names: of the classes.
        width: the one to show per class; among ``measured.widths``.
    """
    figure, (mean, classes) = plt.subplots(
        1, 2, figsize=(WIDTH, 4.2), gridspec_kw={"width_ratios": (1, 2.6)}
    )
    mean.plot(measured.widths, 100 * measured.mean, "o-", label="boundary IoU")
    mean.axhline(100 * np.nanmean(iou), color="black", linestyle="--", label="IoU")
    mean.set_xlabel("width of the band in pixels")
    mean.set_ylabel("mean of the classes, %")
    mean.set_ylim(0, 100)
    mean.grid(alpha=0.3)
    mean.legend()
    narrow = measured.iou[list(measured.widths).index(width)]
    grouped(classes, names, {"IoU": 100 * iou, f"boundary IoU, {width} px": 100 * narrow})
    classes.set_ylabel("%")
    classes.set_ylim(0, 100)
    return finished(figure)


def labelled_images(
    shown: Mapping[str, np.ndarray], names: Sequence[str], *, columns: int = 3
) -> Figure:
    """Show photographs and labels in a grid, with a legend of all classes.

    Args:
        shown: title to (H, W, 3) uint8 RGB, or to (H, W) uint8 classes, which are coloured.
        names: of the classes, in order of index.
        columns: pictures in a row.
    """
    coloured = {
        title: picture if picture.ndim == 3 else colourise_classes(picture, len(names))
        for title, picture in shown.items()
    }
    figure = images(coloured, columns=columns)
    colours = class_colours(len(names)) / 255
    figure.legend(
        handles=[
            Patch(facecolor=colour, label=name) for colour, name in zip(colours, names, strict=True)
        ],
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=7,
        frameon=False,
    )
    return figure


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
    axis.set_ylabel("ms per image")
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
    axis.bar_label(drawn, [f" {value:.1f} ms, {100 * value / total:.0f} %" for value in values])
    axis.set_xlim(0, 1.25 * max(values))
    axis.set_xlabel("ms per image")
    return finished(figure)


def stages(rows: Sequence[StageProfile]) -> Figure:
    """Show the multiply-adds and the parameters of every stage as two rows of bars.

    Args:
        rows: as :func:`bisenet_lib.network.profiling.stages` gives them.
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
    grouped(
        axis,
        names,
        {quantity: np.divide(values, values[0]) for quantity, values in measured.items()},
    )
    axis.tick_params(axis="x", rotation=0)
    axis.set_xticks(range(len(names)), names, ha="center")
    for bars in axis.containers:
        if isinstance(bars, BarContainer):
            axis.bar_label(bars, fmt="%.2f", padding=2, fontsize=9)
    axis.axhline(1, color="black", linewidth=0.8)
    axis.margins(y=0.1)
    axis.set_ylabel(f'relative to "{names[0]}"')
    return finished(figure)
