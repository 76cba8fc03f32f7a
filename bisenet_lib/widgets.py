"""Explorers for the notebooks: a plain function that draws, and controls that call it again."""

from collections.abc import Callable

import ipywidgets
from IPython.display import display
from matplotlib.figure import Figure


def explore(draw: Callable[..., Figure], **controls: ipywidgets.Widget) -> None:
    """Show a figure and, above it, controls that draw it anew.

    The figure is drawn once at the controls' first values and shown as an ordinary picture,
    so that a page without a running kernel shows it too.

    Args:
        draw: a plain function; its keyword arguments are the controls' values.
        **controls: a widget with a ``value`` for each of them.
    """

    def values():
        return {name: control.value for name, control in controls.items()}

    display(ipywidgets.HBox(list(controls.values())))
    shown = display(draw(**values()), display_id=True)

    def redraw(_change) -> None:
        shown.update(draw(**values()))

    for control in controls.values():
        control.observe(redraw, names="value")
