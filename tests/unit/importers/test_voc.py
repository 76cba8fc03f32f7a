"""Pascal VOC's folders, written as in VOCtrainval_11-May-2012 (its devkit_doc.html)."""

import unicodedata
from functools import partial

import folders
import numpy as np
import pytest
from folders import save_list
from PIL import Image

from bisenet_lib.data.image_io import check_image
from bisenet_lib.errors import InputError
from bisenet_lib.importers import voc

SIZE = (6, 4)
PALETTE = [channel for colour in voc.voc_colours(256) for channel in colour]
VALUES = np.array(
    [
        [0, 0, 255, 255, 0, 0],
        [0, 255, 1, 1, 255, 0],
        [0, 255, 1, 20, 255, 0],
        [0, 0, 255, 255, 0, 0],
    ],
    np.uint8,
)
save_image = partial(folders.save_image, size=SIZE)
drawn = partial(folders.drawn, size=SIZE)


def save_mask(path, values=VALUES, palette=PALETTE):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values)
    if palette:
        image.putpalette(palette)
    image.save(path)
    return path


@pytest.fixture
def root(tmp_path):
    """Two training images, one to validate, and one that is labelled for detection only."""
    root = tmp_path / "VOC2012"
    for name in ("2007_000032", "2007_000039", "2007_000063"):
        save_image(root / "JPEGImages" / f"{name}.jpg")
        save_mask(root / "SegmentationClass" / f"{name}.png")
        save_mask(root / "SegmentationObject" / f"{name}.png")
    save_image(root / "JPEGImages" / "2008_000001.jpg")
    (root / "Annotations").mkdir()
    save_list(root, "train", "2007_000032", "2007_000063")
    save_list(root, "val", "2007_000039")
    save_list(root, "trainval", "2007_000032", "2007_000039", "2007_000063")
    return root


def test_voc_2012_as_it_is_unpacked(root):
    found = voc.find(root)
    assert found.tool == "Pascal VOC"
    assert found.reason == "SegmentationClass beside ImageSets/Segmentation"
    assert len(found.names) == 21
    assert (found.names[0], found.names[15], found.names[20]) == (
        "background", "person", "tvmonitor",
    )  # fmt: skip
    assert found.colours[:3] == ((0, 0, 0), (128, 0, 0), (0, 128, 0))
    assert found.colours[20] == (0, 64, 128)
    assert not found.outlines
    assert [(image.name, image.split) for image in found.images] == [
        ("JPEGImages/2007_000032", "train"),
        ("JPEGImages/2007_000039", "val"),
        ("JPEGImages/2007_000063", "train"),
    ]
    assert found.images[0].source == root / "SegmentationClass" / "2007_000032.png"
    np.testing.assert_array_equal(drawn(found), VALUES)


def test_the_devkit_folder_is_opened(root):
    devkit = root.parent / "VOCdevkit"
    devkit.mkdir()
    root.rename(devkit / "VOC2012")
    names = [image.name for image in voc.find(devkit.parent).images]
    assert names[0] == "VOCdevkit/VOC2012/JPEGImages/2007_000032"
    (devkit / "VOC2007" / "SegmentationClass").mkdir(parents=True)
    with pytest.raises(InputError, match=r"several exports: VOC2007, VOC2012"):
        voc.find(devkit)


def test_folders_of_labelme2voc(tmp_path):
    """No lists; class_names.txt begins with _background_; __ignore__ is 255."""
    for name in ("a (1)", "sub/b"):
        save_image(tmp_path / "JPEGImages" / f"{name}.JPG")
        save_mask(tmp_path / "SegmentationClass" / f"{name}.PNG", np.minimum(VALUES, 2))
        save_image(tmp_path / "SegmentationClassVisualization" / f"{name}.jpg")
    (tmp_path / "class_names.txt").write_text("_background_\ncat\ndog\n")
    found = voc.find(tmp_path)
    assert found.names == ("_background_", "cat", "dog")
    assert [image.name for image in found.images] == ["JPEGImages/a (1)", "JPEGImages/sub/b"]
    assert {image.split for image in found.images} == {None}
    np.testing.assert_array_equal(drawn(found), np.minimum(VALUES, 2))


def test_colour_masks_in_these_folders(root):
    table = np.array(voc.voc_colours(256), np.uint8)
    Image.fromarray(table[VALUES]).save(root / "SegmentationClass" / "2007_000032.png")
    np.testing.assert_array_equal(drawn(voc.find(root)), VALUES)


def test_grey_masks_as_other_programs_make_of_the_palette(root):
    save_mask(root / "SegmentationClass" / "2007_000032.png", palette=None)
    np.testing.assert_array_equal(drawn(voc.find(root)), VALUES)


def test_names_that_a_disk_or_a_list_writes_otherwise(root):
    name = "über uns, 2"
    save_image(root / "JPEGImages" / f"{unicodedata.normalize('NFD', name)}.jpeg")
    save_mask(root / "SegmentationClass" / f"{name}.png")
    save_list(root, "train", "2007_000032.jpg", name)
    assert voc.find(root).images[-1].split == "train"


def test_an_image_without_objects(root):
    save_mask(root / "SegmentationClass" / "2007_000032.png", np.full_like(VALUES, 255))
    np.testing.assert_array_equal(drawn(voc.find(root)), np.full_like(VALUES, 255))


def test_test_images_come_without_masks_and_masks_may_be_in_no_list(root):
    save_list(root, "test", "2008_000001")
    save_mask(root / "SegmentationClass" / "more.png")
    found = voc.find(root)
    assert len(found.images) == 3
    remarks = "\n".join(found.remarks)
    assert "Test images without a mask, left out: 1. 2008_000001" in remarks
    assert "Masks that no list in ImageSets/Segmentation names, left out: 1. " in remarks
    assert f"Other names: write them into {root / 'class_names.txt'}" in remarks


def test_other_folders(tmp_path):
    assert voc.find(tmp_path) is None
    save_mask(tmp_path / "SegmentationClass" / "a.png")
    assert voc.find(tmp_path) is None, "a name alone is not enough"
    (tmp_path / "JPEGImages").mkdir()
    (tmp_path / "labelmap.txt").write_text("a:0,0,0::\n")
    assert voc.find(tmp_path) is None, "CVAT's"


# Bad input


def no_mask(root):
    (root / "SegmentationClass" / "2007_000039.png").unlink()
    return [f"{root}/SegmentationClass/2007_000039.png: missing", "delete the line"]


def no_image(root):
    (root / "JPEGImages" / "2007_000039.jpg").unlink()
    return [f"{root}/SegmentationClass/2007_000039.png: no image called '2007_000039'"]


def no_images(root):
    (root / "JPEGImages").rename(root.parent / "elsewhere")
    (root / "JPEGImages").mkdir()
    return [f"{root}/JPEGImages: no image in it"]


def no_masks(root):
    for path in (root / "SegmentationClass").iterdir():
        path.unlink()
    return [f"{root}/SegmentationClass: no mask"]


def two_images(root):
    save_image(root / "JPEGImages" / "2007_000039.png")
    return ["2007_000039.png: has the name of 2007_000039.jpg, and one label cannot"]


def two_masks(root):
    save_mask(root / "SegmentationClass" / "2007_000039.PNG")
    return ["has the name of 2007_000039.PNG", "one image cannot belong to both"]


def mask_as_jpeg(root):
    path = save_image(root / "SegmentationClass" / "2007_000070.jpg")
    return [f"{path}: masks are PNG"]


def two_splits(root):
    path = save_list(root, "val", "2007_000039", "2007_000063")
    return [f"{path}, line 2: '2007_000063' is in train.txt too"]


def no_text(root):
    path = save_list(root, "val")
    path.write_bytes(b"\0\1\2")
    return [f"{path}: no list"]


def out_of_the_folder(root):
    save_list(root, "val", "../../elsewhere/a")
    return ["../../elsewhere/a.png: missing, and a list in"]


def repeated_class(root):
    (root / "class_names.txt").write_text("_background_\ncat\ncat\n")
    return ["class_names.txt: name 3: 'cat' is there twice"]


@pytest.mark.parametrize(
    "damage",
    [
        no_mask, no_image, no_images, no_masks, two_images, two_masks, mask_as_jpeg, two_splits,
        no_text, out_of_the_folder, repeated_class,
    ],
)  # fmt: skip
def test_bad_folders(root, damage):
    parts = damage(root)
    with pytest.raises(InputError) as error:
        voc.find(root)
    for part in parts:
        assert part in str(error.value)


def unknown_value(path):
    save_mask(path, VALUES + np.uint8(1))
    return "value 21 outside the classes"


def other_palette(path):
    save_mask(path, palette=[0, 0, 0, 9, 9, 9])
    return "value 1 has the colour 9,9,9, and in Pascal VOC 'aeroplane' has 128,0,0.*class_names"


def broken(path):
    path.write_bytes(path.read_bytes()[:-20])
    return "truncated"


def another_size(path):
    save_mask(path, VALUES[:, :5])
    return "5x4 pixels, its image has 6x4"


def mask_of_the_photograph_as_it_lay(path):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = path.parent.parent / "JPEGImages" / f"{path.stem}.jpg"
    save_image(image, exif=exif)
    return "6x4 pixels, its image has 4x6, turned as its EXIF orientation says"


@pytest.mark.parametrize(
    "damage", [unknown_value, other_palette, broken, another_size, mask_of_the_photograph_as_it_lay]
)
def test_bad_masks(root, damage):
    path = root / "SegmentationClass" / "2007_000032.png"
    message = damage(path)
    with pytest.raises(InputError, match=f"{path}: .*{message}"):
        found = voc.find(root)
        drawn(found, size=check_image(found.images[0].image))
