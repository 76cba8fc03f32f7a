"""The files below a folder, and which of them are pictures or videos by their names.

Taught in ``06_deployment`` and ``07_your_own_data``.
"""

import os
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from bisenet_lib.errors import InputError, refuse

_RAW = {".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2"}
_WEB_AND_PHONE = {".avif", ".gif", ".heic", ".heif", ".jxl", ".webp"}
_OTHER = {".bmp", ".jp2", ".pbm", ".pgm", ".pnm", ".ppm", ".tga", ".tif", ".tiff"}
PICTURES = frozenset({".jfif", ".jpe", ".jpeg", ".jpg", ".png"} | _RAW | _WEB_AND_PHONE | _OTHER)
"""Suffixes of pictures, also of kinds that no command reads: these are reported, not skipped."""
VIDEOS = frozenset(
    {".3gp", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"}
)
"""Suffixes of videos."""
SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_UNREAD = (PICTURES | VIDEOS).difference(SUFFIXES)


def composed(name: str) -> str:
    """A name with accents and letters in one character, as names are compared.

    macOS and the archives it makes hold them as two characters.
    """
    return unicodedata.normalize("NFC", name)


def files_below(folder: Path) -> list[Path]:
    """Find the files in a folder and the folders below it.

    Symbolic links to folders are followed, except those that lead back to a folder they stand in.

    Args:
        folder: where to look. Files and folders whose names begin with a dot are left out.

    Returns:
        The files, sorted; also links to missing files, which are refused when they are read.

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


def find_images(folder: Path, *, apart_from: Path | None = None) -> tuple[list[Path], list[str]]:
    """Find the images in a folder and the folders below it.

    Args:
        folder: where to look, see :func:`bisenet_lib.data.image_files.files_below`.
        apart_from: a folder in it that is left out.

    Returns:
        Their paths, sorted; and a sentence for each picture of a kind that is not read, and for
        each video.

    Raises:
        InputError: no such folder, or no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of images")
    excluded = Path(apart_from).resolve() if apart_from else None
    files = [file for file in files_below(folder) if excluded not in _real(file).parents]
    images = [file for file in files if file.suffix.lower() in SUFFIXES]
    unread = [_not_read(file) for file in files if file.suffix.lower() in _UNREAD]
    if not images:
        fault = f"{folder}: no image in it or below ({', '.join(SUFFIXES)})"
        refuse([fault, *unread])
    return images, unread


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises for a link to itself


def _not_read(path: Path) -> str:
    if path.suffix.lower() in VIDEOS:
        return f"{path}: a video, passed over. Give it by itself: bisenet predict MODEL {path}"
    return f"{path}: pictures of this kind are not read. Save it as JPEG or PNG."


def output_names(paths: Sequence[Path], folder: Path) -> list[str]:
    """Names for the files that are made of images: no two images get the same name.

    Args:
        paths: the images, each once.
        folder: they lie in it, or below it.

    Returns:
        The path of each image below the folder, without the suffix. Where two of them would be
        the same, also on a disk that does not distinguish ``A`` and ``a``, the suffix stays.
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
    return sorted({path, *(file for file in beside if file.suffix.lower() in suffixes)})


def _folded(name: str) -> str:
    return composed(name).casefold()
