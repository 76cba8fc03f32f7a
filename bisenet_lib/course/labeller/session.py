"""A folder of photographs that is being labelled, without anything that is seen of it.

Taught in ``07_your_own_data``.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from bisenet_lib.config.class_names import read_names
from bisenet_lib.course import plots
from bisenet_lib.course.labeller.outlines import Outlines, kind_of
from bisenet_lib.data.image_files import find_images
from bisenet_lib.data.image_io import read_image
from bisenet_lib.data.labels import IGNORE, class_colours, colourise_classes
from bisenet_lib.errors import InputError, refuse
from bisenet_lib.importers.labelme import draw_shape

EDITS = ("add", "reshape", "rename", "delete", "undo")
"""What the page may ask of :class:`bisenet_lib.course.labeller.outlines.Outlines`."""
LONGEST_SIDE = 4096
"""Of the photograph that the page gets, in pixels: browsers draw no canvas of any size."""


class Session:
    """A folder of photographs, one of them open.

    Args:
        folder: where the photographs are, or below it.
        classes: names to choose from, see :func:`bisenet_lib.config.class_names.read_names`.

    Attributes:
        images: all photographs.
        names: the classes, and after them other labels of the files opened so far.
        number: of the open photograph; at first that of the first one without a label.
        outlines: its shapes; None where it cannot be opened.
        problem: the last thing that went wrong, for the person who labels; else empty.

    Raises:
        InputError: no photograph, two of one name, or a class name that is none.
    """

    def __init__(self, folder: Path, classes: str | Path | Sequence[str]) -> None:
        self.folder = Path(folder)
        self.images, _ = find_images(self.folder)
        count = Counter(image.with_suffix(".json") for image in self.images)
        twice = [image for image in self.images if count[image.with_suffix(".json")] > 1]
        refuse([f"{image}: two photographs of one name. Rename one." for image in twice])
        self.names = list(read_names(classes))
        self.outlines: Outlines | None = None
        self.problem = ""
        unlabelled = (n for n, done in enumerate(self.labelled()) if not done)
        self._open(next(unlabelled, 0))

    def labelled(self) -> list[bool]:
        """Whether each photograph has a LabelMe file."""
        return [image.with_suffix(".json").is_file() for image in self.images]

    def do(self, action: str, arguments: Mapping[str, Any]) -> None:
        """Do what the page asks for; :attr:`problem` tells what went wrong.

        Args:
            action: one of :data:`EDITS`, or ``save``, or ``go``: open photograph ``number``,
                after saving the shapes of this one if they have been changed.
            arguments: those of the method.
        """
        self.problem = ""
        try:
            if action == "go":
                self.go(**arguments)
            elif self.outlines is not None and action in (*EDITS, "save"):
                getattr(self.outlines, action)(**arguments)
        except InputError as error:
            self.problem = str(error)

    def go(self, number: int) -> None:
        """Open a photograph, after saving the shapes of this one if they have been changed.

        Args:
            number: of the photograph; after the last comes the first.

        Raises:
            InputError: the shapes of this one cannot be saved; it stays open.
        """
        if self.outlines is not None and not self.outlines.saved:
            self.outlines.save()
        self._open(number % len(self.images))

    def _open(self, number: int) -> None:
        self.number, self.outlines = number, None
        try:
            self.outlines = Outlines(self.images[number])
        except InputError as error:
            self.problem = str(error)
            return
        labels = dict.fromkeys(shape["label"] for shape in self.outlines.shapes)
        self.names += [label for label in labels if label not in self.names]

    def jpeg(self) -> bytes:
        """The open photograph for the page; a grey square where it cannot be opened."""
        pixels = _pixels(self.images[self.number])
        return _jpeg(_resized(pixels, min(1.0, LONGEST_SIDE / max(pixels.shape[:2]))))

    def picture(self, longest_side: int = 480) -> bytes:
        """A photograph with its shapes, a JPEG for a page without a kernel.

        It is the first photograph whose file holds shapes; if there is none, the open one.
        """
        outlines = next(self._outlined(), self.outlines)
        shapes = outlines.shapes if outlines else []
        pixels = _pixels(outlines.image if outlines else self.images[self.number])
        names = list(dict.fromkeys([*self.names, *(shape["label"] for shape in shapes)]))
        label = Image.new("L", pixels.shape[1::-1], IGNORE)
        for shape in shapes:
            with suppress(Exception):  # a damaged mask, or a shape without an area
                draw_shape(label, shape, names.index(shape["label"]))
        pixels = plots.overlay(pixels, colourise_classes(np.asarray(label), len(names)), 0.35)
        scale = longest_side / max(pixels.shape[:2])
        pixels = _resized(pixels, scale)
        for shape in shapes:
            if kind_of(shape) == "polygon":
                colour = class_colours(len(names))[names.index(shape["label"])].tolist()
                corners = (np.array(shape["points"]) * scale).round().astype(np.int32)
                cv2.polylines(pixels, [corners], True, colour, 2, cv2.LINE_AA)
        return _jpeg(pixels)

    def _outlined(self) -> Iterator[Outlines]:
        """The photographs whose files hold shapes."""
        for image, done in zip(self.images, self.labelled(), strict=True):
            with suppress(InputError):
                if done and (outlines := Outlines(image)).shapes:
                    yield outlines

    def state(self) -> dict[str, Any]:
        """Everything the page shows but the photograph, as plain values for JSON."""
        labelled, outlines = self.labelled(), self.outlines
        colours = class_colours(len(self.names)).tolist()
        shapes = [
            {"label": one["label"], "points": one["points"], "kind": kind_of(one)}
            for one in (outlines.shapes if outlines else ())
        ]
        names = [image.relative_to(self.folder).as_posix() for image in self.images]
        return {
            "classes": [list(pair) for pair in zip(self.names, colours, strict=True)],
            "photographs": [list(pair) for pair in zip(names, labelled, strict=True)],
            "number": self.number,
            "size": outlines.size if outlines else None,
            "shapes": shapes,
            "saved": outlines is None or outlines.saved,
            "progress": f"{sum(labelled)} of {len(labelled)} labelled",
            "problem": self.problem,
        }


def _pixels(image: Path) -> np.ndarray:
    """(H, W, 3) uint8, RGB: a photograph; a grey square where it cannot be opened."""
    with suppress(InputError):
        return read_image(image)
    return np.full((256, 256, 3), 128, np.uint8)


def _resized(pixels: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return pixels
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=smooth)


def _jpeg(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()
