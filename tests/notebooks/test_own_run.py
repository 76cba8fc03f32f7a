"""Lessons that go on from a run: one of the learner's own, and one that is finished."""

import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from lessons import FOLDER, cells
from nbclient import NotebookClient

from bisenet_lib.config import configuration
from bisenet_lib.errors import InputError
from bisenet_lib.training.launcher import Plan

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
    values = {"__name__": "lesson"}
    monkeypatch.chdir(FOLDER)
    exec(code[0], values)
    values["profile"] = "cityscapes"
    exec(code[1], values)
    values |= {"settings": settings, "run": run, "device": "cpu"}
    exec(train, values)
    first = values["result"]
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*.*") if path.suffix != ".onnx"}
    capsys.readouterr()
    values |= {"profile": "laptop", "resume": True}
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
    values |= {"run": tmp_path / "other", "precision": "bf16"}
    with pytest.raises(InputError, match="precision bf16 needs a GPU"):
        exec(train, values)


@pytest.fixture
def job(tmp_path, monkeypatch):
    """The names of 04_multi_gpu after its first cells, and the cells of *A whole job*."""
    code = [cell.source for cell in cells(FOLDER / "04_multi_gpu.ipynb", "code")]
    values = {"__name__": "lesson"}
    monkeypatch.chdir(FOLDER)
    exec(code[0], values)
    exec(code[1], values)
    values |= {"here": tmp_path, "bisenet": Path(sys.executable).with_name("bisenet")}
    first = next(n for n, source in enumerate(code) if source.startswith("plan = Plan(processes"))
    return values, *code[first : first + 3]


def test_a_job_on_eight_gpus_sees_the_images_of_the_recipe(job, tree, capsys):
    values, plan, *_ = job
    values |= {"profile": "cityscapes", "whole": tree, "gpus": "0,1,2,3,4,5,6,7"}
    exec(plan, values)
    assert capsys.readouterr().out == "8 ranks x 4 images: learning rate 0.1, 80,000 iterations\n"
    written = configuration.load_config(values["here"] / "job.yml")
    assert (written["iters"], written["batch_size"]) == (80_000, 4)
    assert written["lr_scheduler"]["learning_rate"] == pytest.approx(0.1)
    values |= {"batch_size": 2, "iters": 500, "learning_rate": 0.03}
    exec(plan, values)
    written = configuration.load_config(values["here"] / "job.yml")
    assert (written["iters"], written["batch_size"]) == (500, 2)
    assert written["lr_scheduler"]["learning_rate"] == pytest.approx(0.03)


def test_a_job_of_two_ranks_is_resumed_and_once_finished_only_reported(job, tiny, capsys):
    values, _, start, report = job
    values |= {"plan": Plan(2), "save_interval": 1}
    for iters in (1, 2, 2):
        values["job"] = configuration.load_config(tiny, batch_size=1, iters=iters)
        configuration.save_config(values["job"], values["here"] / "job.yml")
        exec(start, values)
        exec(report, values)
    folder = values["here"]
    assert sorted(path.name for path in (folder / "job").glob("iter_*")) == ["iter_1", "iter_2"]
    logs = sorted((folder / "job.log").glob("workerlog.0*"), key=lambda log: log.stat().st_mtime)
    assert [f"resumed from {folder / 'job' / 'iter_1'}" in log.read_text() for log in logs] == [
        False,
        True,
    ]
    assert len(values["evaluations"]) == 2
    assert "2 ranks, 2 iterations" in capsys.readouterr().out
