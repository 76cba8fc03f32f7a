"""Ctrl-C and SIGTERM as a request: finish the iteration, save, then end."""

import json
import os
import shlex
import signal
import sys
import threading
from pathlib import Path
from types import TracebackType

LAUNCHER = "BISENET_LAUNCHER_PID"
"""In the environment of a rank: the process it must not outlive."""
COMMAND = "BISENET_COMMAND"
"""In the environment of a rank: the arguments of ``bisenet`` that started it, as JSON."""
LOST = "has lost another rank"
"""In the message of a rank that ended because another one did."""
_BEGINNINGS = ("--resume-model", "--init-model")
"""The options that say what a run starts with."""


class Stopped(Exception):  # noqa: N818  (not an error)
    """Training ended early, with a checkpoint.

    Args:
        number: the signal that asked for it.
        message: what was saved, and how to go on.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


class Request:
    """While it is entered, the first Ctrl-C or SIGTERM is remembered; a second Ctrl-C ends at once.

    Only the main thread hears signals; in another one nothing changes.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, object] = {}
        self._process = os.getpid()

    def __enter__(self) -> "Request":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, _frame) -> None:
        if os.getpid() != self._process:  # forked from this one, to read images
            if number == signal.SIGTERM:
                os._exit(128 + number)
        elif self.number is None:
            self.number = number
            print(
                "\nstopping: this iteration is finished and saved (Ctrl-C again: at once)",
                file=sys.stderr,
                flush=True,
            )
        elif number == signal.SIGINT:
            raise KeyboardInterrupt


def how_to_resume(run: Path) -> str:
    """What to type to go on with a run.

    Args:
        run: the run folder.

    Returns:
        The command line that began it with ``--resume-model`` set to the run, in place of what
        it started with; in a notebook, the argument of :func:`bisenet_lib.training.fit`.
    """
    if COMMAND in os.environ:
        arguments = json.loads(os.environ[COMMAND])
    elif Path(sys.argv[0]).name == "bisenet":
        arguments = sys.argv[1:]
    else:
        return f'fit(..., resume_model=Path("{run}"))'
    kept, skip = [], False
    for argument in arguments:
        name = argument.partition("=")[0].replace("_", "-")
        if not skip and name not in _BEGINNINGS:
            kept.append(argument)
        skip = name in _BEGINNINGS and "=" not in argument
    return shlex.join(["bisenet", *kept, "--resume-model", str(run)])
