"""Notebooks as pages: nothing from other computers, folds stay folded."""

import re

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
