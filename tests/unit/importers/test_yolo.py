"""YOLO's segmentation data sets, written as the tools write them.

Ultralytics: ``cfg/datasets/coco8-seg.yaml`` and the documentation of ``datasets/segment``.
Roboflow: ``data.yaml`` of the zip file with ``../train/images`` (which its own client changes to
absolute paths, ``core/version.py``). CVAT: ``yolo_format/converter.py`` of Datumaro, with lists
whose paths begin with ``data/``, and no label file for an image without polygons. Label Studio:
``convert_to_yolo`` in its ``converter.py``.
"""

import json
import pickle
import unicodedata

import numpy as np
import pytest
from PIL import Image

from bisenet_lib.errors import InputError
from bisenet_lib.importers import yolo

SIZE = (10, 8)
ROBOFLOW = """\
train: ../train/images
val: ../valid/images
test: ../test/images

nc: 2
names: ['apple', 'pear']

roboflow:
  workspace: orchard
  project: fruit
  version: 3
  license: CC BY 4.0
  url: https://universe.roboflow.com/orchard/fruit/dataset/3
"""
ROWS = "0 0.2 0.25 0.6 0.25 0.6 0.75 0.2 0.75\n1 0.7 0 0.9 0 0.9 0.25 0.7 0.25\n"
LABEL = np.array(
    [
        [255, 255, 255, 255, 255, 255, 255, 1, 1, 1],
        [255, 255, 255, 255, 255, 255, 255, 1, 1, 1],
        [255, 255, 0, 0, 0, 0, 0, 1, 1, 1],
        [255, 255, 0, 0, 0, 0, 0, 255, 255, 255],
        [255, 255, 0, 0, 0, 0, 0, 255, 255, 255],
        [255, 255, 0, 0, 0, 0, 0, 255, 255, 255],
        [255, 255, 0, 0, 0, 0, 0, 255, 255, 255],
        [255, 255, 255, 255, 255, 255, 255, 255, 255, 255],
    ]
)
"""(2, 2) to (6, 6) and (7, 0) to (9, 2): Pillow fills the pixels of the outline too."""


def save_image(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", SIZE, (90, 120, 30)).save(path)
    return path


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def root(tmp_path):
    """Roboflow's zip file."""
    root = tmp_path / "fruit-3"
    write(root / "data.yaml", ROBOFLOW)
    write(root / "README.roboflow.txt", "fruit - v3\n")
    for split, name in (("train", "a_jpg.rf.1"), ("train", "b"), ("valid", "c"), ("test", "d")):
        save_image(root / split / "images" / f"{name}.jpg")
        write(root / split / "labels" / f"{name}.txt", ROWS)
    return root


def drawn(found, number=0, size=SIZE):
    return pickle.loads(pickle.dumps(found.images[number].draw))(size)


def splits(found):
    return {image.name.rpartition("/")[2]: image.split for image in found.images}


def test_a_zip_file_of_roboflow(root):
    found = yolo.find(root)
    assert found.tool == "YOLO segmentation"
    assert found.reason == "data.yaml and polygons in labels"
    assert (found.names, found.colours, found.outlines) == (("apple", "pear"), None, True)
    assert [(image.name, image.split) for image in found.images] == [
        ("test/images/d", "test"),
        ("train/images/a_jpg.rf.1", "train"),
        ("train/images/b", "train"),
        ("valid/images/c", "val"),
    ]
    assert found.images[0].source == root / "test" / "labels" / "d.txt"
    assert found.remarks == ()
    np.testing.assert_array_equal(drawn(found), LABEL)


@pytest.mark.parametrize(
    "paths",
    [
        "train: {}/train/images\nval: {}/valid/images\ntest: ../test/images\n",
        "train: /content/fruit-3/train/images\nval: C:\\sets\\valid\\images\ntest: test/images\n",
        "path: .\ntrain: ./train/images\nval: [valid/images]\ntest: test/images/\n",
        "path: ../datasets/fruit\ntrain: [train]\nvalidation: valid\ntest: test\n",
    ],
)
def test_paths_as_they_are_written_on_other_computers(root, paths):
    names = "names:\n  0: apple\n  1: pear\n"
    write(root / "data.yaml", paths.format(root, root) + names)
    found = yolo.find(root)
    assert found.names == ("apple", "pear")
    assert splits(found) == {"a_jpg.rf.1": "train", "b": "train", "c": "val", "d": "test"}


def test_a_data_set_of_ultralytics(tmp_path):
    """images/train and labels/train, names by number; the YAML file has the set's name."""
    yaml = "path: coco8-seg # dataset root dir\ntrain: images/train\nval: images/val\ntest:\n"
    root = tmp_path / "coco8-seg"
    write(root / "coco8-seg.yaml", f"{yaml}\nnames:\n  0: person\n  1: bicycle\n")
    for name in ("train/deep/1", "val/2"):
        save_image(root / "images" / f"{name}.PNG")
        write(root / "labels" / f"{name}.txt", ROWS)
    write(root / "labels" / "classes.txt", "person\nbicycle\n")
    found = yolo.find(tmp_path)
    assert splits(found) == {"1": "train", "2": "val"}
    np.testing.assert_array_equal(drawn(found), LABEL)


def test_an_export_of_cvat(tmp_path):
    write(tmp_path / "data.yaml", "names:\n  0: apple\n  1: pear\npath: .\ntrain: train.txt\n")
    names = ("a b (1)", "ü", "c")
    lines = (f"data/images/train/{name}.jpg\n" for name in names)
    write(tmp_path / "train.txt", "".join(lines))
    for name in names:
        save_image(tmp_path / "images" / "train" / f"{name}.jpg")
    for name in names[:2]:
        write(tmp_path / "labels" / "train" / f"{name}.txt", ROWS)
    found = yolo.find(tmp_path)
    assert splits(found) == {"a b (1)": "train", "ü": "train", "c": "train"}
    np.testing.assert_array_equal(drawn(found), LABEL)
    np.testing.assert_array_equal(drawn(found, 1), np.full((8, 10), 255))
    assert found.remarks[0].startswith("Images without a label file, that is without an object")
    assert found.remarks[0].endswith("images/train/c.jpg")


def label_studio(root):
    """Categories by the numbers that the labelling configuration gives them."""
    categories = [{"id": 1, "name": "pear"}, {"id": 0, "name": "apple"}]
    info = {"year": 2024, "version": "1.0", "contributor": "Label Studio"}
    notes = json.dumps({"categories": categories, "info": info}, indent=2)
    write(root / "classes.txt", "pear\napple\n")
    for name in ("1f2e-a b", "77aa-c"):
        save_image(root / "images" / f"{name}.jpeg")
        write(root / "labels" / f"{name}.txt", ROWS)
    return write(root / "notes.json", notes)


def test_an_export_of_label_studio(tmp_path):
    label_studio(tmp_path / "project-1")
    found = yolo.find(tmp_path)
    assert found.reason == "project-1/notes.json and polygons in labels"
    assert found.names == ("apple", "pear")
    assert splits(found) == {"1f2e-a b": None, "77aa-c": None}
    np.testing.assert_array_equal(drawn(found), LABEL)


@pytest.mark.parametrize("notes", ["{}", "[]", '{"categories": [{"id": 0}]}'])
def test_an_export_of_label_studio_that_is_broken(tmp_path, notes):
    write(label_studio(tmp_path), notes)
    with pytest.raises(InputError, match=r"notes\.json: no categories with id and name"):
        yolo.find(tmp_path)


def test_an_export_of_label_studio_without_images(tmp_path):
    label_studio(tmp_path)
    for image in (tmp_path / "images").iterdir():
        image.unlink()
    with pytest.raises(InputError, match=r"notes\.json: no images.*export again with the images"):
        yolo.find(tmp_path)


def test_accents_as_macos_writes_them(root):
    for name in ("ü", "é"):
        decomposed = unicodedata.normalize("NFD", name)
        save_image(root / "train" / "images" / f"{decomposed}.jpg")
        write(root / "train" / "labels" / f"{name}.txt", ROWS)
    assert yolo.find(root).remarks == ()


def test_an_empty_label_is_an_image_without_objects(root):
    write(root / "test" / "labels" / "d.txt", "\n")
    np.testing.assert_array_equal(drawn(yolo.find(root)), np.full((8, 10), 255))


def test_small_objects_lie_over_large_ones_in_whatever_order(root):
    """As Ultralytics merges them (polygons2masks_overlap)."""
    small = "1 0.3 0.5 0.5 0.5 0.5 0.625 0.3 0.625\n"
    large = ROWS.splitlines(keepends=True)[0]
    expected = np.where(LABEL == 1, 255, LABEL)
    expected[4:6, 3:6] = 1
    for rows in (small + large, large + small):
        write(root / "test" / "labels" / "d.txt", rows)
        np.testing.assert_array_equal(drawn(yolo.find(root)), expected)


def test_polygons_that_reach_out_of_the_image_are_cut(root):
    write(root / "test" / "labels" / "d.txt", "1 -0.2 -0.5 0.2 -0.5 0.2 0.25 -0.2 0.25\n")
    expected = np.full((8, 10), 255)
    expected[:3, :3] = 1
    np.testing.assert_array_equal(drawn(yolo.find(root)), expected)


def test_an_image_that_stands_upright(root):
    label = drawn(yolo.find(root), size=(4, 20))
    assert label.shape == (20, 4)
    assert label[10, 1] == 0


def test_folders_that_the_export_does_not_have(root):
    (root / "test" / "images" / "d.jpg").unlink()
    (root / "test" / "images").rmdir()
    found = yolo.find(root)
    assert splits(found) == {"a_jpg.rf.1": "train", "b": "train", "c": "val"}
    remark = f"{root}/data.yaml: test: ../test/images, which is not there."
    assert found.remarks == (remark,)


def test_classes_without_names(root):
    write(root / "data.yaml", ROBOFLOW.replace("names: ['apple', 'pear']", ""))
    assert yolo.find(root).names == ("class_0", "class_1")


def test_other_folders(tmp_path):
    assert yolo.find(tmp_path) is None
    write(tmp_path / "labels" / "a.txt", ROWS)
    write(tmp_path / "compose.yaml", "name: x\nservices: {}\n")
    assert yolo.find(tmp_path) is None


# Bad input


def boxes(root):
    for path in root.glob("*/labels/*.txt"):
        write(path, "0 0.5 0.5 0.25 0.25\n1 0.2 0.2 0.1 0.1\n")
    return ["labels/a_jpg.rf.1.txt: boxes (class, centre, width, height)", "Export polygons"]


def key_points(root):
    write(root / "data.yaml", ROBOFLOW + "kpt_shape: [17, 3]\n")
    return [f"{root}/data.yaml: kpt_shape", "Export polygons"]


def no_yaml(root):
    write(root / "data.yaml", ROBOFLOW + "more: [\n")
    return [f"{root}/data.yaml: no readable YAML"]


def other_number(root):
    write(root / "data.yaml", ROBOFLOW.replace("nc: 2", "nc: 3"))
    return [f"{root}/data.yaml: nc is 3, and names has 2"]


def no_number(root):
    write(root / "data.yaml", ROBOFLOW.replace("nc: 2", "nc: two"))
    return [f"{root}/data.yaml: nc is 'two'"]


def endless_number(root):
    text = ROBOFLOW.replace("nc: 2", "nc: 3000000000").replace("names: ['apple', 'pear']", "")
    write(root / "data.yaml", text)
    return [f"{root}/data.yaml: nc is 3000000000; write the number of classes, 1 to 254"]


def endless_path(root):
    write(root / "data.yaml", ROBOFLOW.replace("../train/images", "x" * 300))
    return [f"{root}/data.yaml: no images: train: xxx"]


def repeated_name(root):
    write(root / "data.yaml", ROBOFLOW.replace("'pear'", "apple"))
    return [f"{root}/data.yaml: name 1, 'apple': the name of 0 too"]


def no_name(root):
    write(root / "data.yaml", ROBOFLOW.replace("'pear'", "no"))
    return [f"{root}/data.yaml: name 1 is False, not text. Put it in quotes"]


def gap(root):
    write(root / "data.yaml", ROBOFLOW.replace("['apple', 'pear']", "{0: apple, 2: pear}"))
    return [f"{root}/data.yaml: names has 0, 2, without 1"]


def no_index(root):
    write(root / "data.yaml", ROBOFLOW.replace("['apple', 'pear']", "{0: apple, x: pear}"))
    return [f"{root}/data.yaml: names: 'x' is no index"]


def no_list(root):
    write(root / "data.yaml", ROBOFLOW.replace("['apple', 'pear']", "apple"))
    return [f"{root}/data.yaml: names is 'apple'"]


def no_training_images(root):
    (root / "train" / "images").rename(root / "train" / "photos")
    return [f"{root}/data.yaml: no images: train: ../train/images", f"looked for in {root} only"]


def out_of_the_folder(root):
    save_image(root.parent / "train" / "images" / "x.jpg")
    (root / "train").rename(root / "elsewhere")
    return [f"{root}/data.yaml: no images: train: ../train/images"]


def one_folder_for_two_splits(root):
    write(root / "data.yaml", ROBOFLOW.replace("../valid", "../train"))
    return [f"{root}/train/images/b.jpg: in train and in val"]


def no_path(root):
    write(root / "data.yaml", ROBOFLOW.replace("../valid/images", "{a: b}"))
    return [f"{root}/data.yaml: val: {{'a': 'b'}} is no path"]


def missing_image(root):
    (root / "valid" / "images" / "c.jpg").unlink()
    save_image(root / "valid" / "images" / "c2.jpg")
    return [f"{root}/valid/labels/c.txt: a label without an image"]


def missing_image_of_a_list(root):
    write(root / "data.yaml", ROBOFLOW.replace("../valid/images", "val.txt"))
    write(root / "val.txt", "valid/images/c.jpg\nvalid/images/x.jpg\n../../etc/hosts\n")
    return [
        f"{root}/val.txt, line 2: valid/images/x.jpg: no such image in {root}",
        f"{root}/val.txt, line 3: ../../etc/hosts: no such image",
    ]


def two_images(root):
    save_image(root / "valid" / "images" / "c.png")
    return [f"{root}/valid/images/c.png: has the label of c.jpg"]


def two_labels(root):
    write(root / "valid" / "labels" / "c.TXT", ROWS)
    return [f"{root}/valid/labels/c.txt: a second label beside c.TXT"]


def two_data_sets(root):
    (root / "data.yaml").rename(root / "one.yaml")
    write(root / "two.yml", ROBOFLOW)
    return [f"{root}: holds several data sets: one.yaml, two.yml"]


@pytest.mark.parametrize(
    "damage",
    [
        endless_number, endless_path,
        boxes, key_points, no_yaml, other_number, no_number, repeated_name, no_name, gap, no_index,
        no_list, no_training_images, out_of_the_folder, one_folder_for_two_splits, no_path,
        missing_image, missing_image_of_a_list, two_images, two_labels, two_data_sets,
    ],
)  # fmt: skip
def test_bad_data_sets(root, damage):
    parts = damage(root)
    with pytest.raises(InputError) as error:
        yolo.find(root)
    for part in parts:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2 0 0 1 0 1 1", r"line 3: the class 2; the names are of 0 to 1 \(apple, pear\)"),
        ("-1 0 0 1 0 1 1", "line 3: the class -1;"),
        ("0.5 0 0 1 0 1 1", "line 3: the class 0.5;"),
        ("apple 0 0 1 0 1 1", "line 3: could not convert string to float: 'apple'"),
        ("1 nan 0 1 0 1 1", r"line 3: a number that is none"),
        ("1 0.5 0.5 0.25 0.25", r"line 3 \('pear'\): a box, not a polygon"),
        ("1 0.5 0.5 0.25 0.25 0.9", r"line 3 \('pear'\): a box"),
        ("1 0 0 1 0 1 1 0.5", r"line 3 \('pear'\): 7 coordinates; a polygon has 3"),
        ("1 0 0", r"line 3 \('pear'\): 2 coordinates"),
        ("1", r"line 3 \('pear'\): 0 coordinates"),
        ("1 0 0 640 0 640 480", r"line 3 \('pear'\): a point at 640; .* not pixels"),
        ("1 1.1 0 1.2 0 1.2 1", r"line 3 \('pear'\): outside the image: x from 1.1 to 1.2"),
        ("1 0 -0.2 1 -0.2 1 0", r"line 3 \('pear'\): outside the image: y from -0.2 to 0"),
    ],
)
def test_bad_labels(root, row, message):
    path = write(root / "test" / "labels" / "d.txt", f"{ROWS}{row}\n")
    with pytest.raises(InputError, match=f"{path}, {message}"):
        drawn(yolo.find(root))


def test_a_label_that_is_no_text(root):
    path = root / "test" / "labels" / "d.txt"
    path.write_bytes(b"0 0 0 1 \xff\xfe")
    with pytest.raises(InputError, match=f"{path}: unreadable"):
        drawn(yolo.find(root))
