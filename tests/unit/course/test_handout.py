"""Hand-outs: what is in them, that they run where they are, and what is never overwritten."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bisenet_lib.course import handout
from bisenet_lib.errors import InputError

KERNEL = {"name": "python3", "display_name": "Python 3"}
SOLUTION = "<details><summary>Solution</summary>\n\n```python\nx = 2\n```\n\n</details>"


@pytest.fixture
def course(tmp_path):
    """Two notebooks, a picture, the glossary and a checkpoint."""
    home = tmp_path / "course"
    (home / "notebooks" / "images").mkdir(parents=True)
    (home / "notebooks" / "images" / "a.png").write_bytes(b"picture")
    (home / "notebooks" / "GLOSSARY.md").write_text("[00](00_a.ipynb#part) and [01](01_b.ipynb)\n")
    (home / "notebooks" / "experiments.json").write_text("{}\n")
    (home / "notebooks" / "TEACHING.md").write_text("x is 2\n")
    (home / "data" / "checkpoints" / "net").mkdir(parents=True)
    (home / "data" / "checkpoints" / "net" / "model.pdparams").write_bytes(b"weights")
    for name in ("00_a", "01_b"):
        text = (
            "![A picture](images/a.png) [next](01_b.ipynb) [source](../lib/net.py) "
            "[page](https://x.org) [words](GLOSSARY.md) [net](../data/checkpoints/net)"
        )
        code = new_code_cell("1 + 1", execution_count=1)
        code.outputs = [new_output("execute_result", {"text/plain": "2"}, execution_count=1)]
        cells = [new_markdown_cell(text), code, new_markdown_cell(SOLUTION)]
        notebook = new_notebook(cells=cells, metadata={"widgets": {}, "kernelspec": KERNEL})
        nbformat.write(notebook, home / "notebooks" / f"{name}.ipynb")
    return sorted((home / "notebooks").glob("*.ipynb"))


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_is_handed_out(course, tmp_path):
    handout.write_handout(tmp_path / "out", course, outputs=course[1:])
    assert names(tmp_path / "out") == {
        "notebooks/00_a.ipynb",
        "notebooks/01_b.ipynb",
        "notebooks/GLOSSARY.md",
        "notebooks/experiments.json",
        "notebooks/images/a.png",
        "notebooks/.handout.json",
        "data/checkpoints/net/model.pdparams",
    }
    first, second = (
        nbformat.read(tmp_path / "out" / "notebooks" / path.name, as_version=4) for path in course
    )
    own = nbformat.read(course[0], as_version=4)
    assert [cell.id for cell in first.cells] == [cell.id for cell in own.cells[:2]]
    assert (first.cells[1].outputs, first.cells[1].execution_count) == ([], None)
    assert first.metadata == {"kernelspec": KERNEL}
    assert second.cells[1].outputs[0].data["text/plain"] == "2"


def test_the_kernel_by_its_name(course, tmp_path):
    handout.write_handout(tmp_path / "out", course, kernel="bisenet-1.0")
    for path in course:
        copy = nbformat.read(tmp_path / "out" / "notebooks" / path.name, as_version=4)
        assert copy.metadata.kernelspec.name == "bisenet-1.0"
    with pytest.raises(InputError, match="kernel 'BiSeNet course': a name has letters"):
        handout.write_handout(tmp_path / "other", course, kernel="BiSeNet course")
    assert not (tmp_path / "other").exists()


def test_a_link_to_what_is_not_handed_out_becomes_its_words(course, tmp_path):
    handout.write_handout(tmp_path / "out", course[:1])
    notebook = nbformat.read(tmp_path / "out" / "notebooks" / "00_a.ipynb", as_version=4)
    assert notebook.cells[0].source == (
        "![A picture](images/a.png) next source "
        "[page](https://x.org) [words](GLOSSARY.md) [net](../data/checkpoints/net)"
    )
    glossary = (tmp_path / "out" / "notebooks" / "GLOSSARY.md").read_text()
    assert glossary == "[00](00_a.ipynb#part) and 01\n"


def test_a_hand_out_is_replaced_and_data_and_results_stay(course, tmp_path):
    out = tmp_path / "out"
    handout.write_handout(out, course)
    for result in ("data/minicity/x.png", "runs/laptop/y.json"):
        (out / result).parent.mkdir(parents=True)
        (out / result).touch()
    (out / "notebooks" / ".ipynb_checkpoints").mkdir()
    handout.write_handout(out, course[:1])
    assert {"data/minicity/x.png", "runs/laptop/y.json"} < names(out)
    assert "notebooks/01_b.ipynb" not in names(out)
    assert {path.name for path in out.iterdir()} == {"notebooks", "data", "runs"}


def test_work_of_others_is_never_lost(course, tmp_path):
    out = tmp_path / "out"
    handout.write_handout(out, course)
    shutil.copy(course[0], out / "notebooks" / "mine.ipynb")
    with (out / "notebooks" / "01_b.ipynb").open("a") as file:
        file.write(" ")
    with pytest.raises(InputError, match=r"changed or added .*: 01_b.ipynb, mine.ipynb"):
        handout.write_handout(out, course)
    assert (out / "notebooks" / "mine.ipynb").exists()


def test_a_folder_that_holds_something_else_is_refused(course, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").touch()
    with pytest.raises(InputError, match="no hand-out"):
        handout.write_handout(out, course)
    with pytest.raises(InputError, match="no hand-out"):
        handout.write_handout(course[0].parents[1], course)
    with pytest.raises(InputError, match="cannot be written"):
        handout.write_handout(out / "thesis.tex" / "x", course)
    assert names(out) == {"thesis.tex"}


def test_a_stopped_hand_out_leaves_nothing_or_the_one_before(course, tmp_path, monkeypatch):
    out = tmp_path / "out"

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(handout, "_clear_outputs", stop)
        with pytest.raises(KeyboardInterrupt):
            handout.write_handout(out, course)
        assert not out.exists()
    handout.write_handout(out, course)
    before = names(out)
    (out / "notebooks").rename(out / ".notebooks.old")  # killed between two renames
    handout.write_handout(out, course)
    assert names(out) == before
