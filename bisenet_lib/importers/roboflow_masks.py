"""Roboflow's export "Semantic Segmentation Masks": index masks beside the images.

In each of ``train``, ``valid`` and ``test`` stand ``_classes.csv``, whose first line is
``Pixel Value, Class``, the images, and for ``NAME.jpg`` the grey mask ``NAME_mask.png``. The format
as data sets that were exported so have it, and as luxonis-ml reads it
(``segmentation_mask_directory_parser.py``). Roboflow's multi-label classification has a
``_classes.csv`` with another first line. Taught in ``07_your_own_data``.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from bisenet_lib.data.annotation_tools import ends_of
from bisenet_lib.data.image_files import PICTURES, files_below
from bisenet_lib.data.image_io import Size
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError, refuse
from bisenet_lib.importers.annotations import LEFT_OUT, AnnotatedImage, Annotations
from bisenet_lib.importers.masks import read_indices
from bisenet_lib.importers.pairing import IMAGES, split_of
from bisenet_lib.importers.shapes import class_indices, picture_of

_TABLE = "_classes.csv"
_HEADER = ["pixel value", "class"]
_MASK = "_mask.png"


def find(folder: Path) -> Annotations | None:
    """Read an export.

    Args:
        folder: it, or one above it.

    Returns:
        None for another format.

    Raises:
        InputError: a table of classes is broken or another one than in the other folders, an
            image has no mask, or a mask no image.
    """
    files = files_below(folder)
    tables = [file for file in files if file.name == _TABLE and _is_table(file)]
    if not tables:
        return None
    names = _read_table(tables[0])
    for table in tables[1:]:
        if _read_table(table) != names:
            raise InputError(
                f"{table}: other classes than {tables[0]}. These are two exports: import one, or "
                "export both as one version."
            )
    indices = class_indices(tables[0], names)
    faults: list[str] = []
    images = []
    for table in tables:
        for image, mask in _pairs([file for file in files if file.parent == table.parent], faults):
            images.append(
                AnnotatedImage(
                    name=image.relative_to(folder).with_suffix("").as_posix(),
                    image=image,
                    source=mask,
                    split=split_of(f"{table.parent.name}/"),
                    draw=partial(_draw, mask, image, tuple(indices[name] for name in names)),
                )
            )
    refuse(faults)
    if not images:
        raise InputError(f"{tables[0]}: no image beside it. Export the data set again.")
    return Annotations(
        tool="Roboflow, 'Semantic Segmentation Masks'",
        reason=f"{tables[0].relative_to(folder)} with the line 'Pixel Value, Class'",
        names=tuple(name for name in names if indices[name] != LEFT_OUT),
        colours=None,
        images=tuple(sorted(images, key=lambda image: image.name)),
        outlines=False,
    )


def _is_table(path: Path) -> bool:
    header = ends_of(path).partition("\n")[0].split(",")
    return [field.strip().lower() for field in header] == _HEADER


def _read_table(path: Path) -> list[str]:
    """The class names in order of value: ``0, background`` a line, from 0 on."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: unreadable ({error}). Export it again.") from error
    names: dict[int, str] = {}
    for number, line in enumerate(lines, 1):
        field, _, name = (part.strip() for part in line.partition(","))
        if number == 1 or not line.strip():
            continue
        if not (field.isascii() and field.isdigit()) or not name:
            raise InputError(f"{path}, line {number}: {line!r}; it has to be VALUE, NAME.")
        if int(field) in names:
            raise InputError(f"{path}, line {number}: the value {field} is there twice.")
        names[int(field)] = name.strip('"')
    for value in range(len(names)):
        if value not in names:
            listed = ", ".join(map(str, sorted(names)))
            raise InputError(
                f"{path}: names the values {listed}, without {value}. Every value from 0 on needs "
                "a line: restore the file."
            )
    return [names[value] for value in sorted(names)]


def _pairs(files: Iterable[Path], faults: list[str]) -> list[tuple[Path, Path]]:
    """Pair the images of one folder with their masks, and add what is wrong to the faults."""
    pictures = [file for file in files if file.suffix.lower() in PICTURES]
    stems = {file.name[: -len(_MASK)] for file in pictures if file.name.lower().endswith(_MASK)}
    masks: dict[str, Path] = {}
    images: dict[str, Path] = {}
    for file in pictures:
        # An image may be called x_mask.png itself; then there is an x_mask_mask.png.
        is_mask = file.name.lower().endswith(_MASK) and file.stem not in stems
        key = file.name[: -len(_MASK)] if is_mask else file.stem
        found = masks if is_mask else images
        if key in found:
            faults.append(f"{file}: has the name of {found[key].name}. Rename one of them.")
        elif not is_mask and file.suffix.lower() not in IMAGES:
            faults.append(f"{file}: images are PNG or JPEG. Save it as one of these.")
        found.setdefault(key, file)
    for key in sorted(images.keys() - masks):
        faults.append(f"{images[key]}: no mask {key}{_MASK} beside it. Export it again.")
    for key in sorted(masks.keys() - images):
        faults.append(
            f"{masks[key]}: no image {key}.jpg beside it. Restore it, or delete the mask."
        )
    return [(images[key], masks[key]) for key in sorted(images.keys() & masks)]


def _draw(mask: Path, image: Path, indices: Sequence[int], size: Size) -> np.ndarray:
    values = read_indices(mask, picture_of(image, size), num_classes=len(indices))
    table = np.full(256, IGNORE, np.uint8)
    table[: len(indices)] = indices
    return table[values]
