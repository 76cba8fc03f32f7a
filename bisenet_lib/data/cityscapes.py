"""A data set in the Cityscapes layout: its frames and their files.

Image and annotation are paired by name. Two sorted lists zipped together, as PaddleSeg's
``Cityscapes`` does, give every later image a wrong label once one file is missing.
Taught in ``01_dataset``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bisenet_lib.data.image_files import PICTURES, files_below
from bisenet_lib.data.image_io import Size
from bisenet_lib.data.label_io import read_instance_ids, read_label_ids
from bisenet_lib.data.polygons import draw_polygons
from bisenet_lib.errors import InputError

SPLITS = ("train", "val", "test")

_STEM = r"(?P<stem>(?P<city>[^_,\s]+)_\d{6}_\d{6})"
_IMAGE = re.compile(_STEM + r"_leftImg8bit\.png")
_ANNOTATION = re.compile(_STEM + r"_gtFine_\w+\.(png|json)")
_SUFFIXES = PICTURES | {".json"}


@dataclass(frozen=True)
class Frame:
    """One image and the paths of all its files, whether they exist or not.

    Attributes:
        root: the data set.
        split: ``train``, ``val`` or ``test``.
        city: the folder, and the beginning of the name.
        stem: the common part of the names, such as ``aachen_000000_000019``.
    """

    root: Path
    split: str
    city: str
    stem: str

    def _annotation(self, kind: str) -> Path:
        return self.root / "gtFine" / self.split / self.city / f"{self.stem}_gtFine_{kind}"

    @property
    def image(self) -> Path:
        """The photograph: RGB, 8 bit."""
        return self.root / "leftImg8bit" / self.split / self.city / f"{self.stem}_leftImg8bit.png"

    @property
    def polygons(self) -> Path:
        """The annotation itself: JSON."""
        return self._annotation("polygons.json")

    @property
    def label_ids(self) -> Path:
        """The label id of each pixel: grey, 8 bit."""
        return self._annotation("labelIds.png")

    @property
    def instance_ids(self) -> Path:
        """``id * 1000 + number`` for every countable object: grey, 16 bit."""
        return self._annotation("instanceIds.png")

    @property
    def color(self) -> Path:
        """The labels in the official colours, for the viewer."""
        return self._annotation("color.png")

    @property
    def label_train_ids(self) -> Path:
        """The trainId of each pixel, which training reads: grey, 8 bit."""
        return self._annotation("labelTrainIds.png")

    def source(self) -> tuple[str, Path] | None:
        """The best existing file to take the labels from.

        Returns:
            ``labelIds``, ``instanceIds`` or ``polygons``, and the file; None if there is no file.
        """
        sources = {
            "labelIds": self.label_ids,
            "instanceIds": self.instance_ids,
            "polygons": self.polygons,
        }
        return next(((kind, path) for kind, path in sources.items() if path.exists()), None)


_READERS: dict[str, Callable[[Path, Size], np.ndarray]] = {
    "labelIds": read_label_ids,
    "instanceIds": read_instance_ids,
    "polygons": draw_polygons,
}


def read_ids(frame: Frame, size: Size) -> np.ndarray:
    """Read a frame's label ids from the best file it has, see :meth:`Frame.source`.

    Args:
        frame: the frame.
        size: (width, height) of its image.

    Returns:
        (H, W) uint8 of label ids, 0 to 33.

    Raises:
        InputError: there is no such file, or something is wrong with the best one.
    """
    source = frame.source()
    if source is None:
        raise InputError(
            f"{frame.label_ids}: missing, and so are instanceIds.png and polygons.json. "
            "Unpack gtFine_trainvaltest.zip, or remove the image."
        )
    kind, path = source
    return _READERS[kind](path, size)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in files_below(folder) if path.suffix.lower() in _SUFFIXES]


def _named(
    files: list[Path], pattern: re.Pattern[str], folder: Path, problems: list[str]
) -> list[tuple[Path, str]]:
    named = []
    for path in files:
        match = pattern.fullmatch(path.name)
        if match and path.parent == folder / match["city"]:
            named.append((path, match["stem"]))
        else:
            problems.append(
                f"{path}: misnamed. Names are CITY/CITY_123456_123456_"
                f"{'leftImg8bit.png' if pattern is _IMAGE else 'gtFine_KIND.png (or .json)'}"
            )
    return named


def scan(root: Path) -> tuple[list[Frame], list[str]]:
    """Find every frame, and every file whose name or place is wrong.

    Args:
        root: the folder that holds ``leftImg8bit/`` and ``gtFine/``.

    Returns:
        The frames, one for each image, in the order train, val, test and by name; and the
        problems.

    Raises:
        InputError: there is no such folder, or not one image in it.
    """
    root = Path(root)
    if not (root / "leftImg8bit").is_dir():
        raise InputError(
            f"{root}: no Cityscapes data set: no folder leftImg8bit/ in it. Give the folder into "
            "which leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip were unpacked."
        )
    frames: list[Frame] = []
    problems: list[str] = []
    for split in SPLITS:
        images, annotations = root / "leftImg8bit" / split, root / "gtFine" / split
        split_frames = [
            Frame(root, split, path.parent.name, stem)
            for path, stem in _named(_files(images), _IMAGE, images, problems)
        ]
        if images.is_dir() and not split_frames:
            problems.append(f"{images}: empty split: no image. Unpack it, or remove the folder.")
        expected = {frame.stem for frame in split_frames}
        problems += [
            f"{path}: orphaned: no image {stem}_leftImg8bit.png in {images}. "
            "Restore the image, or remove the annotation."
            for path, stem in _named(_files(annotations), _ANNOTATION, annotations, problems)
            if stem not in expected
        ]
        frames += split_frames
    if not frames:
        raise InputError(
            "\n".join([f"{root}: no frame in leftImg8bit/(train|val|test)", *problems])
        )
    return frames, problems


def find_frames(root: Path, split: str | None = None) -> list[Frame]:
    """Find the frames of a data set, one for each image.

    Taught in ``01_dataset``.

    Args:
        root: the folder that holds ``leftImg8bit/`` and ``gtFine/``.
        split: ``train``, ``val`` or ``test``; None for all three.

    Returns:
        The frames in the order train, val, test and by name. What is wrong with them, and
        with names that fit no frame, is in the report of
        :func:`bisenet_lib.data.inspection.inspect`.

    Raises:
        InputError: there is no such folder, or the split is unknown or has no image.
    """
    if split is not None and split not in SPLITS:
        raise InputError(f"split is {split!r}; choose one of {', '.join(SPLITS)}")
    frames = [frame for frame in scan(root)[0] if split in (None, frame.split)]
    if not frames:
        assert split is not None, "scan refuses a data set without any frame"
        raise InputError(
            f"{Path(root) / 'leftImg8bit' / split}: empty split: no image in it. Unpack "
            "leftImg8bit_trainvaltest.zip into the data set, or give another one."
        )
    return frames
