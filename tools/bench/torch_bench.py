"""How fast a training step is on a CPU, beside the same network in PyTorch (torch_twin.py).

Forward, the five losses added, backward and an SGD step; each in a process of its own, in turn.
Before that the logits and losses of both are compared: written otherwise, but the same network.
`pip install -e .[bench]` brings PyTorch, which the course itself does not need.
"""

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from train_bench import child

TWIN = Path(__file__).with_name("torch_twin.py")
IMAGES, SIZE, STEPS, WARM_UP, ROUNDS = 4, 256, 12, 2, 2
TOLERANCE = 1e-4
"""Of the largest logit, and of each loss."""

# As `bisenet train` does a step, on an image that is in memory already.
OURS = f"""
import json, sys, time
import numpy as np
from bisenet_lib.common.processes import keep_freed_memory
from bisenet_lib.config import configuration
from bisenet_lib.runtime.paddleseg_compat import paddle
from bisenet_lib.runtime.ranks import ALONE
from bisenet_lib.training import trainer
from paddleseg.core.train import loss_computation
paddle.set_device("cpu")
keep_freed_memory()
draw = np.random.default_rng(0)
image = draw.standard_normal(({IMAGES}, 3, {SIZE}, {SIZE}), np.float32)
label = draw.integers(0, 20, ({IMAGES}, {SIZE}, {SIZE})).astype(np.uint8)
label[label == 19] = 255
data = {{"img": paddle.to_tensor(image), "label": paddle.to_tensor(label)}}
paddle.seed(0)
built = configuration.builder(configuration.load_config("laptop"))
parts = trainer.Parts(built.model, built.loss, built.optimizer, built.lr_scheduler, None, None)
step = trainer.Step(parts, trainer.Options(), "cpu", ALONE)
clock = [time.perf_counter()]
for _ in range(int(sys.argv[1])):
    step(data)
    clock.append(time.perf_counter())
print(json.dumps(np.diff(clock).tolist()))
"""
# After those steps, so that the statistics of batch norm are no longer 0 and 1.
WRITE = """
state = {f"state.{name}": value.numpy() for name, value in parts.model.state_dict().items()}
for layer in parts.model.sublayers():
    if isinstance(layer, paddle.nn.Dropout):
        layer.p = 0.0
with paddle.no_grad():
    parts.model.eval()
    logits = parts.model(data["img"])[0].numpy()
    parts.model.train()
    truth = data["label"].astype("int64")
    losses = loss_computation(parts.model(data["img"]), truth, None, parts.losses)
found = {"logits": logits, "losses": [float(one) for one in losses]}
np.savez(sys.argv[2], image=image, label=label, **found, **state)
"""


def check_network(folder: Path) -> Path:
    """Compare logits in evaluation mode and, without dropout, the five losses in training.

    Args:
        folder: where both processes write what they found.

    Returns:
        The file that ours has written: weights, image and label.

    Raises:
        RuntimeError: they differ.
    """
    ours, theirs = folder / "ours.npz", folder / "theirs.npz"
    child(sys.executable, "-c", OURS + WRITE, "2", ours, threads=2)
    child(sys.executable, TWIN, ours, "check", theirs, threads=2)
    with np.load(ours) as expected, np.load(theirs) as found:
        for name in ("logits", "losses"):
            if expected[name].shape != found[name].shape:
                raise RuntimeError(f"{name}: {expected[name].shape} and {found[name].shape}")
            worst = np.abs(found[name] - expected[name]).max() / np.abs(expected[name]).max()
            if not worst <= TOLERANCE:
                raise RuntimeError(f"{name} of ours and of PyTorch's differ by {worst:.1e}")
    return ours


def _speed(*command: str | Path) -> float:
    """Images a second, of the median step."""
    printed = child(sys.executable, *command, threads=2)
    return IMAGES / median(json.loads(printed.splitlines()[-1])[WARM_UP:])


def rows(steps: int = STEPS) -> list[tuple[str, str, str]]:
    """Measure, all in this run: the best of several rounds, taken in turn.

    Args:
        steps: of each run; the median without the first two counts.

    Returns:
        (what, images a second, ratio) of each row.
    """
    if find_spec("torch") is None:
        return [("", "", "PyTorch, to compare with: pip install torch")]
    with TemporaryDirectory() as folder:
        arrays = check_network(Path(folder))
        commands = {
            "PyTorch": (TWIN, arrays, str(steps)),
            "ours": ("-c", OURS, str(steps)),
        }
        rounds = [[_speed(*command) for command in commands.values()] for _ in range(ROUNDS)]
    theirs, ours = (max(speeds) for speeds in zip(*rounds, strict=True))
    return [
        ("PyTorch, 2 threads", f"{theirs:.2f} images/s", ""),
        (
            "ours, 2 threads",
            f"{ours:.2f} images/s",
            f"{ours / theirs:.2f} times PyTorch's",
        ),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of each run, from 3")
    for row in rows(parser.parse_args().steps):
        print("{:<42} {:>14}   {}".format(*row))
