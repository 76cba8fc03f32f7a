"""An explorer: its first figure, and the one it shows once a control was moved."""

import io

import ipywidgets
import numpy as np
import pytest
from IPython.core.pylabtools import print_figure
from matplotlib.figure import Figure
from PIL import Image

from bisenet_lib import plots, widgets


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def picture(level):
    return plots.images({f"level {level}": np.full((8, 16, 3), level, np.uint8)})


def with_legend(level):
    classes = (np.arange(32 * 64) % 19).astype(np.uint8).reshape(32, 64)
    return plots.frame(np.full((32, 64, 3), level, np.uint8), classes)


def chart(level):
    return plots.lines({"one": ([0, 1], [0, level]), "two": ([0, 1], [3, 1])}, "x", "of it")


@pytest.mark.parametrize("draw", [picture, with_legend, chart])
def test_a_move_shows_what_an_ordinary_cell_would_show(draw, monkeypatch):
    displayed, updates = [], []

    class Shown:
        update = staticmethod(updates.append)

    def display(what, display_id=None):
        displayed.append(what)
        return Shown if display_id else None

    monkeypatch.setattr(widgets, "display", display)
    level = ipywidgets.IntSlider(40, 0, 255)
    widgets.explore(draw, level=level)
    box, figure = displayed
    assert box.children == (level,) and isinstance(figure, Figure) and not updates
    level.value = 200
    (moved,) = updates
    ordinary, first = pixels(print_figure(draw(200))), pixels(print_figure(figure))
    np.testing.assert_array_equal(pixels(moved.data), ordinary)
    assert ordinary.shape != first.shape or (ordinary != first).any()
