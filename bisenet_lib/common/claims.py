"""Folders that several processes share, also on several hosts: who is at work in which of them.

The system's own lock (flock) ends with its process, but a process on another host cannot ask who
holds it, and some network file systems have none. So a claim is a file that names host and process.
A process that is killed leaves it behind: on its own host one sees that the process has ended, on
another that its claim is no longer renewed.
"""

import errno
import fcntl
import json
import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from bisenet_lib.common.atomic_files import unwritable

CLAIM, LOCK = ".claim.json", ".lock"
RENEWED_SECONDS, LOST_SECONDS = 20.0, 300.0
"""How often a claim is renewed, and after what time without it one of another host is void."""
SAME_START_SECONDS = 5.0
"""A process that began so much later than a claim's has only got the number of it."""


@dataclass(frozen=True)
class Owner:
    """The process that a claim names: its host, its number, and when it began (epoch seconds)."""

    host: str
    pid: int
    began: float

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class Taken(Exception):  # noqa: N818  (not an error)
    """The folder is another process's, for now.

    Args:
        owner: that process.
    """

    def __init__(self, owner: Owner) -> None:
        super().__init__(str(owner))
        self.owner = owner


def this_process() -> Owner:
    """The owner of the claims that this process makes."""
    return Owner(platform.node(), os.getpid(), psutil.Process().create_time())


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[float]:
    """Keep other processes out of this block, for the same folder; they wait.

    For blocks of a moment. Where the file system has no locks nobody is kept out.

    Args:
        folder: made if it is missing.

    Yields:
        What time it is by the clock of the folder's disk, in epoch seconds.

    Raises:
        InputError: the folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a")
    except OSError as error:
        raise unwritable(folder, error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                raise unwritable(folder, error) from error
        os.utime(folder / LOCK)
        yield (folder / LOCK).stat().st_mtime


class Claim:
    """A folder claimed for this process; made by :func:`claimed`.

    Args:
        path: the file that says so.
        owner: this process.
    """

    def __init__(self, path: Path, owner: Owner) -> None:
        self.path, self.owner = path, owner

    def holds(self) -> bool:
        """Whether the claim is still this process's.

        It is not if the process, or its host, slept for so long that another took over.
        """
        return _read(self.path) == self.owner

    def renew(self, over: threading.Event) -> None:
        """Renew the claim until it is over, or another's."""
        while not over.wait(RENEWED_SECONDS) and self.holds():
            with suppress(OSError):
                os.utime(self.path)


@contextmanager
def claimed(folder: Path) -> Iterator[Claim]:
    """Claim a folder for this process, for the time of the block.

    Args:
        folder: made if it is missing.

    Yields:
        The claim.

    Raises:
        Taken: another process that is still there has it.
        InputError: the folder cannot be written to.
    """
    path = folder / CLAIM
    with one_at_a_time(folder) as now:
        owner = _owner(path, now)
        if owner is not None:
            raise Taken(owner)
        claim = Claim(path, this_process())
        _write(claim)
    over = threading.Event()
    renewing = threading.Thread(target=claim.renew, args=(over,), daemon=True)
    renewing.start()
    try:
        yield claim
    finally:
        over.set()
        renewing.join()
        if claim.holds():
            path.unlink()


def owner_of(folder: Path) -> Owner | None:
    """The process that has a folder; None if no process that is still there has. Writes nothing."""
    return _owner(folder / CLAIM, time.time())


def _owner(path: Path, now: float) -> Owner | None:
    try:
        renewed = path.stat().st_mtime
    except FileNotFoundError:
        return None
    owner = _read(path) or Owner("an unknown host", 0, 0)
    there = _runs(owner) if owner.host == platform.node() else now - renewed < LOST_SECONDS
    return owner if there else None


def _runs(owner: Owner) -> bool:
    """Whether a process of this host still runs; another may have got its number."""
    try:
        began = psutil.Process(owner.pid).create_time()
        return abs(began - owner.began) < SAME_START_SECONDS
    except psutil.Error:
        return False


def _read(path: Path) -> Owner | None:
    """The owner a claim names; None if there is none, or it was cut off by a power cut."""
    try:
        return Owner(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write(claim: Claim) -> None:
    """Write a claim; without locks, too, only one of two processes makes the file."""
    claim.path.unlink(missing_ok=True)
    try:
        with claim.path.open("x", encoding="utf-8") as file:
            json.dump(asdict(claim.owner), file)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise Taken(_read(claim.path) or Owner("an unknown host", 0, 0)) from None
    except OSError as error:
        claim.path.unlink(missing_ok=True)
        raise unwritable(claim.path.parent, error) from error
