"""Executed notebooks as pages that need no network and no kernel."""

import base64
import re
from pathlib import Path
from typing import Any

from jinja2 import DictLoader
from nbconvert import HTMLExporter
from nbformat import NotebookNode

WIDGET = "application/vnd.jupyter.widget-view+json"
OFFLINE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js %}{% endblock %}
{% block jupyter_widgets %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
"""
"""nbconvert's page without the scripts that it loads from other computers."""
HEADLINE = "headline"
"""The tag of the cell whose figure stands for its notebook."""
PICTURE = re.compile(r"\]\((images/[\w.-]+\.png)\)")


def without_widgets(notebook: NotebookNode) -> NotebookNode:
    """Take out the controls, which move nothing where no kernel runs; the figures stay.

    Args:
        notebook: it is changed.

    Returns:
        The same notebook.
    """
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                output for output in cell.outputs if WIDGET not in output.get("data", {})
            ]
    return notebook


def without_widget_text(
    notebook: NotebookNode, resources: dict[str, Any]
) -> tuple[NotebookNode, dict[str, Any]]:
    """Take out the text that stands for a widget where none can be shown, as on GitHub.

    It is Python's (``HBox(children=(IntSlider(...``) or a progress bar at 0 %. A preprocessor of
    nbconvert: ``make outputs`` passes it.

    Args:
        notebook: it is changed.
        resources: nbconvert's.

    Returns:
        Both.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if WIDGET in output.get("data", {}):
                output.data.pop("text/plain", None)
    return notebook, resources


def with_pictures(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Put the pictures of the Markdown into the notebook itself.

    Args:
        notebook: it is changed.
        folder: its own, which the pictures' paths are relative to.

    Returns:
        The same notebook.
    """
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = PICTURE.sub(lambda match: f"]({_data(folder / match[1])})", cell.source)
    return notebook


def headline_figure(notebook: NotebookNode) -> tuple[str, bytes] | None:
    """The figure that stands for an executed notebook: its author tagged the cell ``headline``.

    Args:
        notebook: executed.

    Returns:
        The heading above the cell and its last figure, a PNG file; None when no cell has the tag,
        or the one that has it made no figure.
    """
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"^```.*?^```", "", cell.source, flags=re.M | re.S)
            heading = [heading, *re.findall(r"^#+ (.+)$", prose, re.M)][-1].replace("`", "")
        elif HEADLINE in cell.metadata.get("tags", []):
            outputs = [output.get("data", {}) for output in cell.outputs]
            figures = [data["image/png"] for data in outputs if "image/png" in data]
            return (heading, base64.b64decode(figures[-1])) if figures else None
    return None


def html(notebook: NotebookNode, folder: Path, name: str) -> str:
    """An executed notebook as one HTML page.

    Args:
        notebook: its widgets are taken out, and its pictures put in.
        folder: its own, which the pictures' paths are relative to.
        name: the page's title.
    """
    # nbconvert's own embed_images unfolds every <details>.
    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"offline.html.j2": OFFLINE})], template_file="offline.html.j2"
    )
    shown = with_pictures(without_widgets(notebook), folder)
    page, _ = exporter.from_notebook_node(shown, {"metadata": {"name": name}})
    return page


def _data(picture: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"
