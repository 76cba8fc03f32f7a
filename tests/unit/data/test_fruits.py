"""Fruit on a table: one seed, one data set; the same labels in both formats."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bisenet_lib.course import plots
from bisenet_lib.data import fruits
from bisenet_lib.data.fruit_kinds import KINDS
from bisenet_lib.data.labels import class_colours, colourise_classes
from bisenet_lib.errors import InputError
from bisenet_lib.importers.importing import import_folder

NAMES = tuple(fruits.COLOURS)


def test_one_seed_gives_one_data_set(tmp_path):
    made = [fruits.generate(tmp_path / name, pictures=3, seed=4) for name in "ab"]
    files = sorted(path.relative_to(made[0]) for path in made[0].rglob("*.*"))
    assert len(files) == 3 * 3 + 1
    assert all((made[0] / file).read_bytes() == (made[1] / file).read_bytes() for file in files)
    other = fruits.generate(tmp_path / "c", pictures=3, seed=5)
    one = "images/fruit_1.jpg"
    assert (made[0] / one).read_bytes() != (other / one).read_bytes()


@pytest.mark.parametrize("seed", [-1, "one", 0.5])
def test_an_impossible_seed_is_refused_before_anything_is_written(tmp_path, seed):
    with pytest.raises(InputError, match=f"seed is {seed!r}; give a whole number from 0"):
        fruits.generate(tmp_path / "fruit", seed=seed)
    assert not (tmp_path / "fruit").exists()


@pytest.mark.parametrize("pictures", [0, -1, 1.5, "two"])
def test_so_many_pictures_there_are_not(tmp_path, pictures):
    with pytest.raises(InputError, match=f"pictures is {pictures!r}; give a whole number from 1"):
        fruits.generate(tmp_path / "fruit", pictures=pictures)
    assert not (tmp_path / "fruit").exists()


def test_both_formats_of_the_masks_say_the_same(tmp_path):
    source = fruits.generate(tmp_path / "fruit", pictures=10)
    polygons = import_folder(
        source, tmp_path / "one", masks="labelme", background="table", classes=NAMES
    )
    colours = import_folder(
        source, tmp_path / "two", masks="colours", colours=source / "colours.csv"
    )
    assert polygons.names == colours.names == NAMES
    assert polygons.absent("train") == []
    assert polygons.ignored() == 0
    for path in (polygons.root / "labels").iterdir():
        other = colours.root / "labels" / path.name
        np.testing.assert_array_equal(*(np.asarray(Image.open(one)) for one in (path, other)))


def test_a_thing_knows_its_own_positions():
    corners = np.array([(1.0, 0.0), (0.0, 0.5), (-1.0, -0.5)])
    quarter = fruits.Thing("leaf", corners, np.array((100, 60)), 20, np.pi / 2, np.zeros(3))
    np.testing.assert_array_equal(quarter.outline, [(100, 80), (90, 60), (110, 40)])
    np.testing.assert_allclose(quarter.own(quarter.outline), corners, atol=1e-9)


def test_what_is_painted_is_what_the_mask_says():
    corners = KINDS["pear"].outline * 60 + (100, 80)
    painted = fruits.filled(corners, np.array((200, 160))) / 255
    mask = Image.new("L", (200, 160))
    ImageDraw.Draw(mask).polygon([tuple(corner) for corner in corners.tolist()], fill=1)
    assert painted.sum() == pytest.approx(np.asarray(mask).sum(), rel=0.02)
    middles = [np.argwhere(one > 0.5).mean(axis=0) for one in (painted, np.asarray(mask))]
    np.testing.assert_allclose(*middles, atol=0.2, err_msg="one is moved")
    x, y = corners.T  # the shoelace formula
    area = abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2
    assert painted.sum() == pytest.approx(area, rel=0.01)


def test_labels_are_shown_in_their_colours_with_their_names():
    label = np.array([[0, 1], [2, 255]], np.uint8)
    coloured = colourise_classes(label, 3)
    np.testing.assert_array_equal(coloured.reshape(4, 3)[:3], class_colours(3))
    assert (coloured[1, 1] == 0).all()
    figure = plots.labelled_images({"a": label, "b": coloured}, ["x", "y", "z"])
    shown = [axis.images[0].get_array() for axis in figure.axes]
    np.testing.assert_array_equal(shown[0], shown[1])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["x", "y", "z"]
