"""Photographs from anywhere: finding and reading them. Taught in ``06_deployment``."""

import io
import os
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bisenet_lib.errors import InputError, refuse
from bisenet_lib.exif import orientation, turned
from bisenet_lib.folders import PICTURES, VIDEOS, files_below
from bisenet_lib.labelfiles import Size, check_image

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
DARK_BITS = 14
"""Cameras have 10, 12 or 14 bits: a 16-bit file without a higher value was not scaled to 16."""
_UNREAD = (PICTURES | VIDEOS).difference(SUFFIXES)
_BLACK = "the network would see black. Scale the values to 0 to 255 and save them as 8 bits."


def find_images(folder: Path, *, apart_from: Path | None = None) -> tuple[list[Path], list[str]]:
    """Find the images in a folder and the folders below it.

    Args:
        folder: where to look, see :func:`bisenet_lib.folders.files_below`.
        apart_from: a folder below it that is left out.

    Returns:
        Their paths, sorted; and a sentence for each picture of a kind that is not read, and for
        each video.

    Raises:
        InputError: no such folder, or no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of images")
    hidden = Path(apart_from).resolve() if apart_from else None
    files = [one for one in files_below(folder) if hidden not in _real(one).parents]
    images = [file for file in files if file.suffix.lower() in SUFFIXES]
    unread = [_not_read(file) for file in files if file.suffix.lower() in _UNREAD]
    if not images:
        nothing = f"{folder}: no image in it or below ({', '.join(SUFFIXES)})"
        refuse([nothing, *unread])
    return images, unread


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises for a link to itself


def _not_read(path: Path) -> str:
    if path.suffix.lower() in VIDEOS:
        return f"{path}: a video, passed over. Give it by itself: bisenet predict MODEL {path}"
    return f"{path}: pictures of this kind are not read. Save it as JPEG or PNG."


def output_names(paths: Sequence[Path], folder: Path) -> list[str]:
    """Names for the files that are made of images: no two images get the same one.

    Args:
        paths: the images, each once.
        folder: they lie in it, or below it.

    Returns:
        For each its path below the folder without the suffix; with it where two would be the
        same, also on a disk that does not tell ``A`` from ``a``.
    """
    inside = [path.relative_to(folder) for path in paths]
    bare = [str(path.with_suffix("")) for path in inside]
    count = Counter(map(_folded, bare))
    names = [
        str(path) if count[_folded(name)] > 1 else name
        for path, name in zip(inside, bare, strict=True)
    ]
    distinct = len(set(map(_folded, names))) == len(names)
    return names if distinct else [str(path) for path in inside]


def siblings(path: Path, suffixes: Collection[str]) -> list[Path]:
    """A file and those beside it that have one of the suffixes, sorted."""
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    return sorted({path, *(one for one in beside if one.suffix.lower() in suffixes)})


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def check_photograph(path: Path, *, modes: tuple[str, ...] = (), decode: bool = False) -> Size:
    """Check that a photograph is there, whole, and for OpenCV as bright as it was taken.

    Of 16 bits OpenCV takes the upper 8. Where a camera of 12 bits has written its values as they
    are, there is next to nothing in those: the network would see black.

    Args:
        path: see :func:`bisenet_lib.labelfiles.check_image`.
        modes: likewise.
        decode: likewise; a file of 16 bits is always decoded.

    Returns:
        (width, height) in pixels, turned as its EXIF orientation says.

    Raises:
        InputError: see :func:`bisenet_lib.labelfiles.check_image`; or it holds more than 8 bits
            and does not use them all.
    """
    size = check_image(path, modes=modes, decode=decode)
    with Image.open(path) as image:
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

    It takes the place of ``cv2.imread``, which knows only names that UTF-8 can spell.

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
    with Image.open(io.BytesIO(content)) as header:
        return turned(image, orientation(header))


def read_image(path: Path) -> np.ndarray:
    """Read a photograph the way it is looked at: turned as its EXIF orientation says.

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
