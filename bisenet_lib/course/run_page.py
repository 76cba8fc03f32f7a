"""A run of the course as one page to look at: its table, its figures, links to its notebooks."""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bisenet_lib.course.templates import write_page

PAGE = "index.html"
FIGURE = "headline.png"
"""In a notebook's folder: the figure that stands for it."""
TEMPLATE = "run_page.html.j2"


@dataclass(frozen=True)
class Outcome:
    """The result of running one notebook; ``error`` is empty when it ran to its end."""

    notebook: str
    seconds: float
    peak_mb: float
    headline: str = ""
    error: str = ""
    figure: str = ""
    """The heading above its figure, which is in ``headline.png``; empty without one."""


@dataclass(frozen=True)
class Run:
    """A run of notebooks, as its page tells it."""

    profile: str
    dataset: str
    parameters: Mapping[str, Any]
    names: Sequence[str]
    """The notebooks to run, in order."""
    options: Sequence[str]
    """What ``bisenet course run`` was given besides their names."""
    outcomes: Sequence[Outcome] = ()
    """Of those that have run, in order; only the last can hold an error."""
    ended: bool = False
    earlier: Mapping[str, Outcome] = field(default_factory=dict)
    """By notebook, what earlier runs left in the same folder."""

    @property
    def left(self) -> Sequence[str]:
        """The notebooks that have not run to their end."""
        return self.names[sum(not outcome.error for outcome in self.outcomes) :]

    @property
    def state(self) -> str:
        """``running``, ``stopped``, ``failed`` or ``finished``."""
        if any(outcome.error for outcome in self.outcomes):
            return "failed"
        return "finished" if not self.left else "stopped" if self.ended else "running"

    @property
    def go_on(self) -> str:
        """The command that runs what is left."""
        return shlex.join(["bisenet", "course", "run", *self.left, *self.options])


def write(folder: Path, run: Run) -> Path:
    """Write the page of a run, ``index.html``.

    Args:
        folder: of the run; each notebook has a folder in it with its executed page, its
            ``headline.png`` and its ``kernel.log``.
        run: what the page tells.

    Returns:
        The page, an absolute path. It loads nothing but the figures.

    Raises:
        InputError: the page cannot be written.
    """
    done = {outcome.notebook: outcome for outcome in run.outcomes}
    recorded = {**run.earlier, **done}
    current = run.left[0] if run.state in ("running", "stopped") else ""
    recorded.pop(current, None)
    rows = []
    for name in sorted({*run.names, *recorded}):
        state = run.state if name == current else "" if name in done else "earlier"
        rows.append(_row(folder, name, recorded.get(name), state))
    page = folder.resolve() / PAGE
    write_page(
        TEMPLATE,
        page,
        run=run,
        rows=rows,
        current=current,
        seconds=sum(row["outcome"].seconds for row in rows if row["outcome"]),
        peak_mb=max((row["outcome"].peak_mb for row in rows if row["outcome"]), default=0),
        written=datetime.now().astimezone(),
    )
    return page


def _row(folder: Path, name: str, outcome: Outcome | None, state: str) -> dict[str, Any]:
    """What the template tells of a notebook; addresses are relative to the page."""
    files = {"page": f"{name}.html", "figure": FIGURE, "log": "kernel.log"}
    links = {
        key: quote(os.fsencode(f"{name}/{file}")) if (folder / name / file).is_file() else ""
        for key, file in files.items()
    }
    return {"name": name, "outcome": outcome, "state": state, **links}
