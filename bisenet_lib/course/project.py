"""The course's own folder: its notebooks, and data and runs beside them."""

from pathlib import Path

from bisenet_lib.errors import InputError

FIRST = Path("notebooks") / "00_start_here.ipynb"
HOME = Path(__file__).parents[2]
"""The folder this library is part of: the course's own, if it is not installed without it."""


def find_course() -> Path | None:
    """The course a command is given in or below, else the one that this library is part of.

    So a learner's copy comes before the course's own folder, which may be read-only.

    Returns:
        The folder that holds ``notebooks/``; None where the library is installed without the
        course and the command is given elsewhere.
    """
    current = Path.cwd()
    folders = (current, *current.parents, HOME)
    return next((folder for folder in folders if (folder / FIRST).is_file()), None)


def notebooks_folder() -> Path:
    """The folder of the course's notebooks.

    Raises:
        InputError: there is none, see :func:`find_course`.
    """
    folder = find_course()
    if folder is None:
        raise InputError(
            f"{Path.cwd()}: not in the course's folder, and bisenet_lib is installed without it "
            f"({HOME}). Give the command in the course's folder, or name its "
            "notebooks with --notebooks DIR."
        )
    return folder / "notebooks"
