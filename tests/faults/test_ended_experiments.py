"""`make experiments` that is ended: its trainings save what they have, and it goes on with it."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import yaml
from processes import finish, wait_until

TOOL = Path(__file__).parents[2] / "tools" / "experiments.py"


@pytest.mark.slow
def test_sigterm_ends_the_training_too_which_saves_and_is_gone_on_with(tiny, tree, tmp_path):
    settings = yaml.safe_load(tiny.read_text()) | {"iters": 40}
    tiny.write_text(yaml.safe_dump(settings))
    folder, result = tmp_path / "runs", tmp_path / "runs" / "base" / "seed0" / "result.json"
    words = [sys.executable, TOOL, "--base", tiny, "--dataset", tree, "--folder", folder]
    words += ["--json", tmp_path / "results.json", "--rows", "base", "--seeds", "0", "--jobs", "1"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    log = folder / "base" / "seed0" / "run" / "metrics.jsonl"
    wait_until(lambda: log.is_file() and log.stat().st_size, "the first record", timeout=120)
    training = psutil.Process(process.pid).children()
    process.send_signal(signal.SIGTERM)
    finish(process)
    assert process.returncode == 128 + signal.SIGTERM
    assert training and not any(one.is_running() for one in training)
    (saved,) = log.parent.glob("iter_*")
    assert 0 < int(saved.name.removeprefix("iter_")) < 40 and not result.exists()

    subprocess.run(words, check=True, capture_output=True, timeout=300)
    assert json.loads(result.read_text())["seed"] == 0
    iterations = [json.loads(line)["iteration"] for line in log.read_text().splitlines()]
    assert iterations[-1] == 40 and iterations == sorted(iterations)
