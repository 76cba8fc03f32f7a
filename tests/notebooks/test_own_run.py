"""Lessons that go on from a run: one of the learner's own, and one that is finished."""

import shutil
from pathlib import Path

import nbformat
import pytest
from lessons import FOLDER, cells
from nbclient import NotebookClient

from bisenet_lib.config import configuration
from bisenet_lib.errors import InputError

DATA = FOLDER.parent / "data"


def test_an_export_of_an_own_run_gives_its_classes(tmp_path: Path):
    run = tmp_path / "run"
    configuration.save_config(
        configuration.load_config("laptop", dataset=DATA / "minicity"), run / "config.yml"
    )
    shutil.copy(DATA / "checkpoints/bisenetv2_minicity/model.pdparams", run)

    lesson = nbformat.read(FOLDER / "06_deployment.ipynb", as_version=4)
    lesson.cells = [cell for cell in lesson.cells if cell.cell_type == "code"]
    sources = [cell.source for cell in lesson.cells]
    last = next(n for n, text in enumerate(sources) if "classes as in this notebook" in text)
    del lesson.cells[last + 1 :]
    given = f'profile = "smoke"\nrun_dir = {str(tmp_path)!r}\nrun = {str(run)!r}'
    lesson.cells.insert(1, nbformat.v4.new_code_cell(given))
    NotebookClient(lesson, timeout=600, resources={"metadata": {"path": str(FOLDER)}}).execute()
    assert lesson.cells[-1].outputs[0].text.endswith("classes as in this notebook: True\n")


def test_a_long_training_that_is_finished_is_shown_and_not_begun_again(
    tiny, tmp_path, monkeypatch, capsys
):
    code = [cell.source for cell in cells(FOLDER / "03_training.ipynb", "code")]
    train = next(source for source in code if "trainer.fit(\n    settings," in source)
    run, settings = tmp_path / "run", configuration.load_config(tiny)
    values = {"__name__": "lesson", "profile": "cityscapes"}
    monkeypatch.chdir(FOLDER)
    exec(code[1], values)
    values |= {"settings": settings, "run": run, "seed": 0, "device": "cpu"}
    exec(train, values)
    first = values["result"]
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*.*") if path.suffix != ".onnx"}
    capsys.readouterr()
    exec(train, values)
    second = values["result"]
    assert "finished before, after 4 iterations" in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert (second.iterations, second.best_miou) == (first.iterations, first.best_miou)
    assert second.scores.miou == pytest.approx(first.scores.miou, abs=1e-3)
    assert second.images_per_second == pytest.approx(first.images_per_second, rel=0.5)
    values["settings"] = configuration.load_config(tiny, batch_size=1)
    with pytest.raises(InputError, match=r"a finished run, configured otherwise \(batch_size\)"):
        exec(train, values)
