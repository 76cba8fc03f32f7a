"""File lists: ``image,label`` on each line, so that any data set can be trained on.

Taught in ``01_dataset``.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np

from bisenet_lib.common.atomic_files import read_lines, write_lines
from bisenet_lib.common.parallel import every
from bisenet_lib.data.cityscapes import SPLITS, Frame
from bisenet_lib.data.image_io import check_photograph
from bisenet_lib.data.label_io import read_classes
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError

SEPARATOR = ","
"""As in the original recipe; PaddleSeg's ``Dataset`` has to be given ``separator=","``."""


def write_lists(
    root: Path, frames: Iterable[Frame], *, splits: Iterable[str] = ()
) -> dict[str, int]:
    """Write ``train.txt``, ``val.txt`` and ``test.txt``; a list that is correct stays untouched.

    Args:
        root: the data set; the lists stand there, and their paths are relative to it.
        frames: what to list. A frame without a converted label is listed by its image alone,
            as PaddleSeg does for the test split.
        splits: the splits that have frames, faulty or not. If ``frames`` holds no frame of such
            a split, an old list of it is wrong and is deleted. The list of any other split
            stays, since it may have been written for other files in ``root``.

    Returns:
        The number of frames in each list. A split without any has no list.

    Raises:
        InputError: a list cannot be written or deleted.
    """
    known = set(splits)
    lines: dict[str, list[str]] = {split: [] for split in SPLITS}
    for frame in frames:
        files = [frame.image, *([frame.label_train_ids] if frame.label_train_ids.exists() else [])]
        names = [file.relative_to(root).as_posix() for file in files]
        lines[frame.split].append(SEPARATOR.join(names))
    for split, pairs in lines.items():
        path = Path(root) / f"{split}.txt"
        if pairs and not (path.is_file() and read_lines(path) == sorted(pairs)):
            write_lines(path, sorted(pairs))
        elif not pairs and split in known and path.exists():
            _delete(path)
    return {split: len(pairs) for split, pairs in lines.items() if pairs}


def _delete(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise InputError(
            f"{path}: cannot be deleted ({error.strerror or error}), and no frame of its split "
            "is converted. Delete it, or change its permissions."
        ) from error


def read_list(path: Path, root: Path, *, separator: str = SEPARATOR) -> list[tuple[Path, Path]]:
    """Read a list of images and their labels.

    Args:
        path: the list.
        root: what its paths are relative to.
        separator: what stands between image and label.

    Returns:
        (image, label) pairs, in the order of the list.

    Raises:
        InputError: the list is missing or empty, or a line has no label.
    """
    path, root = Path(path), Path(root)
    try:
        lines = read_lines(path)
    except FileNotFoundError as error:
        make = f"Make it with: bisenet convert {root} (another layout: bisenet import)"
        raise InputError(f"{path}: no such list. {make}") from error
    except OSError as error:
        raise InputError(f"{path}: unreadable ({error}). Write the list again.") from error
    if not lines:
        raise InputError(f"{path}: an empty list. Make it with: bisenet convert {root}")
    pairs = []
    for number, line in enumerate(lines, 1):
        fields = line.strip().split(separator)
        if len(fields) != 2 or not all(fields):
            raise InputError(
                f"{path}, line {number}: {line!r}, not an image{separator}label pair. "
                "Correct the line; a list of images alone can be predicted, not trained on or "
                "scored."
            )
        pairs.append((root / fields[0], root / fields[1]))
    return pairs


def _count(pair: tuple[Path, Path], num_classes: int, ignore_index: int) -> np.ndarray:
    image, label = pair
    size = check_photograph(image)
    values = read_classes(label, size, num_classes=num_classes, ignore_index=ignore_index)
    counts = np.bincount(values.ravel(), minlength=256)
    counts[ignore_index] = 0
    return counts[:num_classes]


def check_pairs(
    pairs: Iterable[tuple[Path, Path]],
    num_classes: int,
    *,
    ignore_index: int = IGNORE,
    workers: int = 1,
) -> np.ndarray:
    """Check every image and label of any data set before a long training.

    Images are checked without decoding them; labels are decoded.

    Args:
        pairs: (image, label) paths, as :func:`read_list` gives them.
        num_classes: classes are 0 to ``num_classes - 1``.
        ignore_index: the one other value allowed in a label.
        workers: processes to use.

    Returns:
        (num_classes,) int64: the number of pixels of each class.

    Raises:
        InputError: a file is bad (all bad files are named, up to ten), or no pixel is labelled.
    """
    pairs = list(pairs)
    total = count_pairs(pairs, num_classes, ignore_index=ignore_index, workers=workers)
    check_labelled(total, len(pairs))
    return total


def check_labelled(total: np.ndarray, count: int) -> None:
    """Refuse a data set without a single labelled pixel.

    Args:
        total: (num_classes,) pixels of each class.
        count: images in the data set.

    Raises:
        InputError: no pixel is labelled.
    """
    if not total.any():
        raise InputError(f"{count} images and labels: not one labelled pixel in them.")


def count_pairs(
    pairs: Iterable[tuple[Path, Path]],
    num_classes: int,
    *,
    ignore_index: int = IGNORE,
    workers: int = 1,
) -> np.ndarray:
    """As :func:`check_pairs`, for a part of a data set, which may have no labelled pixel."""
    pairs = list(dict.fromkeys((Path(image), Path(label)) for image, label in pairs))
    check = partial(_count, num_classes=num_classes, ignore_index=ignore_index)
    results = every(check, pairs, workers=workers, title="check")
    return np.sum([np.zeros(num_classes, np.int64), *results], axis=0)
