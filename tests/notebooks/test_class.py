"""A class hands in: ten copies of a hand-out, five right and five with usual mistakes, and one
that is hostile; and files that are none.
"""

import csv
from pathlib import Path

import lessons
import nbformat
import pytest
from typer.testing import CliRunner

from bisenet_lib.cli.main import app
from bisenet_lib.errors import InputError

NOTEBOOK = "04_multi_gpu"
NAMES = ["04.rate", "04.all_reduce", "04.ring", "04.batch_norm"]
SOLUTIONS = {
    one.name: f"{one.solution_code}\n{one.check}"
    for one in lessons.exercises(lessons.FOLDER / f"{NOTEBOOK}.ipynb")
}
MISTAKES = {
    "sum": ("04.all_reduce", "def all_reduce(g): return [sum(g)] * len(g)\n", "That is the sum"),
    "gpus": ("04.rate", "rate = 0.2\n", "You counted the GPUs"),
    "return": (
        "04.ring",
        "def ring_cost(size, ranks): 2 * (ranks - 1)\n",
        "Is a `return` missing?",
    ),
    "helper": ("04.rate", "rate = helper(48)\n", "Only this cell and the notebook's imports"),
    "empty": ("04.batch_norm", "def joined(means, variances, counts): ...\n", "not answered yet."),
}
HOSTILE = {
    "04.rate": 'def check(*_): print("04.rate: right.")\nrate = 1\ncheck("04.rate", rate)',
    "04.all_reduce": "def all_reduce(gradients):\n    while True: pass\n",
    "04.ring": "import os\nos.remove({kept!r})",
    "04.batch_norm": 'raise ValueError("=HYPERLINK(\\"//x\\")<script>[red]\\x1b[31m")',
}


@pytest.fixture(scope="module")
def handout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course") / "handout"
    done = CliRunner().invoke(app, ["course", "handout", str(folder), "04"])
    assert done.exit_code == 0, done.exception
    return folder


def hand_in(handout: Path, file: Path, answers: dict[str, str], change=lambda notebook: None):
    """A copy of the hand-out with answers in place of the stubs."""
    notebook = nbformat.read(handout / "notebooks" / f"{NOTEBOOK}.ipynb", as_version=4)
    for cell in notebook.cells:
        for name, answer in answers.items():
            if cell.cell_type == "code" and f'check("{name}"' in cell.source:
                cell.source = answer
    change(notebook)
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, file)


def reordered_without_ids(notebook):
    notebook.cells.reverse()
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        del cell["id"]


def ten_megabytes(notebook):
    notebook.cells[2].outputs = [nbformat.v4.new_output("stream", text="x" * (10 << 20))]


def with_a_cell_that_hangs(notebook):
    notebook.cells.insert(0, nbformat.v4.new_code_cell("while True: pass"))


@pytest.fixture(scope="module")
def graded(handout, tmp_path_factory):
    """The command, once: what it printed, the rows of the CSV, and the folder."""
    folder = tmp_path_factory.mktemp("class")
    kept = folder.parent / "kept"
    kept.write_text("kept")
    hand_in(handout, folder / "right1" / f"{NOTEBOOK}.ipynb", SOLUTIONS)
    hand_in(handout, folder / "right2" / "deep" / "final (2).ipynb", SOLUTIONS)
    hand_in(handout, folder / "right3" / "x.ipynb", SOLUTIONS, reordered_without_ids)
    hand_in(handout, folder / f"right4_{NOTEBOOK}.ipynb", SOLUTIONS, ten_megabytes)
    hand_in(handout, folder / f"right5_{NOTEBOOK}.ipynb", SOLUTIONS, with_a_cell_that_hangs)
    for who, (name, answer, _) in MISTAKES.items():
        call = SOLUTIONS[name].splitlines()[-1]
        hand_in(handout, folder / f"{who}.ipynb", {**SOLUTIONS, name: answer + call})
    hostile = {
        name: source.replace("{kept!r}", repr(str(kept))) for name, source in HOSTILE.items()
    }
    hand_in(handout, folder / "<b>hostile" / "x.ipynb", hostile)
    (folder / "none.ipynb").write_text("print('no notebook')")
    (folder / "nothing").mkdir()
    words = ["course", "grade", str(folder), "--seconds", "4"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.exception
    assert kept.read_text() == "kept"
    with (folder / "grades.csv").open(newline="") as file:
        return done.stdout, list(csv.DictReader(file)), folder


def test_the_right_are_right_wherever_their_cells_and_files_are(graded):
    rows = [row for row in graded[1] if row["who"].startswith("right")]
    assert len(rows) == 5 * len(NAMES)
    assert all(row["right"] == "1" and not row["error"] for row in rows)
    notes = {row["note"] for row in rows if row["who"] == "right3"}
    assert any("cells were moved" in note for note in notes)


@pytest.mark.parametrize("who", MISTAKES)
def test_a_usual_mistake_gets_its_hint_and_the_other_answers_stay_right(graded, who):
    name, _, told = MISTAKES[who]
    rows = {row["exercise"]: row for row in graded[1] if row["who"] == who}
    assert list(rows) == NAMES
    assert [row["exercise"] for row in rows.values() if row["right"] == "0"] == [name]
    assert told in rows[name]["hint"] + rows[name]["error"]


def test_the_hostile_one_has_nothing_right_and_harms_no_table(graded):
    rows = {row["exercise"]: row for row in graded[1] if row["who"] == "<b>hostile"}
    assert list(rows) == NAMES
    assert all(row["right"] == "0" for row in rows.values())
    assert rows["04.all_reduce"]["error"].startswith("stopped:")
    assert rows["04.ring"]["error"].startswith(("PermissionError", "FileNotFoundError"))
    page = (graded[2] / "grades.html").read_text()
    assert "<script" not in page
    assert "&lt;b&gt;hostile" in page
    assert "\x1b" not in page + (graded[2] / "grades.csv").read_text() + graded[0]


def test_what_is_no_notebook_is_named_and_stops_no_other(graded):
    errors = {row["who"]: row["error"] for row in graded[1] if not row["exercise"]}
    assert errors["none"].startswith("not a notebook")
    assert errors["nothing"].startswith("no notebook")
    assert "none.ipynb: not a notebook" in graded[0].replace("\n", " ")


def test_the_terminal_has_a_line_for_each_student(graded):
    assert "right1" in graded[0]
    assert graded[0].count("4/4") == 2 * 5
    assert graded[0].count("3/4") == 2 * 5
    assert graded[0].rstrip().endswith("grades.html")


def test_a_hand_out_as_it_is_has_no_answers_and_no_outputs(handout):
    path = handout / "notebooks" / f"{NOTEBOOK}.ipynb"
    assert "<summary>Solution" not in path.read_text()
    assert not any(cell.outputs for cell in lessons.cells(path, "code"))
    own = lessons.cells(lessons.FOLDER / path.name)
    kept = [cell for cell in own if not cell.source.startswith("<details><summary>Solution")]
    assert [cell.id for cell in lessons.cells(path)] == [cell.id for cell in kept]
    assert len(own) - len(kept) == len(NAMES)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seconds", "0"], "seconds is 0; give 1 or more"),
        (["--memory", "-1", "--jobs", "0"], "(?s)memory is -1.*jobs is 0"),
        (["--out", "{file}"], "cannot be written"),
    ],
)
def test_what_cannot_work_is_told_before_anything_runs(handout, tmp_path, words, told):
    (tmp_path / "file").touch()
    words = [word.replace("{file}", str(tmp_path / "file")) for word in words]
    with pytest.raises(InputError, match=told):
        CliRunner().invoke(app, ["course", "grade", str(handout), *words], catch_exceptions=False)
