"""A submission to the Cityscapes server: checking what is in the zip file.

What the server takes is told in ``cityscapesscripts/evaluation/evalPixelLevelSemanticLabeling.py``:
a PNG of label ids (not trainIds) for every test image, at its size, named after it. Taught in
``06_deployment``.
"""

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from bisenet_lib.errors import InputError
from bisenet_lib.frames import Frame
from bisenet_lib.labelfiles import check_image
from bisenet_lib.labels import CLASSES, id2label
from bisenet_lib.overlap import ahead

_NAME = re.compile(r"([^_/]+_\d{6}_\d{6})[^/]*\.png")
"""The scorer takes ``<city>_123456_123456*.png``, in any folder."""
OVERHEAD = 1 << 16
"""Bytes of a PNG besides its pixels."""
_IDS = np.array([label.id for label in CLASSES])


def file_name(frame: Frame) -> str:
    """The name of a frame's prediction in the zip."""
    return f"{frame.stem}_labelIds.png"


def check_zip(path: Path, frames: Sequence[Frame]) -> list[str]:
    """Check a submission by reading every file in it.

    Args:
        path: the zip file.
        frames: of the split it is for, see :func:`bisenet_lib.frames.find_frames`.

    Returns:
        What is wrong: a frame without a prediction or with two, a file that belongs to no
        frame, one that is no grey 8-bit PNG of its frame's size, or a value that is not one
        of the 19 evaluated label ids.

    Raises:
        InputError: no such file, or no zip file.
    """
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{path}: no zip file, or one that is cut off ({error})") from error
    with archive:
        there: dict[str, list[str]] = defaultdict(list)
        for name in archive.namelist():
            if not name.endswith("/"):
                found = _NAME.fullmatch(name.rpartition("/")[2])
                there[found[1] if found else ""].append(name)
        wanted = {frame.stem: frame for frame in frames}
        strange = [name for stem, names in there.items() if stem not in wanted for name in names]
        problems = [f"{path}: {name}: belongs to no frame of the split" for name in strange]
        pairs = []
        for stem, frame in wanted.items():
            if len(there[stem]) == 1:
                pairs.append((frame, there[stem][0]))
            else:
                what = " and ".join(there[stem]) or "nothing"
                problems.append(f"{path}: {stem}: {what} in it, one file is needed")
        bar = tqdm(pairs, "checking", leave=False, unit="frame")
        for problem in ahead(lambda pair: _fault(archive, *pair), bar):
            problems += [f"{path}: {problem}"] if problem else []
    return problems


def _fault(archive: zipfile.ZipFile, frame: Frame, name: str) -> str | None:
    width, height = check_image(frame.image)
    size = archive.getinfo(name).file_size
    if size > 4 * width * height + OVERHEAD:
        return f"{name}: {size} bytes, more than a PNG of {width}x{height} pixels can have"
    try:
        with Image.open(io.BytesIO(archive.read(name))) as image:
            if (image.format, image.mode) != ("PNG", "L"):
                what = f"a {image.format} of mode {image.mode}"
                return f"{name}: {what}; the server takes PNG of one grey channel"
            if image.size != (width, height):
                found = "{}x{} pixels".format(*image.size)
                return f"{name}: {found}, its frame {width}x{height}"
            values = np.asarray(image)
    except Exception as error:  # a damaged file raises almost anything
        return f"{name}: cannot be decoded ({error})"
    wrong = np.setdiff1d(np.flatnonzero(np.bincount(values.ravel())), _IDS)
    if wrong.size:
        shown = ", ".join(
            f"{one} ({id2label[one].name if one in id2label else 'no label'})"
            for one in wrong[:3].tolist()
        )
        return f"{name}: the label id {shown}, which is not evaluated; are these trainIds?"
    return None
