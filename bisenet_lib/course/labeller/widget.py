"""The labeller as a notebook shows it. Taught in ``07_your_own_data``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
from IPython.display import HTML, Image, display

from bisenet_lib.course.labeller.session import Session


def label(folder: Path | str, classes: str | Path | Sequence[str]) -> None:
    """Show the photographs of a folder, one at a time, to outline the objects in them.

    Each photograph gets a LabelMe file of its name beside it, which ``bisenet import`` reads. A
    page without a running kernel shows a picture of the first labelled photograph.

    Args:
        folder: where the photographs are, or below it.
        classes: names to choose from: a list, ``a,b,c``, or a file with one a line.

    Raises:
        InputError: see :class:`bisenet_lib.course.labeller.session.Session`.
    """
    Labeller(Session(Path(folder), classes))


class Labeller(anywidget.AnyWidget):
    """The page's side of a session; its state goes in messages, so that no notebook keeps it."""

    _esm = Path(__file__).with_name("view.js")
    _css = Path(__file__).with_name("view.css")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._view_count = 0  # from now on the page keeps count
        self.on_msg(self._answer)
        display(self)
        still = display(Image(session.picture()), display_id=True)
        self.observe(lambda _change: still.update(HTML("")), "_view_count")

    def _answer(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        """Do what a page asks, and tell every page how things are now."""
        action = message.pop("do")
        self.session.do(action, message)
        photograph = [self.session.jpeg()] if action in ("show", "go") else None
        self.send(self.session.state(), photograph)
