"""Pascal VOC's folders: palette masks of class indices, and a list of names for each split.

Sources: the development kit of VOC2012 (``devkit_doc.html``: ``ImageSets/Segmentation``,
``SegmentationClass``, value 255 for borders and difficult objects); ``voc_format/format.py`` of
Datumaro (class names and colours); ``labelme2voc.py`` of LabelMe, which writes the same folders
without lists and with the names in ``class_names.txt``.
Taught in ``07_your_own_data``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bisenet_lib.common.atomic_files import read_lines
from bisenet_lib.config.class_names import read_names
from bisenet_lib.data.image_files import PICTURES, composed, files_below
from bisenet_lib.data.image_io import Size
from bisenet_lib.data.labels import IGNORE, class_colours
from bisenet_lib.errors import InputError, refuse
from bisenet_lib.importers import masks
from bisenet_lib.importers.annotations import AnnotatedImage, Annotations
from bisenet_lib.importers.colour_table import Colour, ColourTable, shown
from bisenet_lib.importers.examples import counted
from bisenet_lib.importers.pairing import IMAGES, split_of
from bisenet_lib.importers.shapes import picture_of

CLASS_NAMES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa",
    "train", "tvmonitor",
)  # fmt: skip
BORDER: Colour = (224, 224, 192)
"""The colour of 255 in VOC's colour map."""
LABEL_MAP = "labelmap.txt"
"""The label map of Datumaro and CVAT; folders with one are read by ``cvat``."""
MASKS = "SegmentationClass"

_LISTS = "ImageSets/Segmentation"
_IMAGE_FOLDERS = ("JPEGImages", "images")
_NAMES = "class_names.txt"


@dataclass(frozen=True)
class Tree:
    """What stands in Pascal VOC's folders, by name: a path below its folder without suffix.

    Attributes:
        root: the folder they stand in.
        images: the images, by name.
        masks: the masks of classes, by name.
        splits: the listed names, and their split where a list is called after one.
        lists: the files of the lists.
    """

    root: Path
    images: Mapping[str, Path]
    masks: Mapping[str, Path]
    splits: Mapping[str, str | None]
    lists: tuple[Path, ...]


def find(folder: Path) -> Annotations | None:
    """Find a folder in the format of Pascal VOC.

    Args:
        folder: the export, or a folder it stands in, as ``VOCdevkit``.

    Returns:
        What it holds; None if it is of another format.

    Raises:
        InputError: a list, an image, a mask or the class names are wrong.
    """
    root = root_of(folder, MASKS)
    marks = (_LISTS, _IMAGE_FOLDERS[0], _NAMES)
    if root is None or (root / LABEL_MAP).exists():
        return None
    mark = next((mark for mark in marks if (root / mark).exists()), None)
    if mark is None:
        return None
    tree = read_tree(root, folder)
    own_names = root / _NAMES
    names = read_names(own_names) if own_names.is_file() else CLASS_NAMES
    told = any(tree.splits.values())
    listed = [name for name in tree.splits if name in tree.masks or tree.splits[name] or not told]
    chosen = listed if tree.splits else list(tree.masks)
    missing = [name for name in chosen if name not in tree.masks]
    test = [name for name in missing if tree.splits[name] == "test"]
    faults = [
        f"{root / MASKS / name}.png: missing, and a list in {root / _LISTS} names it. Restore it, "
        "or delete the line."
        for name in missing
        if name not in test
    ]
    draw = partial(_draw, names=names, from_file=own_names.is_file())
    annotated = annotated_images(
        tree,
        {name: partial(draw, mask=tree.masks[name]) for name in chosen if name in tree.masks},
        folder,
        faults,
    )
    remarks = unlisted(tree, chosen)
    if test:
        remarks += (f"Test images without a mask, left out: {counted(test)}",)
    if not own_names.is_file():
        remarks += (
            f"The classes are the 21 of Pascal VOC. Other names: write them into {own_names}, "
            "one a line in order of value.",
        )
    return Annotations(
        tool="Pascal VOC",
        reason=f"{MASKS} beside {mark}",
        names=names,
        colours=voc_colours(len(names)),
        images=annotated,
        remarks=remarks,
        outlines=False,
    )


def root_of(folder: Path, mark: str) -> Path | None:
    """The folder in which a file or folder of a tool stands, up to two levels down.

    Args:
        folder: where to look.
        mark: the name to look for.

    Returns:
        The folder; None without one.

    Raises:
        InputError: there are several on the same level.
    """
    for pattern in ("", "*/", "*/*/"):
        marked = sorted(folder.glob(pattern + mark))
        roots = [
            path.parent
            for path in marked
            if not any(
                part.startswith((".", "__MACOSX")) for part in path.relative_to(folder).parts
            )
        ]
        if len(roots) > 1:
            listed = ", ".join(str(root.relative_to(folder)) for root in roots)
            raise InputError(f"{folder}: holds several exports: {listed}. Import one at a time.")
        if roots:
            return roots[0]
    return None


def read_tree(root: Path, folder: Path) -> Tree:
    """Find images, masks and lists.

    Args:
        root: the folder with ``SegmentationClass``.
        folder: where images are looked for if they are neither in ``JPEGImages`` nor in
            ``images``.

    Raises:
        InputError: a folder holds two pictures of one name, or none; a mask is no PNG; a list is
            no text, or two lists put a name into different splits.
    """
    faults: list[str] = []
    mask_folder = root / MASKS
    mask_files = _by_name(mask_folder, files_below(mask_folder), "image", faults)
    faults += [
        f"{file}: masks are PNG, whose values stay as they are. Export them again."
        for file in mask_files.values()
        if file.suffix.lower() != ".png"
    ]
    places = [root / name for name in _IMAGE_FOLDERS if (root / name).is_dir()]
    place = places[0] if places else folder
    image_files = _by_name(place, _images_below(place, root), "label", faults)
    refuse(faults)
    if not mask_files:
        raise InputError(f"{mask_folder}: no mask (*.png) in it. Export the masks again.")
    if not image_files:
        raise InputError(
            f"{place}: no image in it. Export again with the images (CVAT: 'Save images'), or put "
            f"them into {root / _IMAGE_FOLDERS[0]}."
        )
    splits, lists = _read_lists(root / _LISTS)
    return Tree(root, image_files, mask_files, splits, lists)


def annotated_images(
    tree: Tree, draws: Mapping[str, partial[np.ndarray]], folder: Path, faults: Iterable[str] = ()
) -> tuple[AnnotatedImage, ...]:
    """Join images and masks by name.

    Args:
        tree: the folders.
        draws: what draws the label of each name from the size and ``image``, the file, see
            :attr:`bisenet_lib.importers.annotations.AnnotatedImage.draw`.
        folder: the folder that is imported.
        faults: that were found before.

    Returns:
        The images, in order of name.

    Raises:
        InputError: there are faults, an image is missing, or two masks belong to one image.
    """
    faults = list(faults)
    ends: dict[str, list[str]] = {}
    for name in tree.images:
        ends.setdefault(name.rpartition("/")[2], []).append(name)
    mask_of: dict[Path, Path] = {}
    annotated = []
    for name, draw in draws.items():
        fitting = [name] if name in tree.images else []
        if not fitting:
            candidates = ends.get(name.rpartition("/")[2], [])
            fitting = [image for image in candidates if image.endswith(f"/{name}")]
        source = tree.masks.get(name, tree.lists[0] if tree.lists else tree.root)
        if len(fitting) != 1:
            what = f"{len(fitting)} images" if fitting else "no image"
            advice = "Leave one of them." if fitting else "Restore the image, or remove the name."
            faults.append(f"{source}: {what} called {name!r}. {advice}")
            continue
        image = tree.images[fitting[0]]
        if image in mask_of:
            faults.append(f"{source}: a second label of {image}, after {mask_of[image]}.")
            continue
        mask_of[image] = source
        path = image.relative_to(folder).as_posix()
        unique = path[: -len(image.suffix)]
        draw = partial(draw, image=image)
        annotated.append(AnnotatedImage(unique, image, source, tree.splits.get(name), draw))
    refuse(faults)
    return tuple(sorted(annotated, key=lambda item: item.name))


def unlisted(tree: Tree, chosen: Iterable[str]) -> tuple[str, ...]:
    """A remark on masks that no list names, if there are any."""
    left_out = sorted(str(tree.masks[name]) for name in tree.masks.keys() - set(chosen))
    if not left_out:
        return ()
    return (f"Masks that no list in {_LISTS} names, left out: {counted(left_out)}",)


def voc_colours(number: int) -> tuple[Colour, ...]:
    """The first colours of Pascal VOC's colour map, black first."""
    colours = [(0, 0, 0), *class_colours(IGNORE).tolist()]
    return tuple((red, green, blue) for red, green, blue in colours[:number])


def _images_below(place: Path, root: Path) -> list[Path]:
    """The files below a folder without those in ``Segmentation...`` folders, which are masks."""
    return [
        file
        for file in files_below(place)
        if not (
            file.is_relative_to(root)
            and file.relative_to(root).parts[0].startswith("Segmentation")
            and file.parent != root
        )
    ]


def _by_name(
    folder: Path, files: Iterable[Path], partner: str, faults: list[str]
) -> dict[str, Path]:
    """The pictures among files by name; adds faults for two of one name."""
    pictures: dict[str, Path] = {}
    for file in files:
        if file.suffix.lower() not in PICTURES:
            continue
        path = file.relative_to(folder).as_posix()
        name = composed(path[: -len(file.suffix)])
        if name in pictures:
            faults.append(
                f"{file}: has the name of {pictures[name].name}, and one {partner} cannot belong "
                "to both. Leave one of them."
            )
        pictures[name] = file
    return pictures


def _read_lists(folder: Path) -> tuple[dict[str, str | None], tuple[Path, ...]]:
    """The names in the lists of a folder, with their split."""
    files = files_below(folder) if folder.is_dir() else []
    lists = tuple(file for file in files if file.suffix.lower() == ".txt")
    splits: dict[str, str | None] = {}
    source: dict[str, Path] = {}
    faults: list[str] = []
    for file in lists:
        split = split_of(f"{file.stem}/")
        for number, line in enumerate(read_lines(file), 1):
            name = _listed_name(line)
            if not name:
                continue
            earlier = splits.get(name)
            if split and earlier and split != earlier:
                faults.append(
                    f"{file}, line {number}: {name!r} is in {source[name].name} too. An image "
                    "belongs to one split: delete it from one of the lists."
                )
            if split or name not in splits:
                splits[name], source[name] = split, file
    refuse(faults)
    return splits, lists


def _listed_name(line: str) -> str:
    name = composed(line.strip().replace("\\", "/"))
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    return name[: -len(Path(name).suffix)] if name.lower().endswith(IMAGES) else name


def _draw(
    size: Size, *, image: Path, mask: Path, names: tuple[str, ...], from_file: bool
) -> np.ndarray:
    picture = picture_of(image, size)
    if masks.kind_of(mask) == "colour":
        colours = (*voc_colours(len(names)), BORDER)
        table = ColourTable(names, colours, (*range(len(names)), IGNORE))
        return masks.read_colours(mask, picture, table=table)
    values = masks.read_indices(mask, picture, num_classes=len(names))
    if not from_file:
        _check_palette(mask, values)
    return values


def _check_palette(mask: Path, values: np.ndarray) -> None:
    """Refuse a mask whose colours are not VOC's: then its values are other classes."""
    palette = masks.palette_of(mask)
    expected = voc_colours(len(CLASS_NAMES))
    for value in np.unique(values[values != IGNORE]).tolist():
        colour = tuple(palette[3 * value : 3 * value + 3])
        if palette and colour != expected[value]:
            raise InputError(
                f"{mask}: value {value} has the colour {shown(colour)}, and in Pascal VOC "
                f"{CLASS_NAMES[value]!r} has {shown(expected[value])}: these seem to be other "
                f"classes. Write their names into {_NAMES} beside {MASKS}, one a line in order of "
                "value."
            )
