"""Slides and site: what a cell's metadata put on a slide, and the page that the site opens with."""

import base64
import importlib.util
import io
import re
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from PIL import Image

from bisenet_lib.errors import InputError

ROOT = Path(__file__).parents[2]
HEAD = "# 09 Title\n\nWhat it is about.\n\n![a red picture](images/red.png)\n\n> laptop 7 s"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / "publish" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


slides, website = script("slides"), script("website")


def picture(*colours: str) -> Image.Image:
    """Squares of 10 pixels in a row, with a white border of 5."""
    image = Image.new("RGB", (10 * len(colours) + 10, 20), "white")
    for number, colour in enumerate(colours):
        image.paste(colour, (10 * number + 5, 5, 10 * number + 15, 15))
    return image


def png(image: Image.Image) -> str:
    written = io.BytesIO()
    image.save(written, "PNG")
    return base64.b64encode(written.getvalue()).decode()


def shown(body: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", body)[1])))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    picture("red").save(tmp_path / "images" / "red.png")
    return tmp_path


def deck(folder, *cells):
    notebook = nbformat.v4.new_notebook(cells=[new_markdown_cell(HEAD), *cells])
    return slides.slides_of(notebook, folder)


def code(source="", outputs=(), **mark):
    return new_code_cell(source, outputs=list(outputs), metadata={"slides": [mark]})


def figure(*colours):
    return new_output("display_data", {"image/png": png(picture(*colours))})


def test_a_deck_begins_with_title_and_picture_of_the_notebook(folder):
    (first, second) = deck(folder, code(title="An idea", text="*More*.", say="Tell it."))
    assert (first["title"], second["title"]) == ("09 Title", "An idea")
    assert "What it is about." in first["say"] and "Tell it." in second["say"]
    assert shown(first["body"]).getpixel((10, 10)) == (255, 0, 0)
    assert "<em>More</em>" in second["text"] and second["body"] == ""


def test_a_figure_is_cut_to_its_part_and_loses_its_white_border(folder):
    cell = code(outputs=[figure("red"), figure("lime", "blue")], title="T", show="picture")
    whole = shown(deck(folder, cell)[1]["body"])
    assert whole.size == (20, 10) and whole.getpixel((0, 0)) == (0, 255, 0)
    cell.metadata.slides[0]["part"] = "0.5 0 1 1"
    right = shown(deck(folder, cell)[1]["body"])
    assert right.size == (10, 10) and right.getpixel((0, 0)) == (0, 0, 255)


def test_code_and_output_begin_and_end_where_the_mark_says(folder):
    source = "def f():\n    a = 1\n    b = 2\n    c = 3"
    printed = [new_output("stream", text="one\ntwo\nthree\n")]
    some = deck(
        folder,
        code(source, title="T", show="code", start="b =", lines=1),
        code(outputs=printed, title="T", show="output", start="two"),
    )
    bodies = [re.sub(r"<[^>]+>", "", one["body"]) for one in some[1:]]
    assert [body.strip().splitlines() for body in bodies] == [["b = 2"], ["two", "three"]]
    assert '--columns: 5; --lines: 1"' in some[1]["body"]


def test_fenced_lines_and_tables_of_a_text_are_shown(folder):
    text = "Before.\n\n```\nx < 1\n```\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\nAfter."
    marks = [{"title": "T", "show": show} for show in ("code", "table")]
    _, fenced, table = deck(folder, new_markdown_cell(text, metadata={"slides": marks}))
    assert "x &lt; 1" in fenced["body"]
    assert table["body"].count("<td") == 2 and "Before" not in table["body"]


def test_a_moving_picture_stays_as_it_is(folder):
    frames = [picture("red"), picture("blue")]
    film = folder / "images" / "film.webp"
    frames[0].save(film, save_all=True, append_images=frames[1:])
    body = deck(folder, code(title="T", show="images/film.webp"))[1]["body"]
    assert "data:image/webp" in body and shown(body).n_frames == 2


def test_a_notebook_without_marks_gets_a_slide_for_each_figure(folder):
    cells = [new_markdown_cell("## Look\n\nText."), new_code_cell("f()", outputs=[figure("blue")])]
    _, only = deck(folder, *cells, new_code_cell("print()"))
    assert only["title"] == "Look" and shown(only["body"]).getpixel((0, 0)) == (0, 0, 255)


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ({"text": "no title"}, "title"),
        ({"title": "T", "shows": "code"}, r"'shows' \(did you mean 'show'"),
        ({"title": "T", "show": "picture"}, "cannot show 'picture'"),
        ({"title": "T", "show": "images/none.png"}, "cannot show 'images/none.png'"),
        ({"title": "T", "show": "code", "start": "z ="}, "cannot show 'code'"),
        ({"title": "T", "show": "images/red.png", "part": "0 0 1"}, "cannot show"),
    ],
)
def test_a_wrong_mark_is_refused_with_the_cell_that_has_it(folder, mark, told):
    cell = code("a = 1", **mark)
    with pytest.raises(InputError, match=told) as caught:
        deck(folder, cell)
    assert cell.id in str(caught.value)


def test_the_map_says_what_one_can_do_afterwards_and_the_time(tmp_path):
    path = tmp_path / "09_title.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[new_markdown_cell(HEAD)]), path)
    readme = "| [09_title](notebooks/09_title.ipynb) | fly | 7 |"
    (stop,) = website.course_map(readme, "- **09** (80): fly 80.", [path])
    assert (stop.path, stop.title) == ("notebooks/09_title.ipynb", "09 Title")
    assert stop.picture == "![a red picture](notebooks/images/red.png)" and stop.able == "fly"
    assert "80 minutes" in stop.time and "7 seconds" in stop.time
    (alone,) = website.course_map("", "", [path])
    assert alone.able == "" and "minutes" not in alone.time


def test_the_site_opens_with_the_moving_picture_and_every_notebook():
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    text = website.index([Path("README.md"), *(path.relative_to(ROOT) for path in notebooks)])
    assert text.split("\n\n")[1].endswith("(notebooks/images/drive.webp)")
    for path in notebooks:
        assert text.count(f"notebooks/{path.name}") >= 3  # picture, title, contents
    assert text.index("## Without an installation") < text.index("codespaces.new")
