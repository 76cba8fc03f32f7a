"""Pairing the images of a folder with their masks by name, and splitting the pairs.

Taught in ``07_your_own_data``.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bisenet_lib.errors import InputError, refuse
from bisenet_lib.files import read_lines

__all__ = ["Pair", "Pairs", "files_below", "find_pairs", "split"]

IMAGES = (".png", ".jpg", ".jpeg")
_OTHER_PICTURES = (".bmp", ".gif", ".heic", ".tif", ".tiff", ".webp")
_SPLITS = {"train": "train", "training": "train"} | dict.fromkeys(
    ("val", "valid", "validation"), "val"
)
"""Folders whose names say the split."""
VALIDATION_SHARE = 0.2


@dataclass(frozen=True)
class Pair:
    """An image and its mask.

    Attributes:
        name: what both are called: the path below their folders, without a suffix.
        image: the image's file.
        mask: the mask's file.
    """

    name: str
    image: Path
    mask: Path


@dataclass(frozen=True)
class Pairs:
    """What two folders hold.

    Attributes:
        pairs: the pairs, by name.
        unpaired: a line for each file without its other half.
    """

    pairs: tuple[Pair, ...]
    unpaired: tuple[str, ...]


def files_below(folder: Path, other: Path) -> list[Path]:
    """The files below a folder, hidden ones apart, and those of ``other`` if it stands in there."""
    nested = other != folder and other.is_relative_to(folder)
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and not (nested and file.is_relative_to(other))
    )


def find_pairs(images: Path, masks: Path, ending: str) -> Pairs:
    """Find the images below one folder and the masks of the same names below another.

    Never by sorting two lists: there one missing file gives every later image a wrong mask.

    Args:
        images: the folder of the images.
        masks: the folder of the masks; it may be the same one, or stand in the other.
        ending: what a mask's name has after the image's: ``.png``, ``.json``, ``_mask.png``.

    Returns:
        The pairs, and what has no other half.

    Raises:
        InputError: two files have one name, a file is of a kind that is not read, or the
            names make no pair at all.
    """
    beside = files_below(masks, images)
    found_masks = [file for file in beside if file.name.lower().endswith(ending.lower())]
    taken = set(found_masks)
    found_images = [
        file
        for file in (beside if images == masks else files_below(images, masks))
        if file.suffix.lower() in IMAGES + _OTHER_PICTURES and file not in taken
    ]
    faults = _unread(found_images, [] if images == masks else beside, ending)
    images_by_name = _by_name(found_images, images, "", faults)
    masks_by_name = _by_name(found_masks, masks, ending, faults)
    refuse(faults)
    names = sorted(images_by_name.keys() & masks_by_name)
    if not names:
        raise InputError(
            f"{images} and {masks}: {len(found_images)} images, {len(found_masks)} masks "
            f"(*{ending}), and no two of one name. Pairs are made by name: a/b.jpg belongs to "
            f"a/b{ending}. Name the folders with --images and --masks, or what mask names end "
            "in with --mask-suffix."
        )
    no_mask = images_by_name.keys() - masks_by_name
    no_image = masks_by_name.keys() - images_by_name
    unpaired = [f"{images_by_name[name]}: no mask {name}{ending} in {masks}" for name in no_mask]
    unpaired += [f"{masks_by_name[name]}: no image {name} in {images}" for name in no_image]
    pairs = (Pair(name, images_by_name[name], masks_by_name[name]) for name in names)
    return Pairs(tuple(pairs), tuple(sorted(unpaired)))


def _unread(images: Iterable[Path], beside_masks: Iterable[Path], ending: str) -> list[str]:
    """Pictures of a kind that is not read, where one that is was to be expected."""
    faults = [
        f"{file}: images are PNG or JPEG. Save it as one of these."
        for file in images
        if file.suffix.lower() in _OTHER_PICTURES
    ]
    lossy = [*IMAGES, *_OTHER_PICTURES] if ending.endswith(".png") else []
    return faults + [
        f"{file}: masks are PNG, whose values stay as they are. Export them anew."
        for file in beside_masks
        if file.suffix.lower() in lossy and file.suffix.lower() != ".png"
    ]


def _by_name(
    files: Iterable[Path], folder: Path, ending: str, faults: list[str]
) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in files:
        whole = file.relative_to(folder).as_posix()
        name = whole[: -len(ending or file.suffix)]
        if name in found:
            faults.append(f"{file}: has the name of {found[name].name}. Rename one of them.")
        if "," in name or name != name.strip():
            faults.append(f"{file}: a comma or an outer space breaks the file lists. Rename it.")
        found[name] = file
    return found


def split(names: Sequence[str], val: float | Path | None, seed: int) -> dict[str, list[str]]:
    """Share names out between training and validation.

    Args:
        names: of the pairs, at least two.
        val: the share of validation; or a file that lists its names, one a line; None goes by
            the folders ``train/`` and ``val/`` if every name stands in one of them, else it
            takes a fifth.
        seed: of the drawing. A name's lot depends on it and the name alone, so that most
            images stay where they are when others are added.

    Returns:
        The names of ``train`` and ``val``, sorted.

    Raises:
        InputError: there are fewer than two names, the share is none, the list names an image
            that is not there, or none is left to train on.
    """
    if len(names) < 2:
        raise InputError(f"{len(names)} image with a mask; training and validation need one each.")
    folders = [_SPLITS.get(name.partition("/")[0]) for name in names]
    if isinstance(val, Path):
        chosen = _listed(val, names)
    elif val is None and set(folders) == {"train", "val"}:
        chosen = {name for name, folder in zip(names, folders, strict=True) if folder == "val"}
    else:
        chosen = _drawn(names, VALIDATION_SHARE if val is None else val, seed)
    if len(chosen) == len(names):
        raise InputError(f"{val}: lists every image; none is left to train on.")
    return {"train": sorted(set(names) - chosen), "val": sorted(chosen)}


def _drawn(names: Sequence[str], share: float, seed: int) -> set[str]:
    if not 0 < share < 1:
        raise InputError(f"--val is {share:g}; give a share between 0 and 1, or a list's file")
    count = min(max(round(share * len(names)), 1), len(names) - 1)
    lots = sorted((hashlib.sha256(os.fsencode(f"{seed} {name}")).digest(), name) for name in names)
    return {name for _, name in lots[:count]}


def _listed(path: Path, names: Sequence[str]) -> set[str]:
    try:
        lines = read_lines(path)
    except OSError as error:
        raise InputError(f"{path}: unreadable ({error}). Write an image's name a line.") from error
    by_last: dict[str, list[str]] = {}
    for name in names:
        by_last.setdefault(name.rpartition("/")[2], []).append(name)
    chosen, faults = set(), []
    for number, line in enumerate(lines, 1):
        wanted = line.partition(",")[0].strip()
        fitting = _fitting(wanted, by_last)
        if len(fitting) == 1:
            chosen |= fitting
        elif wanted:
            what = f"fits {len(fitting)} images" if fitting else "no such image with a mask"
            faults.append(f"{path}, line {number}: {wanted!r}: {what}.")
    refuse(faults, len(lines))
    if not chosen:
        raise InputError(f"{path}: lists no image. Write an image's name a line.")
    return chosen


def _fitting(wanted: str, by_last: dict[str, list[str]]) -> set[str]:
    """The names that are a path, or that it ends in, or that end in it."""
    bare = wanted[: -len(Path(wanted).suffix)] if wanted.lower().endswith(IMAGES) else wanted
    candidates = by_last.get(bare.rpartition("/")[2], [])
    if bare in candidates:
        return {bare}
    return {name for name in candidates if bare.endswith(f"/{name}") or name.endswith(f"/{bare}")}
