"""The course's own folder: its notebooks, and data and runs beside them."""

from pathlib import Path

from bisenet_lib.errors import InputError

FIRST = Path("notebooks") / "00_start_here.ipynb"


def find_course() -> Path | None:
    """The folder this library is part of, or else the one a command is given in, or above it.

    Returns:
        The folder that holds ``notebooks/``; None where the library is installed without the
        course and the command is given elsewhere.
    """
    current = Path.cwd()
    folders = (Path(__file__).parents[2], current, *current.parents)
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
            f"({Path(__file__).parents[1]}). Give the command in the course's folder, or name its "
            "notebooks with --notebooks DIR."
        )
    return folder / "notebooks"
