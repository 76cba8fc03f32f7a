"""Which annotation tool wrote a folder, so that an error can name it and the export to choose.

The import that ``07_your_own_data`` teaches reads some of these formats, and not the others.
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
_YOLO_BOX = 5
"""The numbers of a row: class, centre, width and height."""
_YOLO_ROW = re.compile(r"\d+(?:\s+-?\d*\.?\d+(?:e-?\d+)?){4,}")
_READ = "It is read as a whole: give its folder to bisenet import, without options about masks."
_BOXES = "A box has no outline, and a network that labels every pixel learns from outlines."


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
        or _json([file for file in files if file.suffix.lower() in (".json", ".ndjson")])
        or _xml([file for file in files if file.suffix.lower() == ".xml"])
        or _yolo([file for file in files if file.suffix.lower() in (".txt", ".yaml", ".yml")])
    )


def ends_of(path: Path) -> str:
    """The beginning and the end of a text file, to recognise its format; empty if unreadable."""
    try:
        with path.open("rb") as file:
            content = file.read(_BYTES)
            if path.stat().st_size > 2 * _BYTES:
                file.seek(-_BYTES, 2)
            return (content + file.read(_BYTES)).decode("utf-8-sig", "replace")
    except OSError:
        return ""


def _cvat(labelmaps: Sequence[Path]) -> str | None:
    return f"{labelmaps[0]} is of CVAT's export 'Segmentation mask'. {_READ}" if labelmaps else None


def _label_studio(masks: Sequence[Path]) -> str | None:
    if not masks:
        return None
    return f"{masks[0]} is of Label Studio's export 'Brush labels to PNG'. {_READ}"


def _json(files: Sequence[Path]) -> str | None:
    for file in files[:_MOST_OPENED]:
        keys = set(re.findall(r'"([\w ]+)"\s*:', ends_of(file)))
        if "images" in keys and keys & {"annotations", "categories"}:
            return f"{file} is in COCO's format. {_READ}"
        if keys & {"classTitle", "geometryType"} or {"classes", "shape"} <= keys:
            return f"{file} is of a Supervisely project. {_READ}"
        if {"annotations", "from_name"} <= keys:
            return f"{file} is of Label Studio's export 'JSON'. {_READ}"
        if "Labeled Data" in keys or {"data_row", "projects"} <= keys:
            return (
                f"{file} is Labelbox's export, which is not read: its masks stand on a server. "
                "Convert it to COCO JSON, or download a mask PNG for each image."
            )
        if "item" in keys and keys & {"slots", "schema_ref"}:
            return (
                f"{file} is V7's Darwin JSON, which is not read. Choose COCO as the format of the "
                "export, or run: darwin convert coco FILES FOLDER"
            )
        if "_via_img_metadata" in keys or {"regions", "shape_attributes"} <= keys:
            return (
                f"{file} is of VIA (VGG Image Annotator) and not read. Choose Annotation, 'Export "
                "Annotations (COCO format)' in its menu, and put the file beside the images."
            )
    return None


def _xml(files: Sequence[Path]) -> str | None:
    for file in files[:_MOST_OPENED]:
        tags = set(re.findall(r"<(\w+)", ends_of(file)))
        if {"annotation", "bndbox"} <= tags:
            return (
                f"{file} holds Pascal VOC's boxes. {_BOXES} Draw outlines, and export "
                "'Segmentation mask 1.1' in CVAT, 'Semantic Segmentation Masks' in Roboflow."
            )
        if {"annotations", "image"} <= tags or {"annotations", "track"} <= tags:
            return (
                f"{file} is CVAT's own XML, which is not read. Choose Actions, Export task "
                "dataset, 'Segmentation mask 1.1', with 'Save images'."
            )
    return None


def _yolo(files: Sequence[Path]) -> str | None:
    for file in sorted(files, key=lambda file: file.suffix.lower() == ".txt")[:_MOST_OPENED]:
        lines = ends_of(file).splitlines()
        row = _YOLO_ROW.fullmatch(lines[0].strip()) if lines else None
        if row and len(row[0].split()) == _YOLO_BOX:
            return (
                f"{file} holds YOLO's boxes. {_BOXES} Draw outlines, and export 'Ultralytics YOLO "
                "Segmentation 1.0' in CVAT, 'YOLOv8' of a segmentation project in Roboflow."
            )
        if row or {"names:", "train:"} <= {line.split(" ")[0] for line in lines}:
            return (
                f"{file} is in YOLO's format. It is read with its data.yaml, which names classes "
                "and folders of images: export it too, without options about masks."
            )
    return None
