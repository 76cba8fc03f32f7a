"""An explorer: its first figure, and the one it shows once a control was moved."""

import io

import ipywidgets
import numpy as np
from IPython.core.pylabtools import print_figure
from matplotlib.figure import Figure
from PIL import Image

from bisenet_lib import plots, widgets


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_a_move_shows_what_an_ordinary_cell_would_show(monkeypatch):
    displayed, updates = [], []

    class Shown:
        update = staticmethod(updates.append)

    def display(what, display_id=None):
        displayed.append(what)
        return Shown if display_id else None

    def draw(level):
        return plots.images({f"level {level}": np.full((8, 16, 3), level, np.uint8)})

    monkeypatch.setattr(widgets, "display", display)
    level = ipywidgets.IntSlider(40, 0, 255)
    widgets.explore(draw, level=level)
    box, figure = displayed
    assert box.children == (level,) and isinstance(figure, Figure) and not updates
    level.value = 200
    (moved,) = updates
    ordinary, first = pixels(print_figure(draw(200))), pixels(print_figure(figure))
    np.testing.assert_array_equal(pixels(moved.data), ordinary)
    assert (ordinary == 200).mean() > 0.8 and (first == 40).mean() > 0.8
