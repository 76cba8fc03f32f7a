"""The images and labels of an import, and the report on it.

Taught in ``07_your_own_data``.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bisenet_lib.common.markdown import markdown_table
from bisenet_lib.config.input_size import input_size_note, object_widths
from bisenet_lib.data.image_io import Size, check_photograph, orientation, pillow_image, read_pixels
from bisenet_lib.data.label_io import palette_image
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.importers.colour_table import Colour
from bisenet_lib.importers.leakage import fingerprint
from bisenet_lib.importers.masks import Picture, palette_of
from bisenet_lib.importers.pairing import Pair
from bisenet_lib.importers.smoothing import Edges, edges_of, ramp_share

_SHOWN = 10


@dataclass(frozen=True)
class Example:
    """An image of the data set with its label.

    Attributes:
        name: of both.
        image: the path of the image in the data set's folder.
        label: the path of the label, likewise.
        size: (width, height).
        turned: whether the photograph was turned as its EXIF data say.
        pixels: (256,) of each index; 255 is ignored.
        mask: the file the label was read from.
        palette: the mask's colours, three bytes a value; empty if it has no palette.
        edges: what the label looks like along its boundaries.
        widths: of its objects, see :func:`bisenet_lib.config.input_size.object_widths`.
        look: see :func:`bisenet_lib.importers.leakage.fingerprint`.
    """

    name: str
    image: str
    label: str
    size: Size
    turned: bool
    pixels: np.ndarray
    mask: Path
    palette: bytes
    edges: Edges
    widths: np.ndarray
    look: np.ndarray


def write_example(
    pair: Pair,
    *,
    root: Path,
    read: Callable[[Pair, Picture], np.ndarray],
    num_classes: int,
    colours: Sequence[Colour] | None = None,
) -> Example:
    """Read an image and its mask, and write both into a data set.

    Args:
        pair: the two files.
        root: the data set's folder.
        read: gives the class indices of a pair's mask, (H, W) uint8.
        num_classes: how many there are, which decides the label's colours.
        colours: of the classes, in place of those.

    Raises:
        InputError: the image or the mask is bad, or they do not fit each other.
        OSError: the data set cannot be written.
    """
    size = check_photograph(pair.image, decode=True)
    with pillow_image(pair.image) as image:
        picture = Picture(size, turned=orientation(image) != 1)
        look = fingerprint(image)
    values = read(pair, picture)
    image_path = f"images/{pair.name}{'.png' if picture.turned else pair.image.suffix}"
    label_path = f"labels/{pair.name}.png"
    for path in (image_path, label_path):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
    if picture.turned:
        upright = cv2.imencode(".png", read_pixels(pair.image))[1]
        (root / image_path).write_bytes(upright.tobytes())
    else:
        shutil.copyfile(pair.image, root / image_path)
    palette_image(values, num_classes, colours).save(root / label_path)
    return Example(
        pair.name,
        image_path,
        label_path,
        size,
        picture.turned,
        np.bincount(values.ravel(), minlength=256),
        pair.mask,
        palette_of(pair.mask) if pair.mask.suffix.lower() == ".png" else b"",
        edges_of(values),
        object_widths(values),
        look,
    )


def counted(lines: Sequence[str]) -> str:
    """How many lines there are, and the first ten of them."""
    return f"{len(lines)}. {'; '.join([*lines[:_SHOWN], *['...'] * (len(lines) > _SHOWN)])}"


@dataclass(frozen=True)
class Imported:
    """A data set that was imported from a folder.

    Attributes:
        root: its folder.
        kind: of the masks: ``index``, ``colour`` or ``labelme``; or the format of an export.
        names: of the classes, in order of index.
        splits: the images of ``train`` and ``val``.
        unpaired: a line for each file left out: an image without a mask, or the reverse.
        remarks: where the split comes from, and what else was left out, a sentence each.
        size: (width, height) the network sees; None where it sees crops.
        outside_ignored: whether pixels in no object are ignored, where objects are outlined.
    """

    root: Path
    kind: str
    names: tuple[str, ...]
    splits: Mapping[str, tuple[Example, ...]]
    unpaired: tuple[str, ...]
    remarks: tuple[str, ...]
    size: Size | None
    outside_ignored: bool

    def pixels(self, split: str) -> np.ndarray:
        """(256,) int64: the pixels of each index in a split."""
        return np.sum([example.pixels for example in self.splits[split]], axis=0)

    def shares(self, split: str) -> np.ndarray:
        """(C,) float64: the share of each class in the labelled pixels of a split, 0 to 1."""
        counts = self.pixels(split)[: len(self.names)]
        return counts / max(counts.sum(), 1)

    def images(self, split: str) -> np.ndarray:
        """(C,) int64: in how many images of a split each class occurs."""
        occurs = [example.pixels[: len(self.names)] > 0 for example in self.splits[split]]
        return np.sum(occurs, axis=0)

    def absent(self, split: str) -> list[str]:
        """The classes without a pixel in a split."""
        return [
            name for name, count in zip(self.names, self.images(split), strict=True) if not count
        ]

    def ignored(self) -> float:
        """The share of all pixels that is ignored, 0 to 1."""
        counts = self.pixels("train") + self.pixels("val")
        return counts[IGNORE] / counts.sum()

    def smoothed(self) -> float:
        """The share of boundaries that look smoothed, 0 to 1; of index masks only."""
        if self.kind != "index":
            return 0.0
        examples = self._examples()
        pixels = np.stack([example.pixels for example in examples])
        return ramp_share(pixels, [example.edges for example in examples])

    def _examples(self) -> list[Example]:
        return [example for examples in self.splits.values() for example in examples]

    def notes(self) -> list[str]:
        """What to know before training, a sentence each."""
        notes = list(self.remarks)
        if share := self.smoothed():
            notes.append(
                f"{100 * share:.0f} % of the boundaries between classes pass through the indices "
                "between, as in masks that were saved as JPEG or resized with smoothing. Along "
                "them the classes are then wrong: export the masks again without either."
            )
        if absent := self.absent("train"):
            notes.append(f"In no training image, so it cannot be learnt: {', '.join(absent)}.")
        if absent := self.absent("val"):
            notes.append(f"In no validation image, so it is not scored: {', '.join(absent)}.")
        if self.outside_ignored and self.ignored():
            notes.append(
                f"{100 * self.ignored():.1f} % of the pixels are in no shape and ignored: what is "
                "there will be predicted as one of the classes. --background NAME makes it one."
            )
        turned = sum(example.turned for example in self._examples())
        if turned:
            notes.append(f"Photographs turned as their EXIF orientation says: {turned}.")
        if self.unpaired:
            notes.append(f"Files left out: {counted(self.unpaired)}")
        return notes

    def input_size(self) -> str:
        """What the input size does to the photographs and their smallest objects, in sentences."""
        examples = self._examples()
        widths = np.concatenate([example.widths for example in examples])
        return input_size_note([one.size for one in examples], self.size, widths, self.names)

    def summary(self) -> str:
        """How many images, classes and ignored pixels there are, in a line."""
        counts = ", ".join(f"{len(examples)} {key}" for key, examples in self.splits.items())
        size = f", seen at {self.size[0]}x{self.size[1]}" if self.size else ""
        return (
            f"{counts} images{size}; {self.kind} masks of {len(self.names)} classes, every pixel "
            f"one of them or ignored ({100 * self.ignored():.1f} %)"
        )

    def table(self) -> str:
        """A Markdown table of the classes: their shares, and in how many images they occur."""
        train, val = len(self.splits["train"]), len(self.splits["val"])
        columns = [
            statistic(split)
            for statistic in (self.shares, self.images)
            for split in ("train", "val")
        ]
        rows = [
            (index, name, f"{100 * train_share:.2f}", f"{100 * val_share:.2f}", *images)
            for index, (name, train_share, val_share, *images) in enumerate(
                zip(self.names, *columns, strict=True)
            )
        ]
        head = ["index", "class", "train %", "val %"]
        head += [f"of {train} train images", f"of {val} val images"]
        return markdown_table(head, rows, "rlrrrr")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "root": str(self.root),
            "kind": self.kind,
            "classes": list(self.names),
            "size": self.size,
            "input_size": self.input_size(),
            "ignored": self.ignored(),
            "splits": {
                split: {
                    "images": [example.name for example in examples],
                    "pixels": self.pixels(split)[: len(self.names)].tolist(),
                    "absent": self.absent(split),
                }
                for split, examples in self.splits.items()
            },
            "unpaired": list(self.unpaired),
            "notes": self.notes(),
        }
