"""Pairing the images of a folder with their masks by name, and splitting the pairs.

Taught in ``07_your_own_data``.
"""

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bisenet_lib.common.atomic_files import read_lines
from bisenet_lib.data.image_files import PICTURES, VIDEOS, files_below
from bisenet_lib.errors import InputError, refuse

IMAGES = (".png", ".jpg", ".jpeg")
_OTHER_PICTURES = PICTURES.difference(IMAGES)
_SPLIT = re.compile(
    r"(?:(?P<train>train(?:ing)?)|(?P<val>val|valid|validation|dev)|(?P<test>test(?:ing)?))"
    r"(?:[-_ ]?set)?(?:[-_ ]?\d+)?",
    re.IGNORECASE,
)
"""The names of folders that say the split: ``Train``, ``valid``, ``val2017``, ``test_set``."""
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
        unpaired: a line for each file without its other half. A file in a test folder is none
            of them: test images often come without masks.
        videos: the videos among the images.
        test: the names of the images in test folders, paired or not; none if there are no others.
    """

    pairs: tuple[Pair, ...]
    unpaired: tuple[str, ...]
    videos: tuple[str, ...] = ()
    test: tuple[str, ...] = ()


def split_of(name: str) -> str | None:
    """The split that the first such folder in a pair's name says: ``train``, ``val``, ``test``."""
    found = filter(None, map(_SPLIT.fullmatch, name.split("/")[:-1]))
    return next((match.lastgroup for match in found), None)


def validation_lists(folder: Path) -> list[Path]:
    """The text files below a folder whose names say that they list its validation images."""
    lists = [file for file in files_below(folder) if file.suffix.lower() == ".txt"]
    return [file for file in lists if split_of(f"{file.stem}/") == "val"]


def _test_names(names: Collection[str]) -> set[str]:
    """The names in test folders; none if all of them are, for then the folder says no split."""
    test = {name for name in names if split_of(name) == "test"}
    return test if len(test) < len(names) else set()


def files_of(folder: Path, other: Path) -> list[Path]:
    """The files below a folder, without those of ``other`` if that stands in it."""
    files = files_below(folder)
    if other == folder or not other.is_relative_to(folder):
        return files
    return [file for file in files if not file.is_relative_to(other)]


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
    beside = files_of(masks, images)
    found_masks = [file for file in beside if file.name.lower().endswith(ending.lower())]
    taken = set(found_masks)
    among = beside if images == masks else files_of(images, masks)
    found_images = [file for file in among if file.suffix.lower() in PICTURES and file not in taken]
    faults = _unread(found_images, [] if images == masks else beside, ending)
    images_by_name = _by_name(found_images, images, "", faults)
    masks_by_name = _by_name(found_masks, masks, ending, faults)
    refuse(faults)
    names = sorted(images_by_name.keys() & masks_by_name)
    test = _test_names(images_by_name.keys() | masks_by_name)
    if not set(names) - test:
        where = " outside test folders" if test else ""
        raise InputError(
            f"{images} and {masks}: {len(found_images)} images, {len(found_masks)} masks "
            f"(*{ending}), and no two of one name{where}. Pairs are made by name: a/b.jpg belongs "
            f"to a/b{ending}. Name the folders with --images and --masks, or what mask names end "
            "in with --mask-suffix."
        )
    no_mask = images_by_name.keys() - masks_by_name - test
    no_image = masks_by_name.keys() - images_by_name - test
    unpaired = [f"{images_by_name[name]}: no mask {name}{ending} in {masks}" for name in no_mask]
    unpaired += [f"{masks_by_name[name]}: no image {name} in {images}" for name in no_image]
    videos = (str(file) for file in among if file.suffix.lower() in VIDEOS)
    return Pairs(
        tuple(Pair(name, images_by_name[name], masks_by_name[name]) for name in names),
        tuple(sorted(unpaired)),
        tuple(videos),
        tuple(sorted(test & images_by_name.keys())),
    )


def _unread(images: Iterable[Path], beside_masks: Iterable[Path], ending: str) -> list[str]:
    """Pictures of a kind that is not read, where one that is was to be expected."""
    faults = [
        f"{file}: images are PNG or JPEG. Save it as one of these."
        for file in images
        if file.suffix.lower() in _OTHER_PICTURES
    ]
    lossy = PICTURES - {".png"} if ending.endswith(".png") else ()
    return faults + [
        f"{file}: masks are PNG, whose values stay as they are. Export them again."
        for file in beside_masks
        if file.suffix.lower() in lossy
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

    What stands in a test folder is left out, unless the list ``val`` names it.

    Args:
        names: of the pairs.
        val: the share of validation; or a file that lists its names, one a line; None keeps the
            split of the folders, such as ``train/`` and ``val/``, if there is one, else it takes
            a fifth.
        seed: of the drawing. A name's lot depends on it and the name alone, so that most
            images stay where they are when others are added.

    Returns:
        The names of ``train`` and ``val``, sorted.

    Raises:
        InputError: there are fewer than two names, the share is none, the list names an image
            that is not there, a folder tells the validation images and others belong to no
            split, or none is left to train on.
    """
    test = _test_names(names)
    rest = [name for name in names if name not in test]
    if len(rest) < 2:
        raise InputError(f"{len(rest)} image with a mask; training and validation need one each.")
    told = {name: split_of(name) for name in rest}
    if isinstance(val, Path):
        chosen = _listed(val, names)
    elif val is None and "val" in told.values() and len(set(told.values())) > 1:
        chosen = _told(told)
    else:
        chosen = _drawn(rest, VALIDATION_SHARE if val is None else val, seed)
    train = sorted(set(rest) - chosen)
    if not train:
        raise InputError(f"{val}: lists every image; none is left to train on.")
    return {"train": train, "val": sorted(chosen)}


def _told(told: Mapping[str, str | None]) -> set[str]:
    """The validation images, where folders tell the split of every image."""
    chosen = {name for name, key in told.items() if key == "val"}
    neither = [name for name, key in told.items() if key is None]
    if neither:
        what = (
            f"the split is unclear: {min(chosen).rpartition('/')[0]}/ holds validation images, and "
            f"{len(neither)} images stand neither there nor in a folder train/. Move them, or give "
            "--val: a share, or a list of the validation images."
        )
        refuse([what, *neither])
    return chosen


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
