"""Walls, fences and guard rails along the street, and the graffiti on walls."""

import numpy as np

from bisenet_lib.data.minicity.colour import (
    BLACK,
    GREY,
    STEELS,
    WHITE,
    WOODS,
    Colour,
    pick,
    rgb,
    shade,
)
from bisenet_lib.data.minicity.geometry import Face, Thing, bridged, curtain, rect, upright
from bisenet_lib.data.minicity.signs import letters

_WALLS = ("brick", "brick-coarse", "stone", "concrete", "plaster-stained", "plaster")


def wall(
    rng: np.random.Generator, x: float, z0: float, z1: float, tall: float, colour: Colour
) -> Thing:
    """A free-standing wall along the street, some with a coping, pillars or graffiti.

    Args:
        rng: draws its kind.
        x: lateral position, metres; its sign is the side of the street.
        z0: beginning, metres ahead.
        z1: end.
        tall: metres.
        colour: of bricks or plaster; stone and concrete have their own.

    Returns:
        A ``wall``.
    """
    texture = pick(rng, _WALLS)
    if texture in ("stone", "concrete"):
        colour = rgb(
            rng.uniform(96, 178) * np.array([1, rng.uniform(0.96, 1), rng.uniform(0.88, 1)])
        )
    front = upright(rect(0, 0.3 * np.sign(x), 0, tall), x, z0)
    faces = [
        Face(curtain(x, z0, z1, 0, tall), colour, 0.45, texture),
        Face(front, colour, 0.3, texture),
        Face(curtain(x, z0, z1, 0, 0.3 * tall), BLACK, 0.2, solid=False, alpha=0.25),
    ]
    if rng.random() < 0.35:
        faces += graffiti(rng, x, (z0, z1), tall)
    if rng.random() < 0.6:
        cap = curtain(x, z0, z1, tall - 0.12, tall + 0.04)
        faces.append(Face(cap, shade(colour, 1.15), 0.8))
    if rng.random() < 0.4:
        for z in np.arange(z0, z1, rng.uniform(2.5, 4)).tolist():
            faces.append(Face(curtain(x, z, z + 0.4, 0, tall + 0.15), shade(colour, 0.9), 0.5))
    return Thing("wall", z1, tuple(faces))


def graffiti(
    rng: np.random.Generator, x: float, span: tuple[float, float], tall: float
) -> list[Face]:
    """Painted letters on a front along the street, not labelled.

    Args:
        rng: draws them.
        x: lateral position of the front, metres.
        span: its beginning and end, metres ahead.
        tall: height of the front, metres.

    Returns:
        Faces.
    """
    faces = []
    for _ in range(int(rng.integers(1, 4))):
        z, foot = rng.uniform(*span), rng.uniform(0.1, 0.35) * tall
        high = min(rng.uniform(0.4, 1.3), 0.6 * tall)
        end = min(z + high * rng.uniform(1.5, 4), span[1])
        marks = [np.array(mark) for mark in letters(rng, (z, end, foot, foot + high))]
        if marks:
            swung = [mark + rng.normal(0, 0.06 * high, mark.shape) for mark in marks]
            rings = [np.column_stack((np.full(len(ring), x), ring[:, ::-1])) for ring in swung]
            faces.append(Face(bridged(rings), rgb(rng.uniform(20, 235, 3)), 0.5, solid=False))
    return faces


def fence(
    rng: np.random.Generator, x: float, z0: float, z1: float, tall: float, colour: Colour
) -> Thing:
    """A fence along the street; the gaps show what is behind and are labelled too.

    Args:
        rng: draws its kind.
        x: lateral position, metres.
        z0: beginning, metres ahead.
        z1: end.
        tall: metres.
        colour: of bars and planks; other kinds have their own.

    Returns:
        A ``fence``.
    """
    kind = rng.choice(["bars", "boards", "mesh", "planks", "site"], p=[0.4, 0.2, 0.2, 0.1, 0.1])
    if kind == "boards":
        wood = rgb(np.array(pick(rng, WOODS)) * rng.uniform(0.8, 1.6))
        faces = [Face(curtain(x, z0, z1, 0, tall), wood, 0.5, "wood")]
        faces.append(Face(curtain(x, z0, z1, 0, 0.25 * tall), BLACK, solid=False, alpha=0.25))
        return Thing("fence", z1, (*faces, *_posts(x, z0, z1, tall, 2.4, shade(wood, 0.8))))
    if kind == "mesh":
        steel = shade(pick(rng, STEELS), 1.1)
        faces = [Face(curtain(x, z0, z1, 0, tall), steel, 0.5, alpha=rng.uniform(0.15, 0.45))]
        faces.append(Face(curtain(x, z0, z1, tall - 0.06, tall), steel, 0.6))
        return Thing("fence", z1, (*faces, *_posts(x, z0, z1, tall, 3.0, steel)))
    if kind == "site":
        tone: Colour = pick(rng, ((226, 112, 40), (220, 214, 200), (70, 110, 80), (60, 90, 140)))
        faces = [Face(curtain(x, z0, z1, 0, tall), tone, 0.5, "plaster-stained")]
        stripe = curtain(x, z0, z1, 0.6 * tall, 0.8 * tall)
        faces.append(Face(stripe, pick(rng, (WHITE, shade(tone, 0.7))), 0.6, solid=False))
        return Thing("fence", z1, (*faces, *_posts(x, z0, z1, tall, 2.0, GREY)))
    wide = 0.09 if kind == "bars" else 0.16
    if rng.random() < 0.3:
        colour = pick(rng, (WHITE, BLACK))
    faces = [Face(curtain(x, z0, z1, 0, tall), colour, 0.5, alpha=0.0)]
    for y in (0.12 * tall, rng.uniform(0.7, 0.9) * tall):
        faces.append(Face(curtain(x, z0, z1, y, y + wide), colour, 0.6))
    step = (0.22 if z0 < 14 else 0.45 if z0 < 30 else 1.2) * (1 if kind == "bars" else 1.4)
    ends = np.arange(z0, z1, step).tolist()
    bars = [
        np.array([(x, 0, z), (x, tall, z), (x, tall, z + wide), (x, 0, z + wide)]) for z in ends
    ]
    faces.append(Face(bridged(bars), colour, 0.5))
    return Thing("fence", z1, tuple(faces))


def _posts(x: float, z0: float, z1: float, tall: float, step: float, colour: Colour) -> list[Face]:
    """The posts of a fence, one every ``step`` metres, fewer where it is far away."""
    return [
        Face(curtain(x, z, z + 0.1, 0, tall + 0.08), colour, 0.5)
        for z in np.arange(z0, z1, step if z0 < 40 else 3 * step).tolist()
    ]


def guard_rail(x: float, z0: float, z1: float) -> Thing:
    """A steel guard rail along the road at ``x``, from ``z0`` to ``z1`` metres ahead."""
    steel: Colour = (158, 162, 166)
    posts = np.arange(z0, z1, 3).tolist()
    faces = [Face(curtain(x, z, z + 0.12, 0, 0.6), GREY, 0.3) for z in posts]
    for y, gain in ((0.42, 0.7), (0.55, 1.1), (0.66, 0.85)):
        faces.append(Face(curtain(x, z0, z1, y, y + 0.13), shade(steel, gain), 0.6))
    return Thing("guard rail", z1, tuple(faces))
