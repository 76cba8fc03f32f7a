"""What the machine offers this process."""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

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
