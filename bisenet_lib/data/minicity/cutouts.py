"""Flat cut-outs at their place in the street: what people and two-wheelers are made of.

A shape seen from the side faces ``+x``; a turn of pi (radians) lets it face ``-x``, and turns
between foreshorten it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bisenet_lib.data.minicity.colour import Colour
from bisenet_lib.data.minicity.geometry import Face, Outline, turned

DARK: Colour = (26, 26, 28)
"""Tyres, saddles, belts, handles."""
CHROME: Colour = (178, 180, 184)
CLOTHES: tuple[Colour, ...] = (
    (40, 44, 58),
    (26, 27, 30),
    (70, 78, 100),
    (34, 40, 62),
    (120, 110, 96),
    (168, 44, 46),
    (226, 224, 218),
    (52, 84, 66),
    (190, 150, 70),
    (104, 66, 96),
    (88, 120, 164),
    (134, 136, 138),
    (214, 120, 50),
    (222, 214, 90),
    (196, 130, 150),
    (84, 60, 44),
)
"""Colours of clothes, bags and bicycle frames."""


class Shape(NamedTuple):
    """One flat part of a cut-out.

    Attributes:
        outline: its (dx, y) corners, metres.
        colour: before light.
        facing: share of sunlight.
        alpha: 0 is labelled but not painted.
        across: it stands across the way it faces, as a handlebar does.
    """

    outline: Outline
    colour: Colour
    facing: float = 0.5
    alpha: float = 1.0
    across: bool = False


def stood(
    shapes: Sequence[Shape], x: float, z: float, turn: float = 0.0, size: float = 1.0
) -> tuple[Face, ...]:
    """Shapes stood up in the street.

    Args:
        shapes: in drawing order.
        x: metres to the right.
        z: metres ahead.
        turn: radians about the vertical.
        size: factor on all measures.

    Returns:
        A face for each shape.
    """
    ends = np.cumsum([len(shape.outline) for shape in shapes]).tolist()
    across = np.repeat([shape.across for shape in shapes], np.diff([0, *ends]))
    flat = size * np.array([corner for shape in shapes for corner in shape.outline])
    points = np.zeros((len(flat), 3))
    points[:, 0], points[:, 1], points[:, 2] = ~across * flat[:, 0], flat[:, 1], across * flat[:, 0]
    points = turned(points, turn, x, z)
    return tuple(
        Face(points[start:end], shape.colour, shape.facing, alpha=shape.alpha)
        for shape, start, end in zip(shapes, [0, *ends], ends, strict=False)
    )
