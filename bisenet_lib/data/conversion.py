"""From the official Cityscapes labels to trainIds, and the lists training reads.

Taught in ``01_dataset``.
"""

import os
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from bisenet_lib.common.atomic_files import clear_leftovers, written_whole
from bisenet_lib.common.parallel import each
from bisenet_lib.data.cityscapes import Frame, read_ids, scan
from bisenet_lib.data.file_lists import write_lists
from bisenet_lib.data.image_io import Size, check_image, check_photograph
from bisenet_lib.data.labels import id_to_train_id
from bisenet_lib.errors import InputError, refuse

CONVERTED = "_labelTrainIds.png"
_TABLE = id_to_train_id()


@dataclass(frozen=True)
class Conversion:
    """What :func:`convert` did.

    Attributes:
        root: the data set.
        sources: by frame, such as ``aachen_000000_000019``, what its trainIds were made from:
            ``labelIds``, ``instanceIds`` or ``polygons``; ``kept`` if they were up to date;
            ``none`` for a test image without annotation.
        lists: how many frames ``train.txt``, ``val.txt`` and ``test.txt`` hold.
        problems: what is wrong, each beginning with the path of the file.
    """

    root: Path
    sources: dict[str, str]
    lists: dict[str, int]
    problems: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """How many frames came from each source.

        Returns:
            Frames by source, the most frequent first.
        """
        return dict(Counter(self.sources.values()).most_common())

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, ready for ``json.dumps``.

        Returns:
            The attributes, and ``counts``.
        """
        return {
            "root": str(self.root),
            "counts": self.counts(),
            "lists": self.lists,
            "problems": list(self.problems),
            "sources": self.sources,
        }


def _is_current(target: Path, source: Path, size: Size) -> bool:
    try:
        if target.stat().st_mtime_ns < source.stat().st_mtime_ns:
            return False
        check_image(target, size, modes=("L",))
    except (OSError, InputError):
        return False
    return True


def convert_frame(frame: Frame, *, force: bool = False) -> str:
    """Write one frame's ``_labelTrainIds.png``, whole or not at all.

    Taught in ``01_dataset``.

    Args:
        frame: the frame; its labels are taken from labelIds (exact), else from instanceIds
            (exact), else drawn from the polygons (equal but for pixels on boundaries).
        force: write it even if it exists, is newer than its source, and readable.

    Returns:
        The file's source, see :class:`Conversion`.

    Raises:
        InputError: something is wrong with the image or its annotation, or the folder cannot
            be written to.
    """
    size = check_photograph(frame.image, modes=("RGB",))
    source = frame.source()
    if source is None and frame.split == "test":
        return "none"
    if source and not force and _is_current(frame.label_train_ids, source[1], size):
        return "kept"
    if source and not os.access(frame.label_train_ids.parent, os.W_OK):
        raise _locked(frame.root, frame.label_train_ids.parent)
    train_ids = cv2.LUT(read_ids(frame, size), _TABLE)
    png = cv2.imencode(".png", train_ids)[1]
    with written_whole(frame.label_train_ids) as part:
        part.write_bytes(png.tobytes())
    assert source is not None, "read_ids refuses a frame without a source"
    return source[0]


def _locked(root: Path, folder: Path) -> InputError:
    shown = folder if os.access(root, os.W_OK) else root
    return InputError(
        f"{shown}: may not be written to, and the converted labels and lists belong there. Change "
        f"its permissions, or write them elsewhere: bisenet convert {root} --output DIR"
    )


def linked(root: Path, output: Path) -> Path:
    """Make a data set of links to another one, which must stay unchanged.

    Args:
        root: the folder that holds ``leftImg8bit/`` and ``gtFine/``; nothing in it changes.
        output: a new folder, or the one of an earlier call. It gets real folders, in which the
            converted labels are written, and links to every image and annotation.

    Returns:
        The output.

    Raises:
        InputError: it lies inside the data set, holds something else, or cannot be written to.
    """
    root, output = Path(root).resolve(), Path(output)
    if output.resolve().is_relative_to(root):
        raise InputError(f"{output}: lies inside the data set {root}. Choose another folder.")
    files = sorted(path for path in (root / "gtFine").rglob("*") if path.is_file())
    for source in (root / "leftImg8bit", *files):
        link = output / source.relative_to(root)
        try:
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink() and not link.exists():
                link.symlink_to(source)
            fits = link.readlink() == source if link.is_symlink() else link.name.endswith(CONVERTED)
        except OSError as error:
            raise InputError(
                f"{link}: cannot be made ({error.strerror or error}). Choose another --output."
            ) from error
        if not fits:
            raise InputError(f"{link}: belongs to another data set. Choose another --output.")
    return output


def convert(
    root: Path, *, output: Path | None = None, workers: int = 1, force: bool = False
) -> Conversion:
    """Make the trainIds of every frame, and the file lists.

    It may be stopped at any time: what is written stays, and the next call goes on. Frames
    with a fault are reported and left out of the lists; the other frames are converted.
    Taught in ``01_dataset``.

    Args:
        root: the folder that holds ``leftImg8bit/`` and ``gtFine/``.
        output: write there and not into ``root``, see :func:`linked`; it becomes a data set.
        workers: processes to use.
        force: convert again what is converted already.

    Returns:
        What was done and what is wrong.

    Raises:
        InputError: there is no such folder, or not one image in it.
    """
    root = Path(root)
    frames, problems = scan(root)
    if output is not None:
        root = linked(root, output)
        frames, problems = scan(root)
    for folder in sorted({frame.label_train_ids.parent for frame in frames} | {root}):
        clear_leftovers(folder)
    convert_one = partial(convert_frame, force=force)
    results = dict(each(convert_one, frames, workers=workers, title="convert"))
    sources: dict[Frame, str] = {}
    for frame in frames:
        result = results[frame]
        if isinstance(result, InputError):
            problems.append(str(result))
        else:
            sources[frame] = result
    lists = {}
    try:
        lists = write_lists(root, sources, splits={frame.split for frame in frames})
    except InputError as error:
        problems.append(str(error if os.access(root, os.W_OK) else _locked(root, root)))
    return Conversion(
        root=root,
        sources={frame.stem: source for frame, source in sources.items()},
        lists=lists,
        problems=tuple(dict.fromkeys(problems)),
    )


def prepare(root: Path, *, workers: int = 1) -> dict[str, Path]:
    """Convert what is not converted yet and give the file lists; quick if all is converted.

    Args:
        root: the folder that holds ``leftImg8bit/`` and ``gtFine/``.
        workers: processes to use.

    Returns:
        The list of each split that has frames: ``{"train": root / "train.txt", ...}``.

    Raises:
        InputError: see :func:`convert`; or any frame has a fault.
    """
    conversion = convert(root, workers=workers)
    refuse(conversion.problems)
    return {split: conversion.root / f"{split}.txt" for split in conversion.lists}
