"""An explorer: its first figure, and the one it shows once a control was moved."""

import io

import ipywidgets
import numpy as np
import pytest
from IPython.core.pylabtools import print_figure
from IPython.display import HTML
from matplotlib.figure import Figure
from PIL import Image

from bisenet_lib.course import plots, widgets
from bisenet_lib.errors import InputError


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def picture(level):
    return plots.images({f"level {level}": np.full((8, 16, 3), level, np.uint8)})


def with_legend(level):
    classes = (np.arange(32 * 64) % 19).astype(np.uint8).reshape(32, 64)
    return plots.frame(np.full((32, 64, 3), level, np.uint8), classes)


def chart(level):
    return plots.lines({"one": ([0, 1], [0, level]), "two": ([0, 1], [3, 1])}, "x", "of it")


@pytest.fixture
def screen(monkeypatch):
    """What was displayed, and what took its place later."""
    displayed, updates = [], []

    class Shown:
        update = staticmethod(updates.append)

    def display(what, display_id=None):
        displayed.append(what)
        return Shown if display_id else None

    monkeypatch.setattr(widgets, "display", display)
    return displayed, updates


@pytest.mark.parametrize("draw", [picture, with_legend, chart])
def test_a_move_shows_what_an_ordinary_cell_would_show(draw, screen):
    displayed, updates = screen
    level = ipywidgets.IntSlider(40, 0, 255)
    widgets.explore(draw, level=level)
    box, figure = displayed
    assert box.children == (level,) and isinstance(figure, Figure) and not updates
    level.value = 200
    (moved,) = updates
    ordinary, first = pixels(print_figure(draw(200))), pixels(print_figure(figure))
    np.testing.assert_array_equal(pixels(moved.data), ordinary)
    assert ordinary.shape != first.shape or (ordinary != first).any()


def fails(level):
    if level == 1:
        raise InputError("level 1 is missing. Choose another.")
    if level == 2:
        return {}["no <such> level"]
    if level == 3:
        return "no figure"
    return picture(level)


@pytest.mark.parametrize(
    ("level", "told"),
    [
        (1, ["InputError: level 1 is missing. Choose another."]),
        (2, ["KeyError: &#x27;no &lt;such&gt; level&#x27;", "line ", "in fails"]),
        (3, ["AttributeError", "figure"]),
    ],
)
def test_a_move_that_fails_shows_the_error_and_the_next_one_the_picture(level, told, screen):
    _, updates = screen
    slider = ipywidgets.IntSlider(40, 0, 255)
    widgets.explore(fails, level=slider)
    slider.value = level
    (error,) = updates
    assert isinstance(error, HTML)
    assert all(word in error.data for word in told)
    assert ("Traceback" in error.data) == (level != 1), "a user's mistake is told without one"
    slider.value = 200
    assert updates[1].data.startswith(b"\x89PNG")


def test_the_first_picture_fails_as_any_cell_does(screen):
    with pytest.raises(KeyError):
        widgets.explore(fails, level=ipywidgets.IntSlider(2))
