"""Label Studio's exports: its JSON with brushes and outlines, and its brush masks as PNG.

From the code that writes them (HumanSignal/label-studio-sdk, ``label_studio_sdk/converter``) and
from the guide (https://labelstud.io/guide/export): coordinates are percent of the image; a
rectangle turns around its left upper corner, an ellipse around its centre; a brush is the four
channels of a picture in run lengths (:mod:`bisenet_lib.importers.label_studio_brush`), inside where
alpha is not 0, as the editor shows it. Regions are drawn in the order of the file. A mask is called
``task-3-annotation-5-by-1-tag-apple-0.png`` and does not say which image it belongs to: the JSON
export does, or images that are called ``task-3.jpg``. Taught in ``07_your_own_data``.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
from PIL import Image

from bisenet_lib.data.annotation_tools import ends_of
from bisenet_lib.data.image_files import PICTURES, composed, files_below
from bisenet_lib.data.image_io import Size, check_image, pillow_image
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError, refuse
from bisenet_lib.importers.annotations import LEFT_OUT, AnnotatedImage, Annotations
from bisenet_lib.importers.label_studio_brush import brush_pixels
from bisenet_lib.importers.shapes import (
    Points,
    check_declared,
    check_inside,
    checked_points,
    class_indices,
    fill_polygon,
    picture_of,
    read_json,
)

_MASK = re.compile(
    r"task-(?P<task>\d+)-annotation-(?P<annotation>\w+)-by-(?P<by>[^-]*)-(?P<rest>.+)-(?P<n>\d+)"
    r"\.(?P<kind>png|npy)",
    re.IGNORECASE,
)
_IMAGE_OF_TASK = re.compile(r"(?:task[-_ ]?)?0*(?P<task>\d+)", re.IGNORECASE)
_UPLOAD = re.compile(r"[0-9a-f]{8}-")
"""What Label Studio puts before the name of a file that is uploaded."""
_SHAPES = ("brush", "polygon", "rectangle", "ellipse", "keypoint", "bitmask", "vector")
_READ = "BrushLabels, PolygonLabels, RectangleLabels and EllipseLabels are read"
_CIRCLE = np.linspace(0, 2 * np.pi, 360, endpoint=False)


@dataclass(frozen=True)
class Region:
    """A region of an image.

    Attributes:
        where: file, task and region, to begin a message.
        label: the class.
        value: what it is drawn with.
        size: (width, height) of the image that it was drawn on.
        brush: run lengths; empty for outlines, and for a brush that painted nothing.
        outline: corners in pixels.
    """

    where: str
    label: str
    size: Size
    brush: bytes = b""
    outline: tuple[tuple[float, float], ...] = ()
    value: int = LEFT_OUT


def find(folder: Path) -> Annotations | None:
    """Read an export.

    Args:
        folder: it and its images, or a folder above them.

    Returns:
        None for another format.

    Raises:
        InputError: it is broken, of a kind that is not read, has several annotations of an image,
            or no image is there.
    """
    files = files_below(folder)
    exports = [file for file in files if file.suffix.lower() == ".json" and _is_export(file)]
    masks = [(file, match) for file in files if (match := _MASK.fullmatch(file.name))]
    named = {file for file, _ in masks}
    pictures = [file for file in files if file.suffix.lower() in PICTURES and file not in named]
    tasks = [(file, task) for file in exports for task in _tasks(file)]
    if tasks:
        return _of_json(folder, tasks, pictures, masks)
    arrays = [file for file, match in masks if match["kind"].lower() == "npy"]
    short = [file for file in files if file.suffix.lower() == ".json" and _is_short(file)]
    for file in (*arrays, *short):
        what = "Brush labels to NumPy" if file in arrays else "JSON-MIN"
        raise InputError(
            f"{file}: is of Label Studio's export '{what}', which is not read. Press Export and "
            "choose 'JSON', and put that file beside the images."
        )
    return _of_masks(folder, masks, pictures) if masks else None


def _is_export(file: Path) -> bool:
    text = ends_of(file)
    keys = {key for key in ("data", "annotations", "completions", "result") if f'"{key}"' in text}
    return text.lstrip()[:1] in ("[", "{") and "data" in keys and len(keys) > 1


def _is_short(file: Path) -> bool:
    text = ends_of(file)
    return text.lstrip()[:1] == "[" and all(
        f'"{key}"' in text for key in ("annotation_id", "annotator")
    )


def _tasks(file: Path) -> list[dict[str, Any]]:
    """The tasks of a file; none if it is not of Label Studio after all."""
    data = read_json(file)
    tasks = data if isinstance(data, list) else [data]
    whole = [
        isinstance(task, dict)
        and isinstance(task.get("data"), dict)
        and isinstance(task.get("annotations", task.get("completions")), list)
        for task in tasks
    ]
    if whole and not whole[0]:
        return []
    if not all(whole):
        raise InputError(
            f"{file}: entry {whole.index(False)} is no task with 'data' and 'annotations'. Export "
            "it again."
        )
    return tasks


def _of_json(
    folder: Path,
    tasks: Sequence[tuple[Path, Mapping[str, Any]]],
    pictures: Sequence[Path],
    masks: Sequence[tuple[Path, re.Match[str]]],
) -> Annotations:
    """What JSON exports hold. Masks beside them show the same regions once more."""
    faults: list[str] = []
    by_image: dict[Path, tuple[Path, list[Region], str]] = {}
    known: set[tuple[str, str]] = set()
    by_name = _by_name(pictures)
    skipped = 0
    for file, task in tasks:
        where = f"{file}: task {task.get('id')}"
        try:
            annotation = _annotation(where, task)
            if annotation is None:
                skipped += 1
                continue
            known.add((str(task.get("id")), str(annotation.get("id"))))
            image = _image_of(where, task, folder, by_name)
            if image in by_image:
                raise InputError(
                    f"{where}: {image.name} is the image of {by_image[image][2]} too. Keep one."
                )
            by_image[image] = file, list(_regions(where, annotation)), where
        except InputError as error:
            faults.append(str(error))
    for file, match in masks:
        if not faults and (match["task"], match["annotation"]) not in known:
            faults.append(
                f"{file}: its annotation is not in {tasks[0][0]}. Export both again, or take the "
                "masks out: the JSON holds all that they show."
            )
    first = tasks[0][0]
    if by_image and by_image.keys().isdisjoint(pictures):
        faults.append(
            f"{first}: not one of its {len(by_image)} images is here, as {min(by_image)}. The JSON "
            "export has no images: put those you uploaded beside it."
        )
    refuse(faults)
    labels = {region.label for _, regions, _ in by_image.values() for region in regions}
    if not labels:
        raise InputError(f"{first}: no region with a label in {len(tasks)} tasks. Label first.")
    indices = class_indices(first, sorted(labels))
    images = {}
    for image, (file, regions, _) in by_image.items():
        valued = tuple(replace(region, value=indices[region.label]) for region in regions)
        images[image] = file, partial(_draw, image, valued)
    remarks = []
    if skipped:
        remarks.append(f"Tasks without an annotation, or with a skipped one, left out: {skipped}.")
    return Annotations(
        tool="Label Studio JSON",
        reason=f"{first.relative_to(folder)} with tasks and their annotations",
        names=tuple(name for name in indices if indices[name] != LEFT_OUT),
        colours=None,
        images=_annotated(folder, images),
        remarks=(*remarks, *_unnamed(pictures, images)),
    )


def _of_masks(
    folder: Path, masks: Sequence[tuple[Path, re.Match[str]]], pictures: Sequence[Path]
) -> Annotations:
    """What brush masks hold whose images are called by the number of their task."""
    by_task: dict[int, list[Path]] = {}
    for picture in pictures:
        if match := _IMAGE_OF_TASK.fullmatch(picture.stem):
            by_task.setdefault(int(match["task"]), []).append(picture)
    labels = {file: match["rest"].partition("-")[2] or match["rest"] for file, match in masks}
    indices = class_indices(masks[0][0], sorted(set(labels.values())))
    faults: list[str] = []
    of_task: dict[int, list[tuple[Path, re.Match[str]]]] = {}
    for file, match in masks:
        of_task.setdefault(int(match["task"]), []).append((file, match))
    images = {}
    for task, mine in of_task.items():
        first, found = mine[0][0], by_task.get(task, [])
        if len({match["annotation"] for _, match in mine}) > 1:
            faults.append(f"{first}: task {task} has several annotations. Keep the masks of one.")
        elif len(found) != 1:
            faults.append(
                f"{first}: {len(found)} images of task {task}. Press Export once more, choose "
                "'JSON', which names the images, and put that file here; or call the image "
                f"task-{task}.jpg."
            )
        else:
            drawn = tuple((file, indices[labels[file]]) for file, _ in mine)
            images[found[0]] = first, partial(_draw_masks, found[0], drawn)
    refuse(faults)
    remark = (
        "Pixels in the masks of two classes are ignored: Label Studio's PNG files do not say which "
        "is on top. Its JSON export does: put it beside the images."
    )
    return Annotations(
        tool="Label Studio, 'Brush labels to PNG'",
        reason=masks[0][0].name,
        names=tuple(name for name in indices if indices[name] != LEFT_OUT),
        colours=None,
        images=_annotated(folder, images),
        remarks=(remark, *_unnamed(pictures, images)),
    )


def _annotated(
    folder: Path, images: Mapping[Path, tuple[Path, partial[np.ndarray]]]
) -> tuple[AnnotatedImage, ...]:
    return tuple(
        AnnotatedImage(
            image.relative_to(folder).with_suffix("").as_posix(), image, source, None, draw
        )
        for image, (source, draw) in sorted(images.items())
    )


def _unnamed(pictures: Sequence[Path], images: Iterable[Path]) -> Iterator[str]:
    others = sorted(set(pictures).difference(images))
    if others:
        yield f"Images without an annotation, left out: {len(others)}, as {others[0]}."


# The JSON export


def _annotation(where: str, task: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The only annotation of a task that was not skipped."""
    annotations = [
        annotation
        for annotation in task.get("annotations", task.get("completions"))
        if isinstance(annotation, dict)
        and not (annotation.get("was_cancelled") or annotation.get("skipped"))
    ]
    if len(annotations) > 1:
        numbers = ", ".join(str(annotation.get("id")) for annotation in annotations)
        raise InputError(
            f"{where}: {len(annotations)} annotations ({numbers}): as many labels for one image. "
            "Delete all but one in Label Studio, and export again."
        )
    return annotations[0] if annotations else None


def _image_of(
    where: str, task: Mapping[str, Any], folder: Path, pictures: Mapping[str, Sequence[Path]]
) -> Path:
    """The file of a task's image: found by name, for the address is one of the server.

    Returns:
        Its path; where it is missing, the one where it should be.
    """
    values = [value for value in task["data"].values() if isinstance(value, str)]
    paths = [path for path in map(_path_of, values) if path.suffix.lower() in PICTURES]
    if not paths and isinstance(task.get("file_upload"), str):
        paths = [PurePosixPath(task["file_upload"])]
    if len({path.name for path in paths}) != 1:
        raise InputError(
            f"{where}: its 'data' name {len(paths)} images: {', '.join(values) or 'nothing'}. Only "
            "tasks of one image each can be imported."
        )
    path = paths[0]
    plain = _UPLOAD.sub("", composed(path.name), count=1)
    found = pictures.get(composed(path.name)) or pictures.get(plain) or pictures.get(f"/{plain}")
    if not found:
        return folder / plain
    longest = max(_common_end(path, picture) for picture in found)
    found = [picture for picture in found if _common_end(path, picture) == longest]
    if len(found) > 1:
        raise InputError(
            f"{where}: {path.name} fits {found[0]} and {found[1]}. Rename one, or take it out."
        )
    return found[0]


def _by_name(pictures: Iterable[Path]) -> dict[str, list[Path]]:
    """Pictures by name; and, after ``/``, by the name that an upload gives them."""
    by_name: dict[str, list[Path]] = {}
    for picture in pictures:
        name = composed(picture.name)
        by_name.setdefault(name, []).append(picture)
        by_name.setdefault(f"/{_uploaded(name)}", []).append(picture)
    return by_name


def _path_of(address: str) -> PurePosixPath:
    """The path in what a task says of its image: an address, one of the server, or a path."""
    text = address.replace("\\", "/")
    if "://" in text or text.startswith("/data/"):
        parts = urlsplit(text)
        text = parse_qs(parts.query).get("d", [unquote(parts.path)])[0].replace("\\", "/")
    return PurePosixPath(text)


def _uploaded(name: str) -> str:
    """What Django, and so Label Studio, makes of a file's name: no spaces, no brackets."""
    return re.sub(r"[^-\w.]", "", name.strip().replace(" ", "_"))


def _common_end(path: PurePosixPath, picture: Path) -> int:
    """How many of the last folders two paths have in common."""
    pairs = zip(reversed(path.parts[:-1]), reversed(picture.parts[:-1]), strict=False)
    same = [composed(one) == composed(other) for one, other in pairs]
    return (*same, False).index(False)


def _regions(where: str, annotation: Mapping[str, Any]) -> Iterator[Region]:
    results = annotation.get("result")
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise InputError(f"{where}: its annotation has no list 'result'. Export it again.")
    labelled = {
        result.get("id") for result in results if str(result.get("type")).endswith("labels")
    }
    for result in results:
        kind, value = str(result.get("type")), result.get("value")
        place = f"{where}, region {result.get('id')} ({kind})"
        if kind in _SHAPES and result.get("id") in labelled:
            continue  # Brush and Labels: the region stands there twice, once with its label
        if kind not in _SHAPES and not kind.endswith("labels"):
            continue  # an answer about the image
        if not isinstance(value, dict):
            raise InputError(f"{place}: has no 'value'. Export it again.")
        labels = value.get(kind)
        if not isinstance(labels, list) or len(labels) != 1 or not isinstance(labels[0], str):
            raise InputError(
                f"{place}: has {len(labels) if isinstance(labels, list) else 'no'} labels; one is "
                "needed. Give it one in Label Studio, or delete it."
            )
        yield _region(f"{place[:-1]}, {labels[0]!r})", labels[0].strip(), result, value)


def _region(where: str, label: str, result: Mapping[str, Any], value: Mapping[str, Any]) -> Region:
    width, height = result.get("original_width"), result.get("original_height")
    if not (type(width) is int and type(height) is int and min(width, height) > 0):
        raise InputError(f"{where}: original_width and original_height are {width} and {height}.")
    size = width, height
    if result.get("image_rotation"):
        raise InputError(
            f"{where}: drawn while the image was turned by {result['image_rotation']} degrees. "
            "Turn it back in Label Studio and draw it again, or save the image turned."
        )
    if result.get("item_index"):
        raise InputError(f"{where}: of a task with several images. Import tasks of one image each.")
    if "rle" in value:
        try:
            return Region(where, label, size, brush=bytes(value["rle"]))
        except (TypeError, ValueError) as error:
            raise InputError(f"{where}: its 'rle' is no list of bytes. Export it again.") from error
    return Region(where, label, size, outline=tuple(_outline(where, value, size)))


def _outline(where: str, value: Mapping[str, Any], size: Size) -> Points:
    """The corners of an outline, in pixels."""
    scale = np.array(size) / 100
    if "points" in value:
        return checked_points(where, np.multiply(_pairs(where, value["points"]), scale).tolist(), 3)
    x, y = value.get("x"), value.get("y")
    if {"radiusX", "radiusY"} <= value.keys():
        pairs = [(x, y), (value["radiusX"], value["radiusY"])]
        centre, radii = np.multiply(_pairs(where, pairs), scale)
        corners = np.stack([radii[0] * np.cos(_CIRCLE), radii[1] * np.sin(_CIRCLE)], axis=1)
    elif {"width", "height"} <= value.keys():
        pairs = [(x, y), (value["width"], value["height"])]
        centre, (width, height) = np.multiply(_pairs(where, pairs), scale)
        corners = np.array([(0, 0), (width, 0), (width, height), (0, height)])
    else:
        raise InputError(
            f"{where}: a shape without an area, or one that is not read; {_READ}. Draw it as one "
            "of these, or delete it."
        )
    ((degrees, _),) = _pairs(where, [(value.get("rotation") or 0, 0)])
    turn = math.radians(degrees)
    matrix = np.array([(math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))])
    return checked_points(where, (centre + corners @ matrix).tolist(), 3)


def _pairs(where: str, pairs: Any) -> Points:
    return checked_points(where, pairs, 1)


# Drawing


def _draw(image: Path, regions: Sequence[Region], size: Size) -> np.ndarray:
    """The label of an image of (width, height): (H, W) uint8."""
    picture = picture_of(image, size)
    canvas = Image.new("L", size, IGNORE)
    for region in regions:
        check_declared(region.where, region.size, picture)
        if region.outline:
            outline = list(region.outline)
            check_inside(region.where, size, outline)
            fill_polygon(canvas, region.value, outline, [])
        elif region.brush:
            try:
                inside = brush_pixels(region.brush, size)
            except ValueError as error:
                raise InputError(
                    f"{region.where}: its run lengths are damaged ({error}). Export it again."
                ) from error
            canvas.paste(region.value, mask=Image.fromarray(inside))
    return np.asarray(canvas)


def _draw_masks(image: Path, masks: Sequence[tuple[Path, int]], size: Size) -> np.ndarray:
    """The same from brush masks; pixels of two classes are left out."""
    picture = picture_of(image, size)
    label = np.full(size[::-1], IGNORE, np.uint8)
    for path, value in masks:
        check_image(path, modes=("L",), decode=True)
        with pillow_image(path) as mask:
            if mask.format != "PNG":
                raise InputError(f"{path}: a {mask.format}, not a PNG. Export it again.")
            picture.check(path, mask.size)
            inside = np.asarray(mask) > 0
        taken = inside & (label != IGNORE) & (label != value)
        label[inside] = value
        label[taken] = LEFT_OUT
    return label
