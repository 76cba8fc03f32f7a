"""Starting the real command, and looking at the processes and files it leaves."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil

from bisenet_lib.common import array_files
from bisenet_lib.network import checkpoint

BISENET = Path(sys.executable).with_name("bisenet")
AS_MODULE = (sys.executable, "-m", "bisenet_lib.cli")
SECRET = "a-token-that-no-log-may-hold"


def environment() -> dict[str, str]:
    """One thread each, whatever this test process has set, and something to leak."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "A_SECRET": SECRET}


def start(*arguments, program=(BISENET,), env=(), **options) -> subprocess.Popen:
    """Start the command, with what ``env`` adds to the environment."""
    defaults = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(
        list(map(str, (*program, *arguments))),
        env=environment() | dict(env),
        **defaults | options,
    )


def finish(process: subprocess.Popen, timeout: float = 120) -> tuple[int, str]:
    try:
        printed, _ = process.communicate(timeout=timeout)
    finally:
        process.kill()
    return process.returncode, printed


def run(*arguments, **options) -> tuple[int, str]:
    return finish(start(*arguments, **options))


def wait_until(condition, what: str, timeout: float = 90) -> None:
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, f"waited {timeout} s for: {what}"
        time.sleep(0.02)


def processes_with(argument: Path) -> list[psutil.Process]:
    """Running processes that have a path in their command line."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if str(argument) in words and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def ranks(run_folder: Path) -> dict[int, psutil.Process]:
    """The ranks that train into a run folder."""
    found = {}
    for process in processes_with(run_folder):
        try:
            number = process.environ().get("PADDLE_TRAINER_ID")
        except psutil.Error:
            continue
        if number is not None:
            found[int(number)] = process
    return found


def assert_same_weights(left: Path, right: Path) -> None:
    one, other = (
        array_files.read_arrays(checkpoint.weights_file(folder)) for folder in (left, right)
    )
    assert one.keys() == other.keys()
    for key in one:
        np.testing.assert_array_equal(one[key], other[key], err_msg=key)
