"""What is around the code of a learner: its own file system, limits, and a hook.

Only Python's own modules are used here, since it runs before anything else is loaded: threads of a
library would keep their privileges. What the walls hold is told in
:mod:`bisenet_lib.course.grading`.
"""

import ctypes
import os
import re
import resource
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

NAMESPACES = ("-U", "-r", "-m", "-n", "-i", "-u", "-p", "-f", "--mount-proc", "--kill-child")
UNSHARE = ("setpriv", "--pdeathsig", "KILL", "unshare", *NAMESPACES)
"""Starts a process in a user, mount, network, IPC, host name and process namespace of its own, as
their administrator; the death of who starts it ends it (``man setpriv``, ``man unshare``)."""
HOME = "/home"
"""The folder that can be written to, inside."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
FILE_BYTES = 16 << 20
OPEN_FILES = 64
PROCESSES = 32
"""The judge ends a cell that starts more; the system, which is quicker, at twice as many."""

# From mount.h, prctl.h and capability.h of Linux.
MS_NOSUID, MS_NODEV, MS_BIND, MS_MOVE, MS_REC = 2, 4, 4096, 8192, 16384
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
PR_SET_NO_NEW_PRIVS, CAPABILITY_VERSION_3 = 38, 0x20080522

REFUSED = re.compile(r"socket\.|subprocess\.|pty\.|os\.(fork|exec|posix_spawn|spawn|system|kill)")
CHANGES = re.compile(
    r"os\.(chmod|chown|link|mkdir|remove|rename|rmdir|symlink|truncate|utime|setxattr|removexattr)$"
)
"""How audit events begin that end in an error, and those that change files
(docs.python.org, Audit events table)."""


def enter(folder: str, readable: Sequence[str], hidden: Sequence[str]) -> None:
    """Replace the file system by one with a few read-only folders, and give up all privileges.

    The process must have been started by :data:`UNSHARE`. The working folder becomes
    :data:`HOME`, which is empty and in memory.

    Args:
        folder: an empty one, covered by the new file system.
        readable: folders and files that are there, under the same paths.
        hidden: folders and files below them that are empty.

    Raises:
        OSError: the system does not allow it.
    """
    root = Path(folder)
    _mount("tmpfs", folder, MS_NOSUID, "tmpfs", "size=1m")
    for path in map(Path, readable):
        target = root / path.relative_to("/")
        (target if path.is_dir() else target.parent).mkdir(parents=True, exist_ok=True)
        if not path.is_dir():
            target.touch()
        _mount(str(path), str(target), MS_BIND | MS_REC)
    for path in map(Path, hidden):
        if path.is_dir():
            _mount("tmpfs", folder + str(path), MS_NOSUID, "tmpfs", "size=1m")
        else:
            _mount("/dev/null", folder + str(path), MS_BIND)
    (root / "home").mkdir(exist_ok=True)
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY)  # to set, to clear, propagation, user
    words = (ctypes.c_int(AT_FDCWD), folder.encode(), ctypes.c_uint(AT_RECURSIVE), attributes)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    _call("syscall", ctypes.c_long(SYS_MOUNT_SETATTR), *words, size)
    _mount("tmpfs", folder + HOME, MS_NOSUID | MS_NODEV, "tmpfs", "size=64m,nr_inodes=4096")
    os.chdir(folder)
    _mount(".", "/", MS_MOVE)
    os.chroot(".")
    os.chdir(HOME)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _mount(source: str, target: str, flags: int, kind: str = "", options: str = "") -> None:
    words = (source.encode(), target.encode(), kind.encode() or None)
    _call("mount", *words, ctypes.c_ulong(flags), options.encode() or None)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def limit(seconds: int, megabytes: int, *, isolated: bool) -> None:
    """Limit this process from now on; what it has used until now does not count.

    Args:
        seconds: of processor time.
        megabytes: of memory.
        isolated: in namespaces; otherwise all processes of the user would be counted as its own.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    limits = {
        resource.RLIMIT_CPU: int(used.ru_utime + used.ru_stime) + seconds + 2,
        resource.RLIMIT_FSIZE: FILE_BYTES,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    if isolated:
        limits[resource.RLIMIT_NPROC] = 2 * PROCESSES
    with suppress(OSError):  # macOS has no such file, and does not limit the memory either
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + (megabytes << 20)
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


def refuse_the_rest() -> None:
    """Refuse network, processes, signals, and changes outside the working folder, in Python."""
    home = os.path.realpath(".")

    def outside(path: object) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False  # an open file
        whole = os.path.realpath(os.fsdecode(path))
        return whole != os.devnull and not (whole + os.sep).startswith(home + os.sep)

    def hook(event: str, arguments: tuple) -> None:
        if REFUSED.match(event):
            raise PermissionError(f"{event}: not allowed while grading")
        if event == "open":
            changes = arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        else:
            changes = CHANGES.match(event)
        if changes and any(map(outside, arguments[:2])):
            raise PermissionError(f"{event} {arguments[0]!r}: outside of the folder of this answer")

    sys.addaudithook(hook)
