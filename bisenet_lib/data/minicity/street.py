"""The street itself: its kind, its cross-section, and the ground with its markings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bisenet_lib.data.minicity.city import City
from bisenet_lib.data.minicity.colour import Colour, pick, rgb, shade
from bisenet_lib.data.minicity.geometry import Face, Thing, strip

FIRST, LAST = 1.3, 160.0
"""Metres ahead at which the street begins (below the image's lower edge) and ends."""

WHITE: Colour = (216, 216, 208)
YELLOW: Colour = (206, 164, 60)

Span = tuple[float, float]


@dataclass(frozen=True)
class Kind:
    """A kind of street; each pair is the least and the most.

    Attributes:
        road: factor on the width of the city's roads.
        walk: factor on the width of its sidewalks; (0, 0) for none.
        setback: metres from the sidewalk to the houses.
        green: chance that a side is lined with gardens rather than houses.
        trees: factor on the city's density of street trees.
        storeys: floors of the houses, or None for the city's.
        built: houses line it; else it runs through open land.
    """

    road: Span = (0.9, 1.15)
    walk: Span = (0.8, 1.25)
    setback: Span = (0.0, 0.0)
    green: float = 0.15
    trees: float = 1.0
    storeys: tuple[int, int] | None = None
    built: bool = True


TOWN = Kind()
KINDS = (
    TOWN,
    Kind(road=(1.4, 2.6), walk=(0.8, 1.8), setback=(0, 6), storeys=(3, 12)),
    Kind(road=(0.7, 1.2), walk=(0.3, 0.6), setback=(2, 9), green=0.3, storeys=(1, 2)),
    Kind(road=(1.0, 3.2), walk=(0, 0), setback=(8, 30), trees=0.15, built=False),
)
"""Town, avenue, suburb and open land."""

_CHANCES = {False: (0.65, 0.2, 0.15, 0), True: (0.4, 0.22, 0.18, 0.2)}
"""Of the kinds, in the plain world and in the varied one."""


def draw_kind(rng: np.random.Generator, *, varied: bool) -> Kind:
    """Draw the kind of a frame's street; only the varied world has open land."""
    return KINDS[int(rng.choice(len(KINDS), p=_CHANCES[varied]))]


def city_along(rng: np.random.Generator, city: City, kind: Kind, *, varied: bool) -> City:
    """The city as it looks in a street of this kind: its floors, trees, asphalt and paving."""
    grey = rng.uniform(0.55, 1.45) if varied else rng.uniform(0.85, 1.15)
    stone = rng.uniform(0.75, 1.25) * rng.normal(1, 0.04, 3)
    return replace(
        city,
        storeys=kind.storeys or city.storeys,
        greenness=city.greenness * kind.trees,
        asphalt=rgb(np.clip(grey * np.asarray(city.asphalt) * rng.normal(1, 0.02, 3), 40, 205)),
        paving=rgb(np.clip(stone * np.asarray(city.paving), 60, 225)),
    )


@dataclass(frozen=True)
class Side:
    """One side of the street; lateral positions in metres, signed.

    Attributes:
        sign: -1 left, 1 right.
        kerb: where the road ends.
        walk: where the sidewalk ends; the kerb when there is none.
        front: where the houses begin.
        parked: cars stand along the kerb.
        green: parks and gardens rather than houses.
    """

    sign: int
    kerb: float
    walk: float
    front: float
    parked: bool
    green: bool


def draw_sides(rng: np.random.Generator, city: City, kind: Kind = TOWN) -> tuple[Side, Side]:
    """Draw the cross-section of a frame's street."""
    sides = []
    for sign, share in ((-1, 1.2), (1, 0.62)):
        parked = bool(rng.random() < 0.5) and kind.built
        kerb = city.half_road * share * rng.uniform(*kind.road) + 1.4 * parked
        walk = kerb + city.sidewalk * rng.uniform(*kind.walk)
        front = walk + rng.uniform(*kind.setback)
        green = rng.random() < kind.green
        sides.append(Side(sign, sign * kerb, sign * walk, sign * front, parked, green))
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
        if side.walk != side.kerb:
            things.append(sidewalk(city, side, joints(city, side, 3, 26, rng.uniform(0.8, 1.6))))
        if side.walk != side.front:
            things += _lawn(rng, city, side)
    if "parking" in wanted:
        side = sides[int(rng.integers(2))]
        inner = side.kerb - side.sign * 2.2
        z0 = rng.uniform(4, 12)
        things.append(_parking(rng, city, inner, side.kerb, z0))
    if "ground" in wanted:
        side = sides[int(rng.integers(2))]
        z0 = rng.uniform(6, 25)
        colour = shade(city.paving, 0.9)
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


def _lawn(rng: np.random.Generator, city: City, side: Side) -> list[Thing]:
    """Grass or soil from the sidewalk to the houses and beyond, with drives across it."""
    tones = ((118, 130, 70), (96, 118, 58), (150, 146, 92), (128, 110, 84), (84, 100, 62))
    tone = rgb(np.array(pick(rng, tones)) * rng.uniform(0.7, 1.2, 3))
    points = strip(side.walk, side.sign * 150, FIRST, LAST, 0.1)
    things = [Thing("terrain", LAST, (Face(points, tone, 0.5, "grass"),))]
    if side.walk != side.kerb:
        z = rng.uniform(3, 16)
        while z < 70:
            drive = strip(side.walk, side.front, z, z + rng.uniform(2.5, 4), 0.11)
            things.append(flat("parking", drive, rgb(rng.uniform(0.7, 1) * np.array(city.paving))))
            z += rng.uniform(9, 22)
    return things


def _markings(rng: np.random.Generator, asphalt: Colour, sides: tuple[Side, Side]) -> list[Face]:
    left, right = sides
    faces = []
    middle = middle_of(sides)
    worn = tuple(np.array(WHITE) * rng.uniform(0.72, 1.0))
    centre = YELLOW if rng.random() < 0.35 else worn
    if rng.random() < 0.3:
        for at in (middle - 0.15, middle + 0.15) if rng.random() < 0.5 else (middle,):
            faces.append(mark(at - 0.07, at + 0.07, FIRST, 120, centre))
    elif rng.random() < 0.85:
        for z in np.arange(rng.uniform(1.5, 6), 110, 7.0).tolist():
            faces.append(mark(middle - 0.07, middle + 0.07, z, z + 3.2, centre))
    lane = rng.uniform(3.1, 3.7)
    inner = [
        *np.arange(middle + lane, right.kerb - 2.4, lane),
        *np.arange(middle - lane, left.kerb + 2.4, -lane),
    ]
    for x in inner:
        for z in np.arange(rng.uniform(1.5, 8), 80, 9.0).tolist():
            faces.append(mark(x - 0.07, x + 0.07, z, z + 3.0, worn))
    for side in sides:
        if side.parked and rng.random() < 0.6:
            edge = side.kerb - side.sign * 2.3
            faces.append(mark(edge - 0.05, edge + 0.05, FIRST, 90, worn))
        elif rng.random() < 0.4:
            edge = side.kerb - side.sign * rng.uniform(0.3, 0.9)
            faces.append(mark(edge - 0.08, edge + 0.08, FIRST, 110, worn))
    if rng.random() < 0.45:
        faces += _zebra(rng, sides, YELLOW if rng.random() < 0.2 else worn)
    for _ in range(int(rng.integers(1, 7))):
        x, z = rng.uniform(left.kerb, right.kerb - 1), rng.uniform(3, 40)
        patch = tuple(rng.uniform(0.7, 1.15) * np.array(asphalt))
        faces.insert(0, mark(x, x + rng.uniform(0.5, 2.5), z, z + rng.uniform(1, 12), patch))
    for _ in range(int(rng.integers(0, 5))):
        x, tone = rng.uniform(left.kerb, right.kerb), rgb(0.62 * np.array(asphalt))
        faces.insert(0, mark(x, x + rng.uniform(0.04, 0.12), rng.uniform(1.5, 9), 40, tone))
    return faces


def _zebra(rng: np.random.Generator, sides: tuple[Side, Side], colour: Colour) -> list[Face]:
    """A crossing for people, with the line at which cars stop."""
    left, right = sides
    z, bar, long = rng.uniform(4, 30), rng.uniform(0.35, 0.7), rng.uniform(2.5, 4.5)
    at = np.arange(left.kerb + 0.4, right.kerb - 0.4, 2 * bar).tolist()
    faces = [mark(x, x + bar, z, z + long, colour) for x in at]
    if rng.random() < 0.3:
        faces = [mark(left.kerb, right.kerb, z + at, z + at + 0.35, colour) for at in (0, long)]
    return [*faces, mark(middle_of(sides) + 0.2, right.kerb, z - 1.8, z - 1.4, colour)]


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
    for x in np.arange(abs(kerb) + 0.5, abs(side.walk), 0.9).tolist():
        x *= side.sign
        faces.append(mark(x, x + 0.03, FIRST, 40, joint))
    points = strip(kerb, far, FIRST, LAST, 0.12)
    points[: len(points) // 2, 1] = 0.0
    return flat("sidewalk", points, city.paving, faces)


def joints(city: City, side: Side, z0: float, z1: float, step: float) -> list[Face]:
    """The joints across a sidewalk, from ``z0`` to ``z1`` metres ahead."""
    return [
        Face(strip(side.kerb, side.walk, z, z + 0.035, 0.12), _joint(city), 0.5, solid=False)
        for z in np.arange(z0, z1, step).tolist()
    ]


def _joint(city: City) -> Colour:
    return shade(city.paving, 0.8)


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
