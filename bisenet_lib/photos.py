"""Photographs from anywhere: finding and reading them. Taught in ``06_deployment``."""

from pathlib import Path

import cv2
import numpy as np

from bisenet_lib.errors import InputError
from bisenet_lib.labelfiles import check_image

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def find_images(folder: Path, *, apart_from: Path | None = None) -> list[Path]:
    """Find the images in a folder and the folders below it.

    Args:
        folder: where to look. Hidden files are passed over.
        apart_from: a folder below it that is passed over.

    Returns:
        Their paths, sorted.

    Raises:
        InputError: no such folder, or no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of images")
    hidden = Path(apart_from).resolve() if apart_from else None
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES
        and not path.name.startswith(".")
        and path.is_file()
        and hidden not in path.resolve().parents
    ]
    if not found:
        raise InputError(f"{folder}: no image in it or below ({', '.join(SUFFIXES)})")
    return found


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
