"""A request to stop is heard once, by the process that trains, whatever happens to its output."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bisenet_lib.common import signals

pytestmark = pytest.mark.slow


@pytest.fixture
def as_in_a_terminal():
    """The handlers that Python begins with, whatever tests ran before, and where."""
    begun = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    handlers = {number: signal.signal(number, handler) for number, handler in begun.items()}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGHUP])
def test_the_first_is_remembered_the_second_ctrl_c_ends(capfd, as_in_a_terminal, first):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), signals.Request() as request:
        os.kill(os.getpid(), first)
        assert request.number == first
        os.kill(os.getpid(), first)
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    assert capfd.readouterr().err.count("stopping:") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_an_ignored_signal_stays_ignored(as_in_a_terminal, number):
    """As Ctrl-C in a job that a script began in the background, and SIGHUP under nohup."""
    signal.signal(number, signal.SIG_IGN)
    with signals.Request() as request:
        os.kill(os.getpid(), number)
        assert request.number is None
    assert signal.getsignal(number) is signal.SIG_IGN


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 7)])
def test_a_forked_process_does_not_answer_for_its_parent(number, code, capfd):
    with signals.Request() as request:
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), number)
            os._exit(7)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == code
    assert request.number is None
    assert "stopping" not in capfd.readouterr().err


WORKER = """
import os, signal, sys, time
from bisenet_lib.common import signals
worker = os.fork()
if worker == 0:
    signals.leave_signals_to_parent()
    os.write(1, f"{os.getpid()}\\n".encode())
    time.sleep(60)
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
sys.stdin.readline()
alive = os.waitpid(worker, os.WNOHANG) == (0, 0)
os.kill(worker, signal.SIGTERM)
print("alive" if alive else "gone", os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]))
"""


def test_a_worker_obeys_only_its_parent():
    process = python(WORKER, stdin=subprocess.PIPE, start_new_session=True)
    process.stdout.readline()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        os.killpg(process.pid, number)
    time.sleep(0.3)  # for the worker to end, if it were to
    assert process.communicate("\n", timeout=20)[0] == "alive 0\n"


MACOS = "import signal; del signal.sigtimedwait\n"


@pytest.mark.parametrize("system", ["", MACOS], ids=["Linux", "macOS"])
def test_a_worker_ends_with_its_parent(system):
    process = python(system + WORKER, stdin=subprocess.PIPE)
    worker = psutil.Process(int(process.stdout.readline()))
    process.kill()
    process.communicate()
    assert not psutil.wait_procs([worker], timeout=10)[1]


def test_a_worker_ends_when_its_parent_says_so_on_macos():
    process = python(MACOS + WORKER, stdin=subprocess.PIPE)
    process.stdout.readline()
    assert process.communicate("\n", timeout=20)[0] == f"alive {-signal.SIGTERM}\n"


def python(code, **options):
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True} | options
    return subprocess.Popen([sys.executable, "-c", code], **given)


PRINTING = """
import sys
from bisenet_lib.common import signals
signals.outlive_readers()
with signals.Request() as request:
    print("begun", flush=True)
    while request.number is None:
        print("x" * 100, file=sys.stderr)
    print("y" * 200_000)
sys.exit(request.number)
"""


def test_a_signal_while_output_is_blocked():
    """Nobody reads: the process waits inside a print, where a handler must not print."""
    buffered = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    process = python(PRINTING, env=buffered)
    process.stdout.readline()
    while psutil.Process(process.pid).status() != psutil.STATUS_SLEEPING:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    printed = process.communicate(timeout=20)[0]
    assert process.returncode == signal.SIGTERM
    assert "Traceback" not in printed and printed.endswith("y\n")


def test_a_process_outlives_the_reader_of_its_output():
    """As that of `| tee log`, which Ctrl-C ends too."""
    process = python(PRINTING)
    process.stdout.readline()
    process.stdout.close()
    time.sleep(0.2)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == signal.SIGINT


ENDING = """
import atexit, sys, time
from bisenet_lib.cli import main
from bisenet_lib.common import signals
@main.app.command()
def wait():
    with signals.Request():
        print("begun", flush=True)
        time.sleep(60)
atexit.register(time.sleep, 0.5)
sys.argv = ["bisenet", "wait"]
main.main()
"""


def test_many_ctrl_c_leave_no_traceback():
    process = python(ENDING)
    assert process.stdout.readline() == "begun\n"
    for _ in range(20):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    printed = process.communicate(timeout=20)[0]
    assert process.returncode == 130
    assert "Traceback" not in printed, printed


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--iters", "9", "--save-dir", "a b"],
        ["train", "--resume_model", "old", "--iters", "9", "--save-dir", "a b"],
        ["train", "--iters", "9", "--resume-model=old", "--save-dir", "a b"],
        ["train", "--init_model", "old", "--iters", "9", "--save-dir", "a b"],
    ],
)
def test_the_command_that_goes_on(monkeypatch, arguments):
    expected = "bisenet train --iters 9 --save-dir 'a b' --resume-model 'a b'"
    monkeypatch.setattr(sys, "argv", ["/some/where/bisenet", *arguments])
    assert signals.how_to_resume(Path("a b")) == expected
    launch = ["python", "-m", "bisenet_lib.cli", "launch", *arguments[1:]]
    monkeypatch.setenv(signals.COMMAND, json.dumps(launch))
    assert signals.how_to_resume(Path("a b")) == expected.replace(
        "bisenet train", "python -m bisenet_lib.cli launch"
    )


def test_in_a_notebook_it_is_an_argument(monkeypatch):
    monkeypatch.delenv(signals.COMMAND, raising=False)
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "kernel.json"])
    assert signals.how_to_resume(Path("run")) == 'fit(..., resume_model=Path("run"))'
