"""What vehicles share: paint, glass, wheels, mirrors, plates, and bodies drawn out of sections.

A vehicle is made of parts, each a :class:`~bisenet_lib.data.minicity.geometry.Model` around a
centre of its own, so that its hidden faces are known from their normals. In a part ``z`` runs to
the front.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from bisenet_lib.data.minicity.colour import Colour, mixed, rgb, shade, tinted
from bisenet_lib.data.minicity.geometry import Face, Model, Outline, Points, Thing, disc, dome, rect

_TYRE: Colour = (24, 24, 26)
DARK: Colour = (18, 18, 20)
"""Shadow below, openings, displays."""
TRIM: Colour = (40, 41, 44)
"""Bare plastic."""
SKY: Colour = (214, 224, 234)
"""What paint mirrors."""
_DUST: Colour = (104, 98, 88)

_COMMON: tuple[Colour, ...] = (
    (236, 236, 234),
    (24, 25, 28),
    (92, 95, 99),
    (172, 175, 178),
    (46, 49, 54),
    (134, 136, 138),
    (226, 224, 216),
    (196, 198, 200),
)
"""What most vehicles are painted in."""
BRIGHT: tuple[Colour, ...] = (
    (150, 28, 30),
    (196, 34, 32),
    (30, 52, 110),
    (48, 92, 160),
    (110, 150, 186),
    (36, 74, 56),
    (148, 164, 60),
    (206, 168, 52),
    (214, 110, 36),
    (104, 78, 58),
    (170, 154, 126),
    (92, 36, 60),
)

"""What the others are painted in, and loads."""
ROUNDED = ((0.93, 0.0), (1.0, 0.32), (0.985, 0.72), (0.9, 1.0))
"""Section of a rounded body: right half from below, shares of half width and of height."""
BOXED = ((1.0, 0.0), (1.0, 0.3), (1.0, 0.8), (0.98, 1.0))
"""The same of a box."""


Station = tuple[float, float, float, float]
"""A cross-section of a body: z, half width, lower and upper height, metres."""


class Shades(NamedTuple):
    """One paint from the sill up: dirty, side, shoulder, and what mirrors the sky."""

    low: Colour
    side: Colour
    shoulder: Colour
    top: Colour


def coat(rng: np.random.Generator, colours: tuple[Colour, ...], spread: float = 8) -> Colour:
    """One of several paints, no two quite alike; ``spread`` as in :func:`tinted`."""
    return tinted(rng, colours, spread, (10, 246))


def draw_paint(rng: np.random.Generator) -> Colour:
    """The paint of a vehicle, mostly white, grey or black."""
    return coat(rng, _COMMON, 5) if rng.random() < 0.75 else coat(rng, BRIGHT, 7)


def draw_shades(rng: np.random.Generator, colour: Colour) -> Shades:
    """A paint as light and dirt change it: more or less gloss above, dust below."""
    dirt, gloss = rng.uniform(0.05, 0.45), rng.uniform(0.05, 0.3)
    return Shades(
        mixed(shade(colour, rng.uniform(0.5, 0.75)), _DUST, dirt),
        shade(colour, rng.uniform(0.78, 0.95)),
        mixed(colour, SKY, 0.5 * gloss),
        mixed(colour, SKY, gloss),
    )


class Glass(NamedTuple):
    """The colours of a pane: below, above, and of the seats behind it."""

    low: Colour
    high: Colour
    seats: Colour


def draw_glass(rng: np.random.Generator) -> Glass:
    """The panes of a vehicle: dark, mirroring the sky, or clear."""
    tone = rng.normal(0, 6)
    kind = rng.random()
    if kind < 0.45:
        low, high = (24, 28, 33), (46, 54, 62)
    elif kind < 0.8:
        low, high = (58, 68, 78), (150, 168, 186)
    else:
        low, high = (92, 98, 98), (140, 148, 150)
    dark, light = (rgb(max(value + tone, 8) for value in colour) for colour in (low, high))
    return Glass(dark, light, shade(dark, 0.6))


@cache
def _weights(outline: tuple[tuple[float, float], ...]) -> np.ndarray:
    """(N, 4) shares of a quad's four corners at N places (u, v) on it."""
    u, v = np.asarray(outline, np.float64).T
    return np.column_stack(((1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v))


def laid_on(quad: Points, outline: Outline) -> Points:
    """An outline laid on a quad.

    Args:
        quad: (4, 3) metres; its corners are (0, 0), (1, 0), (1, 1), (0, 1).
        outline: N corners (u, v), shares of the quad's width and height.

    Returns:
        (N, 3) metres.
    """
    return _weights(tuple(outline)) @ quad


def loft(
    model: Model,
    stations: Sequence[Station],
    ring: Outline,
    colours: Sequence[Colour],
) -> None:
    """Draw a cross-section out along ``z``.

    Args:
        model: gets the faces.
        stations: from back to front.
        ring: right half of the section from below: shares of half width and of height.
        colours: of each band between two points of the ring, then of the top.
    """
    z, half, low, top = np.asarray(stations, np.float64).T[:, :, None]
    wide, high = np.asarray(ring, np.float64).T
    grid = np.empty((2, len(stations), len(ring), 3))
    grid[0, :, :, 0], grid[:, :, :, 1], grid[:, :, :, 2] = half * wide, low + (top - low) * high, z
    grid[1, :, :, 0] = -grid[0, :, :, 0]
    back, front = grid[:, :-1], grid[:, 1:]
    around = np.stack((back[:, :, :-1], back[:, :, 1:], front[:, :, 1:], front[:, :, :-1]), 3)
    lids = np.stack((back[0, :, -1], back[1, :, -1], front[1, :, -1], front[0, :, -1]), 1)
    ends = grid[:, [0, -1]]
    caps = np.stack((ends[0, :, :-1], ends[1, :, :-1], ends[1, :, 1:], ends[0, :, 1:]), 2)
    add, count = model.faces.append, len(ring) - 1
    for number, quad in enumerate(around.reshape(-1, 4, 3)):
        add(Face(quad, colours[number % count], None))
    for quad in lids:
        add(Face(quad, colours[-1], None))
    for number, quad in enumerate(caps.reshape(-1, 4, 3)):
        add(Face(quad, colours[number % count], None))


def merged(label: str, parts: Sequence[Model], x: float, z: float, heading: float) -> Thing:
    """Parts as one thing.

    Args:
        label: of the thing.
        parts: the first is drawn below all, of the others the farthest first.
        x: metres to the right.
        z: metres ahead.
        heading: radians; 0 drives away from the camera.

    Returns:
        The thing.
    """
    first, *rest = parts
    ahead = np.cos(heading)
    order = [first, *sorted(rest, key=lambda part: -ahead * part.centre[2])]
    placed = [part.placed(label, x, z, heading) for part in order]
    return Thing(label, z, tuple(face for part in placed for face in part.faces))


def add_wheels(
    model: Model,
    half: float,
    at: Sequence[float],
    radius: float,
    rim: Colour = (140, 142, 146),
    *,
    fine: bool = True,
    spokes: int = 5,
) -> None:
    """Wheels on both sides, in dark arches.

    Args:
        model: gets the faces.
        half: half width of the vehicle, metres.
        at: z of each axle, metres.
        radius: of a tyre, metres.
        rim: colour.
        fine: draw arches and spokes.
        spokes: of a wheel.
    """
    for z in at:
        reach = 1.2 * radius
        arch = dome(z, radius, reach, reach, 9)
        if fine:
            model.sides(arch, half + 0.005, DARK)
        count = 14 if fine else 8
        model.sides(disc(z, radius, radius, count=count), half + 0.01, _TYRE, solid=True)
        model.sides(disc(z, radius, radius * 0.64, count=count), half + 0.02, rim)
        if fine:
            gaps = [(z + radius * a, radius + radius * b) for a, b in _gaps(spokes)]
            model.sides(gaps, half + 0.025, shade(rim, 0.35))


@cache
def _gaps(spokes: int) -> list[tuple[float, float]]:
    """The star of the gaps between a wheel's spokes, in shares of its radius."""
    angles = (
        np.arange(spokes)[:, None] * 2 * np.pi / spokes + np.array((-0.75, 0.75, np.pi)) / spokes
    )
    reach = np.broadcast_to((0.56, 0.56, 0.14), angles.shape)
    star = np.stack((reach * np.cos(angles), reach * np.sin(angles)), -1)
    return [(a, b) for a, b in star.reshape(-1, 2).tolist()]


def both_sides(inner: float, outer: float, low: float, high: float) -> list[Outline]:
    """Two (x, y) rectangles, left and right, from ``inner`` to ``outer`` metres off the middle."""
    return [rect(-outer, -inner, low, high), rect(inner, outer, low, high)]


def add_tyres(
    model: Model, half: float, ends: tuple[float, float], radius: float, wide: float = 0.22
) -> None:
    """What is seen of the tyres from behind and from the front.

    Args:
        model: gets the faces.
        half: half width of the vehicle, metres.
        ends: z of the hindmost and the foremost tyre, metres.
        radius: of a tyre, metres.
        wide: width of a tyre, metres.
    """
    for end in ends:
        for outline in both_sides(half - wide, half * 0.97, 0, radius):
            model.end(outline, end, _TYRE, solid=True)


def licence_plate(
    rng: np.random.Generator, x: float, z: float, heading: float, reach: float
) -> Thing:
    """The plates of a vehicle, front and back, ``reach`` metres from its middle."""
    plate = Model((0, 0.5, 0))
    wide, low = (0.26, 0.5) if rng.random() < 0.7 else (0.16, 0.62)
    colour = (226, 226, 216) if rng.random() < 0.8 else (220, 190, 70)
    for end in (-reach - 0.03, reach + 0.03):
        plate.end(rect(-wide, wide, low, low + 0.12), end, colour, solid=True)
    return plate.placed("license plate", x, z, heading)


def add_mirrors(model: Model, half: float, z: float, span: tuple[float, float]) -> None:
    """Outer mirrors of a lorry or bus; drawn before its body, which hides the farther one.

    Args:
        model: gets the faces.
        half: half width of the vehicle, metres.
        z: their place along it, metres.
        span: their lower and upper edge, metres.
    """
    for outline in both_sides(half * 0.98, half + 0.24, *span):
        model.end(outline, z, DARK, facing=0.3, solid=True)


def crate(
    rear: float,
    front: float,
    half: float,
    span: tuple[float, float],
    shades: Shades,
) -> Model:
    """A box.

    Args:
        rear: z of its back, metres.
        front: z of its front, metres.
        half: half width, metres.
        span: lower and upper height, metres.
        shades: its paint.

    Returns:
        A part of a vehicle.
    """
    part = Model((0, sum(span) / 2, (rear + front) / 2))
    loft(part, [(rear, half, *span), (front, half, *span)], BOXED, shades)
    return part
