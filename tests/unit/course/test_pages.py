"""Notebooks as pages and as slides: nothing from other computers, folds stay folded."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from PIL import Image

from bisenet_lib.course import pages

pytestmark = pytest.mark.slow

WIDGET = "application/vnd.jupyter.widget-view+json"
FOLDED = """<details><summary>Solution</summary>

```python
rate = 1

more = 2
```

Why.

</details>"""
OUTSIDE = re.compile(r"""(?:src|href)=["']?(?:https?:)?//|import\(|from ["']http|url\(["']?http""")


@pytest.fixture
def notebook(tmp_path):
    (tmp_path / "images").mkdir()
    Image.new("RGB", (3, 2), "red").save(tmp_path / "images" / "red.png")
    moved = new_output("display_data", {WIDGET: {"model_id": "1"}, "text/plain": "IntSlider()"})
    printed = new_output("stream", text="iteration 5")
    figure = new_output("display_data", {"image/png": "aGk="})
    state = {"application/vnd.jupyter.widget-state+json": {"state": {}, "version_major": 2}}
    return nbformat.v4.new_notebook(
        cells=[
            new_markdown_cell("# 09 Title\n\n![a red picture](images/red.png)\n\nGoals."),
            new_code_cell("steps = 1", metadata={"tags": ["parameters"]}),
            new_code_cell("run()", outputs=[moved, printed, figure]),
            new_markdown_cell(f"### Exercise 1: so\n\nAsk.\n\n{FOLDED}"),
        ],
        metadata={"widgets": state},
    )


def test_a_page_loads_nothing_and_keeps_what_is_folded(notebook, tmp_path):
    page = pages.html(notebook, tmp_path, "09_title")
    assert not OUTSIDE.findall(page)
    assert "<title>09_title</title>" in page
    assert 'src="data:image/png;base64,' in page
    fold = re.search(r"<details>(.*?)</details>", page, re.S)[1]
    assert "rate" in fold and "Why." in fold
    assert "iteration 5" in page
    assert "IntSlider" not in page


def test_figures_stay_when_the_widgets_go(notebook):
    outputs = pages.without_widgets(notebook).cells[2].outputs
    assert [one.output_type for one in outputs] == ["stream", "display_data"]
    assert "image/png" in outputs[1].data
    assert "widgets" not in notebook.metadata


def test_the_headline_figure_is_the_last_one_of_the_tagged_cell():
    figures = [new_output("display_data", {"image/png": png}) for png in ("Zmlyc3Q=", "bGFzdA==")]
    tagged = new_code_cell("draw()", metadata={"tags": ["headline"]}, outputs=figures)
    prose = new_markdown_cell("## What `the network` sees\n\n```\n# no heading\n```\n\nText.")
    other = new_code_cell("draw()", outputs=[new_output("display_data", {"image/png": "eA=="})])
    cells = [new_markdown_cell("# 09 Title"), prose, other, new_markdown_cell("Look."), tagged]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert pages.headline_figure(notebook) == ("What the network sees", b"last")
    tagged.outputs = [new_output("stream", text="it failed")]
    assert pages.headline_figure(notebook) is None
    assert pages.headline_figure(nbformat.v4.new_notebook(cells=cells[:-1])) is None


@pytest.fixture(scope="module")
def slides():
    path = Path(__file__).parents[3] / "tools" / "publish" / "slides.py"
    spec = importlib.util.spec_from_file_location("slides", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def types(slides, *cells):
    laid = slides.laid_out(nbformat.v4.new_notebook(cells=list(cells))).cells
    return [(cell.source.split("\n")[0], cell.metadata.slideshow.slide_type) for cell in laid]


def test_markdown_is_taken_apart_at_blank_lines_outside_of_folds_and_code(slides):
    source = f"## A\n\none\ntwo\n\n```\nx\n\ny\n```\n\n{FOLDED}\n\nend"
    assert slides.paragraphs(source) == ["## A", "one\ntwo", "```\nx\n\ny\n```", FOLDED, "end"]


def test_headings_begin_slides_and_a_question_comes_before_its_answer(slides):
    asked = new_markdown_cell("Before.\n\n## New\n\n**Predict:** what comes out?")
    assert types(slides, new_markdown_cell("# T"), asked, new_code_cell("answer()")) == [
        ("# T", "slide"),
        ("Before.", "-"),
        ("## New", "slide"),
        ("**Predict:** what comes out?", "-"),
        ("answer()", "subslide"),
    ]


def test_what_does_not_fit_goes_below_but_a_heading_never_stands_alone(slides):
    high = "\n".join(["step()"] * 25)
    assert types(slides, new_markdown_cell("## H"), new_code_cell(high), new_code_cell("a")) == [
        ("## H", "slide"),
        ("step()", "-"),
        ("a", "subslide"),
    ]


def test_parameters_and_the_report_have_no_slide(slides):
    parameters = new_markdown_cell("## Parameters\n\nOf the run.")
    cells = [parameters, new_code_cell("n = 1"), new_markdown_cell("## Next"), new_code_cell("b")]
    assert types(slides, *cells, new_code_cell("lesson.report(run_dir, 'x')")) == [
        ("## Next", "slide"),
        ("b", "-"),
    ]


def test_a_cells_own_slide_type_wins(slides):
    own = new_markdown_cell("Aside.\n\nMore.", metadata={"slideshow": {"slide_type": "notes"}})
    assert types(slides, new_markdown_cell("## A"), own) == [("## A", "slide"), ("Aside.", "notes")]
