"""Photographs from anywhere: finding and reading them. Taught in ``06_deployment``."""

import os
from pathlib import Path

import cv2
import numpy as np

from bisenet_lib.errors import InputError, refuse
from bisenet_lib.folders import PICTURES, VIDEOS, files_below
from bisenet_lib.labelfiles import check_image

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_UNREAD = (PICTURES | VIDEOS).difference(SUFFIXES)


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


def read_image(path: Path) -> np.ndarray:
    """Read a photograph the way it is looked at: turned as its EXIF orientation says.

    Args:
        path: the file.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        InputError: the file is missing, damaged, or no image.
    """
    check_image(path)
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"{path}: cannot be decoded. Restore the file, or save it as PNG.")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
