"""What is told of a graded class: a table as CSV and as a page, and a summary."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from nbconvert.filters import strip_ansi
from rich.markup import escape
from rich.table import Table

from bisenet_lib.course.templates import fill

TEMPLATE = "grades.html.j2"
LONGEST = 500
"""Characters of a hint or an error, which may hold what a learner wrote."""
FORMULA = ("=", "+", "-", "@")
"""How a text begins that a spreadsheet would calculate."""


@dataclass(frozen=True)
class Grade:
    """One exercise of one student; a file that cannot be graded has no exercise."""

    who: str
    file: str
    """Relative to the folder of all."""
    exercise: str
    right: bool
    hint: str = ""
    error: str = ""
    note: str = ""
    """What was strange about the cell."""


def as_csv(grades: Sequence[Grade]) -> str:
    """The table, a line for each exercise of each student; ``right`` is 1 or 0.

    A quote stands before a text that a spreadsheet would calculate (owasp.org, CSV Injection).
    """
    text = io.StringIO()
    names = [field.name for field in fields(Grade)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for grade in grades:
        row = {name: plain(str(value)) for name, value in asdict(grade).items()}
        row = {name: f"'{text}" if text.startswith(FORMULA) else text for name, text in row.items()}
        writer.writerow({**row, "right": int(grade.right)})
    return text.getvalue()


def as_page(grades: Sequence[Grade], isolated: bool) -> str:
    """The same as HTML, after a table of how many each student has right in each notebook."""
    numbers, rows = counts(grades)
    return fill(
        TEMPLATE,
        grades=grades,
        numbers=numbers,
        rows=rows,
        plain=plain,
        isolated=isolated,
        written=datetime.now().astimezone(),
    )


def summary(grades: Sequence[Grade]) -> Table:
    """How many each student has right in each notebook, for the terminal."""
    numbers, rows = counts(grades)
    table = Table("student", *numbers, "right")
    for who, cells in rows.items():
        table.add_row(*(escape(plain(text)) for text in (who, *cells)))
    return table


def counts(grades: Sequence[Grade]) -> tuple[list[str], dict[str, list[str]]]:
    """The notebooks' numbers, and by student ``4/5`` for each of them and for all.

    An exercise that is in two files of a student counts once.
    """
    numbers = sorted({grade.exercise[:2] for grade in grades if grade.exercise})
    rows = {}
    for who in dict.fromkeys(grade.who for grade in grades):
        best: dict[str, bool] = {}
        for grade in grades:
            if grade.who == who and grade.exercise:
                best[grade.exercise] = best.get(grade.exercise, False) or grade.right
        groups = [[r for name, r in best.items() if name[:2] == number] for number in numbers]
        groups.append(list(best.values()))
        rows[who] = [f"{sum(group)}/{len(group)}" if group else "-" for group in groups]
    return numbers, rows


def plain(text: str) -> str:
    """Text of a learner as one line without control characters, and not too long."""
    # A name on the disk may hold bytes that are no letters.
    text = strip_ansi(text).encode("utf-8", "backslashreplace").decode()
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+", " ", text).strip()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
