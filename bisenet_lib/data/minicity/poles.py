"""Poles along the street: lamps, telegraph poles and bollards; posts and wires for others."""

import numpy as np

from bisenet_lib.data.minicity.colour import BLACK, STEELS, WHITE, WOODS, Colour, pick, shade
from bisenet_lib.data.minicity.geometry import Face, Thing, disc, rect, upright


def post(
    x: float, z: float, tall: float, thick: float, colour: Colour, top: float = 1.0
) -> list[Face]:
    """A round post, lit from the right.

    Args:
        x: metres to the right.
        z: metres ahead.
        tall: metres.
        thick: metres at its foot.
        colour: before light.
        top: thickness of its top as a share of that of its foot.

    Returns:
        Two faces: the labelled post and its lit side.
    """
    half = thick / 2
    left, right = (-half, 0), (half, 0)
    up = [(half * top, tall), (-half * top, tall)]
    lit = [(0.1 * half, 0), right, up[0], (0.1 * half, tall)]
    return [
        Face(upright([left, right, *up], x, z), colour, 0.35),
        Face(upright(lit, x, z), colour, 0.8, solid=False),
    ]


def lamp_post(rng: np.random.Generator, x: float, z: float, *, lit: bool) -> list[Thing]:
    """A street lamp of one of several kinds, or a telegraph pole; its lamp counts as pole.

    Args:
        rng: draws height and style.
        x: metres to the right; the arm points to x = 0.
        z: metres ahead.
        lit: the lamp glows.

    Returns:
        One thing labelled ``pole``.
    """
    kind = rng.choice(["arm", "double", "globe", "wood", "bare"], p=[0.44, 0.12, 0.14, 0.22, 0.08])
    glow: Colour = (255, 226, 160) if lit else pick(rng, ((176, 178, 176), (70, 72, 74), WHITE))
    if kind == "wood":
        return [Thing("pole", z, tuple(_telegraph(rng, x, z)))]
    colour = shade(pick(rng, STEELS), rng.uniform(0.8, 1.15))
    tall = rng.uniform(3, 5) if kind == "globe" else rng.uniform(5.5, 11)
    faces = post(x, z, tall, rng.uniform(0.09, 0.26), colour, rng.uniform(0.5, 1))
    if rng.random() < 0.4:
        faces.append(Face(upright(rect(-0.2, 0.2, 0, rng.uniform(0.3, 1.1)), x, z), colour, 0.4))
    if kind == "globe":
        shape = disc(0, tall + 0.2, 0.26) if rng.random() < 0.5 else _lantern(tall)
        faces.append(Face(upright(shape, x, z), glow, 0.6, glow=lit))
        faces.append(Face(upright(rect(-0.2, 0.2, tall + 0.4, tall + 0.5), x, z), colour, 0.6))
    elif kind != "bare":
        towards = -float(np.sign(x))
        reach, rise = rng.uniform(1.0, 3.2), rng.uniform(-0.1, 0.9)
        for way in (towards, -towards)[: 2 if kind == "double" else 1]:
            faces += _lamp_arm(x, z, tall, (way * reach, rise), colour, glow, lit=lit)
    return [Thing("pole", z, tuple(faces))]


def _lantern(tall: float) -> list[tuple[float, float]]:
    """The (dx, y) corners of a lantern on a post ``tall`` metres high."""
    return [(-0.12, tall), (0.12, tall), (0.24, tall + 0.45), (-0.24, tall + 0.45)]


def _lamp_arm(
    x: float,
    z: float,
    tall: float,
    reach: tuple[float, float],
    colour: Colour,
    glow: Colour,
    *,
    lit: bool,
) -> list[Face]:
    """An arm with a lamp at its end; ``reach`` is how far it leads aside and up, metres."""
    away, rise = reach
    end, bow = tall + rise, tall + 0.85 * rise
    arm = [(0, tall - 0.14), (0.5 * away, bow - 0.1), (away, end), (away, end + 0.1)]
    arm += [(0.5 * away, bow + 0.02), (0, tall)]
    left, right = sorted((0.9 * away, away + 0.7 * np.sign(away)))
    head = [(left, end), (right, end), (right, end + 0.12), (left, end + 0.2)]
    return [
        Face(upright(arm, x, z), colour, 0.5),
        Face(upright(head, x, z), glow, 0.5, glow=lit),
        Face(upright(rect(left, right, end + 0.12, end + 0.2), x, z), colour, 0.7, solid=False),
    ]


def _telegraph(rng: np.random.Generator, x: float, z: float) -> list[Face]:
    """A wooden pole with cross-arms, sometimes a transformer, and wires along the street."""
    tall, wood = rng.uniform(8, 11.5), pick(rng, WOODS)
    faces = post(x, z, tall, rng.uniform(0.22, 0.36), wood, 0.75)
    faces[0] = faces[0]._replace(texture="bark")
    spots = []
    for number in range(int(rng.integers(1, 4))):
        y, half = tall - 0.4 - 0.9 * number, rng.uniform(0.7, 1.3)
        faces.append(Face(upright(rect(-half, half, y, y + 0.13), x, z), wood, 0.4))
        spots += [(x + half * share, y + 0.2) for share in (-0.9, -0.4, 0.9)]
    if rng.random() < 0.35:
        can = rect(0.1, 0.65, tall - 3.4, tall - 2.4)
        faces.append(Face(upright(can, x, z), pick(rng, STEELS), 0.5))
        faces.append(Face(upright(rect(0.1, 0.25, *can[1][1:], can[2][1]), x, z), BLACK, 0.3))
    for wire_x, y in spots[: 6 if z < 60 else 2]:
        faces.append(wire((wire_x, y, z - 30), (wire_x, y, z + 30)))
    if rng.random() < 0.5:
        across = (-1.2 * x, tall - rng.uniform(0.5, 2), z + rng.uniform(-3, 3))
        faces.append(wire((x, tall - 1.2, z), across))
    return faces


def wire(start: tuple[float, float, float], end: tuple[float, float, float]) -> Face:
    """A sagging wire between two points (x, y, z) in metres, painted but not labelled."""
    share = np.linspace(0, 1, 7)[:, None]
    line = np.array(start) * (1 - share) + np.array(end) * share
    line[:, 1] -= 2.4 * (share * (1 - share))[:, 0]
    points = np.concatenate((line, line[::-1] + np.array((0, 0.025, 0))))
    return Face(points, (40, 42, 46), 0.2, solid=False)


def bollards(rng: np.random.Generator, x: float, z: float) -> list[Thing]:
    """Posts so close together that they are annotated as one ``polegroup``."""
    faces: list[Face] = []
    colour, tall = shade(pick(rng, STEELS), 0.9), rng.uniform(0.7, 1.2)
    thick = rng.uniform(0.08, 0.22)
    for number in range(int(rng.integers(4, 7))):
        faces += post(x + 0.35 * number, z + 0.1 * number, tall, thick, colour)
    rail = rect(0, 0.35 * (len(faces) // 2 - 1), 0.8 * tall, 0.92 * tall)
    faces.append(Face(upright(rail, x, z), colour, 0.5))
    return [Thing("polegroup", z, tuple(faces))]
