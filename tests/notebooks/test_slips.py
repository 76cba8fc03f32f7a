"""A learner's slips: in the parameters, and in the order of the cells."""

import shutil

import nbformat
import pytest
from lessons import FOLDER, PATHS, cells, tags
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from bisenet_lib.errors import InputError

SLIPS = {
    "no data set": ("dataset", "nowhere", r"nowhere: no data set there.*parameter `dataset`"),
    "no labels": ("dataset", "{tree}", r"no gtFine/.*Unpack gtFine_trainvaltest\.zip"),
    "misspelt": ("profile", "lptop", r"lptop: no such profile.*did you mean 'laptop'"),
    "no network": ("checkpoint", "nowhere", r"nowhere: no weights there"),
    "no run": ("run", "nowhere", r"nowhere: no weights there"),
}


def parameters(path):
    return next(cell for cell in cells(path, "code") if "parameters" in tags(cell))


def uses(path, name):
    lines = [line for line in parameters(path).source.splitlines() if line.startswith(f"{name}:")]
    return any("# not used" not in line for line in lines)


CASES = [(path, slip) for path in PATHS for slip in SLIPS if uses(path, SLIPS[slip][0])]


@pytest.mark.parametrize(("path", "slip"), CASES, ids=lambda case: getattr(case, "stem", case))
def test_a_slip_in_the_parameters_is_told(path, slip, tree, tmp_path, monkeypatch):
    shutil.rmtree(tree / "gtFine")
    name, value, told = SLIPS[slip]
    code = cells(path, "code")
    first = code.index(parameters(path))
    opening = ("open_dataset(", "notebook.start(profile)")
    opens = max(n for n, cell in enumerate(code) if any(word in cell.source for word in opening))
    values = {"__name__": "lesson"}
    exec(code[first].source, values)
    values |= {"run_dir": str(tmp_path / "run"), name: value.format(tree=tree)}
    monkeypatch.chdir(FOLDER)
    with pytest.raises(InputError, match=told):
        for cell in code[first + 1 : opens + 3]:
            exec(compile(cell.source, cell.id, "exec"), values)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_in_another_folder_the_first_cell_says_so_and_nothing_is_written(
    path, tmp_path, monkeypatch
):
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    values = {"__name__": "lesson"}
    opening, first = cells(path, "code")[:2]
    exec(opening.source, values)
    with pytest.raises(InputError, match=r"runs in .*project, but its paths start at its own"):
        exec(compile(first.source, first.id, "exec"), values)
    assert [one.name for one in tmp_path.rglob("*")] == ["project"]


ABOVE = "Run All Above Selected Cell"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_after_a_restart_the_opening_says_which_cells_to_run(path):
    first = next(n for n, cell in enumerate(cells(path)) if "parameters" in tags(cell))
    opening = "\n".join(cell.source for cell in cells(path)[:first])
    if path.stem == "00_start_here":
        assert "`NameError`" in opening and ABOVE in opening
    else:
        assert "ends in an error, look at the first section of [00_start_here]" in opening


@pytest.mark.parametrize(
    ("source", "told"), [("frames[0]", True), ("def count():\n    n += 1\ncount()", False)]
)
def test_a_cell_out_of_order_says_which_cells_to_run(source, told):
    opening = "from bisenet_lib.course import notebook\nnotebook.start('smoke')"
    first, early = map(nbformat.v4.new_code_cell, [opening, source])
    notebook = nbformat.v4.new_notebook(cells=[first, early])
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
    )
    with pytest.raises(CellExecutionError):
        client.execute()
    assert "Error" in early.outputs[0].ename
    assert (ABOVE in str(early.outputs)) == told
