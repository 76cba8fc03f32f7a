"""Pictures of data sets whose classes are one's own; as in :mod:`bisenet_lib.plots`.

Taught in ``07_your_own_data``.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from bisenet_lib import plots
from bisenet_lib.labels import class_colours

__all__ = ["colourise", "pictures"]


def colourise(classes: np.ndarray, num_classes: int) -> np.ndarray:
    """Colour a label of any data set.

    Args:
        classes: (H, W) uint8; values that are no class, as 255, become black.
        num_classes: how many there are, which decides the colours.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    table = np.zeros((256, 3), np.uint8)
    table[:num_classes] = class_colours(num_classes)
    return table[classes]


def pictures(shown: Mapping[str, np.ndarray], names: Sequence[str], *, columns: int = 3) -> Figure:
    """Show photographs and labels in a grid, with a legend of all classes.

    Args:
        shown: title to (H, W, 3) uint8 RGB, or to (H, W) uint8 classes, which are coloured.
        names: of the classes, in order of index.
        columns: pictures in a row.
    """
    coloured = {
        title: one if one.ndim == 3 else colourise(one, len(names)) for title, one in shown.items()
    }
    figure = plots.images(coloured, columns=columns)
    colours = class_colours(len(names)) / 255
    figure.legend(
        handles=[Patch(facecolor=c, label=n) for c, n in zip(colours, names, strict=True)],
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=7,
        frameon=False,
    )
    return figure
