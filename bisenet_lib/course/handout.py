"""Hand-outs: the notebooks for a class, without solutions and outputs, in a folder of their own."""

import hashlib
import json
import re
import shutil
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from bisenet_lib.common.atomic_files import (
    folder_written_whole,
    replace_folder,
    restore_folder,
    write_text,
)
from bisenet_lib.course.experiments import FILE as EXPERIMENTS
from bisenet_lib.course.runner import home_of
from bisenet_lib.errors import InputError

NOTEBOOKS, CHECKPOINTS = Path("notebooks"), Path("data") / "checkpoints"
"""What a hand-out consists of."""
RECORD = ".handout.json"
"""Beside the notebooks of a hand-out: the SHA-256 of each of its files."""
SOLUTION = "<details><summary>Solution"
"""How the cell of a solution begins."""
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)([^)#\s]+)(#[^)\s]*)?\)")
KERNEL_NAME = re.compile(r"[A-Za-z0-9._-]*")
GLOSSARY, PICTURES = "GLOSSARY.md", "images"


def write_handout(
    target: Path, notebooks: Sequence[Path], *, outputs: Collection[Path] = (), kernel: str = ""
) -> None:
    """Write notebooks for a class, with all that they need beside this library.

    ``OUT/notebooks`` holds them, their pictures, the glossary and the measured experiments,
    ``OUT/data/checkpoints`` the trained network. A notebook makes ``OUT/data/minicity`` and
    ``OUT/runs`` where it needs them, as in the course. Answers to a Predict and to the quiz
    stay: they are a part of the text.

    Args:
        target: a new or empty folder, or a hand-out, whose notebooks are replaced; its data sets
            and results stay.
        notebooks: of the course.
        outputs: those that keep their outputs.
        kernel: the name of the kernel that they open with, as ``ipykernel install --name`` gave it;
            "" leaves Python's own.

    Raises:
        InputError: the name is none for a kernel, the folder holds something else, or notebooks
            that were changed, or cannot be written.
    """
    if not KERNEL_NAME.fullmatch(kernel):
        raise InputError(f"kernel {kernel!r}: a name has letters, digits and - . _ alone")
    target = Path(target).resolve()
    if not target.is_dir() or not any(target.iterdir()):
        with folder_written_whole(target) as part:
            _fill(part, notebooks, outputs, kernel)
        return
    with suppress(FileNotFoundError):
        restore_folder(target / NOTEBOOKS)
    _refuse_to_lose(target)
    new = target / ".new"
    shutil.rmtree(new, ignore_errors=True)
    with folder_written_whole(new) as part:
        _fill(part, notebooks, outputs, kernel)
    for folder in (NOTEBOOKS, CHECKPOINTS):
        (target / folder).parent.mkdir(exist_ok=True)
        replace_folder(new / folder, target / folder)
    shutil.rmtree(new)


def _refuse_to_lose(target: Path) -> None:
    """Refuse a folder that is no hand-out, or one in which someone has worked."""
    folder = target / NOTEBOOKS
    try:
        kept = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(
            f"{target}: holds files already, and is no hand-out. Give a new or an empty folder."
        ) from None
    lost = [name for name, digest in _digests(folder).items() if kept.get(name) != digest]
    if lost:
        raise InputError(
            f"{folder}: changed or added since it was handed out: {', '.join(lost)}. These would "
            "be lost: move them away, or give a new folder."
        )


def _digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of the files below a folder of notebooks, without what JupyterLab keeps there."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != RECORD)
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if ".ipynb_checkpoints" not in file.parts
    }


def _fill(target: Path, notebooks: Sequence[Path], outputs: Collection[Path], kernel: str) -> None:
    own, folder = notebooks[0].parent, target / NOTEBOOKS
    shutil.copytree(own / PICTURES, folder / PICTURES)
    shutil.copytree(home_of(notebooks[0]) / CHECKPOINTS, target / CHECKPOINTS)
    shutil.copy(own / EXPERIMENTS, folder)
    names = {path.name for path in notebooks}
    text = (own / GLOSSARY).read_text(encoding="utf-8")
    write_text(folder / GLOSSARY, _linked(text, folder, names))
    for path in notebooks:
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = _linked(cell.source, folder, names)
        if path not in outputs:
            _clear_outputs(notebook)
        if kernel:
            named = {"name": kernel, "display_name": kernel, "language": "python"}
            notebook.metadata["kernelspec"] = named
        notebook.cells = [c for c in notebook.cells if not c.source.startswith(SOLUTION)]
        write_text(folder / path.name, nbformat.writes(notebook) + "\n")
    write_text(folder / RECORD, json.dumps(_digests(folder), indent=2) + "\n")


def _linked(text: str, folder: Path, notebooks: Collection[str]) -> str:
    """A text without the links to what is not handed out; their words stay."""

    def kept(link: re.Match[str]) -> bool:
        return link[2] in notebooks or link[2] == GLOSSARY or (folder / link[2]).exists()

    return LINK.sub(lambda link: link[0] if kept(link) else link[1], text)


def _clear_outputs(notebook: NotebookNode) -> None:
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
