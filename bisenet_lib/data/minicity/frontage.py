"""What lines the street: houses, front gardens, parks, side streets."""

import numpy as np

from bisenet_lib.data.minicity import barriers, furniture, plants
from bisenet_lib.data.minicity.city import City
from bisenet_lib.data.minicity.colour import Colour, pick, rgb
from bisenet_lib.data.minicity.geometry import Face, Thing, strip
from bisenet_lib.data.minicity.houses import Plot, draw_plot, house
from bisenet_lib.data.minicity.street import LAST, Side
from bisenet_lib.data.minicity.weather import Weather

SHORTEST = 5.0
"""Metres of street that are enough for a house or garden."""

_GROUNDS: tuple[Colour, ...] = (
    (118, 130, 70),
    (96, 118, 58),
    (132, 138, 76),
    (80, 96, 56),
    (150, 140, 92),
    (122, 116, 78),
    (110, 96, 74),
    (172, 156, 112),
)


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
            plot = draw_plot(rng, city)
            to = until(z + plot.long + 2 * plot.gap)
            lawns, standing = _built(rng, city, weather, side, plot, (z, to))
            flats += lawns
            things += standing
        z = to
    return flats, things


def _built(
    rng: np.random.Generator,
    city: City,
    weather: Weather,
    side: Side,
    plot: Plot,
    span: tuple[float, float],
) -> tuple[list[Thing], list[Thing]]:
    """A house with what stands around it: flat things, then standing ones."""
    z0, z1 = span
    flats: list[Thing] = []
    x = side.front + side.sign * plot.setback
    gap = min(plot.gap, 0.3 * (z1 - z0))
    things = [house(rng, city, weather, x, (z0 + gap, z1 - gap), plot.kind)]
    if gap > 1 and rng.random() < 0.5:
        at = x + side.sign * rng.uniform(4, 9)
        things.append(
            plants.tree(rng, at, z1, rng.uniform(5, 12), city.green, float(weather.sun[0]))
        )
    if plot.setback > 2 and plot.kind not in ("petrol", "warehouse", "strip"):
        inner, outer = sorted((side.front, x))
        lawn = Face(strip(inner, outer, z0, z1, 0.12), _lawn(rng), 0.5, "grass")
        flats.append(Thing("terrain", LAST, (lawn,)))
        things += _front_garden(rng, city, weather, side, (z0, z1), plot.setback)
    elif plot.setback < 0.5 and rng.random() < 0.12 and z0 < 60:
        leaf = plants.leaf_colour(rng, city.green)
        things.append(
            plants.ivy(rng, x - side.sign * 0.05, z0 + gap, z1 - gap, rng.uniform(3, 8), leaf)
        )
    elif rng.random() < 0.12 and z0 < 60:
        things += _front_garden(rng, city, weather, side, (z0, z1), 1.2)
    things += _clutter(rng, side, (z0, z1))
    return flats, things


def _clutter(rng: np.random.Generator, side: Side, span: tuple[float, float]) -> list[Thing]:
    """Bins, boxes, hydrants and shelters on the sidewalk, now and then."""
    z0, z1 = span
    things = []
    walk = abs(side.front - side.kerb)
    if rng.random() < 0.25 and 6 < z0 < 50:
        x = side.kerb + side.sign * rng.uniform(0.2, 0.9) * walk
        things.append(furniture.fixture(rng, x, rng.uniform(z0, z1)))
    if rng.random() < 0.07 and 10 < z0 < 60 and walk > 3:
        things.append(furniture.shelter(rng, side.front - side.sign * 0.4, z0 + 1))
    return things


def _front_garden(
    rng: np.random.Generator,
    city: City,
    weather: Weather,
    side: Side,
    span: tuple[float, float],
    deep: float,
) -> list[Thing]:
    """Bushes, a hedge or a fence before a house, ``deep`` metres of garden behind it."""
    z0, z1 = span
    x = side.front + side.sign * 0.3 if deep > 2 else side.front - side.sign * 0.7
    leaf, sun = plants.leaf_colour(rng, city.green), float(weather.sun[0])
    kind = rng.choice(["hedge", "fence", "bushes", "open"], p=[0.25, 0.1, 0.4, 0.25])
    things: list[Thing] = []
    if kind == "hedge":
        things.append(plants.hedge(rng, x, z0, z1, rng.uniform(0.6, 1.8), leaf))
    elif kind == "fence":
        tone = rgb(rng.uniform(40, 200) * np.array([1, rng.uniform(0.9, 1), 0.9]))
        things.append(barriers.fence(rng, x, z0, z1, rng.uniform(0.8, 1.4), tone))
    elif kind == "bushes":
        for z in np.arange(z0 + 1, z1 - 1, rng.uniform(2, 4)).tolist():
            size = rng.uniform(0.4, 1.1)
            spots = [(rng.uniform(-0.5, 0.5), size * rng.uniform(0.6, 1), size) for _ in "ab"]
            faces = plants.foliage(rng, x, z, spots, leaf, sun)
            things.append(Thing("vegetation", z, tuple(faces)))
    if deep > 4 and rng.random() < 0.6:
        at = side.front + side.sign * rng.uniform(1, deep - 1.5)
        tall = rng.uniform(3, 10)
        things.append(plants.tree(rng, at, rng.uniform(z0, z1), tall, city.green, sun))
    return things


def _lawn(rng: np.random.Generator) -> Colour:
    """Grass, fresh, dry or dark, or bare soil."""
    return rgb(np.array(pick(rng, _GROUNDS)) * rng.normal(1, 0.1) * rng.normal(1, 0.04, 3))


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
    lawn = _lawn(rng)
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
        things.append(plants.tree(rng, x, at, rng.uniform(6, 13), green, sun))
    deep = edge + side.sign * 14
    things.append(plants.hedge(rng, deep, z0, z1, rng.uniform(3, 7), green))
    kinds: list[str] = [kind for kind in ("wall", "fence") if kind in wanted] or [
        str(rng.choice(["wall", "fence", "hedge", "open"], p=[0.15, 0.25, 0.35, 0.25]))
    ]
    cuts = np.linspace(z0, z1 + 3.0 * (len(kinds) - 1), len(kinds) + 1).tolist()
    for kind, start, end in zip(kinds, cuts[:-1], cuts[1:], strict=True):
        if kind == "wall":
            tone = rgb(np.array(pick(rng, city.houses)) * 0.85)
            things.append(barriers.wall(rng, edge, start, end, rng.uniform(1.2, 2.4), tone))
        elif kind == "fence":
            tone = rgb(rng.uniform(40, 150) * np.array([1, rng.uniform(0.9, 1), 0.9]))
            things.append(barriers.fence(rng, edge, start, end, rng.uniform(1.1, 1.9), tone))
        elif kind == "hedge":
            things.append(plants.hedge(rng, edge, start, end, rng.uniform(0.9, 1.8), green))
    return flats, things
