"""The course as a static site with contents and search: ``python tools/publish/website.py FOLDER``.

Sphinx makes it of the README, the notebooks as they were last executed, and every file that one of
these links to. Where a notebook explains a term, the bold word leads to the glossary. No page asks
anything of another computer.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
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
CONTENTS = """

```{toctree}
:hidden:
:caption: The course

%s
```

```{toctree}
:hidden:
:caption: Beside it

%s
```
"""


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
        course = sorted(str(path) for path in pages if path.suffix == ".ipynb")
        course.append(str(GLOSSARY))
        others = [str(path) for path in pages[1:] if str(path) not in course]
        with (source / "README.md").open("a", encoding="utf-8") as readme:
            readme.write(CONTENTS % ("\n".join(course), "\n".join(others)))
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", str(HERE)]
        settings = ["-D", "root_doc=README", "-d", str(source / ".doctrees")]
        made = subprocess.run([*command, *settings, str(source), str(folder)], check=False)
    if made.returncode:
        sys.exit(f"{folder}: not whole; Sphinx has told above what is wrong")
    shutil.copyfile(folder / "README.html", folder / "index.html")
    print(f"{folder / 'index.html'}: {len(pages)} pages")


if __name__ == "__main__":
    main()
