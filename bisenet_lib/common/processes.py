"""This process: its cores, its output, its memory."""

import ctypes
import io
import os
import platform
import tempfile
import threading
from collections.abc import Callable, Iterator
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
    """Hide what Python and native code print, unless the body fails.

    During the body this holds for the whole process, including its other threads.
    """
    from_python = io.StringIO()
    with tempfile.TemporaryFile() as from_native:
        originals = [os.dup(1), os.dup(2)]
        for number in (1, 2):
            os.dup2(from_native.fileno(), number)
        try:
            with redirect_stdout(from_python), redirect_stderr(from_python):
                yield
        except BaseException:
            from_native.seek(0)
            os.write(originals[1], from_python.getvalue().encode() + from_native.read())
            raise
        finally:
            for number, original in zip((1, 2), originals, strict=True):
                os.dup2(original, number)
                os.close(original)


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


def exit_after(wait: Callable[[], object], code: int = 1) -> None:
    """End this process, whatever it is doing, when a wait in a thread is over.

    Args:
        wait: returns when the process that this one belongs to has ended.
        code: the exit code.
    """

    def run() -> None:
        wait()
        os._exit(code)

    threading.Thread(target=run, daemon=True).start()
