"""Those who ride on bicycles and motorcycles."""

import numpy as np

from bisenet_lib.data.minicity.colour import shade, tinted
from bisenet_lib.data.minicity.cutouts import DARK, Shape, stood
from bisenet_lib.data.minicity.geometry import Thing, disc, dome, limb, rect
from bisenet_lib.data.minicity.people import Look, draw_look, head
from bisenet_lib.data.minicity.two_wheelers import PAINTS

_SEATS = {False: 0.96, True: 0.84}
"""Metres above the ground at which one sits; False on a bicycle, True on a motorcycle."""


def rider(
    rng: np.random.Generator,
    x: float,
    z: float,
    *,
    side_on: bool,
    motor: bool,
    turn: float = 0.0,
) -> Thing:
    """The rider of a two-wheeler that stands at the same place.

    Args:
        rng: draws clothes and helmet.
        x: metres to the right.
        z: metres ahead.
        side_on: seen from the side rather than from behind.
        motor: sits lower, with a helmet.
        turn: radians, as that of the two-wheeler.

    Returns:
        The rider; draw it after its two-wheeler.
    """
    look, knee = draw_look(rng), rng.uniform(0.0, 1.0)
    shapes = _rider_side(look, knee, motor) if side_on else _rider_end(look, knee, motor)
    seat = _SEATS[motor]
    middle = (0.2, seat + 0.76) if side_on else (0.0, seat + 0.8)
    shell = tinted(rng, (DARK, (226, 226, 222), *PAINTS))
    if motor:
        shapes.append(Shape(disc(*middle, 0.145, 0.155, 14), shell, 0.75))
        visor = rect(middle[0] + 0.02, middle[0] + 0.14, middle[1] - 0.03, middle[1] + 0.06)
        if side_on:
            shapes.append(Shape(visor, (44, 52, 60), 0.6))
    elif rng.random() < 0.5:
        helmet = dome(middle[0], middle[1] + 0.02, 0.125, 0.13)
        shapes.append(Shape(helmet, shell, 0.75))
    return Thing("rider", z - 0.01, stood(shapes, x, z - 0.01, turn if side_on else 0.0))


def _rider_side(look: Look, knee: float, motor: bool) -> list[Shape]:
    """A rider from the side.

    Args:
        look: of the person.
        knee: how high the nearer knee is, 0..1; the other one does the opposite.
        motor: on a motorcycle.

    Returns:
        Shapes, the farthest first.
    """
    seat = _SEATS[motor]
    near = (0.24, 0.62 + 0.2 * knee) if not motor else (0.26, 0.72)
    away = (0.24, 0.82 - 0.2 * knee) if not motor else (0.24, 0.7)
    foot = (0.06, near[1] - 0.44) if not motor else (0.02, 0.32)
    grip, lean = (0.34, seat + 0.14), 0.22 if motor else 0.16
    cloth = look.skin if look.bare else look.top
    return [
        Shape(limb(-0.16, seat, *away, 0.09, 0.07), shade(look.legs, 0.7), 0.4),
        Shape(limb(*away, foot[0] + 0.02, away[1] - 0.42, 0.065, 0.05), shade(look.legs, 0.7), 0.3),
        Shape(limb(*near, *foot, 0.075, 0.055), look.legs, 0.45),
        Shape(limb(-0.18, seat, *near, 0.115, 0.078), look.legs, 0.6),
        Shape(
            limb(foot[0] - 0.06, foot[1] - 0.02, foot[0] + 0.2, foot[1] - 0.04, 0.05, 0.04),
            look.shoes,
            0.35,
        ),
        Shape(limb(-0.2, seat - 0.05, lean - 0.02, seat + 0.56, 0.15, 0.15), look.top, 0.7),
        Shape(
            limb(-0.28, seat + 0.02, lean - 0.14, seat + 0.5, 0.06, 0.05),
            shade(look.top, 0.75),
            0.4,
        ),
        *(
            [Shape(limb(-0.3, seat + 0.12, -0.12, seat + 0.56, 0.1, 0.1), look.spare, 0.5)]
            if look.bag == "pack"
            else []
        ),
        *head(look, lean + 0.02, seat + 0.74, "side"),
        Shape(limb(lean, seat + 0.5, 0.22, seat + 0.24, 0.068, 0.055), look.top, 0.6),
        Shape(limb(0.22, seat + 0.24, *grip, 0.05, 0.042), cloth, 0.55),
        Shape(disc(*grip, 0.045, 0.04, 8), look.skin, 0.5),
    ]


def _rider_end(look: Look, knee: float, motor: bool) -> list[Shape]:
    """A rider from behind; arguments and result as in :func:`_rider_side`."""
    seat, out = _SEATS[motor], 0.24 if motor else 0.16
    low = 0.3 if motor else 0.18 + 0.22 * knee
    other = 0.3 if motor else 0.4 - 0.22 * knee
    torso = [
        (-0.16, seat - 0.1),
        (0.16, seat - 0.1),
        (look.broad, seat + 0.42),
        (look.broad * 0.85, seat + 0.54),
        (0.07, seat + 0.62),
        (-0.07, seat + 0.62),
        (-look.broad * 0.85, seat + 0.54),
        (-look.broad, seat + 0.42),
    ]
    shapes = []
    for side, foot in ((-1, low), (1, other)):
        knee_at = (side * out, (seat + foot) / 2 + 0.02)
        shin = (*knee_at, side * out * 0.9, foot)
        shapes += [
            Shape(limb(*shin, 0.07, 0.055), shade(look.legs, 0.85), 0.4),
            Shape(limb(side * 0.1, seat, *knee_at, 0.1, 0.075), look.legs, 0.5),
            Shape(disc(side * out * 0.9, foot - 0.03, 0.06, 0.07, 8), look.shoes, 0.3),
            Shape(
                limb(
                    side * look.broad,
                    seat + 0.48,
                    side * (look.broad + 0.1),
                    seat + 0.22,
                    0.065,
                    0.055,
                ),
                look.top,
                0.5,
            ),
            Shape(
                limb(side * (look.broad + 0.1), seat + 0.22, side * 0.32, seat + 0.1, 0.05, 0.045),
                look.top,
                0.45,
            ),
        ]
    lit = [(0.02, seat - 0.1), *torso[1:5], (0.02, seat + 0.62)]
    shapes += [Shape(torso, shade(look.top, 0.86), 0.5), Shape(lit, look.top, 0.75)]
    if look.bag == "pack":
        shapes.append(Shape(rect(-0.16, 0.16, seat + 0.06, seat + 0.52), look.spare, 0.55))
    return [*shapes, *head(look, 0.0, seat + 0.76, "back")]
