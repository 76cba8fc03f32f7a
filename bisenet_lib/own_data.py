"""A data set of one's own in the course's contract: lists, class names and a configuration.

Taught in ``07_your_own_data``.
"""

from pathlib import Path

from bisenet_lib.errors import InputError

CLASSES = "classes.txt"
"""In a data set's folder: a class name a line, in order of index."""


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
    path = Path(root) / CLASSES
    if not path.is_file():
        return None
    try:
        names = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: unreadable ({error}). Write a class name a line.") from error
    for number, name in enumerate(names, 1):
        if not name or name in names[: number - 1]:
            what = f"{name!r} a second time" if name else "empty"
            raise InputError(f"{path}, line {number}: {what}. Write a class name a line.")
    if num_classes not in (None, len(names)):
        raise InputError(
            f"{path}: {len(names)} names, and the configuration has num_classes {num_classes}. "
            "Write a name for each class, or delete the file."
        )
    return tuple(names)
