"""The processes of a notebook are ended with it."""

import io
import os
import sys

import psutil
from rich.console import Console

from bisenet_lib.kernel import watched


def test_a_process_that_has_just_ended_is_no_fault(monkeypatch):
    child = psutil.Popen([sys.executable, "-c", ""])
    process = psutil.Process(child.pid)
    child.wait()
    monkeypatch.setattr(psutil.Process, "is_running", lambda self: True)  # a moment ago
    with watched(os.getpid(), "00", 1, Console(file=io.StringIO())) as progress:
        progress.processes.add(process)
    assert progress.peak_mb >= 0
