"""Roofs: flat with tanks and masts, pitched, and mansard."""

import numpy as np

from bisenet_lib.data.minicity.city import WALLS, City
from bisenet_lib.data.minicity.colour import pick, shade
from bisenet_lib.data.minicity.facades import Plane, Style
from bisenet_lib.data.minicity.geometry import Face


def roof(
    rng: np.random.Generator, city: City, style: Style, front: Plane, gable: Plane
) -> list[Face]:
    """A flat, pitched or mansard roof; arguments as in :func:`pitched_roof`."""
    kind = rng.choice(["flat", "pitched", "mansard"], p=[0.42, 0.4, 0.18])
    if kind == "pitched":
        return pitched_roof(rng, city, style, front, gable, rng.uniform(1.6, 4.2))
    if kind == "flat":
        return roof_things(rng, style, front)
    tiles, tall, rise = pick(rng, city.roofs), style.tall, rng.uniform(2, 3)
    top = front.rect(0, front.long, tall, tall + rise)
    top[2:, 0] += front.side * 0.9
    faces = [Face(top, tiles, 0.45, "tiles")]
    dormers = np.arange(1.0, front.long - 1.6, rng.uniform(2.4, 4)).tolist() if front.z < 60 else []
    for u in dormers:
        box, pane = (u, u + 1.4, tall, tall + 1.7), (u + 0.25, u + 1.15, tall + 0.2, tall + 1.4)
        faces += _dormer(style, front, box, pane)
    return faces


def pitched_roof(
    rng: np.random.Generator, city: City, style: Style, front: Plane, gable: Plane, rise: float
) -> list[Face]:
    """A roof with a ridge along the street, some with chimneys and a dormer.

    Args:
        rng: draws tiles, chimneys and dormer.
        city: the colours of its roofs.
        style: of the house.
        front: the wall along the street.
        gable: the wall that faces the camera.
        rise: of the ridge above the walls, metres.

    Returns:
        Faces; draw them before the walls.
    """
    tiles, tall, half = pick(rng, city.roofs), style.tall, gable.long / 2
    slope = front.rect(-0.2, front.long + 0.2, tall - 0.1, tall + rise, 0.4)
    slope[2:, 0] = front.x + front.side * half
    end = gable.polygon([(0, tall), (half, tall + rise), (gable.long, tall)])
    wall = style.wall if rng.random() < 0.6 else shade(tiles, 0.8)
    faces = [Face(slope, tiles, rng.uniform(0.3, 0.7), "tiles")]
    faces.append(Face(end, wall, gable.light, style.texture))
    for u in rng.uniform(0, front.long - 1, int(rng.integers(0, 3))).tolist():
        stack = front.rect(u, u + 0.8, tall, tall + rise + rng.uniform(0.2, 1.2))
        stack[:, 0] += front.side * 0.6 * half
        faces.append(Face(stack, (128, 84, 68), 0.4, "brick"))
    if rng.random() < 0.25 and front.z < 60:
        u = rng.uniform(0.2, 0.6) * front.long
        box = (u, u + 1.8, tall - 0.1, tall + 1.5)
        faces += _dormer(style, front, box, (u + 0.4, u + 1.4, tall + 0.3, tall + 1.2))
    return faces


def roof_things(rng: np.random.Generator, style: Style, front: Plane) -> list[Face]:
    """Boxes, tanks and masts on a flat roof."""
    faces = []
    for _ in range(int(rng.integers(0, 4))):
        u, wide = rng.uniform(0, 0.8) * front.long, rng.choice([0.1, 1.2, 2.5, 4.0])
        high = rng.uniform(0.8, 2.8) * (1.5 if wide < 1 else 1)
        box = front.rect(u, min(u + wide, front.long), style.tall - 0.1, style.tall + high)
        box[:, 0] += front.side * rng.uniform(0.2, 2)
        box[:2, 1] -= 1.5
        faces.append(Face(box, shade(pick(rng, WALLS), 0.8), 0.4))
    return faces


def _dormer(
    style: Style,
    front: Plane,
    box: tuple[float, float, float, float],
    pane: tuple[float, float, float, float],
) -> list[Face]:
    """A window that stands on a roof; its two rectangles are left, right, foot, top in metres."""
    return [
        Face(front.rect(*box), style.trim, front.light),
        Face(front.rect(*pane), style.panes[0][0], 0.4, solid=False),
    ]
