"""House fronts along the street, bridges, and the skyline that closes the view."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bisenet_lib.data.minicity.barriers import graffiti
from bisenet_lib.data.minicity.city import WALLS, City
from bisenet_lib.data.minicity.colour import Colour, mixed, pick, rgb, shade
from bisenet_lib.data.minicity.geometry import (
    Face,
    Outline,
    Points,
    Thing,
    bridged,
    circle,
    rect,
    upright,
)
from bisenet_lib.data.minicity.plants import foliage, leaf_colour
from bisenet_lib.data.minicity.signs import letters
from bisenet_lib.data.minicity.weather import Weather

_GLASS: tuple[Colour, ...] = (
    (44, 52, 62),
    (62, 72, 84),
    (96, 112, 128),
    (34, 38, 46),
    (58, 64, 62),
    (24, 26, 30),
    (74, 92, 104),
)
_LAMPLIGHT: Colour = (252, 208, 130)
_SHADOW: Colour = (12, 14, 22)
_PAINTS: tuple[Colour, ...] = (
    (178, 36, 34),
    (30, 62, 128),
    (24, 96, 60),
    (228, 184, 48),
    (34, 34, 38),
    (236, 234, 226),
    (120, 84, 58),
    (222, 112, 38),
    (96, 40, 52),
    (60, 126, 140),
    (150, 148, 142),
)
_STONES = ("plaster", "plaster-stained", "plaster-smooth", "stone", "concrete")
_BRICKS = ("brick", "brick-coarse")


@dataclass(frozen=True)
class Plane:
    """An upright wall, on which places are given in metres along it, up, and out of it.

    Attributes:
        x: lateral position of its beginning.
        z: metres ahead of its beginning.
        long: its length in metres.
        light: share of sunlight it gets.
        side: the side of the street on which the house stands, -1 or 1.
        gable: the wall faces the camera and leads away from the street; others run along it.
    """

    x: float
    z: float
    long: float
    light: float
    side: float
    gable: bool = False

    def polygon(self, points: Outline | np.ndarray, out: float = 0.0) -> Points:
        """The points (along, up) of the wall, ``out`` metres in front of it: (N, 3)."""
        flat = np.asarray(points, np.float64)
        if self.gable:
            return upright(flat * (self.side, 1), self.x, self.z - out)
        corners = np.full((len(flat), 3), self.x - self.side * out)
        corners[:, 1], corners[:, 2] = flat[:, 1], self.z + flat[:, 0]
        return corners

    def rect(self, u0: float, u1: float, y0: float, y1: float, out: float = 0.0) -> Points:
        """A rectangle of the wall: (4, 3) metres."""
        return self.polygon([(u0, y0), (u1, y0), (u1, y1), (u0, y1)], out)

    def across(self, u: float, y0: float, y1: float, out: float) -> Points:
        """A rectangle that stands out of the wall at ``u``: (4, 3) metres."""
        inner, outer = self.polygon([(u, y0), (u, y1)]), self.polygon([(u, y1), (u, y0)], out)
        return np.concatenate((inner, outer))


@dataclass(frozen=True)
class Style:
    """How one house looks.

    Attributes:
        wall: RGB of its walls.
        trim: RGB of cornices, sills and frames.
        texture: grain of its walls.
        storeys: number of floors.
        storey: height of one in metres.
        bay: metres from window to window.
        window: share of a bay's width, and foot and top as shares of the storey.
        arched: the windows' tops are round.
        panes: RGB of its glass, and whether it glows; each window takes one.
        extras: what it has, see :data:`_EXTRAS`.
    """

    wall: Colour
    trim: Colour
    texture: str
    storeys: int
    storey: float
    bay: float
    window: tuple[float, float, float]
    arched: bool
    panes: tuple[tuple[Colour, bool], ...]
    extras: frozenset[str]

    @property
    def tall(self) -> float:
        """Height of its walls in metres."""
        return self.storeys * self.storey + 0.6


_EXTRAS = {
    "frames": 0.6,
    "sills": 0.4,
    "shutters": 0.12,
    "bands": 0.3,
    "cornice": 0.55,
    "balconies": 0.2,
    "bays": 0.14,
    "coolers": 0.14,
    "escape": 0.12,
    "bars": 0.55,
}
"""Chance of each extra."""


@dataclass(frozen=True)
class Plot:
    """What is built on a piece of street.

    Attributes:
        kind: a key of :data:`_BUILDERS`.
        long: metres along the street.
        setback: metres between the sidewalk and the front.
        gap: metres of sky between it and its neighbours.
    """

    kind: str
    long: float
    setback: float
    gap: float


_PLOTS: dict[str, tuple[float, tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    #           chance  long      setback     gap
    "block": (0.30, (9, 21), (0, 1), (0, 0.4)),
    "terrace": (0.12, (5, 9), (0, 3), (0, 0.2)),
    "gabled": (0.08, (5, 9), (0, 1), (0, 0.6)),
    "tower": (0.07, (16, 30), (0, 10), (0, 6)),
    "office": (0.10, (14, 30), (0, 6), (0, 4)),
    "slab": (0.06, (16, 30), (0, 14), (0, 8)),
    "warehouse": (0.06, (16, 34), (0, 10), (0, 8)),
    "detached": (0.11, (8, 14), (3, 12), (1.5, 5)),
    "strip": (0.04, (12, 24), (0, 18), (0, 6)),
    "petrol": (0.02, (16, 24), (7, 9), (3, 6)),
    "church": (0.02, (14, 24), (2, 8), (3, 8)),
    "site": (0.02, (12, 24), (0, 2), (0, 3)),
}


def draw_plot(rng: np.random.Generator, city: City) -> Plot:
    """Choose what is built next.

    Args:
        rng: draws kind and measures.
        city: how much it likes each kind.

    Returns:
        The plot.
    """
    chances = np.array([chance for chance, *_ in _PLOTS.values()]) * city.taste
    kind = str(rng.choice(list(_PLOTS), p=chances / chances.sum()))
    _, long, setback, gap = _PLOTS[kind]
    back = rng.uniform(*setback) if rng.random() < 0.7 else setback[0]
    return Plot(kind, rng.uniform(*long), back, rng.uniform(*gap))


def _style(rng: np.random.Generator, city: City, weather: Weather, storeys: int) -> Style:
    walls = city.houses if rng.random() < 0.5 else WALLS
    wall = rgb(
        np.clip(np.array(pick(rng, walls)) * rng.normal(1, 0.14) + rng.normal(0, 7, 3), 18, 246)
    )
    red = wall[0] > 1.3 * wall[2]
    textures = _BRICKS if red and rng.random() < 0.7 else _STONES
    trims = (shade(wall, 1.2), shade(wall, 0.75), (226, 224, 216), (70, 66, 62), (150, 142, 128))
    foot = rng.uniform(0.12, 0.36)
    return Style(
        wall,
        pick(rng, trims),
        pick(rng, textures),
        storeys,
        rng.uniform(2.7, 3.9),
        rng.uniform(1.8, 4.2),
        (rng.uniform(0.3, 0.75), foot, min(foot + rng.uniform(0.35, 0.7), 0.93)),
        bool(rng.random() < 0.12),
        _panes(rng, weather),
        frozenset(name for name, chance in _EXTRAS.items() if rng.random() < chance),
    )


def _mirrored(colour: Colour) -> Colour:
    """Glass where it mirrors the sky."""
    return rgb(0.78 * value + 44 for value in colour)


def _panes(rng: np.random.Generator, weather: Weather) -> tuple[tuple[Colour, bool], ...]:
    """The glass of one house: dark rooms, sky, curtains, lamps."""
    dark = shade(pick(rng, _GLASS), rng.uniform(0.6, 1.2))
    share = rng.uniform(0.2, 0.85)
    sky = mixed(dark, weather.sky[1], share)
    curtain = rgb(np.array((206, 198, 182)) * rng.uniform(0.5, 1.0))
    panes = [(dark, False), (shade(dark, 1.3), False), (sky, False), (curtain, False)]
    panes += [(dark if rng.random() < 0.6 else sky, False)] * int(rng.integers(1, 6))
    if weather.kind in ("dusk", "night"):
        lamp = shade(_LAMPLIGHT, rng.uniform(0.5, 1.0))
        panes += [(lamp, True)] * int(rng.integers(1, 5))
    return tuple(panes)


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
        kind: a key of :data:`_BUILDERS`.

    Returns:
        A ``building``.
    """
    side, (z0, z1) = float(np.sign(x)), span
    front = Plane(x, z0, z1 - z0, max(0.0, float(-side * weather.sun[0])), side)
    deep = rng.uniform(8, 16)
    gable = Plane(x, z0, deep, max(0.0, float(-weather.sun[2])), side, gable=True)
    faces = _BUILDERS[kind](rng, city, weather, front, gable)
    return Thing("building", z1, tuple(faces))


def _paint(rng: np.random.Generator) -> Colour:
    """The colour of a board, an awning or a door."""
    tone = np.array(pick(rng, _PAINTS)) * rng.uniform(0.6, 1.1) + rng.normal(0, 14, 3)
    return rgb(np.clip(tone, 8, 245))


def _storeys(rng: np.random.Generator, city: City) -> int:
    return max(2, int(rng.integers(city.storeys[0] - 1, city.storeys[1] + 2)))


def _block(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    style = _style(rng, city, weather, _storeys(rng, city))
    faces = _roof(rng, city, style, front, gable)
    faces += _body(style, front, gable)
    faces += _ground_floor(rng, style, front)
    faces += _storey_rows(rng, style, front, 1)
    faces += _gable_side(rng, style, gable)
    return faces + _shading(rng, weather, front, style.tall)


def _terrace(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    style = _style(rng, city, weather, int(rng.integers(2, 5)))
    extras = style.extras | ({"bays"} if rng.random() < 0.6 else {"frames"})
    style = _with(style, extras=frozenset(extras), bay=front.long / int(rng.integers(2, 4)))
    faces = _roof(rng, city, style, front, gable) + _body(style, front, gable)
    faces += _ground_floor(rng, style, front, shop=rng.random() < 0.2)
    faces += _storey_rows(rng, style, front, 1)
    return faces + _shading(rng, weather, front, style.tall)


def _gabled(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """An old house whose gable, pointed, stepped or round, faces the street."""
    style = _style(rng, city, weather, int(rng.integers(2, 5)))
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
    faces = [Face(np.concatenate((slope, back)), tiles, 0.4, "tiles"), *_body(style, front, gable)]
    faces.append(Face(front.polygon(top), style.wall, front.light, style.texture))
    attic = front.rect(0.42 * long, 0.58 * long, tall + 0.2, tall + 0.2 + 0.3 * rise)
    faces.append(Face(attic, style.panes[0][0], 0.4, solid=False))
    faces += _ground_floor(rng, style, front) + _storey_rows(rng, style, front, 1)
    if rng.random() < 0.2:
        faces += _timber(front, tall)
    return faces + _shading(rng, weather, front, tall)


def _timber(front: Plane, tall: float) -> list[Face]:
    """The beams of a timber-framed front."""
    beams = [front.rect(u, u + 0.18, 3, tall) for u in np.arange(0, front.long, 1.4).tolist()]
    beams += [front.rect(0, front.long, y, y + 0.2) for y in np.arange(3, tall, 1.5).tolist()]
    return [Face(beam, (62, 46, 38), 0.4, solid=False) for beam in beams]


def _tower(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A tower of glass that mirrors the sky, more of it further up."""
    style = _style(rng, city, weather, int(rng.integers(6, 21)))
    dark, sky = np.array(pick(rng, _GLASS)) * rng.uniform(0.7, 1.3), np.array(weather.sky[0])
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
    faces += _ground_floor(rng, style, front, shop=True)
    return faces + _shading(rng, weather, front, style.tall)


def _office(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """An office block with bands of windows, or a grid of large ones."""
    style = _style(rng, city, weather, int(rng.integers(3, 11)))
    share = 1.0 if rng.random() < 0.6 else 0.85
    foot = rng.uniform(0.15, 0.4)
    style = _with(style, window=(share, foot, foot + rng.uniform(0.4, 0.55)), arched=False)
    style = _with(style, extras=style.extras - {"shutters", "bays", "balconies", "escape"})
    faces = _body(style, front, gable) + _roof_things(rng, style, front)
    faces += _ground_floor(rng, style, front)
    faces += _storey_rows(rng, style, front, 1) + _storey_rows(rng, style, gable, 0)
    return faces + _shading(rng, weather, front, style.tall)


def _slab(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A concrete slab of flats, each like the next."""
    style = _style(rng, city, weather, int(rng.integers(5, 15)))
    grey = rng.uniform(110, 205) * np.array([1, rng.uniform(0.94, 1), rng.uniform(0.84, 1)])
    extras = {"balconies", "bands"} if rng.random() < 0.6 else {"bands", "coolers"}
    style = _with(style, wall=rgb(grey), texture="concrete", storey=2.8, extras=frozenset(extras))
    faces = _body(style, front, gable) + _roof_things(rng, style, front)
    faces += _storey_rows(rng, style, front, 0) + _gable_side(rng, style, gable)
    return faces + _shading(rng, weather, front, style.tall)


def _warehouse(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A hall without windows, with gates, a board, sometimes graffiti."""
    style = _style(rng, city, weather, int(rng.integers(1, 3)))
    texture = pick(rng, ("siding", "wood", "concrete", "brick", "plaster-stained"))
    style = _with(style, texture=texture, storey=rng.uniform(4.2, 5.5))
    faces = _body(style, front, gable)
    for u in np.arange(1.5, front.long - 5, rng.uniform(6, 12)).tolist():
        gate = rgb(np.array(pick(rng, WALLS)) * rng.uniform(0.4, 1.0))
        wide, high = rng.uniform(2.5, 4.5), rng.uniform(2.6, 4.0)
        faces.append(
            Face(front.rect(u, u + wide, 0, high), gate, front.light, "siding", solid=False)
        )
        faces.append(Face(front.rect(u, u + wide, high - 0.3, high), _SHADOW, 0.2, solid=False))
    if rng.random() < 0.5:
        faces += _name_board(rng, front, (1, min(front.long - 1, 9)), style.tall - 1.4, 0.9)
    if rng.random() < 0.4 and front.z < 50:
        faces += graffiti(rng, front.x, (front.z, front.z + front.long), 3.0)
    return faces + _shading(rng, weather, front, style.tall)


def _detached(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A suburban house under a broad roof, often with a garage."""
    style = _style(rng, city, weather, int(rng.integers(1, 3)))
    texture = pick(rng, ("siding", "siding", "plaster", "brick", "plaster-smooth"))
    style = _with(style, texture=texture, bay=rng.uniform(2.6, 4), trim=(228, 226, 220))
    style = _with(style, extras=style.extras - {"escape", "coolers", "balconies"})
    faces = _pitched(rng, city, style, front, gable, rng.uniform(2.0, 3.6))
    faces += _body(style, front, gable)
    faces += _storey_rows(rng, style, front, 0) + _gable_side(rng, style, gable)
    door = _paint(rng)
    u = rng.uniform(0.3, 0.5) * front.long
    faces.append(Face(front.rect(u, u + 1.1, 0, 2.2), door, 0.4, solid=False))
    if rng.random() < 0.6:
        gate = shade(style.trim, rng.uniform(0.6, 1.05))
        box = front.rect(front.long - 3.6, front.long - 0.6, 0, 2.3)
        faces.append(Face(box, gate, front.light, "siding", solid=False))
    return faces + _shading(rng, weather, front, style.tall)


def _strip(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A row of low shops under one long board, sometimes with a billboard on the roof."""
    style = _with(_style(rng, city, weather, 1), storey=rng.uniform(4.0, 5.4))
    faces = _body(style, front, gable) + _ground_floor(rng, style, front, shop=True)
    if rng.random() < 0.45:
        u, foot = rng.uniform(0, 0.4) * front.long, style.tall
        faces += _billboard(rng, gable, 0.5, foot) if rng.random() < 0.5 else []
        faces += _name_board(rng, front, (u, min(u + 8, front.long)), foot - 0.1, 1.6)
    return faces + _shading(rng, weather, front, style.tall)


def _billboard(rng: np.random.Generator, plane: Plane, u: float, foot: float) -> list[Face]:
    """A poster on posts above a roof, facing along the wall's direction."""
    wide, high = rng.uniform(4, 7), rng.uniform(2, 3.2)
    low = foot + rng.uniform(0.5, 2)
    board = _paint(rng)
    faces = [
        Face(plane.rect(at, at + 0.25, foot - 0.2, low), (60, 60, 62)) for at in (u + 1, u + 3)
    ]
    faces.append(Face(plane.rect(u, u + wide, low, low + high), board, plane.light))
    picture = plane.rect(u, u + 0.4 * wide, low, low + 0.8 * high)
    faces.append(Face(picture, _paint(rng), plane.light, solid=False))
    marks = letters(rng, (u + 0.45 * wide, u + 0.95 * wide, low + 0.4 * high, low + 0.8 * high))
    ink = (240, 238, 230) if sum(board) < 380 else (30, 30, 34)
    faces.append(Face(bridged([plane.polygon(mark) for mark in marks]), ink, solid=False))
    return faces


def _petrol(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A petrol station: a shop, and before it a flat roof on posts."""
    style = _with(_style(rng, city, weather, 1), storey=5.0, wall=(214, 212, 206))
    faces = _body(style, front, gable) + _ground_floor(rng, style, front, shop=True)
    tone, out, low = _paint(rng), 6.5, rng.uniform(4.2, 4.8)
    u0, u1 = 1.0, front.long - 1.0
    below = (front.polygon([(u0, low), (u1, low)]), front.polygon([(u1, low), (u0, low)], out))
    faces.append(Face(np.concatenate(below), (190, 190, 186), 0.1))
    for u in (u1 - 2, u0 + 2):
        x, z = front.x - 4.5 * front.side, front.z + u
        faces.append(Face(upright(rect(-0.2, 0.2, 0, low), x, z), (190, 190, 188), 0.5))
        faces.append(Face(upright(rect(-0.5, 0.5, 0, 1.7), x, z), tone, 0.5))
    faces.append(Face(front.across(u0, low, low + 1.0, out), tone, 0.6))
    faces.append(Face(front.rect(u0, u1, low, low + 1.0, out), tone, 0.7))
    faces.append(Face(front.rect(u0, u1, low + 0.3, low + 0.5, out), (236, 236, 232), solid=False))
    return faces


def _church(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A church: a nave with tall arched windows, and a tower with a pointed roof."""
    style = _style(rng, city, weather, 2)
    texture = pick(rng, ("stone", "brick", "plaster-smooth"))
    style = _with(style, texture=texture, storey=4.5, window=(0.35, 0.2, 1.5), arched=True, bay=3.6)
    faces = _pitched(rng, city, style, front, gable, rng.uniform(4, 6)) + _body(style, front, gable)
    faces += _storey_rows(rng, _with(style, storeys=1), front, 0)
    wide, tall, spire = rng.uniform(4, 6), rng.uniform(16, 24), rng.uniform(4, 12)
    for plane in (gable, front):
        tower = plane.rect(0, wide, 0, tall, 0.3)
        roof = plane.polygon([(0, tall), (wide, tall), (wide / 2, tall + spire)], 0.3)
        faces.append(Face(tower, style.wall, plane.light, style.texture))
        faces.append(Face(roof, shade(city.roofs[0], 0.8), 0.4, "tiles"))
        bell = _opening(plane, 0.35 * wide, 0.65 * wide, tall - 4, tall - 1.5, 0.3, arched=True)
        faces.append(Face(bell, (40, 40, 44), 0.2, solid=False))
    return faces + _shading(rng, weather, front, style.tall)


def _site(
    rng: np.random.Generator, city: City, weather: Weather, front: Plane, gable: Plane
) -> list[Face]:
    """A house under construction: slabs and columns, or a front behind scaffolding."""
    style = _style(rng, city, weather, _storeys(rng, city))
    skeleton = rng.random() < 0.5
    wall: Colour = (92, 90, 88) if skeleton else style.wall
    style = _with(style, wall=wall, storey=3.2)
    faces = _body(style, front, gable)
    if not skeleton:
        faces += _storey_rows(rng, style, front, 0)
    for plane in (gable, front):
        colour: Colour = (172, 168, 160) if skeleton else (150, 132, 100)
        high, out = (0.4, 0.2) if skeleton else (0.12, 1.0)
        levels = (np.arange(1, style.storeys + 1) * style.storey).tolist()
        decks = [plane.rect(0, plane.long, y - high, y, out) for y in levels]
        poles = np.arange(0, plane.long, 4 if skeleton else 2.2).tolist()
        wide = 0.5 if skeleton else 0.09
        decks += [plane.rect(u, u + wide, 0, style.tall, out) for u in poles]
        faces += [Face(deck, colour, plane.light) for deck in decks]
    if rng.random() < 0.5:
        net = rgb(np.array(pick(rng, ((70, 130, 90), (200, 200, 196), (60, 90, 140)))))
        veil = front.rect(0, front.long, 0.3 * style.tall, style.tall, 1.0)
        faces.append(Face(veil, net, front.light, alpha=rng.uniform(0.3, 0.8)))
    return faces + _shading(rng, weather, front, style.tall)


_Builder = Callable[[np.random.Generator, City, Weather, Plane, Plane], list[Face]]
_BUILDERS: dict[str, _Builder] = {
    "block": _block,
    "terrace": _terrace,
    "gabled": _gabled,
    "tower": _tower,
    "office": _office,
    "slab": _slab,
    "warehouse": _warehouse,
    "detached": _detached,
    "strip": _strip,
    "petrol": _petrol,
    "church": _church,
    "site": _site,
}


def _body(style: Style, front: Plane, gable: Plane) -> list[Face]:
    """The two walls that are seen."""
    texture = style.texture if front.z < 90 else ""
    return [
        Face(plane.rect(0, plane.long, 0, style.tall), style.wall, plane.light, texture)
        for plane in (gable, front)
    ]


def _shading(rng: np.random.Generator, weather: Weather, front: Plane, tall: float) -> list[Face]:
    """What darkens a front: the ground, the eaves, dirt, the house opposite, a tree."""
    if front.z > 45:
        return []
    long, low = front.long, min(tall, 9.0)

    def dark(points: Points, alpha: float) -> Face:
        return Face(points, _SHADOW, 0.2, solid=False, alpha=alpha)

    faces = [dark(front.rect(0, long, 0, rng.uniform(0.3, 1.2)), rng.uniform(0.15, 0.4))]
    reach, steps = rng.uniform(0.4, 1.0) * low, 2 if front.z < 20 else 1
    fade = rng.uniform(0.05, 0.25) / steps
    for share in np.arange(1, steps + 1) / steps:
        faces.append(dark(front.rect(0, long, 0, share * reach), fade))
    if rng.random() < 0.5:
        faces.append(dark(front.rect(0, long, tall - rng.uniform(0.4, 1.5), tall - 0.2), 0.25))
    lit = front.light > 0.1 and weather.shadow > 0.2
    if lit and rng.random() < 0.45:
        edge, points, u = rng.uniform(0.1, 0.8) * low, [(0.0, 0.0)], 0.0
        while u < long:
            high = min(edge * rng.uniform(0.6, 1.3), tall)
            end = min(u + rng.uniform(4, 10), long)
            points += [(u, high), (end, high)]
            u = end
        faces.append(dark(front.polygon([*points, (long, 0)]), weather.shadow))
    elif lit and rng.random() < 0.35:
        rings = []
        for u in rng.uniform(0.1, 0.9, 7) * long:
            ring = (u, rng.uniform(1.5, low)) + rng.uniform(0.5, 1.4) * circle(9)
            ring[:, 0] = np.clip(ring[:, 0], 0, long)
            rings.append(front.polygon(ring * rng.uniform(0.95, 1.05, (9, 2))))
        faces.append(dark(bridged(rings), 0.7 * weather.shadow))
    return faces


def _roof(
    rng: np.random.Generator, city: City, style: Style, front: Plane, gable: Plane
) -> list[Face]:
    """A flat, pitched or mansard roof."""
    kind = rng.choice(["flat", "pitched", "mansard"], p=[0.42, 0.4, 0.18])
    if kind == "pitched":
        return _pitched(rng, city, style, front, gable, rng.uniform(1.6, 4.2))
    if kind == "flat":
        return _roof_things(rng, style, front)
    tiles, tall, rise = pick(rng, city.roofs), style.tall, rng.uniform(2, 3)
    top = front.rect(0, front.long, tall, tall + rise)
    top[2:, 0] += front.side * 0.9
    faces = [Face(top, tiles, 0.45, "tiles")]
    dormers = np.arange(1.0, front.long - 1.6, rng.uniform(2.4, 4)).tolist() if front.z < 60 else []
    for u in dormers:
        faces.append(Face(front.rect(u, u + 1.4, tall, tall + 1.7), style.trim, front.light))
        pane = front.rect(u + 0.25, u + 1.15, tall + 0.2, tall + 1.4)
        faces.append(Face(pane, style.panes[0][0], 0.4, solid=False))
    return faces


def _pitched(
    rng: np.random.Generator, city: City, style: Style, front: Plane, gable: Plane, rise: float
) -> list[Face]:
    tiles, tall, half = pick(rng, city.roofs), style.tall, gable.long / 2
    slope = front.rect(-0.2, front.long + 0.2, tall - 0.1, tall + rise, 0.4)
    slope[2:, 0] = front.x + front.side * half
    end = gable.polygon([(0, tall), (half, tall + rise), (gable.long, tall)])
    wall = style.wall if rng.random() < 0.6 else shade(tiles, 0.8)
    faces = [Face(slope, tiles, rng.uniform(0.3, 0.7), "tiles")]
    faces.append(Face(end, wall, gable.light, style.texture))
    for u in rng.uniform(0, front.long - 1, int(rng.integers(0, 3))).tolist():
        stack = front.rect(u, u + 0.8, tall, tall + rise + rng.uniform(0.2, 1.2))
        stack[:, 0] += front.side * 0.6 * half
        faces.append(Face(stack, (128, 84, 68), 0.4, "brick"))
    if rng.random() < 0.25 and front.z < 60:
        u = rng.uniform(0.2, 0.6) * front.long
        faces.append(Face(front.rect(u, u + 1.8, tall - 0.1, tall + 1.5), style.trim, front.light))
        pane = front.rect(u + 0.4, u + 1.4, tall + 0.3, tall + 1.2)
        faces.append(Face(pane, style.panes[0][0], 0.4, solid=False))
    return faces


def _roof_things(rng: np.random.Generator, style: Style, front: Plane) -> list[Face]:
    """Boxes, tanks and masts on a flat roof."""
    faces = []
    for _ in range(int(rng.integers(0, 4))):
        u, wide = rng.uniform(0, 0.8) * front.long, rng.choice([0.1, 1.2, 2.5, 4.0])
        high = rng.uniform(0.8, 2.8) * (1.5 if wide < 1 else 1)
        box = front.rect(u, min(u + wide, front.long), style.tall - 0.1, style.tall + high)
        box[:, 0] += front.side * rng.uniform(0.2, 2)
        box[:2, 1] -= 1.5
        faces.append(Face(box, shade(pick(rng, WALLS), 0.8), 0.4))
    return faces


def _with(style: Style, **changes: object) -> Style:
    return Style(**{**vars(style), **changes})  # type: ignore[arg-type]


def _opening(
    plane: Plane, u0: float, u1: float, y0: float, y1: float, out: float = 0.0, *, arched: bool
) -> Points:
    """A window's outline, from its lower left corner on."""
    if not arched:
        return plane.rect(u0, u1, y0, y1, out)
    rise, middle = min(0.4 * (u1 - u0), 0.3 * (y1 - y0)), (u0 + u1) / 2
    top = [(u1, y1 - rise), (0.3 * middle + 0.7 * u1, y1 - 0.25 * rise), (middle, y1)]
    return plane.polygon(
        [(u0, y0), (u1, y0), *top, (0.3 * middle + 0.7 * u0, y1 - 0.25 * rise), (u0, y1 - rise)],
        out,
    )


def _storey_rows(rng: np.random.Generator, style: Style, plane: Plane, first: int) -> list[Face]:
    """The windows of a wall from floor ``first`` on, and what goes with them."""
    bay = style.bay if plane.z < 60 else max(style.bay, 3.5)
    count = max(1, round(plane.long / bay))
    edges = np.linspace(0, plane.long, count + 1)
    outs = np.zeros(count)
    faces = []
    if "bays" in style.extras and not plane.gable and plane.z < 60:
        outs[:: 1 if count < 3 else 2] = 0.8
        for left, right in zip(edges[:-1][outs > 0], edges[1:][outs > 0], strict=True):
            foot, top = style.storey * max(first, 1) - 0.3, style.tall - 0.5
            inset = 0.1 * (right - left)
            box = plane.rect(left + inset, right - inset, foot, top, 0.8)
            faces.append(Face(box, shade(style.wall, 1.05), plane.light, style.texture))
            cheek = plane.across(left + inset, foot, top, 0.8)
            faces.append(Face(cheek, shade(style.wall, 0.85), 0.25, style.texture))
    for storey in range(first, style.storeys):
        faces += _row(rng, style, plane, edges, outs, storey * style.storey)
    if "cornice" in style.extras:
        ledge = plane.rect(0, plane.long, style.tall - 0.35, style.tall + 0.1, 0.25)
        faces.append(Face(ledge, shade(style.trim, 1.05), 0.6))
    if "escape" in style.extras and not plane.gable and plane.z < 40 and style.storeys > 2:
        faces += _fire_escape(rng, style, plane)
    return faces


def _row(
    rng: np.random.Generator,
    style: Style,
    plane: Plane,
    edges: np.ndarray,
    outs: np.ndarray,
    foot: float,
) -> list[Face]:
    """One floor's windows, those of one colour in one face."""
    near = plane.z < 28
    share, low, high = style.window
    y0, y1 = foot + low * style.storey, foot + high * style.storey
    inset = (1 - share) / 2 * (edges[1] - edges[0])
    boxes = [
        (left + inset, right - inset, y0, y1, out)
        for left, right, out in zip(
            edges[:-1].tolist(), edges[1:].tolist(), outs.tolist(), strict=True
        )
    ]
    faces = []
    if "bands" in style.extras and plane.z < 60:
        band = plane.rect(0, plane.long, foot - 0.1, foot + 0.15)
        faces.append(Face(band, style.trim, plane.light, solid=False))
    if near and "frames" in style.extras:
        rims = [
            _opening(
                plane, left - 0.12, right + 0.12, low - 0.12, top + 0.14, out, arched=style.arched
            )
            for left, right, low, top, out in boxes
        ]
        faces.append(Face(bridged(rims), style.trim, plane.light, solid=False))
    taken = rng.integers(len(style.panes), size=len(boxes))
    if not near:
        taken = taken // 2 * 2 % len(style.panes)
    for number in np.unique(taken).tolist():
        colour, lit = style.panes[number]
        panes = [
            _opening(plane, *box, arched=style.arched)
            for box, which in zip(boxes, taken.tolist(), strict=True)
            if which == number
        ]
        faces.append(Face(bridged(panes), colour, 0.4, solid=False, glow=lit))
        if near and not style.arched and not lit:
            upper = [pane.copy() for pane in panes]
            for pane in upper:
                pane[:2, 1] += rng.uniform(0.2, 0.8) * (y1 - y0)
            faces.append(Face(bridged(upper), _mirrored(colour), 0.35, solid=False))
    return faces + (_window_details(rng, style, plane, boxes) if near else [])


_Box = tuple[float, float, float, float, float]


def _window_details(
    rng: np.random.Generator, style: Style, plane: Plane, boxes: list[_Box]
) -> list[Face]:
    """Bars, blinds, sills, shutters, balconies and coolers of one floor."""
    faces = []

    def add(parts: list[Points], colour: Colour, light: float, alpha: float = 1.0) -> None:
        if parts:
            faces.append(Face(bridged(parts), colour, light, solid=False, alpha=alpha))

    u0, u1, y0, y1, _ = boxes[0]
    tall, wide = y1 - y0, u1 - u0
    blinds = [
        plane.rect(left, right, top - 0.4 * tall, top, out)
        for left, right, _, top, out in boxes
        if rng.random() < 0.2
    ]
    add(blinds, (214, 208, 194), 0.5)
    if "bars" in style.extras:
        at, half = pick(rng, (0.5, 0.35)), 0.035 + 0.01 * wide
        mid = [left + at * wide for left, *_ in boxes]
        bars = [
            plane.rect(m - half, m + half, low, top, out)
            for m, (_, _, low, top, out) in zip(mid, boxes, strict=True)
        ]
        add(bars, style.trim, plane.light)
    if "sills" in style.extras:
        sills = [
            plane.rect(left - 0.1, right + 0.1, low - 0.16, low, out + 0.1)
            for left, right, low, _, out in boxes
        ]
        add(sills, shade(style.trim, 1.1), 0.7)
    if "shutters" in style.extras and wide < 2:
        leaves = [
            plane.rect(left - 0.4 * wide, left, low, top, out) for left, _, low, top, out in boxes
        ]
        leaves += [
            plane.rect(right, right + 0.4 * wide, low, top, out)
            for _, right, low, top, out in reversed(boxes)
        ]
        add(leaves, shade(style.trim, 0.55), plane.light)
    if "coolers" in style.extras:
        lucky = [box for box in boxes if rng.random() < 0.3]
        add(
            [
                plane.rect(left, left + 0.6, low - 0.1, low + 0.35, 0.4)
                for left, _, low, _, _ in lucky
            ],
            (188, 186, 180),
            0.6,
        )
        add(
            [plane.across(left, low - 0.1, low + 0.35, 0.4) for left, _, low, _, _ in lucky],
            (96, 96, 94),
            0.3,
        )
    if "balconies" in style.extras and not plane.gable and y0 > 3:
        faces += _balconies(style, plane, boxes[:: 1 if len(boxes) < 4 else 2])
    return faces


def _balconies(style: Style, plane: Plane, boxes: list[_Box]) -> list[Face]:
    foot = boxes[0][2] - 0.5
    fronts = [
        plane.rect(left - 0.3, right + 0.3, foot, foot + 1.0, 1.1) for left, right, *_ in boxes
    ]
    cheeks = [plane.across(left - 0.3, foot, foot + 1.0, 1.1) for left, *_ in boxes]
    below = [plane.rect(left - 0.3, right + 0.3, foot - 0.9, foot) for left, right, *_ in boxes]
    return [
        Face(bridged(below), _SHADOW, 0.2, solid=False, alpha=0.35),
        Face(bridged(cheeks), shade(style.trim, 0.7), 0.3),
        Face(bridged(fronts), shade(style.trim, 0.95), plane.light),
    ]


def _fire_escape(rng: np.random.Generator, style: Style, plane: Plane) -> list[Face]:
    """Iron landings and ladders in front of a wall."""
    u = rng.uniform(0.15, 0.5) * plane.long
    wide, colour = min(4.0, plane.long - u), shade(pick(rng, _GLASS), 0.6)
    bars = []
    for storey in range(1, style.storeys):
        y = storey * style.storey + 0.2
        bars += [
            plane.rect(u, u + wide, y, y + 0.12, 1.0),
            plane.rect(u, u + wide, y + 0.9, y + 1, 1.0),
        ]
        bars += [
            plane.rect(at, at + 0.05, y, y + 1, 1.0) for at in np.arange(u, u + wide, 0.5).tolist()
        ]
        bars.append(plane.across(u, y, y + 0.12, 1.0))
        run = [(u + 0.4, y), (u + 0.7, y), (u + wide - 0.2, y + style.storey)]
        bars.append(plane.polygon([*run, (u + wide - 0.5, y + style.storey)], 0.8))
    return [Face(bar, colour, 0.3) for bar in bars]


def _name_board(
    rng: np.random.Generator, plane: Plane, span: tuple[float, float], foot: float, high: float
) -> list[Face]:
    """A coloured board with a name on it."""
    board, (u0, u1) = _paint(rng), span
    ink: Colour = (238, 236, 228) if sum(board) < 360 else (36, 36, 40)
    if rng.random() < 0.25:
        ink = _paint(rng)
    faces = [Face(plane.rect(u0, u1, foot, foot + high, 0.15), board, 0.5)]
    if plane.z < 50:
        start = u0 + rng.uniform(0.05, 0.4) * (u1 - u0)
        marks = letters(rng, (start, u1 - 0.2, foot + 0.2 * high, foot + 0.8 * high))
        if marks:
            text = bridged([plane.polygon(mark, 0.15) for mark in marks])
            faces.append(Face(text, ink, 0.5, solid=False))
    return faces


def _ground_floor(
    rng: np.random.Generator, style: Style, front: Plane, *, shop: bool | None = None
) -> list[Face]:
    """Shop windows, or doors and windows of flats."""
    shop = rng.random() < 0.5 if shop is None else shop
    high = min(style.storey, 3.8)
    plinth = shade(style.wall, rng.uniform(0.5, 0.85))
    rise = high if rng.random() < 0.3 else rng.uniform(0.3, 0.9)
    faces = [Face(front.rect(0, front.long, 0, rise), plinth, 0.3, solid=False)]
    edges = np.linspace(
        0, front.long, max(1, round(front.long / rng.uniform(2.8, 4.5))) + 1
    ).tolist()
    gap = rng.uniform(0.1, 0.5) if shop else rng.uniform(0.6, 1.0)
    low, top = (rng.uniform(0.1, 0.8), high - 0.9) if shop else (0.9, high - 0.6)
    door = shade(_paint(rng), 0.7)
    for number, (left, right) in enumerate(itertools.pairwise(edges)):
        colour, lit = pick(rng, style.panes)
        if number % 4 == 1:
            leaf = front.rect(left + 0.9, max(right - 0.9, left + 1.6), 0, 2.3)
            faces.append(Face(leaf, door, 0.3, solid=False))
            continue
        pane = _opening(front, left + gap, right - gap, low, top, arched=style.arched and not shop)
        faces.append(Face(pane, colour, 0.4, solid=False, glow=lit))
        if shop and front.z < 30 and not lit:
            upper = front.rect(left + gap, right - gap, (low + top) / 2, top)
            faces.append(Face(upper, _mirrored(colour), 0.3, solid=False))
    return faces + (_shop_signs(rng, front, high) if shop else [])


def _shop_signs(rng: np.random.Generator, front: Plane, high: float) -> list[Face]:
    """Name boards, awnings and a sign across the sidewalk."""
    cuts = np.linspace(0, front.long, max(1, round(front.long / rng.uniform(5, 14))) + 1).tolist()
    faces = []
    for left, right in itertools.pairwise(cuts):
        if rng.random() < 0.85:
            faces += _name_board(rng, front, (left + 0.1, right - 0.1), high - 0.75, 0.65)
        if rng.random() < 0.4:
            cloth, out = _paint(rng), rng.uniform(0.8, 1.8)
            top = front.rect(left + 0.2, right - 0.2, high - 1.3, high - 0.8)
            top[:2, 0] -= front.side * out
            end = front.polygon([(left + 0.2, high - 1.3), (left + 0.2, high - 0.8)])
            tip = front.polygon([(left + 0.2, high - 1.3)], out)
            faces.append(Face(np.concatenate((end, tip)), shade(cloth, 0.6), 0.2))
            faces.append(Face(top, cloth, 0.6))
            valance = front.rect(left + 0.2, right - 0.2, high - 1.55, high - 1.3, out)
            faces.append(Face(valance, pick(rng, (shade(cloth, 0.8), (228, 226, 220))), 0.4))
        if rng.random() < 0.3 and front.z < 60:
            tone, tall = _paint(rng), rng.uniform(0.6, 2.4)
            blade = front.across(right - 0.5, high + 0.2, high + 0.2 + tall, rng.uniform(0.6, 1.1))
            faces.append(Face(blade, tone, 0.5))
    return faces


def _gable_side(rng: np.random.Generator, style: Style, gable: Plane) -> list[Face]:
    """The side wall: blind, with a poster, or with windows."""
    kind = rng.choice(["blind", "windows", "poster"], p=[0.4, 0.45, 0.15])
    faces = []
    if kind == "windows":
        extras = style.extras - {"balconies", "bays", "escape"}
        sparse = _with(style, bay=1.5 * style.bay, extras=extras)
        faces = _storey_rows(rng, sparse, gable, int(rng.integers(2)))
    if kind == "poster" and style.tall > 6:
        faces = _billboard(rng, gable, 1.0, 1.5)
        faces = [face._replace(solid=False) for face in faces]
    if gable.z < 30:
        low = gable.rect(0, gable.long, 0, rng.uniform(0.2, 0.5) * min(style.tall, 9))
        faces.append(Face(low, _SHADOW, 0.2, solid=False, alpha=rng.uniform(0.08, 0.25)))
    return faces


def bridge(rng: np.random.Generator, z: float, reach: float, *, tunnel: bool) -> list[Thing]:
    """A bridge over the street; with ``tunnel``, the street goes on inside a dark opening."""
    clear, deck = rng.uniform(4.8, 5.6), rng.uniform(1.3, 2.0)
    grey = tuple(rng.uniform(110, 165) * np.ones(3))
    beam = upright([(-60, clear), (60, clear), (60, clear + deck), (-60, clear + deck)], 0, z)
    rail = upright([(-60, clear + deck), (60, clear + deck), (60, clear + deck + 0.9)], 0, z)
    under = upright([(-60, clear), (60, clear), (60, clear + 0.35), (-60, clear + 0.35)], 0, z)
    faces = [Face(beam, grey, 0.4, "plaster"), Face(under, shade(grey, 0.5), 0.1, solid=False)]
    for side in (-1, 1):
        pier = [(0, 0), (0, clear), (side * 3, clear), (side * 3, 0)]
        faces.append(Face(upright(pier, side * reach, z), shade(grey, 0.9), 0.4, "plaster"))
    faces.append(Face(rail, shade(grey, 1.1), 0.5))
    things = [Thing("bridge", z, tuple(faces))]
    if tunnel:
        mouth = upright([(-reach, 0), (reach, 0), (reach, clear), (-reach, clear)], 0, z)
        things.insert(0, Thing("tunnel", z + 0.1, (Face(mouth, (26, 26, 30), 0.1),)))
    return things


def skyline(rng: np.random.Generator, city: City, weather: Weather, z: float) -> list[Thing]:
    """Houses and trees across the end of the street.

    Args:
        rng: draws them.
        city: palette and leaves.
        weather: the sun's side.
        z: metres ahead.

    Returns:
        ``building`` and ``vegetation`` things, deepest first.
    """
    things = []
    x, height = -100.0, rng.uniform(0.5, 1.6)
    while x < 100:
        wide, tall = rng.uniform(12, 30), rng.uniform(6, 22) * height
        things.append(
            Thing("building", z + 20, tuple(_far_house(rng, city, x, z + 20, wide, tall)))
        )
        x += wide * rng.uniform(1.0, 1.7)
    for _ in range(int(rng.integers(4, 10))):
        size, centre = rng.uniform(0.6, 1.3), rng.uniform(-60, 60)
        radii = size * rng.uniform(2.5, 5, 4)
        places = np.cumsum(radii * rng.uniform(0.7, 1.3, 4))
        heights = radii * rng.uniform(0.7, 1.2, 4)
        spots = list(zip(places.tolist(), heights.tolist(), radii.tolist(), strict=True))
        leaf = leaf_colour(rng, city.green)
        faces = foliage(rng, centre, z, spots, leaf, float(weather.sun[0]))
        things.append(Thing("vegetation", z, tuple(faces)))
    return things


def _far_house(
    rng: np.random.Generator, city: City, x: float, z: float, wide: float, tall: float
) -> list[Face]:
    """A house at the end of the street, seen flat on."""
    plane = Plane(x, z, wide, rng.uniform(0.1, 0.7), 1.0, gable=True)
    colour = pick(rng, city.houses if rng.random() < 0.5 else WALLS)
    faces = [Face(plane.rect(0, wide, 0, tall), colour, plane.light)]
    if rng.random() < 0.3:
        top = plane.polygon([(0, tall), (wide, tall), (wide / 2, tall + rng.uniform(2, 5))])
        faces.append(Face(top, pick(rng, city.roofs), 0.4))
    glass, ribbon = pick(rng, _GLASS), rng.random() < 0.4
    step, pane = rng.uniform(3, 6), rng.uniform(0.9, 2.2)
    for foot in np.arange(2, tall - 2, 3.4).tolist():
        lefts = [1.0] if ribbon else np.arange(2, wide - 2, step).tolist()
        panes = [plane.rect(u, wide - 1 if ribbon else u + pane, foot, foot + 1.7) for u in lefts]
        faces.append(Face(bridged(panes), glass, 0.4, solid=False))
    return faces
