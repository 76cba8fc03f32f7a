"""What the input size makes of photographs and objects, and what a larger one would cost."""

import re

import numpy as np
import pytest
from PIL import Image

from bisenet_lib.config import configuration
from bisenet_lib.config.adapting import adapted
from bisenet_lib.config.input_size import (
    input_size_note,
    object_widths,
    smallest_class,
    training_note,
)

NAMES = ("table", "apple", "stem")
PHOTOGRAPH = (4000, 3000)


def label(size=(400, 300), apples=((50, 60, 71), (200, 100, 71)), scraps=0):
    """A table with square apples (x, y, side), and scraps of table in the corner of ignored."""
    values = np.zeros(size[::-1], np.uint8)
    for x, y, side in apples:
        values[y : y + side, x : x + side] = 1
    values[-20:, :40] = 255
    values[282 : 282 + 2 * scraps : 2, 10] = 0
    return values


def test_objects_are_the_connected_regions_of_a_class():
    widths = object_widths(label())
    assert widths[widths[:, 0] == 1].tolist() == [[1, 71, 71 * 71]] * 2
    assert widths[widths[:, 0] == 0].tolist() == [[0, 300, 400 * 300 - 2 * 71 * 71 - 800]]
    assert object_widths(np.full((9, 9), 255, np.uint8)).shape == (0, 3)
    touching = np.array([[1, 0], [0, 1]], np.uint8)
    assert len(object_widths(touching)) == 2  # at corners too


def test_scraps_of_a_large_class_do_not_make_it_small():
    widths = object_widths(label(scraps=9))
    assert (widths[:, 1] == 1).sum() == 9
    assert smallest_class(widths) == (1, 71)


def test_a_large_label_is_thinned_out():
    widths = object_widths(label(PHOTOGRAPH, [(500, 600, 710)]))
    (apple,) = widths[widths[:, 0] == 1]
    assert apple[1] == pytest.approx(710, abs=8) and apple[2] == pytest.approx(710**2, rel=0.02)


def numbers(note):
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", note)]


def test_the_note_says_what_a_large_enough_input_costs():
    widths = np.array([[0, 3000, 10**7], [1, 71, 71 * 71]])
    note = input_size_note([PHOTOGRAPH] * 3, (512, 384), widths, NAMES)
    assert "'apple'" in note and "(median)" not in note
    # 71 of 4000 pixels are 9 of 512; 16 need 16 / 71 of each side, in steps of 32.
    assert numbers(note)[:6] == [4000, 3000, 512, 384, 71, 9]
    assert "--size 928x704 makes them 16" in note
    assert f"{928 * 704 / (512 * 384):.1f} times as long" in note


def test_the_note_where_there_is_nothing_to_gain():
    wide, narrow = (np.array([[1, width, width**2]]) for width in (400, 5))
    large = input_size_note([PHOTOGRAPH], (512, 384), wide, NAMES)
    assert "become 51." in large and "a quarter of the time" in large
    tiny = input_size_note([(512, 384)], (512, 384), narrow, NAMES)
    assert "times as long" not in tiny and "from nearer" in tiny
    full = input_size_note([PHOTOGRAPH, (400, 300)], None, narrow, NAMES)
    assert full.startswith("Your photographs are 2200x1650 (median); ") and "full size" in full
    unknown = np.array([[9, 4, 16]])  # a value that is no class is refused elsewhere
    assert input_size_note([PHOTOGRAPH], (512, 384), unknown, NAMES).endswith("at 512x384.")


def test_training_says_it_from_its_lists(tmp_path):
    (tmp_path / "images").mkdir()
    for name in "abc":
        Image.new("RGB", (400, 300)).save(tmp_path / "images" / f"{name}.jpg")
        Image.fromarray(label()).save(tmp_path / "images" / f"{name}.png")
    lines = [f"images/{name}.jpg,images/{name}.png\n" for name in "abc"]
    (tmp_path / "train.txt").write_text("".join(lines))
    (tmp_path / "classes.txt").write_text("\n".join(NAMES))
    base = configuration.load_config("laptop", dataset=tmp_path)
    note = training_note(adapted(base, [1, 1, 1], (64, 64)))
    assert numbers(note)[:6] == [400, 300, 64, 64, 71, 11]
    assert "'apple'" in note and "target_size" in note
    (tmp_path / "images" / "a.png").unlink()
    assert training_note(adapted(base, [1, 1, 1], (64, 64))) == ""
