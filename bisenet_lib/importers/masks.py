"""Masks as other tools save them, read as class indices: index, palette and colour PNGs.

Taught in ``07_your_own_data``.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from bisenet_lib.config.class_names import class_values
from bisenet_lib.data.image_io import (
    Size,
    check_image,
    orientation,
    pillow_image,
    size_upright,
    turn,
)
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError
from bisenet_lib.importers.colour_table import IGNORED_NAMES, Colour, ColourTable, shown

MOST_CLASSES = IGNORE
"""A label is one byte, and one of its 256 values means ignored."""

_INDEX_MODES = ("1", "L", "P", "I;16", "I")
_COLOUR_MODES = ("RGB", "RGBA")
_SHOWN = 5
_BLENDED = "So many {} come from smoothed edges or JPEG: save the mask without either."


class Picture(NamedTuple):
    """The image that a mask has to fit.

    Attributes:
        size: (width, height) of the image, turned as its EXIF orientation says.
        turned: whether its EXIF orientation turned it.
    """

    size: Size
    turned: bool = False

    def check(self, path: Path, size: Size) -> None:
        """Refuse a mask of another size.

        Raises:
            InputError: ``size`` is not the image's.
        """
        if size != self.size:
            how = ", turned as its EXIF orientation says" if self.turned else ""
            raise InputError(
                f"{path}: {size[0]}x{size[1]} pixels, its image has "
                f"{self.size[0]}x{self.size[1]}{how}. Save the mask at the image's size."
            )


def kind_of(path: Path) -> str:
    """What a mask holds.

    Returns:
        ``index`` (grey or palette) or ``colour``.

    Raises:
        InputError: the file is missing, damaged or of another mode.
    """
    check_image(path, modes=_INDEX_MODES + _COLOUR_MODES)
    with pillow_image(path) as image:
        return "colour" if image.mode in _COLOUR_MODES else "index"


def _pixels(path: Path, picture: Picture, modes: tuple[str, ...]) -> Image.Image:
    check_image(path, modes=modes, decode=True)
    with pillow_image(path) as image:
        if image.format == "JPEG":
            raise InputError(f"{path}: a JPEG changes values at every boundary; save masks as PNG.")
        picture.check(path, size_upright(image))
        image.load()
        return image


def _wrong(path: Path, wrong: np.ndarray, fault: str, advice: str) -> InputError:
    row, column = np.argwhere(wrong)[0]
    return InputError(
        f"{path}: {fault} (first at row {row}, column {column}, {int(wrong.sum())} pixels). "
        f"{advice}"
    )


def palette_of(path: Path) -> bytes:
    """The colours of a palette image, three bytes for each value; empty for a grey image."""
    with pillow_image(path) as image:
        return bytes(image.getpalette() or b"") if image.mode == "P" else b""


def read_indices(
    path: Path,
    picture: Picture,
    *,
    num_classes: int | None = None,
    ignore: int = IGNORE,
) -> np.ndarray:
    """Read a mask whose values are numbers: grey, or a palette whose index counts.

    Args:
        path: a PNG of 1, 8 or 16 bits.
        picture: its image.
        num_classes: how many classes there are; None allows any number.
        ignore: the value of pixels to leave out, besides 255. The classes are the other values
            in order: with ``ignore=0`` the value 1 is class 0.

    Returns:
        (H, W) uint8: the index of the class, 255 where ignored.

    Raises:
        InputError: the file is missing, damaged, of another size or no such mask, or a value
            is no class.
    """
    image = _pixels(path, picture, _INDEX_MODES)
    values = turn(np.asarray(image), orientation(image)).astype(np.int32)
    known = class_values(num_classes, ignore)
    table = np.full(256, -1, np.int16)
    table[known] = range(len(known))
    table[[ignore, IGNORE]] = IGNORE
    wrong = (values < 0) | (values > 255) | (table[values.clip(0, 255)] < 0)
    if wrong.any():
        strange = np.unique(values[wrong]).tolist()
        listed = ", ".join(map(str, strange[:_SHOWN])) + ", ..." * (len(strange) > _SHOWN)
        advice = f"The classes are {known[0]} to {known[-1]}."
        advice += f" {_BLENDED.format('values')}" * (len(strange) > _SHOWN)
        raise _wrong(path, wrong, f"value {listed} outside the classes", advice)
    return table[values].astype(np.uint8)


def read_colours(path: Path, picture: Picture, *, table: ColourTable) -> np.ndarray:
    """Read a mask whose colours are the classes.

    Args:
        path: a PNG; of a palette or grey one the colours count here, not the index.
        picture: its image.
        table: the colours.

    Returns:
        (H, W) uint8: the index of the class, 255 where ignored.

    Raises:
        InputError: the file is missing, damaged, of another size or no such mask, or holds a
            colour that is not in the table.
    """
    image = _pixels(path, picture, ("1", "L", "P", *_COLOUR_MODES))
    if image.mode == "RGBA":
        transparent = np.asarray(image)[..., 3] < 255
        if transparent.any():
            advice = "Save the mask without transparency."
            raise _wrong(path, transparent, "transparent pixels, which have no colour", advice)
    codes = _codes(turn(np.asarray(image.convert("RGB")), orientation(image)))
    known = _codes(np.array(table.colours, np.uint8))
    order = np.argsort(known)
    position = np.searchsorted(known[order], codes).clip(max=len(known) - 1)
    wrong = known[order][position] != codes
    if wrong.any():
        raise _strange_colours(path, codes, wrong, table)
    return np.array(table.indices, np.uint8)[order][position]


def _codes(colours: np.ndarray) -> np.ndarray:
    """One number for each colour."""
    red, green, blue = (colours[..., channel].astype(np.int32) for channel in range(3))
    return red << 16 | green << 8 | blue


def _colour(code: int) -> Colour:
    return code >> 16, code >> 8 & 255, code & 255


def _strange_colours(
    path: Path, codes: np.ndarray, wrong: np.ndarray, table: ColourTable
) -> InputError:
    strange, counts = np.unique(codes[wrong], return_counts=True)
    colours = [_colour(code) for code in strange.tolist()]
    frequent = [colours[position] for position in np.argsort(-counts)[:_SHOWN]]
    distance = np.abs(np.array(table.colours) - frequent[0]).max(axis=1)
    nearest = int(distance.argmin())
    index = table.indices[nearest]
    name = IGNORED_NAMES[0] if index == IGNORE else table.names[index]
    listed = ", ".join(map(shown, frequent)) + (", ..." if len(colours) > _SHOWN else "")
    advice = f"The nearest to {shown(frequent[0])} is {name!r}, {shown(table.colours[nearest])}. "
    if len(colours) > _SHOWN:
        advice += _BLENDED.format("colours")
    else:
        advice += "Add the colour to the table, or correct the mask."
    return _wrong(path, wrong, f"{len(colours)} colours not in the table: {listed}", advice)


def common_colours(path: Path) -> str:
    """The most frequent colours of a mask, as a start for a colour table."""
    with pillow_image(path) as image:
        codes, counts = np.unique(_codes(np.asarray(image.convert("RGB"))), return_counts=True)
    frequent = codes[np.argsort(-counts)[: 2 * _SHOWN]].tolist()
    return "; ".join(shown(_colour(code)) for code in frequent)
