"""Supervisely's own format: ``meta.json`` with the classes, a JSON file of objects for each image.

A data set of the project is a folder with ``img/NAME.jpg`` and ``ann/NAME.jpg.json``; it may stand
in another one's folder ``datasets``. The format as Supervisely's developer portal describes it
(``getting-started/supervisely-annotation-format``) and its SDK reads it (``supervisely/geometry``):
objects are drawn in the order of the file, corners of rectangles belong to them, and a hole shows
what was drawn before. Taught in ``07_your_own_data``.
"""

import base64
import io
import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from bisenet_lib.data.annotation_tools import ends_of
from bisenet_lib.data.image_files import PICTURES, files_below
from bisenet_lib.data.image_io import MOST_PIXELS, Size, pillow_image
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError, did_you_mean, refuse
from bisenet_lib.importers.annotations import LEFT_OUT, AnnotatedImage, Annotations
from bisenet_lib.importers.colour_table import Colour
from bisenet_lib.importers.pairing import IMAGES, split_of
from bisenet_lib.importers.shapes import (
    check_declared,
    check_inside,
    checked_points,
    class_indices,
    fill_polygon,
    picture_of,
    read_json,
)

_META = "meta.json"
_OBJECTS = "ann"
_PICTURES = "img"
_DRAWN = ("polygon", "multipolygon", "rectangle", "bitmap")
_KEYS = ('"objects"', '"size"')
"""What every annotation has."""
_ANY = "any"
"""The shape of a class whose objects may have several."""
_EXPORT = "Export the project as 'Supervisely format' with annotations and images"


def find(folder: Path) -> Annotations | None:
    """Read a project.

    Args:
        folder: it, or one above it.

    Returns:
        None for another format.

    Raises:
        InputError: the file of the classes is missing or broken, there are several, or an image
            has no annotation, or no image is there.
    """
    files = files_below(folder)
    annotations = [
        file for file in files if file.parent.name == _OBJECTS and file.suffix.lower() == ".json"
    ]
    pictures = [file for file in files if file.parent.name == _PICTURES]
    metas = [file for file in files if file.name == _META and file.parent.name != _OBJECTS]
    metas = [meta for meta in metas if any(_below(meta, file) for file in annotations + pictures)]
    seen = any(all(key in ends_of(file) for key in _KEYS) for file in annotations[:3])
    if not seen:
        metas = [meta for meta in metas if '"classes"' in ends_of(meta)]
    if not metas:
        if seen:
            raise InputError(
                f"{annotations[0]}: is of Supervisely, and {_META}, in which its classes stand, is "
                f"not in {folder}. {_EXPORT}, and give its folder."
            )
        return None
    if len(metas) > 1:
        raise InputError(
            f"{metas[1]}: a second Supervisely project beside {metas[0].parent}. Import each alone."
        )
    shapes, colours = _read_classes(metas[0])
    indices = class_indices(metas[0], shapes)
    faults: list[str] = []
    images = [
        AnnotatedImage(
            name=image.relative_to(folder).with_suffix("").as_posix(),
            image=image,
            source=annotation,
            split=split_of(image.relative_to(folder).as_posix()),
            draw=partial(_draw, annotation, image, indices, shapes),
        )
        for image, annotation in _pairs(pictures, annotations, faults)
    ]
    refuse(faults)
    names = tuple(name for name in shapes if indices[name] != LEFT_OUT)
    return Annotations(
        tool="Supervisely JSON",
        reason=f"{metas[0].relative_to(folder)} above folders {_OBJECTS} and {_PICTURES}",
        names=names,
        colours=tuple(colours[name] for name in names) if colours else None,
        images=tuple(sorted(images, key=lambda image: image.name)),
    )


def _below(meta: Path, annotation: Path) -> bool:
    return annotation.parent.parent.is_relative_to(meta.parent)


def _read_classes(meta: Path) -> tuple[dict[str, str], dict[str, Colour]]:
    """The shape and the colour of each class that can be drawn; no colours if one is missing."""
    data = read_json(meta)
    classes = data.get("classes") if isinstance(data, dict) else None
    if not isinstance(classes, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("title"), str) for entry in classes
    ):
        raise InputError(f"{meta}: no list 'classes' of objects with a 'title'. {_EXPORT}.")
    kind = data.get("projectType") or "images"
    if kind != "images":
        raise InputError(f"{meta}: a project of {kind}. Only projects of images can be imported.")
    titles = [entry["title"].strip() for entry in classes]
    class_indices(meta, titles)
    shapes = {
        title: str(entry.get("shape") or _ANY) for title, entry in zip(titles, classes, strict=True)
    }
    drawn = {title: shape for title, shape in shapes.items() if shape in (*_DRAWN, _ANY)}
    if not drawn:
        raise InputError(
            f"{meta}: no class has an area; its shapes are {', '.join(sorted({*shapes.values()}))}."
            f" Classes of {', '.join(_DRAWN)} can be read."
        )
    colours = {
        title: _colour(f"{meta}: the class {title!r}", entry["color"])
        for title, entry in zip(titles, classes, strict=True)
        if title in drawn and entry.get("color") is not None
    }
    return drawn, colours if len(colours) == len(drawn) else {}


def _colour(where: str, written: Any) -> Colour:
    try:
        red, green, blue = ImageColor.getrgb(written)[:3]
    except (ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{where}: the colour {written!r} is not #RRGGBB. Correct it.") from error
    return red, green, blue


def _pairs(
    pictures: Sequence[Path], annotations: Sequence[Path], faults: list[str]
) -> list[tuple[Path, Path]]:
    """Pair images with annotations, and add what is wrong to the faults.

    Returns:
        Them; a missing image by the path where it should be.
    """
    by_stem: dict[Path, list[Path]] = {}
    for picture in (file for file in pictures if file.suffix.lower() in PICTURES):
        by_stem.setdefault(picture.with_suffix(""), []).append(picture)
    there = set(pictures)
    pairs: dict[Path, Path] = {}
    for annotation in annotations:
        expected = annotation.parent.parent / _PICTURES / annotation.stem
        # Projects of 2018 and before name the annotation of a.jpg a.json.
        found = [expected] if expected in there else by_stem.get(expected, [])
        image = found[0] if found else expected
        if len(found) > 1:
            faults.append(f"{annotation}: fits {image.name} and {found[1].name}. Rename one.")
        elif image in pairs:
            faults.append(
                f"{annotation}: {image.name} has the label {pairs[image].name} too. Keep one."
            )
        else:
            pairs[image] = annotation
    if annotations and not there.intersection(pairs):
        faults.append(f"{annotations[0]}: no image {expected}, nor any other. {_EXPORT}.")
    for same in by_stem.values():
        for picture in same:
            if picture not in pairs:
                faults.append(f"{picture}: no annotation {picture.name}.json. {_EXPORT}.")
            elif picture.suffix.lower() not in IMAGES:
                faults.append(f"{picture}: images are PNG or JPEG. Save it as one of these.")
        if len(same) > 1:
            faults.append(f"{same[1]}: has the name of {same[0].name}. Rename one of them.")
    return sorted(pairs.items())


def _draw(
    annotation: Path,
    image: Path,
    indices: Mapping[str, int],
    shapes: Mapping[str, str],
    size: Size,
) -> np.ndarray:
    """The label of an image of (width, height): (H, W) uint8."""
    data = read_json(annotation)
    if (
        not isinstance(data, dict)
        or not isinstance(data.get("size"), dict)
        or not isinstance(data.get("objects"), list)
    ):
        raise InputError(f"{annotation}: not from Supervisely: no 'size' and list 'objects'.")
    declared: tuple[Any, Any] = (data["size"].get("width"), data["size"].get("height"))
    check_declared(str(annotation), declared, picture_of(image, size))
    canvas = Image.new("L", size, IGNORE)
    for number, item in enumerate(data["objects"]):
        if not isinstance(item, dict) or not isinstance(item.get("classTitle"), str):
            raise InputError(f"{annotation}: object {number} has no classTitle. {_EXPORT}.")
        title = item["classTitle"].strip()
        kind = item.get("geometryType") or shapes.get(title)
        where = f"{annotation}: object {number} ({title!r}, {kind})"
        if kind not in _DRAWN:
            raise InputError(
                f"{where}: a shape without an area, or one that is not read. Convert it to a "
                f"polygon or a mask in Supervisely, or delete it; {', '.join(_DRAWN)} are read."
            )
        if title not in indices:
            raise InputError(
                f"{where}: unknown class{did_you_mean(title, indices)}; {_META} has "
                f"{', '.join(indices)}."
            )
        _DRAWING[kind](canvas, where, item, indices[title])
    return np.asarray(canvas)


def _parts(where: str, item: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    """Outline and holes of an object, or of a part of it, as they stand in the file."""
    points = item.get("points", item)
    if not isinstance(points, dict) or not isinstance(points.get("interior") or [], list):
        raise InputError(f"{where}: its points are no 'exterior' and 'interior'. {_EXPORT}.")
    return points.get("exterior"), points.get("interior") or []


def _polygon(canvas: Image.Image, where: str, item: Mapping[str, Any], value: int) -> None:
    exterior, interior = _parts(where, item)
    outline = checked_points(where, exterior, 3)
    check_inside(where, canvas.size, outline)
    fill_polygon(canvas, value, outline, [checked_points(where, hole, 3) for hole in interior])


def _multipolygon(canvas: Image.Image, where: str, item: Mapping[str, Any], value: int) -> None:
    parts = item.get("parts")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise InputError(f"{where}: no list 'parts'. {_EXPORT}.")
    for part in parts:
        _polygon(canvas, where, part, value)


def _rectangle(canvas: Image.Image, where: str, item: Mapping[str, Any], value: int) -> None:
    corners = checked_points(where, _parts(where, item)[0], 2)
    check_inside(where, canvas.size, corners)
    (left, right), (top, bottom) = (
        sorted(map(round, side)) for side in zip(*corners[:2], strict=True)
    )
    ImageDraw.Draw(canvas).rectangle((left, top, right, bottom), fill=value)


def _bitmap(canvas: Image.Image, where: str, item: Mapping[str, Any], value: int) -> None:
    bitmap = item.get("bitmap")
    if not isinstance(bitmap, dict):
        raise InputError(f"{where}: no 'bitmap' with 'data' and 'origin'. {_EXPORT}.")
    ((x, y),) = checked_points(where, [bitmap.get("origin")], 1)
    try:
        inside = _mask_of(bitmap.get("data"))
    except Exception as error:  # a damaged picture raises almost anything
        raise InputError(f"{where}: its bitmap is damaged ({error}). {_EXPORT}.") from error
    check_inside(where, canvas.size, [(x, y), (x + inside.width - 1, y + inside.height - 1)])
    canvas.paste(value, (round(x), round(y)), inside)


def _mask_of(data: Any) -> Image.Image:
    """The picture in a bitmap: base64 of a PNG, mostly compressed once more; 255 inside."""
    content = base64.b64decode(data, validate=True)
    if not content.startswith(b"\x89PNG"):
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(content, MOST_PIXELS)
        if not unpacking.eof:
            raise ValueError("its compressed data are cut off or too long")
    with pillow_image(io.BytesIO(content)) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise ValueError(f"it has {picture.width}x{picture.height} pixels")
        transparent = "A" in picture.getbands() or "transparency" in picture.info
        inside = picture.convert("RGBA").getchannel("A") if transparent else picture.convert("L")
    return inside.point(lambda level: 255 * (level > 0))


_DRAWING = {
    "polygon": _polygon,
    "multipolygon": _multipolygon,
    "rectangle": _rectangle,
    "bitmap": _bitmap,
}
