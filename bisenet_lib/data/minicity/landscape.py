"""Open land beside a road: trees, hedges and hills, barriers, a shed here and there."""

import numpy as np

from bisenet_lib.data.minicity import barriers, plants
from bisenet_lib.data.minicity.city import City
from bisenet_lib.data.minicity.colour import pick, rgb
from bisenet_lib.data.minicity.geometry import Face, Thing, rect, upright
from bisenet_lib.data.minicity.houses import house
from bisenet_lib.data.minicity.street import LAST, Side
from bisenet_lib.data.minicity.weather import Weather


def landscape(
    rng: np.random.Generator,
    city: City,
    weather: Weather,
    sides: tuple[Side, Side],
    wanted: set[str],
) -> list[Thing]:
    """What stands beside a road through open land, and its horizon.

    Args:
        rng: draws it.
        city: houses and leaves.
        weather: light.
        sides: of the road.
        wanted: what the frame must hold.

    Returns:
        Standing things, in any order.
    """
    things = _hills(rng, city)
    sun = float(weather.sun[0])
    for number, side in enumerate(sides):
        barrier = str(rng.choice(["wall", "fence", "rail", ""], p=[0.2, 0.2, 0.3, 0.3]))
        needed = [name for name in ("wall", "fence") if name in wanted]
        if needed:
            barrier = needed[number % len(needed)]
        things += _barrier(rng, city, side, barrier)
        dense = rng.uniform(6, 40)
        z = rng.uniform(6, 20)
        while z < 120:
            x = side.front + side.sign * rng.gamma(1.5, 6)
            green = rgb(np.array(city.green) * rng.uniform(0.6, 1.4))
            what = rng.random()
            if what < 0.6:
                things.append(plants.tree(rng, x, z, rng.uniform(4, 14), green, sun))
            elif what < 0.85:
                long, tall = rng.uniform(4, 25), rng.uniform(0.8, 7)
                things.append(plants.hedge(rng, x, z, z + long, tall, green))
            elif z > 20:
                things.append(house(rng, city, weather, side.front + side.sign * 6, (z, z + 15)))
            z += rng.exponential(dense)
    return things


def _barrier(rng: np.random.Generator, city: City, side: Side, kind: str) -> list[Thing]:
    x = side.kerb + side.sign * rng.uniform(0.3, 2.5)
    start, end = rng.uniform(3, 14), rng.uniform(40, 140)
    if kind == "rail":
        return [barriers.guard_rail(x, start, end)]
    if kind == "fence":
        tone = rgb(rng.uniform(60, 190) * np.ones(3))
        return [barriers.fence(rng, x, start, min(end, start + 45), rng.uniform(1.1, 2.6), tone)]
    if kind == "wall":
        tone = rgb(rng.uniform(0.6, 1.05) * np.array(city.houses[0]))
        return [barriers.wall(rng, x, start, end, rng.uniform(0.8, 3.5), tone)]
    return []


def _hills(rng: np.random.Generator, city: City) -> list[Thing]:
    """Wooded hills and a few distant houses along the horizon."""
    things = []
    for depth, tallest in ((LAST + 60, 26), (LAST + 30, 12), (LAST, 6)):
        tall = rng.uniform(0.15, 1) * tallest
        if rng.random() < 0.3:
            continue
        along = np.linspace(-260, 260, 41)
        ridge = np.full(41, 0.6) + rng.uniform(-0.1, 0.1, 41)
        for step in (1, 2, 5, 11):
            turns = rng.uniform(0.5, 2) * step * along / 60 + rng.uniform(0, 2 * np.pi)
            ridge += rng.uniform(0.01, 0.12) * np.sin(turns)
        tops = np.maximum(tall * ridge, 0.3).tolist()
        points = [(-260.0, 0.0), *zip(along.tolist(), tops, strict=True), (260.0, 0.0)]
        tone = rgb(np.array(city.green) * rng.uniform(0.5, 1.1))
        things.append(
            Thing("vegetation", depth, (Face(upright(points, 0, depth), tone, 0.4, "leaf"),))
        )
    return things + [_distant_house(rng, city) for _ in range(int(rng.integers(0, 9)))]


def _distant_house(rng: np.random.Generator, city: City) -> Thing:
    x, wide, tall = rng.uniform(-100, 100), rng.uniform(8, 40), rng.gamma(3, 4) + 3
    depth = LAST + rng.uniform(10, 40)
    tone = rgb(rng.uniform(0.7, 1.2) * np.array(pick(rng, city.houses)))
    front = upright([(0, 0), (wide, 0), (wide, tall), (0, tall)], x, depth)
    faces = [Face(front, tone, rng.uniform(0.1, 0.9), "plaster")]
    glass = rgb(rng.uniform(40, 150) * np.array([0.9, 1, 1.1]))
    for foot in np.arange(1.2, tall - 1.5, 3.2).tolist():
        row = upright(rect(0.8, wide - 0.8, foot, foot + 1.5), x, depth)
        faces.append(Face(row, glass, 0.4, solid=False, alpha=0.7))
    return Thing("building", depth, tuple(faces))
