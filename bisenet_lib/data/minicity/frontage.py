"""What lines the street: houses, front gardens, parks, side streets."""

import numpy as np

from bisenet_lib.data.minicity import furniture
from bisenet_lib.data.minicity.city import City
from bisenet_lib.data.minicity.geometry import Colour, Face, Thing, rgb, strip
from bisenet_lib.data.minicity.houses import house
from bisenet_lib.data.minicity.street import LAST, Side
from bisenet_lib.data.minicity.weather import Weather

SHORTEST = 5.0
"""Metres of street that are enough for a house or garden."""

_SOIL: Colour = (122, 116, 78)


def frontage(
    rng: np.random.Generator,
    city: City,
    weather: Weather,
    side: Side,
    wanted: set[str],
    end: float | None = None,
) -> tuple[list[Thing], list[Thing]]:
    """What lines one side: houses, gardens, parks, side streets.

    Args:
        rng: draws it.
        city: houses and greenery.
        weather: light.
        side: where.
        wanted: what the frame must hold on this side.
        end: metres ahead at which the last house ends exactly; by default it may end anywhere
            in the haze.

    Returns:
        Flat things (lawns, side streets), then standing things.
    """
    flats: list[Thing] = []
    things: list[Thing] = []

    def until(to: float) -> float:
        """Where a house ends: at ``to``, or at the end of the street if little is left."""
        return to if end is None or to < end - SHORTEST else end

    z = rng.uniform(1.6, 4.0)
    wanted = set(wanted)
    while z < (LAST - 20 if end is None else end):
        must = wanted & {"wall", "fence", "terrain"} and 5 < z < 32
        if must or rng.random() < (0.8 if side.green else 0.12):
            to = until(z + rng.uniform(10, 20))
            lawn, plants = _garden(rng, city, weather, side, (z, to), wanted if must else set())
            flats += lawn
            things += plants
            if must:
                wanted -= {"wall", "fence", "terrain"}
        elif z > 14 and rng.random() < 0.14:
            to = until(z + rng.uniform(6, 9))
            inner, outer = sorted((side.kerb, side.sign * 70))
            flats.append(
                Thing("road", LAST, (Face(strip(inner, outer, z, to), city.asphalt, 0.5),))
            )
        else:
            to = until(z + rng.uniform(9, 21))
            things.append(house(rng, city, weather, side.front, (z, to)))
            if rng.random() < 0.25 and z < 60:
                things += _front_garden(rng, city, side, (z, to))
        z = to
    return flats, things


def _front_garden(
    rng: np.random.Generator, city: City, side: Side, span: tuple[float, float]
) -> list[Thing]:
    x = side.front - side.sign * 0.7
    plants = []
    for z in np.arange(span[0] + 1, span[1] - 1, 2.2).tolist():
        spots = [(rng.uniform(-0.3, 0.3), 0.5 + 0.4 * rng.random(), rng.uniform(0.5, 0.9))]
        faces = furniture.foliage(rng, x, z, spots, city.green, 0.3 * side.sign)
        plants.append(Thing("vegetation", z, tuple(faces)))
    return plants


def _garden(
    rng: np.random.Generator,
    city: City,
    weather: Weather,
    side: Side,
    span: tuple[float, float],
    wanted: set[str],
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
        inner, outer = sorted((side.kerb + side.sign * 0.2, side.kerb + side.sign * wide))
        flats.append(
            Thing(
                "terrain",
                LAST,
                (Face(strip(inner, outer, min(z0, 6.0), z1 + 25, 0.12), lawn, 0.5, "grass"),),
            )
        )
    for _ in range(int(rng.integers(3, 7))):
        x = edge + side.sign * rng.uniform(3, 16)
        at = rng.uniform(z0 + 1, z1 + 3)
        things.append(furniture.tree(rng, x, at, rng.uniform(6, 13), green, sun))
    deep = edge + side.sign * 14
    things.append(furniture.hedge(rng, deep, z0, z1, rng.uniform(3, 7), green))
    kinds: list[str] = [kind for kind in ("wall", "fence") if kind in wanted] or [
        str(rng.choice(["wall", "fence", "hedge", "open"], p=[0.15, 0.25, 0.35, 0.25]))
    ]
    cuts = np.linspace(z0, z1 + 3.0 * (len(kinds) - 1), len(kinds) + 1).tolist()
    for kind, start, end in zip(kinds, cuts[:-1], cuts[1:], strict=True):
        if kind == "wall":
            tone = rgb(np.array(city.houses[int(rng.integers(len(city.houses)))]) * 0.85)
            things.append(furniture.wall(edge, start, end, rng.uniform(1.2, 2.4), tone))
        elif kind == "fence":
            tone = rgb(rng.uniform(40, 150) * np.array([1, rng.uniform(0.9, 1), 0.9]))
            things.append(furniture.fence(edge, start, end, rng.uniform(1.1, 1.9), tone))
        elif kind == "hedge":
            things.append(furniture.hedge(rng, edge, start, end, rng.uniform(0.9, 1.8), green))
    return flats, things
