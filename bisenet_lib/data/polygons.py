"""Reading and drawing ``_polygons.json``, the annotation itself.

Taught in ``01_dataset``.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from cityscapesscripts.helpers.annotation import Annotation
from cityscapesscripts.preparation.json2labelImg import createLabelImage

from bisenet_lib.data.image_io import Size, check_pixels, check_size
from bisenet_lib.data.labels import label_of
from bisenet_lib.errors import InputError

FURTHEST_POINT = 100_000
"""The largest coordinate of a point, in pixels; annotations reach a little out of the frame."""


def _check_object(path: Path, number: int, item: Any) -> None:
    where = f"{path}: object {number}"
    if not isinstance(item, dict) or not isinstance(item.get("label"), str):
        raise InputError(f"{where} has no label. Restore the file.")
    if item.get("deleted"):
        return
    where = f"{where} ({item['label']!r})"
    if label_of(item["label"]) is None:
        raise InputError(
            f"{where}: unknown label. Known are the names in bisenet_lib.data.labels.LABELS."
        )
    try:
        points = np.asarray(item.get("polygon"))
    except ValueError as error:
        raise InputError(f"{where}: points that are not x, y pairs. Correct the file.") from error
    if points.ndim == 0 or len(points) < 3:
        raise InputError(f"{where}: a polygon of {points.size and len(points)} points; 3 or more.")
    if points.ndim != 2 or points.shape[1] != 2 or points.dtype.kind not in "iuf":
        raise InputError(f"{where}: points that are not pairs of numbers. Correct the file.")
    if not (abs(points) <= FURTHEST_POINT).all():
        raise InputError(
            f"{where}: a point at {abs(points).max():g}; at most {FURTHEST_POINT}. "
            "Correct the file."
        )


def _checked_polygons(path: Path, size: Size | None) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = json.loads(text)
    except FileNotFoundError as error:
        raise InputError(f"{path}: missing. Restore it, or remove the frame.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: no readable JSON ({error}). Restore the file.") from error
    if not isinstance(data, dict) or not isinstance(data.get("objects"), list):
        raise InputError(f"{path}: no annotation: it holds no list 'objects'. Restore the file.")
    declared: tuple[Any, Any] = (data.get("imgWidth"), data.get("imgHeight"))
    if not all(type(side) is int and side > 0 for side in declared):
        raise InputError(f"{path}: imgWidth, imgHeight are {declared}; whole numbers above 0.")
    check_size(path, declared, size)
    check_pixels(path, declared)
    for number, item in enumerate(data["objects"]):
        _check_object(path, number, item)
    return text


def read_objects(path: Path) -> list[dict[str, Any]]:
    """Read what a ``_polygons.json`` holds, after checking it.

    Args:
        path: the JSON file.

    Returns:
        The objects in drawing order: ``label``, ``polygon`` (x, y pairs), and other keys of the
        file.

    Raises:
        InputError: see :func:`draw_polygons`.
    """
    return json.loads(_checked_polygons(path, None))["objects"]


def draw_polygons(path: Path, size: Size | None = None) -> np.ndarray:
    """Draw a ``_polygons.json`` with cityscapesscripts, after checking it.

    Args:
        path: the JSON file.
        size: (width, height) it must declare, or None for any of reasonable size.

    Returns:
        (H, W) uint8 of label ids, 0 to 33.

    Raises:
        InputError: the file is missing or no annotation, declares another size, or holds an
            unknown label or a polygon that cannot be drawn.
    """
    annotation = Annotation()
    annotation.fromJsonText(_checked_polygons(path, size))
    return np.asarray(createLabelImage(annotation, "ids"))
