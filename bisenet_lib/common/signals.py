"""Ctrl-C, SIGTERM and a closed terminal: finish the iteration, save, then end."""

import errno
import io
import json
import os
import select
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from bisenet_lib.common.processes import exit_after

LAUNCHER = "BISENET_LAUNCHER_PID"
"""In the environment of a rank: the process it must not outlive."""
COMMAND = "BISENET_COMMAND"
"""In the environment of a rank: the command line that started it, as a list in JSON."""
LOST = "has lost another rank"
"""In the message of a rank that ended because another one did."""
CLI = "bisenet_lib.cli"
_HEARD = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
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
    """Remembers, inside its ``with`` block, the first signal to stop; a second Ctrl-C ends at once.

    The signals are Ctrl-C, SIGTERM and SIGHUP, which a closed terminal sends. A signal that was
    ignored before stays ignored, as ``nohup`` needs it. Only the main thread receives signals; in
    another thread nothing changes.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, Any] = {}
        self._process = os.getpid()

    def __enter__(self) -> "Request":
        if threading.current_thread() is threading.main_thread():
            for number in _HEARD:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            if signal.getsignal(number) == self._hear:
                signal.signal(number, handler)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._process:  # forked from this one
            if number == signal.SIGTERM:
                os._exit(128 + number)
        elif self.number is None:
            self.number = number
            _tell("\nstopping: this iteration is finished and saved (Ctrl-C again: at once)\n")
        elif number == signal.SIGINT:
            signal.signal(number, self._before[number])
            signal.raise_signal(number)


def _tell(message: str) -> None:
    """Write to stderr from a signal handler, without Python's buffers, which may be in use.

    If stderr cannot be written to at once, the message is dropped.
    """
    with suppress(OSError, ValueError):
        if select.select([], [2], [], 0)[1]:
            os.write(2, message.encode())


def interrupt_once() -> None:
    """Let the first Ctrl-C end this process, and ignore further ones while it ends.

    Without this they would interrupt the clean-up, with a traceback.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def cleaned_up_at_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block by an exception, as Ctrl-C does, so that it is cleaned up.

    Slurm sends it before it kills a job, at ``scancel`` and at the end of its time. Only for the
    main thread.

    Raises:
        SystemExit: with the code 143, at the first SIGTERM; further ones are ignored.
    """
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def leave_signals_to_parent(_worker: int = 0) -> None:
    """Let a forked worker go on when a signal reaches the whole process group.

    Ctrl-C, Slurm and systemd signal every process of a job. Only the process that trains shall
    react: it still needs its workers' batches. A worker ends when its parent ends, or when its
    parent sends it SIGTERM; on macOS, which does not tell who sent it, on any SIGTERM.
    """
    for number in set(_HEARD) - {signal.SIGTERM}:
        signal.signal(number, signal.SIG_IGN)
    parent, receive = os.getppid(), getattr(signal, "sigtimedwait", None)
    if receive is not None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def wait_for_parent() -> None:
        while os.getppid() == parent:
            if receive is None:
                time.sleep(1)
            elif (received := receive({signal.SIGTERM}, 1)) and received.si_pid == parent:
                break

    exit_after(wait_for_parent, 0)


class _Output(io.FileIO):
    """A standard stream that outlives its reader: output without a reader is dropped."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO):
                raise
            with Path(os.devnull).open("wb") as null_device:
                os.dup2(null_device.fileno(), self.fileno())
            return len(memoryview(data).cast("B"))


def outlive_readers() -> None:
    """Go on when the terminal is closed or ``| tee`` has ended, and drop the output.

    Terminal and ``tee`` get Ctrl-C, or the signal of a closed terminal, as well, and end before the
    run has saved its checkpoint. Streams that were replaced since Python started stay as they are.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or stream is not getattr(sys, f"__{name}__"):
            continue
        stream.flush()
        raw = _Output(stream.fileno(), "w", closefd=False)
        replacement = io.TextIOWrapper(
            raw if stream.write_through else io.BufferedWriter(raw),
            stream.encoding,
            stream.errors,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        setattr(sys, name, replacement)


def command_line() -> list[str] | None:
    """The command line of this process, or of a rank's launcher; None if there was none.

    Returns:
        ``["bisenet", "train", ...]``, or Python's arguments where it ran ``-m bisenet_lib.cli``.
    """
    if COMMAND in os.environ:
        return json.loads(os.environ[COMMAND])
    if Path(sys.argv[0]).name == "bisenet":
        return ["bisenet", *sys.argv[1:]]
    spec = sys.modules["__main__"].__spec__
    as_module = spec is not None and spec.name.removesuffix(".__main__") == CLI
    return list(sys.orig_argv) if as_module else None


def program() -> list[str]:
    """The words with which another process runs this library's command line."""
    if Path(sys.argv[0]).name == "bisenet":
        return [sys.executable, str(Path(sys.argv[0]).absolute())]
    return [sys.executable, "-m", CLI]


def how_to_resume(run: Path) -> str:
    """What to type to go on with a run.

    Args:
        run: the run folder.

    Returns:
        The command line of the run with ``--resume-model`` set to the run folder, in place of the
        weights it started with; in a notebook, the argument of
        :func:`bisenet_lib.training.trainer.fit`.
    """
    words = command_line()
    if words is None:
        return f'fit(..., resume_model=Path("{run}"))'
    kept, skip = [], False
    for word in words:
        name = word.partition("=")[0].replace("_", "-")
        if not skip and name not in _BEGINNINGS:
            kept.append(word)
        skip = name in _BEGINNINGS and "=" not in word
    return shlex.join([*kept, "--resume-model", str(run)])
