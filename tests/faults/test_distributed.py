"""Training as several ranks: real processes, on gloo, and what may befall them."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from processes import (
    AS_MODULE,
    BISENET,
    SECRET,
    assert_same_weights,
    finish,
    processes_with,
    ranks,
    run,
    start,
    wait_until,
)

from bisenet_lib.config import configuration
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import evaluator
from bisenet_lib.network import checkpoint
from bisenet_lib.training import run_log
from bisenet_lib.training.launcher import PREFIX, Plan, launch

ITERS = 8
NO_PROXY = "http://127.0.0.1:9"
"""The port of `discard`: nothing answers there."""


def arguments(tiny, folder, *more, iters=ITERS):
    return (
        *("launch", *more),
        *("--config", tiny, "--batch-size", 1, "--iters", iters, "--log-iters", 1),
        *("--save-interval", 4, "--do-eval", "--save-dir", folder),
    )


def has(folder, iteration):
    return lambda: any(one["iteration"] >= iteration for one in run_log.read_log(folder))


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
import sys, time
import numpy as np
from bisenet_lib.runtime import ranks
here = ranks.join()
def work():
    time.sleep(36 if here.rank == 1 else 0)
here.together(work) if sys.argv[1] == "together" else work()
print("ranks that met:", here.sum(np.ones(1)))
"""

STARTED_FROM_PYTHON = """
import sys
from pathlib import Path
from bisenet_lib.training.launcher import launch
from bisenet_lib.training.launcher import Plan
launch(Plan(2), sys.argv[2:], Path(sys.argv[1]))
"""


@pytest.fixture(scope="module", autouse=True)
def late_processes(tmp_path_factory):
    """Two ranks, one 36 s late: begun before the other tests, looked at after them."""
    folder = tmp_path_factory.mktemp("late")
    (folder / "late.py").write_text(LATE)
    begun = {}
    for how in ("together", "apart"):
        words = [sys.executable, "-c", STARTED_FROM_PYTHON, folder / how, folder / "late.py", how]
        begun[how] = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    yield begun
    for process in begun.values():
        process.kill()


@pytest.fixture(scope="module")
def late_ranks(late_processes):
    """Exit code and output of each."""
    return {how: finish(process) for how, process in late_processes.items()}


def test_two_ranks_leave_one_run_folder(tiny, nothing_stays):
    folder = nothing_stays
    code, printed = run(*arguments(tiny, folder))
    assert code == 0, printed
    assert "2 process(es), 1 thread(s) each" in printed
    assert re.search(r"ranks: 0 runs \(pid \d+\), 1 runs", printed)
    assert f"{ITERS} iterations" in printed
    assert {one.name for one in (folder / "log").iterdir()} == {"workerlog.0", "workerlog.1"}
    steps = [one for one in run_log.read_log(folder) if "loss" in one]
    assert [one["iteration"] for one in steps] == list(range(1, ITERS + 1))
    assert [one.name for one in checkpoint.checkpoints(folder)] == ["iter_4", "iter_8"]

    state = json.loads((folder / "iter_8" / "state.json").read_text())
    assert state["total_batch"] == 2
    scored = [one["miou"] for one in run_log.read_log(folder) if "miou" in one]
    alone = evaluator.evaluate_checkpoint(
        configuration.load_config(folder / "config.yml"), folder / "iter_8", engine="paddle"
    ).scores
    assert scored[-1] == alone.miou
    assert alone.frames == 2


def test_resumed_ranks_equal_undisturbed_ones(tiny, tmp_path, nothing_stays):
    """The launcher is killed, without a word to the ranks: they end by themselves."""
    folder, iters = nothing_stays, 40
    code, printed = run(*arguments(tiny, tmp_path / "whole", iters=iters))
    assert code == 0, printed
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    env = {"TMPDIR": str(temporary)}
    process = start(*arguments(tiny, folder, iters=iters), env=env)
    wait_until(has(folder, 5), "iteration 5")
    process.kill()
    finish(process)
    wait_until(lambda: not processes_with(folder), "ranks to follow their launcher", 20)
    assert checkpoint.newest(folder).name != f"iter_{iters}"

    left, beside = next(temporary.glob(f"{PREFIX}*")), temporary / f"{PREFIX}young"
    assert not leaked(left)
    beside.mkdir()
    os.utime(left, (0, 0))
    words = arguments(tiny, folder, iters=iters)
    code, printed = run(*words, "--resume-model", folder, env=env)
    assert code == 0, printed
    assert beside.exists() and not left.exists()
    assert_same_weights(tmp_path / "whole" / f"iter_{iters}", folder / f"iter_{iters}")


def test_two_ranks_have_one_average(tiny, tmp_path, nothing_stays):
    """They score it together as one process does, and go on with it bit for bit."""
    folder, rest = nothing_stays, tmp_path / "rest"
    configuration.save_config({**configuration.load_config(tiny), "ema": {"decay": 0.9}}, tiny)
    code, printed = run(*arguments(tiny, folder))
    assert code == 0, printed
    alone = evaluator.evaluate_checkpoint(
        configuration.load_config(folder / "config.yml"),
        folder / "iter_8" / "ema.pdparams",
        engine="paddle",
    ).scores
    scored = [one["miou"] for one in run_log.read_log(folder) if "miou" in one]
    assert scored[-1] == alone.miou

    code, printed = run(*arguments(tiny, rest), "--resume-model", folder / "iter_4")
    assert code == 0, printed
    for name in ("model.pdparams", "ema.pdparams"):
        assert_same_weights(folder / "iter_8" / name, rest / "iter_8" / name)


def test_sigterm_to_all_processes_saves(tiny, nothing_stays):
    """As systemd and Slurm send it: to `bisenet launch`, Paddle's launcher, ranks and readers."""
    folder = nothing_stays
    words = [*map(str, arguments(tiny, folder, iters=4000)), "--num-workers", "1"]
    process = start(*words, program=AS_MODULE)
    wait_until(has(folder, 2), "iteration 2")
    tree = psutil.Process(process.pid).children(recursive=True)
    assert len(tree) == 5  # and two readers of images
    assert not any(str(BISENET) in one.cmdline() for one in tree)  # the script is not needed
    for one in (process, *tree):
        one.send_signal(signal.SIGTERM)
    code, printed = finish(process)
    assert code == 143, printed
    assert "Traceback" not in printed
    stopped = int(re.search(r"stopped at iteration (\d+) and saved", printed)[1])
    assert checkpoint.newest(folder).name == f"iter_{stopped}"
    command = next(line for line in printed.splitlines() if line.endswith(f"model {folder}"))
    assert shlex.split(command) == [*AS_MODULE, *words, "--resume-model", str(folder)]


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
from bisenet_lib.runtime import ranks
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


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="nowhere/bisenet: no such script or program"):
        launch(Plan(1), [str(tmp_path / "nowhere/bisenet"), "train"], tmp_path / "log")
    assert not (tmp_path / "log").exists()


GRADIENTS = """
import sys
import numpy as np
from bisenet_lib.config import configuration
from bisenet_lib.training import trainer
from bisenet_lib.runtime.ranks import join
from bisenet_lib.runtime.paddleseg_compat import paddle
here = join()
built = trainer.build(configuration.load_config(sys.argv[1]), 5)
step = trainer.Step(built, trainer.Options(), "cpu", here)
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


def nodes(tiny, folder, *, timeout=60, iters=ITERS, env=()):
    master = f"127.0.0.1:{free_port()}"
    more = ("--nproc", 1, "--nnodes", 2, "--master", master, "--timeout", timeout)
    words = arguments(tiny, folder, *more, iters=iters)
    return [start(*words, "--rank", rank, env=env) for rank in (0, 1)]


def test_two_hosts_train_one_network(tiny, nothing_stays):
    """Also behind a proxy that leads to neither of them."""
    folder = nothing_stays
    first, second = nodes(tiny, folder, env={"HTTP_PROXY": NO_PROXY, "all_proxy": NO_PROXY})
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
        (("--device", "gpu"), "--device gpu: without --gpus every process trains on the CPU"),
        (("--config", "labtop"), "did you mean 'laptop'"),
        (("--dataset", "nowhere"), "--dataset nowhere: no such file or folder"),
    ],
)
def test_a_plan_that_cannot_start(tiny, nothing_stays, options, message):
    code, printed = run(*arguments(tiny, nothing_stays), *options)
    assert code != 0
    assert message in printed, printed
    assert "Traceback" not in printed and "ranks:" not in printed
    assert not nothing_stays.exists()


def test_a_batch_that_is_too_large(tiny, nothing_stays):
    """The batch advised is the largest that all ranks together can fill."""
    code, printed = run(*arguments(tiny, nothing_stays), "--batch-size", 2)
    assert code == 1
    assert "3 images are fewer than one batch of 4. Add images, or give --batch-size 1." in printed
    assert "Traceback (most recent call last):\n  File" not in printed


def test_a_world_size_that_does_not_divide_the_batch(tiny, nothing_stays):
    assert run(*arguments(tiny, nothing_stays))[0] == 0
    logs = nothing_stays / "log"
    earlier = [(logs / f"workerlog.{rank}").read_bytes() for rank in (0, 1)]
    more = ("--nproc", 3, "--iters", 20, "--resume-model", nothing_stays)
    code, printed = run(*arguments(tiny, nothing_stays), *more)
    assert code == 1
    assert [(logs / f"workerlog.{rank}.1").read_bytes() for rank in (0, 1)] == earlier
    assert "was trained with 2 images an iteration over all processes" in printed
    assert "now there would be 3" in printed


def test_one_validation_image_is_enough_for_two_ranks(tiny, nothing_stays):
    """The second rank has none to check and none to evaluate."""
    images = Path(configuration.load_config(tiny)["val_dataset"]["val_path"])
    images.write_text(images.read_text().splitlines()[0] + "\n")
    code, printed = run(*arguments(tiny, nothing_stays))
    assert code == 0, printed
    assert [one["iteration"] for one in run_log.read_log(nothing_stays) if "miou" in one] == [4, 8]


def test_a_rank_that_is_late_is_waited_for(late_ranks):
    """Gloo's own limit is 30 s."""
    code, printed = late_ranks["together"]
    assert code == 0, printed
    assert "ranks that met: [2.]" in printed


def test_a_rank_that_is_not_waited_for_is_called_late(late_ranks):
    code, printed = late_ranks["apart"]
    assert code == 1
    assert "rank 0 failed (exit 1): the ranks lost one another" in printed, printed
    assert "rank 0 has lost another rank: it was more than 30 s late" in printed, printed
    assert "another host" not in printed
