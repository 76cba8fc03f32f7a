"""What a run with ``use_vdl`` shows: asked of VisualDL's own server, a real process."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import numpy as np
import psutil
import pytest

from bisenet_lib.config import configuration
from bisenet_lib.training import run_log, trainer

pytestmark = pytest.mark.slow

VISUALDL = Path(sys.executable).with_name("visualdl")
GUARD = """
import os, sys
def stay_here(event, arguments):
    asked = {"socket.getaddrinfo": 0, "socket.connect": 1}.get(event)
    if asked is None:
        return
    host = arguments[0] if asked == 0 else arguments[1][0]
    if host not in ("127.0.0.1", "localhost"):
        sys.stderr.write(f"asked for {host}, another machine")
        sys.stderr.flush()
        os._exit(9)
sys.addaudithook(stay_here)
"""
"""Ends the server at its first word to another machine (its telemetry is on by default)."""
TAGS = {f"Train/{name}" for name in ("loss", "lr", "ips", *(f"loss_{n}" for n in range(5)))} | {
    "Evaluate/miou",
    "Evaluate/acc",
    "Evaluate/seconds",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def kill_tree(process):
    children = psutil.Process(process.pid).children(recursive=True)
    for one in [*children, process]:
        one.kill()
    process.wait()
    psutil.wait_procs(children, timeout=10)


@pytest.fixture
def run(tiny, tmp_path):
    folder = tmp_path / "run"
    trainer.fit(
        configuration.load_config(tiny),
        folder,
        use_vdl=True,
        do_eval=True,
        save_interval=2,
        log_iters=1,
    )
    return folder


@pytest.fixture
def ask(run, tmp_path):
    """A function that asks VisualDL's server about the run."""
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD)
    env = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    port = free_port()
    command = [VISUALDL, "--logdir", run, "--host", "127.0.0.1", "--port", str(port)]
    log = tmp_path / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command, "--disable-telemetry"],
            env={**env, "PYTHONPATH": str(guard)},
            stdout=out,
            stderr=out,
        )
    opener = build_opener(ProxyHandler({}))

    def answer(what, **query):
        url = f"http://127.0.0.1:{port}/app/api/{what}?{urlencode(query)}"
        with opener.open(url, timeout=30) as response:
            found = json.load(response)
        assert found["status"] == 0, found["msg"]
        return found["data"]

    try:
        until = time.monotonic() + 60
        while True:
            assert server.poll() is None and time.monotonic() < until, log.read_text()
            try:
                opener.open(f"http://127.0.0.1:{port}/alive", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield answer
        assert server.poll() is None, log.read_text()
    finally:
        kill_tree(server)


def test_the_server_shows_what_the_run_recorded(run, ask):
    listed = ask("scalar/tags")
    assert listed["runs"] == [str(run)]
    (tags,) = listed["tags"]
    assert set(tags) == TAGS

    records = run_log.read_log(run)
    expected = {
        "Train/loss": [(one["iteration"], one["loss"]) for one in records if "loss" in one],
        "Train/loss_4": [(one["iteration"], one["losses"][4]) for one in records if "loss" in one],
        "Evaluate/miou": [(one["iteration"], one["miou"]) for one in records if "miou" in one],
    }
    assert [len(points) for points in expected.values()] == [4, 4, 2]
    for tag, points in expected.items():
        shown = ask("scalar/list", run=str(run), tag=tag)
        assert [(n, np.float32(value)) for _, n, value in shown] == [
            (n, np.float32(value)) for n, value in points
        ], tag
