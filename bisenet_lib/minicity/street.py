"""The street itself: its plan, the ground with its markings, and what lines it."""

from dataclasses import dataclass

import numpy as np

from bisenet_lib.minicity import furniture
from bisenet_lib.minicity.city import City
from bisenet_lib.minicity.geometry import Colour, Face, Thing, strip
from bisenet_lib.minicity.houses import house
from bisenet_lib.minicity.weather import Weather

FIRST, LAST = 1.3, 160.0
"""Metres ahead at which the street begins (below the image's lower edge) and ends."""

_WHITE: Colour = (216, 216, 208)
_SOIL: Colour = (122, 116, 78)

RARITY: dict[str, float] = {
    "truck": 0.2,
    "bus": 0.2,
    "train": 0.2,
    "motorcycle": 0.35,
    "rider": 0.42,
    "bicycle": 0.5,
    "wall": 0.42,
    "fence": 0.7,
    "terrain": 0.6,
    "parking": 0.25,
    "guard rail": 0.14,
    "bridge": 0.12,
    "ground": 0.15,
    "caravan": 0.08,
    "trailer": 0.1,
    "polegroup": 0.15,
    "groups": 0.4,
    "static": 0.5,
    "dynamic": 0.3,
    "deleted": 0.25,
    "lights": 0.5,
}
"""Share of the frames that hold each thing a street does not always hold."""


def plan(split_start: np.ndarray, number: int) -> set[str]:
    """What a frame must hold, spread evenly over the frames of a split.

    Args:
        split_start: one number in 0..1 for each entry of :data:`RARITY`.
        number: the frame's place in its split.

    Returns:
        Keys of :data:`RARITY`. Each turns up in its share of any run of frames, so that
        small splits hold every class too.
    """
    steps = np.sqrt(
        np.array([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73])
    )
    phase = (split_start + number * steps) % 1
    return {name for name, at in zip(RARITY, phase, strict=True) if at < RARITY[name]}


@dataclass(frozen=True)
class Side:
    """One side of the street; lateral positions in metres, signed.

    Attributes:
        sign: -1 left, 1 right.
        kerb: where the road ends.
        front: where the houses begin.
        parked: cars stand along the kerb.
    """

    sign: int
    kerb: float
    front: float
    parked: bool


def draw_sides(rng: np.random.Generator, city: City) -> tuple[Side, Side]:
    """Draw the cross-section of a frame's street."""
    sides = []
    for sign, share in ((-1, 1.2), (1, 0.62)):
        parked = bool(rng.random() < 0.5)
        kerb = city.half_road * share * rng.uniform(0.9, 1.15) + 1.4 * parked
        walk = city.sidewalk * rng.uniform(0.8, 1.25)
        sides.append(Side(sign, sign * kerb, sign * (kerb + walk), parked))
    return sides[0], sides[1]


def _flat(label: str, points: np.ndarray, colour: Colour, details: list[Face] = ()) -> Thing:
    return Thing(label, LAST, (Face(points, colour, 0.5), *details))


def _mark(x0: float, x1: float, z0: float, z1: float, colour: Colour = _WHITE) -> Face:
    return Face(strip(x0, x1, z0, z1), colour, 0.5, solid=False)


def ground(
    rng: np.random.Generator, city: City, sides: tuple[Side, Side], wanted: set[str]
) -> list[Thing]:
    """Road, sidewalks, markings, tracks and parking, in drawing order."""
    road = _flat(
        "road", strip(-400, 400, FIRST, 400), city.asphalt, _markings(rng, city.asphalt, sides)
    )
    things = [road]
    for side in sides:
        things.append(_sidewalk(rng, city, side))
    if "parking" in wanted:
        side = sides[int(rng.integers(2))]
        inner = side.kerb - side.sign * 2.2
        z0 = rng.uniform(4, 12)
        things.append(_parking(rng, city, inner, side.kerb, z0))
    if "ground" in wanted:
        side = sides[int(rng.integers(2))]
        z0 = rng.uniform(6, 25)
        colour = tuple(0.9 * value for value in city.paving)
        inner, outer = sorted((side.front - side.sign * 0.8, side.front + side.sign * 12))
        things.append(_flat("ground", strip(inner, outer, z0, z0 + 10), colour))
    if "train" in wanted or rng.random() < 0.05:
        things.append(_rails(track_of(sides)))
    return things


def track_of(sides: tuple[Side, Side]) -> float:
    """Lateral position of the tram track."""
    return sides[0].kerb * 0.5


def _markings(rng: np.random.Generator, asphalt: Colour, sides: tuple[Side, Side]) -> list[Face]:
    left, right = sides
    faces = []
    middle = right.kerb - (right.kerb - left.kerb) / 2 - 0.6
    worn = tuple(np.array(_WHITE) * rng.uniform(0.72, 1.0))
    if rng.random() < 0.3:
        faces.append(_mark(middle - 0.07, middle + 0.07, FIRST, 120, worn))
    else:
        for z in np.arange(rng.uniform(1.5, 6), 110, 7.0):
            faces.append(_mark(middle - 0.07, middle + 0.07, z, z + 3.2, worn))
    for side in sides:
        if side.parked and rng.random() < 0.6:
            edge = side.kerb - side.sign * 2.3
            faces.append(_mark(edge - 0.05, edge + 0.05, FIRST, 90, worn))
    if rng.random() < 0.45:
        z = rng.uniform(7, 30)
        for x in np.arange(left.kerb + 0.4, right.kerb - 0.4, 1.0):
            faces.append(_mark(x, x + 0.5, z, z + 3.5, worn))
        faces.append(_mark(middle + 0.2, right.kerb, z - 1.8, z - 1.4, worn))
    for _ in range(int(rng.integers(1, 5))):
        x, z = rng.uniform(left.kerb, right.kerb - 1), rng.uniform(3, 40)
        patch = tuple(rng.uniform(0.78, 1.1) * np.array(asphalt))
        faces.insert(0, _mark(x, x + rng.uniform(0.5, 2.5), z, z + rng.uniform(1, 12), patch))
    return faces


def _sidewalk(rng: np.random.Generator, city: City, side: Side) -> Thing:
    kerb, far = side.kerb, side.sign * 150
    details = [
        Face(
            strip(kerb, kerb + side.sign * 0.16, FIRST, LAST, 0.12),
            (176, 174, 170),
            0.6,
            solid=False,
        ),
        Face(strip(kerb, kerb, FIRST, LAST, 0.0), (90, 90, 90), solid=False),
    ]
    joint = tuple(0.8 * value for value in city.paving)
    step = rng.uniform(0.8, 1.6)
    for z in np.arange(3, 26, step):
        details.append(Face(strip(kerb, side.front, z, z + 0.035, 0.12), joint, 0.5, solid=False))
    for x in np.arange(abs(kerb) + 0.5, abs(side.front), 0.9):
        x *= side.sign
        details.append(_mark(x, x + 0.03, FIRST, 40, joint))
    points = strip(kerb, far, FIRST, LAST, 0.12)
    points[: len(points) // 2, 1] = 0.0
    return _flat("sidewalk", points, city.paving, details)


def _parking(rng, city: City, x0: float, x1: float, z0: float) -> Thing:
    x0, x1 = sorted((x0, x1))
    tone = tuple(np.array(city.paving) * rng.uniform(0.7, 0.95))
    lines = [_mark(x0, x1, z, z + 0.12) for z in np.arange(z0, z0 + 30, 5.5)]
    return _flat("parking", strip(x0, x1, z0, z0 + 32), tone, lines)


def _rails(x: float) -> Thing:
    bed = _flat("rail track", strip(x - 1.25, x + 1.25, FIRST, LAST), (112, 106, 100))
    rails = [_mark(x + dx - 0.06, x + dx + 0.06, FIRST, LAST, (58, 58, 62)) for dx in (-0.72, 0.72)]
    return Thing("rail track", LAST, (*bed.faces, *rails))


def frontage(
    rng: np.random.Generator, city: City, weather: Weather, side: Side, wanted: set[str]
) -> tuple[list[Thing], list[Thing]]:
    """What lines one side: houses, gardens, parks, side streets.

    Args:
        rng: draws it.
        city: houses and greenery.
        weather: light.
        side: where.
        wanted: what the frame must hold on this side.

    Returns:
        Flat things (lawns, side streets), then standing things.
    """
    flats, things = [], []
    z = rng.uniform(1.6, 4.0)
    wanted = set(wanted)
    while z < LAST - 20:
        must = wanted & {"wall", "fence", "terrain"} and 5 < z < 32
        if must or rng.random() < 0.16:
            end = z + rng.uniform(10, 20)
            lawn, plants = _garden(rng, city, weather, side, (z, end), wanted if must else set())
            flats += lawn
            things += plants
            if must:
                wanted -= {"wall", "fence", "terrain"}
        elif z > 14 and rng.random() < 0.14:
            end = z + rng.uniform(6, 9)
            inner, outer = sorted((side.kerb, side.sign * 70))
            flats.append(_flat("road", strip(inner, outer, z, end), city.asphalt))
        else:
            end = z + rng.uniform(9, 21)
            things.append(house(rng, city, weather, side.front, (z, end)))
            if rng.random() < 0.25 and z < 60:
                things += _front_garden(rng, city, side, (z, end))
        z = end
    return flats, things


def _front_garden(rng, city: City, side: Side, span: tuple[float, float]) -> list[Thing]:
    x = side.front - side.sign * 0.7
    plants = []
    for z in np.arange(span[0] + 1, span[1] - 1, 2.2):
        spots = [(rng.uniform(-0.3, 0.3), 0.5 + 0.4 * rng.random(), rng.uniform(0.5, 0.9))]
        faces = furniture.foliage(rng, x, z, spots, city.green, 0.3 * side.sign)
        plants.append(Thing("vegetation", z, tuple(faces)))
    return plants


def _garden(
    rng, city: City, weather: Weather, side: Side, span: tuple[float, float], wanted: set[str]
) -> tuple[list[Thing], list[Thing]]:
    z0, z1 = span
    green = tuple(np.array(city.green) * rng.uniform(0.9, 1.3))
    sun = float(weather.sun[0])
    edge = side.front - side.sign * rng.uniform(0.0, 1.2)
    flats, things = [], []
    inner, outer = sorted((edge, side.sign * 60))
    lawn: Colour = tuple(np.array([118, 130, 70]) * rng.uniform(0.8, 1.15, 3))
    if rng.random() < 0.25:
        lawn = _SOIL
    flats.append(
        Thing("terrain", LAST, (Face(strip(inner, outer, z0, z1, 0.12), lawn, 0.5, "grass"),))
    )
    if "terrain" in wanted:
        wide = min(3.0, 0.6 * abs(side.front - side.kerb))
        verge = sorted((side.kerb + side.sign * 0.2, side.kerb + side.sign * wide))
        flats.append(
            Thing(
                "terrain",
                LAST,
                (Face(strip(*verge, min(z0, 6.0), z1 + 25, 0.12), lawn, 0.5, "grass"),),
            )
        )
    for _ in range(int(rng.integers(3, 7))):
        x = edge + side.sign * rng.uniform(3, 16)
        at = rng.uniform(z0 + 1, z1 + 3)
        things.append(furniture.tree(rng, x, at, rng.uniform(6, 13), green, sun))
    deep = edge + side.sign * 14
    things.append(furniture.hedge(rng, deep, z0, z1, rng.uniform(3, 7), green))
    kinds = [kind for kind in ("wall", "fence") if kind in wanted] or [
        str(rng.choice(["wall", "fence", "hedge", "open"], p=[0.15, 0.25, 0.35, 0.25]))
    ]
    cuts = np.linspace(z0, z1 + 3.0 * (len(kinds) - 1), len(kinds) + 1)
    for kind, start, end in zip(kinds, cuts[:-1], cuts[1:], strict=True):
        if kind == "wall":
            tone = np.array(city.houses[int(rng.integers(len(city.houses)))]) * 0.85
            things.append(furniture.wall(edge, start, end, rng.uniform(1.2, 2.4), tuple(tone)))
        elif kind == "fence":
            tone = tuple(rng.uniform(40, 150) * np.array([1, rng.uniform(0.9, 1), 0.9]))
            things.append(furniture.fence(edge, start, end, rng.uniform(1.1, 1.9), tone))
        elif kind == "hedge":
            things.append(furniture.hedge(rng, edge, start, end, rng.uniform(0.9, 1.8), green))
    return flats, things
