"""Measuring a segmentation: confusion matrix, IoU, mIoU, pixel accuracy.

The definitions are those of cityscapesscripts' pixel-level scorer
(``cityscapesscripts/evaluation/evalPixelLevelSemanticLabeling.py``), and a test holds both
to the same last digit. Taught in ``05_evaluation``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from bisenet_lib import checkpoint, config, devices, samples
from bisenet_lib.errors import InputError
from bisenet_lib.labels import CLASS_NAMES, IGNORE
from bisenet_lib.paddleseg_compat import paddle
from bisenet_lib.ranks import ALONE, Ranks

from paddleseg.core import infer  # isort: skip


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
    counted = truth != ignore
    truth, prediction = truth[counted].astype(np.int64), prediction[counted]
    for name, values in (("truth", truth), ("prediction", prediction)):
        if values.size and not 0 <= values.min() <= values.max() < num_classes:
            wrong = values[(values < 0) | (values >= num_classes)][0]
            raise InputError(f"the {name} holds the value {wrong}, outside {num_classes} classes")
    pairs = np.bincount(truth * num_classes + prediction, minlength=num_classes**2)
    return pairs.reshape(num_classes, num_classes)


@dataclass(frozen=True)
class Scores:
    """What a confusion matrix says.

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
        return sum(present) / len(present) if present else float("nan")

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
        lines = ["| class | IoU % | pixels of truth |", "|---|--:|--:|"]
        for name, value, row in zip(self.names, self.iou, self.matrix, strict=True):
            shown = "absent" if np.isnan(value) else f"{100 * value:.2f}"
            lines.append(f"| {name} | {shown} | {row.sum():,} |")
        counted = len(self.names) - len(self.absent)
        lines.append(f"| **mIoU of {counted} classes** | **{100 * self.miou:.2f}** | |")
        lines.append(f"| **pixel accuracy** | **{100 * self.pixel_accuracy:.2f}** | |")
        if self.absent:
            lines.append(f"\nIn neither truth nor prediction: {', '.join(self.absent)}.")
        return "\n".join(lines)


def predict(model: paddle.nn.Layer, sample: dict[str, Any]) -> np.ndarray:
    """Segment one sample of a validation data set.

    Args:
        model: a network in evaluation mode.
        sample: ``dataset[i]`` of a PaddleSeg data set: ``img`` (3, H, W) float32, normalised,
            and ``trans_info``, what was done to its size.

    Returns:
        (H0, W0) uint8 trainIds at the image's original size. As in PaddleSeg the logits are
        scaled back, not the classes.
    """
    with paddle.no_grad():
        image = paddle.to_tensor(sample["img"][np.newaxis])
        classes, _ = infer.inference(model, image, trans_info=sample["trans_info"])
    return classes.numpy()[0, 0].astype(np.uint8)


def evaluate(
    model: paddle.nn.Layer,
    dataset: paddle.io.Dataset,
    *,
    names: Sequence[str] | None = None,
    limit: int | None = None,
    ranks: Ranks = ALONE,
) -> Scores:
    """Score a network on a data set.

    Args:
        model: the network; it is put into evaluation mode and left as it was.
        dataset: a PaddleSeg data set in ``val`` mode.
        names: class names; Cityscapes' own for 19 classes, else numbers.
        limit: frames to score, from the first; all by default.
        ranks: the processes that share the frames; each has the same network.

    Returns:
        The scores over all frames together, on every rank.

    Raises:
        InputError: an image or label cannot be read or does not fit; the message names it.
    """
    classes = dataset.num_classes
    if names is None:
        names = CLASS_NAMES if classes == len(CLASS_NAMES) else [str(n) for n in range(classes)]
    matrix = np.zeros((classes, classes), np.int64)
    frames = len(dataset) if limit is None else min(limit, len(dataset))
    was_training = model.training
    model.eval()
    try:
        part = range(ranks.rank, frames, ranks.size)
        hidden = not ranks.first
        for index in tqdm(part, "evaluating", leave=False, unit="frame", disable=hidden):
            sample = samples.read_sample(dataset, index)
            truth, prediction = sample["label"][0], predict(model, sample)
            try:
                matrix += confusion_matrix(truth, prediction, classes, dataset.ignore_index)
            except InputError as error:
                raise InputError(f"{dataset.file_list[index][1]}: {error}") from error
    finally:
        (model.train if was_training else model.eval)()
    return Scores(ranks.sum(matrix), frames, tuple(names))


def evaluate_checkpoint(settings: Mapping[str, Any], path: Path, *, device: str = "auto") -> Scores:
    """Score a checkpoint on the validation set of a configuration.

    Args:
        settings: a resolved configuration, as :func:`bisenet_lib.config.load` gives it.
        path: see :func:`bisenet_lib.checkpoint.weights_file`.
        device: see :func:`bisenet_lib.devices.select`.

    Returns:
        The scores.

    Raises:
        InputError: the data set, the checkpoint or the device does not allow it.
    """
    devices.select(device)
    if "val_dataset" not in settings:
        raise InputError("the configuration has no val_dataset to score on")
    samples.preflight(settings["val_dataset"])
    built = config.builder(settings)
    with config.refusals():
        model, dataset = built.model, built.val_dataset
    checkpoint.load_weights(model, path)
    return evaluate(model, dataset)
