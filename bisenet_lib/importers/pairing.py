"""Pairing the images of a folder with their masks by name, and splitting the pairs.

Taught in ``07_your_own_data``.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
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
"""The names of folders that tell the split: ``Train``, ``valid``, ``val2017``, ``test_set``."""
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
        unpaired: a line for each image without a mask and each mask without an image. Files in
            test folders do not count: test images often come without masks.
        videos: the videos among the images.
        test: the names of the images in test folders, paired or not; empty if all images are in
            test folders.
    """

    pairs: tuple[Pair, ...]
    unpaired: tuple[str, ...]
    videos: tuple[str, ...] = ()
    test: tuple[str, ...] = ()


def split_of(name: str) -> str | None:
    """The split that the first such folder in a name tells: ``train``, ``val``, ``test``."""
    matches = filter(None, map(_SPLIT.fullmatch, name.split("/")[:-1]))
    return next((match.lastgroup for match in matches), None)


def validation_lists(folder: Path) -> list[Path]:
    """The text files below a folder whose names say that they list its validation images."""
    lists = [file for file in files_below(folder) if file.suffix.lower() == ".txt"]
    return [file for file in lists if split_of(f"{file.stem}/") == "val"]


def test_names(splits: Mapping[str, str | None]) -> set[str]:
    """The names of the test split; empty if all names are, since then they tell no split."""
    test = {name for name, key in splits.items() if key == "test"}
    return test if len(test) < len(splits) else set()


def files_of(folder: Path, other: Path) -> list[Path]:
    """The files below a folder, without those of ``other`` if it is inside."""
    files = files_below(folder)
    if other == folder or not other.is_relative_to(folder):
        return files
    return [file for file in files if not file.is_relative_to(other)]


def find_pairs(images: Path, masks: Path, ending: str) -> Pairs:
    """Find the images below one folder and the masks of the same names below another.

    It does not pair two sorted lists: there one missing file gives every later image a wrong mask.

    Args:
        images: the folder of the images.
        masks: the folder of the masks; it may be the same one, or stand in the other.
        ending: what a mask's name has after the image's: ``.png``, ``.json``, ``_mask.png``.

    Returns:
        The pairs, and the files without a partner.

    Raises:
        InputError: two files have the same name, a file is of a kind that is not read, or no
            image and mask have the same name.
    """
    mask_folder_files = files_of(masks, images)
    mask_files = [file for file in mask_folder_files if file.name.lower().endswith(ending.lower())]
    taken = set(mask_files)
    image_folder_files = mask_folder_files if images == masks else files_of(images, masks)
    image_files = [
        file for file in image_folder_files if file.suffix.lower() in PICTURES and file not in taken
    ]
    faults = _unread(image_files, [] if images == masks else mask_folder_files, ending)
    images_by_name = _by_name(image_files, images, "", faults)
    masks_by_name = _by_name(mask_files, masks, ending, faults)
    refuse(faults)
    names = sorted(images_by_name.keys() & masks_by_name)
    test = test_names({name: split_of(name) for name in images_by_name.keys() | masks_by_name})
    if not set(names) - test:
        where = " outside test folders" if test else ""
        raise InputError(
            f"{images} and {masks}: {len(image_files)} images, {len(mask_files)} masks "
            f"(*{ending}), and no two of one name{where}. Pairs are made by name: a/b.jpg belongs "
            f"to a/b{ending}. Name the folders with --images and --masks, or what mask names end "
            "in with --mask-suffix."
        )
    no_mask = images_by_name.keys() - masks_by_name - test
    no_image = masks_by_name.keys() - images_by_name - test
    unpaired = [f"{images_by_name[name]}: no mask {name}{ending} in {masks}" for name in no_mask]
    unpaired += [f"{masks_by_name[name]}: no image {name} in {images}" for name in no_image]
    videos = (str(file) for file in image_folder_files if file.suffix.lower() in VIDEOS)
    return Pairs(
        tuple(Pair(name, images_by_name[name], masks_by_name[name]) for name in names),
        tuple(sorted(unpaired)),
        tuple(videos),
        tuple(sorted(test & images_by_name.keys())),
    )


def _unread(images: Iterable[Path], mask_folder_files: Iterable[Path], ending: str) -> list[str]:
    """Faults for pictures of a kind that is not read, among the images and among the masks."""
    faults = [
        f"{file}: images are PNG or JPEG. Save it as one of these."
        for file in images
        if file.suffix.lower() in _OTHER_PICTURES
    ]
    lossy = PICTURES - {".png"} if ending.endswith(".png") else ()
    return faults + [
        f"{file}: masks are PNG, whose values stay as they are. Export them again."
        for file in mask_folder_files
        if file.suffix.lower() in lossy
    ]


def _by_name(
    files: Iterable[Path], folder: Path, ending: str, faults: list[str]
) -> dict[str, Path]:
    by_name: dict[str, Path] = {}
    for file in files:
        path = file.relative_to(folder).as_posix()
        name = path[: -len(ending or file.suffix)]
        if name in by_name:
            faults.append(f"{file}: has the name of {by_name[name].name}. Rename one of them.")
        if "," in name or name != name.strip():
            faults.append(f"{file}: a comma or an outer space breaks the file lists. Rename it.")
        by_name[name] = file
    return by_name


def split(
    names: Sequence[str],
    val: float | Path | None,
    seed: int,
    splits: Mapping[str, str | None] | None = None,
) -> dict[str, list[str]]:
    """Divide names between training and validation.

    Names in a test folder are left out, unless the list ``val`` names them.

    Args:
        names: of the pairs.
        val: the share of validation; or a file that lists its names, one a line; None keeps the
            split of the folders, such as ``train/`` and ``val/``, if there is one, else it takes
            a fifth.
        seed: of the random choice. Whether a name is chosen depends only on the seed and the
            name, so that most images stay in their split when others are added.
        splits: the split of each name where an annotation tool tells it; None reads the folders.

    Returns:
        The names of ``train`` and ``val``, sorted.

    Raises:
        InputError: there are fewer than two names, the share is none, the list names an image
            that is not there, a folder tells the validation images and others belong to no
            split, or no image is left to train on.
    """
    if splits is None:
        splits = {name: split_of(name) for name in names}
    test = test_names({name: splits[name] for name in names})
    candidates = [name for name in names if name not in test]
    if len(candidates) < 2:
        count = len(candidates)
        raise InputError(f"{count} image with a mask; training and validation need one each.")
    folder_splits = {name: splits[name] for name in candidates}
    if isinstance(val, Path):
        chosen = _listed(val, names)
    elif val is None and "val" in folder_splits.values() and len(set(folder_splits.values())) > 1:
        chosen = _in_validation_folders(folder_splits)
    else:
        chosen = _drawn(candidates, VALIDATION_SHARE if val is None else val, seed)
    train = sorted(set(candidates) - chosen)
    if not train:
        raise InputError(f"{val}: lists every image; none is left to train on.")
    return {"train": train, "val": sorted(chosen)}


def _in_validation_folders(folder_splits: Mapping[str, str | None]) -> set[str]:
    """The validation images, where folders tell the split of every image."""
    chosen = {name for name, key in folder_splits.items() if key == "val"}
    neither = [name for name, key in folder_splits.items() if key is None]
    if neither:
        fault = (
            f"the split is unclear: {min(chosen).rpartition('/')[0]}/ holds validation images, and "
            f"{len(neither)} images stand neither there nor in a folder train/. Move them, or give "
            "--val: a share, or a list of the validation images."
        )
        refuse([fault, *neither])
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
    chosen: set[str] = set()
    faults: list[str] = []
    for number, line in enumerate(lines, 1):
        entry = line.partition(",")[0].strip()
        fitting = _fitting(entry, by_last)
        if len(fitting) == 1:
            chosen |= fitting
        elif entry:
            fault = f"fits {len(fitting)} images" if fitting else "no such image with a mask"
            faults.append(f"{path}, line {number}: {entry!r}: {fault}.")
    refuse(faults, len(lines))
    if not chosen:
        raise InputError(f"{path}: lists no image. Write an image's name a line.")
    return chosen


def _fitting(entry: str, by_last: dict[str, list[str]]) -> set[str]:
    """The names that equal a list's entry, or are the end of it, or end with it."""
    bare = entry[: -len(Path(entry).suffix)] if entry.lower().endswith(IMAGES) else entry
    candidates = by_last.get(bare.rpartition("/")[2], [])
    if bare in candidates:
        return {bare}
    return {name for name in candidates if bare.endswith(f"/{name}") or name.endswith(f"/{bare}")}
