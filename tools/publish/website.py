"""The course as a static site with contents and search: ``python tools/publish/website.py FOLDER``.

Sphinx makes it of the README, the notebooks as they were last executed, and every file that one of
these links to. No page asks anything of another computer.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from bisenet_lib.course.pages import without_widgets

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
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
            nbformat.write(without_widgets(nbformat.read(path, as_version=4)), target)
        else:
            shutil.copyfile(path, target)
        linked = [path.parent / one for one in LINK.findall(_prose(path))]
        todo += [one.resolve() for one in linked if one.is_file()]
    return gathered


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
        others = [str(path) for path in pages[1:] if path.suffix == ".md"]
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
