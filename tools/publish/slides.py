"""The notebooks as slides for a room: ``python tools/publish/slides.py FOLDER``.

A cell names its slides in its metadata (in JupyterLab: *Property Inspector*, *Advanced Tools*)::

    "slides": [{"title": "One idea, in a sentence", "text": "A few words more.",
                "show": "picture", "say": "What you tell the room."}]

:class:`Mark` lists the keys. The first slide of a deck is the notebook's title and picture. A
notebook in which no cell names a slide gets one for each figure. reveal.js lies beside the decks,
so that they need no network; the key S opens the speaker's view.
"""

import argparse
import base64
import io
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from importlib import metadata
from pathlib import Path
from textwrap import dedent

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbconvert.filters import markdown2html
from nbformat import NotebookNode
from PIL import Image, ImageChops
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import PythonLexer, TextLexer
from tqdm.auto import tqdm

from bisenet_lib.errors import InputError, did_you_mean

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parents[1] / "notebooks"
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.M | re.S)
TABLE = re.compile(r"(?:^\|.*\|$\n?)+", re.M)
FIRST_PICTURE = re.compile(r"!\[[^\]]*\]\(([^)]+)\)")


@dataclass(frozen=True)
class Mark:
    """A slide, as the metadata of a cell name it."""

    title: str
    """Its idea, in a sentence."""
    text: str = ""
    """Markdown, as ``say``."""
    show: str = ""
    """What fills the slide: ``picture`` (the last figure of the output), ``code`` (of a Markdown
    cell: its fenced lines), ``output`` (what it printed), ``table``, or a file beside the
    notebook; none leaves the words alone."""
    part: str = ""
    """Of the picture: left, top, right and bottom, as shares of its width and height. ``0.5 0 1 1``
    is the right half; without it the whole is shown."""
    start: str = ""
    """Code and output begin at the first line that holds this."""
    lines: int | None = None
    """So many lines are shown; None shows all."""
    say: str = ""
    """For the speaker's view."""


def slides_of(notebook: NotebookNode, folder: Path) -> list[dict[str, str]]:
    """The slides of a notebook, as HTML.

    Args:
        notebook: executed.
        folder: its own, which the paths of pictures are relative to.

    Returns:
        For each slide its title, text, body and say.

    Raises:
        InputError: a cell names a slide with an unknown key, or shows what it has not.
    """
    slides = []
    for mark, cell in [_title(notebook), *(_marked(notebook) or _figures(notebook))]:
        try:
            body = _body(mark, cell, folder)
        except (LookupError, OSError, ValueError) as error:
            raise InputError(
                f"cell {cell.id!r}, slide {mark.title!r}: cannot show {mark.show!r} "
                f"({error}); change the cell's metadata, or run the notebook"
            ) from None
        words = {key: markdown2html(getattr(mark, key)) for key in ("text", "say")}
        slides.append({"title": mark.title, **words, "body": body})
    return slides


def marks_of(cell: NotebookNode) -> list[Mark]:
    """The slides that a cell names.

    Raises:
        InputError: a slide has no title, or a key that is none.
    """
    known = [one.name for one in fields(Mark)]
    for mark in (named := cell.metadata.get("slides", [])):
        for key in {"title"} - mark.keys():
            raise InputError(f"cell {cell.id!r}: a slide has no {key!r}: {dict(mark)}")
        for key in mark.keys() - set(known):
            raise InputError(
                f"cell {cell.id!r}, slide {mark.title!r}: no key {key!r}"
                f"{did_you_mean(key, known)}; there are {', '.join(known)}"
            )
    return [Mark(**mark) for mark in named]


def _title(notebook: NotebookNode) -> tuple[Mark, NotebookNode]:
    head = notebook.cells[0]
    title, first = head.source.split("\n\n")[:2]
    picture = FIRST_PICTURE.search(head.source)
    show = picture[1] if picture else ""
    return Mark(title.lstrip("# "), show=show, say=first if first[0] != "!" else ""), head


def _marked(notebook: NotebookNode) -> list[tuple[Mark, NotebookNode]]:
    return [(mark, cell) for cell in notebook.cells for mark in marks_of(cell)]


def _figures(notebook: NotebookNode) -> Iterator[tuple[Mark, NotebookNode]]:
    """A slide for each figure, under the heading above it."""
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = [heading, *re.findall(r"^#+ (.+)$", FENCED.sub("", cell.source), re.M)][-1]
        elif _pictures(cell):
            yield Mark(heading, show="picture"), cell


def _body(mark: Mark, cell: NotebookNode, folder: Path) -> str:
    """What a slide shows besides its words; LookupError, OSError or ValueError if it cannot."""
    is_code = cell.cell_type == "code"
    if mark.show == "":
        return ""
    if mark.show == "picture":
        return _image(_cut(_pictures(cell)[-1], mark.part))
    if mark.show == "code":
        text = cell.source if is_code else "\n".join(FENCED.findall(cell.source))
        return _listing(_excerpt(text, mark), PythonLexer() if is_code else TextLexer())
    if mark.show == "output":
        text = "".join(one.text for one in cell.outputs if one.output_type == "stream")
        return _listing(_excerpt(text, mark), TextLexer())
    if mark.show == "table":
        shown = [one.get("data", {}).get("text/markdown", "") for one in cell.get("outputs", [])]
        return str(markdown2html(TABLE.findall("\n".join([cell.source, *shown]))[-1]))
    picture = (folder / mark.show).read_bytes()
    if not mark.part:  # as it is: it may move
        return _image(picture, Path(mark.show).suffix[1:])
    return _image(_cut(picture, mark.part))


def _pictures(cell: NotebookNode) -> list[bytes]:
    outputs = [output.get("data", {}) for output in cell.get("outputs", [])]
    kinds = ("image/png", "image/jpeg")
    return [base64.b64decode(data[kind]) for data in outputs for kind in kinds if kind in data]


def _cut(picture: bytes, part: str) -> bytes:
    """A part of a picture, without the white around it, as PNG."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    shares = map(float, (part or "0 0 1 1").split())
    image = image.crop([round(a * b) for a, b in zip(shares, 2 * image.size, strict=True)])
    white = Image.new("RGB", image.size, "white")
    image = image.crop(ImageChops.difference(image, white).getbbox())
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def _image(picture: bytes, kind: str = "png") -> str:
    return f'<img alt="" src="data:image/{kind};base64,{base64.b64encode(picture).decode()}">'


def _excerpt(text: str, mark: Mark) -> list[str]:
    lines = text.rstrip().splitlines()
    first = [mark.start in line for line in lines].index(True)
    return dedent("\n".join(lines[first:][: mark.lines])).splitlines()


def _listing(lines: list[str], lexer: Lexer) -> str:
    """Lines in letters as large as fit."""
    longest = max(map(len, lines))
    inner = highlight("\n".join(lines), lexer, HtmlFormatter(nowrap=True, noclasses=True))
    return f'<pre style="--columns: {longest}; --lines: {len(lines)}">{inner}</pre>'


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
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"), undefined=StrictUndefined, autoescape=True
    )
    decks = {}
    for path in tqdm(sorted(NOTEBOOKS.glob("*.ipynb")), unit="deck"):
        notebook = nbformat.read(path, as_version=4)
        try:
            slides = slides_of(notebook, NOTEBOOKS)
        except InputError as error:
            sys.exit(f"{path}: {error}")
        name, title = f"{path.stem}.slides.html", notebook.cells[0].source.splitlines()[0][2:]
        page = templates.get_template("deck.html.j2").render(title=title, slides=slides)
        (folder / name).write_text(page, encoding="utf-8")
        decks[name] = title
    page = templates.get_template("decks.html.j2").render(decks=decks)
    (folder / "index.html").write_text(page, encoding="utf-8")
    print(f"{folder / 'index.html'}: {len(decks)} decks")


if __name__ == "__main__":
    main()
