"""What the masks of a folder mean: which kind they are, and which classes they hold.

Taught in ``07_your_own_data``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bisenet_lib.common.parallel import every
from bisenet_lib.config.class_names import class_values, name_fault, read_names
from bisenet_lib.data.annotation_tools import naming_the_tool
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError, refuse
from bisenet_lib.importers import labelme, masks
from bisenet_lib.importers.colour_table import IGNORED_NAMES, Colour, ColourTable, read_table, shown
from bisenet_lib.importers.examples import Example
from bisenet_lib.importers.pairing import Pair
from bisenet_lib.importers.smoothing import thin_values

KINDS = ("auto", "index", "colour", "labelme")
MOST_UNNAMED = 64
"""The most classes that are accepted without names, from the values of masks alone."""
_SHOWN = 5


@dataclass(frozen=True)
class Meaning:
    """How a mask becomes class indices.

    Attributes:
        kind: ``index``, ``colour`` or ``labelme``.
        names: of the classes, in order of index; None where the masks alone say how many.
        ignore: of index masks: a value that is no class, besides 255.
        table: of colour masks.
        background: of LabelMe: the class of pixels in no shape; None ignores them.
        palette: of index masks: the colours a value may have, where a table tells them. A value
            that is not in the table has the same colour in all masks. None: colours mean
            nothing, the value counts.
        encoding: of LabelMe's files that are not in UTF-8.
    """

    kind: str
    names: tuple[str, ...] | None
    ignore: int = IGNORE
    table: ColourTable | None = None
    background: str | None = None
    palette: Mapping[int, Collection[Colour]] | None = None
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
            assert self.table is not None, "colour masks come with a table"
            return masks.read_colours(pair.mask, picture, table=self.table)
        if self.kind == "index":
            number = len(self.names) if self.names else None
            return masks.read_indices(pair.mask, picture, num_classes=number, ignore=self.ignore)
        assert self.names is not None, "the labels of LabelMe are names"
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

    def found_names(self, examples: Sequence[Example]) -> tuple[str, ...]:
        """The class names, now that all masks are read.

        Args:
            examples: every image with its label.

        Raises:
            InputError: no pixel is labelled, or the values cannot be class numbers, the palettes
                differ, or the masks were smoothed.
        """
        pixels = np.stack([example.pixels for example in examples])
        indices = np.flatnonzero(pixels[:, :IGNORE].any(axis=0)).tolist()
        if not indices:
            raise InputError("not one labelled pixel in the masks: all of them are ignored.")
        if self.kind != "index":
            assert self.names is not None, "only index masks may be without names"
            return self.names
        if self.palette is not None:
            self._check_palettes(examples, self.palette)
        if indices == [0] and pixels[:, IGNORE].any() and self.ignore == IGNORE:
            raise InputError(
                "the masks hold the values 0 and 255 only, and 255 means ignored. If 255 is a "
                "class, write a table of two lines, background,0,0,0 and NAME,255,255,255, and "
                "give --kind colour --colours TABLE."
            )
        if self.names is None:
            thin = thin_values(pixels, [example.edges for example in examples])
            _check_numbering(class_values(None, self.ignore), indices, thin)
        return self.names or checked_names(tuple(f"class {index}" for index in indices))

    def _check_palettes(
        self, examples: Sequence[Example], palette: Mapping[int, Collection[Colour]]
    ) -> None:
        """Refuse masks in which one value has several colours.

        A program that makes a palette for each file numbers the colours in the order of their
        occurrence, and then the index means nothing.
        """
        values = class_values(None, self.ignore)
        expected = dict(palette)
        faults = []
        for example in examples:
            for value in (values[index] for index in np.flatnonzero(example.pixels[:IGNORE])):
                channels = example.palette[3 * value : 3 * value + 3]
                if not channels:
                    continue
                colour = channels[0], channels[1], channels[2]
                if colour not in expected.setdefault(value, [colour]):
                    elsewhere = shown(next(iter(expected[value])))
                    faults.append(
                        f"{example.mask}: value {value} has the colour {shown(colour)}, elsewhere "
                        f"{elsewhere}."
                    )
                    break
        if faults:
            summary = (
                f"the palettes of the masks differ, in {len(faults)} of {len(examples)}. If the "
                "colours count and not the values, give --kind colour and a --colours table; if "
                "the values count, whatever their colours, give --kind index."
            )
            refuse([summary, *faults])


def _check_numbering(values: Sequence[int], indices: Sequence[int], thin: Sequence[int]) -> None:
    """Refuse values that cannot be the numbers of classes.

    Args:
        values: the value in the masks of each class index.
        indices: the class indices that occur.
        thin: the indices that fill no area, see
            :func:`bisenet_lib.importers.smoothing.thin_values`.
    """
    advice = "If they are classes, name all of them in order of value with --classes."
    if thin_listed := [str(values[index]) for index in thin if index != IGNORE]:
        listed = ", ".join(thin_listed[:_SHOWN]) + ", ..." * (len(thin_listed) > _SHOWN)
        raise InputError(
            f"the masks hold {len(indices)} values; {listed} only in specks and thin lines, and in "
            "most masks. Masks that were saved as JPEG or resized with smoothing look like "
            f"that: export them again without either. {advice}"
        )
    highest = values[indices[-1]]
    if indices != list(range(len(indices))):
        gap = next(value for index, value in enumerate(values) if index not in indices)
        raise InputError(
            f"the masks hold {len(indices)} values, the highest {highest}, but no {gap}: how "
            "many classes are there? Name them in order of value with --classes; or, if the "
            "values are shades to look at, give --kind colour and a --colours table."
        )
    if len(indices) > MOST_UNNAMED:
        raise InputError(
            f"the masks hold all values from {values[0]} to {highest}: rather shades, as smoothed "
            f"edges and JPEG make them, than classes. {advice}"
        )


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
        classes: this and the next three: see
            :func:`bisenet_lib.importers.importing.import_folder`.
        colours: a colour table.
        background: a class.
        ignore: a value.
        encoding: of LabelMe's files that are not in UTF-8.
        workers: processes that look for LabelMe's labels.

    Raises:
        InputError: a table, a class or a LabelMe file is wrong, or an option does not belong
            to this kind of masks.
    """
    first, compare_palettes = pairs[0].mask, kind == "auto"
    if kind == "auto":
        kind = "labelme" if first.suffix.lower() == ".json" else masks.kind_of(first)
    for option, value, kinds in (
        ("--colours", colours, ("colour", "index")),
        ("--background", background, ("labelme",)),
        ("--ignore", None if ignore == IGNORE else ignore, ("index",)),
        ("--encoding", None if encoding == labelme.UTF_8 else encoding, ("labelme",)),
    ):
        if value is not None and kind not in kinds:
            raise InputError(f"{option} {value}: means nothing for {kind} masks, as {first}")
    if not 0 <= ignore <= IGNORE:
        raise InputError(f"--ignore is {ignore}; give a value from 0 to 255")
    try:
        "".encode(encoding)
    except LookupError as error:
        raise InputError(f"--encoding is {encoding!r}; give one such as gbk or cp1252") from error
    names = None if classes is None else read_names(classes, ignore)
    background = background and background.strip()
    if kind == "labelme":
        return _of_labelme(pairs, names, background, encoding, workers)
    if kind == "colour" and colours is None:
        raise InputError(
            f"{first}: holds colours. Say which class each is with --colours TABLE, a file of "
            f"name,r,g,b a line. Its most frequent colours: {masks.common_colours(first)}."
        )
    table = None
    if colours is not None:
        with naming_the_tool(colours):
            table = read_table(colours, names)
    if kind == "colour" and table is not None:
        return Meaning(kind, checked_names(table.names), table=table)
    names = names or (table.names if table else None)
    palette = _palette(table, ignore) if compare_palettes else None
    return Meaning(kind, names and checked_names(names), ignore, palette=palette)


def _palette(table: ColourTable | None, ignore: int) -> dict[int, list[Colour]]:
    palette: dict[int, list[Colour]] = {}
    if table is not None:
        values = class_values(len(table.names), ignore)
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
        files = [pair.mask for pair in pairs]
        labels = every(label_names, files, workers=workers, title="labels")
        names = tuple(sorted(frozenset().union(*labels)))
    names = tuple(name for name in names if name not in IGNORED_NAMES)
    if background is None and labelme.BACKGROUND in names:
        background = labelme.BACKGROUND
    if background is not None and background not in names:
        names = (background, *names)
    return Meaning("labelme", checked_names(names), background=background, encoding=encoding)


def checked_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """The class names of a data set, after a check.

    Raises:
        InputError: there are too few or too many, or one cannot be a class.
    """
    if not 2 <= len(names) <= masks.MOST_CLASSES:
        raise InputError(
            f"{len(names)} class(es): {', '.join(names[:5])}. Give 2 to {masks.MOST_CLASSES}; "
            "what is not of the only class is a class too (outlines: --background NAME)."
        )
    for name in names:
        if name in IGNORED_NAMES:
            raise InputError(f"{name!r} cannot be a class; of index masks give --ignore VALUE.")
        if fault := name_fault(name):
            raise InputError(f"the class name {name!r}: {fault}.")
    return names
