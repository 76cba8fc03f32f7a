"""Which annotation tool a folder was exported from, and its labels as class indices.

Taught in ``07_your_own_data``.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from bisenet_lib.data.image_io import Size
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError, did_you_mean, refuse
from bisenet_lib.importers import coco, cvat, label_studio, roboflow_masks, supervisely, voc, yolo
from bisenet_lib.importers.annotations import LEFT_OUT, Annotations
from bisenet_lib.importers.colour_table import IGNORED_NAMES, Colour
from bisenet_lib.importers.examples import Example
from bisenet_lib.importers.mask_classes import checked_names
from bisenet_lib.importers.masks import Picture
from bisenet_lib.importers.pairing import IMAGES, Pair, Pairs, test_names

FORMATS: tuple[tuple[str, Callable[[Path], Annotations | None]], ...] = (
    ("coco", coco.find),
    ("yolo", yolo.find),
    ("cvat", cvat.find),
    ("voc", voc.find),
    ("roboflow-masks", roboflow_masks.find),
    ("label-studio", label_studio.find),
    ("supervisely", supervisely.find),
)
"""The formats by the name that ``--kind`` gives them, in the order in which they are tried."""
_COLOUR_OF_BACKGROUND: Colour = (0, 0, 0)


@dataclass(frozen=True)
class DrawnPair(Pair):
    """An image, the file of its annotation, and what draws its label.

    Attributes:
        draw: see :class:`bisenet_lib.importers.annotations.AnnotatedImage`.
    """

    draw: Callable[[Size], np.ndarray] = field(kw_only=True)


@dataclass(frozen=True)
class DrawnMeaning:
    """How the labels of an export become class indices.

    Attributes:
        kind: the format, as its tool calls it.
        names: of the classes, in order of index.
        indices: (256,) uint8: the class of each value that is drawn.
        background: the class of pixels in no object; None ignores them.
        colours: of the classes, where the tool keeps them.
    """

    kind: str
    names: tuple[str, ...]
    indices: np.ndarray
    background: str | None
    colours: tuple[Colour, ...] | None

    def read(self, pair: Pair, picture: Picture) -> np.ndarray:
        """Draw an image's label.

        Args:
            pair: a :class:`DrawnPair`.
            picture: the image.

        Returns:
            (H, W) uint8: the index of the class, 255 where ignored.

        Raises:
            InputError: the annotation does not fit its image.
        """
        assert isinstance(pair, DrawnPair)
        return self.indices[pair.draw(picture.size)]

    def found_names(self, examples: Sequence[Example]) -> tuple[str, ...]:
        """The class names, now that all labels are drawn.

        Raises:
            InputError: no pixel is labelled.
        """
        if not any(example.pixels[:IGNORE].any() for example in examples):
            raise InputError("not one labelled pixel in the images of this split: all are ignored.")
        return self.names


def find_export(source: Path, kind: str) -> Annotations | None:
    """Recognise the export of an annotation tool.

    Args:
        source: the folder.
        kind: the name of a format; ``auto`` tries all.

    Returns:
        What it holds; None if ``auto`` recognises nothing.

    Raises:
        InputError: the export is broken, or not of this kind.
    """
    if kind != "auto":
        annotations = dict(FORMATS)[kind](source)
        if annotations is None:
            raise InputError(f"--kind {kind}: {source} holds no such export. Leave out --kind.")
        return annotations
    for name, find in FORMATS:
        try:
            annotations = find(source)
        except InputError as error:
            raise InputError(
                f"{error}\nThe folder was read as --kind {name}; give another --kind if it is not."
            ) from error
        if annotations is not None:
            return annotations
    return None


def drawn_pairs(annotations: Annotations) -> tuple[Pairs, dict[str, str | None]]:
    """The images of an export with their annotations, named without the folder common to all.

    Returns:
        The pairs; and the tool's own split by name, of all images in it.

    Raises:
        InputError: an image is of a kind that is not read, or its name cannot be used.
    """
    names = _short_names([image.name for image in annotations.images])
    named = list(zip(names, annotations.images, strict=True))
    splits = {name: image.split for name, image in named}
    test = test_names(splits)
    pairs: dict[str, DrawnPair] = {}
    faults, unpaired = [], []
    for name, image in named:
        if image.image.suffix.lower() not in IMAGES:
            faults.append(f"{image.image}: images are PNG or JPEG. Save it as one of these.")
        elif "," in name or name != name.strip():
            faults.append(f"{image.image}: a comma or an outer space breaks the file lists.")
        elif name in pairs:
            other = pairs[name].image.name
            faults.append(f"{image.image}: has the name of {other}. Rename one of them.")
        elif image.image.is_file():
            pairs[name] = DrawnPair(name, image.image, image.source, draw=image.draw)
        elif name not in test:
            unpaired.append(f"{image.image}: missing, and annotated in {image.source}.")
    refuse(faults)
    chosen = tuple(pairs[name] for name in sorted(pairs))
    return Pairs(chosen, tuple(sorted(unpaired)), test=tuple(sorted(test))), splits


def _short_names(names: Sequence[str]) -> list[str]:
    """Names without the folders that are common to all of them, such as ``images/``."""
    folders = [os.fspath(PurePosixPath(name).parent) for name in names]
    common = os.path.commonpath(folders) if folders else ""
    return [PurePosixPath(name).relative_to(common).as_posix() for name in names]


def drawn_meaning(
    annotations: Annotations, classes: tuple[str, ...] | None, background: str | None
) -> DrawnMeaning:
    """Decide which class each value of a drawn label is.

    Args:
        annotations: the export.
        classes: the names in another order, or more of them; None takes the tool's own.
        background: the class of pixels in no object; a new one becomes the first.

    Raises:
        InputError: a class of the export is not among ``classes``, there are too few or too many,
            or the masks leave no pixel for a background.
    """
    tool = annotations.tool
    background = background and background.strip()
    if background is not None and not annotations.outlines:
        raise InputError(
            f"--background {background}: means nothing for {tool}, whose masks decide every pixel."
        )
    own = [name for name in annotations.names if name not in IGNORED_NAMES]
    names = tuple(own if classes is None else classes)
    for name in own:
        if name not in names:
            raise InputError(
                f"the class {name!r} of {tool} is unknown{did_you_mean(name, names)}; --classes "
                f"names {', '.join(names)}."
            )
    if background is not None and background not in names:
        names = (background, *names)
    if len(checked_names(names)) > LEFT_OUT:
        raise InputError(f"{len(names)} classes; of an export at most {LEFT_OUT} are read.")
    indices = np.full(256, IGNORE, np.uint8)
    for value, name in enumerate(annotations.names):
        if name not in IGNORED_NAMES:
            indices[value] = names.index(name)
    if background is not None:
        indices[IGNORE] = names.index(background)
    colours = _colours(annotations, names, background)
    return DrawnMeaning(tool, names, indices, background, colours)


def _colours(
    annotations: Annotations, names: Sequence[str], background: str | None
) -> tuple[Colour, ...] | None:
    """The tool's colours in order of index; None if it has none for one of the names."""
    if annotations.colours is None:
        return None
    colours: dict[str, Colour] = dict(zip(annotations.names, annotations.colours, strict=True))
    if background is not None:
        colours = {background: _COLOUR_OF_BACKGROUND} | colours
    return tuple(colours[name] for name in names) if set(names) <= colours.keys() else None
