"""What a class has handed in: students, their notebooks, and the cells of the exercises."""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import nbformat

from bisenet_lib.errors import InputError

LARGEST_FILE = 100 << 20
"""Bytes of a notebook that are still read."""
LARGEST_CELL = 100_000
"""Characters of a cell that is still run."""
CHECK = re.compile(r"""^[^#\n]*?\bcheck\(\s*["']([\w.]+)["']""", re.MULTILINE)
"""A line that asks for an exercise. A cell of a learner is not parsed in this process."""


@dataclass(frozen=True)
class Exercise:
    """An exercise as the teacher's notebook asks for it."""

    name: str
    """``03.flip``."""
    notebook: str
    cell: str
    """The id of its cell."""
    answer: str
    """The expression that is given to ``check``."""
    imports: tuple[str, ...]
    """The import statements of the whole notebook."""


@dataclass(frozen=True)
class HandedIn:
    """A file that a student has handed in."""

    who: str
    file: Path
    exercises: Sequence[Exercise] = ()
    """Those of the notebook that it is a copy of."""
    cells: Mapping[str, str] = field(default_factory=dict)
    """By exercise, the source of the cell that answers it."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """By exercise, what was strange about its cell."""
    error: str = ""
    """Why nothing of the file can be graded."""


def exercises_of(notebook: Path) -> list[Exercise]:
    """The exercises that a notebook of the course asks for, in order.

    Args:
        notebook: the teacher's file.
    """
    cells = [c for c in nbformat.read(notebook, as_version=4).cells if c.cell_type == "code"]
    trees = [ast.parse(cell.source) for cell in cells]
    nodes = [node for tree in trees for node in tree.body]
    lines = [ast.unparse(n) for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)]
    return [
        Exercise(
            ast.literal_eval(node.args[0]),
            notebook.stem,
            cell.id,
            ast.unparse(node.args[1]),
            tuple(lines),
        )
        for cell, tree in zip(cells, trees, strict=True)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "check"
    ]


def handed_in(folder: Path, exercises: Sequence[Exercise]) -> list[HandedIn]:
    """The files in a folder: of each student a sub-folder, or notebooks with the student's name.

    Args:
        folder: ``anna/03_training.ipynb``, ``anna/anything/below.ipynb`` and
            ``anna_03_training.ipynb`` are anna's. What a notebook is called does not matter: it
            is recognised by its exercises.
        exercises: of the course.

    Returns:
        The files, sorted by student; one for a sub-folder without a notebook, with an error.

    Raises:
        InputError: the folder is not there, or no notebook is in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no folder there; give the one with the handed-in notebooks")
    files = [file for file in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in file.parts]
    if not files:
        raise InputError(
            f"{folder}: no notebook (.ipynb) in it or below it. Give the folder that holds a "
            "sub-folder for each student, or notebooks named after them."
        )
    found = [_read(_student(folder, file, exercises), file, exercises) for file in files]
    used = {file.relative_to(folder).parts[0] for file in files}
    found += [
        HandedIn(path.name, path, error="no notebook (.ipynb) in this folder")
        for path in folder.iterdir()
        if path.is_dir() and path.name not in used and not path.name.startswith(".")
    ]
    return sorted(found, key=lambda one: (one.who, str(one.file)))


def _student(folder: Path, file: Path, exercises: Sequence[Exercise]) -> str:
    if file.parent != folder:
        return file.relative_to(folder).parts[0]
    stem = file.stem
    for name in {exercise.notebook for exercise in exercises}:
        stem = stem.replace(name, "")
    return stem.strip(" _-.") or file.stem


def _read(who: str, file: Path, exercises: Sequence[Exercise]) -> HandedIn:
    try:
        cells = _code_cells(file)
    except InputError as error:
        return HandedIn(who, file, error=str(error))
    places: dict[str, list[int]] = {}
    by_id: dict[str, int] = {}
    for place, (identifier, source) in enumerate(cells):
        for name in CHECK.findall(source):
            places.setdefault(name, []).append(place)
        by_id.setdefault(identifier, place)

    def fits(exercise: Exercise) -> bool:
        return exercise.name in places or exercise.cell in by_id

    counts: dict[str, int] = {}
    for exercise in filter(fits, exercises):
        counts[exercise.notebook] = counts.get(exercise.notebook, 0) + 1
    if not counts:
        return HandedIn(who, file, error="no exercise of the course is in this notebook")
    notebook = max(counts, key=counts.__getitem__)
    own = [exercise for exercise in exercises if exercise.notebook == notebook]
    taken: dict[str, int] = {}
    notes: dict[str, str] = {}
    for exercise in filter(fits, own):
        asking = places.get(exercise.name)
        taken[exercise.name] = asking[-1] if asking else by_id[exercise.cell]
        if not asking:
            notes[exercise.name] = f'no check("{exercise.name}") in the cell: known by its id'
        elif len(asking) > 1:
            notes[exercise.name] = f"{len(asking)} cells answer it: the last one counts"
    for before, name in pairwise(taken):
        if taken[name] < taken[before]:
            notes.setdefault(name, f"stands above {before}: cells were moved")
    sources = {name: cells[place][1] for name, place in taken.items()}
    return HandedIn(who, file, own, sources, notes)


def _code_cells(file: Path) -> list[tuple[str, str]]:
    """Id and source of the code cells of a file that may be anything."""
    try:
        if not file.is_file():
            raise InputError("not a file")
        if file.stat().st_size > LARGEST_FILE:
            raise InputError(f"larger than {LARGEST_FILE >> 20} MB: clear its outputs")
        cells = json.loads(file.read_bytes())["cells"]
        return [
            (str(cell.get("id")), "".join(cell["source"]))
            for cell in cells
            if cell["cell_type"] == "code"
        ]
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from error
    except InputError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InputError("not a notebook, or of a format before nbformat 4") from error
