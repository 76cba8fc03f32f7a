"""COCO's JSON, as COCO, Roboflow, CVAT, Label Studio and others write it.

The format: https://cocodataset.org/#format-data. Where the files stand and what is special in them
is from the programs that write them:

- COCO: ``annotations/instances_train2017.json`` with ``train2017/`` or ``images/train2017/``.
- CVAT's "COCO 1.0" is written by Datumaro (cvat-ai/datumaro, ``data_formats/coco/exporter.py``):
  ``annotations/instances_SUBSET.json`` and ``images/SUBSET/``. It marks every brush mask as a
  crowd, so that there ``iscrowd`` says nothing.
- Label Studio (HumanSignal/label-studio-sdk, ``converter.py`` and ``exports/brush_to_coco.py``):
  ``result.json`` or ``result_coco.json`` with ``images/``; a ``file_name`` may be the path or the
  address of the image on its server.
- Roboflow: ``train/``, ``valid/`` and ``test/`` with their images and ``_annotations.coco.json``.
  Its first category is the project itself, the ``supercategory`` of the others, without objects.

Objects are painted in the order of the file, later ones over earlier ones, as COCO's own conversion
to label images does it (cocoapi, ``cocostuffhelper.py``). Crowds and boxes without an outline are
ignored, except where another object is painted over them.

Taught in ``07_your_own_data``.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
from PIL import Image

from bisenet_lib.config.class_names import name_fault
from bisenet_lib.data.annotation_tools import ends_of
from bisenet_lib.data.image_files import PICTURES, composed, files_below
from bisenet_lib.data.image_io import Size
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError, refuse
from bisenet_lib.importers.annotations import LEFT_OUT, AnnotatedImage, Annotations
from bisenet_lib.importers.coco_masks import paint, paint_box
from bisenet_lib.importers.colour_table import Colour
from bisenet_lib.importers.pairing import split_of
from bisenet_lib.importers.shapes import read_json

TOOL = "COCO JSON"
_LISTS = ("images", "annotations", "categories")
_INSTANCES = "instances_"
"""COCO's files of outlines begin with this; those of captions and keypoints stand beside them."""
_HEX_COLOUR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
_OF_DATUMARO = [{"name": "", "id": 0, "url": ""}]
"""The ``licenses`` that Datumaro writes."""
_EXPORT = (
    "Export outlines: in Roboflow 'COCO Segmentation' of an instance segmentation project, in CVAT "
    "'COCO 1.0' with polygons or brush masks, in Label Studio 'COCO' with PolygonLabels."
)


@dataclass(frozen=True)
class Shape:
    """An object of an image.

    Attributes:
        where: file, object and class, to begin a message.
        value: the class index, or ``LEFT_OUT``.
        segmentation: polygons or run lengths; None where there is only a box.
        box: ``[x, y, width, height]``.
    """

    where: str
    value: int
    segmentation: Any
    box: Any


@dataclass(frozen=True)
class _File:
    """A JSON file that was read, with its class names by id."""

    path: Path
    data: Mapping[str, Any]
    names: Mapping[Any, str]
    colours: Mapping[str, Colour | None]


def find(folder: Path) -> Annotations | None:
    """Read a folder with COCO's JSON files.

    Args:
        folder: the export.

    Returns:
        What it holds; images that are missing are named by the path where they should be. None:
        no such JSON is in it.

    Raises:
        InputError: a file is broken, holds boxes only, or does not fit its images.
    """
    paths = _json_files(folder)
    files = [file for file in map(_read, paths) if file is not None]
    if not files:
        return None
    names, colours = _classes(files)
    pictures = _pictures(folder)
    images: list[AnnotatedImage] = []
    remarks: list[str] = []
    for file in files:
        images += _images(file, names, folder, pictures, remarks)
    _check_boxes(files, images)
    _check_twice(images)
    images.sort(key=lambda image: image.name)
    remarks += _unlisted(images, pictures)
    return Annotations(
        tool=TOOL,
        reason=_reason([file.path.relative_to(folder) for file in files]),
        names=names,
        colours=colours,
        images=tuple(images),
        remarks=tuple(remarks),
    )


def draw(
    size: Size, *, source: Path, declared: tuple[Any, Any], shapes: Sequence[Shape]
) -> np.ndarray:
    """Draw the label of an image.

    Args:
        size: (width, height) of the image, upright.
        source: the JSON file.
        declared: the size it gives; None or 0 where it does not know it.
        shapes: the objects.

    Returns:
        (H, W) uint8: class indices; 255 in no object, ``LEFT_OUT`` in crowds and boxes.

    Raises:
        InputError: the size is another, or an object cannot be drawn.
    """
    if all(declared) and declared != size:
        how = (
            " The file gives the size before the turn that the EXIF orientation tells: save the "
            "photograph upright before you annotate it."
            if declared == size[::-1]
            else " Export the annotation together with its images."
        )
        raise InputError(
            f"{source}: the size {declared[0]}x{declared[1]}, its image has {size[0]}x{size[1]}."
            f"{how}"
        )
    canvas = Image.new("L", size, IGNORE)
    for shape in sorted(shapes, key=lambda shape: shape.value != LEFT_OUT):
        try:
            if shape.segmentation is None:
                paint_box(canvas, shape.box, shape.value)
            else:
                paint(canvas, shape.segmentation, shape.value)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"{shape.where}: cannot be drawn: {error}. Correct it in the annotation tool, or "
                "delete it."
            ) from error
    return np.asarray(canvas)


def _json_files(folder: Path) -> list[Path]:
    """The JSON files that look like COCO's; of a folder with instances, only these."""
    paths = [
        path for path in files_below(folder) if path.suffix.lower() == ".json" and _is_like(path)
    ]
    with_instances = {path.parent for path in paths if path.name.startswith(_INSTANCES)}
    return [
        path
        for path in paths
        if path.parent not in with_instances or path.name.startswith(_INSTANCES)
    ]


def _is_like(path: Path) -> bool:
    ends = ends_of(path)
    lists = {key for key in _LISTS if re.search(rf'"{key}"\s*:\s*\[', ends)}
    return "images" in lists and len(lists) > 1


def _read(path: Path) -> _File | None:
    """Read a JSON file; None for one with other things than objects, as captions."""
    data = read_json(path)
    if not isinstance(data, dict) or not all(isinstance(data.get(key), list) for key in _LISTS):
        return None
    for key, fields in (
        ("images", ("id", "file_name")),
        ("categories", ("id", "name")),
        ("annotations", ("image_id",)),
    ):
        for number, entry in enumerate(data[key]):
            if not isinstance(entry, dict) or any(
                not isinstance(entry.get(field), (int, str)) for field in fields
            ):
                raise InputError(
                    f"{path}: {key}[{number}]: has no {' and '.join(fields)}. Export it again."
                )
    if any("segments_info" in annotation for annotation in data["annotations"]):
        raise InputError(
            f"{path}: COCO's panoptic annotation, which is not read. Take the file of instances, "
            "or the one of stuff."
        )
    names, colours = _categories(path, data)
    return _File(path, data, names, colours)


def _categories(
    path: Path, data: Mapping[str, Any]
) -> tuple[dict[Any, str], dict[str, Colour | None]]:
    """The names by id, and the colours by name; without a category that only groups others."""
    used = {annotation.get("category_id") for annotation in data["annotations"]}
    parents = {category.get("supercategory") for category in data["categories"]}
    names: dict[Any, str] = {}
    colours: dict[str, Colour | None] = {}
    for category in data["categories"]:
        number, name = category["id"], str(category["name"]).strip()
        if fault := name_fault(name):
            raise InputError(f"{path}: category {number}: the name {name!r}: {fault}. Rename it.")
        groups = category["name"] in parents and category.get("supercategory") == "none"
        if groups and number not in used and len(data["categories"]) > 1:
            continue
        for fault, twice in (("id", number in names), ("name", name in names.values())):
            if twice:
                raise InputError(
                    f"{path}: category {number} ({name!r}): its {fault} is there twice. Merge the "
                    "two classes in the annotation tool, or rename one."
                )
        names[number] = name
        colours[name] = _colour(category.get("color"))
    if not names:
        raise InputError(f"{path}: no category, so no class. Name the classes, and export again.")
    return names, colours


def _colour(value: Any) -> Colour | None:
    if isinstance(value, str) and (match := _HEX_COLOUR.fullmatch(value)):
        red, green, blue = (int(channel, 16) for channel in match.groups())
        return red, green, blue
    channels = value if isinstance(value, list) else []
    if len(channels) == 3 and all(type(channel) is int for channel in channels):
        red, green, blue = channels
        return (red, green, blue) if 0 <= min(channels) <= max(channels) <= 255 else None
    return None


def _classes(files: Sequence[_File]) -> tuple[tuple[str, ...], tuple[Colour, ...] | None]:
    """The names in order of id, those of later files after them; and their colours, if all have."""
    colours: dict[str, Colour | None] = {}
    for file in files:
        numbers = sorted(file.names, key=lambda number: (isinstance(number, str), number))
        for name in (file.names[number] for number in numbers):
            colours.setdefault(name, file.colours[name])
    known = tuple(colour for colour in colours.values() if colour is not None)
    return tuple(colours), known if len(known) == len(colours) else None


def _pictures(folder: Path) -> dict[str, list[Path]]:
    """The pictures below a folder, by name."""
    pictures: dict[str, list[Path]] = defaultdict(list)
    for path in files_below(folder):
        if path.suffix.lower() in PICTURES:
            pictures[composed(path.name)].append(path)
    return pictures


def _images(
    file: _File,
    names: Sequence[str],
    folder: Path,
    pictures: Mapping[str, Sequence[Path]],
    remarks: list[str],
) -> Iterator[AnnotatedImage]:
    shapes = _shapes(file, names, remarks)
    split = _split_of_file(file.path.relative_to(folder))
    seen: set[Any] = set()
    for entry in file.data["images"]:
        if entry["id"] in seen:
            raise InputError(
                f"{file.path}: image id {entry['id']} is there twice. Export it again."
            )
        seen.add(entry["id"])
        path = _located(file.path, folder, entry["file_name"], split, pictures)
        name = path.relative_to(folder).with_suffix("").as_posix()
        yield AnnotatedImage(
            name=name,
            image=path,
            source=file.path,
            split=split or split_of(name),
            draw=partial(
                draw,
                source=file.path,
                declared=(entry.get("width"), entry.get("height")),
                shapes=tuple(shapes.pop(entry["id"], ())),
            ),
        )
    if shapes:
        orphans = next(iter(shapes.values()))
        raise InputError(
            f"{orphans[0].where}: belongs to the image id {next(iter(shapes))}, which is not among "
            f"the file's {len(seen)} images. Export it again."
        )


def _shapes(file: _File, names: Sequence[str], remarks: list[str]) -> dict[Any, list[Shape]]:
    """The objects of a file, by image id."""
    index = {name: number for number, name in enumerate(names)}
    of_datumaro = file.data.get("licenses") == _OF_DATUMARO
    shapes: dict[Any, list[Shape]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for number, annotation in enumerate(file.data["annotations"]):
        where = f"{file.path}: annotation {annotation.get('id', number)}"
        category = annotation.get("category_id")
        if not isinstance(category, (int, str)) or category not in file.names:
            known = ", ".join(f"{key} {name}" for key, name in list(file.names.items())[:10])
            raise InputError(f"{where}: unknown category_id {category!r}; known are {known}.")
        name = file.names[category]
        segmentation = annotation.get("segmentation") or None
        crowd = bool(annotation.get("iscrowd"))
        if segmentation is None and not annotation.get("bbox"):
            counts["points"] += 1
            continue
        counts["crowds"] += crowd
        counts["boxes"] += segmentation is None
        left_out = segmentation is None or (crowd and not of_datumaro)
        shapes[annotation["image_id"]].append(
            Shape(
                f"{where} ({name!r})",
                LEFT_OUT if left_out else index[name],
                segmentation,
                annotation.get("bbox"),
            )
        )
    remarks += _about_shapes(file.path, counts, of_datumaro)
    return shapes


def _about_shapes(path: Path, counts: Mapping[str, int], of_datumaro: bool) -> Iterator[str]:
    if counts["crowds"] and of_datumaro:
        yield (
            f"{path}: {counts['crowds']} objects are marked as crowds, as CVAT marks all brush "
            "masks; they are taken as objects."
        )
    elif counts["crowds"]:
        yield f"{path}: {counts['crowds']} crowds (iscrowd), whose pixels are ignored."
    if counts["boxes"]:
        yield f"{path}: {counts['boxes']} boxes without an outline, whose pixels are ignored."
    if counts["points"]:
        yield f"{path}: {counts['points']} annotations without outline and box, left out."


def _split_of_file(path: Path) -> str | None:
    """The split that the folder or the name of a JSON file tells: ``instances_val2017.json``."""
    if split := split_of(path.as_posix()):
        return split
    splits = {split_of(f"{word}/") for word in re.split(r"[_.\s-]", path.stem)} - {None}
    return splits.pop() if len(splits) == 1 else None


def _located(
    source: Path,
    folder: Path,
    file_name: Any,
    split: str | None,
    pictures: Mapping[str, Sequence[Path]],
) -> Path:
    """Where an image is: never outside the folder, whatever path or address the file gives.

    Returns:
        Its path; where it is missing, the one where it should be.
    """
    relative = _inside(str(file_name))
    if not relative.name:
        raise InputError(f"{source}: the file_name {file_name!r} names no image. Export it again.")
    paths = [
        path
        for path in pictures.get(composed(relative.name), ())
        if f"/{composed(path.relative_to(folder).as_posix())}".endswith(
            f"/{composed(relative.as_posix())}"
        )
    ]
    if len(paths) > 1:
        paths = _nearest(paths, source, folder, relative, split)
    if len(paths) > 1:
        raise InputError(
            f"{source}: the file_name {file_name!r} fits {paths[0]} and {paths[1]}. Rename one, or "
            "import one folder after the other."
        )
    return paths[0] if paths else source.parent / relative


def _nearest(
    paths: list[Path], source: Path, folder: Path, relative: PurePosixPath, split: str | None
) -> list[Path]:
    """Of images with one name the one below the JSON file, or of its split, if it is one."""
    for better in (
        [path for path in paths if path == source.parent / relative],
        [path for path in paths if path.is_relative_to(source.parent)],
        [path for path in paths if split_of(path.relative_to(folder).as_posix()) == split],
    ):
        if len(better) == 1:
            return better
    return paths


def _inside(file_name: str) -> PurePosixPath:
    """A path as a file gives it, without what leads out of the folder.

    Of an address or a path on a server, as Label Studio writes them, only the name is left.
    """
    text = file_name.replace("\\", "/")
    if "://" in text or text.startswith("/data/"):
        address = urlsplit(text)
        local = parse_qs(address.query).get("d", [address.path])[0]
        text = f"/{unquote(local)}"
    path = PurePosixPath(text)
    leads_out = path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", text)
    return PurePosixPath(path.name) if leads_out else path


def _check_boxes(files: Sequence[_File], images: Sequence[AnnotatedImage]) -> None:
    annotations = [annotation for file in files for annotation in file.data["annotations"]]
    if not annotations:
        raise InputError(f"{files[0].path}: COCO JSON without an object. Export it again.")
    if not any(annotation.get("segmentation") for annotation in annotations):
        raise InputError(
            f"{files[0].path}: COCO JSON with boxes only ({len(annotations)}), and a box has no "
            f"outline. {_EXPORT}"
        )


def _check_twice(images: Sequence[AnnotatedImage]) -> None:
    by_path: dict[Path, AnnotatedImage] = {}
    faults = []
    for image in images:
        if (other := by_path.setdefault(image.image, image)) is not image:
            sources = " and ".join(dict.fromkeys((str(other.source), str(image.source))))
            faults.append(f"{sources}: two labels for {image.image}. Leave out one of them.")
    refuse(faults)


def _unlisted(
    images: Sequence[AnnotatedImage], pictures: Mapping[str, Sequence[Path]]
) -> Iterator[str]:
    listed = {image.image for image in images}
    folders = {path.parent for path in listed}
    others = [
        path
        for paths in pictures.values()
        for path in paths
        if path.parent in folders and path not in listed
    ]
    if others:
        yield f"Images that no COCO JSON lists, left out: {len(others)}, as {min(others)}."


def _reason(paths: Sequence[Path]) -> str:
    """``_annotations.coco.json in train, valid``."""
    if len({path.name for path in paths}) > 1:
        more = f" and {len(paths) - 1} more"
        return f"{paths[0].as_posix()}{more}"
    folders = [path.parent.as_posix() for path in paths]
    return paths[0].name if folders == ["."] else f"{paths[0].name} in {', '.join(folders)}"
