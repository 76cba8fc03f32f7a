"""The processes of a notebook are ended with it."""

import os
import sys

import psutil

from bisenet_lib.course.display import Progress
from bisenet_lib.course.runner import watched


def test_a_process_that_has_just_ended_is_no_fault(monkeypatch):
    child = psutil.Popen([sys.executable, "-c", ""])
    process = psutil.Process(child.pid)
    child.wait()
    monkeypatch.setattr(psutil.Process, "is_running", lambda self: True)  # a moment ago
    progress = Progress("00", cells=1)
    with watched(os.getpid(), progress, lambda: None):
        progress.processes.add(process)
    assert progress.peak_mb >= 0
