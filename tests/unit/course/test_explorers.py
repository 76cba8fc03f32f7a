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


def upload(name: str, image: Image.Image | bytes, **options):
    """A file as the widget gives it."""
    stream = io.BytesIO()
    if isinstance(image, bytes):
        stream.write(image)
    else:
        image.save(stream, **options)
    return ({"name": name, "content": memoryview(stream.getvalue())},)


def test_uploaded_reads_photographs_of_any_kind_upright():
    otherwise = np.zeros((4, 4, 3), np.uint8)
    assert widgets.uploaded((), otherwise) is otherwise
    colours = np.zeros((8, 16, 3), np.uint8)
    colours[:, :8] = (255, 0, 0)  # red on the left, black on the right
    image = Image.fromarray(colours)
    np.testing.assert_array_equal(
        widgets.uploaded(upload("a.png", image, format="PNG"), otherwise), colours
    )
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: a quarter to the right makes it upright
    turned = widgets.uploaded(
        upload("b.jpg", image, format="JPEG", exif=exif, quality=100, subsampling=0), otherwise
    )
    assert turned.shape == (16, 8, 3)
    assert turned[0, 4, 0] > 200 > turned[-1, 4, 0]
    grey = widgets.uploaded(
        upload("c.png", Image.fromarray(np.full((4, 6), 40000, np.uint16)), format="PNG"), otherwise
    )
    assert (grey.shape, grey.dtype) == ((4, 6, 3), np.uint8)
    assert np.unique(grey).tolist() == [40000 // 256]


@pytest.mark.parametrize("content", [b"", b"a letter"])
def test_uploaded_refuses_what_is_no_image(content):
    with pytest.raises(InputError, match=r"letter.jpg: is no image; choose a JPEG or a PNG file"):
        widgets.uploaded(upload("letter.jpg", content), np.zeros((4, 4, 3), np.uint8))
