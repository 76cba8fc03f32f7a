"""Houses along the street: which kind is built where, and those in which people live or work."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from bisenet_lib.data.minicity.city import City
from bisenet_lib.data.minicity.colour import pick, rgb, shade
from bisenet_lib.data.minicity.facades import (
    GLASS,
    SHADOW,
    Plane,
    Style,
    board_colour,
    draw_storeys,
    draw_style,
    seen_walls,
    shading,
)
from bisenet_lib.data.minicity.geometry import Face, Thing, bridged
from bisenet_lib.data.minicity.roofs import pitched_roof, roof, roof_things
from bisenet_lib.data.minicity.shops import billboard, ground_floor, row_of_shops
from bisenet_lib.data.minicity.special_buildings import (
    building_site,
    church,
    petrol_station,
    warehouse,
)
from bisenet_lib.data.minicity.weather import Weather
from bisenet_lib.data.minicity.windows import storey_rows


@dataclass(frozen=True)
class Plot:
    """What is built on a piece of street.

    Attributes:
        kind: a key of :data:`_KINDS`.
        long: metres along the street.
        setback: metres between the sidewalk and the front.
        gap: metres of sky between it and its neighbours.
    """

    kind: str
    long: float
    setback: float
    gap: float


def draw_plot(rng: np.random.Generator, city: City) -> Plot:
    """Choose what is built next.

    Args:
        rng: draws kind and measures.
        city: how much it likes each kind.

    Returns:
        The plot.
    """
    chances = np.array([kind.chance for kind in _KINDS.values()]) * city.taste
    name = str(rng.choice(list(_KINDS), p=chances / chances.sum()))
    kind = _KINDS[name]
    setback = rng.uniform(*kind.setback) if rng.random() < 0.7 else kind.setback[0]
    return Plot(name, rng.uniform(*kind.long), setback, rng.uniform(*kind.gap))


def house(
    rng: np.random.Generator,
    city: City,
    weather: Weather,
    x: float,
    span: tuple[float, float],
    kind: str = "block",
) -> Thing:
    """A house with its front along the street and a gable towards the camera.

    Args:
        rng: draws storeys, colours, windows.
        city: palette and number of floors.
        weather: the sun's direction, and whether windows are lit.
        x: lateral position of the front; its sign is the side of the street.
        span: metres ahead at which the front begins and ends.
        kind: a key of :data:`_KINDS`.

    Returns:
        A ``building``.
    """
    side, (z0, z1) = float(np.sign(x)), span
    front = Plane(x, z0, z1 - z0, max(0.0, float(-side * weather.sun[0])), side)
    deep = rng.uniform(8, 16)
    gable = Plane(x, z0, deep, max(0.0, float(-weather.sun[2])), side, gable=True)
    faces = _KINDS[kind].build(rng, city, weather, front, gable)
    return Thing("building", z1, tuple(faces))


def _block(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A town house with flats, some above shops."""
    style = draw_style(rng, city, weather, draw_storeys(rng, city))
    faces = roof(rng, city, style, front, gable)
    faces += seen_walls(style, front, gable)
    faces += ground_floor(rng, style, front)
    faces += storey_rows(rng, style, front, 1)
    faces += _gable_side(rng, style, gable)
    return faces + shading(rng, weather, front, style.tall)


def _terrace(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A narrow house of a terrace, mostly with bay windows."""
    style = draw_style(rng, city, weather, int(rng.integers(2, 5)))
    extras = style.extras | ({"bays"} if rng.random() < 0.6 else {"frames"})
    style = replace(style, extras=frozenset(extras), bay=front.long / int(rng.integers(2, 4)))
    faces = roof(rng, city, style, front, gable) + seen_walls(style, front, gable)
    faces += ground_floor(rng, style, front, shop=rng.random() < 0.2)
    faces += storey_rows(rng, style, front, 1)
    return faces + shading(rng, weather, front, style.tall)


def _gabled(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """An old house whose gable, pointed, stepped or round, faces the street."""
    style = draw_style(rng, city, weather, int(rng.integers(2, 5)))
    tall, long, rise = style.tall, front.long, rng.uniform(0.5, 0.9) * front.long
    steps = int(rng.choice([1, 4, 5]))
    left = [(0.0, tall)]
    for number in range(steps):
        u, y = (number + 1) / (steps + 0.3) * long / 2, tall + rise * (number + 1) / steps
        left += [(u, left[-1][1]), (u, y)] if steps > 1 else [(0.46 * long, y)]
    top = left + [(long - u, y) for u, y in reversed(left)]
    tiles = pick(rng, city.roofs)
    slope = np.array([(front.x, tall, front.z), (front.x, tall + rise, front.z + long / 2)])
    back = slope[::-1] + np.array((front.side * gable.long, 0, 0))
    faces = [
        Face(np.concatenate((slope, back)), tiles, 0.4, "tiles"),
        *seen_walls(style, front, gable),
    ]
    faces.append(Face(front.polygon(top), style.wall, front.light, style.texture))
    attic = front.rect(0.42 * long, 0.58 * long, tall + 0.2, tall + 0.2 + 0.3 * rise)
    faces.append(Face(attic, style.panes[0][0], 0.4, solid=False))
    faces += ground_floor(rng, style, front) + storey_rows(rng, style, front, 1)
    if rng.random() < 0.2:
        faces += _timber(front, tall)
    return faces + shading(rng, weather, front, tall)


def _timber(front: Plane, tall: float) -> list[Face]:
    """The beams of a timber-framed front."""
    beams = [front.rect(u, u + 0.18, 3, tall) for u in np.arange(0, front.long, 1.4).tolist()]
    beams += [front.rect(0, front.long, y, y + 0.2) for y in np.arange(3, tall, 1.5).tolist()]
    return [Face(beam, (62, 46, 38), 0.4, solid=False) for beam in beams]


def _tower(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A tower of glass that mirrors the sky, more of it further up."""
    style = draw_style(rng, city, weather, int(rng.integers(6, 21)))
    dark, sky = np.array(pick(rng, GLASS)) * rng.uniform(0.7, 1.3), np.array(weather.sky[0])
    spandrel = rgb(np.clip(dark * rng.uniform(0.5, 1.8), 10, 220))
    faces = []
    for plane in (gable, front):
        faces.append(Face(plane.rect(0, plane.long, 0, style.tall), spandrel, plane.light, "glass"))
        high = rng.uniform(0.6, 0.95) * style.storey
        phase, turn = rng.uniform(0, 6), rng.uniform(0.2, 0.9)
        step = 1 if front.z < 50 else 2
        for storey in range(0 if plane.gable else 1, style.storeys, step):
            share = 0.15 + 0.55 * storey / style.storeys + 0.2 * np.sin(phase + turn * storey)
            tone = rgb(np.clip(dark * (1 - share) + sky * share, 10, 240))
            foot = storey * style.storey
            row = plane.rect(0.2, plane.long - 0.2, foot, foot + high)
            faces.append(Face(row, tone, 0.3, solid=False))
        if front.z < 70:
            wide, edge = rng.uniform(0.05, 0.25), rng.uniform(1.2, 3.5)
            cuts = np.arange(0, plane.long - wide, edge).tolist()
            bars = [plane.rect(u, u + wide, 0, style.tall) for u in cuts]
            faces.append(Face(bridged(bars), style.trim, plane.light, solid=False))
    faces += ground_floor(rng, style, front, shop=True)
    return faces + shading(rng, weather, front, style.tall)


def _office(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """An office block with bands of windows, or a grid of large ones."""
    style = draw_style(rng, city, weather, int(rng.integers(3, 11)))
    share = 1.0 if rng.random() < 0.6 else 0.85
    foot = rng.uniform(0.15, 0.4)
    style = replace(style, window=(share, foot, foot + rng.uniform(0.4, 0.55)), arched=False)
    style = replace(style, extras=style.extras - {"shutters", "bays", "balconies", "escape"})
    faces = seen_walls(style, front, gable) + roof_things(rng, style, front)
    faces += ground_floor(rng, style, front)
    faces += storey_rows(rng, style, front, 1) + storey_rows(rng, style, gable, 0)
    return faces + shading(rng, weather, front, style.tall)


def _slab(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A concrete slab of flats, each like the next."""
    style = draw_style(rng, city, weather, int(rng.integers(5, 15)))
    grey = rng.uniform(110, 205) * np.array([1, rng.uniform(0.94, 1), rng.uniform(0.84, 1)])
    extras = {"balconies", "bands"} if rng.random() < 0.6 else {"bands", "coolers"}
    style = replace(style, wall=rgb(grey), texture="concrete", storey=2.8, extras=frozenset(extras))
    faces = seen_walls(style, front, gable) + roof_things(rng, style, front)
    faces += storey_rows(rng, style, front, 0) + _gable_side(rng, style, gable)
    return faces + shading(rng, weather, front, style.tall)


def _detached(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A suburban house under a broad roof, often with a garage."""
    style = draw_style(rng, city, weather, int(rng.integers(1, 3)))
    texture = pick(rng, ("siding", "siding", "plaster", "brick", "plaster-smooth"))
    style = replace(style, texture=texture, bay=rng.uniform(2.6, 4), trim=(228, 226, 220))
    style = replace(style, extras=style.extras - {"escape", "coolers", "balconies"})
    faces = pitched_roof(rng, city, style, front, gable, rng.uniform(2.0, 3.6))
    faces += seen_walls(style, front, gable)
    faces += storey_rows(rng, style, front, 0) + _gable_side(rng, style, gable)
    door = board_colour(rng)
    u = rng.uniform(0.3, 0.5) * front.long
    faces.append(Face(front.rect(u, u + 1.1, 0, 2.2), door, 0.4, solid=False))
    if rng.random() < 0.6:
        gate = shade(style.trim, rng.uniform(0.6, 1.05))
        box = front.rect(front.long - 3.6, front.long - 0.6, 0, 2.3)
        faces.append(Face(box, gate, front.light, "siding", solid=False))
    return faces + shading(rng, weather, front, style.tall)


def _gable_side(rng: np.random.Generator, style: Style, gable: Plane) -> list[Face]:
    """The side wall: blind, with a poster, or with windows."""
    kind = rng.choice(["blind", "windows", "poster"], p=[0.4, 0.45, 0.15])
    faces = []
    if kind == "windows":
        extras = style.extras - {"balconies", "bays", "escape"}
        sparse = replace(style, bay=1.5 * style.bay, extras=extras)
        faces = storey_rows(rng, sparse, gable, int(rng.integers(2)))
    if kind == "poster" and style.tall > 6:
        faces = billboard(rng, gable, 1.0, 1.5)
        faces = [face._replace(solid=False) for face in faces]
    if gable.z < 30:
        low = gable.rect(0, gable.long, 0, rng.uniform(0.2, 0.5) * min(style.tall, 9))
        faces.append(Face(low, SHADOW, 0.2, solid=False, alpha=rng.uniform(0.08, 0.25)))
    return faces


class _Kind(NamedTuple):
    """A kind of house; each pair is the least and the most, metres.

    Attributes:
        chance: share of all houses, before the city's taste.
        long: along the street.
        setback: between the sidewalk and the front.
        gap: of sky on either side.
        build: gives the faces from random generator, city, weather, front and gable.
    """

    chance: float
    long: tuple[float, float]
    setback: tuple[float, float]
    gap: tuple[float, float]
    build: Callable[[np.random.Generator, City, Weather, Plane, Plane], list[Face]]


_KINDS: dict[str, _Kind] = {
    "block": _Kind(0.30, (9, 21), (0, 1), (0, 0.4), _block),
    "terrace": _Kind(0.12, (5, 9), (0, 3), (0, 0.2), _terrace),
    "gabled": _Kind(0.08, (5, 9), (0, 1), (0, 0.6), _gabled),
    "tower": _Kind(0.07, (16, 30), (0, 10), (0, 6), _tower),
    "office": _Kind(0.10, (14, 30), (0, 6), (0, 4), _office),
    "slab": _Kind(0.06, (16, 30), (0, 14), (0, 8), _slab),
    "warehouse": _Kind(0.06, (16, 34), (0, 10), (0, 8), warehouse),
    "detached": _Kind(0.11, (8, 14), (3, 12), (1.5, 5), _detached),
    "strip": _Kind(0.04, (12, 24), (0, 18), (0, 6), row_of_shops),
    "petrol": _Kind(0.02, (16, 24), (7, 9), (3, 6), petrol_station),
    "church": _Kind(0.02, (14, 24), (2, 8), (3, 8), church),
    "site": _Kind(0.02, (12, 24), (0, 2), (0, 3), building_site),
}
