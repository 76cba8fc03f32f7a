"""Training as several ranks: real processes, on gloo, and what may befall them."""

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import (
    SECRET,
    assert_same_weights,
    finish,
    processes_with,
    ranks,
    run,
    start,
    wait_until,
)

from bisenet_lib import checkpoint, config, evaluation, runlog
from bisenet_lib.distributed import launch
from bisenet_lib.errors import InputError
from bisenet_lib.plan import Plan

ITERS = 8


def arguments(tiny, folder, *more, iters=ITERS):
    return (
        *("launch", *more),
        *("--config", tiny, "--batch-size", 1, "--iters", iters, "--log-iters", 1),
        *("--save-interval", 4, "--do-eval", "--save-dir", folder),
    )


def has(folder, iteration):
    return lambda: any(one["iteration"] >= iteration for one in runlog.read(folder))


def leaked(folder):
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and SECRET.encode() in path.read_bytes()
    ]


@pytest.fixture
def nothing_stays(tmp_path):
    """No rank, launcher or dump of the environment may be left behind."""
    folder = tmp_path / "run"
    yield folder
    wait_until(lambda: not processes_with(folder), "all processes to end", 15)
    assert not leaked(tmp_path)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


LATE = """
import time
import numpy as np
from bisenet_lib import ranks
here = ranks.join()
here.together(lambda: time.sleep(33) if here.rank == 1 else None)
print("ranks that met:", here.sum(np.ones(1)))
"""


@pytest.fixture(scope="module", autouse=True)
def late_rank(tmp_path_factory):
    """Two ranks, one 33 s late: begun before the other tests, looked at after them."""
    folder = tmp_path_factory.mktemp("late")
    (folder / "late.py").write_text(LATE)
    launcher = [sys.executable, "-m", "paddle.distributed.launch", "--nproc_per_node", "2"]
    process = subprocess.Popen(
        [*launcher, "--log_dir", folder, folder / "late.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.kill()


def test_two_ranks_leave_one_run_folder(tiny, nothing_stays):
    folder = nothing_stays
    code, printed = run(*arguments(tiny, folder))
    assert code == 0, printed
    assert "2 process(es), 1 thread(s) each" in printed
    assert re.search(r"ranks: 0 runs \(pid \d+\), 1 runs", printed)
    assert f"{ITERS} iterations" in printed
    assert {one.name for one in (folder / "log").iterdir()} == {"workerlog.0", "workerlog.1"}
    steps = [one for one in runlog.read(folder) if "loss" in one]
    assert [one["iteration"] for one in steps] == list(range(1, ITERS + 1))
    assert [one.name for one in checkpoint.checkpoints(folder)] == ["iter_4", "iter_8"]

    state = json.loads((folder / "iter_8" / "state.json").read_text())
    assert state["total_batch"] == 2
    scored = [one["miou"] for one in runlog.read(folder) if "miou" in one]
    alone = evaluation.evaluate_checkpoint(
        config.load(folder / "config.yml"), folder / "iter_8", engine="paddle"
    ).scores
    assert scored[-1] == alone.miou
    assert alone.frames == 2


def test_resumed_ranks_equal_undisturbed_ones(tiny, tmp_path, nothing_stays):
    """The launcher is killed, without a word to the ranks: they end by themselves."""
    folder, iters = nothing_stays, 40
    code, printed = run(*arguments(tiny, tmp_path / "whole", iters=iters))
    assert code == 0, printed
    process = start(*arguments(tiny, folder, iters=iters))
    wait_until(has(folder, 5), "iteration 5")
    process.kill()
    finish(process)
    wait_until(lambda: not processes_with(folder), "ranks to follow their launcher", 20)
    assert checkpoint.newest(folder).name != f"iter_{iters}"
    code, printed = run(*arguments(tiny, folder, iters=iters), "--resume-model", folder)
    assert code == 0, printed
    assert_same_weights(tmp_path / "whole" / f"iter_{iters}", folder / f"iter_{iters}")


def test_ctrl_c_saves_and_gives_the_command(tiny, nothing_stays):
    folder = nothing_stays
    process = start(*arguments(tiny, folder, iters=4000))
    wait_until(has(folder, 2), "iteration 2")
    process.send_signal(signal.SIGINT)
    code, printed = finish(process)
    assert code == 130, printed
    assert "Traceback" not in printed
    stopped = int(re.search(r"stopped at iteration (\d+) and saved", printed)[1])
    assert checkpoint.newest(folder).name == f"iter_{stopped}"
    line = next(one for one in printed.splitlines() if one.startswith("bisenet launch"))
    assert shlex.split(line)[-2:] == ["--resume-model", str(folder)]


@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_rank_is_named_and_takes_the_others_along(tiny, nothing_stays, victim):
    folder = nothing_stays
    process = start(*arguments(tiny, folder, iters=4000))
    wait_until(has(folder, 2), "iteration 2")
    ranks(folder)[victim].kill()
    code, printed = finish(process)
    assert code == 1
    assert f"error: rank {victim} was killed by SIGKILL" in printed, printed
    assert "C++ Traceback" not in printed.partition("error: rank")[2]


FAILING = """
import sys
from bisenet_lib import ranks
from bisenet_lib.errors import InputError
there = ranks.join()
try:
    if there.rank == 1:
        raise InputError("image 17 is no image")
    there.sum(__import__("numpy").zeros(1))
except InputError as error:
    sys.exit(f"error: {error}")
"""


def test_a_failing_rank_speaks_for_itself(tmp_path):
    script = tmp_path / "failing.py"
    script.write_text(FAILING)
    with pytest.raises(InputError) as raised:
        launch(Plan(2), [str(script)], tmp_path / "log", show=lambda _: None, say=lambda _: None)
    message = str(raised.value)
    assert message.startswith("rank 1 failed (exit 1)")
    assert message.endswith("image 17 is no image")
    assert not processes_with(script)


GRADIENTS = """
import sys
import numpy as np
from bisenet_lib import config, parts, training
from bisenet_lib.ranks import join
from bisenet_lib.paddleseg_compat import paddle
here = join()
built = parts.build(config.load(sys.argv[1]), 5)
step = training.Step(built, training.Options(), "cpu", here)
for layer in built.model.sublayers():
    layer.eval()  # batch norm and dropout look at each rank's images alone
built.model.training = True  # all five heads
data = np.load(sys.argv[2])
share = slice(here.rank * 4 // here.size, (here.rank + 1) * 4 // here.size)
step.backward({name: paddle.to_tensor(data[name][share]) for name in data})
if here.first:
    named = built.model.named_parameters()
    np.savez(sys.argv[3], **{n: p.grad.numpy() for n, p in named if p.grad is not None})
"""


def test_gradients_of_two_ranks_equal_those_of_the_joined_batch(tiny, tmp_path):
    rng = np.random.default_rng(0)
    batch = {
        "img": rng.normal(size=(4, 3, 32, 64)).astype("float32"),
        "label": rng.integers(0, 19, (4, 32, 64)).astype("uint8"),
    }
    np.savez(tmp_path / "batch.npz", **batch)
    script = tmp_path / "gradients.py"
    script.write_text(GRADIENTS)
    words = [str(script), str(tiny), str(tmp_path / "batch.npz")]
    launch(Plan(2), [*words, str(tmp_path / "two.npz")], tmp_path / "log", show=print, say=print)
    subprocess.run([sys.executable, *words, str(tmp_path / "one.npz")], check=True)
    one, two = np.load(tmp_path / "one.npz"), np.load(tmp_path / "two.npz")
    assert len(one.files) > 200 and one.files == two.files
    for name in one.files:
        scale = np.abs(one[name]).max()
        np.testing.assert_allclose(two[name], one[name], atol=1e-5 * scale + 1e-8, err_msg=name)


def nodes(tiny, folder, *, timeout=60, iters=ITERS):
    master = f"127.0.0.1:{free_port()}"
    more = ("--nproc", 1, "--nnodes", 2, "--master", master, "--timeout", timeout)
    return [start(*arguments(tiny, folder, *more, "--rank", rank, iters=iters)) for rank in (0, 1)]


def test_two_hosts_train_one_network(tiny, nothing_stays):
    folder = nothing_stays
    first, second = nodes(tiny, folder)
    code, printed = finish(first)
    assert (code, finish(second)[0]) == (0, 0), printed
    assert "2 process(es)" in printed
    assert {one.name for one in (folder / "log").iterdir()} == {"workerlog.0", "workerlog.1"}
    assert json.loads((folder / "iter_8" / "state.json").read_text())["total_batch"] == 2


@pytest.mark.parametrize("victim", [0, 1])
def test_a_lost_host_ends_the_other(tiny, nothing_stays, victim):
    folder = nothing_stays
    hosts = nodes(tiny, folder, iters=4000)
    wait_until(has(folder, 2), "iteration 2")
    lost = ranks(folder)[victim]
    launcher = lost.parent()
    for process in (hosts[victim], launcher, lost):
        process.kill()
    code, printed = finish(hosts[1 - victim])
    finish(hosts[victim])
    assert code == 1
    assert f"rank {1 - victim} " in printed and "lost another rank" in printed, printed


def test_a_host_that_waits_alone_gives_up(tiny, nothing_stays):
    more = ("--nnodes", 2, "--master", f"127.0.0.1:{free_port()}", "--timeout", 6)
    code, printed = run(*arguments(tiny, nothing_stays, *more, "--nproc", 1))
    assert code == 1
    assert "no rank has started within" in printed


def test_a_master_that_never_answers(tiny, nothing_stays):
    more = ("--nnodes", 2, "--master", f"127.0.0.1:{free_port()}", "--timeout", 1, "--rank", 1)
    code, printed = run(*arguments(tiny, nothing_stays, *more))
    assert code == 1
    assert "no answer within 1 s" in printed and "--rank 0" in printed


def test_a_port_in_use(tiny, nothing_stays):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        more = ("--nnodes", 2, "--master", f"127.0.0.1:{port}")
        code, printed = run(*arguments(tiny, nothing_stays, *more))
    assert code == 1
    assert f"127.0.0.1:{port}: host 0 cannot listen there (Address already in use)" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--gpus", "0,1"), "--gpus 0,1: gpu:0 is not there"),
        (("--nproc", 0), "--nproc is 0"),
        (("--nnodes", 0), "--nnodes is 0"),
        (("--nnodes", 2), "--master is ''; give HOST:PORT"),
        (("--nnodes", 2, "--master", "here:99999"), "give HOST:PORT"),
        (("--nnodes", 2, "--master", "a:1", "--rank", 2), "--rank is 2"),
        (("--itters", 3), "No such option"),
        (("--device", "gpu"), "device 'gpu' is not there"),
        (("--batch-size", 2), "3 images are fewer than one batch of 4"),
    ],
)
def test_a_plan_that_cannot_start(tiny, nothing_stays, options, message):
    code, printed = run(*arguments(tiny, nothing_stays), *options)
    assert code != 0
    assert message in printed, printed
    assert "Traceback" not in printed


def test_a_world_size_that_does_not_divide_the_batch(tiny, nothing_stays):
    assert run(*arguments(tiny, nothing_stays))[0] == 0
    more = ("--nproc", 3, "--iters", 20, "--resume-model", nothing_stays)
    code, printed = run(*arguments(tiny, nothing_stays), *more)
    assert code == 1
    assert "was trained with 2 images an iteration over all processes" in printed
    assert "now there would be 3" in printed


def test_one_validation_image_is_enough_for_two_ranks(tiny, nothing_stays):
    """The second rank has none to check and none to evaluate."""
    images = Path(config.load(tiny)["val_dataset"]["val_path"])
    images.write_text(images.read_text().splitlines()[0] + "\n")
    code, printed = run(*arguments(tiny, nothing_stays))
    assert code == 0, printed
    assert [one["iteration"] for one in runlog.read(nothing_stays) if "miou" in one] == [4, 8]


def test_a_rank_that_is_late_is_waited_for(late_rank):
    """Gloo's own limit is 30 s."""
    printed, _ = late_rank.communicate(timeout=90)
    assert late_rank.returncode == 0, printed
    assert "ranks that met: [2.]" in printed
