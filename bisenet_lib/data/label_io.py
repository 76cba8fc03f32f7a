"""Reading and writing label images.

Taught in ``01_dataset``.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from bisenet_lib.common.atomic_files import written_whole
from bisenet_lib.data.image_io import (
    Size,
    check_end,
    check_mode,
    check_size,
    opened_image,
    orientation,
    size_upright,
    turn,
)
from bisenet_lib.data.labels import IGNORE, LABELS, NUM_CLASSES, class_colours
from bisenet_lib.errors import InputError

_HIGHEST_ID = max(label.id for label in LABELS)


def _read(path: Path, size: Size | None, modes: tuple[str, ...], use: str) -> np.ndarray:
    with opened_image(path) as image:
        check_mode(path, image.mode, modes, use)
        check_size(path, size_upright(image), size)
        if image.format == "JPEG":
            raise InputError(f"{path}: a JPEG changes label values; save labels as PNG.")
        check_end(path, image)
        return turn(np.asarray(image), orientation(image))


def read_label(path: Path | str, size: Size | None = None) -> np.ndarray:
    """Read a label image of any data set: each pixel holds the index of its class.

    This is what PaddleSeg's transforms read: the palette index, where there is a palette.
    Taught in ``01_dataset``.

    Args:
        path: a PNG of mode L (grey, 8 bit) or P (palette).
        size: (width, height) it must have, or None for any.

    Returns:
        (H, W) uint8.

    Raises:
        InputError: the file is missing, damaged, of another size, or holds colours.
    """
    return _read(Path(path), size, ("L", "P"), "a label of class indices")


def _wrong_values(path: Path, values: np.ndarray, wrong: np.ndarray, allowed: str) -> InputError:
    row, column = np.argwhere(wrong)[0]
    listed = ", ".join(str(value) for value in np.unique(values[wrong])[:5])
    return InputError(
        f"{path}: value {listed} outside the classes (first at row {row}, column {column}, "
        f"{int(wrong.sum())} pixels); {allowed}."
    )


def read_classes(
    path: Path,
    size: Size | None = None,
    *,
    num_classes: int = NUM_CLASSES,
    ignore_index: int = IGNORE,
    modes: tuple[str, ...] = ("L", "P"),
) -> np.ndarray:
    """Read a label image and check that every pixel is a class or ignored.

    Args:
        path: see :func:`read_label`.
        size: (width, height) it must have, or None for any.
        num_classes: classes are 0 to ``num_classes - 1``.
        ignore_index: the one other value allowed.
        modes: the Pillow modes allowed.

    Returns:
        (H, W) uint8.

    Raises:
        InputError: see :func:`read_label`; or a pixel holds another value.
    """
    values = _read(path, size, modes, "a label of class indices")
    wrong = (values >= num_classes) & (values != ignore_index)
    if wrong.any():
        are_ids = num_classes == NUM_CLASSES and values[wrong].max() <= _HIGHEST_ID
        advice = (
            "These look like label ids: take the labelTrainIds that `bisenet convert --force` makes"
            if are_ids
            else "Restore the file"
        )
        allowed = f"classes are 0 to {num_classes - 1}, and {ignore_index} is ignored. {advice}"
        raise _wrong_values(path, values, wrong, allowed)
    return values


def _checked_ids(path: Path, ids: np.ndarray) -> np.ndarray:
    if ids.max() > _HIGHEST_ID:
        raise _wrong_values(
            path, ids, ids > _HIGHEST_ID, f"label ids are 0 to {_HIGHEST_ID}. Restore the file"
        )
    return ids


def read_label_ids(path: Path, size: Size | None = None) -> np.ndarray:
    """Read an official ``_labelIds.png``.

    Args:
        path: a PNG of mode L.
        size: (width, height) it must have, or None for any.

    Returns:
        (H, W) uint8 of label ids, 0 to 33.

    Raises:
        InputError: the file is missing, damaged, of another mode or size, or holds a value
            that is no label id.
    """
    return _checked_ids(path, _read(path, size, ("L",), "a labelIds image"))


def read_instances(path: Path, size: Size | None = None) -> np.ndarray:
    """Read an official ``_instanceIds.png`` as it is.

    Args:
        path: a 16-bit grey PNG.
        size: (width, height) it must have, or None for any.

    Returns:
        (H, W) uint16: ``id * 1000 + number`` for an instance; below 1000 the label id itself.

    Raises:
        InputError: see :func:`read_label_ids`.
    """
    values = _read(path, size, ("I;16", "I"), "an instanceIds image")
    _checked_ids(path, np.where(values >= 1000, values // 1000, values))
    return values.astype(np.uint16)


def read_instance_ids(path: Path, size: Size | None = None) -> np.ndarray:
    """Read the label ids out of an official ``_instanceIds.png``.

    Args:
        path: see :func:`read_instances`.
        size: (width, height) it must have, or None for any.

    Returns:
        (H, W) uint8 of label ids, 0 to 33.

    Raises:
        InputError: see :func:`read_label_ids`.
    """
    values = read_instances(path, size)
    return np.where(values >= 1000, values // 1000, values).astype(np.uint8)


def write_classes(path: Path, classes: np.ndarray, num_classes: int) -> None:
    """Write classes as a palette PNG: its index is the class, its colour is for the viewer.

    Args:
        path: the file, written whole or not at all.
        classes: (H, W) uint8.
        num_classes: how many there are, which decides the colours.

    Raises:
        InputError: the folder cannot be written to.
    """
    with written_whole(path) as part:
        palette_image(classes, num_classes).save(part)


def palette_image(
    classes: np.ndarray, num_classes: int, colours: Sequence[tuple[int, int, int]] | None = None
) -> Image.Image:
    """Classes as an image whose index is the class and whose colour is for the viewer.

    Args:
        classes: (H, W) uint8; values that are no class, as 255, are black.
        num_classes: how many there are, which decides the colours.
        colours: of the classes, RGB; None takes those of
            :func:`bisenet_lib.data.labels.class_colours`.
    """
    palette = np.zeros(
        (256, 3), np.uint8
    )  # with fewer entries, Pillow would cut off bits of high values
    palette[:num_classes] = class_colours(num_classes) if colours is None else colours
    image = Image.fromarray(classes, "P")
    image.putpalette(palette.tobytes())
    return image
