"""The notebooks as slides: ``python tools/publish/slides.py FOLDER``.

nbconvert makes them, with a reveal.js that lies beside them, so that they need no network. A
cell says where it goes with Jupyter's own slide types (``slideshow.slide_type``); what is left
unsaid is laid out here: a heading begins a slide, and what does not fit goes on below it.
"""

import argparse
import math
import re
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from tqdm.auto import tqdm

from bisenet_lib.course.pages import with_pictures, without_widgets

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parents[1] / "notebooks"
LINES, COLUMNS = 22.0, 105
"""What a slide of 1280 x 800 holds: lines of text, characters a line."""
PICTURE = 12.0
"""Lines that a picture takes at its largest, which templates/deck/index.html.j2 limits."""
WHOLE = {"```": "```", "<details": "</details>"}
"""How Markdown begins that is not taken apart, and how it ends."""


def linked(notebook: NotebookNode) -> NotebookNode:
    """A notebook whose links lead to the other decks; those to other files are plain words."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            plain = re.sub(
                r"(?<!!)\[([^\]]+)\]\((?!https?:|\w+\.ipynb\))[^)]*\)", r"\1", cell.source
            )
            cell.source = re.sub(r"\]\((\w+)\.ipynb\)", r"](\1.slides.html)", plain)
    return notebook


def laid_out(notebook: NotebookNode) -> NotebookNode:
    """A notebook whose every cell has a slide type, long Markdown cells taken apart."""
    cells, filled, level, asked = [], 0.0, 0, False
    for cell in _shown(notebook.cells):
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        above, height = level, _height(cell)
        level = len(re.match(r"#*", cell.source)[0]) if cell.cell_type == "markdown" else 0
        if not kind:
            stays = above or cell.source.startswith("<details")  # with its heading, its question
            full = filled + height > LINES and not stays
            below = level > 2 or asked or full
            kind = "slide" if level in (1, 2) else "subslide" if below else "-"
        filled = height + (filled if kind in ("-", "fragment") else 0)
        asked = "**Predict" in cell.source  # the answer is not to be seen with the question
        cell.metadata["slideshow"] = {"slide_type": kind}
        cells.append(cell)
    notebook.cells = cells
    return notebook


def paragraphs(source: str) -> list[str]:
    """Markdown taken apart at its blank lines; fenced code and folded answers stay whole."""
    parts, end = [[]], ""
    for line in source.splitlines():
        if end:
            end = "" if line.startswith(end) else end
            parts[-1].append(line)
        elif line.strip():
            end = next((WHOLE[start] for start in WHOLE if line.startswith(start)), "")
            parts[-1].append(line)
        elif parts[-1]:
            parts.append([])
    return ["\n".join(part) for part in parts if part]


def _shown(cells: list[NotebookNode]) -> Iterator[NotebookNode]:
    """The cells worth a slide: not the parameters, and not the closing report."""
    section = ""
    for cell in cells:
        if cell.cell_type == "code":
            if section != "## Parameters" and "lesson.report(" not in cell.source:
                yield cell
            continue
        whole = "slide_type" in cell.metadata.get("slideshow", {})
        for text in [cell.source] if whole else paragraphs(cell.source):
            section = text.splitlines()[0] if text.startswith(("# ", "## ")) else section
            if section != "## Parameters":
                yield nbformat.v4.new_markdown_cell(text, metadata=cell.metadata.copy())


def _height(cell: NotebookNode) -> float:
    """About how many lines of text a cell is high."""
    if cell.cell_type == "markdown":
        if cell.source.startswith(("Next: ", "Back to ")):
            return 0  # the link to the next notebook is not worth a slide
        if cell.source.startswith("<details"):
            return 1.5
        if cell.source.startswith("!["):
            return PICTURE
        rows = [math.ceil(len(line) / COLUMNS) for line in cell.source.splitlines()]
        prose = math.ceil(len(cell.source) / COLUMNS)
        marked = re.match(r"[-|>`\d#]", cell.source)
        return 0.6 + (sum(rows) if marked else prose) * (1.8 if cell.source[0] == "#" else 1)
    height = 0.6 + 0.75 * len(cell.source.splitlines())
    for output in cell.outputs:
        data = output.get("data", {})
        text = output.get("text") or data.get("text/markdown") or data.get("text/plain", "")
        height += (
            PICTURE
            if {"image/png", "image/jpeg"} & data.keys()
            else 0.75 * (len(text.splitlines()) + 0.5)
        )
    return height


def reveal() -> Path:
    """The folder of reveal.js in the installed package that carries it."""
    files = metadata.files("sphinx-revealjs") or []
    script = next(file for file in files if str(file).endswith("revealjs/dist/reveal.js"))
    return Path(script.locate()).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where to write; it is emptied first")
    folder = parser.parse_args().folder
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(reveal() / "dist", folder / "reveal.js" / "dist")
    shutil.copytree(reveal() / "plugin" / "notes", folder / "reveal.js" / "plugin" / "notes")
    exporter = SlidesExporter(
        template_name="deck",
        extra_template_basedirs=[str(HERE / "templates")],
        reveal_url_prefix="reveal.js",
        reveal_theme="white",
        reveal_number="c/t",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    links = []
    for path in tqdm(sorted(NOTEBOOKS.glob("*.ipynb")), unit="deck"):
        notebook = without_widgets(nbformat.read(path, as_version=4))
        notebook = with_pictures(linked(laid_out(notebook)), NOTEBOOKS)
        page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": path.stem}})
        (folder / f"{path.stem}.slides.html").write_text(page, encoding="utf-8")
        links.append(f'<li><a href="{path.stem}.slides.html">{path.stem}</a></li>')
    head = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Slides</title>'
    index = f"{head}<h1>Slides of the course</h1><ul>{''.join(links)}</ul></html>\n"
    (folder / "index.html").write_text(index, encoding="utf-8")
    print(f"{folder / 'index.html'}: {len(links)} decks")


if __name__ == "__main__":
    main()
