"""A data set of one's own in the course's contract: lists, class names and a configuration.

Taught in ``07_your_own_data``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bisenet_lib.common.atomic_files import (
    clear_leftovers,
    folder_written_whole,
    write_lines,
    write_text,
)
from bisenet_lib.common.parallel import every
from bisenet_lib.config import configuration
from bisenet_lib.config.adapting import adapted, network_size
from bisenet_lib.config.class_names import CLASSES_FILE
from bisenet_lib.data.annotation_tools import naming_the_tool
from bisenet_lib.data.file_lists import SEPARATOR
from bisenet_lib.data.image_io import Size
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError, refuse, refuse_address
from bisenet_lib.importers.examples import Example, Imported, counted, write_example
from bisenet_lib.importers.labelme import UTF_8
from bisenet_lib.importers.mask_classes import KINDS, Meaning, meaning_of
from bisenet_lib.importers.pairing import (
    Pair,
    Pairs,
    files_of,
    find_pairs,
    split,
    split_of,
    validation_lists,
)

MASK_FOLDERS = ("masks", "labels", "annotations")
"""Where masks are looked for, if nothing else is said."""


@dataclass(frozen=True)
class Options:
    """How a folder is to be read.

    Args:
        images: the images' folder, in the source; default ``images``, else the source itself.
        masks: the masks' folder, in the source; default ``masks``, ``labels`` or
            ``annotations``, else the images' own.
        mask_suffix: what a mask's name has after its image's: ``_mask``.
        kind: ``index`` (grey or palette: the value counts), ``colour``, ``labelme``; ``auto``
            looks at the first mask, and refuses palettes that differ.
        classes: class names in order of index, also as ``a,b,c``; or a file of them, one a line
            or with their values, see :func:`bisenet_lib.config.class_names.read_names`.
        colours: a table of ``name,r,g,b``: the meaning of colour masks, the names of others.
        background: the class of pixels in no LabelMe shape; without it they are ignored.
        ignore: of index masks: a value that is no class, besides 255.
        encoding: of LabelMe's files that are not in UTF-8, such as ``gbk``.
        skip_unpaired: leave out images without a mask and masks without an image.
        val: see :func:`bisenet_lib.importers.pairing.split`.
        seed: see :func:`bisenet_lib.importers.pairing.split`.
        config: what the new configuration is made from, see
            :func:`bisenet_lib.config.profiles.find_config`.
        size: (width, height) the network is to see; default: the shape of the images, with
            about as many pixels as ``config`` has.
        workers: processes to use.
    """

    images: str | None = None
    masks: str | None = None
    mask_suffix: str = ""
    kind: str = "auto"
    classes: str | Path | Sequence[str] | None = None
    colours: Path | None = None
    background: str | None = None
    ignore: int = IGNORE
    encoding: str = UTF_8
    skip_unpaired: bool = False
    val: float | Path | None = None
    seed: int = 0
    config: str | Path = "laptop"
    size: Size | None = None
    workers: int = 1


def import_folder(source: Path, target: Path, **options: Any) -> Imported:
    """Make a data set of a folder of images and masks, whole or not at all.

    Images are copied; a photograph that its EXIF data say to turn is saved upright, as a PNG,
    so that every program sees it as its mask was drawn. Labels are palette PNGs of class
    indices. Taught in ``07_your_own_data``.

    Args:
        source: the folder.
        target: the data set, a folder that is new or empty: ``images/``, ``labels/``,
            ``train.txt``, ``val.txt``, ``classes.txt`` and ``config.yml``.
        **options: see :class:`Options`.

    Returns:
        What came of it: class shares, and what one should know.

    Raises:
        InputError: an option is wrong, or any file is; up to ten are named.
    """
    chosen = Options(**options)
    for path in (source, target):
        refuse_address(path)
    images, masks = _folders(Path(source), chosen)
    target = Path(target).resolve()
    if any(target.is_relative_to(folder) for folder in (images.resolve(), masks.resolve())):
        raise InputError(f"{target}: stands among the files to import. Choose another folder.")
    base = configuration.load_config(chosen.config, dataset=target, any_component=True)
    clear_leftovers(target.parent)
    with folder_written_whole(target) as part:
        with naming_the_tool(source):
            found = _pairs(images, masks, chosen)
            splits = split([pair.name for pair in found.pairs], chosen.val, chosen.seed)
            used = {name for names in splits.values() for name in names}
            pairs = [pair for pair in found.pairs if pair.name in used]
            meaning = meaning_of(
                pairs,
                kind=chosen.kind,
                classes=chosen.classes,
                colours=chosen.colours,
                background=chosen.background,
                ignore=chosen.ignore,
                encoding=chosen.encoding,
                workers=chosen.workers,
            )
        examples = _write(part, pairs, meaning, chosen.workers)
        names = meaning.found_names(list(examples.values()))
        size = chosen.size or network_size(base, [one.size for one in examples.values()])
        parts = {key: tuple(examples[name] for name in splits[key]) for key in splits}
        for key, those in parts.items():
            lines = (f"{one.image}{SEPARATOR}{one.label}" for one in those)
            write_lines(part / f"{key}.txt", lines)
        write_text(part / CLASSES_FILE, "".join(f"{name}\n" for name in names))
        configuration.save_config(adapted(base, len(names), size), part / configuration.CONFIG)
    outside = meaning.kind == "labelme" and meaning.background is None
    listed = [] if chosen.val is not None else validation_lists(Path(source))
    remarks = (*_about_split(splits, found.test, listed), *_about_videos(found.videos))
    return Imported(target, meaning.kind, names, parts, found.unpaired, remarks, size, outside)


def _pairs(images: Path, masks: Path, chosen: Options) -> Pairs:
    found = find_pairs(images, masks, _ending(masks, images, chosen))
    if found.unpaired and not chosen.skip_unpaired:
        count = f"files without their other half: {len(found.unpaired)}"
        refuse([f"{count}. Restore it, or give --skip-unpaired.", *found.unpaired])
    return found


def _about_split(
    splits: Mapping[str, Sequence[str]], test: Sequence[str], listed: Sequence[Path]
) -> Iterator[str]:
    """What was taken of the split that the names of folders and lists say."""
    if all(split_of(name) == key for key, names in splits.items() for name in names):
        counts = (f"{len(names)} to {key}" for key, names in splits.items())
        yield f"The split is that of the folders: {', '.join(counts)}."
    elif listed:
        yield f"The split was drawn. --val {listed[0]} takes the one of that list."
    left_out = sorted(set(test) - set(splits["val"]))
    if left_out:
        yield f"Left out of training and validation, as test images: {counted(left_out)}"


def _about_videos(videos: Sequence[str]) -> Iterator[str]:
    if videos:
        yield f"Videos, whose frames are not read, left out: {counted(videos)}"


def _write(
    folder: Path, pairs: Sequence[Pair], meaning: Meaning, workers: int
) -> dict[str, Example]:
    """Write images and labels; what was written, by name."""
    colours = len(meaning.names or range(IGNORE))
    write = partial(write_example, root=folder, read=meaning.read, num_classes=colours)
    return {one.name: one for one in every(write, pairs, workers=workers, title="import")}


def _folders(source: Path, chosen: Options) -> tuple[Path, Path]:
    if not source.is_dir():
        raise InputError(f"{source}: no such folder. Give the folder of the images and masks.")
    if chosen.images is None and (source / "leftImg8bit").is_dir():
        raise InputError(
            f"{source}: has the layout of Cityscapes and needs no import. Run: bisenet convert "
            f"{source}; then bisenet train --dataset {source}"
        )
    images = source / (chosen.images or "images")
    if chosen.images is None and not images.is_dir():
        images = source
    wanted = MASK_FOLDERS if chosen.masks is None else (chosen.masks,)
    masks = next((source / name for name in wanted if (source / name).is_dir()), None)
    for given, option, folder in (
        (chosen.images, "--images", images),
        (chosen.masks, "--masks", masks or source / (chosen.masks or "")),
    ):
        if given is not None and not folder.is_dir():
            raise InputError(f"{option} {given}: no such folder in {source}")
    return images, masks or images


def _ending(masks: Path, images: Path, chosen: Options) -> str:
    """What the names of the masks end in."""
    if chosen.kind not in KINDS:
        raise InputError(f"--kind is {chosen.kind!r}; choose one of {', '.join(KINDS)}")
    there = {file.suffix.lower() for file in files_of(masks, images)} & {".json", ".png"}
    if chosen.kind != "auto":
        suffix = ".json" if chosen.kind == "labelme" else ".png"
    elif chosen.mask_suffix or there == {".png"}:
        suffix = ".png"
    elif there == {".json"} or (there and images == masks):  # the PNG files are the images
        suffix = ".json"
    elif there:
        raise InputError(f"{masks}: holds .png and .json files; say which are the masks by --kind")
    else:
        raise InputError(
            f"{masks}: no mask (*.png, *.json) in it. Name the folder of the masks by --masks; "
            f"without it they are looked for in {', '.join(MASK_FOLDERS)}, then beside the images."
        )
    return chosen.mask_suffix + suffix
