"""The names of the classes: of a data set, of a configuration, and in the files of other tools.

Taught in ``07_your_own_data``.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bisenet_lib.config import configuration
from bisenet_lib.data.annotation_tools import naming_the_tool
from bisenet_lib.data.labels import CLASS_NAMES, IGNORE
from bisenet_lib.errors import InputError

CLASSES_FILE = "classes.txt"
"""The file in a data set's folder that holds one class name a line, in order of index."""
_NO_LISTS = (".json", ".xml", ".yaml", ".yml")
_SEPARATORS = re.compile(r"[,;:\t]")
_ROW = re.compile(r"\s*(?P<value>\d+)\s*(?:[,;:\t]\s*|\s)(?P<name>[^,;\t]*[^\d\s,;\t][^,;\t]*?)\s*")
"""``0,road``, also with another separator."""


def class_names(root: Path, num_classes: int | None = None) -> tuple[str, ...] | None:
    """The class names a data set brings with it.

    Args:
        root: the data set.
        num_classes: how many there have to be; None for any number.

    Returns:
        The lines of ``classes.txt``, in order of index; None without that file.

    Raises:
        InputError: the file is unreadable, has an empty or a repeated line, or another number.
    """
    path = Path(root) / CLASSES_FILE
    if not path.is_file():
        return None
    names = read_names(path)
    if num_classes not in (None, len(names)):
        data_set_config = path.with_name(configuration.CONFIG)
        advice = (
            f"Give the configuration that was made for this data set: --config {data_set_config}"
            if _classes_of(data_set_config) == len(names)
            else "Write a name for each class, one a line, or give a configuration that fits."
        )
        raise InputError(
            f"{path}: {len(names)} names, and the configuration has num_classes {num_classes}. "
            f"{advice}"
        )
    return names


def _classes_of(configuration_file: Path) -> int | None:
    try:
        return configuration.load_config(configuration_file)["model"].get("num_classes")
    except InputError:
        return None


def names_or_default(root: Path, num_classes: int) -> tuple[str, ...]:
    """The class names to show for a data set: its own, Cityscapes' for 19 classes, or numbers.

    Args:
        root: the data set; it need not be there.
        num_classes: how many there are.

    Raises:
        InputError: see :func:`class_names`.
    """
    numbers = tuple(map(str, range(num_classes)))
    default = CLASS_NAMES if num_classes == len(CLASS_NAMES) else numbers
    return class_names(root, num_classes) or default


def names_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The class names of a configuration, whether its data set exists or not.

    Args:
        settings: a resolved configuration.

    Returns:
        The data set's own ``classes.txt``, Cityscapes' for 19 classes, or numbers.

    Raises:
        InputError: ``classes.txt`` does not fit.
    """
    section = settings.get("val_dataset", settings["train_dataset"])
    return names_or_default(Path(section["dataset_root"]), settings["model"]["num_classes"])


def read_names(classes: str | Path | Sequence[str], ignore: int = IGNORE) -> tuple[str, ...]:
    """Class names, given directly or in a file.

    Args:
        classes: the names, also as ``a,b,c``; or a file with one name a line, or with a table of
            pixel values and names, ``0,road`` a line, as Roboflow's ``_classes.csv``.
        ignore: a value of such a table that is no class, besides 255.

    Raises:
        InputError: the file is unreadable or no such list; a name is empty, occurs twice or holds
            a line break; or a table leaves out a value.
    """
    if isinstance(classes, str):
        if "," not in classes and not Path(classes).is_file():
            raise InputError(f"--classes {classes}: no such file; and names are written a,b,c")
        classes = Path(classes) if Path(classes).is_file() else classes.split(",")
    source = f"{classes}: " if isinstance(classes, Path) else "the class names: "
    if isinstance(classes, Path):
        with naming_the_tool(classes):
            classes = _names_in(classes, ignore)
    names = tuple(name.strip() for name in classes)
    for number, name in enumerate(names, 1):
        fault = f"{name!r} is there twice" if name in names[: number - 1] else name_fault(name)
        if fault:
            raise InputError(f"{source}name {number}: {fault}. Write a class name a line.")
    return names


def _names_in(path: Path, ignore: int) -> list[str]:
    """The names in a file, in order of index."""
    advice = "Write a class name a line, in order of value."
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: unreadable ({error}). {advice}") from error
    if path.suffix.lower() in _NO_LISTS:
        raise InputError(f"{path}: no list of names. {advice}")
    matches = [_ROW.fullmatch(line) for line in lines]
    if len(matches) > 1 and matches[0] is None:
        matches = matches[1:]  # the first line is a header, if the others are a table
    rows = [(int(match["value"]), match["name"]) for match in matches if match is not None]
    if rows and len(rows) == len(matches):
        return _names_by_value(path, rows, ignore)
    for number, line in enumerate(lines, 1):
        fields = [field.strip() for field in _SEPARATORS.split(line)]
        if len(fields) > 1 and any(field.isdecimal() for field in fields):
            raise InputError(
                f"{path}, line {number}: {line!r} is a row of a table, not a name. {advice} "
                "A table of colours, name,r,g,b a line, belongs to --colours."
            )
    return lines


def _names_by_value(path: Path, rows: Sequence[tuple[int, str]], ignore: int) -> list[str]:
    names: dict[int, str] = {}
    for value, name in rows:
        if value in names:
            raise InputError(f"{path}: the value {value} is there twice.")
        names[value] = name.strip('"')
    classes = {value: name for value, name in names.items() if value not in (ignore, IGNORE)}
    for value in class_values(len(classes), ignore):
        if value not in classes:
            listed = ", ".join(map(str, sorted(names)))
            raise InputError(
                f"{path}: a table of the values {listed}, without {value}. Name every value from "
                "0 on, with a row for each; one that is no class is named by --ignore."
            )
    return [classes[value] for value in sorted(classes)]


def name_fault(name: str) -> str | None:
    """Why a class name cannot be a line of ``classes.txt``; None if it can."""
    if not name.strip():
        return "it is empty"
    return "it holds a line break" if len(name.strip().splitlines()) > 1 else None


def class_values(num_classes: int | None, ignore: int) -> list[int]:
    """The values of the classes in index masks: all but the ignored ones, in order."""
    return [value for value in range(256) if value not in (ignore, IGNORE)][:num_classes]
