"""Import a folder of images and labels as a data set: lists, class names and a configuration.

Taught in ``07_your_own_data``.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy as np

from bisenet_lib.common.atomic_files import (
    clear_leftovers,
    folder_written_whole,
    write_lines,
    write_text,
)
from bisenet_lib.common.parallel import every
from bisenet_lib.config import configuration
from bisenet_lib.config.adapting import adapted, median_size, network_size
from bisenet_lib.config.class_names import CLASSES_FILE, read_names
from bisenet_lib.data.annotation_tools import naming_the_tool
from bisenet_lib.data.file_lists import SEPARATOR
from bisenet_lib.data.image_io import Size
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError, refuse, refuse_address
from bisenet_lib.importers import leakage
from bisenet_lib.importers.annotations import Annotations
from bisenet_lib.importers.examples import Example, Imported, counted, write_example
from bisenet_lib.importers.exports import (
    FORMATS,
    DrawnMeaning,
    drawn_meaning,
    drawn_pairs,
    find_export,
)
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
"""Where masks are looked for by default, in this order."""


def import_folder(
    source: Path,
    target: Path,
    *,
    images: str | None = None,
    masks: str | None = None,
    mask_suffix: str = "",
    kind: str = "auto",
    classes: str | Path | Sequence[str] | None = None,
    colours: Path | None = None,
    background: str | None = None,
    ignore: int = IGNORE,
    encoding: str = UTF_8,
    skip_unpaired: bool = False,
    val: float | Path | None = None,
    seed: int = 0,
    config: str | Path = "laptop",
    size: Size | None = None,
    workers: int = 1,
) -> Imported:
    """Make a data set of a folder of images and masks, or of an annotation tool's export.

    It is written whole or not at all.

    Images are copied; a photograph that its EXIF data say to turn is saved upright, as a PNG,
    so that every program sees it as its mask was drawn. Labels are palette PNGs of class
    indices. Taught in ``07_your_own_data``.

    Args:
        source: the folder.
        target: the data set, a folder that is new or empty: ``images/``, ``labels/``,
            ``train.txt``, ``val.txt``, ``classes.txt`` and ``config.yml``.
        images: the images' folder, in the source; default ``images``, else the source itself.
        masks: the masks' folder, in the source; default ``masks``, ``labels`` or
            ``annotations``, else the images' own.
        mask_suffix: what a mask's name has after its image's: ``_mask``.
        kind: ``index`` (grey or palette: the value counts), ``colour``, ``labelme``, or the
            export of an annotation tool, see :data:`bisenet_lib.importers.exports.FORMATS`.
            ``auto`` recognises an export, unless an option says something of masks; else it
            looks at the first mask, and refuses palettes that differ.
        classes: class names in order of index, also as ``a,b,c``; or a file of them, one a line
            or with their values, see :func:`bisenet_lib.config.class_names.read_names`.
        colours: a table of ``name,r,g,b``: the meaning of colour masks, the names of others.
        background: the class of pixels in no object, where objects are outlined; without it
            they are ignored.
        ignore: of index masks: a value that is no class, besides 255.
        encoding: of LabelMe's files that are not in UTF-8, such as ``gbk``.
        skip_unpaired: leave out images without a mask and masks without an image.
        val: see :func:`bisenet_lib.importers.pairing.split`; None keeps an export's own split.
        seed: see :func:`bisenet_lib.importers.pairing.split`.
        config: what the new configuration is made from, see
            :func:`bisenet_lib.config.profiles.find_config`.
        size: (width, height) the network is to see; default: the shape of the images, with
            about as many pixels as ``config`` has.
        workers: processes to use.

    Returns:
        What was imported: class shares, and what to know before training.

    Raises:
        InputError: an option is wrong, or any file is; up to ten are named.
    """
    for path in (source, target):
        refuse_address(path)
    source, target = Path(source), Path(target).resolve()
    mask_options = {
        "--images": images,
        "--masks": masks,
        "--mask-suffix": mask_suffix or None,
        "--colours": colours,
        "--ignore": None if ignore == IGNORE else ignore,
        "--encoding": None if encoding == UTF_8 else encoding,
    }
    annotations = _annotations(source, kind, mask_options)
    folders = (source, source) if annotations else _folders(source, images, masks)
    if any(target.is_relative_to(folder.resolve()) for folder in folders):
        raise InputError(f"{target}: stands among the files to import. Choose another folder.")
    base = configuration.load_config(config, dataset=target, any_component=True)
    clear_leftovers(target.parent)
    with folder_written_whole(target) as part:
        with nullcontext() if annotations else naming_the_tool(source):
            if annotations:
                files, tool_splits = drawn_pairs(annotations)
            else:
                files = find_pairs(*folders, _ending(folders[1], folders[0], kind, mask_suffix))
                tool_splits = None
            pairs, splits = _split_pairs(files, skip_unpaired, val, seed, tool_splits)
            meaning: Meaning | DrawnMeaning
            if annotations:
                names = None if classes is None else read_names(classes)
                meaning = drawn_meaning(annotations, names, background)
            else:
                meaning = meaning_of(
                    pairs,
                    kind=kind,
                    classes=classes,
                    colours=colours,
                    background=background,
                    ignore=ignore,
                    encoding=encoding,
                    workers=workers,
                )
        examples = _write(part, pairs, meaning, workers)
        class_names = meaning.found_names(list(examples.values()))
        sizes = [example.size for example in examples.values()]
        seen_size = size or network_size(base, sizes)
        split_examples = {key: tuple(examples[name] for name in splits[key]) for key in splits}
        for key, chosen in split_examples.items():
            lines = (f"{example.image}{SEPARATOR}{example.label}" for example in chosen)
            write_lines(part / f"{key}.txt", lines)
        write_text(part / CLASSES_FILE, "".join(f"{name}\n" for name in class_names))
        pixels = np.sum([one.pixels for one in split_examples["train"]], axis=0)
        new_config = adapted(base, pixels[: len(class_names)], seen_size)
        if seen_size is None:
            new_config[configuration.IMAGE_SIZE] = configuration.as_image_size(median_size(sizes))
        configuration.check_config(new_config, source=configuration.CONFIG)
        configuration.save_config(new_config, part / configuration.CONFIG)
    lists = [] if val is not None else validation_lists(source)
    return Imported(
        root=target,
        kind=meaning.kind,
        names=class_names,
        splits=split_examples,
        unpaired=files.unpaired,
        remarks=(
            *_about_export(annotations),
            *_about_split(splits, files.test, lists, tool_splits),
            *_about_videos(files.videos),
            *leakage.warnings(
                {key: {one.name: one.look for one in split_examples[key]} for key in splits}
            ),
        ),
        size=seen_size,
        outside_ignored=meaning.background is None
        and (annotations.outlines if annotations else meaning.kind == "labelme"),
    )


def _annotations(source: Path, kind: str, mask_options: Mapping[str, object]) -> Annotations | None:
    """The export of an annotation tool; None where the folder holds masks or LabelMe's files.

    Args:
        source: the folder.
        kind: see :func:`import_folder`.
        mask_options: what was said of masks, by option; None where nothing was.
    """
    formats = [name for name, _ in FORMATS]
    if kind not in (*KINDS, *formats):
        raise InputError(f"--kind is {kind!r}; choose one of {', '.join((*KINDS, *formats))}")
    given = [f"{option} {value}" for option, value in mask_options.items() if value is not None]
    if kind in formats and given:
        raise InputError(
            f"{given[0]}: means nothing for --kind {kind}, an annotation tool's export"
        )
    if kind in KINDS[1:] or given or not source.is_dir() or (source / "leftImg8bit").is_dir():
        return None
    return find_export(source, kind)


def _split_pairs(
    files: Pairs,
    skip_unpaired: bool,
    val: float | Path | None,
    seed: int,
    tool_splits: Mapping[str, str | None] | None,
) -> tuple[list[Pair], dict[str, list[str]]]:
    """The pairs that are used, and the names of each split."""
    if files.unpaired and not skip_unpaired:
        count = f"files without their other half: {len(files.unpaired)}"
        refuse([f"{count}. Restore it, or give --skip-unpaired.", *files.unpaired])
    splits = split([pair.name for pair in files.pairs], val, seed, tool_splits)
    used = {name for names in splits.values() for name in names}
    return [pair for pair in files.pairs if pair.name in used], splits


def _about_export(annotations: Annotations | None) -> Iterator[str]:
    if annotations:
        yield f"Recognised as {annotations.tool}, by {annotations.reason}."
        yield from annotations.remarks


def _about_split(
    splits: Mapping[str, Sequence[str]],
    test: Sequence[str],
    lists: Sequence[Path],
    tool_splits: Mapping[str, str | None] | None,
) -> Iterator[str]:
    """Whether the split is the one that folders and lists name, a sentence for each remark."""
    known = split_of if tool_splits is None else tool_splits.get
    if all(known(name) == key for key, names in splits.items() for name in names):
        counts = (f"{len(names)} to {key}" for key, names in splits.items())
        whose = "the folders" if tool_splits is None else "the export"
        yield f"The split is that of {whose}: {', '.join(counts)}."
    elif lists:
        yield f"The split was drawn. --val {lists[0]} takes the one of that list."
    left_out = sorted(set(test) - set(splits["val"]))
    if left_out:
        yield f"Left out of training and validation, as test images: {counted(left_out)}"


def _about_videos(videos: Sequence[str]) -> Iterator[str]:
    if videos:
        yield f"Videos, whose frames are not read, left out: {counted(videos)}"


def _write(
    folder: Path, pairs: Sequence[Pair], meaning: Meaning | DrawnMeaning, workers: int
) -> dict[str, Example]:
    """Write images and labels, and give the examples by name."""
    write = partial(
        write_example,
        root=folder,
        read=meaning.read,
        num_classes=len(meaning.names or range(IGNORE)),
        colours=meaning.colours if isinstance(meaning, DrawnMeaning) else None,
    )
    examples = every(write, pairs, workers=workers, title="import")
    return {example.name: example for example in examples}


def _folders(source: Path, images: str | None, masks: str | None) -> tuple[Path, Path]:
    """The folder of the images and that of the masks."""
    if source.is_file():
        raise InputError(f"{source}: a file. Unpack it if it is an archive, and give the folder.")
    if not source.is_dir():
        raise InputError(f"{source}: no such folder. Give the folder of the images and masks.")
    if images is None and (source / "leftImg8bit").is_dir():
        raise InputError(
            f"{source}: has the layout of Cityscapes and needs no import. Run: bisenet convert "
            f"{source}; then bisenet train --dataset {source}"
        )
    images_folder = source / (images or "images")
    if images is None and not images_folder.is_dir():
        images_folder = source
    names = MASK_FOLDERS if masks is None else (masks,)
    masks_folder = next((source / name for name in names if (source / name).is_dir()), None)
    for name, option, folder in (
        (images, "--images", images_folder),
        (masks, "--masks", masks_folder or source / (masks or "")),
    ):
        if name is not None and not folder.is_dir():
            raise InputError(f"{option} {name}: no such folder in {source}")
    return images_folder, masks_folder or images_folder


def _ending(masks: Path, images: Path, kind: str, mask_suffix: str) -> str:
    """What the names of the masks end in."""
    suffixes = {file.suffix.lower() for file in files_of(masks, images)} & {".json", ".png"}
    if kind != "auto":
        suffix = ".json" if kind == "labelme" else ".png"
    elif mask_suffix or suffixes == {".png"}:
        suffix = ".png"
    elif suffixes == {".json"} or (suffixes and images == masks):  # the PNG files are the images
        suffix = ".json"
    elif suffixes:
        raise InputError(f"{masks}: holds .png and .json files; say which are the masks by --kind")
    else:
        raise InputError(
            f"{masks}: no mask (*.png, *.json) in it. Name the folder of the masks by --masks; "
            f"without it they are looked for in {', '.join(MASK_FOLDERS)}, then beside the images."
        )
    return mask_suffix + suffix
