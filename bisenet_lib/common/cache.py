"""Files that are made once and kept in the user's own cache folder, and verified before use.

No other user may write there. A file's name says what it was made from, and holds the checksum
of its content.
Taught in ``06_deployment``.
"""

import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bisenet_lib.errors import InputError

MOST_FILES = 32
"""How many files stay: those that were used last."""
IN_USE_SECONDS = 600
"""A file that was used within this time stays too: a process may be about to open it."""
LEFT_OVER_SECONDS = 86_400
"""An unfinished file older than this was left by a killed process, on this host or another."""


def digest(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kept(key: str, suffix: str, make: Callable[[Path], None]) -> Path:
    """The file that is kept under a key, made if it is not there yet.

    Args:
        key: letters and digits that stand for the file's source and for the program that made it.
        suffix: of the file, such as ``.onnx``.
        make: writes the file to the path it is given.

    Returns:
        The file, with the content that ``make`` wrote: a file that was changed, cut off or
        written by another user is made again.

    Raises:
        InputError: there is no cache folder that belongs to the user alone, or the file cannot
            be written.
    """
    folder = _private_folder()
    for path in folder.glob(f"{key}-*{suffix}"):
        if _is_whole(path):
            return path
    part = None
    try:
        handle, name = tempfile.mkstemp(suffix, ".", folder)
        os.close(handle)
        part = Path(name)
        make(part)
        path = folder / f"{key}-{digest(part)}{suffix}"
        part.replace(path)
        _drop_oldest(folder, suffix)
    except OSError as error:
        raise _unusable(folder, f"a file cannot be written: {error.strerror or error}") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return path


def _private_folder() -> Path:
    """``bisenet`` in the user's cache folder (XDG Base Directory Specification)."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    folder = base / "bisenet"
    try:
        if not base.is_absolute():  # the specification says to ignore such a value
            base = Path.home() / ".cache"
            folder = base / "bisenet"
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = folder.lstat()
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home
        raise _unusable(folder, getattr(error, "strerror", None) or str(error)) from error
    if not stat.S_ISDIR(status.st_mode):
        raise _unusable(folder, "a link or a file")
    if status.st_uid != os.geteuid():
        raise _unusable(folder, "it belongs to another user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _unusable(folder, "other users may write there")
    return folder


def _unusable(folder: Path, why: str) -> InputError:
    return InputError(
        f"{folder}: cannot keep exported networks ({why}). Remove or repair it, or set "
        "XDG_CACHE_HOME to another folder of yours."
    )


def _is_whole(path: Path) -> bool:
    """Verify a file and, if it is right, mark it as used now."""
    try:
        status = path.lstat()
        is_own = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
        whole = is_own and path.stem.rpartition("-")[2] == digest(path)
        if whole:
            os.utime(path)
    except OSError:  # another process has just deleted it
        return False
    return whole


def _drop_oldest(folder: Path, suffix: str) -> None:
    now, ages = time.time(), {}
    for path in folder.glob(f"*{suffix}"):
        with suppress(FileNotFoundError):
            ages[path] = now - path.lstat().st_mtime
    finished = sorted((path for path in ages if path.name[0] != "."), key=lambda path: ages[path])
    surplus = [path for path in finished[MOST_FILES:] if ages[path] > IN_USE_SECONDS]
    left_over = [path for path in ages.keys() - finished if ages[path] > LEFT_OVER_SECONDS]
    for path in surplus + left_over:
        with suppress(OSError):
            path.unlink()
