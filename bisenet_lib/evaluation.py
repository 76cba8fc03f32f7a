"""Measuring a network on a data set. Taught in ``05_evaluation``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from bisenet_lib import checkpoint, config, devices, samples
from bisenet_lib.errors import InputError
from bisenet_lib.labels import CLASS_NAMES
from bisenet_lib.paddleseg_compat import paddle
from bisenet_lib.ranks import ALONE, Ranks
from bisenet_lib.scoring import Scores, confusion_matrix

from paddleseg.core import infer  # isort: skip


def predict(model: paddle.nn.Layer, sample: dict[str, Any]) -> np.ndarray:
    """Segment one sample of a validation data set.

    Args:
        model: a network in evaluation mode.
        sample: ``dataset[i]`` of a PaddleSeg data set: ``img`` (3, H, W) float32, normalised,
            and ``trans_info``, what was done to its size.

    Returns:
        (H0, W0) uint8 trainIds at the image's original size. As in PaddleSeg the logits are
        scaled back, not the classes.
    """
    with paddle.no_grad():
        image = paddle.to_tensor(sample["img"][np.newaxis])
        classes, _ = infer.inference(model, image, trans_info=sample["trans_info"])
    return classes.numpy()[0, 0].astype(np.uint8)


def evaluate(
    model: paddle.nn.Layer,
    dataset: paddle.io.Dataset,
    *,
    names: Sequence[str] | None = None,
    limit: int | None = None,
    ranks: Ranks = ALONE,
) -> Scores:
    """Score a network on a data set.

    Args:
        model: the network; it is put into evaluation mode and left as it was.
        dataset: a PaddleSeg data set in ``val`` mode.
        names: class names; Cityscapes' own for 19 classes, else numbers.
        limit: frames to score, from the first; all by default.
        ranks: the processes that share the frames; each has the same network.

    Returns:
        The scores over all frames together, on every rank.

    Raises:
        InputError: an image or label cannot be read or does not fit; the message names it.
    """
    classes = dataset.num_classes
    if names is None:
        names = CLASS_NAMES if classes == len(CLASS_NAMES) else [str(n) for n in range(classes)]
    matrix = np.zeros((classes, classes), np.int64)
    frames = len(dataset) if limit is None else min(limit, len(dataset))
    was_training = model.training
    model.eval()
    try:
        part = range(ranks.rank, frames, ranks.size)
        hidden = not ranks.first
        for index in tqdm(part, "evaluating", leave=False, unit="frame", disable=hidden):
            sample = samples.read_sample(dataset, index)
            truth, prediction = sample["label"][0], predict(model, sample)
            try:
                matrix += confusion_matrix(truth, prediction, classes, dataset.ignore_index)
            except InputError as error:
                raise InputError(f"{dataset.file_list[index][1]}: {error}") from error
    finally:
        (model.train if was_training else model.eval)()
    return Scores(ranks.sum(matrix), frames, tuple(names))


def evaluate_checkpoint(settings: Mapping[str, Any], path: Path, *, device: str = "auto") -> Scores:
    """Score a checkpoint on the validation set of a configuration.

    Args:
        settings: a resolved configuration, as :func:`bisenet_lib.config.load` gives it.
        path: see :func:`bisenet_lib.checkpoint.weights_file`.
        device: see :func:`bisenet_lib.devices.select`.

    Returns:
        The scores.

    Raises:
        InputError: the data set, the checkpoint or the device does not allow it.
    """
    devices.select(device)
    if "val_dataset" not in settings:
        raise InputError("the configuration has no val_dataset to score on")
    samples.preflight(settings["val_dataset"])
    built = config.builder(settings)
    with config.refusals():
        model, dataset = built.model, built.val_dataset
    checkpoint.load_weights(model, path)
    return evaluate(model, dataset)
