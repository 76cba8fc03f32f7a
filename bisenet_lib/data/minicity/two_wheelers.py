"""Bicycles, motorcycles and motor scooters, from the side or from an end."""

import math

import numpy as np

from bisenet_lib.data.minicity.colour import Colour, shade, tinted
from bisenet_lib.data.minicity.cutouts import CHROME, CLOTHES, DARK, Shape, stood
from bisenet_lib.data.minicity.geometry import Face, Outline, Thing, disc, dome, limb, rect, ring

PAINTS: tuple[Colour, ...] = (
    (28, 28, 30),
    (176, 28, 28),
    (34, 70, 150),
    (226, 226, 222),
    (92, 170, 60),
    (224, 110, 30),
    (120, 124, 128),
    (60, 20, 26),
)
"""Bodies of motorcycles, and helmets."""
_STEEL: Colour = (150, 152, 156)
_TYRE: Colour = (20, 20, 22)
_PLATE: Colour = (226, 224, 214)
_TAIL_LAMP: Colour = (190, 26, 24)


def bicycle(
    rng: np.random.Generator,
    x: float,
    z: float,
    *,
    side_on: bool,
    label: str = "bicycle",
    turn: float = 0.0,
) -> Thing:
    """A bicycle, or (``bicyclegroup``) a row of parked ones.

    Args:
        rng: draws its kind and colour.
        x: metres to the right.
        z: metres ahead.
        side_on: seen from the side rather than from behind.
        label: ``bicycle`` or ``bicyclegroup``.
        turn: radians by which one seen from the side is turned.

    Returns:
        The bicycle; like annotators do, its label also covers the gaps of the wheels.
    """
    count = 1 if label == "bicycle" else int(rng.integers(3, 6))
    faces: list[Face] = []
    for number in range(count):
        shapes = _bicycle_side(rng) if side_on else _bicycle_end(rng)
        faces += stood(shapes, x + 0.55 * number, z, turn if side_on else 0.0)
    return Thing(label, z, tuple(faces))


def _bicycle_side(rng: np.random.Generator) -> list[Shape]:
    """A bicycle from the side: a town bicycle, a racer or a mountain bicycle."""
    frame, tyre = tinted(rng, CLOTHES, 16), tinted(rng, (DARK, (44, 42, 40)), 4)
    kind = str(rng.choice(["town", "racer", "mountain"], p=[0.5, 0.25, 0.25]))
    wheel = 0.3 if rng.random() < 0.12 else 0.345
    wide, tube = {"town": 0.042, "racer": 0.03, "mountain": 0.06}[kind], 0.022
    bar, seat = (0.4, 1.06 if kind == "town" else 0.97), (-0.2, rng.uniform(0.9, 1.02))
    top = (0.34, 0.62) if kind == "town" and rng.random() < 0.5 else (0.36, 0.84)
    hull: Outline = [(-0.52, 0.34), seat, bar, (0.54, 0.34)]
    shapes = [Shape(disc(at, wheel, wheel), DARK, alpha=0.0) for at in (-0.54, 0.54)]
    shapes.append(Shape(hull, DARK, alpha=0.0))
    for at in (-0.54, 0.54):
        for angle in (0.3, 1.35, 2.4):
            dx, dy = 0.9 * wheel * math.cos(angle), 0.9 * wheel * math.sin(angle)
            spoke = limb(at - dx, wheel - dy, at + dx, wheel + dy, 0.004, 0.004)
            shapes.append(Shape(spoke, _STEEL, 0.4))
        shapes.append(Shape(ring(at, wheel, wheel, wide), tyre, 0.3))
        shapes.append(Shape(ring(at, wheel, wheel - wide, 0.02), _STEEL, 0.5))
    tubes = [(-0.54, wheel, *seat), (-0.54, wheel, 0.0, 0.29), (0.0, 0.29, *seat)]
    tubes += [(0.0, 0.29, *top), (-0.15, 0.8, *top), (0.54, wheel, 0.36, 0.95)]
    shapes += [Shape(limb(*ends, tube, tube), frame, 0.65) for ends in tubes]
    grip = (0.52, 0.9) if kind == "racer" else (0.24, bar[1] + 0.05)
    shapes += [
        Shape(limb(0.36, 0.93, *bar, 0.018, 0.018), (160, 162, 166), 0.5),
        Shape(limb(*bar, *grip, 0.022, 0.026), DARK, 0.4),
        Shape(
            [(-0.34, seat[1] + 0.05), (-0.05, seat[1] + 0.03), (-0.22, seat[1] - 0.03)], DARK, 0.4
        ),
        Shape(disc(0.0, 0.29, 0.085, 0.085, 10), (70, 72, 76), 0.5),
        Shape(limb(0.0, 0.29, 0.09, 0.14, 0.016, 0.016), (170, 172, 176), 0.5),
        Shape(rect(-0.28, 0.28, bar[1], bar[1] + 0.03), DARK, 0.4, across=True),
    ]
    return shapes + _carriers(rng, wheel, kind)


def _carriers(rng: np.random.Generator, wheel: float, kind: str) -> list[Shape]:
    """Mudguard, rack, basket, panniers or child's seat of a town bicycle.

    Args:
        rng: draws them.
        wheel: its radius, metres.
        kind: of bicycle; other kinds have none.

    Returns:
        Shapes to put over the bicycle's.
    """
    if kind != "town":
        return []
    shapes = [Shape(rect(-0.86, -0.28, 0.74, 0.77), (60, 62, 64), 0.4)]
    guard = dome(-0.54, wheel, 1.05 * wheel, 1.05 * wheel)
    inner = dome(-0.54, wheel, 0.97 * wheel, 0.97 * wheel)
    shapes.append(Shape([*guard, *inner[::-1]], tinted(rng, CLOTHES), 0.5))
    load = str(rng.choice(["none", "basket", "bags", "child"], p=[0.45, 0.3, 0.17, 0.08]))
    weave = tinted(rng, ((150, 116, 70), DARK))
    if load == "basket":
        box = [(0.44, 0.8), (0.72, 0.8), (0.78, 1.06), (0.4, 1.06)]
        shapes += [
            Shape(box, weave, 0.5),
            Shape(rect(0.42, 0.76, 0.9, 0.93), shade(weave, 0.6)),
        ]
    elif load == "bags":
        shapes.append(Shape(rect(-0.82, -0.42, 0.36, 0.74), tinted(rng, CLOTHES), 0.5))
    elif load == "child":
        chair = [
            (-0.78, 0.78),
            (-0.4, 0.78),
            (-0.4, 0.92),
            (-0.66, 0.94),
            (-0.74, 1.3),
            (-0.84, 1.3),
        ]
        shapes.append(Shape(chair, tinted(rng, CLOTHES), 0.5))
    return shapes


def _bicycle_end(rng: np.random.Generator) -> list[Shape]:
    """A bicycle from behind, or from the front."""
    paint, front = tinted(rng, CLOTHES), rng.random() < 0.35
    shapes = [
        Shape(limb(0, 0.0, 0, 0.69, 0.03, 0.03), DARK, 0.3),
        Shape(limb(-0.13, 0.3, 0.13, 0.2, 0.015, 0.015), _STEEL, 0.4),
        Shape(limb(0, 0.4, 0, 0.95, 0.025, 0.03), paint, 0.6),
        Shape(limb(-0.3, 1.04, 0.3, 1.04, 0.02, 0.02), (60, 60, 62), 0.5),
        Shape(rect(-0.31, -0.22, 1.0, 1.06), DARK, 0.4),
        Shape(rect(0.22, 0.31, 1.0, 1.06), DARK, 0.4),
    ]
    lamp = (240, 238, 220) if front else (200, 30, 26)
    if not front:
        shapes.append(Shape([(-0.1, 0.97), (0.1, 0.97), (0.03, 0.9), (-0.03, 0.9)], DARK, 0.4))
    if rng.random() < 0.35:
        weave = tinted(rng, ((150, 116, 70), DARK, *CLOTHES))
        low = 0.8 if front else 0.72
        box = [(-0.15, low), (0.15, low), (0.19, low + 0.26), (-0.19, low + 0.26)]
        shapes.append(Shape(box, weave, 0.5))
    return [*shapes, Shape(disc(0, 0.66, 0.045, 0.045, 8), lamp, 0.8)]


def motorcycle(
    rng: np.random.Generator, x: float, z: float, *, side_on: bool, turn: float = 0.0
) -> Thing:
    """A motorcycle or scooter; arguments and result as in :func:`bicycle`."""
    paint = tinted(rng, PAINTS, 12)
    if not side_on:
        shapes = _motorcycle_end(rng, paint)
    else:
        shapes = (_scooter if rng.random() < 0.35 else _motorcycle_side)(rng, paint)
    return Thing("motorcycle", z, stood(shapes, x, z, turn if side_on else 0.0))


def _wheel(x: float, radius: float, wide: float) -> list[Shape]:
    """A thick tyre, its rim with three spokes, brake disc and hub.

    Args:
        x: metres from the middle of the motorcycle.
        radius: metres.
        wide: height of the tyre's wall, metres.

    Returns:
        Shapes.
    """
    shapes = [
        Shape(disc(x, radius, radius, count=18), _TYRE, 0.25),
        Shape(disc(x, radius, radius - wide, count=16), (92, 94, 98), 0.4),
        Shape(disc(x, radius, radius - wide - 0.025, count=14), (46, 47, 50), 0.3),
    ]
    for angle in (0.4, 1.45, 2.5):
        dx, dy = (radius - wide) * math.cos(angle), (radius - wide) * math.sin(angle)
        spoke = limb(x - dx, radius - dy, x + dx, radius + dy, 0.018, 0.018)
        shapes.append(Shape(spoke, (140, 142, 146), 0.5))
    shapes.append(Shape(disc(x, radius, 0.07, count=10), CHROME, 0.6))
    return shapes


def _motorcycle_side(rng: np.random.Generator, paint: Colour) -> list[Shape]:
    """A motorcycle from the side."""
    kind = str(rng.choice(["naked", "sport", "cruiser", "tourer"]))
    low = kind == "cruiser"
    metal, seat = (
        tinted(rng, ((62, 64, 68), (110, 112, 116), (40, 41, 44)), 6),
        0.72 if low else 0.82,
    )
    reach, bar = (0.82, 1.12) if low else (0.72, 0.98 if kind == "sport" else 1.08)
    shapes = [
        *_wheel(-0.7, 0.32, 0.11),
        *_wheel(reach, 0.32, 0.1),
        Shape(limb(-0.7, 0.32, -0.05, 0.42, 0.035, 0.05), (70, 72, 76), 0.4),
        Shape([(-0.32, 0.24), (0.3, 0.22), (0.42, 0.5), (0.3, 0.74), (-0.3, 0.74)], metal, 0.45),
        Shape(limb(reach, 0.32, 0.42, bar - 0.06, 0.04, 0.035), CHROME, 0.65),
    ]
    for y in (0.5, 0.56, 0.62, 0.68):
        shapes.append(Shape(rect(0.02, 0.34, y, y + 0.025), shade(metal, 0.45), 0.4))
    shapes += [
        Shape(disc(-0.1, 0.38, 0.12, 0.12, 12), shade(metal, 1.5), 0.6),
        Shape(limb(0.3, 0.3, -0.3, 0.26, 0.035, 0.04), CHROME, 0.6),
        Shape(limb(-0.3, 0.27, -0.98, 0.44, 0.05, 0.075), CHROME if low else metal, 0.8),
        Shape([(-0.12, 0.74), (0.4, 0.76), (0.44, 0.92), (0.28, 1.02), (0.0, 0.98)], paint, 0.6),
        Shape([(0.0, 0.9), (0.4, 0.9), (0.28, 1.02), (0.02, 0.98)], shade(paint, 1.35), 0.8),
        Shape(
            [(-0.62, seat - 0.02), (-0.04, seat - 0.04), (0.02, seat + 0.08), (-0.6, seat + 0.1)],
            DARK,
            0.35,
        ),
        Shape(
            [(-0.98, seat + 0.06), (-0.55, seat - 0.12), (-0.5, seat + 0.02), (-0.92, seat + 0.14)],
            paint,
            0.6,
        ),
        Shape([(-1.04, 0.56), (-0.84, 0.66), (-0.8, 0.72), (-1.0, 0.74)], DARK, 0.4),
        Shape(rect(-1.07, -1.03, 0.55, 0.72), _PLATE, 0.7),
        Shape(rect(-1.0, -0.93, seat, seat + 0.08), _TAIL_LAMP, 0.7),
        Shape(
            [(reach - 0.24, 0.6), (reach + 0.2, 0.58), (reach + 0.06, 0.67), (reach - 0.16, 0.68)],
            paint,
            0.7,
        ),
        Shape(limb(0.42, bar, 0.2, bar + 0.06, 0.025, 0.03), DARK, 0.4),
        Shape(disc(0.22, bar + 0.16, 0.06, 0.045, 8), DARK, 0.5),
        Shape(rect(-0.38, 0.38, bar, bar + 0.04), DARK, 0.4, across=True),
        Shape(rect(-0.1, 0.1, 0.0, 0.62), _TYRE, 0.3, across=True),
    ]
    return shapes + _fairing(rng, kind, paint, bar)


def _fairing(rng: np.random.Generator, kind: str, paint: Colour, bar: float) -> list[Shape]:
    """Headlamp, and what covers a motorcycle of a kind, whose handlebar is ``bar`` metres high."""
    lamp = (250, 248, 232) if rng.random() < 0.4 else (196, 200, 204)
    shapes = []
    if kind in ("sport", "tourer"):
        cowl = [(0.22, 0.4), (0.5, 0.48), (0.66, 0.82), (0.62, 1.02), (0.42, 1.08), (0.36, 0.8)]
        shield = [(0.42, 1.06), (0.64, 1.0), (0.42, 1.3), (0.32, 1.32)]
        shapes += [Shape(shield, (120, 136, 148), 0.6), Shape(cowl, paint, 0.65)]
        shapes.append(Shape([(0.3, 0.52), (0.48, 0.56), (0.56, 0.76)], shade(paint, 0.5), 0.5))
        shapes.append(Shape([(0.54, 0.9), (0.66, 0.84), (0.63, 0.98)], lamp, 0.8))
    else:
        shapes.append(Shape(disc(0.54, bar - 0.1, 0.09, 0.11, 12), CHROME, 0.6))
        shapes.append(Shape(disc(0.58, bar - 0.1, 0.055, 0.09, 10), lamp, 0.8))
    if kind == "tourer":
        box = [(-1.0, 0.44), (-0.48, 0.44), (-0.44, 0.8), (-0.98, 0.82)]
        shapes += [
            Shape(box, shade(paint, 0.85), 0.6),
            Shape(rect(-1.02, -0.6, 0.92, 1.2), DARK, 0.5),
        ]
    return shapes


def _scooter(rng: np.random.Generator, paint: Colour) -> list[Shape]:
    """A motor scooter from the side."""
    body = [(-0.86, 0.5), (-0.3, 0.3), (-0.12, 0.34), (-0.1, 0.7), (-0.75, 0.82)]
    shapes = [
        *_wheel(-0.58, 0.25, 0.09),
        *_wheel(0.62, 0.25, 0.09),
        Shape(limb(-0.8, 0.3, -0.3, 0.26, 0.06, 0.05), (120, 122, 126), 0.5),
        Shape(rect(-0.32, 0.36, 0.24, 0.34), shade(paint, 0.7), 0.5),
        Shape(body, paint, 0.65),
        Shape([(-0.7, 0.66), (-0.14, 0.58), (-0.11, 0.7), (-0.74, 0.8)], shade(paint, 1.3), 0.8),
        Shape([(-0.78, 0.8), (-0.1, 0.7), (-0.08, 0.8), (-0.72, 0.9)], DARK, 0.35),
        Shape([(0.3, 0.26), (0.44, 0.3), (0.5, 0.95), (0.38, 1.0)], paint, 0.7),
        Shape([(0.42, 0.4), (0.82, 0.44), (0.72, 0.55), (0.46, 0.62)], shade(paint, 0.9), 0.6),
        Shape([(0.34, 0.96), (0.52, 0.94), (0.5, 1.1), (0.36, 1.1)], paint, 0.8),
        Shape(disc(0.53, 1.02, 0.05, 0.06, 10), (230, 230, 220), 0.8),
        Shape(limb(0.42, 1.08, 0.24, 1.12, 0.025, 0.025), DARK, 0.4),
        Shape(disc(0.3, 1.26, 0.05, 0.05, 8), DARK, 0.4),
        Shape(rect(-0.92, -0.88, 0.5, 0.64), _PLATE, 0.7),
        Shape(rect(-0.9, -0.82, 0.68, 0.78), _TAIL_LAMP, 0.7),
        Shape(rect(-0.34, 0.34, 1.06, 1.1), DARK, 0.4, across=True),
    ]
    if rng.random() < 0.5:
        shapes.append(
            Shape(rect(-1.06, -0.7, 0.9, 1.2), tinted(rng, (DARK, paint, (230, 190, 40))), 0.6)
        )
    if rng.random() < 0.3:
        shapes.append(
            Shape([(0.44, 1.1), (0.5, 1.1), (0.36, 1.5), (0.32, 1.5)], (150, 164, 174), 0.6)
        )
    return shapes


def _motorcycle_end(rng: np.random.Generator, paint: Colour) -> list[Shape]:
    """A motorcycle from behind, or from the front."""
    tyre = rng.uniform(0.08, 0.11)
    shapes = [
        Shape(limb(0, 0.0, 0, 0.64, tyre, tyre), (18, 18, 20), 0.25),
        Shape(limb(-0.44, 1.06, 0.44, 1.06, 0.028, 0.028), (60, 62, 66), 0.5),
        Shape(limb(-0.36, 1.06, -0.46, 1.22, 0.012, 0.012), DARK, 0.4),
        Shape(limb(0.36, 1.06, 0.46, 1.22, 0.012, 0.012), DARK, 0.4),
        Shape(disc(-0.47, 1.25, 0.075, 0.05, 8), DARK, 0.5),
        Shape(disc(0.47, 1.25, 0.075, 0.05, 8), DARK, 0.5),
    ]
    if rng.random() < 0.4:
        lamp = (252, 250, 236) if rng.random() < 0.5 else (200, 204, 206)
        return [
            *shapes,
            Shape(rect(-0.22, 0.22, 0.36, 0.66), (66, 68, 72), 0.4),
            Shape(limb(-0.1, 0.3, -0.12, 1.02, 0.032, 0.032), CHROME, 0.6),
            Shape(limb(0.1, 0.3, 0.12, 1.02, 0.032, 0.032), CHROME, 0.6),
            Shape([(-0.1, 0.6), (0.1, 0.6), (0.08, 0.72), (-0.08, 0.72)], paint, 0.6),
            Shape([(-0.24, 0.72), (0.24, 0.72), (0.2, 1.1), (-0.2, 1.1)], paint, 0.65),
            Shape([(-0.17, 1.1), (0.17, 1.1), (0.1, 1.34), (-0.1, 1.34)], (126, 142, 154), 0.6),
            Shape(disc(0, 0.9, 0.11, 0.1, 12), lamp, 0.8),
        ]
    shapes += [
        Shape([(-0.24, 0.36), (0.24, 0.36), (0.2, 0.74), (-0.2, 0.74)], (66, 68, 72), 0.4),
        Shape(limb(0.2, 0.34, 0.24, 0.5, 0.065, 0.065), CHROME, 0.7),
        Shape([(-0.2, 0.72), (0.2, 0.72), (0.16, 0.92), (-0.16, 0.92)], paint, 0.65),
        Shape(rect(-0.1, 0.1, 0.5, 0.68), _PLATE, 0.7),
        Shape(rect(-0.12, 0.12, 0.74, 0.82), (206, 30, 26), 0.9),
        Shape([(-0.18, 0.88), (0.18, 0.88), (0.14, 1.02), (-0.14, 1.02)], DARK, 0.4),
    ]
    if rng.random() < 0.3:
        shapes += [Shape(rect(s - 0.13, s + 0.13, 0.46, 0.84), DARK, 0.5) for s in (-0.32, 0.32)]
    return shapes
