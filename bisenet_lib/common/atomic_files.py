"""Writing files and folders whole or not at all, also across a power cut.

A file's content goes to the disk (fsync) before the file gets its name, and the name after it, so
that after a power cut there is the old file or the new one, never an empty one.
"""

import codecs
import errno
import fcntl
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bisenet_lib.errors import InputError, refuse_address


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` and rename it onto ``path`` on success.

    Args:
        path: the file to write; missing parent folders are made.

    Yields:
        The temporary path, with the same suffix as ``path``. It is deleted if the
        body raises, so that a killed or failed run never leaves half a file at ``path``.

    Raises:
        InputError: the folder cannot be made or written to, or is an address.
    """
    path = Path(path)
    refuse_address(path)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        flush(part)
        part.replace(path)
        flush(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def folder_written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``path`` and rename it to ``path`` on success.

    Args:
        path: a folder that is not there yet, or is empty; missing parents are made.

    Yields:
        The temporary folder. It is deleted if the body raises.

    Raises:
        InputError: ``path`` holds something already, or cannot be written.
    """
    path = Path(path)
    refuse_address(path)
    if path.is_dir() and any(path.iterdir()):
        raise InputError(f"{path}: holds files already. Give a new folder, or empty this one.")
    whole = path.resolve()
    part = whole.with_name(f".{whole.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True)
        yield part
        for file in part.rglob("*"):
            flush(file)
        flush(part)
        part.replace(whole)
        flush(whole.parent)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def replace_folder(part: Path, folder: Path) -> None:
    """Give a finished folder its name, in place of an older one; one of the two always exists.

    A process killed between the two renames leaves the older one as ``.NAME.old``;
    :func:`restore_folder` brings it back.

    Args:
        part: the finished folder, beside ``folder``.
        folder: the name it gets.

    Raises:
        OSError: the folder cannot be renamed.
    """
    old = _old(folder)
    for file in part.rglob("*"):
        flush(file)
    flush(part)
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    part.rename(folder)
    flush(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def restore_folder(folder: Path) -> None:
    """Bring ``folder`` back after :func:`replace_folder` was killed between its two renames."""
    if folder.exists():
        shutil.rmtree(_old(folder), ignore_errors=True)
    else:
        _old(folder).rename(folder)


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Lock a folder against every other process that locks it (flock).

    The system removes the lock when the process ends, also when it is killed.

    Args:
        folder: made if it is missing; deleted again if nothing was written into it.

    Raises:
        InputError: another process writes there, or the folder cannot be made.
    """
    created = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise InputError(
            f"{folder}: another training writes there. Wait for it, or choose another --save-dir."
        ) from error
    except OSError:
        pass  # a network file system without locks
    try:
        yield
    finally:
        os.close(descriptor)
        if created:
            with suppress(OSError):
                folder.rmdir()


def flush(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder (fsync)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems have no fsync of a folder.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def unwritable(path: Path, error: OSError) -> InputError:
    """The error to raise where a file or folder cannot be written, as on a full disk."""
    return InputError(
        f"{path}: cannot be written ({error.strerror or error}). "
        "Choose another folder, or fix its permissions, or free space."
    )


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, whole or not at all.

    Raises:
        InputError: the folder cannot be made or written to.
    """
    with written_whole(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def read_lines(path: Path) -> list[str]:
    """Read a list of file names.

    Names are bytes: they are decoded as the system does it for file names, whatever the locale.
    A byte order mark, and blank lines at the end, come from editors and are left out.

    Args:
        path: a text file with one or more names a line.

    Returns:
        The lines, without their ends.

    Raises:
        InputError: it is no text.
        OSError: it cannot be read.
    """
    content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    if b"\0" in content:
        raise InputError(f"{path}: no list: it holds zero bytes. Save it as text in UTF-8.")
    lines = re.split("\r\n|\n|\r", os.fsdecode(content))
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def opened_list(path: str) -> io.StringIO:
    """A list of file names as :func:`read_lines` reads it, in place of an opened file."""
    return io.StringIO("\n".join(read_lines(Path(path))))


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a list of file names as :func:`read_lines` reads it, whole or not at all.

    Raises:
        InputError: the folder cannot be made or written to.
    """
    with written_whole(path) as part:
        part.write_bytes(os.fsencode("".join(f"{line}\n" for line in lines)))


@contextmanager
def utf8_path(path: Path) -> Iterator[Path]:
    """A path for libraries in C++, which expect every name in UTF-8.

    Args:
        path: a file or folder; it need not be there yet.

    Yields:
        The path itself, or a link to it where the locale encodes it differently.
    """
    try:
        is_utf8 = str(path).encode() == os.fsencode(path)
    except UnicodeEncodeError:
        is_utf8 = False
    if is_utf8:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / f"link{path.suffix}"
        link.symlink_to(path.absolute())
        yield link


def holds_weights(folder: Path) -> bool:
    """Whether weights lie in a folder or one below it: it is a checkpoint's or a run's."""
    return any(folder.glob("*.pdparams")) or any(folder.glob("*/*.pdparams"))


def delete(path: Path) -> None:
    """Delete a file, if it is there.

    Raises:
        InputError: it may not be deleted.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def clear_leftovers(folder: Path) -> None:
    """Delete what killed runs of the functions above left in ``folder``.

    The unfinished file of a process that still runs on this machine stays.

    Args:
        folder: where to look, not recursive; it need not exist.
    """
    for part in folder.glob(".*.part*"):
        pid = part.name.partition(".part")[0].rpartition(".")[2]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            if part.is_dir():
                shutil.rmtree(part, ignore_errors=True)
            with suppress(OSError):
                part.unlink()
