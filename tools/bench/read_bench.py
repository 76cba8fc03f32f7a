"""How fast the recipe's training samples are read: 2048 x 1024 PNG, scaled, cropped, distorted."""

import time
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from bisenet_lib.config import configuration
from bisenet_lib.config.datasets import build_dataset
from bisenet_lib.data import minicity
from bisenet_lib.data.conversion import prepare
from bisenet_lib.training.data_loading import Seeded, batches, read_batches

RECIPE = "bisenet_cityscapes_1024x1024_160k"
FRAMES, BATCHES = 8, 10
WORKERS = (0, 1, 2)


def _images_per_second(settings: dict, workers: int) -> float:
    dataset, size = build_dataset(settings["train_dataset"]), settings["batch_size"]
    keys = batches(len(dataset), size, seed=0, first=0, last=BATCHES)
    clock = [time.perf_counter() for _ in read_batches(Seeded(dataset, 0), keys, workers)]
    # The first batches come while processes start, and those that wait in the queue at once.
    seconds = [after - before for before, after in pairwise(clock[2:])]
    return size * len(seconds) / sum(seconds)


def rows() -> list[tuple[str, str, str]]:
    """Read the same samples with no, one and two worker processes.

    Returns:
        (what, images a second, ratio) of each row.
    """
    with TemporaryDirectory() as folder:
        root = Path(folder) / "large"
        minicity.generate(root, train=FRAMES, val=1, test=0, size=(2048, 1024), seed=0)
        prepare(root)
        settings = configuration.load_config(RECIPE, dataset=root)
        speeds = {workers: _images_per_second(settings, workers) for workers in WORKERS}
    return [
        (
            f"read with --num-workers {workers}",
            f"{speed:.2f} images/s",
            "" if workers == 0 else f"{speed / speeds[0]:.2f} times reading in the same process",
        )
        for workers, speed in speeds.items()
    ]


if __name__ == "__main__":
    for row in rows():
        print("{:<42} {:>14}   {}".format(*row))
