"""A lesson on a data set that is much smaller than MiniCity."""

import shutil

import nbformat
from lessons import FOLDER
from nbclient import NotebookClient

from bisenet_lib.data.cityscapes import find_frames

DATA = FOLDER.parent / "data"


def test_the_lesson_on_data_runs_on_two_frames(tmp_path):
    for split in ("train", "val"):
        frame = find_frames(DATA / "minicity", split)[0]
        for path in (frame.image, *frame.polygons.parent.glob(f"{frame.stem}_*")):
            target = tmp_path / "two" / path.relative_to(DATA / "minicity")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "checkpoints").symlink_to(DATA / "checkpoints")

    lesson = nbformat.read(FOLDER / "01_dataset.ipynb", as_version=4)
    given = 'profile = "smoke"\ndataset = "../two"'
    lesson.cells.insert(3, nbformat.v4.new_code_cell(given))
    where = {"metadata": {"path": str(tmp_path / "notebooks")}}
    NotebookClient(lesson, timeout=600, resources=where).execute()
    printed = "".join(
        out.get("text", "") for cell in lesson.cells for out in cell.get("outputs", ())
    )
    assert "The profile smoke looks at 2 of 2 frames" in printed
    assert "18 frames, 0 problems" in printed
    assert not (tmp_path / "two" / "train.txt").exists(), "the data set itself is only read"
