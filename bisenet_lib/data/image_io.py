"""Photographs of any kind: checking and reading them. Taught in ``06_deployment``."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from bisenet_lib.errors import InputError

Size = tuple[int, int]
"""(width, height) in pixels."""

MOST_PIXELS = 200_000_000
"""The most pixels of an image or label. Photographs have fewer; a small file can declare more, so
that decoding it would fill the memory."""
LONGEST_SIDE = 65_500
"""The longest side of an image, in pixels: a JPEG can have no more."""
_TAIL = 1024
"""The end marker of a file is looked for in this number of bytes at its end."""
_TOO_MANY = (
    f"a huge size; at most {MOST_PIXELS // 10**6} million pixels are read, and {LONGEST_SIDE} a "
    "side. Scale it down, cut it into parts, or restore the file."
)
_TAG = 0x0112
_ON_ITS_SIDE = (5, 6, 7, 8)
"""The orientations that swap width and height."""
DARK_BITS = 14
"""Cameras have 10, 12 or 14 bits: a 16-bit file without a higher value was not scaled up."""
_BLACK = "the network would see black. Scale the values to 0 to 255 and save them as 8 bits."


@cache
def set_pillow_limit() -> None:
    """Set Pillow's own limit of pixels to :data:`MOST_PIXELS`, for the rest of the process.

    From twice the limit on Pillow refuses a file, and below that it warns; the warning is turned
    off, since :func:`check_pixels` refuses such files. Pillow has one limit for all threads, and
    images are opened in several: restoring it after each file would race with the others.
    """
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def pillow_image(source: Path | io.BytesIO) -> ImageFile.ImageFile:
    """``Image.open`` with this library's limit of pixels, see :func:`set_pillow_limit`."""
    set_pillow_limit()
    return Image.open(source)


@contextmanager
def opened_image(path: Path) -> Iterator[Image.Image]:
    """An opened image, not decoded yet.

    Raises:
        InputError: the file is missing, no image or too large; or the body cannot decode it.
    """
    try:
        with pillow_image(path) as image:
            check_pixels(path, image.size)
            yield image
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: missing. Check the path, restore the file, or remove the frame."
        ) from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{path}: {_TOO_MANY}") from error
    except UnidentifiedImageError as error:
        raise InputError(
            f"{path}: no image ({path.stat().st_size} bytes). Restore the file."
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise InputError(f"{path}: unreadable ({error}). Restore the file.") from error


def check_end(path: Path, image: Image.Image) -> None:
    """Refuse a truncated file: its end marker is missing, or, without a marker, decoding fails."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        tail = file.read()
    if image.format == "PNG":
        if b"IEND\xaeB`\x82" not in tail:
            raise InputError(f"{path}: truncated: the end of the PNG is missing. Restore the file.")
    elif image.format != "JPEG" or b"\xff\xd9" not in tail:
        image.load()


def check_pixels(path: Path, size: Size) -> None:
    """Refuse an image of more than :data:`MOST_PIXELS`, or :data:`LONGEST_SIDE`.

    Raises:
        InputError: (width, height) of ``size`` is more.
    """
    if size[0] * size[1] > MOST_PIXELS or max(size) > LONGEST_SIDE:
        raise InputError(f"{path}: {size[0]}x{size[1]} pixels: {_TOO_MANY}")


def check_size(path: Path, size: Size, expected: Size | None) -> None:
    """Refuse a file whose (width, height) is not that of its image.

    Raises:
        InputError: ``expected`` is given and not equal to ``size``.
    """
    if expected and size != expected:
        raise InputError(
            f"{path}: {size[0]}x{size[1]} pixels, its image has {expected[0]}x{expected[1]}. "
            "Restore the file, or remove the frame."
        )


def check_mode(path: Path, mode: str, allowed: tuple[str, ...], use: str) -> None:
    if mode not in allowed:
        what = {"P": "palette", "RGB": "colours", "RGBA": "colours"}.get(mode, "not for this use")
        raise InputError(
            f"{path}: mode {mode} ({what}); {use} has mode {' or '.join(allowed)}. "
            "Restore the file, or save it in that mode."
        )


def check_image(
    path: Path,
    size: Size | None = None,
    *,
    modes: tuple[str, ...] = (),
    decode: bool = False,
) -> Size:
    """Check that an image is there and whole.

    Args:
        path: PNG, JPEG or whatever Pillow reads.
        size: (width, height) it must have, or None for any.
        modes: the Pillow modes allowed; all if empty.
        decode: decode every pixel. Otherwise only the header and the end of the file are
            read, which is enough to find a truncated file.

    Returns:
        (width, height) in pixels: a photograph taken on its side is turned by its EXIF
        orientation, and its label has to be turned in the same way.

    Raises:
        InputError: the file is missing, truncated, damaged, or of another mode or size.
    """
    with opened_image(path) as image:
        if modes:
            check_mode(path, image.mode, modes, "this file")
        upright = size_upright(image)
        check_size(path, upright, size)
        check_end(path, image)
        if decode:
            image.load()
        return upright


def orientation(image: Image.Image) -> int:
    """How an opened file has to be turned.

    Args:
        image: an opened file.

    Returns:
        1 to 8 as in EXIF; 1 means as it is. TIFF files give 1 too: every decoder turns them
        itself.
    """
    if image.format not in ("JPEG", "MPO", "PNG", "WEBP"):
        return 1
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        value = exif.get(_TAG)
    except (OSError, SyntaxError, ValueError, KeyError, struct.error):  # damaged: no orientation
        return 1
    return int(value) if value is not None and value in range(2, 9) else 1


def turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn or mirror pixels.

    Args:
        pixels: (H, W) or (H, W, C), as they lie in the file.
        orientation: 1 to 8, see :func:`orientation`.

    Returns:
        The pixels as viewers show them, contiguous; the same array for 1.
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


def check_photograph(path: Path, *, modes: tuple[str, ...] = (), decode: bool = False) -> Size:
    """Check that a photograph exists, is whole, and does not become black in OpenCV.

    Of 16 bits OpenCV takes the upper 8. If a camera with 12 bits wrote its values unscaled, the
    upper 8 bits are almost 0, and the network would see black.

    Args:
        path: see :func:`bisenet_lib.data.image_io.check_image`.
        modes: likewise.
        decode: likewise; a file of 16 bits is always decoded.

    Returns:
        (width, height) in pixels, turned as its EXIF orientation says.

    Raises:
        InputError: see :func:`bisenet_lib.data.image_io.check_image`; or it holds more than 8 bits
            and does not use them all.
    """
    size = check_image(path, modes=modes, decode=decode)
    with pillow_image(path) as image:
        deep = any(";16" in str(tile.args) for tile in image.tile)
        if image.mode in ("F", "I"):
            raise InputError(f"{path}: values of 32 bits: {_BLACK}")
    if deep:
        highest = int(read_pixels(path, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH).max())
        if highest < 1 << DARK_BITS:
            raise InputError(f"{path}: 16 bits, and no value above {highest}: {_BLACK}")
    return size


def read_pixels(path: Path, flags: int = cv2.IMREAD_COLOR) -> np.ndarray:
    """Read a photograph's pixels, whatever its path is called and in whatever locale.

    It replaces ``cv2.imread``, which opens only names that can be encoded in UTF-8.

    Args:
        path: the file.
        flags: of ``cv2.imread``.

    Returns:
        (H, W, 3) BGR, turned as its EXIF orientation says.

    Raises:
        InputError: OpenCV cannot decode the file.
    """
    try:
        content = np.fromfile(path, np.uint8)
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
        image = cv2.imdecode(content, flags) if content.size else None
    except (OSError, cv2.error) as error:
        raise InputError(f"{path}: cannot be read ({error}). Restore the file.") from error
    if image is None:
        raise InputError(f"{path}: cannot be decoded. Restore the file, or save it as PNG.")
    with pillow_image(io.BytesIO(content.data)) as header:
        return turn(image, orientation(header))


def read_image(path: Path) -> np.ndarray:
    """Read a photograph as viewers show it: turned as its EXIF orientation says.

    Args:
        path: the file.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        InputError: the file is missing, damaged, or no photograph.
    """
    check_photograph(path)
    image = read_pixels(path)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)
