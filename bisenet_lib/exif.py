"""How a photograph was turned. Image and label are turned alike here, and not by a decoder.

OpenCV obeys the EXIF orientation, in formats that change with its version; Pillow does not.

Taught in ``07_your_own_data``.
"""

import struct

import numpy as np
from PIL import Image

__all__ = ["orientation", "size_upright", "turned"]

_TAG = 0x0112
_ON_ITS_SIDE = (5, 6, 7, 8)
"""The orientations that swap width and height."""


def orientation(image: Image.Image) -> int:
    """How an opened file has to be turned.

    Args:
        image: an opened file.

    Returns:
        1 to 8 as in EXIF; 1 means as it is. That is so for TIFF files too: every decoder turns
        them itself.
    """
    if image.format not in ("JPEG", "MPO", "PNG", "WEBP"):
        return 1
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif"))
        found = exif.get(_TAG)
    except (OSError, SyntaxError, ValueError, KeyError, struct.error):  # damaged: no orientation
        return 1
    return found if found in range(2, 9) else 1


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn or mirror pixels.

    Args:
        pixels: (H, W) or (H, W, C), as they lie in the file.
        orientation: 1 to 8, see :func:`orientation`.

    Returns:
        The pixels as they are looked at, contiguous; the same array for 1.
    """
    if orientation == 1:
        return pixels
    if orientation in _ON_ITS_SIDE:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def size_upright(image: Image.Image) -> tuple[int, int]:
    """The (width, height) of an opened file once it is turned."""
    return image.size[::-1] if orientation(image) in _ON_ITS_SIDE else image.size
