"""CVAT's 'Segmentation mask 1.1', written as its exporter does.

That is ``dataset_manager/formats/mask.py`` and ``utils.make_colormap`` of CVAT, and
``voc_format/converter.py`` of Datumaro: RGB masks, a label map sorted by name with the label
``background``, a list for each subset (``default`` without any) with bare names even if they hold
spaces, images with "Save images" only, and no mask for an image without objects.
"""

from functools import partial

import folders
import numpy as np
import pytest
from folders import save_list
from PIL import Image

from bisenet_lib.errors import InputError
from bisenet_lib.importers import cvat, voc

LABEL_MAP = """\
# label:color_rgb:parts:actions
apple:250,50,83::
background:0,0,0::
pear, ripe:51,221,255::
"""
COLOURS = np.array([(250, 50, 83), (0, 0, 0), (51, 221, 255)], np.uint8)
VALUES = np.array([[1, 1, 1, 1, 1], [1, 0, 0, 2, 1], [1, 0, 0, 2, 2]], np.uint8)
SIZE = (5, 3)
NAMES = ("a", "shelf 2/b (1)", "shelf 2/ü.v2")
save_image = partial(folders.save_image, size=SIZE)
drawn = partial(folders.drawn, size=SIZE)


def save_mask(path, values=VALUES):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(COLOURS[values]).save(path)
    return path


@pytest.fixture
def root(tmp_path):
    """A task of three images."""
    root = tmp_path / "task"
    for name in NAMES:
        save_image(root / "JPEGImages" / f"{name}.jpg")
        save_mask(root / "SegmentationClass" / f"{name}.png")
        save_mask(root / "SegmentationObject" / f"{name}.png")
    save_list(root, "default", *NAMES)
    (root / "labelmap.txt").write_text(LABEL_MAP)
    return root


def test_a_task(root):
    found = cvat.find(root)
    assert found.tool == "CVAT, 'Segmentation mask 1.1'"
    assert found.reason == "labelmap.txt beside SegmentationClass"
    assert found.names == ("apple", "background", "pear, ripe")
    assert found.colours == ((250, 50, 83), (0, 0, 0), (51, 221, 255))
    assert not found.outlines
    assert [image.name for image in found.images] == [f"JPEGImages/{name}" for name in NAMES]
    assert {image.split for image in found.images} == {None}
    for number in range(3):
        np.testing.assert_array_equal(drawn(found, number), VALUES)
    assert voc.find(root) is None


def test_the_subsets_of_a_project(root):
    (root / "ImageSets" / "Segmentation" / "default.txt").unlink()
    for name, listed in zip(("Train", "Validation", "Test"), NAMES, strict=True):
        save_list(root, name, listed)
    found = cvat.find(root.parent)
    assert [image.split for image in found.images] == ["train", "val", "test"]
    assert found.images[0].name == "task/JPEGImages/a"


@pytest.mark.parametrize("place", ["images", "", "../photos"])
def test_images_that_were_saved_beside_the_export(root, place):
    (root / "JPEGImages").rename(root.parent / "there")
    target = root / place / "day 1" if place else root / "day 1"
    target.parent.mkdir(exist_ok=True)
    (root.parent / "there").rename(target)
    found = cvat.find(root.parent)
    assert len(found.images) == 3
    np.testing.assert_array_equal(drawn(found), VALUES)


def test_an_image_without_objects_has_no_mask(root):
    (root / "SegmentationClass" / "a.png").unlink()
    found = cvat.find(root)
    np.testing.assert_array_equal(drawn(found), np.full((3, 5), 255))
    assert found.images[0].source == root / "ImageSets" / "Segmentation" / "default.txt"
    assert found.remarks[0].endswith("all their pixels are ignored: 1. a")


def test_without_lists_the_masks_count(root):
    (root / "ImageSets" / "Segmentation" / "default.txt").unlink()
    assert len(cvat.find(root).images) == 3


def test_masks_in_a_palette_and_with_vocs_border(root):
    """As in Datumaro's export of Pascal VOC with its label map."""
    palette = [*COLOURS.ravel(), *[7] * 3 * 252, *voc.BORDER]
    values = VALUES.copy()
    values[0, 0] = 255
    image = Image.fromarray(values)
    image.putpalette([int(channel) for channel in palette])
    image.save(root / "SegmentationClass" / "a.png")
    np.testing.assert_array_equal(drawn(cvat.find(root)), values)


def test_labels_with_colons_and_labels_that_are_ignored(root):
    label_map = LABEL_MAP.replace("pear, ripe", "pear: ripe") + "ignored:224,224,192::\n"
    (root / "labelmap.txt").write_text(label_map)
    assert cvat.find(root).names == ("apple", "background", "pear: ripe")


def test_a_label_map_without_colours_means_vocs(root):
    (root / "labelmap.txt").write_text("background:::\nperson::head,foot:walking,running\n")
    found = cvat.find(root)
    assert found.names == ("background", "person")
    assert found.colours == ((0, 0, 0), (128, 0, 0))


def test_other_folders(tmp_path):
    assert cvat.find(tmp_path) is None
    (tmp_path / "labelmap.txt").write_text("apple\npear\n")
    assert cvat.find(tmp_path) is None


# Bad input


def no_masks_at_all(root):
    (root / "SegmentationClass").rename(root / "elsewhere")
    return [f"{root}: CVAT's labelmap.txt, but no folder SegmentationClass", "Save images"]


def no_images(root):
    (root / "JPEGImages").rename(root / "SegmentationMore")
    return [f"{root}: no image in it", "CVAT: 'Save images'"]


def missing_image(root):
    (root / "JPEGImages" / "a.jpg").unlink()
    return [f"{root}/SegmentationClass/a.png: no image called 'a'"]


def image_of_two_folders(root):
    (root / "JPEGImages").rename(root / "one")
    save_image(root / "two" / "a.jpg")
    return ["SegmentationClass/a.png: 2 images called 'a'"]


def two_labels(root):
    save_list(root, "default", *NAMES, "2/a")
    (root / "JPEGImages" / "a.jpg").unlink()
    save_image(root / "JPEGImages" / "2" / "a.jpg")
    save_mask(root / "SegmentationClass" / "2" / "a.png")
    return [": a second label of ", "2/a.jpg, after "]


def no_text(root):
    (root / "labelmap.txt").write_bytes(b"\xff\xfe\x00a")
    return [f"{root}/labelmap.txt: unreadable"]


def no_row(root):
    (root / "labelmap.txt").write_text(LABEL_MAP + "plum 1 2 3\n")
    return [f"{root}/labelmap.txt, line 5: 'plum 1 2 3'; write label:r,g,b::"]


def bad_colour(root):
    (root / "labelmap.txt").write_text(LABEL_MAP + "plum:1,2,256::\n")
    return [f"{root}/labelmap.txt, line 5: the colour '1,2,256'"]


def no_colour(root):
    (root / "labelmap.txt").write_text(LABEL_MAP + "plum:::\n")
    return [f"{root}/labelmap.txt: the label 'plum' has no colour"]


def one_colour(root):
    (root / "labelmap.txt").write_text(LABEL_MAP + "plum:250,50,83::\n")
    return ["the labels 'apple' and 'plum' have one colour, 250,50,83"]


def repeated_label(root):
    (root / "labelmap.txt").write_text(LABEL_MAP + "apple:1,2,3::\n")
    return [f"{root}/labelmap.txt, line 5: the label 'apple' is there twice"]


def no_name(root):
    (root / "labelmap.txt").write_text(LABEL_MAP + ":1,2,3::\n")
    return ["line 5: the label '': it is empty"]


def no_label(root):
    (root / "labelmap.txt").write_text("# label:color_rgb:parts:actions\n")
    return [f"{root}/labelmap.txt: no label in it"]


@pytest.mark.parametrize(
    "damage",
    [
        no_masks_at_all, no_images, missing_image, image_of_two_folders, two_labels, no_text,
        no_row, bad_colour, no_colour, one_colour, repeated_label, no_name, no_label,
    ],
)  # fmt: skip
def test_bad_exports(root, damage):
    parts = damage(root)
    with pytest.raises(InputError) as error:
        cvat.find(root)
    for part in parts:
        assert part in str(error.value)


def unknown_class(path):
    Image.new("RGB", SIZE, (1, 2, 3)).save(path)
    return "1 colours not in the table: 1,2,3 .*The table is .*labelmap.txt"


def index_instead_of_colour(path):
    Image.fromarray(VALUES).save(path)
    return "colours not in the table: 1,1,1, 2,2,2"


def smoothed(path):
    image = Image.open(path)
    image.resize((10, 6), Image.Resampling.BILINEAR).resize(SIZE, Image.Resampling.BOX).save(path)
    return "smoothed edges or JPEG"


def broken(path):
    path.write_bytes(path.read_bytes()[:-20])
    return "truncated"


def another_size(path):
    save_mask(path, VALUES[:, :4])
    return "4x3 pixels, its image has 5x3"


@pytest.mark.parametrize(
    "damage", [unknown_class, index_instead_of_colour, smoothed, broken, another_size]
)
def test_bad_masks(root, damage):
    path = root / "SegmentationClass" / "a.png"
    message = damage(path)
    with pytest.raises(InputError, match=f"{path}: .*{message}"):
        drawn(cvat.find(root))
