"""CVAT's export "Segmentation mask 1.1": colour masks, and a label map that names the colours.

Sources: CVAT's documentation of the format (``format-smask``) and its
``dataset_manager/formats/mask.py`` and ``utils.py`` (``make_colormap``: the label ``background``,
black, is added); ``voc_format/format.py`` and ``converter.py`` of Datumaro, which write the
folders: those of Pascal VOC, with ``labelmap.txt``. Images are in ``JPEGImages`` if "Save images"
was ticked. An image without objects is in a list and has no mask.
Taught in ``07_your_own_data``.
"""

import re
from functools import partial
from pathlib import Path

import numpy as np

from bisenet_lib.config.class_names import name_fault
from bisenet_lib.data.image_io import Size
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError
from bisenet_lib.importers import masks, voc
from bisenet_lib.importers.annotations import Annotations
from bisenet_lib.importers.colour_table import IGNORED_NAMES, Colour, ColourTable, shown
from bisenet_lib.importers.examples import counted
from bisenet_lib.importers.shapes import picture_of

TOOL = "CVAT, 'Segmentation mask 1.1'"
_EXPORT = "In CVAT choose Actions, Export task dataset, 'Segmentation mask 1.1', 'Save images'."
_HEADER = re.compile(r"#\s*label\s*:", re.IGNORECASE)
_ROW = re.compile(r"(?P<name>.*):(?P<colour>[\d\s,]*):[^:]*:[^:]*")
"""``label:color_rgb:parts:actions``; a label may hold colons."""
_IGNORED = (*IGNORED_NAMES, "ignored")
"""Labels that are no class; the last is Datumaro's for the 255 of Pascal VOC."""


def find(folder: Path) -> Annotations | None:
    """Find an export of CVAT in the format "Segmentation mask 1.1".

    Pixels in no object are of CVAT's label ``background``. Images without a mask, which have no
    object or were not annotated yet, are ignored.

    Args:
        folder: the export, or a folder it stands in.

    Returns:
        What it holds; None if it is of another format.

    Raises:
        InputError: the label map, a list, an image or a mask is wrong.
    """
    root = voc.root_of(folder, voc.LABEL_MAP)
    if root is None:
        return None
    label_map = root / voc.LABEL_MAP
    lines = _lines(label_map)
    has_masks = (root / voc.MASKS).is_dir()
    if not has_masks and not any(_HEADER.match(line) or _ROW.fullmatch(line) for line in lines):
        return None
    table = _table(label_map, lines)
    if not has_masks:
        raise InputError(f"{root}: CVAT's {label_map.name}, but no folder {voc.MASKS}. {_EXPORT}")
    tree = voc.read_tree(root, folder)
    chosen = dict.fromkeys([*tree.splits, *(() if tree.splits else tree.masks)])
    draw = partial(_draw, table=table, label_map=label_map)
    draws = {name: partial(draw, mask=tree.masks.get(name)) for name in chosen}
    annotated = voc.annotated_images(tree, draws, folder)
    remarks = voc.unlisted(tree, chosen)
    if without := [name for name in chosen if name not in tree.masks]:
        remarks += (
            "Images without an object, for which CVAT writes no mask; all their pixels are "
            f"ignored: {counted(without)}",
        )
    colour_of = dict(zip(table.indices, table.colours, strict=True))
    return Annotations(
        tool=TOOL,
        reason=f"{label_map.name} beside {voc.MASKS}",
        names=table.names,
        colours=tuple(colour_of[index] for index in range(len(table.names))),
        images=annotated,
        remarks=remarks,
        outlines=False,
    )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: unreadable ({error}). {_EXPORT}") from error


def _table(path: Path, lines: list[str]) -> ColourTable:
    """The colours of a label map, and that of VOC's borders, which is ignored."""
    colours: dict[str, Colour | None] = {}
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        where = f"{path}, line {number}"
        match = _ROW.fullmatch(line)
        if match is None:
            raise InputError(f"{where}: {line!r}; write label:r,g,b::")
        name = match["name"].strip()
        if fault := name_fault(name):
            raise InputError(f"{where}: the label {name!r}: {fault}. Write label:r,g,b::")
        if name in colours:
            raise InputError(f"{where}: the label {name!r} is there twice. Rename one in CVAT.")
        colours[name] = _colour(where, match["colour"])
    if colours and not any(colours.values()):  # as Datumaro reads it
        colours = dict(zip(colours, voc.voc_colours(len(colours)), strict=False))
    return _checked(path, colours)


def _colour(where: str, text: str) -> Colour | None:
    if not text.strip():
        return None
    channels = [field.strip() for field in text.split(",")]
    if len(channels) != 3 or not all(field.isdecimal() and int(field) < 256 for field in channels):
        raise InputError(f"{where}: the colour {text!r}; three numbers from 0 to 255, as 0,128,0.")
    red, green, blue = map(int, channels)
    return red, green, blue


def _checked(path: Path, colours: dict[str, Colour | None]) -> ColourTable:
    names = tuple(name for name in colours if name not in _IGNORED)
    if not names:
        raise InputError(f"{path}: no label in it. {_EXPORT}")
    rows: dict[Colour, int] = {}
    label_of: dict[Colour, str] = {}
    for name, colour in colours.items():
        if colour is None:
            raise InputError(f"{path}: the label {name!r} has no colour. Write {name}:r,g,b::")
        if colour in rows:
            raise InputError(
                f"{path}: the labels {label_of[colour]!r} and {name!r} have one colour, "
                f"{shown(colour)}, so that their pixels cannot be told apart. Change one in CVAT, "
                "and export again."
            )
        rows[colour] = names.index(name) if name in names else IGNORE
        label_of[colour] = name
    rows.setdefault(voc.BORDER, IGNORE)
    return ColourTable(names, tuple(rows), tuple(rows.values()))


def _draw(
    size: Size, *, image: Path, mask: Path | None, table: ColourTable, label_map: Path
) -> np.ndarray:
    if mask is None:
        return np.full(size[::-1], IGNORE, np.uint8)
    try:
        return masks.read_colours(mask, picture_of(image, size), table=table)
    except InputError as error:
        if "not in the table" not in str(error):
            raise
        raise InputError(f"{error} The table is {label_map}.") from error
