"""What moves in the notebooks: explorers (controls that redraw) and the chart of a run."""

import html
import io
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import ipywidgets
import numpy as np
from IPython.display import HTML, Image, display
from matplotlib import rcParams
from matplotlib.figure import Figure

from bisenet_lib.course import plots
from bisenet_lib.errors import InputError
from bisenet_lib.training import run_log

REDRAW_SECONDS = 5.0
"""Drawing a chart takes a quarter of a second of the cores that train."""


def explore(draw: Callable[..., Figure], **controls: ipywidgets.Widget) -> None:
    """Show a figure and, above it, controls that redraw it.

    The figure is drawn once at the controls' first values and shown as an ordinary picture,
    so that a page without a running kernel shows it too. When it fails after a move, the
    error takes the figure's place until the next move.

    Args:
        draw: a plain function; its keyword arguments are the controls' values.
        **controls: a widget with a ``value`` for each of them.
    """

    def values():
        return {name: control.value for name, control in controls.items()}

    wrapped = ipywidgets.Layout(flex_flow="row wrap")
    display(ipywidgets.HBox(list(controls.values()), layout=wrapped))
    shown = display(draw(**values()), display_id=True)

    def redraw(_change) -> None:
        picture: Image | HTML
        try:
            picture = _quickly(draw(**values()))
        except Exception as error:  # raised, it would end in a log that no learner sees
            picture = explained(error)
        shown.update(picture)

    for control in controls.values():
        control.observe(redraw, names="value")


def uploaded(files: Sequence[Mapping[str, Any]], otherwise: np.ndarray) -> np.ndarray:
    """The image that a ``FileUpload`` holds, turned upright.

    Taught in ``00_start_here``.

    Args:
        files: the widget's value: none yet, or one with ``name`` and ``content``.
        otherwise: (H, W, 3) uint8, returned when there is no file yet.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        InputError: the file is no image.
    """
    if not files:
        return otherwise
    content = np.frombuffer(files[0]["content"], np.uint8)
    image = cv2.imdecode(content, cv2.IMREAD_COLOR_RGB) if content.size else None
    if image is None:
        raise InputError(f"{files[0]['name']}: is no image; choose a JPEG or a PNG file")
    return image


def _quickly(figure: Figure) -> Image:
    """The PNG a notebook shows of a figure, in half the time: drawn once, not packed small."""
    figure.set_layout_engine(None)  # with one, or to find the box itself, savefig draws twice
    box = figure.get_tightbbox().padded(rcParams["savefig.pad_inches"])
    data = io.BytesIO()
    figure.savefig(data, format="png", bbox_inches=box, pil_kwargs={"compress_level": 1})
    return Image(data.getvalue())


def explained(error: Exception) -> HTML:
    """An error as a cell shows it: a user's mistake as its message, another with its traceback."""
    if isinstance(error, InputError):
        text = f"InputError: {error}"
    else:
        raised = error.__traceback__
        below = raised and raised.tb_next  # without the line of this module that drew
        text = "".join(traceback.format_exception(error.with_traceback(below)))
    return HTML(f'<pre style="color: firebrick; white-space: pre-wrap">{html.escape(text)}</pre>')


def live_chart() -> Callable[[Path], None]:
    """A chart of a run that is redrawn, in its place, while the run goes on.

    Returns:
        A function for ``watch`` of :func:`bisenet_lib.training.trainer.fit`. In JupyterLab the
        figure changes every few seconds; a notebook executed without a screen keeps the last one.
    """
    shown, drawn = None, 0.0

    def draw(run: Path) -> None:
        nonlocal shown, drawn
        records = run_log.read_log(run)
        evaluated = "miou" in records[-1]
        if shown is not None and not evaluated and time.monotonic() - drawn < REDRAW_SECONDS:
            return
        figure = plots.training(records)
        if shown is None:
            shown = display(figure, display_id=True)
        else:
            shown.update(figure)
        drawn = time.monotonic()

    return draw
