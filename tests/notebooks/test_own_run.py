"""The lesson on deployment takes a run of the learner's own, which scales its images."""

import shutil
from pathlib import Path

import nbformat
from lessons import FOLDER
from nbclient import NotebookClient

from bisenet_lib import config

DATA = FOLDER.parent / "data"


def test_an_export_of_an_own_run_gives_its_classes(tmp_path: Path):
    run = tmp_path / "run"
    config.save(config.load("laptop", dataset=DATA / "minicity"), run / "config.yml")
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
