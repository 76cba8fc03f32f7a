"""A small data set made from a large one, so that a lesson takes minutes with any data set.

Taught in ``01_dataset``.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bisenet_lib.common.atomic_files import clear_leftovers, folder_written_whole
from bisenet_lib.common.parallel import every
from bisenet_lib.data.cityscapes import SPLITS, Frame, read_ids, scan
from bisenet_lib.data.image_io import Size, check_image, read_image
from bisenet_lib.data.label_io import read_instances
from bisenet_lib.data.labels import colourise
from bisenet_lib.data.polygons import read_objects
from bisenet_lib.errors import InputError

RECORD = "subset.json"


@dataclass(frozen=True)
class Bounds:
    """How much of a data set a lesson uses.

    Attributes:
        most: frames of each split.
        least: frames of each split that a lesson needs; fewer are repeated.
        size: the largest (width, height) of a frame, in pixels.
    """

    most: Mapping[str, int]
    least: Mapping[str, int]
    size: Size


MINICITY = Bounds({"train": 160, "val": 40, "test": 8}, {"train": 8, "val": 10}, (512, 256))
"""The size of MiniCity."""
BOUNDS = {"smoke": MINICITY, "laptop": MINICITY}
"""The bounds of each profile; other profiles use the whole data set."""


@dataclass(frozen=True)
class Subset:
    """A data set within the bounds of a profile, see :func:`make`.

    Attributes:
        root: its folder; the whole data set's where that is within the bounds.
        note: what a learner needs to know; empty for a whole data set.
    """

    root: Path
    note: str


def choose(frames: Sequence[Frame], bounds: Bounds) -> list[Frame]:
    """Choose the frames of a subset, spread evenly over each split and so over its cities.

    Args:
        frames: of the whole data set, sorted.
        bounds: how many.

    Returns:
        The frames. Where a split has fewer than the least number, some are in it repeatedly; an
        empty one stays empty.
    """
    chosen: list[Frame] = []
    for split in SPLITS:
        available = [frame for frame in frames if frame.split == split]
        total = len(available)
        count = min(max(total, bounds.least.get(split, 0)), bounds.most[split]) if total else 0
        chosen += [available[number * total // count] for number in range(count)]
    return chosen


def scale_frame(frame: Frame, target: Frame, size: Size) -> None:
    """Write a frame's files scaled down to fit a size; they are never enlarged.

    Ids keep their values: each pixel takes the id in the middle of the pixels it replaces. The
    image's pixels are means, the polygons' points are rounded.

    Args:
        frame: whose files are read; those it does not have are left out.
        target: whose files are written.
        size: (width, height) to fit, in pixels; the proportions stay.

    Raises:
        InputError: a file of the frame is missing, damaged or does not fit.
        OSError: a file cannot be written.
    """
    width, height = check_image(frame.image, modes=("RGB",))
    factor = min(1, size[0] / width, size[1] / height)
    small = max(1, round(width * factor)), max(1, round(height * factor))
    image = cv2.resize(read_image(frame.image), small, interpolation=cv2.INTER_AREA)
    _write_png(target.image, image[..., ::-1])
    if frame.source() is None and frame.split == "test":
        return
    ids = _nearest(read_ids(frame, (width, height)), small)
    _write_png(target.label_ids, ids)
    if frame.instance_ids.exists():
        instances = read_instances(frame.instance_ids, (width, height))
        _write_png(target.instance_ids, _nearest(instances, small))
    if frame.color.exists():
        _write_png(target.color, colourise(ids, of="id")[..., ::-1])
    if frame.polygons.exists():
        scale = small[0] / width, small[1] / height
        objects = [_scaled(item, scale) for item in read_objects(frame.polygons)]
        annotation = {"imgWidth": small[0], "imgHeight": small[1], "objects": objects}
        target.polygons.write_text(json.dumps(annotation))


def make(root: Path, profile: str, folder: Path, *, workers: int = 1) -> Subset:
    """Make the data set that a profile uses: the whole one, or a small one of some frames.

    The small one is made once, below ``folder``, and again when one of its source files has
    changed. The whole one is only read.

    Args:
        root: a data set in the Cityscapes layout.
        profile: of the course, see :data:`BOUNDS`.
        folder: where small data sets are kept; made in a folder that is there.
        workers: processes to use.

    Returns:
        The subset.

    Raises:
        InputError: no image is in ``root``, a chosen frame has a fault (all of them are named,
            up to ten), or ``folder`` cannot be written to.
    """
    bounds = BOUNDS.get(profile)
    if bounds is None:
        return Subset(root, "")
    frames, problems = scan(root)
    chosen = choose(frames, bounds)
    if chosen == frames and all(_fits(frame, bounds.size) for frame in frames):
        return Subset(root, "")
    path_digest = hashlib.sha256(bytes(root.resolve())).hexdigest()[:8]
    target = folder / f"{root.resolve().name}-{path_digest}"
    pairs = _named(chosen)
    made_from = _digest(pairs, bounds)
    with _alone(folder):
        if _read_record(target) != made_from:
            clear_leftovers(folder)
            shutil.rmtree(target, ignore_errors=True)
            with folder_written_whole(target) as part:
                scale = partial(_scale, root=part, size=bounds.size)
                every(scale, pairs, workers=workers, title="subset")
                (part / RECORD).write_text(json.dumps(made_from))
    return Subset(target, _note(profile, len(frames), chosen, target, len(problems)))


def _fits(frame: Frame, size: Size) -> bool:
    """Whether an image is within a size; one that cannot be read is, and is refused later."""
    try:
        width, height = check_image(frame.image)
    except InputError:
        return True
    return width <= size[0] and height <= size[1]


def _named(chosen: Sequence[Frame]) -> list[tuple[Frame, str]]:
    """The frames with their stems; a repeated frame gets a new stem."""
    stems: list[str] = []
    for frame in chosen:
        stem, number = frame.stem, 999_999
        while stem in stems:
            stem, number = f"{frame.city}_{number}_{frame.stem[-6:]}", number - 1
        stems.append(stem)
    return list(zip(chosen, stems, strict=True))


def _digest(pairs: Sequence[tuple[Frame, str]], bounds: Bounds) -> str:
    """A checksum that changes when a subset has to be made again."""
    files = []
    for frame, stem in pairs:
        sources = frame.image, frame.label_ids, frame.instance_ids, frame.color, frame.polygons
        stats = [path.stat() for path in sources if path.exists()]
        files.append((stem, [(stat.st_size, stat.st_mtime_ns) for stat in stats]))
    return hashlib.sha256(json.dumps([asdict(bounds), files]).encode()).hexdigest()


def _read_record(target: Path) -> str | None:
    try:
        return json.loads((target / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process makes a subset in the folder."""
    try:
        folder.mkdir(exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror})") from error
    try:
        with suppress(OSError):  # a network file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _scale(pair: tuple[Frame, str], root: Path, size: Size) -> None:
    frame, stem = pair
    scale_frame(frame, replace(frame, root=root, stem=stem), size)


def _nearest(values: np.ndarray, size: Size) -> np.ndarray:
    """Scale an array of ids to (width, height), whatever its type."""
    columns, rows = (
        ((np.arange(new) + 0.5) * old / new).astype(int)
        for new, old in zip(size, values.shape[::-1], strict=True)
    )
    return values[rows[:, np.newaxis], columns]


def _scaled(item: Mapping[str, Any], scale: tuple[float, float]) -> Mapping[str, Any]:
    """An object of an annotation, scaled; a deleted one may have no polygon at all."""
    if item.get("deleted"):
        return item
    points = np.rint(np.multiply(item["polygon"], scale)).astype(int)
    return {**item, "polygon": points.tolist()}


def _write_png(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())


def _note(profile: str, frames: int, chosen: Sequence[Frame], target: Path, problems: int) -> str:
    used, (width, height) = len(set(chosen)), BOUNDS[profile].size
    note = (
        f"The profile {profile} looks at {used} of {frames} frames, scaled to fit "
        f"{width} x {height} ({target}); the profile cityscapes takes all as they are."
    )
    if used < len(chosen):
        need = " and ".join(f"{count} {split}" for split, count in BOUNDS[profile].least.items())
        note += f"\nLessons need {need} frames, so some are in it repeatedly."
    if problems:
        note += f"\nFiles with a wrong name or place: {problems}. `bisenet inspect` names them."
    return note
