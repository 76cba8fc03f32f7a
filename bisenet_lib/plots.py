"""Pictures for the notebooks; every function draws what it is given and computes no result.

Each returns a closed figure with an opaque background: end a cell with the call to see it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from bisenet_lib.analysis import error_map
from bisenet_lib.labels import CLASS_NAMES, CLASSES, IGNORE, colour_table, colourise

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
        palette: of the legend, see :func:`bisenet_lib.labels.colour_table`.

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
        palette: see :func:`bisenet_lib.labels.colour_table`.
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
        "wrong (orange), ignored (grey)": error_colours(truth, prediction),
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
        where = np.arange(len(names) + 1)
        height = _with_mean(values)
        axis.hlines(height, where - 0.45, where + 0.45, color="black", lw=2.5, label=title)
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
        records: of ``metrics.jsonl``, as :func:`bisenet_lib.runlog.read` gives them.
    """
    steps = [one for one in records if "loss" in one]
    scored = [one for one in records if "miou" in one]
    figure, (losses, rate, miou) = plt.subplots(1, 3, figsize=(WIDTH, 3.4))
    names = ["head", *(f"auxiliary {n}" for n in range(1, len(steps[0]["losses"])))]
    where = [one["iteration"] for one in steps]
    for name, values in zip(
        names, zip(*(one["losses"] for one in steps), strict=True), strict=True
    ):
        losses.plot(where, values, label=name, linewidth=2.2 if name == "head" else 1)
    losses.set_title("loss of each head")
    losses.legend(fontsize=8)
    rate.plot(where, [one["lr"] for one in steps], color="tab:green")
    rate.set_title("learning rate")
    miou.plot([one["iteration"] for one in scored], [100 * one["miou"] for one in scored], "o-")
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
        where = np.arange(len(names)) + (number - (len(bars) - 1) / 2) * width
        axis.bar(where, values, width, label=title)
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
