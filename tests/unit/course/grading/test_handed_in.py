"""Finding students, notebooks and cells in what a class has handed in."""

import json
from pathlib import Path

import nbformat
import pytest

from bisenet_lib.course.grading.handed_in import LARGEST_FILE, exercises_of, handed_in
from bisenet_lib.errors import InputError

RATE, RING = 'rate = ...\ncheck("04.rate", rate)', 'def ring(): ...\ncheck("04.ring", ring)'


def write(path: Path, *sources: str, ids: tuple[str, ...] = ()) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for cell, identifier in zip(cells, ids, strict=False):
        cell.id = identifier
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@pytest.fixture
def asked(tmp_path):
    first = write(tmp_path / "04_multi_gpu.ipynb", "import math\nimport numpy as np", RATE, RING)
    second = write(tmp_path / "05_more.ipynb", 'check("05.speed", 2 * x)', ids=("speed",))
    return [*exercises_of(first), *exercises_of(second)]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "class").mkdir()
    return tmp_path / "class"


def test_what_the_teachers_notebook_asks(asked):
    assert [one.name for one in asked] == ["04.rate", "04.ring", "05.speed"]
    assert asked[0].imports == ("import math", "import numpy as np")
    assert asked[2].answer == "2 * x"
    assert (asked[2].notebook, asked[2].cell) == ("05_more", "speed")


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("anna/04_multi_gpu.ipynb", "anna"),
        ("anna/week 4/my copy (2).ipynb", "anna"),
        ("anna_04_multi_gpu.ipynb", "anna"),
        ("04_multi_gpu-Anna Maria.ipynb", "Anna Maria"),
        ("04_multi_gpu.ipynb", "04_multi_gpu"),
    ],
)
def test_whose_a_file_is_and_that_its_name_does_not_matter(folder, asked, name, who):
    write(folder / name, RING, RATE)
    (one,) = handed_in(folder, asked)
    assert one.who == who
    assert {exercise.notebook for exercise in one.exercises} == {"04_multi_gpu"}
    assert one.cells == {"04.rate": RATE, "04.ring": RING}
    assert "above 04.rate" in one.notes["04.ring"]


def test_a_cell_without_its_check_is_known_by_its_id_and_the_last_of_several_counts(folder, asked):
    ids = {one.name: one.cell for one in asked}
    again = RATE.replace("...", "3")
    ring = '# check("04.rate", 5)\nring = 5'
    write(folder / "a" / "x.ipynb", RATE, again, ring, ids=("x", "y", ids["04.ring"]))
    (one,) = handed_in(folder, asked)
    assert one.cells == {"04.rate": again, "04.ring": ring}
    assert "2 cells answer it" in one.notes["04.rate"]
    assert "known by its id" in one.notes["04.ring"]


def test_a_missing_cell_is_left_out(folder, asked):
    write(folder / "a" / "x.ipynb", RATE)
    (one,) = handed_in(folder, asked)
    assert set(one.cells) == {"04.rate"}
    assert len(one.exercises) == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not a notebook"),
        (b"\xff\xfe\x00", "not a notebook"),
        (b"[]", "not a notebook"),
        (b'{"cells": 5}', "not a notebook"),
        (b'{"cells": [{"cell_type": "code"}]}', "not a notebook"),
        (b'{"cells": [{"cell_type": "code", "source": [1]}]}', "not a notebook"),
        (b"[" * 100_000, "not a notebook"),
        (json.dumps({"worksheets": []}).encode(), "before nbformat 4"),
        (json.dumps({"cells": []}).encode(), "no exercise of the course"),
    ],
)
def test_a_file_that_is_no_notebook_stops_no_other(folder, asked, content, told):
    (folder / "bad.ipynb").write_bytes(content)
    write(folder / "good.ipynb", RATE)
    bad, good = handed_in(folder, asked)
    assert told in bad.error
    assert good.cells


def test_files_that_are_never_read(folder, asked):
    write(folder / "a" / ".ipynb_checkpoints" / "x.ipynb", RATE)
    with (folder / "large.ipynb").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    (folder / "folder.ipynb").mkdir()
    (folder / "dangling.ipynb").symlink_to("nowhere")
    found = {one.who: one.error for one in handed_in(folder, asked)}
    assert found.pop("a") == "no notebook (.ipynb) in this folder"
    assert found.pop("large").startswith("larger than 100 MB")
    assert found == {"folder": "not a file", "dangling": "not a file"}


def test_an_empty_folder_is_refused(folder, asked):
    with pytest.raises(InputError, match="no notebook"):
        handed_in(folder, asked)
    with pytest.raises(InputError, match="no folder there"):
        handed_in(folder / "no", asked)
