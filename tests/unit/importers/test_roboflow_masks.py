"""Roboflow's "Semantic Segmentation Masks" (png-mask-semantic).

The files are written as a data set that was exported in 2024 has them: per split ``_classes.csv``
with a space after the comma and no line break at its end, ``NAME_jpg.rf.HASH.jpg`` and
``NAME_jpg.rf.HASH_mask.png``, and at the top ``README.dataset.txt`` and ``README.roboflow.txt``.
"""

import pickle

import numpy as np
import pytest
from PIL import Image

from bisenet_lib.errors import InputError
from bisenet_lib.importers.annotations import LEFT_OUT
from bisenet_lib.importers.roboflow_masks import find

SIZE = (6, 4)
TABLE = "Pixel Value, Class\n0, background\n1, apple\n2, red pear"
VALUES = np.array(
    [[0, 0, 1, 1, 0, 0], [0, 1, 1, 1, 0, 0], [0, 0, 0, 2, 2, 2], [0, 0, 0, 2, 2, 2]], np.uint8
)


def save_pair(folder, name, values=VALUES, suffix=".jpg", **options):
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (values.shape[1], values.shape[0])).save(folder / (name + suffix), **options)
    Image.fromarray(values).save(folder / f"{name}_mask.png")


@pytest.fixture
def export(tmp_path):
    folder = tmp_path / "fruit.v1i.png-mask-semantic"
    for split, names in {"train": "ab", "valid": "c", "test": "d"}.items():
        for name in names:
            save_pair(folder / split, f"{name}_jpg.rf.3c52a7403c54eace30f5480cdc2cff12")
        (folder / split / "_classes.csv").write_text(TABLE)
    for name in ("README.dataset.txt", "README.roboflow.txt"):
        (folder / name).write_text("fruit > 2024-05-01\n")
    return folder


def test_an_export_is_read_with_its_split_and_its_classes(export):
    found = find(export)
    assert found.tool == "Roboflow, 'Semantic Segmentation Masks'"
    assert found.reason == "test/_classes.csv with the line 'Pixel Value, Class'"
    assert found.names == ("background", "apple", "red pear")
    assert found.colours is None
    assert not found.outlines
    ending = "_jpg.rf.3c52a7403c54eace30f5480cdc2cff12"
    assert [(image.name, image.split) for image in found.images] == [
        (f"test/d{ending}", "test"),
        (f"train/a{ending}", "train"),
        (f"train/b{ending}", "train"),
        (f"valid/c{ending}", "val"),
    ]
    assert found.images[1].image == export / "train" / f"a{ending}.jpg"
    assert found.images[1].source == export / "train" / f"a{ending}_mask.png"
    for image in found.images:
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(image.draw))(SIZE), VALUES)


def test_the_folder_above_and_one_split_alone_are_recognised(export):
    assert len(find(export.parent).images) == 4
    assert {image.split for image in find(export / "train").images} == {"train"}


def test_names_with_spaces_brackets_and_upper_case(tmp_path):
    for name in ("a (1) [é]", "B.JPG.rf.1"):
        save_pair(tmp_path / "train", name, suffix=".JPG")
    save_pair(tmp_path / "train", "x_mask", suffix=".png")  # an image that is called like a mask
    (tmp_path / "train" / "_classes.csv").write_text(TABLE)
    found = find(tmp_path).images
    names = ["train/B.JPG.rf.1", "train/a (1) [é]", "train/x_mask"]
    assert [image.name for image in found] == names
    assert found[2].source.name == "x_mask_mask.png"


def test_an_image_without_objects_and_a_class_called_ignore(tmp_path):
    save_pair(tmp_path / "train", "a", np.zeros((4, 6), np.uint8))
    save_pair(tmp_path / "train", "b")
    (tmp_path / "train" / "_classes.csv").write_text(TABLE.replace("apple", "ignore"))
    found = find(tmp_path)
    assert found.names == ("background", "red pear")
    assert (found.images[0].draw(SIZE) == 0).all()
    expected = np.array([0, LEFT_OUT, 1], np.uint8)[VALUES]
    np.testing.assert_array_equal(found.images[1].draw(SIZE), expected)


def test_other_formats_are_left_to_others(tmp_path):
    assert find(tmp_path) is None
    # Roboflow's multi-label classification
    (tmp_path / "_classes.csv").write_text("filename, apple, pear\na.jpg, 1, 0\n")
    assert find(tmp_path) is None


def rewrite(export, old, new):
    for path in export.glob("*/_classes.csv"):
        path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1, apple\n", "", r"values 0, 2, without 1\. Every value"),
        ("2, red", "1, red", r"line 4: the value 1 is there twice"),
        ("red pear", "apple", r"the class 'apple' is there 2 times"),
        ("1, apple", "1, ", r"line 3: '1, '; it has to be VALUE, NAME"),
        ("1, apple", "one, apple", r"line 3: 'one, apple'"),
        ("1, apple", "-1, apple", r"line 3: '-1, apple'"),
    ],
)
def test_a_broken_table_is_refused(export, old, new, message):
    rewrite(export, old, new)
    with pytest.raises(InputError, match=rf"_classes\.csv.*{message}"):
        find(export)


def test_a_table_without_a_class_or_with_too_many_is_refused(export):
    rewrite(export, TABLE, "Pixel Value, Class\n")
    with pytest.raises(InputError, match=r"0 classes; 1 to 254"):
        find(export)
    lines = "\n".join(f"{value}, class {value}" for value in range(255))
    rewrite(export, "Pixel Value, Class\n", f"Pixel Value, Class\n{lines}")
    with pytest.raises(InputError, match=r"255 classes; 1 to 254"):
        find(export)


def test_splits_with_other_classes_are_two_exports(export):
    table = export / "valid" / "_classes.csv"
    table.write_text(TABLE.replace("apple", "plum"))
    with pytest.raises(InputError, match=r"valid/_classes\.csv: other classes than .*test/_cl"):
        find(export)


def test_halves_of_pairs_and_two_images_of_one_name_are_refused(export):
    train = export / "train"
    next(train.glob("a*_mask.png")).unlink()
    next(train.glob("b*.jpg")).unlink()
    save_pair(train, "c")
    Image.new("RGB", SIZE).save(train / "c.png")
    (train / "d.webp").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        find(export)
    message = str(caught.value)
    assert f"{train}/a_jpg.rf.3c52a7403c54eace30f5480cdc2cff12.jpg: no mask a_jpg.rf." in message
    assert f"{train}/b_jpg.rf.3c52a7403c54eace30f5480cdc2cff12_mask.png: no image b_jp" in message
    assert f"{train}/c.png: has the name of c.jpg" in message
    assert f"{train}/d.webp: images are PNG or JPEG" in message


def test_no_image_at_all_is_refused(tmp_path):
    (tmp_path / "_classes.csv").write_text(TABLE)
    with pytest.raises(InputError, match="no image beside it"):
        find(tmp_path)


def draw_of(tmp_path, values, size=SIZE, **options):
    save_pair(tmp_path / "train", "a", values, **options)
    (tmp_path / "train" / "_classes.csv").write_text(TABLE)
    return find(tmp_path).images[0].draw(size)


def test_a_mask_that_does_not_fit_is_refused_when_it_is_drawn(tmp_path):
    wrong = VALUES.copy()
    wrong[1, 2] = 7
    with pytest.raises(InputError, match=r"a_mask\.png: value 7 outside .*row 1, column 2, 1 pi"):
        draw_of(tmp_path, wrong)
    with pytest.raises(InputError, match=r"a_mask\.png: 6x4 pixels, its image has 8x4"):
        draw_of(tmp_path, VALUES, size=(8, 4))
    exif = Image.Exif()
    exif[0x0112] = 6
    with pytest.raises(InputError, match=r"its image has 4x6, turned as its EXIF orientation"):
        draw_of(tmp_path, VALUES, size=(4, 6), exif=exif)
    mask = tmp_path / "train" / "a_mask.png"
    Image.fromarray(VALUES).save(mask, format="JPEG")
    with pytest.raises(InputError, match="a JPEG changes values"):
        find(tmp_path).images[0].draw((4, 6))
    mask.write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"a_mask\.png: no image"):
        find(tmp_path).images[0].draw((4, 6))
