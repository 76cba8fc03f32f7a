"""LabelMe's JSON files: polygons and other shapes, drawn as class indices.

The format is that of the annotation program LabelMe (https://github.com/wkentaro/labelme).
Taught in ``07_your_own_data``.
"""

import base64
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from bisenet_lib.config.class_names import name_fault
from bisenet_lib.data.image_io import MOST_PIXELS, pillow_image
from bisenet_lib.data.polygons import FURTHEST_POINT
from bisenet_lib.errors import InputError, did_you_mean
from bisenet_lib.importers.masks import Picture

UTF_8 = "utf-8-sig"
"""UTF-8, with or without the byte order mark that some editors put first."""
BACKGROUND = "_background_"
"""LabelMe's own name for pixels in no shape."""

_FEWEST_POINTS = {"polygon": 3, "rectangle": 2, "circle": 2, "mask": 2}
"""The shapes that have an area."""


def label_names(path: Path, encoding: str = UTF_8) -> frozenset[str]:
    """The labels of a file's shapes, without outer spaces, which are invisible.

    Args:
        path: the JSON file.
        encoding: of a file that is not in UTF-8; old versions used the encoding of Windows.

    Raises:
        InputError: the file is missing or no annotation.
    """
    return frozenset(shape["label"] for shape in _read(path, encoding)["shapes"])


def draw(
    path: Path,
    picture: Picture,
    *,
    values: Mapping[str, int],
    unlabelled: int,
    image: Path,
    encoding: str = UTF_8,
) -> np.ndarray:
    """Draw the shapes in their order, later ones over earlier ones.

    Pillow fills the polygons as it does for Cityscapes' own (cityscapesscripts,
    ``json2labelImg.py``).

    Args:
        path: the JSON file.
        picture: its image.
        values: the value of each label.
        unlabelled: the value of pixels in no shape.
        image: the image's file; the annotation must not name another one.
        encoding: see :func:`label_names`.

    Returns:
        (H, W) uint8.

    Raises:
        InputError: the file is missing or no annotation, belongs to another image or another
            size, or holds an unknown label or a shape that cannot be drawn.
    """
    data = _read(path, encoding)
    check_owner(path, data, image, picture)
    canvas = Image.new("L", picture.size, unlabelled)
    for number, shape in enumerate(data["shapes"]):
        if shape["label"] not in values:
            raise InputError(
                f"{_where(path, number, shape)}: unknown label"
                f"{did_you_mean(shape['label'], values)}; known are {', '.join(values)}."
            )
        try:
            draw_shape(canvas, shape, values[shape["label"]])
        except Exception as error:  # a damaged picture raises almost anything
            raise InputError(
                f"{_where(path, number, shape)}: cannot be drawn ({error}). Draw it again."
            ) from error
    return np.asarray(canvas)


def _text(path: Path, encoding: str) -> str:
    content = path.read_bytes()
    try:
        return content.decode(UTF_8)
    except UnicodeDecodeError as error:
        if encoding != UTF_8:
            return content.decode(encoding)
        raise InputError(
            f"{path}: not in UTF-8 ({error.reason} {error.start}). Old versions of LabelMe write "
            "the encoding of Windows: name it, as --encoding gbk (Chinese), cp932 (Japanese), "
            "cp949 (Korean), cp1252 (western)."
        ) from error


def load(path: Path, encoding: str = UTF_8) -> dict[str, Any]:
    """What a file holds, of any kind of shapes.

    Args:
        path: the JSON file.
        encoding: see :func:`label_names`.

    Raises:
        InputError: the file is missing, no annotation, or a shape has no label.
    """
    try:
        data = json.loads(_text(path, encoding))
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: no readable JSON ({error}). Restore the file.") from error
    if not isinstance(data, dict) or not isinstance(data.get("shapes"), list):
        raise InputError(f"{path}: not from LabelMe: it holds no list 'shapes'.")
    for number, shape in enumerate(data["shapes"]):
        if not isinstance(shape, dict) or not isinstance(shape.get("label"), str):
            raise InputError(f"{path}: shape {number} has no label. Correct the file.")
    return data


def check_owner(path: Path, data: Mapping[str, Any], image: Path, picture: Picture) -> None:
    """Refuse a file that belongs to another image, or to one of another size.

    Args:
        path: the JSON file.
        data: what it holds.
        image: the file of the image that is named like it.
        picture: that image.

    Raises:
        InputError: it names another image that is there too, or declares another size.
    """
    image_name = PureWindowsPath(str(data.get("imagePath") or "")).name
    other = Path(image_name).stem != image.stem
    if other and image_name and (image.parent / image_name).is_file():
        raise InputError(
            f"{path}: is named like {image.name}, and its imagePath is {image_name}, which is "
            "there too. Rename the file, or correct its imagePath."
        )
    declared: tuple[Any, Any] = (data.get("imageWidth"), data.get("imageHeight"))
    picture.check(path, picture.size if declared == (None, None) else declared)


def _read(path: Path, encoding: str) -> dict[str, Any]:
    data = load(path, encoding)
    for number, shape in enumerate(data["shapes"]):
        shape["label"] = shape["label"].strip()
        if fault := name_fault(shape["label"]):
            raise InputError(
                f"{path}: shape {number}: the label {shape['label']!r}: {fault}. Correct the file."
            )
        shape["shape_type"] = str(shape.get("shape_type") or "polygon")
        _check_shape(_where(path, number, shape), shape)
    return data


def _check_shape(where: str, shape: Mapping[str, Any]) -> None:
    fewest = _FEWEST_POINTS.get(shape["shape_type"])
    if fewest is None:
        raise InputError(
            f"{where}: a {shape['shape_type']!r} has no area. Draw a polygon, or delete it."
        )
    try:
        points = np.asarray(shape.get("points"), np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{where}: points that are not pairs of numbers. Correct it.") from error
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < fewest:
        raise InputError(f"{where}: needs {fewest} or more points, x and y each. Draw it again.")
    if not (abs(points) <= FURTHEST_POINT).all():
        raise InputError(f"{where}: a point at {abs(points).max():g}. Draw it again.")


def _where(path: Path, number: int, shape: Mapping[str, Any]) -> str:
    return f"{path}: shape {number} ({shape['label']!r}, {shape['shape_type']})"


def draw_shape(canvas: Image.Image, shape: Mapping[str, Any], value: int) -> None:
    """Fill a shape that has an area; polygon, rectangle, circle or mask.

    Args:
        canvas: of mode ``L``; it changes.
        shape: as LabelMe's file holds it.
        value: of its pixels.

    Raises:
        Exception: almost any kind, for a damaged mask.
    """
    points = [(float(x), float(y)) for x, y in shape["points"]]
    drawing = ImageDraw.Draw(canvas)
    if shape["shape_type"] == "polygon":
        drawing.polygon(points, fill=value)
    elif shape["shape_type"] == "circle":
        (x, y), edge = points[:2]
        radius = math.dist((x, y), edge)
        drawing.ellipse((x - radius, y - radius, x + radius, y + radius), fill=value)
    else:
        xs, ys = zip(*points, strict=True)
        left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
        if shape["shape_type"] == "rectangle":
            drawing.rectangle((left, top, right, bottom), fill=value)
        else:  # a small picture that stands at the shape's corner
            content = base64.b64decode(shape.get("mask") or "", validate=True)
            with pillow_image(io.BytesIO(content)) as mask:
                if mask.width * mask.height > MOST_PIXELS:
                    raise ValueError(f"its mask has {mask.width}x{mask.height} pixels")
                inside = mask.convert("L").point(lambda value: 255 * (value > 0))
                canvas.paste(value, (round(left), round(top)), inside)
