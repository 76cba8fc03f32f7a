"""Predictions on disk: one PNG a frame, checked against the truth they are scored on.

Taught in ``05_evaluation``.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bisenet_lib.data.image_files import output_names
from bisenet_lib.data.label_io import read_label
from bisenet_lib.errors import InputError


def prediction_files(images: Sequence[Path]) -> dict[Path, str]:
    """The file of each image's prediction, below the folder of predictions.

    Args:
        images: of a data set.

    Returns:
        By image ``STEM.png``; where two images have one stem, all are named by their path below
        the folder they are all in, see :func:`bisenet_lib.data.image_files.output_names`.
    """
    paths = {image: Path(os.path.abspath(image)) for image in images}  # noqa: PTH100  (no links)
    flat = [Path(path.name) for path in paths.values()]
    names = output_names(flat, Path())
    if any(name != path.stem for name, path in zip(names, flat, strict=True)):
        common = Path(os.path.commonpath([path.parent for path in paths.values()]))
        names = output_names(list(paths.values()), common)
    return {image: f"{name}.png" for image, name in zip(paths, names, strict=True)}


def read_prediction(path: Path, truth: np.ndarray, values: int, what: str) -> np.ndarray:
    """Read a prediction and check that it can be scored on a truth.

    Args:
        path: an 8-bit PNG of one channel; of a palette PNG the index counts.
        truth: (H, W), what it is scored on.
        values: a pixel holds 0 to ``values - 1``.
        what: what the values are, for the message: ``label ids`` or ``classes``.

    Returns:
        (H, W) uint8.

    Raises:
        InputError: the file is missing, damaged, not of that kind, of another size than the
            truth, or holds another value.
    """
    if not path.is_file():
        raise InputError(f"{path}: no prediction. Evaluate the data set with --save-dir.")
    predicted = read_label(path)
    if predicted.shape != truth.shape:
        height, width = predicted.shape
        raise InputError(
            f"{path}: a prediction of {width}x{height} pixels, its truth has "
            f"{truth.shape[1]}x{truth.shape[0]}. Predict the frame at its own size."
        )
    wrong = predicted >= values
    if wrong.any():
        examples = ", ".join(str(value) for value in np.unique(predicted[wrong])[:5])
        raise InputError(
            f"{path}: a prediction with the value {examples} in {wrong.sum()} pixels; {what} are 0 "
            f"to {values - 1}. Predict the frame again, with the classes of this data set."
        )
    return predicted
