"""The files below a folder, and which of them are pictures or videos by their names.

Taught in ``06_deployment`` and ``07_your_own_data``.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from bisenet_lib.errors import InputError

__all__ = ["PICTURES", "VIDEOS", "files_below"]

_RAW = {".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2"}
_WEB_AND_PHONE = {".avif", ".gif", ".heic", ".heif", ".jxl", ".webp"}
_OTHER = {".bmp", ".jp2", ".pbm", ".pgm", ".pnm", ".ppm", ".tga", ".tif", ".tiff"}
PICTURES = frozenset({".jfif", ".jpe", ".jpeg", ".jpg", ".png"} | _RAW | _WEB_AND_PHONE | _OTHER)
"""Suffixes of pictures, also of those that no command reads: none is passed over silently."""
VIDEOS = frozenset(
    {".3gp", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"}
)
"""Suffixes of videos."""


def files_below(folder: Path) -> list[Path]:
    """Find the files in a folder and the folders below it.

    Symbolic links to folders are followed, except those that lead back to a folder they stand in.

    Args:
        folder: where to look. Files and folders whose names begin with a dot are left out.

    Returns:
        The files, sorted; also links to files that are gone, which reading then names.

    Raises:
        InputError: a folder cannot be read.
    """
    folder = Path(folder)
    return sorted(_walk(folder, frozenset(folder.resolve().parents)))


def _walk(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    real = folder.resolve()
    if real in above:
        return
    try:
        entries = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be read ({error.strerror}). Change its permissions, or take it out."
        ) from error
    for entry in entries:
        path, linked = folder / entry.name, entry.is_symlink()
        if path.is_dir() if linked else entry.is_dir():
            yield from _walk(path, above | {real})
        elif linked or entry.is_file():
            yield path
