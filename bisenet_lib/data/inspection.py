"""A report on a data set in the Cityscapes layout: its files, and what is wrong with them.

Taught in ``01_dataset``.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bisenet_lib.common.markdown import markdown_table
from bisenet_lib.common.parallel import every
from bisenet_lib.data.cityscapes import SPLITS, Frame, read_ids, scan
from bisenet_lib.data.image_io import Size, check_image, check_photograph
from bisenet_lib.data.label_io import read_classes, read_instance_ids, read_label_ids
from bisenet_lib.data.labels import CLASS_NAMES, CLASSES, id2label
from bisenet_lib.data.polygons import draw_polygons
from bisenet_lib.errors import InputError


@dataclass(frozen=True)
class InspectionReport:
    """The state of a data set, see :func:`inspect`.

    Attributes:
        root: the data set.
        frames: how many frames, by split and city.
        sizes: how many images, by size such as ``2048x1024``.
        files: how many frames have each kind of annotation file.
        pixels: by split, (256,) int64: the number of pixels of each label id.
        problems: what is wrong, each beginning with the path of the file.
    """

    root: Path
    frames: dict[str, dict[str, int]]
    sizes: dict[str, int]
    files: dict[str, int]
    pixels: dict[str, np.ndarray]
    problems: tuple[str, ...]

    def shares(self, split: str) -> np.ndarray:
        """The share of each class in the labelled pixels of a split.

        Args:
            split: ``train``, ``val`` or ``test``.

        Returns:
            (19,) float64 that sum to 1, by trainId; zeros if no pixel is labelled.
        """
        counts = self.pixels[split][[label.id for label in CLASSES]]
        return counts / max(1, counts.sum())

    def ignored(self, split: str) -> float:
        """The share of a split's annotated pixels that are neither trained on nor scored.

        Args:
            split: ``train``, ``val`` or ``test``.

        Returns:
            From 0 to 1; 1 if no pixel is labelled.
        """
        pixels = self.pixels[split]
        return float(1 - pixels[[label.id for label in CLASSES]].sum() / max(1, pixels.sum()))

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, ready for ``json.dumps``.

        Returns:
            The attributes, and ``labels`` (pixels by label name), ``shares`` and ``ignored``.
        """
        return {
            "root": str(self.root),
            "frames": self.frames,
            "sizes": self.sizes,
            "files": self.files,
            "labels": {
                split: {id2label[value].name: int(pixels[value]) for value in pixels.nonzero()[0]}
                for split, pixels in self.pixels.items()
            },
            "shares": {
                split: dict(zip(CLASS_NAMES, self.shares(split).tolist(), strict=True))
                for split in self.pixels
            },
            "ignored": {split: self.ignored(split) for split in self.pixels},
            "problems": list(self.problems),
        }

    def markdown(self) -> str:
        """The report as Markdown tables, for a notebook or a terminal.

        Returns:
            Three tables: frames, annotation files, and class shares; without the problems.
        """
        rows = [
            [split, len(cities), sum(cities.values()), _city_counts(cities)]
            for split, cities in self.frames.items()
        ]
        rows.append(["all, by size", "", sum(self.sizes.values()), _city_counts(self.sizes)])
        shares = [
            [name, *(f"{100 * self.shares(split)[number]:.2f}" for split in self.pixels)]
            for number, name in enumerate(CLASS_NAMES)
        ]
        shares.append(
            ["ignored, of all", *(f"{100 * self.ignored(split):.2f}" for split in self.pixels)]
        )
        return "\n\n".join(
            [
                markdown_table(["split", "cities", "frames", "which"], rows),
                markdown_table(["annotation", "frames with it"], list(self.files.items())),
                markdown_table(
                    ["class", *(f"{split}, % of labelled" for split in self.pixels)], shares
                ),
            ]
        )


def _city_counts(counts: dict[str, int]) -> str:
    shown = [f"{name} {count}" for name, count in list(counts.items())[:6]]
    return ", ".join(shown + ["..."] * (len(counts) > 6))


@dataclass(frozen=True)
class _Findings:
    size: Size | None
    pixels: np.ndarray | None
    files: tuple[str, ...]
    problems: tuple[str, ...]


def _examine(frame: Frame) -> _Findings:
    """Decode every file of a frame; the label ids are counted from the best one."""
    problems: list[str] = []

    def attempt(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except InputError as error:
            problems.append(str(error))
            return None

    size = attempt(check_photograph, frame.image, modes=("RGB",), decode=True)
    readers: dict[str, tuple[Callable[..., Any], Path]] = {
        "labelIds": (read_label_ids, frame.label_ids),
        "instanceIds": (read_instance_ids, frame.instance_ids),
        "polygons": (draw_polygons, frame.polygons),
        "labelTrainIds": (partial(read_classes, modes=("L",)), frame.label_train_ids),
        "color": (check_image, frame.color),
    }
    files = {kind: path for kind, (_, path) in readers.items() if path.exists()}
    read = {kind: attempt(readers[kind][0], path, size) for kind, path in files.items()}
    source = frame.source()
    if source is None and frame.split != "test":
        attempt(read_ids, frame, size)
    ids = read[source[0]] if source else None
    pixels = None if ids is None else np.bincount(ids.ravel(), minlength=256)
    return _Findings(size, pixels, tuple(files), tuple(problems))


def inspect(root: Path, *, workers: int = 1) -> InspectionReport:
    """Decode every file of a data set and report its contents and faults.

    Taught in ``01_dataset``.

    Args:
        root: the folder that holds ``leftImg8bit/`` and ``gtFine/``.
        workers: processes to use.

    Returns:
        The report. Its class counts come from labelIds; from instanceIds or the polygons
        where a frame has none.

    Raises:
        InputError: there is no such folder, or not one image in it.
    """
    frames, problems = scan(root)
    reports = every(_examine, frames, workers=workers, title="inspect")
    findings = dict(zip(frames, reports, strict=True))
    cities = {split: Counter(f.city for f in frames if f.split == split) for split in SPLITS}
    pixels = {split: np.zeros(256, np.int64) for split in SPLITS if cities[split]}
    for frame in frames:
        counts = findings[frame].pixels
        pixels[frame.split] += 0 if counts is None else counts
        problems += findings[frame].problems
    sizes = Counter(finding.size for finding in findings.values() if finding.size)
    files = Counter(kind for finding in findings.values() for kind in finding.files)
    return InspectionReport(
        root=Path(root),
        frames={split: dict(counts) for split, counts in cities.items() if counts},
        sizes={f"{width}x{height}": count for (width, height), count in sizes.items()},
        files=dict(files.most_common()),
        pixels=pixels,
        problems=tuple(problems),
    )
