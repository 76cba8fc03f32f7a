"""The shapes of one photograph: drawn, corrected, undone, and saved in LabelMe's format.

Shapes are LabelMe's own dictionaries, so that what this module does not know stays as it was.
The format is that of its ``_label_file.py`` (https://github.com/wkentaro/labelme).
Taught in ``07_your_own_data``.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bisenet_lib.common.atomic_files import write_text
from bisenet_lib.data.image_io import check_photograph
from bisenet_lib.errors import InputError
from bisenet_lib.importers import labelme
from bisenet_lib.importers.shapes import Points, checked_points, picture_of

Shape = dict[str, Any]
VERSION = "5.5.0"
"""Of the format, as LabelMe counts it."""


class Outlines:
    """The shapes of one photograph. No shape is ever changed in place; every edit makes a new list.

    Args:
        image: the photograph; ``a.jpg`` has its shapes in ``a.json`` beside it.

    Attributes:
        path: the LabelMe file.
        size: (width, height) of the photograph, turned as its EXIF orientation says.
        shapes: in the order in which they are drawn.
        saved: whether the file holds these shapes.

    Raises:
        InputError: the photograph or its file is damaged, or they do not fit each other.
    """

    def __init__(self, image: Path) -> None:
        self.image, self.path = image, image.with_suffix(".json")
        self.size = check_photograph(image)
        self._before = self._content()
        self._others: dict[str, Any] = {"version": VERSION, "flags": {}, "imageData": None}
        self.shapes: list[Shape] = []
        if self._before is not None:
            self._others = labelme.load(self.path)
            self.shapes = self._others.pop("shapes")
            picture = picture_of(image, self.size)
            labelme.check_owner(self.path, self._others, image, picture)
        for number, shape in enumerate(self.shapes):
            checked_points(f"{self.path}: shape {number}", shape.get("points"), 1)
        self._earlier: list[list[Shape]] = []
        self.saved = True

    def add(self, label: str, points: Sequence[Sequence[float]]) -> None:
        """Draw a polygon.

        Args:
            label: its class.
            points: x and y of each corner in pixels; outside the photograph they move to its edge.

        Raises:
            InputError: there are fewer than three points.
        """
        polygon: Shape = {
            "label": label,
            "points": self._inside(points, 3),
            "group_id": None,
            "description": "",
            "shape_type": "polygon",
            "flags": {},
            "mask": None,
        }
        self._change([*self.shapes, polygon])

    def reshape(self, number: int, points: Sequence[Sequence[float]]) -> None:
        """Move, add or take away corners of a shape.

        Args:
            number: of the shape.
            points: all its corners, see :meth:`add`. A polygon has three or more; other shapes
                keep their number.

        Raises:
            InputError: no such shape, a wrong number of points, or a mask, which has no corners.
        """
        shape = self._shape(number)
        if shape.get("mask"):
            raise InputError(
                f"{shape['label']!r} is a mask of pixels, without corners. Delete it, and draw a "
                "polygon."
            )
        polygon = kind_of(shape) == "polygon"
        if not polygon and len(points) != len(shape["points"]):
            raise InputError(f"a {kind_of(shape)} has {len(shape['points'])} points")
        moved = {**shape, "points": self._inside(points, 3 if polygon else 1)}
        self._replace(number, [moved])

    def rename(self, number: int, label: str) -> None:
        """Give a shape another class; raises InputError if there is no such shape."""
        self._replace(number, [{**self._shape(number), "label": label}])

    def delete(self, number: int) -> None:
        """Take a shape away; raises InputError if there is no such shape."""
        self._shape(number)
        self._replace(number, [])

    def undo(self) -> None:
        """Take back the last edit since the photograph was opened, if there is one."""
        if self._earlier:
            self.shapes, self.saved = self._earlier.pop(), False

    def save(self) -> None:
        """Write the file, whole or not at all. A photograph without a shape has a file as well.

        Raises:
            InputError: it cannot be written, or another program has changed it meanwhile.
        """
        if self._content() != self._before:
            raise InputError(
                f"{self.path}: another program has changed it since it was opened here. Rename "
                "that file, then save again."
            )
        width, height = self.size
        about = {"imagePath": self.image.name, "imageWidth": width, "imageHeight": height}
        data = {**self._others, "shapes": self.shapes, **about}
        write_text(self.path, json.dumps(data, ensure_ascii=False, indent=2))
        self._before, self.saved = self._content(), True

    def _content(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None

    def _shape(self, number: int) -> Shape:
        if not 0 <= number < len(self.shapes):
            raise InputError(f"no shape {number} here: there are {len(self.shapes)}")
        return self.shapes[number]

    def _replace(self, number: int, by: list[Shape]) -> None:
        self._change([*self.shapes[:number], *by, *self.shapes[number + 1 :]])

    def _change(self, shapes: list[Shape]) -> None:
        self._earlier.append(self.shapes)
        self.shapes, self.saved = shapes, False

    def _inside(self, points: Sequence[Sequence[float]], fewest: int) -> Points:
        checked = checked_points(self.image.name, points, fewest)
        return np.clip(checked, 0, self.size).round(2).tolist()


def kind_of(shape: Shape) -> str:
    """LabelMe's name for the kind of a shape; very old files hold polygons and do not say so."""
    return str(shape.get("shape_type") or "polygon")
