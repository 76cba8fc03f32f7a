"""Deciding whether a learner's cell is right, without running any of it in this process."""

import json
import math
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

import bisenet_lib
from bisenet_lib.course import exercises
from bisenet_lib.course.grading import messages, walls
from bisenet_lib.course.grading.handed_in import LARGEST_CELL, Exercise

START_SECONDS = 60
"""For starting Python and the imports of the notebook."""
CLOCK = 3
"""Other work on the computer should make no answer wrong."""
LARGEST_ANSWER = 4 << 20
"""Bytes of a message that are still read."""
LOOK_SECONDS = 0.2
"""How often processes and memory are looked at."""
PACKAGE = Path(bisenet_lib.__file__).resolve().parent
SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/nix", "/proc", "/etc/ld.so.cache")


@dataclass(frozen=True)
class Limits:
    """Of one cell, with all calls of its function."""

    seconds: int = 10
    """Of processor time; on the clock it may be :data:`CLOCK` times as much."""
    megabytes: int = 1024
    """Of memory, besides that of the imports."""


@dataclass(frozen=True)
class Judged:
    """What came of a cell: an error says why it could not be judged."""

    right: bool = False
    hint: str = ""
    error: str = ""


class _Ended(BaseException):
    """A cell is not judged: it took too long, or its process died.

    No ``Exception``, since the checks make those into hints.
    """


def judge(exercise: Exercise, source: str, limits: Limits, *, isolated: bool) -> Judged:
    """Run a cell in a process of its own and check what it answers.

    Args:
        exercise: which check.
        source: of the learner's cell.
        limits: what the cell may use.
        isolated: in namespaces, see :func:`namespaces`.
    """
    if len(source) > LARGEST_CELL:
        return Judged(error=f"the cell is longer than {LARGEST_CELL} characters")
    with tempfile.TemporaryDirectory(prefix="grade", ignore_cleanup_errors=True) as folder:
        process = _Process(Path(folder).resolve(), limits, isolated)
        try:
            answer = process.answer(exercise, source)
            with np.errstate(all="ignore"):
                verdict = exercises.verdict(exercise.name, answer)
        except _Ended as ended:
            return Judged(error=str(ended))
        finally:
            process.end()
    hint = "" if verdict.right else verdict.text.removeprefix("not yet. ")
    return Judged(verdict.right, hint)


def namespaces() -> bool:
    """Whether this computer lets a process be shut off in namespaces of Linux: it is tried."""
    if not shutil.which(walls.UNSHARE[0]):
        return False
    nothing = Exercise("", "", "", "1", ())
    with tempfile.TemporaryDirectory(prefix="grade") as folder:
        process = _Process(Path(folder).resolve(), Limits(), True)
        try:
            return process.answer(nothing, "") == 1
        except _Ended:
            return False
        finally:
            process.end()


class _Process:
    """A process that runs one cell, see :mod:`bisenet_lib.course.grading.answering`."""

    def __init__(self, folder: Path, limits: Limits, isolated: bool) -> None:
        self._limits, self._isolated, self._buffer = limits, isolated, b""
        python = [sys.executable, "-P", "-s", "-m", "bisenet_lib.course.grading.answering"]
        self._popen = subprocess.Popen(
            [*walls.UNSHARE, *python] if isolated else python,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,
        )
        self._most = math.inf, math.inf
        self._allow(START_SECONDS)

    def _allow(self, seconds: int) -> None:
        """From now on, so many seconds on the clock."""
        self._seconds, self._deadline = seconds, time.monotonic() + seconds

    def answer(self, exercise: Exercise, source: str) -> Any:
        """Run the cell; the answer, where a function of the learner is one that calls it there."""
        order = {
            "source": source,
            "exercise": exercise.name,
            "answer": exercise.answer,
            "imports": exercise.imports,
            "seconds": self._limits.seconds,
            "megabytes": self._limits.megabytes,
            "isolated": self._isolated,
            "readable": _readable(),
            "hidden": _hidden(),
        }
        self._ask(order)
        self._allow(CLOCK * self._limits.seconds)
        _, seconds, megabytes = self._used()
        self._most = seconds + self._limits.seconds, megabytes + self._limits.megabytes
        reply = self._reply()
        if "error" in reply:
            name, text = _failure(reply)
            where = ". Only this cell and the notebook's imports are run" * (name == "NameError")
            raise _Ended(f"{name}: {text}{where}")
        return self._call if reply.get("function") is True else self._value(reply)

    def _call(self, *arguments: Any) -> Any:
        reply = self._ask(messages.encode(arguments))
        if "error" in reply:
            name, text = _failure(reply)
            if name == "NotImplementedError":
                raise NotImplementedError(text)
            raise type(name, (Exception,), {})(text)
        return self._value(reply)

    def _value(self, reply: Mapping[str, Any]) -> Any:
        try:
            return messages.decode(reply.get("value"))
        except Exception as error:  # it may be anything
            raise _Ended(f"its process sent no answer: {error}") from None

    def _ask(self, message: Any) -> dict[str, Any]:
        assert self._popen.stdin
        with suppress(BrokenPipeError):
            self._popen.stdin.write(json.dumps(message).encode() + b"\n")
            self._popen.stdin.flush()
        return self._reply()

    def _reply(self) -> dict[str, Any]:
        """The next line; ends where the process takes too long, too much memory, or its leave."""
        assert self._popen.stdout
        descriptor = self._popen.stdout.fileno()
        looked = time.monotonic()
        while b"\n" not in self._buffer:
            if time.monotonic() > self._deadline:
                raise _Ended(f"stopped: no answer within {self._seconds} s")
            if len(self._buffer) > LARGEST_ANSWER:
                raise _Ended(f"its answer is larger than {LARGEST_ANSWER >> 20} MB")
            if select.select([descriptor], [], [], LOOK_SECONDS)[0]:
                received = os.read(descriptor, 1 << 16)
                if not received:
                    raise _Ended(self._death())
                self._buffer += received
            if time.monotonic() - looked > LOOK_SECONDS:
                looked = time.monotonic()
                self._look()
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict):
            raise _Ended("its process sent no answer")
        return reply

    def _tree(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self._popen.pid)
            return [parent, *parent.children(recursive=True)]
        return []

    def _used(self) -> tuple[int, float, float]:
        """Processes, seconds of processor time and megabytes, with all that it started."""
        tree = self._tree()
        seconds = megabytes = 0.0
        for process in tree:
            with suppress(psutil.Error):
                times = process.cpu_times()
                seconds += times.user + times.system
                megabytes += process.memory_info().rss / 2**20
        return len(tree), seconds, megabytes

    def _look(self) -> None:
        """End what uses too much: the limits of the system count each process alone."""
        processes, seconds, megabytes = self._used()
        if processes > walls.PROCESSES:
            raise _Ended(f"stopped: it started more than {walls.PROCESSES} processes")
        if seconds > self._most[0]:
            raise _Ended(f"stopped: it took longer than {self._limits.seconds} s")
        if megabytes > self._most[1]:
            raise _Ended(f"stopped: it needs more than {self._limits.megabytes} MB")

    def _death(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            code = self._popen.wait(1)
            if code < 0:
                return f"its process died: {signal.strsignal(-code)}"
            return f"its process ended before the answer, with code {code}"
        return "its process closed the pipe"

    def end(self) -> None:
        """End the process and all that it started."""
        for process in self._tree():
            with suppress(psutil.Error):
                process.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            with suppress(BrokenPipeError):
                pipe and pipe.close()


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the teacher's own but the paths of Python."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {
        **one_thread,
        **kept,
        "PYTHONPATH": os.pathsep.join(map(str, [PACKAGE.parent, *_packages()])),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
        "LANG": "C.UTF-8",
        "HOME": str(folder),
    }


def _packages() -> list[Path]:
    """The folders that Python imports from, without this project's and the working folder."""
    own = (Path.cwd(), PACKAGE.parent)
    return [path for path in map(Path, sys.path) if path.is_dir() and path.resolve() not in own]


def _readable() -> list[str]:
    """The folders of the system, of Python and of its packages; none is within another."""
    places: list[str | Path] = [*SYSTEM, *walls.DEVICES, sys.base_prefix, sys.prefix]
    places += [PACKAGE, *_packages()]
    kept: list[Path] = []
    for place in sorted({Path(place).absolute() for place in places}):
        if place.exists() and not any(place.is_relative_to(above) for above in kept):
            kept.append(place)
    return list(map(str, kept))


def _hidden() -> list[str]:
    """The checks, which hold the right answers."""
    folder = PACKAGE / "course" / "exercises"
    found = [*folder.glob("e*.py"), folder / "__pycache__"]
    return [str(path) for path in found if path.exists()]


def _failure(reply: Mapping[str, Any]) -> tuple[str, str]:
    """Name and text of an error in the learner's process."""
    match reply["error"]:
        case [str(name), str(text)] if name.isidentifier():
            return name[:60], text
    return "Error", ""
