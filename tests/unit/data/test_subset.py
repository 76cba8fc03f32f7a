"""A small data set made from a larger one: which frames, how they are scaled, when it is made."""

import json
import os
import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bisenet_lib.course import notebook
from bisenet_lib.data import conversion, inspection, subset
from bisenet_lib.data.cityscapes import Frame, find_frames, read_ids
from bisenet_lib.data.file_lists import read_list
from bisenet_lib.data.label_io import read_instances
from bisenet_lib.data.polygons import read_objects
from bisenet_lib.errors import InputError

TINY = subset.Bounds({"train": 2, "val": 2, "test": 1}, {"train": 1, "val": 1}, (32, 16))


@pytest.fixture
def bounds(monkeypatch):
    """Set the bounds of the laptop profile."""

    def chosen(**changes):
        monkeypatch.setitem(subset.BOUNDS, "laptop", replace(TINY, **changes))

    chosen()
    return chosen


@pytest.fixture
def make(bounds, tree, tmp_path):
    return lambda: subset.make(tree, "laptop", tmp_path / "subsets")


def files(root):
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def frames_of(counts, root="."):
    return [
        Frame(root, split, f"city{number % 18:02}", f"city{number % 18:02}_{number:06}_000019")
        for split, count in counts.items()
        for number in range(count)
    ]


def test_frames_are_spread_over_all_cities_and_none_is_taken_twice():
    frames = sorted(frames_of({"train": 2975, "val": 500, "test": 1525}), key=lambda one: one.stem)
    chosen = subset.choose(frames, subset.BOUNDS["laptop"])
    assert len(set(chosen)) == len(chosen) == 160 + 40 + 8
    assert len({frame.city for frame in chosen if frame.split == "train"}) == 18


def test_a_data_set_within_the_bounds_is_taken_as_it_is():
    frames = frames_of({"train": 160, "val": 10})
    assert subset.choose(frames, subset.BOUNDS["laptop"]) == frames


def test_frames_are_repeated_where_a_lesson_needs_more():
    one_each = frames_of({"train": 1, "val": 1})
    chosen = subset.choose(one_each, subset.BOUNDS["laptop"])
    assert [frame.split for frame in chosen] == 8 * ["train"] + 10 * ["val"]
    three = subset.choose(frames_of({"train": 3}), subset.BOUNDS["laptop"])
    assert [int(frame.stem[-8]) for frame in three] == [0, 0, 0, 1, 1, 1, 2, 2]


def test_a_scaled_frame_keeps_its_ids_and_its_proportions(tree, tmp_path):
    frame = find_frames(tree, "train")[0]
    target = replace(frame, root=tmp_path / "small")
    subset.scale_frame(frame, target, (30, 16))
    with Image.open(target.image) as image:
        assert (image.size, image.mode) == ((30, 15), "RGB")
        mean = np.asarray(image).mean()
    assert abs(mean - np.asarray(Image.open(frame.image)).mean()) < 2
    ids, rows, columns = read_ids(frame, (64, 32)), np.arange(15), np.arange(30)
    middle = np.ix_(((rows + 0.5) * 32 / 15).astype(int), ((columns + 0.5) * 64 / 30).astype(int))
    assert (read_ids(target, (30, 15)) == ids[middle]).all()
    instances = read_instances(frame.instance_ids)[middle]
    assert instances.max() > 1000 and (read_instances(target.instance_ids) == instances).all()
    before, after = read_objects(frame.polygons), read_objects(target.polygons)
    assert [one["label"] for one in after] == [one["label"] for one in before]
    points = [np.array(one["polygon"]) for one in (before[3], after[3])]
    assert np.abs(points[0] * 15 / 32 - points[1]).max() <= 0.5


def test_a_deleted_object_may_have_no_polygon(tree, tmp_path):
    frame = find_frames(tree, "train")[0]
    annotation = json.loads(frame.polygons.read_text())
    deleted = {"label": "car", "deleted": 1, "polygon": []}
    annotation["objects"] += [deleted, {"label": "car", "deleted": 1}]
    frame.polygons.write_text(json.dumps(annotation))
    target = replace(frame, root=tmp_path / "small")
    subset.scale_frame(frame, target, (32, 16))
    assert read_objects(target.polygons)[-2:] == [deleted, {"label": "car", "deleted": 1}]


def test_a_frame_is_never_enlarged_and_what_it_lacks_is_left_out(tree, tmp_path):
    frame = find_frames(tree, "train")[0]
    ids = read_ids(frame, (64, 32))
    frame.label_ids.unlink()
    frame.polygons.unlink()
    frame.color.unlink()
    target = replace(frame, root=tmp_path / "small")
    subset.scale_frame(frame, target, (640, 320))
    assert (np.asarray(Image.open(target.image)) == np.asarray(Image.open(frame.image))).all()
    assert (read_ids(target, (64, 32)) == ids).all(), "from instanceIds"
    assert not target.polygons.exists() and not target.color.exists()


def test_a_subset_is_a_whole_data_set_and_the_large_one_is_untouched(make, tree):
    before = files(tree)
    made = make()
    assert files(tree) == before
    assert "laptop looks at 5 of 6 frames, scaled to fit 32 x 16 (" in made.note
    assert str(made.root) in made.note and "repeatedly" not in made.note
    lists = conversion.prepare(made.root)
    assert {split: len(read_list(lists[split], made.root)) for split in ("train", "val")} == {
        "train": 2,
        "val": 2,
    }
    report = inspection.inspect(made.root)
    assert report.problems == ()
    assert report.sizes == {"32x16": 5}
    assert report.files == dict.fromkeys(report.files, 5) and len(report.files) == 5


def test_two_frames_are_enough(bounds, make, tree):
    extra = [
        find_frames(tree, "train")[1:],
        find_frames(tree, "val")[1:],
        find_frames(tree, "test"),
    ]
    for frame in (one for frames in extra for one in frames):
        for path in tree.rglob(f"{frame.stem}_*"):
            path.unlink()
    for trees in ("leftImg8bit", "gtFine"):
        (tree / trees / "test" / "berlin").rmdir()
        (tree / trees / "test").rmdir()
    (one,) = find_frames(tree, "val")
    bounds(most={"train": 9, "val": 9, "test": 9}, least={"train": 8, "val": 3})
    made = make()
    assert "Lessons need 8 train and 3 val frames, so some are in it repeatedly" in made.note
    conversion.prepare(made.root)
    assert len(find_frames(made.root, "train")) == 8
    val = find_frames(made.root, "val")
    assert [frame.stem for frame in val] == [
        one.stem,
        f"{one.city}_999998_000294",
        f"{one.city}_999999_000294",
    ]
    assert len({frame.image.read_bytes() for frame in val}) == 1


def test_a_subset_is_made_once_and_again_when_its_source_changes(make, tree):
    root = make().root
    before = files(root)
    assert make().root == root and files(root) == before
    frame = find_frames(tree, "train")[0]
    other = find_frames(tree, "train")[1]
    shutil.copy(other.label_ids, frame.label_ids)
    os.utime(frame.label_ids, (1, 1))
    assert make().root == root
    small = next(one for one in find_frames(root, "train") if one.stem == frame.stem)
    there, here = read_ids(frame, (64, 32)), read_ids(small, (32, 16))
    assert (here == there[1::2, 1::2]).all()


def test_misnamed_files_are_counted(make, tree):
    frame = find_frames(tree, "train")[0]
    frame.image.rename(frame.image.with_name("photo.png"))
    assert "Files with a wrong name or place: 5. `bisenet inspect`" in make().note


def test_two_data_sets_of_one_name_have_a_subset_each(make, tree, tmp_path):
    other = shutil.copytree(tree, tmp_path / "other" / tree.name)
    assert subset.make(other, "laptop", tmp_path / "subsets").root != make().root


def test_a_data_set_within_the_bounds_and_a_profile_without_bounds_make_no_subset(
    bounds, make, tree, tmp_path
):
    assert subset.make(tree, "cityscapes", tmp_path / "subsets") == subset.Subset(tree, "")
    bounds(most={"train": 3, "val": 2, "test": 1}, size=(64, 32))
    assert make() == subset.Subset(tree, "")
    assert not (tmp_path / "subsets").exists()
    bounds(most={"train": 3, "val": 2, "test": 1}, size=(63, 32))
    assert make().root != tree


def test_a_damaged_frame_is_named_and_leaves_no_subset(make, tree, tmp_path):
    frame = find_frames(tree, "train")[0]
    frame.label_ids.write_bytes(frame.label_ids.read_bytes()[:-20])
    with pytest.raises(InputError, match=rf"{frame.label_ids}: truncated"):
        make()
    assert not list((tmp_path / "subsets").iterdir())


def test_two_lessons_at_once_share_one_subset(make):
    made = []
    threads = [threading.Thread(target=lambda: made.append(make())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2 and made[0] == made[1]


def test_a_lesson_tells_what_it_looks_at(bounds, tree, tmp_path, monkeypatch, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    root = notebook.open_dataset(tree, "laptop")
    assert "looks at 5 of 6 frames" in capsys.readouterr().out
    assert root.parent == notebook.SUBSETS and (root / "train.txt").is_file()
    assert not (tree / "train.txt").exists()


def test_a_place_that_is_not_there_is_not_made(make, tmp_path, monkeypatch, tree):
    with pytest.raises(InputError, match=r"nowhere/subsets: cannot be written"):
        subset.make(tree, "laptop", tmp_path / "nowhere" / "subsets")
    assert not (tmp_path / "nowhere").exists()
