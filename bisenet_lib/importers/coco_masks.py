"""The outlines and masks of COCO's JSON: polygons, and run lengths of pixels (RLE).

Taught in ``07_your_own_data``.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from bisenet_lib.data.image_io import Size
from bisenet_lib.data.polygons import FURTHEST_POINT

_FIRST_CHARACTER = 48
"""A character of compressed run lengths is 48 plus six bits: a flag, then five of the number."""


def paint(canvas: Image.Image, segmentation: Any, value: int) -> None:
    """Paint an object.

    Polygons are filled by Pillow, as LabelMe's are; the parts of one object are painted together.

    Args:
        canvas: of mode L.
        segmentation: a list of polygons, ``[x, y, x, y, ...]`` each; or run lengths, a mapping of
            ``size`` (height, width) and ``counts``.
        value: of its pixels.

    Raises:
        ValueError: it is no such thing, or lies wholly outside the canvas.
    """
    if isinstance(segmentation, dict):
        mask = decode(segmentation.get("counts"), segmentation.get("size"), canvas.size)
        canvas.paste(value, mask=Image.fromarray(255 * mask.astype(np.uint8)))
        return
    polygons = [_polygon(part) for part in segmentation]
    if all(_is_outside(polygon, canvas.size) for polygon in polygons):
        raise ValueError(f"it lies outside the image of {canvas.width}x{canvas.height}")
    drawing = ImageDraw.Draw(canvas)
    for polygon in polygons:
        drawing.polygon([(x, y) for x, y in polygon.tolist()], fill=value)


def paint_box(canvas: Image.Image, box: Any, value: int) -> None:
    """Paint a box, ``[x, y, width, height]``.

    Raises:
        ValueError: it is no such thing, or lies wholly outside the canvas.
    """
    x, y, width, height = _numbers(box, "its box is not four numbers", 4)
    corners = np.array([(x, y), (x + width, y + height)])
    if width < 0 or height < 0 or _is_outside(corners, canvas.size):
        raise ValueError(f"its box {box} is not in the image of {canvas.width}x{canvas.height}")
    ImageDraw.Draw(canvas).rectangle([(x, y), (x + width, y + height)], fill=value)


def decode(counts: Any, declared: Any, size: Size) -> np.ndarray:
    """Decode the mask of an object from run lengths.

    They go down the columns, from left to right, and are in turn of pixels outside and in the
    object (cocoapi, ``common/maskApi.c``).

    Args:
        counts: the run lengths, or a string of them compressed.
        declared: the mask's height and width.
        size: (width, height) of its image.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: these are no run lengths of a mask of that size.
    """
    width, height = size
    if declared != [height, width]:
        raise ValueError(f"its mask has the size {declared}, height first, and the image {size}")
    if isinstance(counts, str):
        counts = run_lengths(counts)
    if not isinstance(counts, list) or not all(type(count) is int for count in counts):
        raise ValueError("its run lengths, 'counts', are neither whole numbers nor a string")
    if any(count < 0 for count in counts):
        raise ValueError(f"one of its run lengths is {min(counts)}")
    if sum(counts) != width * height:
        raise ValueError(f"its run lengths add up to {sum(counts)}, not to {width * height} pixels")
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return inside.reshape(width, height).T


def run_lengths(text: str) -> list[int]:
    """Decompress run lengths, as cocoapi's ``rleFrString`` does.

    A number stands in groups of five bits, the lowest first, with a sign in two's complement. From
    the fourth number on it is the difference to the number two places before.

    Raises:
        ValueError: the string is damaged.
    """
    numbers: list[int] = []
    number = shift = 0
    for character in text:
        bits = ord(character) - _FIRST_CHARACTER
        if not 0 <= bits < 64:
            raise ValueError(f"its compressed run lengths hold the character {character!r}")
        number |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            number -= 1 << shift
        numbers.append(number + (numbers[-2] if len(numbers) > 2 else 0))
        number = shift = 0
    if shift:
        raise ValueError("its compressed run lengths are cut off")
    return numbers


def _numbers(values: Any, fault: str, count: int | None = None) -> np.ndarray:
    try:
        numbers = np.asarray(values, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(fault) from error
    if numbers.ndim != 1 or count not in (None, len(numbers)):
        raise ValueError(fault)
    if not (abs(numbers) <= FURTHEST_POINT).all():
        raise ValueError(f"it has a point at {abs(numbers).max():g}")
    return numbers


def _polygon(part: Any) -> np.ndarray:
    """(N, 2) float64, x and y."""
    numbers = _numbers(part, "its polygon is not a list of numbers, x and y in turn")
    if len(numbers) < 6 or len(numbers) % 2:
        raise ValueError(f"its polygon has {len(numbers)} numbers; x and y of 3 or more points")
    return numbers.reshape(-1, 2)


def _is_outside(points: np.ndarray, size: Sequence[int]) -> bool:
    return bool(((points.max(axis=0) < 0) | (points.min(axis=0) >= np.array(size))).any())
