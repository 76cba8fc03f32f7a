"""The street itself: its cross-section, and the ground with its markings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bisenet_lib.data.minicity.city import City
from bisenet_lib.data.minicity.geometry import Colour, Face, Thing, rgb, strip

FIRST, LAST = 1.3, 160.0
"""Metres ahead at which the street begins (below the image's lower edge) and ends."""

WHITE: Colour = (216, 216, 208)


@dataclass(frozen=True)
class Side:
    """One side of the street; lateral positions in metres, signed.

    Attributes:
        sign: -1 left, 1 right.
        kerb: where the road ends.
        front: where the houses begin.
        parked: cars stand along the kerb.
        green: parks and gardens rather than houses.
    """

    sign: int
    kerb: float
    front: float
    parked: bool
    green: bool


def draw_sides(rng: np.random.Generator, city: City) -> tuple[Side, Side]:
    """Draw the cross-section of a frame's street."""
    sides = []
    for sign, share in ((-1, 1.2), (1, 0.62)):
        parked = bool(rng.random() < 0.5)
        kerb = city.half_road * share * rng.uniform(0.9, 1.15) + 1.4 * parked
        walk = city.sidewalk * rng.uniform(0.8, 1.25)
        sides.append(Side(sign, sign * kerb, sign * (kerb + walk), parked, rng.random() < 0.15))
    return sides[0], sides[1]


def flat(label: str, points: np.ndarray, colour: Colour, details: Sequence[Face] = ()) -> Thing:
    """Something flat on the ground, with the markings on it."""
    return Thing(label, LAST, (Face(points, colour, 0.5), *details))


def mark(x0: float, x1: float, z0: float, z1: float, colour: Colour = WHITE) -> Face:
    """A marking on the ground; no label of its own."""
    return Face(strip(x0, x1, z0, z1), colour, 0.5, solid=False)


def ground(
    rng: np.random.Generator, city: City, sides: tuple[Side, Side], wanted: set[str]
) -> list[Thing]:
    """Road, sidewalks, markings, tracks and parking, in drawing order."""
    road = flat(
        "road", strip(-400, 400, FIRST, 400), city.asphalt, _markings(rng, city.asphalt, sides)
    )
    things = [road]
    for side in sides:
        things.append(sidewalk(city, side, joints(city, side, 3, 26, rng.uniform(0.8, 1.6))))
    if "parking" in wanted:
        side = sides[int(rng.integers(2))]
        inner = side.kerb - side.sign * 2.2
        z0 = rng.uniform(4, 12)
        things.append(_parking(rng, city, inner, side.kerb, z0))
    if "ground" in wanted:
        side = sides[int(rng.integers(2))]
        z0 = rng.uniform(6, 25)
        colour = rgb(0.9 * value for value in city.paving)
        inner, outer = sorted((side.front - side.sign * 0.8, side.front + side.sign * 12))
        things.append(flat("ground", strip(inner, outer, z0, z0 + 10), colour))
    if "train" in wanted or rng.random() < 0.05:
        things.append(rails(track_of(sides)))
    return things


def track_of(sides: tuple[Side, Side]) -> float:
    """Lateral position of the tram track."""
    return sides[0].kerb * 0.5


def middle_of(sides: tuple[Side, Side]) -> float:
    """Lateral position of the line between the lanes."""
    left, right = sides
    return right.kerb - (right.kerb - left.kerb) / 2 - 0.6


def _markings(rng: np.random.Generator, asphalt: Colour, sides: tuple[Side, Side]) -> list[Face]:
    left, right = sides
    faces = []
    middle = middle_of(sides)
    worn = tuple(np.array(WHITE) * rng.uniform(0.72, 1.0))
    if rng.random() < 0.3:
        faces.append(mark(middle - 0.07, middle + 0.07, FIRST, 120, worn))
    else:
        for z in np.arange(rng.uniform(1.5, 6), 110, 7.0).tolist():
            faces.append(mark(middle - 0.07, middle + 0.07, z, z + 3.2, worn))
    for side in sides:
        if side.parked and rng.random() < 0.6:
            edge = side.kerb - side.sign * 2.3
            faces.append(mark(edge - 0.05, edge + 0.05, FIRST, 90, worn))
    if rng.random() < 0.45:
        z = rng.uniform(7, 30)
        for x in np.arange(left.kerb + 0.4, right.kerb - 0.4, 1.0).tolist():
            faces.append(mark(x, x + 0.5, z, z + 3.5, worn))
        faces.append(mark(middle + 0.2, right.kerb, z - 1.8, z - 1.4, worn))
    for _ in range(int(rng.integers(1, 5))):
        x, z = rng.uniform(left.kerb, right.kerb - 1), rng.uniform(3, 40)
        patch = tuple(rng.uniform(0.78, 1.1) * np.array(asphalt))
        faces.insert(0, mark(x, x + rng.uniform(0.5, 2.5), z, z + rng.uniform(1, 12), patch))
    return faces


def sidewalk(city: City, side: Side, details: Sequence[Face]) -> Thing:
    """The sidewalk of one side, with its kerb and the joints along it."""
    kerb, far = side.kerb, side.sign * 150
    joint = _joint(city)
    edge = strip(kerb, kerb + side.sign * 0.16, FIRST, LAST, 0.12)
    faces = [
        Face(edge, (176, 174, 170), 0.6, solid=False),
        Face(strip(kerb, kerb, FIRST, LAST, 0.0), (90, 90, 90), solid=False),
        *details,
    ]
    for x in np.arange(abs(kerb) + 0.5, abs(side.front), 0.9).tolist():
        x *= side.sign
        faces.append(mark(x, x + 0.03, FIRST, 40, joint))
    points = strip(kerb, far, FIRST, LAST, 0.12)
    points[: len(points) // 2, 1] = 0.0
    return flat("sidewalk", points, city.paving, faces)


def joints(city: City, side: Side, z0: float, z1: float, step: float) -> list[Face]:
    """The joints across a sidewalk, from ``z0`` to ``z1`` metres ahead."""
    return [
        Face(strip(side.kerb, side.front, z, z + 0.035, 0.12), _joint(city), 0.5, solid=False)
        for z in np.arange(z0, z1, step).tolist()
    ]


def _joint(city: City) -> Colour:
    return rgb(0.8 * value for value in city.paving)


def _parking(rng: np.random.Generator, city: City, x0: float, x1: float, z0: float) -> Thing:
    x0, x1 = sorted((x0, x1))
    tone = tuple(np.array(city.paving) * rng.uniform(0.7, 0.95))
    lines = [mark(x0, x1, z, z + 0.12) for z in np.arange(z0, z0 + 30, 5.5).tolist()]
    return flat("parking", strip(x0, x1, z0, z0 + 32), tone, lines)


def rails(x: float) -> Thing:
    """A tram track."""
    bed = flat("rail track", strip(x - 1.25, x + 1.25, FIRST, LAST), (112, 106, 100))
    lines = [mark(x + dx - 0.06, x + dx + 0.06, FIRST, LAST, (58, 58, 62)) for dx in (-0.72, 0.72)]
    return Thing("rail track", LAST, (*bed.faces, *lines))
