"""A request to stop is heard once, by the process that trains."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from bisenet_lib import stopping


def test_the_first_is_remembered_the_second_ctrl_c_ends(capsys):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), stopping.Request() as request:
        os.kill(os.getpid(), signal.SIGTERM)
        assert request.number == signal.SIGTERM
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().err.count("stopping:") == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 7)])
def test_a_forked_reader_does_not_answer_for_its_parent(number, code, capfd):
    with stopping.Request() as request:
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), number)
            os._exit(7)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == code
    assert request.number is None
    assert "stopping" not in capfd.readouterr().err


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
    assert stopping.how_to_resume(Path("a b")) == expected
    monkeypatch.setenv(stopping.COMMAND, json.dumps(["launch", *arguments[1:]]))
    assert stopping.how_to_resume(Path("a b")) == expected.replace("train", "launch")


def test_in_a_notebook_it_is_an_argument(monkeypatch):
    monkeypatch.delenv(stopping.COMMAND, raising=False)
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "kernel.json"])
    assert stopping.how_to_resume(Path("run")) == 'fit(..., resume_model=Path("run"))'
