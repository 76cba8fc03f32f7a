"""The scores of Cityscapes' benchmark: IoU of classes and categories, and iIoU of both.

They equal those of cityscapesscripts' pixel-level scorer
(``cityscapesscripts/evaluation/evalPixelLevelSemanticLabeling.py``) to the last digit, and a
test runs both. The labels, their categories and the mean sizes of objects are read from
cityscapesscripts. Taught in ``05_evaluation``.
"""

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling import args as scorer
from cityscapesscripts.helpers.labels import category2labels

from bisenet_lib.common.markdown import markdown_table
from bisenet_lib.common.parallel import every
from bisenet_lib.data.cityscapes import Frame, find_frames
from bisenet_lib.data.image_files import files_below
from bisenet_lib.data.label_io import read_instances, read_label_ids
from bisenet_lib.data.labels import LABELS, id2label
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation.metrics import pair_counts, percent
from bisenet_lib.evaluation.predictions import read_prediction

NUM_IDS = 1 + max(label.id for label in LABELS)
"""Label ids are 0 to 33; the licence plate's -1 is never drawn."""

SCORED = [label for label in LABELS if not label.ignoreInEval]
"""The 19 labels that have a score."""

_COUNTABLE = [label for label in SCORED if label.hasInstances]
_MEMBERS = {
    name: [label for label in labels if label.id >= 0] for name, labels in category2labels.items()
}
_CATEGORIES = {
    name: [label.id for label in labels if not label.ignoreInEval]
    for name, labels in _MEMBERS.items()
    if not all(label.ignoreInEval for label in labels)
}
_COUNTABLE_CATEGORIES = {
    name: [label.id for label in labels]
    for name, labels in _MEMBERS.items()
    if all(label.hasInstances for label in labels)
}
"""Human and vehicle; as in the scorer, with the caravans and trailers that IoU leaves out."""

_CATEGORY_OF = np.full(256, -1)
"""The index of a label id's category among the countable ones; -1 for none."""
for _number, _ids in enumerate(_COUNTABLE_CATEGORIES.values()):
    _CATEGORY_OF[_ids] = _number


@dataclass(frozen=True)
class Official:
    """What the benchmark reports. Every score is 0 to 1; nan where there was nothing to score.

    Attributes:
        frames: images counted.
        class_iou: by class, in the order of Cityscapes.
        class_iiou: by class that has instances: IoU in which an object's pixels weigh
            ``mean size of its class / its own size``, so that small objects count as much as
            large ones. False positives belong to no object and keep the weight 1. The mean
            sizes are those of Cityscapes at 2048x1024: on smaller frames objects weigh more,
            and the score cannot be compared with a published one.
        category_iou: by category (flat, construction, object, nature, sky, human, vehicle).
        category_iiou: by category whose every class has instances.
    """

    frames: int
    class_iou: dict[str, float]
    class_iiou: dict[str, float]
    category_iou: dict[str, float]
    category_iiou: dict[str, float]

    @property
    def means(self) -> dict[str, float]:
        """The four figures of the benchmark's table; what is nan is left out of its mean."""
        return {
            "class_iou": _mean(self.class_iou),
            "class_iiou": _mean(self.class_iiou),
            "category_iou": _mean(self.category_iou),
            "category_iiou": _mean(self.category_iiou),
        }

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; nan becomes None."""
        return {
            "frames": self.frames,
            "means": _plain(self.means),
            "class_iou": _plain(self.class_iou),
            "class_iiou": _plain(self.class_iiou),
            "category_iou": _plain(self.category_iou),
            "category_iiou": _plain(self.category_iiou),
        }

    def table(self) -> str:
        """Two Markdown tables, of classes and of categories, each ending in its means."""
        means = self.means
        parts = [
            ("class", self.class_iou, self.class_iiou),
            ("category", self.category_iou, self.category_iiou),
        ]
        tables = []
        for kind, iou, iiou in parts:
            rows: list[tuple[str, ...]] = [
                (name, percent(iou[name]), percent(iiou[name]) if name in iiou else "")
                for name in iou
            ]
            both = (percent(means[f"{kind}_{score}"]) for score in ("iou", "iiou"))
            rows.append(("**mean**", *(f"**{text}**" for text in both)))
            tables.append(markdown_table([kind, "IoU %", "iIoU %"], rows, "lrr"))
        return "\n\n".join(tables)


def _mean(scores: Mapping[str, float]) -> float:
    present = [value for value in scores.values() if not math.isnan(value)]
    # One after the other, as the scorer adds; from Python 3.12 on sum() rounds otherwise.
    return float(np.cumsum(present)[-1]) / len(present) if present else math.nan


def _plain(scores: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in scores.items()}


class FrameCounts(NamedTuple):
    """What is counted in one frame.

    Attributes:
        matrix: (34, 34) int64 pixels by label id; rows are the truth, columns the prediction.
        objects: (N, 4) int64, in order of instance: label id, pixels, those predicted as its
            class, those predicted as any class of its category.
    """

    matrix: np.ndarray
    objects: np.ndarray


def count(truth: np.ndarray, instances: np.ndarray, prediction: np.ndarray) -> FrameCounts:
    """Count a frame.

    Args:
        truth: (H, W) uint8 label ids, of ``labelIds.png``.
        instances: (H, W) uint16, of ``instanceIds.png``.
        prediction: (H, W) uint8 label ids.

    Returns:
        The counts.

    Raises:
        InputError: the sizes differ, a value is no label id, or an object is of a class that
            has no instances.
    """
    if not truth.shape == instances.shape == prediction.shape:
        raise InputError(
            f"truth, instances and prediction differ in size: {truth.shape}, {instances.shape} "
            f"and {prediction.shape}"
        )
    pairs = pair_counts(truth, prediction)
    for name, counts in (("truth", pairs.sum(1)), ("prediction", pairs.sum(0))):
        if counts[NUM_IDS:].any():
            wrong = NUM_IDS + np.flatnonzero(counts[NUM_IDS:])[0]
            raise InputError(f"the {name} holds {wrong}; label ids are 0 to {NUM_IDS - 1}")
    return FrameCounts(pairs[:NUM_IDS, :NUM_IDS].copy(), _count_objects(instances, prediction))


def _count_objects(instances: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    inside = instances >= 1000
    numbers, predicted = instances[inside], prediction[inside]
    labels = (numbers // 1000).astype(np.uint8)
    sizes = np.bincount(numbers)
    objects = np.flatnonzero(sizes)
    hits = np.bincount(numbers[predicted == labels], minlength=len(sizes))
    same_category = numbers[_CATEGORY_OF[predicted] == _CATEGORY_OF[labels]]
    related = np.bincount(same_category, minlength=len(sizes))
    for number in objects:
        label = id2label.get(number // 1000)
        if label is None or not (label.hasInstances or label.ignoreInEval):
            reason = "unknown" if label is None else f"{label.name}, which has no instances"
            raise InputError(f"the object {number} is of class {number // 1000}: {reason}")
    table = np.stack([objects // 1000, sizes[objects], hits[objects], related[objects]], axis=1)
    return table[np.isin(table[:, 0], [label.id for label in _COUNTABLE])]


class Counter:
    """Adds up frames; all it keeps is whole numbers.

    The weights of objects are applied at the end, object by object in the order of counting,
    as the scorer does it: that makes the last digit equal.
    """

    def __init__(self) -> None:
        """Begin with no frame."""
        self.matrix = np.zeros((NUM_IDS, NUM_IDS), np.int64)
        self.objects: list[np.ndarray] = []

    def add(self, truth: np.ndarray, instances: np.ndarray, prediction: np.ndarray) -> None:
        """Count a frame, see :func:`count`."""
        self.include(count(truth, instances, prediction))

    def include(self, counts: FrameCounts) -> None:
        """Add the counts of a frame."""
        self.matrix += counts.matrix
        self.objects.append(counts.objects)

    def scores(self) -> Official:
        """The scores of all frames counted so far."""
        classes, categories = _weighted(self.objects)
        return Official(
            frames=len(self.objects),
            class_iou={label.name: _iou(self.matrix, [label.id]) for label in SCORED},
            class_iiou={
                label.name: _iiou(self.matrix, [label.id], [label.id], *classes[label.id])
                for label in _COUNTABLE
            },
            category_iou={name: _iou(self.matrix, ids) for name, ids in _CATEGORIES.items()},
            category_iiou={
                name: _iiou(self.matrix, ids, _CATEGORIES[name], *categories[number])
                for number, (name, ids) in enumerate(_COUNTABLE_CATEGORIES.items())
            },
        )


def _weighted(frames: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(34, 2) by label id and (categories, 2): weighted true positives and false negatives."""
    classes, categories = np.zeros((NUM_IDS, 2)), np.zeros((len(_COUNTABLE_CATEGORIES), 2))
    objects = np.concatenate([np.empty((0, 4), np.int64), *frames])
    ids, sizes, hits, related = objects.T
    mean_size = np.array([scorer.avgClassSize[id2label[number].name] for number in ids])
    weight = mean_size / sizes
    # add.at adds one object after the other, in order: a sum in pairs would round otherwise.
    np.add.at(classes, ids, (np.stack([hits, sizes - hits]) * weight).T)
    np.add.at(categories, _CATEGORY_OF[ids], (np.stack([related, sizes - related]) * weight).T)
    return classes, categories


def _false_positives(matrix: np.ndarray, predicted: list[int], own: list[int]) -> int:
    """Pixels predicted as one of ``predicted`` whose truth is scored and none of ``own``."""
    others = [label.id for label in SCORED if label.id not in own]
    return int(matrix[np.ix_(others, predicted)].sum())


def _iou(matrix: np.ndarray, ids: list[int]) -> float:
    hits = int(matrix[np.ix_(ids, ids)].sum())
    union = int(matrix[ids].sum()) + _false_positives(matrix, ids, ids)
    return hits / union if union else math.nan


def _iiou(
    matrix: np.ndarray, predicted: list[int], own: list[int], hits: float, missed: float
) -> float:
    union = hits + _false_positives(matrix, predicted, own) + missed
    return float(hits / union) if union else math.nan


def truth_files(label: Path) -> tuple[Path, Path] | None:
    """The official files beside a converted label of the Cityscapes layout; they may be missing.

    Args:
        label: of a file list.

    Returns:
        ``labelIds.png`` and ``instanceIds.png`` of the same frame; None if the label has
        another name than Cityscapes gives it.
    """
    stem = Path(label).name.removesuffix("_gtFine_labelTrainIds.png")
    if stem == Path(label).name:
        return None
    folder = Path(label).parent
    return folder / f"{stem}_gtFine_labelIds.png", folder / f"{stem}_gtFine_instanceIds.png"


def score_files(predictions: Path, root: Path, split: str = "val", *, workers: int = 1) -> Official:
    """Score prediction files as cityscapesscripts' ``csEvalPixelLevelSemanticLabeling`` does.

    Args:
        predictions: a folder; a frame's prediction is the one file below it whose name begins
            with the frame's, such as ``frankfurt_000000_000294*.png``. It holds label ids.
        root: the data set, in the Cityscapes layout.
        split: ``train`` or ``val``.
        workers: processes to use.

    Returns:
        The scores of all frames of the split, counted in order of their names.

    Raises:
        InputError: a prediction is missing, there twice, damaged, of another size than its
            truth or holds other values, or a file of the truth is bad (all of them are named,
            up to ten); or most of what is predicted is not scored.
    """
    frames = find_frames(root, split)
    files = _find(Path(predictions))
    items = [(frame, tuple(files[frame.stem])) for frame in frames]
    counter = Counter()
    for counts in every(partial(_count_files, Path(predictions)), items, workers=workers):
        counter.include(counts)
    _check_meaning(counter.matrix, Path(predictions))
    return counter.scores()


def _find(folder: Path) -> Mapping[str, list[Path]]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no folder of predictions there")
    files = defaultdict(list)
    for path in files_below(folder):
        match = re.match(r"[^_]+_\d{6}_\d{6}", path.name)
        if match and path.suffix == ".png":
            files[match[0]].append(path)
    return files


def _count_files(folder: Path, item: tuple[Frame, tuple[Path, ...]]) -> FrameCounts:
    frame, files = item
    if len(files) != 1:
        names = ", ".join(str(path.relative_to(folder)) for path in files)
        problem = f"{len(files)} predictions ({names})" if files else "no prediction"
        raise InputError(
            f"{frame.label_ids}: {problem} for this frame in {folder}; there must be one file "
            f"named {frame.stem}*.png"
        )
    truth = read_label_ids(frame.label_ids)
    instances = read_instances(frame.instance_ids, truth.shape[::-1])
    predicted = read_prediction(files[0], truth, NUM_IDS, "label ids")
    try:
        return count(truth, instances, predicted)
    except InputError as error:
        raise InputError(f"{frame.instance_ids}: {error}. Restore the file.") from error


def _check_meaning(matrix: np.ndarray, folder: Path) -> None:
    predicted = matrix.sum(0)
    share = 1 - predicted[[label.id for label in SCORED]].sum() / predicted.sum()
    if share > 0.5:
        raise InputError(
            f"{folder}: {100 * share:.0f} % of the predicted pixels have label ids that are not "
            "scored (0 to 6 and others). Are these trainIds, as `bisenet predict` and `bisenet "
            "evaluate` write them? The scorer wants label ids: `bisenet submit --split val` zips "
            "them, and labels.train_id_to_id()[prediction] makes them."
        )
