"""Where a network is wrong, from results on disk; nothing here needs the network.

``bisenet evaluate --save-dir DIR`` leaves the results. Taught in
``05_evaluation``.
"""

import json
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from bisenet_lib.common.parallel import every
from bisenet_lib.data.file_lists import read_list
from bisenet_lib.data.label_io import read_classes
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation.metrics import Scores, confusion_matrix
from bisenet_lib.evaluation.predictions import read_prediction


@dataclass(frozen=True)
class SavedFrame:
    """The files of one frame that was evaluated."""

    image: Path
    truth: Path
    prediction: Path


@dataclass(frozen=True)
class Results:
    """An evaluation that was saved, see :func:`load_results`.

    Attributes:
        scores: over all its frames.
        frames: their files, in the order of ``val.txt``.
    """

    scores: Scores
    frames: tuple[SavedFrame, ...]


def load_results(folder: Path, root: Path) -> Results:
    """Open the results of an evaluation.

    Args:
        folder: holds ``results.json`` and ``predictions/``.
        root: the data set that was evaluated, with its ``val.txt``.

    Returns:
        The results; the pictures are not read yet.

    Raises:
        InputError: ``results.json`` or ``val.txt`` is missing or damaged, or they are not of
            the same images.
    """
    folder, path = Path(folder), Path(folder) / "results.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        matrix, names = np.array(stored["matrix"], np.int64), tuple(stored["iou"])
        scores = Scores(matrix, int(stored["frames"]), names)
        predictions = dict(stored.get("predictions", {}))
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: missing. Make it with: bisenet evaluate MODEL --save-dir {folder}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not the results of an evaluation ({error!r})") from error
    listed = read_list(Path(root) / "val.txt", root)[: scores.frames]
    frames = []
    for image, truth in listed:
        name = predictions.get(os.path.relpath(image, root))
        if name is None:
            raise InputError(
                f"{path}: tells of no prediction for {image}. Evaluate the data set again, with "
                f"--save-dir {folder}."
            )
        frames.append(SavedFrame(image, truth, folder / "predictions" / name))
    return Results(scores, tuple(frames))


def read_pair(frame: SavedFrame, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Read the truth and the prediction of a frame.

    Args:
        frame: its files.
        num_classes: classes are 0 to ``num_classes - 1``.

    Returns:
        (H, W) uint8 classes, 255 where ignored; (H, W) uint8 classes predicted.

    Raises:
        InputError: a file is missing or damaged, the sizes differ, or a value is no class.
    """
    truth = read_classes(frame.truth, num_classes=num_classes)
    return truth, read_prediction(frame.prediction, truth, num_classes, "classes")


def error_map(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Mark every pixel as right, wrong or ignored.

    Args:
        truth: (H, W) uint8 classes, 255 where ignored.
        prediction: (H, W) uint8 classes.

    Returns:
        (H, W) uint8: 0 right, 1 wrong, 255 ignored.
    """
    return np.where(truth == IGNORE, IGNORE, truth != prediction).astype(np.uint8)


@dataclass(frozen=True)
class FrameScore:
    """How well one frame was segmented.

    Attributes:
        frame: its files.
        miou: 0 to 1, over the classes in its truth or its prediction. A single predicted pixel
            of a class that the truth does not have counts as a class of IoU 0, so this score is
            stricter than the mIoU of the data set.
        pixel_accuracy: 0 to 1.
    """

    frame: SavedFrame
    miou: float
    pixel_accuracy: float


def frame_scores(results: Results, *, workers: int = 1) -> list[FrameScore]:
    """Score every frame alone.

    Args:
        results: see :func:`load_results`.
        workers: processes to use.

    Returns:
        From the worst mIoU to the best; frames without a labelled pixel are left out.

    Raises:
        InputError: see :func:`read_pair`; all bad frames are named, up to ten.
    """
    function = partial(_score, num_classes=len(results.scores.names))
    scores = every(function, results.frames, workers=workers, title="frames")
    return sorted(
        (score for score in scores if not np.isnan(score.pixel_accuracy)),
        key=lambda score: score.miou,
    )


def _score(frame: SavedFrame, num_classes: int) -> FrameScore:
    matrix = confusion_matrix(*read_pair(frame, num_classes), num_classes)
    scores = Scores(matrix, 1, tuple(map(str, range(num_classes))))
    return FrameScore(frame, scores.miou, scores.pixel_accuracy)


@dataclass(frozen=True)
class BoundaryIou:
    """IoU near the outlines, see :func:`boundary_iou`.

    Attributes:
        widths: (K,) int, in pixels.
        iou: (K, C) float64, 0 to 1; nan for a class in neither truth nor prediction.
    """

    widths: np.ndarray
    iou: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """(K,) float64: the mean over the classes that are not absent."""
        return np.nanmean(self.iou, axis=1)


def boundary_iou(
    results: Results, widths: tuple[int, ...] = (1, 2, 4, 8), *, workers: int = 1
) -> BoundaryIou:
    """Measure how well outlines are met (Cheng et al. 2021, arXiv:2103.16562).

    Boundary IoU of a class is the IoU of two bands: the true pixels of the class within
    ``width`` of the outline of the true mask, and the predicted ones within it of the outline
    of the predicted mask. Both bands lie inside their masks. The distance is that of the
    authors' code, ``width`` erosions by 3 x 3 pixels, and as there a mask also ends at the
    edge of the image. As for IoU, pixels of all frames are added before the division; ignored
    pixels belong to no mask. The wider the band, the nearer the result is to plain IoU.

    Args:
        results: see :func:`load_results`.
        widths: in pixels, each from 1. The authors take 0.5 % of the diagonal for Cityscapes,
            11 pixels at 2048x1024; that is 3 at 512x256.
        workers: processes to use.

    Returns:
        The scores by width and class.

    Raises:
        InputError: a width below 1; else see :func:`read_pair`; all bad frames are named, up
            to ten.
    """
    if not widths or min(widths) < 1:
        raise InputError(f"widths are {widths}; give whole numbers of pixels from 1")
    function = partial(_count_bands, num_classes=len(results.scores.names), widths=widths)
    both, either = np.sum(
        every(function, results.frames, workers=workers, title="outlines"), axis=0
    )
    iou = np.divide(both, either, out=np.full(both.shape, np.nan), where=either > 0)
    return BoundaryIou(np.array(widths), iou)


def _count_bands(frame: SavedFrame, num_classes: int, widths: tuple[int, ...]) -> np.ndarray:
    """(2, K, C) int64: the pixels in both bands, and in either."""
    truth, prediction = read_pair(frame, num_classes)
    prediction = np.where(truth == IGNORE, IGNORE, prediction).astype(np.uint8)
    counts = np.zeros((2, len(widths), num_classes), np.int64)
    for row, width in enumerate(widths):
        true, predicted = _band(truth, width), _band(prediction, width)
        both = true & predicted & (truth == prediction)
        of_both, of_true, of_predicted = (
            np.bincount(classes[band], minlength=256)[:num_classes]
            for classes, band in ((truth, both), (truth, true), (prediction, predicted))
        )
        counts[:, row] = of_both, of_true + of_predicted - of_both
    return counts


def _band(classes: np.ndarray, width: int) -> np.ndarray:
    """(H, W) bool: another class, or the edge of the image, is within ``width`` pixels."""
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    # Beyond the edge stands IGNORE, the highest value, so that one filter sees the edge.
    highest = cv2.dilate(classes, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=IGNORE)
    lowest = cv2.erode(classes, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=IGNORE)
    return (highest != classes) | (lowest != classes)
