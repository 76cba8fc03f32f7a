"""Grading a class: every exercise of every notebook that was handed in."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from tqdm.auto import tqdm

from bisenet_lib.common.atomic_files import delete, write_text
from bisenet_lib.common.parallel import ahead
from bisenet_lib.course import exercises
from bisenet_lib.course.grading import tables
from bisenet_lib.course.grading.handed_in import Exercise, HandedIn, exercises_of, handed_in
from bisenet_lib.course.grading.judge import Limits, judge, namespaces
from bisenet_lib.course.grading.tables import Grade
from bisenet_lib.errors import refuse

CSV, PAGE, PROBE = "grades.csv", "grades.html", ".grades"
NOT_ISOLATED = (
    "This computer allows no namespaces, so the notebooks are not shut off: a hook of Python stops "
    "network, processes and changes of files, but not native code, and nothing hides your files. "
    "Grade notebooks of people you do not know in a virtual machine."
)


def grade(
    folder: Path,
    notebooks: Sequence[Path],
    *,
    limits: Limits,
    jobs: int,
    console: Console,
    target: Path | None = None,
) -> list[Grade]:
    """Grade what a class has handed in; the table goes to ``grades.csv`` and ``grades.html``.

    Args:
        folder: see :func:`bisenet_lib.course.grading.handed_in.handed_in`.
        notebooks: the teacher's own; they decide what is asked, this library what is right.
        limits: what each cell may use.
        jobs: cells at a time.
        console: where the summary is shown.
        target: the folder of the two files; None takes ``folder``.

    Returns:
        A grade for each exercise of each file, by student.

    Raises:
        InputError: nothing was handed in, an exercise has no check, a limit is below 1, or a file
            cannot be written.
    """
    numbers = {"seconds": limits.seconds, "memory": limits.megabytes, "jobs": jobs}
    refuse(
        [f"{name} is {number}; give 1 or more" for name, number in numbers.items() if number < 1]
    )
    asked = [exercise for path in notebooks for exercise in exercises_of(path)]
    known = exercises.names()
    refuse([f"{one.notebook}: no check {one.name!r}" for one in asked if one.name not in known])
    files = handed_in(folder, asked)
    target = folder if target is None else target
    write_text(target / PROBE, "")  # what cannot be written is told now
    delete(target / PROBE)
    isolated = namespaces()
    if not isolated:
        console.print(NOT_ISOLATED, style="yellow", soft_wrap=True)
    tasks = list(_tasks(files, folder))

    def graded(task: tuple[Grade, Exercise | None, str]) -> Grade:
        begun, exercise, source = task
        if exercise is None:
            return begun
        return replace(begun, **vars(judge(exercise, source, limits, isolated=isolated)))

    grades = list(tqdm(ahead(graded, tasks, threads=jobs), "grade", len(tasks)))
    write_text(target / CSV, tables.as_csv(grades))
    write_text(target / PAGE, tables.as_page(grades, isolated))
    console.print(tables.summary(grades))
    for one in grades:
        if not one.exercise:
            console.print(tables.plain(f"{one.file}: {one.error}"), style="red", markup=False)
    page = (target / PAGE).resolve().as_uri()
    console.print(page, soft_wrap=True, highlight=False, markup=False)
    return grades


def _tasks(files: Sequence[HandedIn], folder: Path) -> Iterator[tuple[Grade, Exercise | None, str]]:
    """For each exercise of each file its grade so far, and what is to be judged, if anything is."""
    for one in files:
        file = str(one.file.relative_to(folder))
        if one.error:
            yield Grade(one.who, file, "", False, error=one.error), None, ""
        for exercise in one.exercises:
            note = one.notes.get(exercise.name, "")
            if exercise.name in one.cells:
                begun = Grade(one.who, file, exercise.name, False, note=note)
                yield begun, exercise, one.cells[exercise.name]
            else:
                error = f'no cell with check("{exercise.name}") or with the id {exercise.cell!r}'
                yield Grade(one.who, file, exercise.name, False, error=error), None, ""
