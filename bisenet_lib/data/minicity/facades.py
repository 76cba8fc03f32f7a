"""Fronts of houses: the wall and places on it, the style of one house, and its light and dirt."""

from dataclasses import dataclass

import numpy as np

from bisenet_lib.data.minicity.city import WALLS, City
from bisenet_lib.data.minicity.colour import Colour, mixed, pick, rgb, shade
from bisenet_lib.data.minicity.geometry import Face, Outline, Points, bridged, circle, upright
from bisenet_lib.data.minicity.weather import Weather

GLASS: tuple[Colour, ...] = (
    (44, 52, 62),
    (62, 72, 84),
    (96, 112, 128),
    (34, 38, 46),
    (58, 64, 62),
    (24, 26, 30),
    (74, 92, 104),
)
"""Panes of windows without a light behind them."""
_LAMPLIGHT: Colour = (252, 208, 130)
SHADOW: Colour = (12, 14, 22)
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
"""Boards, awnings and doors."""
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


def draw_style(rng: np.random.Generator, city: City, weather: Weather, storeys: int) -> Style:
    """Draw how a house looks.

    Args:
        rng: draws it.
        city: half of its houses have the city's colours, the others any.
        weather: what glass mirrors, and whether lamps are on.
        storeys: number of floors.

    Returns:
        The style.
    """
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


def _panes(rng: np.random.Generator, weather: Weather) -> tuple[tuple[Colour, bool], ...]:
    """The glass of one house: dark rooms, sky, curtains, lamps; see :class:`Style`."""
    dark = shade(pick(rng, GLASS), rng.uniform(0.6, 1.2))
    share = rng.uniform(0.2, 0.85)
    sky = mixed(dark, weather.sky[1], share)
    curtain = rgb(np.array((206, 198, 182)) * rng.uniform(0.5, 1.0))
    panes = [(dark, False), (shade(dark, 1.3), False), (sky, False), (curtain, False)]
    panes += [(dark if rng.random() < 0.6 else sky, False)] * int(rng.integers(1, 6))
    if weather.kind in ("dusk", "night"):
        lamp = shade(_LAMPLIGHT, rng.uniform(0.5, 1.0))
        panes += [(lamp, True)] * int(rng.integers(1, 5))
    return tuple(panes)


def board_colour(rng: np.random.Generator) -> Colour:
    """The colour of a board, an awning or a door."""
    tone = np.array(pick(rng, _PAINTS)) * rng.uniform(0.6, 1.1) + rng.normal(0, 14, 3)
    return rgb(np.clip(tone, 8, 245))


def draw_storeys(rng: np.random.Generator, city: City) -> int:
    """The number of floors of a house, at least 2, at most one off the city's usual ones."""
    return max(2, int(rng.integers(city.storeys[0] - 1, city.storeys[1] + 2)))


def seen_walls(style: Style, front: Plane, gable: Plane) -> list[Face]:
    """The two walls that are seen: the gable, then the front."""
    texture = style.texture if front.z < 90 else ""
    return [
        Face(plane.rect(0, plane.long, 0, style.tall), style.wall, plane.light, texture)
        for plane in (gable, front)
    ]


def shading(rng: np.random.Generator, weather: Weather, front: Plane, tall: float) -> list[Face]:
    """What darkens a front: the ground, the eaves, dirt, the house opposite, a tree.

    Args:
        rng: draws it.
        weather: whether the sun throws shadows.
        front: beyond 45 m it gets none.
        tall: its height, metres.

    Returns:
        Faces that are painted but not labelled.
    """
    if front.z > 45:
        return []
    long, low = front.long, min(tall, 9.0)

    def dark(points: Points, alpha: float) -> Face:
        return Face(points, SHADOW, 0.2, solid=False, alpha=alpha)

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
