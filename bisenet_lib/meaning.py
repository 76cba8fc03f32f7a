"""What the masks of a folder mean: which kind they are, and which classes they hold.

Taught in ``07_your_own_data``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from bisenet_lib import labelme, masks
from bisenet_lib.colourtable import IGNORED_NAMES, ColourTable, read_table
from bisenet_lib.errors import InputError
from bisenet_lib.labels import IGNORE
from bisenet_lib.pairing import Pair
from bisenet_lib.parallel import every

__all__ = ["KINDS", "Meaning", "meaning_of", "read_names"]

KINDS = ("auto", "index", "colour", "labelme")


@dataclass(frozen=True)
class Meaning:
    """How a mask becomes class indices.

    Attributes:
        kind: ``index``, ``colour`` or ``labelme``.
        names: of the classes, in order of index; None where the masks alone say how many.
        ignore: of index masks: a value that is no class, besides 255.
        table: of colour masks.
        background: of LabelMe: the class of pixels in no shape; None ignores them.
        palette: of index masks: the colours of their values, in the table or the first mask.
        encoding: of LabelMe's files that are not in UTF-8.
    """

    kind: str
    names: tuple[str, ...] | None
    ignore: int = IGNORE
    table: ColourTable | None = None
    background: str | None = None
    palette: masks.Palette | None = None
    encoding: str = labelme.UTF_8

    def read(self, pair: Pair, picture: masks.Picture) -> np.ndarray:
        """Read a pair's mask.

        Args:
            pair: image and mask.
            picture: the image.

        Returns:
            (H, W) uint8: the index of the class, 255 where ignored.

        Raises:
            InputError: the mask does not fit its image or these classes.
        """
        if self.kind == "colour":
            return masks.read_colours(pair.mask, picture, table=self.table)
        if self.kind == "index":
            number = len(self.names) if self.names else None
            return masks.read_indices(
                pair.mask, picture, num_classes=number, ignore=self.ignore, palette=self.palette
            )
        values = {name: index for index, name in enumerate(self.names)}
        outside = IGNORE if self.background is None else values[self.background]
        values |= dict.fromkeys(IGNORED_NAMES, IGNORE)
        return labelme.draw(
            pair.mask,
            picture,
            values=values,
            unlabelled=outside,
            image=pair.image,
            encoding=self.encoding,
        )

    def found_names(self, pixels: np.ndarray) -> tuple[str, ...]:
        """The class names, now that all masks are read.

        Args:
            pixels: (256,) the pixels of each index in all masks; 255 is ignored.

        Raises:
            InputError: nothing is labelled, or the masks are evidently numbered otherwise.
        """
        found = np.flatnonzero(pixels[:IGNORE]).tolist()
        if not found:
            raise InputError("not one labelled pixel in the masks: all of them are ignored.")
        if self.kind == "index" and found == [0] and pixels[IGNORE] and self.ignore == IGNORE:
            raise InputError(
                "the masks hold the values 0 and 255 only, and 255 means ignored. If 255 is a "
                "class, write a table of two lines, background,0,0,0 and NAME,255,255,255, and "
                "give --kind colour --colours TABLE."
            )
        if self.names is None and found != list(range(len(found))):
            gap = next(value for value in range(IGNORE) if value not in found)
            raise InputError(
                f"the masks hold {len(found)} values, the highest {found[-1]}, but no {gap}: how "
                "many classes are there? Name them in order of value with --classes; or, if the "
                "values are shades to look at, give --kind colour and a --colours table."
            )
        return self.names or tuple(f"class {index}" for index in found)


def meaning_of(
    pairs: Sequence[Pair],
    *,
    kind: str = "auto",
    classes: str | Path | Sequence[str] | None = None,
    colours: Path | None = None,
    background: str | None = None,
    ignore: int = IGNORE,
    encoding: str = labelme.UTF_8,
    workers: int = 1,
) -> Meaning:
    """Decide what the masks are and which classes they have.

    Args:
        pairs: images and masks; the first mask says what an ``auto`` kind is.
        kind: one of :data:`KINDS`.
        classes: see :class:`bisenet_lib.own_data.Options`, as the following.
        colours: a colour table.
        background: a class.
        ignore: a value.
        encoding: of LabelMe's files that are not in UTF-8.
        workers: processes that look for LabelMe's labels.

    Raises:
        InputError: a table, a class or a LabelMe file is wrong, or an option does not belong
            to this kind of masks.
    """
    first = pairs[0].mask
    if kind == "auto":
        kind = "labelme" if first.suffix.lower() == ".json" else masks.kind_of(first)
    for option, given, belongs in (
        ("--colours", colours, ("colour", "index")),
        ("--background", background, ("labelme",)),
        ("--ignore", None if ignore == IGNORE else ignore, ("index",)),
        ("--encoding", None if encoding == labelme.UTF_8 else encoding, ("labelme",)),
    ):
        if given is not None and kind not in belongs:
            raise InputError(f"{option} {given}: means nothing for {kind} masks, as {first}")
    if not 0 <= ignore <= IGNORE:
        raise InputError(f"--ignore is {ignore}; give a value from 0 to 255")
    try:
        "".encode(encoding)
    except LookupError as error:
        raise InputError(f"--encoding is {encoding!r}; give one such as gbk or cp1252") from error
    names = None if classes is None else read_names(classes)
    if kind == "labelme":
        return _of_labelme(pairs, names, background, encoding, workers)
    if kind == "colour" and colours is None:
        raise InputError(
            f"{first}: holds colours. Say which class each is with --colours TABLE, a file of "
            f"name,r,g,b a line. Its most frequent colours: {masks.common_colours(first)}."
        )
    table = None if colours is None else read_table(colours, names)
    if kind == "colour":
        return Meaning(kind, _checked(table.names), table=table)
    names = names or (table.names if table else None)
    palette = _palette(first, table, ignore)
    return Meaning(kind, names and _checked(names), ignore, palette=palette)


def _palette(first: Path, table: ColourTable | None, ignore: int) -> masks.Palette:
    if table is None:
        with Image.open(first) as image:
            return masks.palette_of(image)
    palette: dict[int, list] = {}
    values = masks.class_values(len(table.names), ignore)
    for colour, index in zip(table.colours, table.indices, strict=True):
        if index != IGNORE:
            palette.setdefault(values[index], []).append(colour)
    return palette


def _of_labelme(
    pairs: Sequence[Pair],
    names: tuple[str, ...] | None,
    background: str | None,
    encoding: str,
    workers: int,
) -> Meaning:
    if names is None:
        label_names = partial(labelme.label_names, encoding=encoding)
        found = every(label_names, [pair.mask for pair in pairs], workers=workers, title="labels")
        names = tuple(sorted(frozenset().union(*found)))
    names = tuple(name for name in names if name not in IGNORED_NAMES)
    if background is None and labelme.BACKGROUND in names:
        background = labelme.BACKGROUND
    if background is not None and background not in names:
        names = (background, *names)
    return Meaning("labelme", _checked(names), background=background, encoding=encoding)


def read_names(classes: str | Path | Sequence[str]) -> tuple[str, ...]:
    """Class names, given themselves or as a file of them.

    Args:
        classes: the names, also as ``a,b,c``; or a file with one a line.

    Raises:
        InputError: the file is unreadable, or a name is empty or there twice.
    """
    if isinstance(classes, str):
        if "," not in classes and not Path(classes).is_file():
            raise InputError(f"--classes {classes}: no such file; and names are written a,b,c")
        classes = Path(classes) if Path(classes).is_file() else classes.split(",")
    source = f"{classes}: " if isinstance(classes, Path) else "the class names: "
    if isinstance(classes, Path):
        try:
            classes = classes.read_text(encoding="utf-8-sig").rstrip().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{source}unreadable ({error}). Write a name a line.") from error
    names = tuple(name.strip() for name in classes)
    for number, name in enumerate(names, 1):
        if not name or name in names[: number - 1]:
            what = f"{name!r} is there twice" if name else "it is empty"
            raise InputError(f"{source}name {number}: {what}. Write a class name a line.")
    return names


def _checked(names: tuple[str, ...]) -> tuple[str, ...]:
    if not 2 <= len(names) <= masks.MOST_CLASSES:
        raise InputError(
            f"{len(names)} class(es): {', '.join(names[:5])}. Give 2 to {masks.MOST_CLASSES}; "
            "what is not of the only class is a class too (LabelMe: --background NAME)."
        )
    wrong = [name for name in names if name in IGNORED_NAMES]
    if wrong:
        raise InputError(f"{wrong[0]!r} cannot be a class; of index masks give --ignore VALUE.")
    return names
