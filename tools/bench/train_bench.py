"""How fast training is on a CPU, beside PaddleSeg's own ``paddleseg.core.train``.

The same network, losses, transforms and data; each in processes of its own, in turn. Before
that the losses of the first iterations are compared: arranged otherwise, but the same.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from bisenet_lib.config import configuration
from bisenet_lib.data.conversion import prepare
from bisenet_lib.runtime.paddleseg_compat import MKL_ON_AMD, THREADS
from bisenet_lib.training import run_log

BISENET = Path(sys.executable).with_name("bisenet")
DATA = Path(__file__).resolve().parents[2] / "data" / "minicity"
ITERS, WARM_UP, ROUNDS = 14, 2, 2
TOLERANCE = 1e-3
"""Of a loss, relative."""

# Paddle fixes its threads when it is loaded, MKL its path at the first product: what
# bisenet_lib sets for them then comes too late, and this runs as PaddleSeg alone does.
PADDLESEG = f"""
import os, sys
import paddle
paddle.set_device("cpu")
paddle.matmul(paddle.ones([64, 64]), paddle.ones([64, 64]))
if {MKL_ON_AMD!r} in os.environ or os.environ.get({THREADS!r}, "1") != "1":
    sys.exit("this is not Paddle's default")
from bisenet_lib.config import configuration
from bisenet_lib.runtime.paddleseg_compat import paddleseg
from paddleseg.cvlibs import Config, SegBuilder
settings = configuration.load_config(sys.argv[1])
built = SegBuilder(Config(sys.argv[1]))
paddleseg.utils.logger.log_level = 2
paddleseg.core.train(
    built.model,
    built.train_dataset,
    optimizer=built.optimizer,
    losses=built.loss,
    iters=settings["iters"],
    batch_size=settings["batch_size"],
    save_dir=sys.argv[2],
    log_iters=1,
)
"""

LOSSES = """
import json, sys
from bisenet_lib.config import configuration
from bisenet_lib.training import trainer
from bisenet_lib.runtime.paddleseg_compat import paddle
from bisenet_lib.runtime.ranks import ALONE
from bisenet_lib.training.data_loading import Seeded, batches, read_batches
from paddleseg.core.train import loss_computation
from paddleseg.cvlibs import Config, SegBuilder
paddle.set_device("cpu")
settings = configuration.load_config(sys.argv[1])
ours = trainer.build(settings, 0)
theirs = SegBuilder(Config(sys.argv[1]))
model, optimizer = theirs.model, theirs.optimizer
model.set_state_dict(ours.model.state_dict())
model.train()
step = trainer.Step(ours, trainer.Options(), "cpu", ALONE)
keys = batches(len(ours.train_dataset), settings["batch_size"], 0, 0, 3)
for iteration, data in enumerate(read_batches(Seeded(ours.train_dataset, 0), keys, 0)):
    paddle.seed(iteration)
    label = data["label"].astype("int64")
    expected = loss_computation(model(data["img"]), label, None, theirs.loss)
    sum(expected).backward()
    optimizer.step()
    optimizer.clear_grad()
    theirs.lr_scheduler.step()
    paddle.seed(iteration)
    found = step(data)
    ours.schedule.step()
    print(json.dumps([[float(one) for one in losses] for losses in (expected, found)]))
"""


def write_config(folder: Path, iters: int) -> Path:
    """Write the configuration of the bench: crops of 256x256 from MiniCity, four a batch.

    Args:
        folder: where to write.
        iters: iterations of each run.

    Returns:
        The file.
    """
    prepare(DATA)
    settings = configuration.load_config("laptop", dataset=DATA, iters=iters, batch_size=4)
    shipped = configuration.load_config("minicity_checkpoint")
    settings["train_dataset"]["transforms"] = shipped["train_dataset"]["transforms"]
    path = folder / "bench.yml"
    configuration.save_config(settings, path)
    return path


def child(*command: str | Path, threads: int | None = None) -> str:
    """Run it to its end, with so many threads a process, or as many as it takes by default."""
    env = {name: value for name, value in os.environ.items() if name not in (MKL_ON_AMD, THREADS)}
    if threads is not None:
        env[THREADS] = str(threads)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[:4]}: {done.stdout[-500:]}{done.stderr[-2000:]}")
    return done.stdout


def check_losses(path: Path) -> None:
    """Compare this library's first losses with those of PaddleSeg's modules.

    Args:
        path: a configuration.

    Raises:
        RuntimeError: one of the five losses of the first three iterations differs.
    """
    printed = child(sys.executable, "-c", LOSSES, path, threads=2)
    pairs = np.array([json.loads(line) for line in printed.splitlines() if line.startswith("[[")])
    if pairs.shape != (3, 2, 5):
        raise RuntimeError(f"not three times two times five losses: {printed}")
    expected, found = pairs[:, 0], pairs[:, 1]
    worst = np.abs(found / expected - 1).max()
    if not worst <= TOLERANCE:
        raise RuntimeError(f"a loss differs by {worst:.1e}:\n{expected}\n{found}")


def _speed(iterations: list[float]) -> float:
    return median(iterations[WARM_UP:])


def _paddleseg(path: Path, run: Path) -> float:
    printed = child(sys.executable, "-c", PADDLESEG, path, run)
    return _speed([float(one) for one in re.findall(r"ips: ([\d.]+)", printed)])


def _bisenet(path: Path, run: Path, *, command: tuple[str, ...], threads: int) -> float:
    options = ("--device", "cpu", "--log-iters", "1", "--config", path, "--save-dir", run)
    child(BISENET, *command, *options, threads=threads)
    return _speed([one["ips"] for one in run_log.read_log(run)])


def rows(iters: int = ITERS) -> list[tuple[str, str, str]]:
    """Measure, all in this run: the best of several rounds, taken in turn.

    Args:
        iters: iterations of each run; the median without the first two counts.

    Returns:
        (what, images a second, ratio and target) of each row.
    """
    tasks: list[Callable[[Path, Path], float]] = [
        _paddleseg,
        partial(_bisenet, command=("train",), threads=2),
        partial(_bisenet, command=("launch", "--nproc", "2"), threads=1),
    ]
    with TemporaryDirectory() as folder:
        path = write_config(Path(folder), iters)
        check_losses(path)
        rounds = [
            [task(path, Path(folder) / f"run_{number}_{n}") for n, task in enumerate(tasks)]
            for number in range(ROUNDS)
        ]
    reference, one, two = (max(speeds) for speeds in zip(*rounds, strict=True))
    return [
        ("PaddleSeg's train, as it runs by default", f"{reference:.2f} images/s", ""),
        (
            "bisenet train, 1 process of 2 threads",
            f"{one:.2f} images/s",
            f"{one / reference:.2f} times PaddleSeg's",
        ),
        (
            "bisenet launch, 2 processes",
            f"{two:.2f} images/s",
            f"{two / reference:.2f} times PaddleSeg's (at least 1.8); {two / one:.2f} times one "
            "process (at least 1.25); 4 images a process, 8 in all",
        ),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iters", type=int, default=ITERS, help="iterations of each run, from 3")
    for row in rows(parser.parse_args().iters):
        print("{:<42} {:>14}   {}".format(*row))
