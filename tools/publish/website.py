"""The course as a static site with contents and search: ``python tools/publish/website.py FOLDER``.

It opens with a moving picture and a map of the course. Sphinx makes it of the README, the notebooks
as they were last executed, and every file that one of these links to. Where a notebook explains a
term, the bold word leads to the glossary. No page asks anything of another computer.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbformat import NotebookNode

from bisenet_lib.course.pages import without_widgets

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
GLOSSARY = Path("notebooks") / "GLOSSARY.md"
ENTRY = re.compile(r"^- (\*\*.+?\*\*): (.+?)(?=\n- |\n\n|\Z)", re.M | re.S)
"""An entry of the glossary: a term, or several in bold, then what it means."""
FAR_IMAGE = re.compile(r"!\[([^\]]*)\]\(https?://[^)]*\)")
"""An image on another computer, such as a badge: its text stands in its place."""
BOLD = re.compile(r"\*\*([^*\n]+?)\*\*")
FIRST_PICTURE = re.compile(r"!\[[^\]]+\]\([^)]+\)")
BADGE = re.compile(r"\[!\[([^\]]+)\]\([^)]+\)\]\((https?://[^)]+)\)")
"""A picture that is a link, and leads to a computer in the browser."""


def gather(source: Path) -> list[Path]:
    """Copy the README, the notebooks and what they link to, each to its own place.

    Returns:
        Their paths, relative to the project.
    """
    todo = [ROOT / "README.md", *sorted((ROOT / "notebooks").glob("*.[im]*"))]
    glossary = (ROOT / GLOSSARY).read_text(encoding="utf-8")
    terms = {
        term.lower(): term for entry in ENTRY.finditer(glossary) for term in BOLD.findall(entry[1])
    }
    gathered: list[Path] = []
    while todo:
        path = todo.pop(0)
        relative = path.relative_to(ROOT)
        target = source / relative
        if relative in gathered:
            continue
        gathered.append(relative)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".ipynb":
            notebook = without_widgets(nbformat.read(path, as_version=4))
            nbformat.write(with_terms(notebook, terms), target)
        elif relative == GLOSSARY:
            target.write_text(as_glossary(glossary), encoding="utf-8")
        elif path.suffix == ".md":
            target.write_text(FAR_IMAGE.sub(r"\1", path.read_text(encoding="utf-8")), "utf-8")
        else:
            shutil.copyfile(path, target)
        linked = [path.parent / one for one in LINK.findall(_prose(path))]
        todo += [one.resolve() for one in linked if one.is_file()]
    return gathered


def as_glossary(text: str) -> str:
    """The list of terms as Sphinx's own glossary, whose entries can be linked and searched."""

    def entry(match: re.Match[str]) -> str:
        meaning = " ".join(match[2].split())
        return "\n".join(["```{glossary}", *BOLD.findall(match[1]), f"  {meaning}", "```", ""])

    return ENTRY.sub(entry, text)


def with_terms(notebook: NotebookNode, terms: Mapping[str, str]) -> NotebookNode:
    """Let the first bold use of each term lead to the glossary.

    Args:
        notebook: it is changed.
        terms: the glossary's terms, by their small letters.

    Returns:
        The same notebook.
    """
    linked: set[str] = set()

    def link(match: re.Match[str]) -> str:
        word = match[1].lower()
        singulars = (word, word.removesuffix("s"), re.sub("ies$", "y", word))
        term = next((terms[one] for one in singulars if one in terms), None)
        if term is None or term in linked:
            return match[0]
        linked.add(term)
        return f"**{{term}}`{match[1]} <{term}>`**"

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = BOLD.sub(link, cell.source)
    return notebook


@dataclass(frozen=True)
class Stop:
    """A notebook on the map of the course."""

    path: str
    """From the project."""
    title: str
    picture: str
    """Markdown."""
    able: str
    """What its reader can do afterwards; it follows *you can*."""
    time: str
    """A person's and the computer's."""


def course_map(readme: str, teaching: str, notebooks: Sequence[Path]) -> list[Stop]:
    """The map of the course.

    Args:
        readme: the README; its table says what one learns in each notebook.
        teaching: the notes for teachers, which have the minutes of each notebook.
        notebooks: their paths.

    Returns:
        A stop for each notebook.
    """
    able = dict(re.findall(r"^\| \[(\w+)\]\([^)]*\) \| (.+?) \|", readme, re.M))
    minutes = dict(re.findall(r"^- \*\*(\d\d)\*\* \((\d+)\)", teaching, re.M))
    stops = []
    for path in notebooks:
        head = nbformat.read(path, as_version=4).cells[0].source
        seconds = re.search(r"laptop (\d+) s", head)
        own = minutes.get(path.stem[:2])
        times = [
            own and f"{own} minutes with the exercises",
            seconds and f"{seconds[1]} seconds of them for the computer",
        ]
        stops.append(
            Stop(
                path=f"notebooks/{path.name}",
                title=head.splitlines()[0].removeprefix("# "),
                picture=FIRST_PICTURE.search(head)[0].replace("](images", "](notebooks/images"),
                able=able.get(path.stem, ""),
                time=", ".join(filter(None, times)),
            )
        )
    return stops


def index(pages: Sequence[Path]) -> str:
    """The page that the site opens with, in Markdown.

    Args:
        pages: those of the site, relative to the project, the README first.
    """
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    teaching = (ROOT / "notebooks" / "TEACHING.md").read_text(encoding="utf-8")
    notebooks = sorted(ROOT / page for page in pages if page.suffix == ".ipynb")
    about = next(part for part in readme.split("\n\n")[1:] if part[0] not in "![")
    badges = [f"- [{text}]({address})" for text, address in BADGE.findall(readme)]
    explained = re.search(r"^Without an installation.*?(?=\n\n)", readme, re.M | re.S)
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"), undefined=StrictUndefined, trim_blocks=True
    )
    return templates.get_template("index.md.j2").render(
        picture=FIRST_PICTURE.search(readme)[0],
        about=about,
        course=course_map(readme, teaching, notebooks),
        online="\n\n".join(filter(None, ["\n".join(badges), explained and explained[0]])),
        others=[page for page in pages[1:] if page.suffix == ".md" and page != GLOSSARY],
    )


def _prose(path: Path) -> str:
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return path.read_text(encoding="utf-8") if path.suffix == ".md" else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where to write; it is emptied first")
    folder = parser.parse_args().folder
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary)
        pages = [path for path in gather(source) if path.suffix in (".ipynb", ".md")]
        (source / "index.md").write_text(index(pages), encoding="utf-8")
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", str(HERE)]
        settings = ["-d", str(source / ".doctrees")]
        made = subprocess.run([*command, *settings, str(source), str(folder)], check=False)
    if made.returncode:
        sys.exit(f"{folder}: not whole; Sphinx has told above what is wrong")
    for page in pages:
        if page.suffix == ".ipynb":  # as it is, to take along
            shutil.copyfile(ROOT / page, folder / page)
    print(f"{folder / 'index.html'}: {len(pages)} pages")


if __name__ == "__main__":
    main()
