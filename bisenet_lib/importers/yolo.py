"""YOLO's data sets for segmentation: ``data.yaml``, and a text file of polygons for each image.

Sources: Ultralytics' documentation (``datasets/segment``: ``class x1 y1 x2 y2 ...``, between 0 and
1) and its ``data/utils.py`` (``check_det_dataset``: paths; ``img2label_paths``: ``images`` becomes
``labels``; ``verify_image_label``: an image without a label file has no object;
``polygons2masks_overlap``: small objects over large ones); ``core/version.py`` of Roboflow's
client, and CVAT's ``yolo_format/converter.py`` in Datumaro, for how they write ``data.yaml``;
``converter.py`` of Label Studio, which writes ``notes.json`` in its place.
Taught in ``07_your_own_data``.
"""

import math
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image, ImageDraw

from bisenet_lib.common.atomic_files import read_lines
from bisenet_lib.config.class_names import name_fault
from bisenet_lib.data.image_files import PICTURES, composed, files_below
from bisenet_lib.data.image_io import Size
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError, refuse
from bisenet_lib.importers.annotations import LEFT_OUT, AnnotatedImage, Annotations
from bisenet_lib.importers.examples import counted
from bisenet_lib.importers.shapes import read_json

TOOL = "YOLO segmentation"
_SPLITS = {"train": "train", "val": "val", "validation": "val", "test": "test"}
"""The keys of ``data.yaml`` that name images."""
_NOTES = "notes.json"
"""Label Studio's file of class names."""
_EXPORT = (
    "Export polygons: 'YOLOv8' of a segmentation project in Roboflow, 'Ultralytics YOLO "
    "Segmentation' in CVAT, 'YOLO with Images' of polygons in Label Studio."
)
_BOX = 5
"""Numbers in the line of a box: class, centre, width and height."""
_FURTHEST = 2.0
"""A polygon may reach out of its image by one image; further off it is not between 0 and 1."""


@dataclass(frozen=True)
class _Source:
    """An image, its label file, and its split.

    Attributes:
        image: the image.
        label: where its label is to be.
        split: of ``data.yaml``; None without one.
    """

    image: Path
    label: Path
    split: str | None


@dataclass(frozen=True)
class _Polygon:
    index: int
    points: tuple[tuple[float, float], ...]

    def area(self) -> float:
        """The area in parts of the image's."""
        following = (*self.points[1:], self.points[0])
        pairs = zip(self.points, following, strict=True)
        return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2


def find(folder: Path) -> Annotations | None:
    """Find a data set in YOLO's format.

    Args:
        folder: the data set, or a folder it stands in.

    Returns:
        What it holds; None if it is of another format.

    Raises:
        InputError: ``data.yaml`` is wrong, files are missing, or the labels are boxes.
    """
    folder = Path(folder)
    config = _config_file(folder)
    if config is None:
        return None
    settings = _settings(config)
    names = _names(config, settings)
    sources, absent = _sources(folder, config, settings)
    labels = _labels(folder)
    annotated = _annotated(folder, sources, labels, names)
    _refuse_boxes(labels[item.label] for item in sources if item.label in labels)
    remarks = [f"{config}: {line}, which is not there." for line in absent]
    bare = [str(item.image) for item in sources if item.label not in labels]
    if bare:
        remarks.append(
            "Images without a label file, that is without an object; all their pixels are "
            f"ignored: {counted(bare)}"
        )
    return Annotations(
        tool=TOOL,
        reason=f"{config.relative_to(folder).as_posix()} and polygons in labels",
        names=names,
        colours=None,
        images=annotated,
        remarks=tuple(remarks),
    )


# data.yaml


def _config_file(folder: Path) -> Path | None:
    """The file that names classes and images."""
    for pattern in ("*", "*/*"):
        files = [
            path
            for path in sorted(folder.glob(pattern))
            if path.suffix.lower() in (".yaml", ".yml") and not path.name.startswith(".")
        ]
        fitting = [path for path in files if _is_config(path)]
        chosen = [path for path in fitting if path.stem.lower() == "data"] or fitting
        if len(chosen) > 1:
            listed = ", ".join(str(path.relative_to(folder)) for path in chosen)
            raise InputError(f"{folder}: holds several data sets: {listed}. Leave one of them.")
        if chosen:
            return chosen[0]
        for path in sorted(folder.glob(pattern)):
            if path.name == _NOTES and (path.parent / "labels").is_dir():
                return path
    return None


def _is_config(path: Path) -> bool:
    """Whether a file has the keys of ``data.yaml``, readable or not."""
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return False
    keys = set(re.findall(r"^[\"']?(\w+)[\"']?\s*:", text.lstrip("\ufeff"), re.MULTILINE))
    return bool(keys & {"names", "nc"}) and bool(keys & set(_SPLITS))


def _settings(path: Path) -> dict[str, Any]:
    if path.name == _NOTES:
        return {"names": _names_in_notes(path)}
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{path}: no readable YAML ({error}). Restore the file.") from error
    if not isinstance(settings, dict):
        raise InputError(f"{path}: no keys and values. Restore the file.")
    if "kpt_shape" in settings:
        raise InputError(f"{path}: kpt_shape: its labels are key points, not areas. {_EXPORT}")
    return settings


def _names_in_notes(path: Path) -> dict[Any, Any]:
    notes = read_json(path)
    try:
        return {category["id"]: category["name"] for category in notes["categories"]}
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: no categories with id and name. Export it again.") from error


def _names(path: Path, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The class names in order of index."""
    names, number = settings.get("names"), settings.get("nc")
    if number is not None and (type(number) is not int or not 1 <= number <= LEFT_OUT):
        raise InputError(f"{path}: nc is {number!r}; write the number of classes, 1 to {LEFT_OUT}.")
    if names is None and number is not None:
        names = [f"class_{index}" for index in range(number)]
    if isinstance(names, dict):
        names = _in_order(path, names)
    if not isinstance(names, list) or not names:
        raise InputError(f"{path}: names is {names!r}; write a list, or index: name a line.")
    if number is not None and len(names) != number:
        raise InputError(f"{path}: nc is {number}, and names has {len(names)}. Correct one.")
    texts: list[str] = []
    for index, name in enumerate(names):
        if isinstance(name, bool) or not isinstance(name, str | int | float):
            raise InputError(f"{path}: name {index} is {name!r}, not text. Put it in quotes.")
        text = str(name).strip()
        fault = name_fault(text)
        if text in texts:
            fault = f"the name of {texts.index(text)} too; each class needs its own"
        if fault:
            raise InputError(f"{path}: name {index}, {text!r}: {fault}. Correct the file.")
        texts.append(text)
    return tuple(texts)


def _in_order(path: Path, names: Mapping[Any, Any]) -> list[Any]:
    by_index: dict[int, Any] = {}
    for key, name in names.items():
        if isinstance(key, bool) or not str(key).isdecimal():
            raise InputError(f"{path}: names: {key!r} is no index. Number the classes from 0 on.")
        if int(key) in by_index:
            raise InputError(f"{path}: names: the index {key} is there twice. Correct the file.")
        by_index[int(key)] = name
    for index in range(len(by_index)):
        if index not in by_index:
            listed = ", ".join(map(str, sorted(by_index)))
            raise InputError(f"{path}: names has {listed}, without {index}. Name it too.")
    return [by_index[index] for index in range(len(by_index))]


# Images and their labels


def _sources(
    folder: Path, config: Path, settings: Mapping[str, Any]
) -> tuple[list[_Source], list[str]]:
    """The images that ``data.yaml`` names, and its lines that lead nowhere."""
    sources: dict[Path, _Source] = {}
    absent: list[str] = []
    faults: list[str] = []
    for key, split, entries in _entries(config, settings):
        for entry in entries if isinstance(entries, list) else [entries]:
            if not isinstance(entry, str):
                raise InputError(f"{config}: {key}: {entry!r} is no path. Correct the file.")
            path = _path(folder, _bases(folder, config, settings), entry, any_end=False)
            if path is None:
                absent.append(f"{key}: {entry}")
                continue
            for image in _images(folder, path, faults):
                earlier = sources.get(image)
                if earlier is not None and earlier.split != split:
                    faults.append(
                        f"{image}: in {earlier.split} and in {split} of {config}. An image "
                        "belongs to one split: delete one of the two lines."
                    )
                sources[image] = _Source(image, _label_path(folder, image), split)
    refuse(faults)
    if not sources or any(line.startswith("train:") for line in absent):
        listed = "; ".join(absent) or "it names no folder with images"
        raise InputError(
            f"{config}: no images: {listed}. Paths are looked for in {folder} only; correct them, "
            "or export again with the images."
        )
    return list(sources.values()), absent


def _entries(config: Path, settings: Mapping[str, Any]) -> list[tuple[str, str | None, Any]]:
    """The keys that name images, the split each means, and what they name."""
    if config.name == _NOTES:
        return [("images", None, "images")]
    return [(key, split, settings.get(key) or []) for key, split in _SPLITS.items()]


def _bases(folder: Path, config: Path, settings: Mapping[str, Any]) -> list[Path]:
    """The folders that paths are relative to; ``path`` may be of another computer."""
    named = settings.get("path")
    base = None if not isinstance(named, str) else _inside(folder, config.parent, named)
    return [*([base] if base and base.is_dir() else []), config.parent, folder]


def _inside(folder: Path, base: Path, entry: str) -> Path | None:
    """A path that does not leave the folder; the folder may be reached by links from elsewhere."""
    joined = posixpath.normpath(posixpath.join(base.as_posix(), entry.replace("\\", "/")))
    path, top = Path(joined), Path(posixpath.normpath(folder.as_posix()))
    return folder / path.relative_to(top) if path.is_relative_to(top) else None


def _path(folder: Path, bases: Sequence[Path], entry: str, *, any_end: bool) -> Path | None:
    """Where an entry leads inside the folder.

    Args:
        folder: nothing outside of it is read.
        bases: what the entry is relative to, first ones first.
        entry: a path; of another computer, or an address, its end counts.
        any_end: whether the end counts of a relative path too, as ``data/images/a.jpg`` in CVAT's
            lists, where there is no ``data``.
    """
    direct = [path for base in bases if (path := _inside(folder, base, entry))]
    parts = [part for part in entry.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    elsewhere = entry.startswith(("/", "\\")) or ":" in entry.split("/")[0]
    starts = range(len(parts)) if any_end or elsewhere else range(1)
    ends = ["/".join(parts[start:]) for start in starts]
    direct += [path for end in ends for base in bases if (path := _inside(folder, base, end))]
    return next((path for path in direct if _exists(path)), None)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long
        return False


def _images(folder: Path, path: Path, faults: list[str]) -> Iterator[Path]:
    """The images of a folder, or of a text file that lists them."""
    if path.is_dir():
        yield from (file for file in files_below(path) if file.suffix.lower() in PICTURES)
        return
    if path.suffix.lower() != ".txt":
        raise InputError(f"{path}: neither a folder of images nor a text file that lists them.")
    for number, line in enumerate(read_lines(path), 1):
        entry = line.strip()
        if not entry:
            continue
        image = _path(folder, (path.parent, folder), entry, any_end=True)
        if image is None:
            faults.append(
                f"{path}, line {number}: {entry}: no such image in {folder}. Restore it, or delete "
                "the line."
            )
        else:
            yield image


def _label_path(folder: Path, image: Path) -> Path:
    """Where an image's label is: in ``labels`` in place of the last ``images``."""
    parts = list(image.relative_to(folder).with_suffix(".txt").parts)
    places = [place for place, part in enumerate(parts[:-1]) if part == "images"]
    if places:
        parts[places[-1]] = "labels"
    return _composed(folder.joinpath(*parts))


def _composed(path: Path) -> Path:
    """A path as labels are compared."""
    return Path(composed(str(path)))


def _labels(folder: Path) -> dict[Path, Path]:
    """The text files below a folder, by their path with the suffix in small letters."""
    labels: dict[Path, Path] = {}
    faults = []
    for file in files_below(folder):
        if file.suffix.lower() == ".txt":
            key = _composed(file.with_suffix(".txt"))
            if key in labels:
                faults.append(f"{file}: a second label beside {labels[key].name}. Leave one.")
            labels[key] = file
    refuse(faults)
    return labels


def _annotated(
    folder: Path, sources: Sequence[_Source], labels: Mapping[Path, Path], names: tuple[str, ...]
) -> tuple[AnnotatedImage, ...]:
    """The images with what draws their labels."""
    image_of: dict[Path, Path] = {}
    faults, annotated = [], []
    for item in sources:
        if item.label in image_of:
            other = image_of[item.label].name
            faults.append(f"{item.image}: has the label of {other}. Rename one with its label.")
        image_of[item.label] = item.image
        label = labels.get(item.label)
        path = item.image.relative_to(folder).as_posix()
        name = path[: -len(item.image.suffix)]
        draw = partial(_draw, label=label, names=names)
        source = label or item.label
        annotated.append(AnnotatedImage(name, item.image, source, item.split, draw))
    places = {item.label.parent for item in sources}
    faults += [
        f"{file}: a label without an image. Restore the image, or delete the label."
        for key, file in labels.items()
        if key.parent in places and "labels" in key.relative_to(_composed(folder)).parts
        if key not in image_of and key.name != "classes.txt"
    ]
    refuse(faults)
    return tuple(sorted(annotated, key=lambda item: item.name))


# Labels


def _refuse_boxes(labels: Iterator[Path]) -> None:
    """Refuse a data set whose first label with objects holds boxes alone."""
    for label in labels:
        rows = [fields for _, fields in _rows(label)]
        if rows:
            if all(len(fields) == _BOX for fields in rows):
                raise InputError(
                    f"{label}: boxes (class, centre, width, height), not polygons: labels for "
                    f"detection do not tell which pixels an object has. {_EXPORT}"
                )
            return


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The number and the fields of each line that is not empty."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: unreadable ({error}). Restore the file.") from error
    return [(number, line.split()) for number, line in enumerate(lines, 1) if line.strip()]


def _draw(size: Size, *, label: Path | None, names: tuple[str, ...]) -> np.ndarray:
    """Draw the polygons of a label file, small ones over large ones, as Ultralytics does it."""
    canvas = Image.new("L", size, IGNORE)
    rows = _rows(label) if label else []
    polygons = [_polygon(f"{label}, line {number}", fields, names) for number, fields in rows]
    drawing = ImageDraw.Draw(canvas)
    for polygon in sorted(polygons, key=_Polygon.area, reverse=True):
        points = [(x * size[0], y * size[1]) for x, y in polygon.points]
        drawing.polygon(points, fill=polygon.index)
    return np.array(canvas)


def _polygon(where: str, fields: Sequence[str], names: Sequence[str]) -> _Polygon:
    try:
        numbers = [float(field) for field in fields]
    except ValueError as error:
        raise InputError(f"{where}: {error}. Write class x1 y1 x2 y2 ...") from error
    if not all(map(math.isfinite, numbers)):
        raise InputError(f"{where}: a number that is none (nan or inf). Draw the object again.")
    index = int(numbers[0])
    if index != numbers[0] or not 0 <= index < len(names):
        raise InputError(
            f"{where}: the class {fields[0]}; the names are of 0 to {len(names) - 1} "
            f"({', '.join(names[:5])}{', ...' * (len(names) > 5)}). Name it there, or correct "
            "the line."
        )
    where = f"{where} ({names[index]!r})"
    if len(numbers) in (_BOX, _BOX + 1):
        raise InputError(f"{where}: a box, not a polygon. Draw it as a polygon, or delete it.")
    points = tuple(zip(numbers[1::2], numbers[2::2], strict=False))
    if len(numbers) % 2 == 0 or len(points) < 3:
        raise InputError(
            f"{where}: {len(numbers) - 1} coordinates; a polygon has 3 or more points, x and y "
            "each. Draw it again."
        )
    furthest = max(numbers[1:], key=lambda value: abs(value - 0.5))
    if not 1 - _FURTHEST <= furthest <= _FURTHEST:
        raise InputError(
            f"{where}: a point at {furthest:g}; coordinates are parts of the image's width and "
            f"height, between 0 and 1, not pixels. {_EXPORT}"
        )
    for axis, values in zip("xy", zip(*points, strict=True), strict=True):
        if max(values) <= 0 or min(values) >= 1:
            raise InputError(
                f"{where}: outside the image: {axis} from {min(values):g} to {max(values):g}, and "
                "the image is from 0 to 1. Draw it again, or delete it."
            )
    return _Polygon(index, points)
