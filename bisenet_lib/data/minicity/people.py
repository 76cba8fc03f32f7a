"""People, riders, bicycles and motorcycles, drawn as flat cut-outs at their place."""

import math

import numpy as np

from bisenet_lib.data.minicity.geometry import Colour, Face, Thing, disc, upright

_CLOTHES: tuple[Colour, ...] = (
    (40, 44, 58),
    (70, 78, 100),
    (30, 30, 34),
    (120, 110, 96),
    (168, 44, 46),
    (206, 204, 198),
    (52, 84, 66),
    (190, 150, 70),
    (104, 66, 96),
    (88, 120, 164),
    (134, 136, 138),
)
_SKIN: tuple[Colour, ...] = ((224, 182, 154), (196, 148, 116), (140, 98, 70), (92, 62, 46))
_HAIR: tuple[Colour, ...] = ((36, 28, 22), (84, 58, 34), (150, 120, 70), (150, 148, 146))

Outline = list[tuple[float, float]]
"""The (dx, y) corners of a polygon, metres."""
Shape = tuple[Outline, Colour, float]
"""Outline, colour, share of sunlight."""


def _cloth(rng: np.random.Generator) -> Colour:
    base = np.array(_CLOTHES[rng.integers(len(_CLOTHES))])
    return tuple(np.clip(base + rng.normal(0, 12, 3), 8, 240))


def _pick(rng: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    return colours[rng.integers(len(colours))]


def _limb(x0: float, y0: float, x1: float, y1: float, wide: float, narrow: float) -> Outline:
    length = max(math.hypot(x1 - x0, y1 - y0), 1e-6)
    nx, ny = (y0 - y1) / length, (x1 - x0) / length
    return [
        (x0 + nx * wide, y0 + ny * wide),
        (x1 + nx * narrow, y1 + ny * narrow),
        (x1 - nx * narrow, y1 - ny * narrow),
        (x0 - nx * wide, y0 - ny * wide),
    ]


def _head(rng: np.random.Generator, x: float, y: float) -> list[Shape]:
    hair = _pick(rng, _HAIR) if rng.random() < 0.8 else _cloth(rng)
    return [
        (_limb(x, y - 0.22, x, y - 0.05, 0.05, 0.05), _pick(rng, _SKIN), 0.3),
        (disc(x, y, 0.1, 0.13, 10), _pick(rng, _SKIN), 0.6),
        (disc(x, y + 0.05, 0.11, 0.1, 10), hair, 0.5),
    ]


def person(
    rng: np.random.Generator,
    x: float,
    z: float,
    label: str = "person",
    phase: float | None = None,
) -> Thing:
    """Someone on foot.

    Args:
        rng: draws height, clothes and stride.
        x: metres to the right.
        z: metres ahead.
        label: ``person``, or ``persongroup``.
        phase: of a step, radians; by default the stride is drawn.

    Returns:
        The person, or a group of several standing close.
    """
    count = 1 if label == "person" else int(rng.integers(3, 6))
    faces: list[Face] = []
    for number in range(count):
        faces += _walker(rng, x + 0.42 * number, z, phase)
    return Thing(label, z, tuple(faces))


def _walker(rng: np.random.Generator, x: float, z: float, phase: float | None) -> list[Face]:
    size = rng.uniform(0.88, 1.06) if rng.random() < 0.88 else rng.uniform(0.6, 0.75)
    stride, broad = rng.uniform(-0.28, 0.28), rng.uniform(0.19, 0.26)
    top, legs, swing = _cloth(rng), _cloth(rng), rng.uniform(-0.2, 0.2)
    if phase is not None:
        stride, swing = 0.26 * math.sin(phase), 0.18 * math.sin(phase)
    coat = rng.choice([0.9, 0.75, 0.5], p=[0.6, 0.25, 0.15])
    shapes: list[Shape] = [
        (_limb(-0.08, 0.9, -0.08 - stride, 0.05, 0.11, 0.06), legs, 0.35),
        (_limb(0.08, 0.9, 0.08 + stride, 0.05, 0.11, 0.06), legs, 0.5),
        (_limb(-0.1 - stride, 0.06, 0.04 - stride, 0.03, 0.06, 0.04), (30, 28, 26), 0.3),
        (_limb(0.06 + stride, 0.06, 0.2 + stride, 0.03, 0.06, 0.04), (30, 28, 26), 0.3),
        (_limb(-broad, 1.4, -broad - swing, 0.85, 0.065, 0.05), top, 0.3),
        (
            [
                (-broad, 1.42),
                (-0.08, 1.5),
                (0.08, 1.5),
                (broad, 1.42),
                (broad * 0.85, coat),
                (-broad * 0.85, coat),
            ],
            top,
            0.55,
        ),
        ([(0, 1.48), (broad, 1.42), (broad * 0.85, coat), (0, coat)], top, 0.85),
        (_limb(broad, 1.4, broad + swing, 0.85, 0.065, 0.05), top, 0.7),
        *_head(rng, 0.0, 1.63),
    ]
    if rng.random() < 0.3:
        shapes.append(([(-0.3, 1.3), (-0.12, 1.3), (-0.1, 0.9), (-0.32, 0.9)], _cloth(rng), 0.4))
    return [
        Face(upright(np.asarray(points) * size, x, z), colour, facing)
        for points, colour, facing in shapes
    ]


def _ring(x: float, radius: float, wide: float) -> Outline:
    outer, inner = disc(x, radius, radius, count=16), disc(x, radius, radius - wide, count=16)
    return [*outer, outer[0], inner[0], *inner[::-1]]


def bicycle(
    rng: np.random.Generator, x: float, z: float, *, side_on: bool, label: str = "bicycle"
) -> Thing:
    """A bicycle, or (``bicyclegroup``) a row of parked ones.

    Args:
        rng: draws its colour.
        x: metres to the right.
        z: metres ahead.
        side_on: seen from the side rather than from behind.
        label: ``bicycle`` or ``bicyclegroup``.

    Returns:
        The bicycle; like annotators do, its label also covers the gaps of the wheels.
    """
    count = 1 if label == "bicycle" else int(rng.integers(3, 6))
    faces: list[Face] = []
    for number in range(count):
        faces += (_bicycle_side if side_on else _bicycle_back)(rng, x + 0.55 * number, z)
    return Thing(label, z, tuple(faces))


def _bicycle_side(rng: np.random.Generator, x: float, z: float) -> list[Face]:
    frame, dark = _cloth(rng), (26, 26, 28)
    hull = [*disc(-0.52, 0.34, 0.36, count=14), *disc(0.52, 0.34, 0.36, count=14)]
    shapes: list[Shape] = [
        (_limb(-0.52, 0.34, -0.15, 0.85, 0.03, 0.03), frame, 0.6),
        (_limb(-0.52, 0.34, 0.0, 0.3, 0.03, 0.03), frame, 0.6),
        (_limb(0.0, 0.3, -0.2, 0.9, 0.03, 0.03), frame, 0.6),
        (_limb(0.0, 0.3, 0.38, 0.85, 0.035, 0.035), frame, 0.6),
        (_limb(-0.16, 0.8, 0.38, 0.85, 0.035, 0.035), frame, 0.6),
        (_limb(0.52, 0.34, 0.36, 1.02, 0.03, 0.03), frame, 0.6),
        (_limb(0.36, 1.02, 0.2, 1.08, 0.03, 0.03), dark, 0.4),
        (_limb(-0.32, 0.93, -0.06, 0.93, 0.04, 0.03), dark, 0.4),
    ]
    solid = [(disc(-0.52, 0.34, 0.35), dark), (disc(0.52, 0.34, 0.35), dark)]
    solid.append(([hull[0], (0.36, 0.9), (-0.2, 0.9), (-0.52, 0.34), (0.52, 0.2)], dark))
    faces = [Face(upright(p, x, z), c, 0.3, alpha=0.0) for p, c in solid]
    faces += [Face(upright(_ring(w, 0.36, 0.07), x, z), dark, 0.3) for w in (-0.52, 0.52)]
    return faces + [Face(upright(p, x, z), c, f) for p, c, f in shapes]


def _bicycle_back(rng: np.random.Generator, x: float, z: float) -> list[Face]:
    shapes: list[Shape] = [
        (_limb(0, 0.0, 0, 0.7, 0.05, 0.05), (26, 26, 28), 0.3),
        (_limb(0, 0.45, 0, 0.95, 0.045, 0.045), _cloth(rng), 0.5),
        (_limb(-0.12, 0.95, 0.12, 0.95, 0.045, 0.045), (30, 30, 32), 0.4),
        (_limb(-0.29, 1.04, 0.29, 1.04, 0.03, 0.03), (60, 60, 62), 0.5),
        (disc(0, 0.62, 0.06, 0.05, 8), (200, 30, 26), 0.6),
    ]
    return [Face(upright(p, x, z), c, f) for p, c, f in shapes]


def motorcycle(rng: np.random.Generator, x: float, z: float, *, side_on: bool) -> Thing:
    """A motorcycle or scooter; arguments as in :func:`bicycle`."""
    paint, dark = _cloth(rng), (28, 28, 30)
    shapes: list[Shape]
    if side_on:
        wheels = [(disc(w, 0.31, 0.32, count=14), dark, 0.2) for w in (-0.68, 0.68)]
        hubs = [(disc(w, 0.31, 0.15, count=10), (120, 122, 126), 0.5) for w in (-0.68, 0.68)]
        shapes = [
            *wheels,
            *hubs,
            ([(-0.5, 0.32), (0.35, 0.3), (0.42, 0.75), (-0.3, 0.72)], (66, 68, 72), 0.4),
            ([(-0.85, 0.78), (-0.3, 0.62), (0.4, 0.7), (0.45, 0.98), (0.1, 1.0)], paint, 0.7),
            ([(-0.9, 0.84), (-0.1, 0.8), (-0.1, 0.92), (-0.85, 0.93)], dark, 0.4),
            (_limb(0.68, 0.31, 0.42, 1.1, 0.05, 0.04), (130, 132, 136), 0.6),
            ([(0.4, 0.85), (0.62, 0.85), (0.52, 1.2), (0.36, 1.15)], paint, 0.6),
        ]
    else:
        shapes = [
            (_limb(0, 0.0, 0, 0.62, 0.09, 0.09), dark, 0.2),
            ([(-0.22, 0.4), (0.22, 0.4), (0.2, 0.9), (-0.2, 0.9)], paint, 0.6),
            (disc(0, 0.72, 0.1, 0.06, 8), (206, 30, 26), 0.8),
            ([(-0.26, 0.86), (0.26, 0.86), (0.16, 1.06), (-0.16, 1.06)], dark, 0.4),
            (_limb(-0.4, 1.02, 0.4, 1.02, 0.035, 0.035), (90, 92, 96), 0.5),
            (disc(-0.42, 1.14, 0.08, 0.06, 8), dark, 0.5),
            (disc(0.42, 1.14, 0.08, 0.06, 8), dark, 0.5),
        ]
    return Thing("motorcycle", z, tuple(Face(upright(p, x, z), c, f) for p, c, f in shapes))


def rider(rng: np.random.Generator, x: float, z: float, *, side_on: bool, motor: bool) -> Thing:
    """The rider of a two-wheeler that stands at the same place.

    Args:
        rng: draws clothes and helmet.
        x: metres to the right.
        z: metres ahead.
        side_on: seen from the side rather than from behind.
        motor: sits lower, with a helmet.

    Returns:
        The rider; draw it after its two-wheeler.
    """
    top, legs = _cloth(rng), _cloth(rng)
    seat = 0.85 if motor else 0.98
    knee = rng.uniform(0.55, 0.75)
    shapes: list[Shape]
    if side_on:
        shapes = [
            (_limb(-0.18, seat, 0.16, knee, 0.1, 0.07), legs, 0.5),
            (_limb(0.16, knee, 0.02, 0.2, 0.075, 0.05), legs, 0.4),
            (_limb(-0.2, seat - 0.04, 0.1, seat + 0.55, 0.14, 0.13), top, 0.7),
            (_limb(0.08, seat + 0.48, 0.36, seat + 0.12, 0.06, 0.045), top, 0.5),
            *_head(rng, 0.16, seat + 0.74),
        ]
    else:
        shapes = [
            (_limb(-0.12, seat, -0.17, 0.22, 0.1, 0.06), legs, 0.4),
            (_limb(0.12, seat, 0.17, knee - 0.2, 0.1, 0.06), legs, 0.5),
            (
                [
                    (-0.17, seat - 0.08),
                    (0.17, seat - 0.08),
                    (0.25, seat + 0.5),
                    (0.08, seat + 0.6),
                    (-0.08, seat + 0.6),
                    (-0.25, seat + 0.5),
                ],
                top,
                0.6,
            ),
            (_limb(-0.23, seat + 0.45, -0.3, seat + 0.08, 0.06, 0.05), top, 0.4),
            (_limb(0.23, seat + 0.45, 0.3, seat + 0.08, 0.06, 0.05), top, 0.7),
            *_head(rng, 0.0, seat + 0.76),
        ]
    if motor or rng.random() < 0.4:
        head = (0.16 if side_on else 0.0, seat + (0.78 if side_on else 0.8))
        shapes.append((disc(*head, 0.14, 0.13, 10), _cloth(rng), 0.8))
    depth = z - 0.01
    return Thing("rider", depth, tuple(Face(upright(p, x, z), c, f) for p, c, f in shapes))
