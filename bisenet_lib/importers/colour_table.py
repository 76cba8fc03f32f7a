"""What the colours of masks mean: a table with a line ``name,r,g,b`` for each colour.

Taught in ``07_your_own_data``.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bisenet_lib.config.class_names import name_fault
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError

Colour = tuple[int, int, int]
"""RGB, 0 to 255 each."""
IGNORED_NAMES = ("ignore", "__ignore__")
"""Class names that mean "not a class"; the second is LabelMe's."""


@dataclass(frozen=True)
class ColourTable:
    """The colours of a set of masks.

    Args:
        names: of the classes, in order of index.
        colours: every colour there may be in a mask.
        indices: the class of each of them; 255 where it is ignored.
    """

    names: tuple[str, ...]
    colours: tuple[Colour, ...]
    indices: tuple[int, ...]


def read_table(path: Path, classes: Sequence[str] | None = None) -> ColourTable:
    """Read a colour table: ``name,r,g,b`` a line.

    Several colours may have one name. The name ``ignore`` is no class: its pixels are left out.
    A first line without numbers is a header; lines that begin with ``#`` are comments.

    Args:
        path: the file.
        classes: the class names in order of index; None takes them in order of their lines.

    Returns:
        The table.

    Raises:
        InputError: the file is unreadable, a line is not of that form, a colour is there twice,
            or a name is not among ``classes``.
    """
    rows: dict[Colour, str] = {}
    for number, fields in _lines(path):
        where = f"{path}, line {number}"
        if len(fields) != 4 or not fields[0] or not all(field.isdecimal() for field in fields[1:]):
            if number == 1 and not any(field.isdecimal() for field in fields):
                continue
            raise InputError(f"{where}: {','.join(fields)!r}; write name,r,g,b.")
        if fault := name_fault(fields[0]):
            raise InputError(f"{where}: the name {fields[0]!r}: {fault}.")
        red, green, blue = (int(field) for field in fields[1:])
        colour = red, green, blue
        if max(colour) > 255:
            raise InputError(f"{where}: a colour is three numbers from 0 to 255.")
        if colour in rows:
            raise InputError(f"{where}: the colour {shown(colour)} is {rows[colour]!r} already.")
        rows[colour] = fields[0]
    named = [name for name in dict.fromkeys(rows.values()) if name not in IGNORED_NAMES]
    if not named:
        raise InputError(f"{path}: no class in it. Write name,r,g,b a line.")
    names = list(named if classes is None else classes)
    for name in named:
        if name not in names:
            raise InputError(f"{path}: {name!r} is not among the classes {', '.join(names)}.")
    index = {name: names.index(name) for name in named} | dict.fromkeys(IGNORED_NAMES, IGNORE)
    return ColourTable(tuple(names), tuple(rows), tuple(index[name] for name in rows.values()))


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: unreadable ({error}). Write name,r,g,b a line.") from error
    cleaned = [(number, [field.strip() for field in row]) for number, row in enumerate(rows, 1)]
    return [(number, row) for number, row in cleaned if any(row) and not row[0].startswith("#")]


def shown(colour: Sequence[int]) -> str:
    """A colour as it is written in a table."""
    return ",".join(str(int(channel)) for channel in colour)
