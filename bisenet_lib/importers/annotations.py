"""What a tool's export holds, in one form for all tools.

A module for each format has a function ``find(folder)`` that gives :class:`Annotations`, or None
for a folder of another format. Taught in ``07_your_own_data``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bisenet_lib.data.image_io import Size
from bisenet_lib.importers.colour_table import Colour

LEFT_OUT = 254
"""In a drawn label: ignored because the annotation says so, as in a crowd, even where
``--background`` makes a class of the pixels in no object."""


@dataclass(frozen=True)
class AnnotatedImage:
    """An image and its annotation.

    Attributes:
        name: the image's path in the export without suffix, with ``/``; two of one name are
            refused by :func:`bisenet_lib.importers.exports.drawn_pairs`.
        image: the image file.
        source: the file that the annotation stands in, for messages.
        split: ``train``, ``val`` or ``test`` where the tool's own split says so, else None.
        draw: gives the label, (H, W) uint8, for an image of (width, height): class indices, 255
            for pixels in no object, and :data:`LEFT_OUT`. It can be pickled, for it is called in a
            worker process, and raises InputError with file, object, value and remedy.
    """

    name: str
    image: Path
    source: Path
    split: str | None
    draw: Callable[[Size], np.ndarray]


@dataclass(frozen=True)
class Annotations:
    """What an export holds.

    Attributes:
        tool: the format, as its tool calls it: ``COCO JSON``.
        reason: what it was recognised by, to end a sentence: ``_annotations.coco.json in train``.
        names: of the classes, in order of index.
        colours: RGB of each class where the tool keeps them, else None.
        images: all images, in order of name.
        remarks: sentences to know before training.
        outlines: whether objects are drawn one by one, so that pixels may be in none; False for
            masks, in which every pixel was decided, and ``--background`` means nothing.
    """

    tool: str
    reason: str
    names: tuple[str, ...]
    colours: tuple[Colour, ...] | None
    images: tuple[AnnotatedImage, ...]
    remarks: tuple[str, ...] = ()
    outlines: bool = True
