"""The confusion matrix of a segmentation, and the scores that are calculated from it.

The definitions are those of cityscapesscripts' pixel-level scorer
(``cityscapesscripts/evaluation/evalPixelLevelSemanticLabeling.py``), and a test holds both
to the same last digit. Nothing here needs the network. Taught in ``05_evaluation``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bisenet_lib.common.markdown import markdown_table
from bisenet_lib.data.labels import CLASS_NAMES, IGNORE
from bisenet_lib.errors import InputError


def confusion_matrix(
    truth: np.ndarray, prediction: np.ndarray, num_classes: int, ignore: int = IGNORE
) -> np.ndarray:
    """Count every (true class, predicted class) pair of pixels.

    Args:
        truth: (H, W) integers; values in ``range(num_classes)`` or ``ignore``.
        prediction: (H, W) integers in ``range(num_classes)``.
        num_classes: classes counted.
        ignore: the truth's value for pixels left out.

    Returns:
        (num_classes, num_classes) int64; rows are the truth, columns the prediction.

    Raises:
        InputError: the sizes differ, or a value is outside the classes.
    """
    if truth.shape != prediction.shape:
        raise InputError(f"the truth is {truth.shape} pixels, the prediction {prediction.shape}")
    pairs = pair_counts(_bytes(truth, "truth"), _bytes(prediction, "prediction"))
    pairs[ignore] = 0
    for name, counts in (("truth", pairs.sum(1)), ("prediction", pairs.sum(0))):
        if counts[num_classes:].any():
            wrong = num_classes + np.flatnonzero(counts[num_classes:])[0]
            raise InputError(
                f"the {name} holds the value {wrong}, outside {num_classes} classes. "
                "Take a network and a data set of the same classes."
            )
    return pairs[:num_classes, :num_classes]


def pair_counts(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Count every pair of values in two uint8 arrays of one shape: (256, 256) int64.

    A pair of bytes is a number below 65,536, so one pass counts them all.
    """
    pairs = truth.astype(np.uint16) << 8 | prediction
    return np.bincount(pairs.ravel(), minlength=1 << 16).reshape(256, 256)


def _bytes(values: np.ndarray, name: str) -> np.ndarray:
    if values.dtype != np.uint8:
        outside = values[(values < 0) | (values > 255)]
        if outside.size:
            raise InputError(f"the {name} holds the value {outside[0]}, outside the classes")
    return values.astype(np.uint8, copy=False)


@dataclass(frozen=True)
class Scores:
    """The scores of a confusion matrix.

    Args:
        matrix: (C, C) int64; rows are the truth, columns the prediction.
        frames: images counted.
        names: the C class names.
    """

    matrix: np.ndarray
    frames: int
    names: Sequence[str] = CLASS_NAMES

    @cached_property
    def iou(self) -> np.ndarray:
        """(C,) float64: intersection over union; nan for a class in neither truth nor prediction.

        ``TP / (TP + FP + FN)`` over all pixels of all frames. PaddleSeg 2.8.0 says 0 where
        this says nan; Cityscapes says nan and leaves it out of the mean.
        """
        hits = np.diag(self.matrix).astype(np.float64)
        union = self.matrix.sum(0) + self.matrix.sum(1) - np.diag(self.matrix)
        return np.divide(hits, union, out=np.full(len(hits), np.nan), where=union > 0)

    @cached_property
    def absent(self) -> list[str]:
        """Names of the classes in neither truth nor prediction, left out of the mean."""
        return [name for name, value in zip(self.names, self.iou, strict=True) if np.isnan(value)]

    @cached_property
    def miou(self) -> float:
        """Mean IoU over the classes that are not absent; nan if all are."""
        present = [value for value in self.iou.tolist() if not np.isnan(value)]
        # One after the other, as Cityscapes adds; from Python 3.12 on sum() rounds otherwise.
        return float(np.cumsum(present)[-1]) / len(present) if present else float("nan")

    @cached_property
    def pixel_accuracy(self) -> float:
        """Share of counted pixels whose class is right; nan if none was counted."""
        total = int(self.matrix.sum())
        return int(np.trace(self.matrix)) / total if total else float("nan")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; nan becomes None."""
        plain = [None if np.isnan(value) else value for value in self.iou.tolist()]
        return {
            "frames": self.frames,
            "miou": None if np.isnan(self.miou) else self.miou,
            "pixel_accuracy": None if np.isnan(self.pixel_accuracy) else self.pixel_accuracy,
            "iou": dict(zip(self.names, plain, strict=True)),
            "absent": self.absent,
            "matrix": self.matrix.tolist(),
        }

    def table(self) -> str:
        """A Markdown table of IoU per class, with the means and what they leave out."""
        rows = [
            (name, percent(value), f"{row.sum():,}")
            for name, value, row in zip(self.names, self.iou, self.matrix, strict=True)
        ]
        counted = len(self.names) - len(self.absent)
        rows.append((f"**mIoU of {counted} classes**", f"**{100 * self.miou:.2f}**", ""))
        rows.append(("**pixel accuracy**", f"**{100 * self.pixel_accuracy:.2f}**", ""))
        table = markdown_table(["class", "IoU %", "pixels of truth"], rows, "lrr")
        if self.absent:
            table += f"\n\nIn neither truth nor prediction: {', '.join(self.absent)}."
        return table


def percent(value: float) -> str:
    """A score in percent; ``absent`` for nan."""
    return "absent" if np.isnan(value) else f"{100 * value:.2f}"
