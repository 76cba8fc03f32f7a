"""How fast evaluation is on a CPU, beside PaddleSeg's own ``paddleseg.core.evaluate``.

The same checkpoint, the same generated streets of 1024 x 512, both cores; each in a process of
its own, in turn. The classes of both are compared pixel by pixel.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from bisenet_lib.common.processes import cores
from bisenet_lib.config import configuration
from bisenet_lib.data import minicity
from bisenet_lib.data.conversion import prepare
from bisenet_lib.data.labels import CLASS_NAMES
from bisenet_lib.deployment import engines, runtimes
from bisenet_lib.deployment.onnx_runtime import OnnxEngine
from bisenet_lib.evaluation.metrics import confusion_matrix
from bisenet_lib.network import checkpoint, profiling
from bisenet_lib.network.profiling import peak
from bisenet_lib.runtime.paddleseg_compat import MKL_ON_AMD, THREADS, paddle

from paddleseg.utils import metrics  # isort: skip

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "checkpoints" / "bisenetv2_minicity"
SIZE = (1024, 512)
FRAMES, WARM_UP, ROUNDS = 10, 2, 2

# Paddle fixes its threads and MKL its path when they first compute: see train_bench.py.
AS_IT_IS = f"""
import os, sys
import paddle
paddle.set_device("cpu")
paddle.matmul(paddle.ones([64, 64]), paddle.ones([64, 64]))
if {MKL_ON_AMD!r} in os.environ or os.environ.get({THREADS!r}, "1") != "1":
    sys.exit("this is not Paddle's default")
"""
PADDLESEG = """
import json, sys, time
import numpy as np
from bisenet_lib.config import configuration
from bisenet_lib.network.checkpoint import load_weights
from bisenet_lib.runtime.paddleseg_compat import paddle
from paddleseg.core import val
from paddleseg.cvlibs import Config, SegBuilder
paddle.set_device("cpu")
settings = configuration.load_config(sys.argv[1])
model = SegBuilder(Config(sys.argv[1])).model
load_weights(model, sys.argv[2])
model.eval()
dataset = configuration.build_component(settings["val_dataset"])
clock, seen, count = [], [], val.metrics.calculate_area
def watched(pred, *args, **kwargs):
    seen.append(pred.numpy()[0, 0].astype(np.uint8))
    areas = count(pred, *args, **kwargs)
    clock.append(time.perf_counter())
    return areas
val.metrics.calculate_area = watched
val.evaluate(model, dataset, print_detail=False)
np.savez(sys.argv[3], *seen)
print(json.dumps(clock))
"""
BISENET = """
import json, sys, time
import numpy as np
from bisenet_lib.config import configuration
from bisenet_lib.deployment import engines
from bisenet_lib.evaluation import evaluator
settings = configuration.load_config(sys.argv[1])
dataset = configuration.build_component(settings["val_dataset"])
names = evaluator.dataset_names(dataset)
model = engines.load_network(settings, sys.argv[2], engine=sys.argv[4], names=names)
clock, seen = [], {}
def done(index, classes):
    seen[index] = classes
    clock.append(time.perf_counter())
evaluator.evaluate(model, dataset, done=done)
np.savez(sys.argv[3], *[seen[index] for index in sorted(seen)])
print(json.dumps(clock))
"""


def write_data(folder: Path) -> Path:
    """Write the frames of the bench and its configuration.

    Args:
        folder: an empty folder.

    Returns:
        The configuration's file.
    """
    root = folder / "minicity"
    minicity.generate(root, train=4, val=FRAMES, test=0, size=SIZE, seed=1, workers=cores())
    prepare(root)
    path = folder / "bench.yml"
    configuration.save_config(configuration.load_config(SHIPPED / "config.yml", dataset=root), path)
    return path


def _seconds(code: str, *arguments: str | Path, default: bool = False) -> float:
    """Seconds a frame, the first ones left out."""
    env = {name: value for name, value in os.environ.items() if name not in (MKL_ON_AMD, THREADS)}
    command = [sys.executable, "-c", (AS_IT_IS if default else "") + code, *map(str, arguments)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{done.stdout[-500:]}{done.stderr[-2000:]}")
    return float(np.diff(json.loads(done.stdout.splitlines()[-1])[WARM_UP - 1 :]).mean())


def _agreement(left: Path, right: Path) -> float:
    one, two = np.load(left), np.load(right)
    return float(np.mean([(one[name] == two[name]).mean() for name in one.files]))


def _evaluation_rows(folder: Path) -> list[tuple[str, str, str]]:
    path = write_data(folder)
    others = [runtime.name for runtime in runtimes.installed() if runtime.name != "onnx"]
    kept = {name: folder / f"{name}.npz" for name in ("paddleseg", "paddle", "onnx", *others)}
    times = [
        [
            _seconds(PADDLESEG, path, SHIPPED, folder / "default.npz", default=True),
            *(
                _seconds(PADDLESEG, path, SHIPPED, file)
                if name == "paddleseg"
                else _seconds(BISENET, path, SHIPPED, file, name)
                for name, file in kept.items()
            ),
        ]
        for _ in range(ROUNDS)
    ]
    default, both, ours, fast, *faster = (min(one) for one in zip(*times, strict=True))
    same = {name: 100 * _agreement(kept["paddleseg"], kept[name]) for name in ("onnx", *others)}
    return [
        ("PaddleSeg's evaluate, as it runs by default", f"{1 / default:.2f} images/s", "1 thread"),
        (
            "PaddleSeg's evaluate, both cores",
            f"{1 / both:.2f} images/s",
            f"{default / both:.2f} times its default",
        ),
        (
            "bisenet evaluate --engine paddle",
            f"{1 / ours:.2f} images/s",
            f"{both / ours:.2f} times PaddleSeg's on both cores",
        ),
        (
            "bisenet evaluate --engine onnx",
            f"{1 / fast:.2f} images/s",
            f"{both / fast:.2f} times PaddleSeg's on both cores (at least 5), {default / fast:.2f} "
            f"times its default; {same['onnx']:.4f} % of pixels agree (at least 99.99)",
        ),
        *(
            (
                f"bisenet evaluate --engine {name}",
                f"{1 / seconds:.2f} images/s",
                f"{both / seconds:.2f} times PaddleSeg's on both cores (the fastest at least 8); "
                f"{same[name]:.2f} % of pixels agree",
            )
            for name, seconds in zip(others, faster, strict=True)
        ),
    ]


def timed(task: Callable[[], object], times: int = 10) -> float:
    """The median of several seconds, after two that are not counted."""
    found = []
    for _ in range(times + 2):
        start = time.perf_counter()
        task()
        found.append(time.perf_counter() - start)
    return median(found[2:])


def _network_row() -> tuple[str, str, str]:
    settings = configuration.load_config(SHIPPED / "config.yml")
    engine = OnnxEngine(engines.cached_onnx(settings, SHIPPED, CLASS_NAMES))
    model = profiling.build_network()
    rows = [one for one in profiling.stages(model, SIZE) if not one.training_only]
    work = sum(one.multiply_adds for one in rows)
    image = np.random.default_rng(0).random((3, SIZE[1], SIZE[0]), np.float32)
    highest = max(peak() for _ in range(ROUNDS))
    seconds = min(timed(lambda: engine.classes(image)) for _ in range(ROUNDS))
    return (
        "the network in ONNX Runtime, 1024 x 512",
        f"{1000 * seconds:.0f} ms",
        f"{work / seconds / 1e9:.0f} G multiply-adds/s, {100 * work / seconds / highest:.0f} % of "
        f"a large matrix product's {highest / 1e9:.0f}",
    )


def _matrix_row() -> tuple[str, str, str]:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 20, (2, 64, 128)).astype(np.uint8)
    truth, guess = (cv2.resize(one, (2048, 1024), interpolation=0) for one in small)
    truth[truth == 19], guess[guess == 19] = 255, 0
    tensors = (
        paddle.to_tensor(guess[None, None], "int32"),
        paddle.to_tensor(truth[None, None], "int64"),
    )
    paddleseg = min(timed(lambda: metrics.calculate_area(*tensors, 19, 255), 3) for _ in (0, 1))
    ours = min(timed(lambda: confusion_matrix(truth, guess, 19)) for _ in (0, 1))
    return (
        "confusion matrix, 2048 x 1024",
        f"{1000 * ours:.1f} ms",
        f"{paddleseg / ours:.0f} times as fast as PaddleSeg's calculate_area (at least 20)",
    )


def rows() -> list[tuple[str, str, str]]:
    """Measure, all in this run.

    Returns:
        (what, images a second or milliseconds, ratio and target) of each row.
    """
    checkpoint.weights_file(SHIPPED)
    with TemporaryDirectory() as folder:
        found = _evaluation_rows(Path(folder))
    return [*found, _network_row(), _matrix_row()]


if __name__ == "__main__":
    for row in rows():
        print("{:<44} {:>15}   {}".format(*row))
