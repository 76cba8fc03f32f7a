"""Reading the JSON of annotation tools and drawing their shapes, as several formats need it.

Taught in ``07_your_own_data``.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from bisenet_lib.config.class_names import name_fault
from bisenet_lib.data.image_io import Size, orientation, pillow_image
from bisenet_lib.data.polygons import FURTHEST_POINT
from bisenet_lib.errors import InputError, refuse
from bisenet_lib.importers.annotations import LEFT_OUT
from bisenet_lib.importers.colour_table import IGNORED_NAMES
from bisenet_lib.importers.masks import Picture

Points = list[tuple[float, float]]
"""x and y of each, in pixels."""


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        InputError: it is missing or no JSON.
    """
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: no readable JSON ({error}). Export it again.") from error


def class_indices(path: Path, names: Iterable[str]) -> dict[str, int]:
    """The value that each class is drawn with.

    Args:
        path: where the names stand, for messages.
        names: the classes, in order of index; an ``ignore`` among them is no class.

    Returns:
        The indices, and :data:`bisenet_lib.importers.annotations.LEFT_OUT` for ``ignore``.

    Raises:
        InputError: a name is empty or there twice, or there are too many.
    """
    names = list(names)
    faults = [
        f"{path}: the class {name!r}: {fault}." for name in names if (fault := name_fault(name))
    ]
    faults += [
        f"{path}: the class {name!r} is there {names.count(name)} times. Rename or merge them."
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    refuse(faults)
    classes = [name for name in names if name not in IGNORED_NAMES]
    if not 1 <= len(classes) <= LEFT_OUT:
        raise InputError(
            f"{path}: {len(classes)} classes; 1 to {LEFT_OUT} can be read. Export those you need."
        )
    indices = {name: index for index, name in enumerate(classes)}
    return indices | {name: LEFT_OUT for name in names if name in IGNORED_NAMES}


def picture_of(image: Path, size: Size) -> Picture:
    """An image of a known size, and whether it is turned as its EXIF orientation says."""
    with pillow_image(image) as opened:
        return Picture(size, orientation(opened) != 1)


def check_declared(where: str, declared: tuple[Any, Any], picture: Picture) -> None:
    """Refuse an annotation of an image of another size.

    Args:
        where: file and object, for messages.
        declared: (width, height) that the annotation gives its image.
        picture: the image that is there.

    Raises:
        InputError: they differ.
    """
    if declared != picture.size:
        how = ", turned as its EXIF orientation says" if picture.turned else ""
        raise InputError(
            f"{where}: drawn on an image of {declared[0]}x{declared[1]} pixels, and the one here "
            f"has {picture.size[0]}x{picture.size[1]}{how}. Put the annotated image here, or "
            "annotate this one."
        )


def checked_points(where: str, points: Any, fewest: int) -> Points:
    """The points of a shape.

    Args:
        where: file and object, for messages.
        points: what the file holds as the list of its points.
        fewest: how many it needs.

    Raises:
        InputError: they are no pairs of numbers, too few, or far outside any image.
    """
    try:
        values = np.asarray(points, np.float64).reshape(len(points), 2)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{where}: points that are not pairs of numbers. Draw it again."
        ) from error
    if len(values) < fewest:
        raise InputError(f"{where}: {len(values)} points; needs {fewest} or more. Draw it again.")
    if not (abs(values) <= FURTHEST_POINT).all():
        raise InputError(f"{where}: a point at {abs(values).max():g}. Draw it again.")
    return [(x, y) for x, y in values.tolist()]


def check_inside(where: str, size: Size, points: Points) -> None:
    """Refuse a shape that lies wholly outside its image; one that reaches out is clipped.

    Raises:
        InputError: the box around the points has no pixel of the image.
    """
    (left, right), (top, bottom) = ((min(side), max(side)) for side in zip(*points, strict=True))
    if right < 0 or bottom < 0 or left >= size[0] or top >= size[1]:
        raise InputError(
            f"{where}: lies outside its image, from {left:g},{top:g} to {right:g},{bottom:g}; the "
            f"image has {size[0]}x{size[1]} pixels. Draw it again, or restore the image that was "
            "annotated."
        )


def fill_polygon(canvas: Image.Image, value: int, outline: Points, holes: Sequence[Points]) -> None:
    """Fill a polygon as Pillow does; what was in its holes before stays."""
    if not holes:
        ImageDraw.Draw(canvas).polygon(outline, fill=value)
        return
    inside = Image.new("1", canvas.size)
    drawing = ImageDraw.Draw(inside)
    drawing.polygon(outline, fill=1)
    for hole in holes:
        drawing.polygon(hole, fill=0)
    canvas.paste(value, mask=inside)
