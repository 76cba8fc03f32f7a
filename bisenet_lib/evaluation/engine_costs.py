"""What each engine gains and costs: latency, throughput, size and mIoU.

Taught in ``06_deployment``.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bisenet_lib.common.markdown import markdown_table
from bisenet_lib.config.datasets import SegDataset, read_sample, spread
from bisenet_lib.data.image_io import Size
from bisenet_lib.deployment.engines import OnnxNetwork
from bisenet_lib.deployment.onnx_runtime import OnnxEngine
from bisenet_lib.deployment.runtimes import INT8_FILE, RUNTIMES
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import evaluator
from bisenet_lib.evaluation.metrics import Scores

SCORED = 20
"""Validation frames, evenly spread, that an export in 8-bit integers is scored on."""
POINTS = 1.0
"""Of mIoU, in percent, that an export in 8-bit integers may cost; if it is more, it is refused."""


@dataclass(frozen=True)
class EngineCost:
    """One engine at one size of the network's input.

    Args:
        engine: a key of :data:`bisenet_lib.deployment.runtimes.RUNTIMES`.
        size: (width, height) of the input.
        median: latency in milliseconds, of half of the runs at most.
        p95: latency in milliseconds, of 95 % of the runs at most.
        miou: in percent, at the labels' size.
        megabytes: of the file.
    """

    engine: str
    size: Size
    median: float
    p95: float
    miou: float
    megabytes: float

    @property
    def images_per_second(self) -> float:
        """Throughput of the network alone, one image after the other."""
        return 1000 / self.median

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "images_per_second": self.images_per_second}


def compare_engines(
    settings: Mapping[str, Any],
    files: Mapping[str, Path],
    sizes: Sequence[Size],
    *,
    frames: int = 10,
    runs: int = 20,
) -> list[EngineCost]:
    """Measure engines on this computer, at several sizes of the network's input.

    The engines take turns, image by image, so that whatever else the computer does meets all of
    them. The first run of a size plans its memory and does not count.

    Args:
        settings: the checkpoint's resolved configuration, with its validation set.
        files: engine, a key of :data:`bisenet_lib.deployment.runtimes.RUNTIMES`, to the file that
            it runs.
        sizes: (width, height) of the input; each image gets as many pixels, in its own proportions.
        frames: of the validation set, evenly spread, that the mIoU is of.
        runs: of each engine at each size.

    Returns:
        A cost for each size and engine, in their order.

    Raises:
        InputError: an engine is not there, or the validation set is not.
    """
    opened = {name: OnnxEngine(path, engine=name) for name, path in files.items()}
    costs = []
    for size in sizes:
        dataset = _spread(evaluator.sized_dataset(settings, size), frames)
        image = read_sample(dataset, 0)["img"]
        times = _take_turns([partial(one.classes, image) for one in opened.values()], runs)
        for (name, engine), measured in zip(opened.items(), times, strict=True):
            costs.append(
                EngineCost(
                    name,
                    size,
                    float(np.median(measured)),
                    float(np.percentile(measured, 95)),
                    100 * _scores(engine, dataset).miou,
                    files[name].stat().st_size / 1e6,
                )
            )
    return costs


def costs_table(costs: Sequence[EngineCost]) -> str:
    """The costs as a Markdown table."""
    titles = ["engine", "input", "median ms", "95 % ms", "images/s", "mIoU %", "MB"]
    rows = [
        (
            RUNTIMES[cost.engine].title,
            "{}x{}".format(*cost.size),
            f"{cost.median:.0f}",
            f"{cost.p95:.0f}",
            f"{cost.images_per_second:.1f}",
            f"{cost.miou:.2f}",
            f"{cost.megabytes:.1f}",
        )
        for cost in costs
    ]
    return markdown_table(titles, rows, "llrrrrr")


@dataclass(frozen=True)
class Int8Cost:
    """What 8-bit integers cost a network.

    Args:
        frames: that were scored.
        float32: mIoU of the float32 export, in percent.
        int8: mIoU of the export in 8-bit integers, in percent.
    """

    frames: int
    float32: float
    int8: float

    @property
    def points(self) -> float:
        """Of mIoU lost, in percent; negative where it is gained."""
        return self.float32 - self.int8

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "points": self.points}


def int8_cost(settings: Mapping[str, Any], float32: Path, int8: Path) -> Int8Cost:
    """Score an export in 8-bit integers beside the one in float32, on validation frames.

    Args:
        settings: the checkpoint's resolved configuration, with its validation set.
        float32: the ONNX file it was made from, which was compared with the checkpoint.
        int8: the file of 8-bit integers.

    Raises:
        InputError: it costs more than :data:`POINTS`, or the validation set is not there.
    """
    dataset = _spread(evaluator.sized_dataset(settings, None), SCORED)
    pair = [100 * _scores(OnnxEngine(path), dataset).miou for path in (float32, int8)]
    cost = Int8Cost(len(dataset), *pair)
    if not cost.points <= POINTS:
        raise InputError(
            f"{INT8_FILE}: 8-bit integers cost {cost.points:.2f} points of mIoU "
            f"({cost.float32:.2f} to {cost.int8:.2f} % on {cost.frames} validation frames; "
            f"allowed: {POINTS:g}); not written. Leave out --int8."
        )
    return cost


def _spread(dataset: SegDataset, frames: int) -> SegDataset:
    """Keep so many frames of a data set, evenly spread."""
    dataset.file_list = [dataset.file_list[index] for index in spread(dataset, frames)]
    return dataset


def _scores(engine: OnnxEngine, dataset: SegDataset) -> Scores:
    scores = evaluator.evaluate(OnnxNetwork(engine), dataset)
    assert scores is not None, "nothing asks it to stop"
    return scores


def _take_turns(steps: Sequence[Callable[[], object]], runs: int) -> list[list[float]]:
    """Milliseconds of each run of each step, which take turns."""
    times: list[list[float]] = [[] for _ in steps]
    for number in range(runs + 1):
        for step, measured in zip(steps, times, strict=True):
            started = time.perf_counter()
            step()
            if number:
                measured.append(1000 * (time.perf_counter() - started))
    return times
