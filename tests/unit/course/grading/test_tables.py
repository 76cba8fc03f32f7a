"""Tables of grades: nothing that a learner wrote becomes a formula, a tag or a command."""

import csv
import io

from bisenet_lib.course.grading.tables import LONGEST, Grade, as_csv, as_page, counts, plain

GRADES = [
    Grade("anna", "anna/03.ipynb", "03.flip", True),
    Grade("anna", "anna/03.ipynb", "03.step", False, hint="=1+1"),
    Grade("anna", "anna/03 (2).ipynb", "03.step", True),
    Grade("+ben", "+ben/x.ipynb", "04.rate", False, error="\x1b[31m<b>red</b>\r\n@x"),
    Grade("cleo", "cleo", "", False, error="no notebook"),
]


def test_a_spreadsheet_calculates_nothing_and_a_line_stays_a_line():
    rows = list(csv.DictReader(io.StringIO(as_csv(GRADES))))
    assert [row["right"] for row in rows] == ["1", "0", "1", "0", "0"]
    assert rows[0]["hint"] == rows[0]["error"] == rows[4]["exercise"] == ""
    assert rows[1]["hint"] == "'=1+1"
    assert (rows[3]["who"], rows[3]["error"]) == ("'+ben", "<b>red</b> @x")
    assert len(as_csv(GRADES).splitlines()) == 1 + len(GRADES)


def test_a_page_shows_what_was_written_and_runs_none_of_it():
    page = as_page(GRADES, isolated=True)
    assert "&lt;b&gt;red&lt;/b&gt; @x" in page
    assert "<b>" not in page
    assert "without namespaces" in as_page(GRADES, isolated=False)


def test_an_exercise_in_two_files_counts_once():
    numbers, rows = counts(GRADES)
    assert numbers == ["03", "04"]
    assert rows == {"anna": ["2/2", "-", "2/2"], "+ben": ["-", "0/1", "0/1"], "cleo": ["-"] * 3}


def test_a_long_text_is_cut_and_a_name_of_odd_bytes_is_shown():
    assert len(plain("x" * 9999)) == LONGEST + len(" ...")
    assert plain("a\udcff") == "a\\udcff"
