"""What the machine offers this process."""

import ctypes
import io
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of ``mallopt``, see malloc.h."""
CUSTOM_DEVICE = "PADDLE_XCCL_BACKEND"
"""In the environment: the custom device that Paddle's launcher and its ranks use."""


def cores() -> int:
    """Processor cores this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@contextmanager
def said_nothing() -> Iterator[None]:
    """Keep what Python and native code write off the screen, unless the body fails.

    For the time of the body this holds for the whole process, its other threads included.
    """
    said = io.StringIO()
    with tempfile.TemporaryFile() as kept:
        before = [os.dup(1), os.dup(2)]
        for number in (1, 2):
            os.dup2(kept.fileno(), number)
        try:
            with redirect_stdout(said), redirect_stderr(said):
                yield
        except BaseException:
            kept.seek(0)
            os.write(before[1], said.getvalue().encode() + kept.read())
            raise
        finally:
            for number, old in zip((1, 2), before, strict=True):
                os.dup2(old, number)
                os.close(old)


def keep_freed_memory() -> None:
    """Let glibc keep the memory of freed arrays for the next ones.

    It gives large blocks back to the system, which clears each page when it is used again:
    a quarter of the time of a step, at larger sizes. What the user set in the environment
    (``MALLOC_...``, ``GLIBC_TUNABLES``) stays; other C libraries are left alone.
    """
    set_by_user = any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ)
    if platform.libc_ver()[0] == "glibc" and not set_by_user:
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, 1 << 30)
        mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)
