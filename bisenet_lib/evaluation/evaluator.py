"""Measuring a network on a data set. Taught in ``05_evaluation``."""

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from bisenet_lib.common.atomic_files import delete, write_text
from bisenet_lib.common.parallel import ahead
from bisenet_lib.config import configuration, datasets
from bisenet_lib.config.class_names import names_or_default
from bisenet_lib.config.datasets import SegDataset
from bisenet_lib.data.image_io import Size
from bisenet_lib.data.label_io import read_instances, read_label_ids, write_classes
from bisenet_lib.data.labels import CLASS_NAMES, train_id_to_id
from bisenet_lib.deployment import engines
from bisenet_lib.deployment.engines import Network, OnnxNetwork
from bisenet_lib.deployment.predictor import checked_size, input_size, resized
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import cityscapes_benchmark
from bisenet_lib.evaluation.cityscapes_benchmark import Counter, FrameCounts, Official
from bisenet_lib.evaluation.cityscapes_benchmark import count as count_official
from bisenet_lib.evaluation.metrics import Scores, confusion_matrix
from bisenet_lib.evaluation.predictions import prediction_files
from bisenet_lib.evaluation.tta import ONCE, Views
from bisenet_lib.runtime.paddleseg_compat import paddle
from bisenet_lib.runtime.ranks import ALONE, Ranks

from paddleseg.core import infer  # isort: skip

Done = Callable[[int, np.ndarray], None]
"""Called with a frame's index and its (H, W) uint8 classes, in a thread beside the network."""


@dataclass(frozen=True)
class EvaluationReport:
    """The result of scoring a checkpoint.

    Args:
        scores: over all frames.
        official: what Cityscapes' benchmark reports, if the data set has its files.
        images_per_second: reading, network and counting together.
        settings: what was scored, and how: checkpoint, data set, engine, views.
    """

    scores: Scores
    official: Official | None
    images_per_second: float
    settings: Mapping[str, Any]

    def table(self) -> str:
        """The scores as Markdown."""
        if self.official is None:
            return self.scores.table()
        accuracy = f"pixel accuracy {100 * self.scores.pixel_accuracy:.2f} %"
        return f"{self.official.table()}\n\nmIoU {100 * self.scores.miou:.2f} %, {accuracy}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        official = {"official": self.official.as_dict()} if self.official else {}
        speed = {"images_per_second": self.images_per_second}
        return {**self.settings, **self.scores.as_dict(), **official, **speed}


def predict(network: Network, sample: Mapping[str, Any], views: Views = ONCE) -> np.ndarray:
    """Segment one sample of a validation data set.

    Args:
        network: in evaluation mode.
        sample: ``dataset[i]`` of a PaddleSeg data set: ``img`` (3, H, W) float32, normalised,
            and ``trans_info``, what was done to its size.
        views: how often the image is looked at.

    Returns:
        (H0, W0) uint8 classes at the image's original size. As in PaddleSeg the logits are
        scaled back, not the classes.
    """
    image, changes = sample["img"], sample["trans_info"]
    if isinstance(network, OnnxNetwork) and not changes and views == ONCE:
        return network.engine.classes(image)
    with paddle.no_grad():
        tensor = paddle.to_tensor(image[np.newaxis])
        if views.augmented:
            classes, _ = infer.aug_inference(network, tensor, changes, **views.augmentation())
        else:
            classes, _ = infer.inference(network, tensor, changes, **views.window())
    return classes.numpy()[0, 0].astype(np.uint8)


def evaluate(
    network: Network,
    dataset: SegDataset,
    *,
    names: Sequence[str] | None = None,
    limit: int | None = None,
    ranks: Ranks = ALONE,
    views: Views = ONCE,
    done: Done | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Scores | None:
    """Score a network on a data set.

    Args:
        network: a network of Paddle is scored in evaluation mode, and gets back its mode after.
        dataset: a PaddleSeg data set in ``val`` mode.
        names: class names; by default :func:`dataset_names`.
        limit: frames to score, from the first; all by default.
        ranks: the processes that share the frames; each has the same network.
        views: how often each image is looked at.
        done: see :data:`Done`.
        stop: called before every frame; when it gives True on any rank, all of them stop.

    Returns:
        The scores over all frames together, on every rank; None if it was stopped.

    Raises:
        InputError: an image or label cannot be read or does not fit; the message names it.
    """
    frames = len(dataset) if limit is None else min(limit, len(dataset))
    was_training = isinstance(network, paddle.nn.Layer) and network.training
    network.eval()

    def count(index: int, sample: Mapping[str, Any], prediction: np.ndarray) -> np.ndarray:
        if done is not None:
            done(index, prediction)
        try:
            truth = sample["label"][0]
            return confusion_matrix(truth, prediction, dataset.num_classes, dataset.ignore_index)
        except InputError as error:
            raise InputError(f"{dataset.file_list[index][1]}: {error}") from error

    stopped = False

    def segmented() -> Iterator[tuple[int, Mapping[str, Any], np.ndarray]]:
        nonlocal stopped
        indices = range(ranks.rank, frames, ranks.size)
        waiting = zip(indices, ahead(partial(datasets.read_sample, dataset), indices), strict=True)
        rounds = range(math.ceil(frames / ranks.size))
        for _ in tqdm(rounds, "evaluating", leave=False, unit="frame", disable=not ranks.first):
            # All ranks meet at every frame, so none is more than one frame behind another.
            if stopped := ranks.any(stop()):
                return
            for index, sample in islice(waiting, 1):
                yield index, sample, predict(network, sample, views)

    matrix = np.zeros((dataset.num_classes, dataset.num_classes), np.int64)
    try:
        for counts in ahead(lambda item: count(*item), segmented()):
            matrix += counts
    finally:
        if was_training and isinstance(network, paddle.nn.Layer):
            network.train()
    if stopped:
        return None
    return Scores(ranks.sum(matrix), frames, tuple(names or dataset_names(dataset)))


def dataset_names(dataset: SegDataset) -> tuple[str, ...]:
    """The class names of a PaddleSeg data set, see :mod:`bisenet_lib.config.class_names`."""
    return names_or_default(Path(dataset.dataset_root), dataset.num_classes)


def evaluate_checkpoint(
    settings: Mapping[str, Any],
    path: Path,
    *,
    device: str = "auto",
    engine: str = "auto",
    views: Views = ONCE,
    size: Sequence[int] | str | None = None,
    limit: int | None = None,
    save_dir: Path | None = None,
    save_predictions: bool = False,
) -> EvaluationReport:
    """Score a checkpoint on the validation set of a configuration.

    Args:
        settings: a resolved configuration, as :func:`bisenet_lib.config.configuration.load_config`
            gives it.
        path: see :func:`bisenet_lib.network.checkpoint.weights_file`.
        device: see :func:`bisenet_lib.runtime.devices.select`.
        engine: see :func:`bisenet_lib.deployment.engines.load_network`.
        views: how often each image is looked at.
        size: (width, height): the network sees each image with so many pixels, in its own
            proportions, as a photograph, see
            :func:`bisenet_lib.deployment.predictor.input_size`; "photo": each at its own size. By
            default as the validation transforms have it. The labels keep their size.
        limit: frames to score, from the first; all by default.
        save_dir: where ``results.json`` is written; None writes nothing.
        save_predictions: also write a PNG into ``predictions/`` for each image, whose palette
            index is the class; see :func:`bisenet_lib.evaluation.predictions.prediction_files`.

    Returns:
        The report.

    Raises:
        InputError: the data set, the checkpoint, the device or the engine does not allow it.
    """
    if "val_dataset" not in settings:
        raise InputError("the configuration has no val_dataset to score on")
    datasets.check_dataset(settings["val_dataset"])
    dataset = sized_dataset(settings, size)
    names = dataset_names(dataset)
    network = engines.load_network(settings, path, engine=engine, device=device, names=names)

    benchmark = _Benchmark.of(dataset)
    images = [Path(image) for image, _ in dataset.file_list]
    files = prediction_files(images)
    if save_dir and save_predictions:  # until all are written, no results belong to the files
        delete(Path(save_dir) / "results.json")

    def done(index: int, classes: np.ndarray) -> None:
        if benchmark is not None:
            benchmark.count(index, classes)
        if save_dir and save_predictions:
            path = Path(save_dir) / "predictions" / files[images[index]]
            write_classes(path, classes, dataset.num_classes)

    started = time.perf_counter()
    scores = evaluate(network, dataset, names=names, limit=limit, views=views, done=done)
    assert scores is not None, "nothing asks it to stop"
    used = network.engine.name if isinstance(network, OnnxNetwork) else "paddle"
    origin = {"checkpoint": str(path), "dataset": str(dataset.dataset_root), "engine": used}
    report = EvaluationReport(
        scores,
        None if benchmark is None else benchmark.scores(),
        scores.frames / (time.perf_counter() - started),
        {**origin, "views": views.as_dict(), **({} if size is None else {"size": size})},
    )
    if save_dir:
        results = report.as_dict()
        if save_predictions:
            root, scored = dataset.dataset_root, images[: scores.frames]
            results["predictions"] = {
                os.path.relpath(path_scored, root): files[path_scored] for path_scored in scored
            }
        write_text(Path(save_dir) / "results.json", json.dumps(results, indent=2) + "\n")
    return report


def sized_dataset(settings: Mapping[str, Any], size: Sequence[int] | str | None) -> SegDataset:
    """The validation set of a configuration, its images scaled as is asked for.

    Args:
        settings: a resolved configuration.
        size: see :func:`evaluate_checkpoint`.

    Raises:
        InputError: a size that is none, or transforms that it cannot stand in for.
    """
    try:
        checked = checked_size(size)
    except ValueError as error:
        raise InputError(f"--{error}") from error
    if checked is None:
        return datasets.build_dataset(settings["val_dataset"])
    section = configuration.with_size(settings, None)["val_dataset"]
    others = [step["type"] for step in section["transforms"] if step["type"] != "Normalize"]
    if others:
        raise InputError(
            f"--size: val_dataset has the transform {others[0]} too. Leave out --size, or give a "
            "--config whose val_dataset only resizes (Resize) and normalises (Normalize)."
        )
    dataset = datasets.build_dataset(section)
    if not isinstance(checked, str):
        dataset.transforms.transforms.insert(0, _Scaled(checked))
    return dataset


class _Scaled:
    """A transform as PaddleSeg's, that scales an image as the predictor does a photograph."""

    def __init__(self, size: Size) -> None:
        self.size = size

    def __call__(self, data: dict[str, Any]) -> dict[str, Any]:
        """Scale ``img``, (H, W, 3), and note its size, to which the logits are scaled back."""
        height, width = data["img"].shape[:2]
        size = input_size((width, height), self.size, math.inf)
        if size != (width, height):
            data["trans_info"].append(("resize", (height, width)))
            data["img"] = resized(data["img"], size)
        return data


class _Benchmark:
    """The counts of Cityscapes' benchmark, kept by frame: threads end in any order."""

    def __init__(self, truths: Sequence[tuple[Path, Path]]) -> None:
        self.truths = truths
        self.counts: dict[int, FrameCounts] = {}
        self.to_id = train_id_to_id()

    @classmethod
    def of(cls, dataset: SegDataset) -> "_Benchmark | None":
        """For a data set of which every frame has the official files; else None."""
        truths = []
        for _, label in dataset.file_list:
            files = cityscapes_benchmark.truth_files(Path(label))
            if files is None or not all(path.is_file() for path in files):
                return None
            truths.append(files)
        return cls(truths) if dataset.num_classes == len(CLASS_NAMES) else None

    def count(self, index: int, classes: np.ndarray) -> None:
        label_ids, instance_ids = self.truths[index]
        truth, objects = read_label_ids(label_ids), read_instances(instance_ids)
        try:
            self.counts[index] = count_official(truth, objects, self.to_id[classes])
        except InputError as error:
            raise InputError(f"{label_ids}: {error}") from error

    def scores(self) -> Official:
        counter = Counter()
        for index in sorted(self.counts):
            counter.include(self.counts[index])
        return counter.scores()
