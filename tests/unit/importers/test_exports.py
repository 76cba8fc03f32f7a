"""From what a format's module finds to a data set: names, split, classes, and which is asked."""

import numpy as np
import pytest
from PIL import Image

from bisenet_lib.errors import InputError
from bisenet_lib.importers import exports
from bisenet_lib.importers.annotations import LEFT_OUT, AnnotatedImage, Annotations
from bisenet_lib.importers.exports import drawn_meaning, drawn_pairs, find_export
from bisenet_lib.importers.importing import import_folder

SIZE = (64, 32)


def drawn(size):
    """Classes 0 and 1, one row left out, one in no object."""
    label = np.zeros(size[::-1], np.uint8)
    label[10:], label[0], label[1] = 1, LEFT_OUT, 255
    return label


def export(folder, splits, **changes):
    """An export with an image for each name and split; missing where the split is "missing"."""
    images = []
    for name, split in splits.items():
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if split != "missing":
            Image.new("RGB", SIZE).save(path)
        split = None if split == "missing" else split
        images.append(AnnotatedImage(name, path, folder / "all.json", split, drawn))
    given = {"tool": "Drawn", "reason": "all.json", "names": ("apple", "pear"), "colours": None}
    return Annotations(**(given | changes), images=tuple(images))


@pytest.fixture
def as_drawn(monkeypatch):
    """Makes an export the only one that is recognised."""

    def use(annotations):
        monkeypatch.setattr(exports, "FORMATS", (("drawn", lambda folder: annotations),))

    return use


def test_names_are_without_the_folder_that_all_stand_in(tmp_path):
    files, splits = drawn_pairs(export(tmp_path, {"x/images/b": None, "x/images/sub/a": None}))
    assert [pair.name for pair in files.pairs] == ["b", "sub/a"]
    assert splits == {"b": None, "sub/a": None}


def test_missing_images_are_unpaired_but_not_those_of_the_test_split(tmp_path):
    annotations = export(tmp_path, {"a": None, "b": "missing", "c": "test"})
    (tmp_path / "c.png").unlink()
    files, _ = drawn_pairs(annotations)
    assert files.unpaired == (f"{tmp_path}/b.png: missing, and annotated in {tmp_path}/all.json.",)
    assert files.test == ("c",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a,b", "a comma or an outer space"), (" a", "a comma or an outer space")],
)
def test_names_that_no_list_can_hold(tmp_path, name, expected):
    with pytest.raises(InputError, match=expected):
        drawn_pairs(export(tmp_path, {name: None, "c": None}))


def test_two_images_of_one_name(tmp_path):
    annotations = export(tmp_path, {"a": None})
    second = AnnotatedImage("a", tmp_path / "a.jpg", tmp_path / "all.json", None, drawn)
    both = Annotations("Drawn", "all.json", ("a", "b"), None, (*annotations.images, second))
    with pytest.raises(InputError, match=r"a\.jpg: has the name of a\.png"):
        drawn_pairs(both)


@pytest.mark.parametrize(
    ("classes", "background", "names", "values"),
    [
        (None, None, ("apple", "pear"), (0, 1, 255, 255)),
        (None, "sky", ("sky", "apple", "pear"), (1, 2, 255, 0)),
        (None, "pear", ("apple", "pear"), (0, 1, 255, 1)),
        (("pear", "sky", "apple"), "sky", ("pear", "sky", "apple"), (2, 0, 255, 1)),
    ],
)
def test_classes_and_background(tmp_path, classes, background, names, values):
    """Values of apple, pear, what is left out, and of pixels in no object."""
    meaning = drawn_meaning(export(tmp_path, {"a": None}), classes, background)
    assert meaning.names == names
    assert tuple(meaning.indices[[0, 1, LEFT_OUT, 255]].tolist()) == values


def test_a_class_called_ignore_is_none(tmp_path):
    annotations = export(tmp_path, {"a": None}, names=("apple", "ignore", "pear"))
    meaning = drawn_meaning(annotations, None, "sky")
    assert meaning.names == ("sky", "apple", "pear")
    assert meaning.indices[:3].tolist() == [1, 255, 2]


def test_one_class_needs_a_background(tmp_path):
    annotations = export(tmp_path, {"a": None}, names=("apple",))
    with pytest.raises(InputError, match=r"1 class\(es\): apple.*--background NAME"):
        drawn_meaning(annotations, None, None)
    assert drawn_meaning(annotations, None, "sky").names == ("sky", "apple")


def test_the_exports_split_is_kept_and_a_list_goes_before_it(tmp_path, as_drawn):
    as_drawn(export(tmp_path / "in", {"a": "train", "b": "train", "c": "val", "d": "test"}))
    made = import_folder(tmp_path / "in", tmp_path / "out")
    assert {key: [one.name for one in ones] for key, ones in made.splits.items()} == {
        "train": ["a", "b"],
        "val": ["c"],
    }
    assert made.remarks[0] == "Recognised as Drawn, by all.json."
    assert "as test images: 1. d" in made.remarks[2]
    (tmp_path / "val.txt").write_text("a\n")
    made = import_folder(tmp_path / "in", tmp_path / "other", val=tmp_path / "val.txt")
    assert [one.name for one in made.splits["val"]] == ["a"]


def test_without_a_split_one_is_drawn(tmp_path, as_drawn):
    as_drawn(export(tmp_path / "in", dict.fromkeys("abcde")))
    made = import_folder(tmp_path / "in", tmp_path / "out")
    assert [len(examples) for examples in made.splits.values()] == [4, 1]
    assert not any("split is that" in remark for remark in made.remarks)


def test_what_is_said_of_masks_leads_to_masks(tmp_path, as_drawn):
    as_drawn(export(tmp_path / "in" / "images", dict.fromkeys("ab")))
    for name in "ab":
        (tmp_path / "in" / "masks").mkdir(exist_ok=True)
        Image.fromarray(drawn(SIZE) % 2).save(tmp_path / "in" / "masks" / f"{name}.png")
    by_itself = import_folder(tmp_path / "in", tmp_path / "1")
    assert by_itself.kind == "Drawn"
    for number, options in enumerate(({"masks": "masks"}, {"kind": "index"}), 2):
        assert import_folder(tmp_path / "in", tmp_path / str(number), **options).kind == "index"


def test_a_broken_export_says_as_what_it_was_read(monkeypatch, tmp_path):
    def broken(folder):
        raise InputError(f"{folder}/a.json: damaged.")

    monkeypatch.setattr(exports, "FORMATS", (("drawn", broken),))
    with pytest.raises(InputError, match=r"a\.json: damaged\.\n.* as --kind drawn"):
        find_export(tmp_path, "auto")
