import glob
import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling
from cityscapesscripts.helpers.csHelpers import getCoreImageFileName
from PIL import Image

from bisenet_lib.data.cityscapes import find_frames
from bisenet_lib.data.inspection import inspect
from bisenet_lib.errors import InputError


def test_frames_are_found_in_order_and_named_as_cityscapes_names_them(tree):
    frames = find_frames(tree)
    assert [(frame.split, frame.stem) for frame in frames] == [
        ("train", "aachen_000000_000019"),
        ("train", "aachen_000001_000019"),
        ("train", "bochum_000000_000313"),
        ("val", "frankfurt_000000_000294"),
        ("val", "munster_000000_000019"),
        ("test", "berlin_000000_000019"),
    ]
    for frame in frames:
        for path in (frame.image, frame.polygons, frame.label_ids, frame.instance_ids, frame.color):
            assert path.is_file()
            assert getCoreImageFileName(str(path)) == frame.stem
        assert frame.label_train_ids.name == f"{frame.stem}_gtFine_labelTrainIds.png"
        assert frame.city == frame.image.parent.name


def test_frames_of_one_split(tree):
    names = [frame.stem for frame in find_frames(tree, "val")]
    assert names == ["frankfurt_000000_000294", "munster_000000_000019"]


def test_a_missing_label_moves_no_other(tree):
    first = find_frames(tree, "train")[0]
    first.label_ids.unlink()
    pairs = {frame.image.name: frame.label_ids.name for frame in find_frames(tree, "train")}
    assert all(label.startswith(image[:20]) for image, label in pairs.items())
    assert len(pairs) == 3


def test_cityscapesscripts_scorer_finds_the_same_labels(tree, monkeypatch):
    monkeypatch.setenv("CITYSCAPES_DATASET", str(tree))
    scorer = importlib.reload(evalPixelLevelSemanticLabeling)
    found = sorted(map(Path, glob.glob(scorer.args.groundTruthSearch)))  # noqa: PTH207
    assert found == [frame.label_ids for frame in find_frames(tree, "val")]


@pytest.mark.parametrize(
    ("split", "said"), [("training", "'training'"), ("val", "empty split.*Unpack")]
)
def test_unknown_or_empty_split(tree, split, said):
    for frame in find_frames(tree, "val"):
        frame.image.unlink()
    with pytest.raises(InputError, match=said):
        find_frames(tree, split)


def test_no_data_set(tmp_path):
    with pytest.raises(InputError, match="no folder leftImg8bit"):
        find_frames(tmp_path / "nowhere")
    (tmp_path / "leftImg8bit").mkdir()
    with pytest.raises(InputError, match="no frame"):
        inspect(tmp_path)


def test_report_of_a_whole_tree(tree):
    report = inspect(tree)
    assert report.frames == {
        "train": {"aachen": 2, "bochum": 1},
        "val": {"frankfurt": 1, "munster": 1},
        "test": {"berlin": 1},
    }
    assert report.sizes == {"64x32": 6}
    assert report.files == {"labelIds": 6, "instanceIds": 6, "polygons": 6, "color": 6}
    assert report.problems == ()
    assert json.loads(json.dumps(report.as_dict()))["frames"] == report.frames
    assert "| train | 2 | 3 | aachen 2, bochum 1 |" in report.markdown()


def test_shares_of_a_hand_made_label(tree):
    # a quarter void (0), a quarter road (7), a half sky (23)
    for frame in find_frames(tree, "val"):
        ids = np.full((32, 64), 23, np.uint8)
        ids[:16, :32], ids[16:, :32] = 0, 7
        Image.fromarray(ids).save(frame.label_ids)
    report = inspect(tree)
    assert report.ignored("val") == 0.25
    shares = report.shares("val")
    assert shares[0] == pytest.approx(1 / 3) and shares[10] == pytest.approx(2 / 3)
    assert shares.sum() == pytest.approx(1)
    assert report.as_dict()["labels"]["val"] == {"unlabeled": 1024, "road": 1024, "sky": 2048}


def test_label_counts_are_the_same_from_every_source(tree):
    expected = inspect(tree).as_dict()["labels"]
    for gone in ("label_ids", "instance_ids"):
        for frame in find_frames(tree):
            getattr(frame, gone).unlink()
        report = inspect(tree)
        assert report.problems == ()
        assert report.as_dict()["labels"] == expected


def test_two_processes_report_as_one(tree):
    find_frames(tree, "train")[1].image.write_bytes(b"no image")
    find_frames(tree, "val")[0].label_ids.unlink()
    assert inspect(tree, workers=2).as_dict() == inspect(tree).as_dict()


def test_every_fault_is_reported_with_its_file(tree):
    frames = find_frames(tree)
    frames[0].image.write_bytes(frames[0].image.read_bytes()[:-100])
    frames[1].color.write_bytes(b"")
    frames[2].polygons.write_text("{")
    for path in (frames[3].label_ids, frames[3].instance_ids, frames[3].polygons):
        path.unlink()
    Image.new("L", (64, 32), 77).save(frames[4].label_train_ids)
    frames[4].image.rename(frames[4].image.with_name("munster.png"))
    stray = tree / "gtFine" / "val" / "munster_000009_000019_gtFine_labelIds.png"
    stray.touch()
    problems = inspect(tree).problems

    def said(path: Path) -> str:
        return " ".join(problem for problem in problems if problem.startswith(f"{path}: "))

    assert "truncated" in said(frames[0].image)
    assert "0 bytes" in said(frames[1].color)
    assert "JSON" in said(frames[2].polygons)
    assert "missing" in said(frames[3].label_ids)
    assert "orphaned" in said(frames[4].label_train_ids)
    assert "misnamed" in said(frames[4].image.with_name("munster.png"))
    assert "misnamed" in said(stray)
    assert len(problems) == 6 + len(list(frames[4].label_ids.parent.iterdir()))


def test_files_of_other_tools_are_no_problem(tree):
    frame = find_frames(tree)[0]
    frame.image.with_name(".DS_Store").touch()
    frame.image.with_name("Thumbs.db").touch()
    frame.label_ids.with_name(f"{frame.stem}_gtFine_instanceTrainIds.png").touch()
    (tree / "leftImg8bit" / "demoVideo").mkdir()
    assert inspect(tree).problems == ()
