"""How a photograph was turned: ``cv2.imread`` obeys the EXIF orientation, Pillow leaves it.

Taught in ``07_your_own_data``.
"""

import struct

from PIL import Image

__all__ = ["orientation", "size_upright"]

_TAG = 0x0112
_ON_ITS_SIDE = (5, 6, 7, 8)
"""The orientations of which ``cv2.imread`` swaps width and height."""


def orientation(image: Image.Image) -> int:
    """The orientation ``cv2.imread`` acts on.

    It does so with JPEG and PNG files. Pillow turns TIFF files itself, and neither turns any
    other.

    Args:
        image: an opened file.

    Returns:
        1 to 8 as in EXIF; 1 means as it is.
    """
    if image.format not in ("JPEG", "MPO", "PNG"):
        return 1
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif"))
        found = exif.get(_TAG)
    except (OSError, SyntaxError, ValueError, KeyError, struct.error):  # cv2 passes over it too
        return 1
    return found if found in range(2, 9) else 1


def size_upright(image: Image.Image) -> tuple[int, int]:
    """The (width, height) ``cv2.imread`` gives."""
    return image.size[::-1] if orientation(image) in _ON_ITS_SIDE else image.size
