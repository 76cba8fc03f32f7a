"""Training that is killed, stopped or runs out of disk, as real processes, and its resume."""

import os
import pty
import re
import shlex
import signal
import termios
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from processes import (
    AS_MODULE,
    BISENET,
    assert_same_weights,
    environment,
    finish,
    run,
    start,
    wait_until,
)

from bisenet_lib.common import array_files
from bisenet_lib.config import configuration
from bisenet_lib.network import checkpoint
from bisenet_lib.training import run_log

ITERS = 30


def arguments(tiny, folder, *more):
    return (
        "train",
        *("--config", tiny, "--iters", ITERS, "--save-interval", 3, "--log-iters", 1),
        *("--do-eval", "--save-dir", folder, "--device", "cpu", *more),
    )


def has(folder, iteration):
    return lambda: any(one["iteration"] >= iteration for one in run_log.read_log(folder))


def assert_equal_runs(left, right):
    assert_same_weights(left / f"iter_{ITERS}", right / f"iter_{ITERS}")
    assert_same_weights(left / "best_model", right / "best_model")
    lasting = [
        [
            {k: v for k, v in one.items() if k not in ("ips", "seconds")}
            for one in run_log.read_log(run)
        ]
        for run in (left, right)
    ]
    assert lasting[0] == lasting[1]


@pytest.fixture
def whole(tiny, tmp_path):
    """A run that nothing disturbed."""
    code, printed = run(*arguments(tiny, tmp_path / "whole"))
    assert code == 0, printed
    return tmp_path / "whole"


def test_killed_at_any_moment_and_resumed_equals_undisturbed(tiny, tmp_path, whole):
    part = tmp_path / "part"
    process = start(*arguments(tiny, part))
    wait_until(lambda: checkpoint.checkpoints(part), "a checkpoint")
    process.send_signal(signal.SIGKILL)
    finish(process)
    killed = 1
    for later in (8, 15):  # again while the resumed run is on its way
        process = start(*arguments(tiny, part, "--resume-model", part))
        wait_until(has(part, later), f"iteration {later}")
        process.send_signal(signal.SIGKILL)
        finish(process)
        killed += checkpoint.newest(part).name != f"iter_{ITERS}"
    assert killed == 3, "the run was over before it was killed"
    code, printed = run(*arguments(tiny, part, "--resume-model", part))
    assert code == 0, printed
    assert_equal_runs(whole, part)
    assert len(checkpoint.checkpoints(part)) == 5
    assert not list(part.glob(".*"))


def test_asked_to_stop_it_saves_and_says_how_to_go_on(tiny, tmp_path, whole):
    """Slurm and systemd send SIGTERM to the whole group: to the readers of images as well."""
    part = tmp_path / "part"
    words = [*map(str, arguments(tiny, part, "--num-workers", 2))]
    process = start(*words, program=AS_MODULE, start_new_session=True)
    wait_until(has(part, 4), "iteration 4")
    os.killpg(process.pid, signal.SIGTERM)
    code, printed = finish(process)
    assert code == 128 + signal.SIGTERM, printed
    assert "Traceback" not in printed
    stopped = int(re.search(r"stopped at iteration (\d+) and saved", printed)[1])
    assert checkpoint.newest(part).name == f"iter_{stopped}"
    command = shlex.split(printed.strip().splitlines()[-1])
    assert command == [*AS_MODULE, *words, "--resume-model", str(part)]
    code, printed = run(*command[len(AS_MODULE) :])
    assert code == 0, printed
    assert_equal_runs(whole, part)


def test_many_ctrl_c_leave_no_traceback_and_no_reader(tiny, tmp_path):
    part = tmp_path / "part"
    process = start(*arguments(tiny, part, "--num-workers", 1), start_new_session=True)
    wait_until(has(part, 4), "iteration 4")
    readers = psutil.Process(process.pid).children()
    for _ in range(20):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.02)
    code, printed = finish(process)
    assert code == 128 + signal.SIGINT, printed
    assert "Traceback" not in printed, printed
    assert not psutil.wait_procs(readers, timeout=10)[1]


def test_a_closed_terminal_saves(tiny, tmp_path):
    """SIGHUP comes, and from then on printing fails."""
    part = tmp_path / "part"
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        termios.tcsetwinsize(1, (24, 80))  # a terminal of no width shows no progress
        words = map(str, arguments(tiny, part, "--iters", 4000))
        os.execve(BISENET, [str(BISENET), *words], environment())
    wait_until(lambda: has(part, 4)() or not os.read(terminal, 4096), "iteration 4")
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 128 + signal.SIGHUP
    stopped = max(one["iteration"] for one in run_log.read_log(part))
    assert checkpoint.newest(part).name == f"iter_{stopped}"


@pytest.fixture
def slow_to_evaluate(tiny):
    """The same data set with two validation images many times over."""
    section = configuration.load_config(tiny)["val_dataset"]
    images = Path(section["val_path"])
    images.write_text(100 * images.read_text())
    return tiny


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ended_during_evaluation_it_makes_up_for_it(slow_to_evaluate, tmp_path, number):
    part, iters = tmp_path / "part", ("--iters", 3)
    process = start(*arguments(slow_to_evaluate, part, *iters))
    wait_until(lambda: checkpoint.checkpoints(part), "the checkpoint")
    process.send_signal(number)
    code, printed = finish(process)
    assert [one.name for one in checkpoint.checkpoints(part)] == ["iter_3"]
    assert not any("miou" in one for one in run_log.read_log(part))
    if number == signal.SIGTERM:
        assert code == 128 + number
        assert "stopped at iteration 3 and saved; its evaluation is still to be done" in printed
    code, printed = run(*arguments(slow_to_evaluate, part, *iters, "--resume-model", part))
    assert code == 0, printed
    assert [one["iteration"] for one in run_log.read_log(part) if "miou" in one] == [3]
    assert_same_weights(part / "best_model", part / "iter_3")


def test_two_runs_in_one_new_folder(tiny, tmp_path):
    folder = tmp_path / "run"
    first, second = (start(*arguments(tiny, folder)) for _ in range(2))
    ends = [finish(process) for process in (first, second)]
    assert sorted(code for code, _ in ends) == [0, 1], ends
    refused = next(printed for code, printed in ends if code == 1)
    assert "another training writes there" in refused or "holds another run" in refused
    assert checkpoint.newest(folder).name == f"iter_{ITERS}"
    steps = [one["iteration"] for one in run_log.read_log(folder) if "loss" in one]
    assert steps == list(range(1, ITERS + 1))


def test_a_full_disk_keeps_the_old_checkpoints(tiny, mount_disk):
    """Three checkpoints of 20 MB each and the best model: the disk is full at the third."""
    folder = mount_disk("62m") / "run"
    more = ("--keep-checkpoint-max", 9, "--iters", 12)
    code, printed = run(*arguments(tiny, folder, *more))
    assert code == 1
    assert "cannot be written" in printed and "Traceback" not in printed
    there = checkpoint.checkpoints(folder)
    assert [one.name for one in there] == ["iter_3", "iter_6"]
    for one in there:
        assert array_files.read_arrays(one / checkpoint.WEIGHTS)
        assert array_files.read_arrays(one / checkpoint.OPTIMIZER)
    more = ("--keep-checkpoint-max", 1, "--iters", 12, "--resume-model", folder)
    checkpoint.prune(folder, 1)
    code, printed = run(*arguments(tiny, folder, *more))
    assert code == 0, printed
