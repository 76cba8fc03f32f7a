"""Small things on the sidewalk: bins, boxes, benches, cones, shelters and push-chairs."""

import numpy as np

from bisenet_lib.data.minicity.colour import BLACK, STEELS, WHITE, WOODS, Colour, pick, rgb, shade
from bisenet_lib.data.minicity.geometry import Face, Model, Thing, curtain, disc, rect, upright

_BOXES: tuple[Colour, ...] = (
    (60, 84, 60),
    (40, 62, 120),
    (206, 166, 40),
    (170, 40, 36),
    (98, 100, 102),
    (60, 62, 64),
    (150, 140, 122),
    (226, 104, 34),
    (196, 198, 196),
)
"""Bins, post boxes and switch boxes."""


def fixture(rng: np.random.Generator, x: float, z: float) -> Thing:
    """A bin, post box, hydrant, bench or cone (``static``) at (``x``, ``z``) metres."""
    kind = rng.choice(["bin", "box", "hydrant", "bench", "cone"], p=[0.4, 0.25, 0.12, 0.13, 0.1])
    colour = shade(pick(rng, _BOXES), rng.uniform(0.75, 1.15))
    half, tall = rng.uniform(0.25, 0.5), rng.uniform(0.8, 1.4)
    if kind == "hydrant":
        half, tall = 0.13, 0.75
        colour = pick(rng, ((190, 40, 36), (226, 186, 50), (206, 206, 204)))
    if kind == "bench":
        return _bench(rng, x, z)
    if kind == "cone":
        return _cone(x, z)
    model = Model((0, 0.5, 0))
    model.prism([(-half, 0), (-half, tall), (half, tall), (half, 0)], half, colour)
    if kind == "hydrant":
        model.end(rect(-0.22, 0.22, 0.4, 0.54), -half - 0.01, colour, solid=True)
    else:
        band = rng.uniform(0.3, 0.8) * tall
        mark = pick(rng, ((40, 40, 40), WHITE, shade(colour, 0.6)))
        model.end(rect(-half, half, tall - 0.2, tall - 0.1), -half - 0.01, (40, 40, 40))
        model.end(rect(-0.6 * half, 0.6 * half, band, band + 0.12), -half - 0.01, mark)
    return model.placed("static", x, z)


def _bench(rng: np.random.Generator, x: float, z: float) -> Thing:
    model = Model((0, 0.5, 0))
    model.prism(rect(-0.8, 0.8, 0.4, 0.48), 0.22, pick(rng, WOODS))
    model.prism(rect(-0.8, 0.8, 0.48, 0.9), 0.04, pick(rng, WOODS))
    model.sides(rect(-0.7, -0.6, 0, 0.4), 0.2, BLACK, solid=True)
    model.sides(rect(0.6, 0.7, 0, 0.4), 0.2, BLACK, solid=True)
    return model.placed("static", x, z)


def _cone(x: float, z: float) -> Thing:
    cone = [(-0.2, 0), (0.2, 0), (0.05, 0.75), (-0.05, 0.75)]
    stripe = [(-0.14, 0.3), (0.14, 0.3), (0.1, 0.5), (-0.1, 0.5)]
    faces = (
        Face(upright(cone, x, z), (232, 96, 34), 0.6),
        Face(upright(stripe, x, z), WHITE, 0.7, solid=False),
    )
    return Thing("static", z, faces)


def shelter(rng: np.random.Generator, x: float, z: float) -> Thing:
    """A bus shelter of glass or a kiosk, open to the road; Cityscapes counts both as building."""
    side, long, tall = float(np.sign(x)), rng.uniform(2.5, 4.5), rng.uniform(2.3, 2.8)
    colour, deep = shade(pick(rng, STEELS), 0.9), rng.uniform(1.0, 1.6)
    kiosk = rng.random() < 0.35
    tone = rgb(rng.uniform(50, 210, 3)) if kiosk else (150, 172, 176)
    inner = x - side * deep
    end = upright(rect(0, -side * deep, 0, tall), x, z)
    faces = [
        Face(curtain(x, z, z + long, 0, tall), tone, 0.5, alpha=1.0 if kiosk else 0.4),
        Face(end, tone, 0.4, alpha=1.0 if kiosk else 0.45),
        Face(curtain(inner, z, z + long, tall, tall + 0.3), shade(colour, 1.1), 0.7),
        Face(upright(rect(0, -side * deep, tall, tall + 0.3), x, z), colour, 0.4),
    ]
    if kiosk:
        faces.append(Face(curtain(inner, z, z + long, 0, tall), tone, 0.5, "plaster"))
        hatch = curtain(inner, z + 0.4, z + long - 0.4, 1.0, 2.0)
        faces.append(Face(hatch, (50, 54, 60), 0.3, solid=False))
    else:
        poster = upright(rect(-0.2 * side * deep, -0.8 * side * deep, 0.5, 1.9), x, z)
        faces.append(Face(poster, rgb(rng.uniform(40, 230, 3)), 0.6, solid=False))
        for at in (z, z + long):
            faces.append(Face(upright(rect(-0.05, 0.05, 0, tall), inner, at), colour, 0.4))
    return Thing("building", z, tuple(faces))


def pram(rng: np.random.Generator, x: float, z: float) -> Thing:
    """A push-chair, something that may move (``dynamic``)."""
    hood = tuple(rng.uniform(40, 190, 3))
    shapes = [
        (disc(-0.25, 0.14, 0.14, count=10), (30, 30, 30)),
        (disc(0.3, 0.14, 0.14, count=10), (30, 30, 30)),
        ([(-0.4, 0.3), (0.4, 0.3), (0.45, 0.75), (-0.3, 0.7)], hood),
        ([(-0.4, 0.7), (0.1, 0.7), (-0.1, 1.05), (-0.35, 1.0)], hood),
    ]
    return Thing("dynamic", z, tuple(Face(upright(p, x, z), c, 0.6) for p, c in shapes))
