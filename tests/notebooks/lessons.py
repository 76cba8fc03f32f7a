"""Reading the notebooks of the course, for the tests beside this file."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[2] / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))


@dataclass(frozen=True)
class Exercise:
    """An exercise as it stands in a notebook."""

    name: str
    task: str
    stub: str
    solution: str
    """The Markdown cell under the stub."""
    imports: str
    """Of the whole notebook: all that an exercise may use."""

    @property
    def check(self) -> str:
        """The line that asks whether the answer is right."""
        return next(ast.unparse(node) for node in ast.walk(ast.parse(self.stub)) if _name(node))

    @property
    def solution_code(self) -> str:
        """The Python in the folded solution."""
        return "\n".join(re.findall(r"```python\n(.*?)```", self.solution, re.S))


def cells(path: Path, kind: str | None = None) -> list[NotebookNode]:
    found = nbformat.read(path, as_version=4).cells
    return [cell for cell in found if kind in (None, cell.cell_type)]


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def text(path: Path) -> str:
    return "\n".join(cell.source for cell in cells(path, "markdown"))


def exercises(path: Path) -> list[Exercise]:
    """The exercises of a notebook: every code cell that calls ``check``, and its neighbours."""
    everything = cells(path)
    code = [ast.parse(cell.source) for cell in everything if cell.cell_type == "code"]
    nodes = [node for tree in code for node in tree.body]
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = "\n".join(map(ast.unparse, imports))
    found = []
    for before, cell, after in zip(everything, everything[1:], everything[2:], strict=False):
        if cell.cell_type == "code":
            asked = [_name(node) for node in ast.walk(ast.parse(cell.source)) if _name(node)]
            found += [
                Exercise(name, before.source, cell.source, after.source, imported) for name in asked
            ]
    return found


def _name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check":
        return ast.literal_eval(node.args[0])
    return None
