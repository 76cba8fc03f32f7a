"""Measure the ablations of the paper and of practice: each row differs from another by one thing.

`make experiments` runs all of them with three seeds, in a few hours on two cores, and ends with
their table and chart. What has finished is not repeated; the results are written after every run.
Several of these commands may work at the same time, also on several hosts that share the folder.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import psutil
import yaml

from bisenet_lib.common.atomic_files import write_text
from bisenet_lib.common.claims import Taken, claimed, one_at_a_time
from bisenet_lib.common.machine import hardware, versions
from bisenet_lib.common.processes import cores
from bisenet_lib.common.signals import cleaned_up_at_sigterm
from bisenet_lib.config import configuration
from bisenet_lib.config.profiles import find_config
from bisenet_lib.course import experiments
from bisenet_lib.data.minicity.dataset import SETTINGS
from bisenet_lib.errors import InputError
from bisenet_lib.training.run_log import read_log

BASE = "base"
PLAIN = "no booster"
"""What the paper's tables 2 and 3 are measured with, and so the rows that stand beside them."""
ALONE: Mapping[str, Any] = {"model": {"booster": False}, "loss": {"coef": [1]}}
RANDOM_CONVOLUTION = {"type": "RandomConvolution", "prob": 0.25}
FAST = "minicity_fast"
PACKAGES = ("paddlepaddle", "paddleseg", "numpy", "opencv-python-headless")
RESULT, LOG = "result.json", "train.log"
PHOTOGRAPHS, SIZE = "photographs.json", "256x144"
"""A run's scores on photographs, and the size at which it sees them: about that of the base."""


@dataclass(frozen=True)
class Row:
    """A configuration to measure.

    Args:
        group: what it belongs to.
        name: of the row.
        changes: what is merged into the base configuration.
        against: the row that it differs from by one thing.
        paper: what the paper reports for this row, mIoU on Cityscapes in percent, and where.
        paper_against: the same of the row that it is compared with.
    """

    group: str
    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    against: str = BASE
    paper: tuple[float, str] | None = None
    paper_against: float | None = None

    @property
    def folder(self) -> str:
        """The name of its folder, which any file system takes."""
        return re.sub(r"[^\w.-]+", "_", self.name)


def rows(base: Mapping[str, Any]) -> list[Row]:
    """All rows of the table.

    The figures of the paper are those of Yu et al. 2020 (arXiv:2004.02147).

    Args:
        base: the resolved base configuration.
    """
    return [
        Row("base", BASE),
        Row("booster", PLAIN, ALONE, paper=(69.67, "table 2"), paper_against=73.19),
        *_aggregation(),
        *_network(),
        *_losses(),
        *_rates(base),
        *_augmentation(base),
        *_sizes(base),
        *_minutes(base),
    ]


def _aggregation() -> list[Row]:
    told = {"sum": 68.60, "concat": 68.93, "detail": 62.35, "semantic": 64.68}
    titles = {"detail": "detail branch alone", "semantic": "semantic branch alone"}
    return [
        Row(
            "aggregation",
            titles.get(kind, f"aggregation: {kind}"),
            _merged(ALONE, {"model": {"aggregation": kind}}),
            PLAIN,
            (miou, "table 2"),
            69.67,
        )
        for kind, miou in told.items()
    ]


def _network() -> list[Row]:
    told = {"1/16": 68.27, "1/8": 69.26, "1/2": 69.66}
    lambdas = [
        Row(
            "lambda",
            f"lambda {text}",
            _merged(ALONE, {"model": {"lambd": 1 / int(text[2:])}}),
            PLAIN,
            (miou, "table 3"),
            69.67,
        )
        for text, miou in told.items()
    ]
    expansions = [
        Row(
            "expansion",
            f"expansion {times}",
            _merged(ALONE, {"model": {"expansion": times}}),
            PLAIN,
        )
        for times in (1, 2, 4)
    ]
    heads = [
        Row("head", f"head {width} wide", {"model": {"head_channels": width}})
        for width in (64, 256, 1024)
    ]
    return lambdas + expansions + heads


def _losses() -> list[Row]:
    ohem = {"type": "OhemCrossEntropyLoss", "thresh": 0.7, "min_kept": 10000, "ignore_index": 255}
    return [
        Row("loss", "OHEM", {"loss": {"types": [ohem]}}, BASE, (73.36, "section 5.2"), 73.19),
        Row("loss", "class weights", {"loss": {"types": _fast()["loss"]["types"]}}),
    ]


def _rates(base: Mapping[str, Any]) -> list[Row]:
    """Learning rate and batch; every run sees as many images."""
    batch, rate, iters = base["batch_size"], base["lr_scheduler"]["learning_rate"], base["iters"]

    def row(images: int, times: float, name: str) -> Row:
        changes = {"batch_size": images, "iters": iters * batch // images}
        return Row("batch", name, changes | {"lr_scheduler": {"learning_rate": rate * times}})

    rates = [
        Row("learning rate", f"rate x {times:g}", {"lr_scheduler": {"learning_rate": rate * times}})
        for times in (0.25, 0.5, 2, 4)
    ]
    scaled = [row(n, n / batch, f"batch {n}, rate x {n / batch:g}") for n in (2, 8, 16)]
    unscaled = row(16, 1, "batch 16, rate x 1")
    warm = {"warmup_iters": max(1, iters // 10), "warmup_start_lr": rate / 10}
    schedule = [
        Row("schedule", "warm-up", {"lr_scheduler": warm}),
        Row("schedule", "EMA", {"ema": {"decay": 0.95}}),
    ]
    return [*rates, *scaled, unscaled, *schedule]


def _augmentation(base: Mapping[str, Any]) -> list[Row]:
    scaling = ("ResizeStepScaling", "RandomPaddingCrop")
    without = {
        "no mirror image": ("RandomHorizontalFlip",),
        "no colours": ("RandomDistort",),
        "no scaling": scaling,
        "no augmentation": ("RandomHorizontalFlip", "RandomDistort", *scaling),
    }
    steps = base["train_dataset"]["transforms"]
    kept = {
        name: [step for step in steps if step["type"] not in types]
        for name, types in without.items()
    }
    last = len(steps) - 1  # before the values are normalised
    kept["random convolution"] = [*steps[:last], RANDOM_CONVOLUTION, *steps[last:]]
    return [
        Row("augmentation", name, {"train_dataset": {"transforms": transforms}})
        for name, transforms in kept.items()
    ]


def _sizes(base: Mapping[str, Any]) -> list[Row]:
    """Other crops of the same images, and larger images."""
    steps = base["train_dataset"]["transforms"]
    width, height = next(step["crop_size"] for step in steps if "crop_size" in step)
    half, large = [width // 2, height], [2 * width, 2 * height]
    cropped = {"train_dataset": {"transforms": _resized(steps, crop_size=half)}}
    enlarged = {
        f"{split}_dataset": {
            "transforms": _resized(base[f"{split}_dataset"]["transforms"], target_size=large)
        }
        for split in ("train", "val")
    }
    return [
        Row("size", f"crop {half[0]}x{half[1]}", cropped),
        Row("size", f"images {large[0]}x{large[1]}, crop {width}x{height}", enlarged),
    ]


def _fast() -> dict[str, Any]:
    """What minicity_fast changes."""
    return yaml.safe_load(find_config(FAST).read_text(encoding="utf-8"))


def _minutes(base: Mapping[str, Any]) -> list[Row]:
    """From the base to minicity_fast, one change after the other; each run sees as many images."""
    fast = _fast()
    schedule, batch = fast["lr_scheduler"], fast["batch_size"]
    rate = round(schedule["learning_rate"] * (base["batch_size"] / batch) ** 0.5, 4)
    adamw = {"optimizer": fast["optimizer"], "lr_scheduler": {**schedule, "learning_rate": rate}}
    iters = base["iters"] * base["batch_size"] // batch
    small = {"optimizer": fast["optimizer"], "lr_scheduler": schedule}
    small |= {"batch_size": batch, "iters": iters}
    weighted = {**small, "loss": {"types": fast["loss"]["types"]}}
    single = {**weighted, "loss": fast["loss"], "model": fast["model"]}
    whole = {**single, "train_dataset": fast["train_dataset"]}
    ladder = [
        ("AdamW", adamw),
        (f"AdamW, batch {batch}", small),
        (f"AdamW, batch {batch}, class weights", weighted),
        (f"AdamW, batch {batch}, class weights, no booster", single),
        (FAST, whole),
    ]
    before = [BASE, *(name for name, _ in ladder)]
    return [
        Row("minutes", name, changes, against)
        for (name, changes), against in zip(ladder, before, strict=False)
    ]


def _resized(steps: Sequence[Mapping[str, Any]], **sizes: list[int]) -> list[dict[str, Any]]:
    return [{**step, **{key: sizes[key] for key in sizes if key in step}} for step in steps]


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = deepcopy(dict(one))
    for section, values in other.items():
        merged[section] = {**merged.get(section, {}), **values}
    return merged


def measure(
    row: Row, seed: int, base: Path, dataset: Path, folder: Path, threads: int
) -> dict[str, Any] | None:
    """Train a row with a seed, unless that has been done; None if another process is at it.

    Raises:
        InputError: the training failed; the message names its log.
    """
    place = folder / row.folder / f"seed{seed}"
    result = place / RESULT
    try:
        with claimed(place):
            if result.is_file():
                return json.loads(result.read_text(encoding="utf-8"))
            config = place / "row.yml"
            text = yaml.safe_dump({"_base_": str(base.resolve()), **row.changes}, sort_keys=False)
            write_text(config, text)
            words = ["train", "--config", str(config), "--dataset", str(dataset), "--do-eval"]
            words += ["--seed", str(seed), "--save-interval", "1000000", "--save-dir"]
            run = place / "run"
            measured = _trained([*words, str(run)], run, place / LOG, threads)
            write_text(result, json.dumps({"seed": seed, **measured}, indent=2) + "\n")
            return {"seed": seed, **measured}
    except Taken:
        return None


def _trained(words: list[str], run: Path, log: Path, threads: int) -> dict[str, Any]:
    """Train and read the score from the log; what a stopped training saved is gone on with."""
    if not any("miou" in record for record in read_log(run)):
        go_on = ["--resume-model", str(run)] if list(run.glob("iter_*")) else []
        _bisenet([*words, *go_on], log, threads)
    records = read_log(run)
    scored = [record for record in records if "miou" in record][-1]
    return {
        "miou": scored["miou"],
        "pixel_accuracy": scored["acc"],
        "iou": scored["iou"],
        "command": shlex.join(["bisenet", *words]),
    }


def score_photographs(row: Row, seed: int, dataset: Path, folder: Path, threads: int) -> None:
    """Score a finished run on photographs, unless that has been done on the same ones.

    Raises:
        InputError: the evaluation failed; the message names its log.
    """
    place = folder / row.folder / f"seed{seed}"
    report = place / PHOTOGRAPHS
    known = json.loads(report.read_text(encoding="utf-8"))["dataset"] if report.is_file() else ""
    if (place / RESULT).is_file() and known != str(dataset):
        words = ["evaluate", str(place / "run"), "--dataset", str(dataset), "--engine", "onnx"]
        _bisenet([*words, "--size", SIZE, "--json", str(report)], place / LOG, threads)


def _bisenet(words: list[str], log: Path, threads: int) -> None:
    """Run a command; its output is added to the log.

    Raises:
        InputError: it failed.
    """
    with log.open("ab") as file:
        code = subprocess.run(
            [sys.executable, "-m", "bisenet_lib.cli", *words],
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        ).returncode
    if code:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise InputError(f"{log}: `bisenet {words[0]}` ended with code {code}: {''.join(last)}")


def collect(
    table: Sequence[Row], seeds: Sequence[int], base: Path, dataset: Path, folder: Path, path: Path
) -> None:
    """Write all results there are as one JSON file."""
    settings = dataset / SETTINGS
    about = {
        "made": date.today().isoformat(),
        "command": "make experiments",
        "machine": hardware(),
        "versions": versions(PACKAGES),
        "base": base.stem,
        "dataset": json.loads(settings.read_text()) if settings.is_file() else dataset.name,
        "seeds": list(seeds),
    }
    told = []
    for row in table:
        places = [folder / row.folder / f"seed{seed}" for seed in seeds]
        runs = [_result(place) for place in places if (place / RESULT).is_file()]
        fields = {key: getattr(row, key) for key in Row.__dataclass_fields__}
        told.append({**fields, "runs": runs})
    text = json.dumps({**about, "rows": told}, indent=1).replace(str(folder), "runs/experiments")
    with one_at_a_time(folder):
        write_text(path, text.replace(str(dataset), "data/minicity") + "\n")


def _result(place: Path) -> dict[str, Any]:
    """What a finished run has: the scores of its training, and those on photographs if any."""
    result = json.loads((place / RESULT).read_text(encoding="utf-8"))
    if (report := place / PHOTOGRAPHS).is_file():
        scores = json.loads(report.read_text(encoding="utf-8"))
        kept = ("frames", "size", "miou", "pixel_accuracy")
        result["photographs"] = {key: scores[key] for key in kept}
    return result


def main(words: Sequence[str] | None = None) -> None:
    """Measure the rows that are named, or all, and write the results."""
    parser = argparse.ArgumentParser(prog="make experiments", description=__doc__)
    parser.add_argument("--rows", nargs="*", default=[], help="names of rows, or groups; all")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=cores(), help="runs at the same time")
    parser.add_argument("--base", default="laptop", help="a profile, or a .yml file")
    parser.add_argument("--dataset", type=Path, default=Path("data/minicity"))
    parser.add_argument(
        "--photographs",
        type=Path,
        help=f"a second data set, to score every finished run on its val.txt at {SIZE}",
    )
    parser.add_argument("--folder", type=Path, default=Path("runs/experiments"))
    parser.add_argument("--json", type=Path, default=Path("runs/experiments/results.json"))
    given = parser.parse_args(words)
    base, dataset, folder = find_config(given.base), given.dataset.resolve(), given.folder.resolve()
    table = rows(configuration.load_config(base))
    known = {row.name for row in table} | {row.group for row in table}
    if strange := set(given.rows) - known:
        sys.exit(f"no row or group {sorted(strange)[0]!r}; there are: {'; '.join(sorted(known))}")
    if given.jobs < 1:
        sys.exit(f"--jobs is {given.jobs}; give 1 or more")
    if given.photographs and not (given.photographs / "val.txt").is_file():
        sys.exit(f"--photographs is {given.photographs}: no val.txt there, image,label a line")
    chosen = [row for row in table if not given.rows or {row.name, row.group} & set(given.rows)]
    todo = list(product(chosen, given.seeds))
    threads = max(1, cores() // given.jobs)
    run = partial(
        _measured,
        base=base,
        dataset=dataset,
        folder=folder,
        threads=threads,
        photographs=given.photographs and given.photographs.resolve(),
    )
    failed = 0
    with cleaned_up_at_sigterm(), ThreadPoolExecutor(given.jobs) as pool:
        try:
            for done, (well, told) in enumerate(pool.map(lambda one: run(*one), todo), 1):
                failed += not well
                print(f"{done} of {len(todo)}, {told}", flush=True)
                collect(table, given.seeds, base, dataset, folder, given.json)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for training in psutil.Process().children():
                training.terminate()  # it saves its state, and the same command goes on with it
            raise
    comparisons = experiments.compare_rows(experiments.read_results(given.json))
    chart = given.json.with_suffix(".png")
    experiments.differences_figure(comparisons).savefig(chart)
    print(experiments.table(comparisons), f"{given.json} and {chart.name}: written", sep="\n\n")
    if failed:
        sys.exit(
            f"{failed} of {len(todo)} runs failed, see above; the same command tries them again"
        )


def _measured(row: Row, seed: int, *, photographs: Path | None, **where: Any) -> tuple[bool, str]:
    """Measure; whether it went well, and what came out. A row that fails stops no other."""
    try:
        result = measure(row, seed, **where)
        if photographs:
            score_photographs(row, seed, photographs, where["folder"], where["threads"])
    except InputError as error:
        return False, f"{row.name}, seed {seed}: FAILED: {error}"
    told = "left to another process" if result is None else f"mIoU {100 * result['miou']:.2f} %"
    return True, f"{row.name}, seed {seed}: {told}"


if __name__ == "__main__":
    main()
