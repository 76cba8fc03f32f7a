"""Which annotation tool wrote a folder, so that an error can name it.

These formats are not read by the import that ``07_your_own_data`` teaches.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bisenet_lib.data.image_files import files_below
from bisenet_lib.errors import InputError

_MOST_OPENED = 5
"""Files of one kind that are opened, at most."""
_BYTES = 1 << 16
"""Bytes read from the beginning and from the end of a file: COCO's files are large."""
_LABELMAP = "labelmap.txt"
_BRUSH = re.compile(r"task-\d+-annotation-\d+-by-.+\.png")
_YOLO_ROW = re.compile(r"\d+(?:\s+-?\d*\.?\d+(?:e-?\d+)?){4,}")
_MASKS = "Export masks: for each image one PNG of the same name, whose values are the classes."


@contextmanager
def naming_the_tool(source: Path) -> Iterator[None]:
    """Add the name of the annotation tool to an InputError inside the block, if it is known."""
    try:
        yield
    except InputError as error:
        tool = tool_of(source)
        if tool is None or tool in str(error):
            raise
        raise InputError(f"{error}\n{tool}") from error


def tool_of(source: Path) -> str | None:
    """Recognise the export of an annotation tool.

    Args:
        source: a folder, or one file.

    Returns:
        A sentence that names the tool and says what to do; None for anything else.
    """
    source = Path(source)
    files = files_below(source) if source.is_dir() else [source]
    return (
        _cvat([file for file in files if file.name == _LABELMAP])
        or _label_studio([file for file in files if _BRUSH.fullmatch(file.name)])
        or _json([file for file in files if file.suffix.lower() == ".json"])
        or _yolo([file for file in files if file.suffix.lower() in (".txt", ".yaml", ".yml")])
    )


def _cvat(labelmaps: Sequence[Path]) -> str | None:
    if not labelmaps:
        return None
    return (
        f"{labelmaps[0]} is of CVAT's export 'Segmentation mask'. Write its lines name:r,g,b:: "
        "as name,r,g,b into a table, and give --masks SegmentationClass --kind colour --colours "
        "TABLE, and by --images the folder of the images."
    )


def _label_studio(masks: Sequence[Path]) -> str | None:
    if not masks:
        return None
    return (
        f"{masks[0]} is of Label Studio's export 'Brush labels to PNG': a mask for each image and "
        f"class. Merge those of an image. {_MASKS}"
    )


def _json(files: Sequence[Path]) -> str | None:
    for file in files[:_MOST_OPENED]:
        keys = set(re.findall(r'"(\w+)"\s*:', _ends(file)))
        if "images" in keys and keys & {"annotations", "categories"}:
            return f"{file} is in COCO's format: the shapes of all images in one file. {_MASKS}"
        if keys & {"classTitle", "geometryType"} or {"classes", "shape"} <= keys:
            return f"{file} is of a Supervisely project. {_MASKS}"
        if {"annotations", "from_name"} <= keys:
            return f"{file} is of Label Studio's export 'JSON'. {_MASKS}"
    return None


def _yolo(files: Sequence[Path]) -> str | None:
    for file in sorted(files, key=lambda file: file.suffix.lower() == ".txt")[:_MOST_OPENED]:
        lines = _ends(file).splitlines()
        is_label = bool(lines) and _YOLO_ROW.fullmatch(lines[0].strip())
        if is_label or {"names:", "train:"} <= {line.split(" ")[0] for line in lines}:
            return (
                f"{file} is in YOLO's format: a text file of boxes or polygons for each image. "
                f"{_MASKS}"
            )
    return None


def _ends(file: Path) -> str:
    """The beginning and the end of a file; empty if it cannot be read."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_BYTES)
            if file.stat().st_size > 2 * _BYTES:
                opened.seek(-_BYTES, 2)
            return (content + opened.read(_BYTES)).decode("utf-8", "replace")
    except OSError:
        return ""
