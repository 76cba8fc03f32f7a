"""Scoring prediction files as the Cityscapes server does.

Taught in ``05_evaluation``.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from bisenet_lib.errors import InputError
from bisenet_lib.folders import files_below
from bisenet_lib.frames import Frame, find_frames
from bisenet_lib.labelfiles import read_instances, read_label_ids
from bisenet_lib.official_scores import NUM_IDS, SCORED, Counter, FrameCounts, Official, count
from bisenet_lib.parallel import every
from bisenet_lib.predictions import read_prediction

__all__ = ["Counter", "Official", "score_files", "truth_files"]


def truth_files(label: Path) -> tuple[Path, Path] | None:
    """The official files beside a converted label of the Cityscapes layout, there or not.

    Args:
        label: of a file list.

    Returns:
        ``labelIds.png`` and ``instanceIds.png`` of the same frame; None if the label has
        another name than Cityscapes gives it.
    """
    stem = Path(label).name.removesuffix("_gtFine_labelTrainIds.png")
    if stem == Path(label).name:
        return None
    kinds = ("labelIds", "instanceIds")
    return tuple(Path(label).with_name(f"{stem}_gtFine_{kind}.png") for kind in kinds)


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
    found = _find(Path(predictions))
    items = [(frame, tuple(found[frame.stem])) for frame in frames]
    counter = Counter()
    for counts in every(partial(_count_files, Path(predictions)), items, workers=workers):
        counter.include(counts)
    _check_meaning(counter.matrix, Path(predictions))
    return counter.scores()


def _find(folder: Path) -> Mapping[str, list[Path]]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no folder of predictions there")
    found = defaultdict(list)
    for path in files_below(folder):
        match = re.match(r"[^_]+_\d{6}_\d{6}", path.name)
        if match and path.suffix == ".png":
            found[match[0]].append(path)
    return found


def _count_files(folder: Path, item: tuple[Frame, tuple[Path, ...]]) -> FrameCounts:
    frame, found = item
    if len(found) != 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found)
        what = f"{len(found)} predictions ({names})" if found else "no prediction"
        raise InputError(
            f"{frame.label_ids}: {what} for this frame in {folder}; there must be one file named "
            f"{frame.stem}*.png"
        )
    truth = read_label_ids(frame.label_ids)
    instances = read_instances(frame.instance_ids, truth.shape[::-1])
    predicted = read_prediction(found[0], truth, NUM_IDS, "label ids")
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
