"""House fronts along the street, bridges, and the skyline that closes the view."""

import itertools

import numpy as np

from bisenet_lib.data.minicity.city import City
from bisenet_lib.data.minicity.furniture import foliage
from bisenet_lib.data.minicity.geometry import Colour, Face, Thing, curtain, rgb, upright
from bisenet_lib.data.minicity.weather import Weather

STOREY = 3.1
_GLASS: tuple[Colour, ...] = ((44, 52, 62), (62, 72, 84), (96, 112, 128), (34, 38, 46))
_LAMPLIGHT: Colour = (252, 208, 130)


def _shade(colour: Colour, gain: float) -> Colour:
    return rgb(min(gain * value, 250.0) for value in colour)


def _pane(rng: np.random.Generator, weather: Weather) -> tuple[Colour, bool]:
    if weather.kind == "dusk" and rng.random() < 0.35:
        return _LAMPLIGHT, True
    return _GLASS[int(rng.integers(len(_GLASS)))], False


def house(
    rng: np.random.Generator, city: City, weather: Weather, x: float, span: tuple[float, float]
) -> Thing:
    """A house with its front along the street and a gable towards the camera.

    Args:
        rng: draws storeys, colours, windows.
        city: palette and number of floors.
        weather: the sun's direction, and whether windows are lit.
        x: lateral position of the front; its sign is the side of the street.
        span: metres ahead at which the front begins and ends.

    Returns:
        A ``building``.
    """
    z0, z1 = span
    side = np.sign(x)
    storeys = int(rng.integers(city.storeys[0], city.storeys[1] + 1))
    tall = storeys * STOREY + 1.2
    base = np.array(city.houses[int(rng.integers(len(city.houses)))])
    colour = tuple(np.clip(base * rng.normal(1, 0.06) + rng.normal(0, 6, 3), 20, 245))
    front_light = max(0.0, float(-side * weather.sun[0]))
    gable_light = max(0.0, float(-weather.sun[2]))
    texture = "brick" if rng.random() < 0.4 else "plaster"
    gable = upright([(0, 0), (0, tall), (side * 12, tall), (side * 12, 0)], x, z0)
    faces = [
        *_roof(rng, city, x, span, tall, gable_light),
        Face(gable, colour, gable_light, texture),
        Face(curtain(x, z0, z1, 0, tall), colour, front_light, texture),
        Face(curtain(x, z0, z1, tall - 0.35, tall + 0.1), _shade(colour, 1.15), 0.6),
    ]
    faces += _ground_floor(rng, weather, x, span, colour)
    for storey in range(1, storeys):
        faces += _window_row(rng, weather, x, span, storey, colour, front_light)
    faces += _gable_windows(rng, weather, x, z0, storeys)
    return Thing("building", z1, tuple(faces))


def _roof(
    rng: np.random.Generator,
    city: City,
    x: float,
    span: tuple[float, float],
    tall: float,
    light: float,
) -> list[Face]:
    z0, z1 = span
    if rng.random() < 0.3:
        return []
    tiles = city.roofs[int(rng.integers(len(city.roofs)))]
    side, rise = np.sign(x), rng.uniform(2.0, 4.0)
    eaves, ridge = curtain(x, z0, z1, tall, tall), curtain(x + side * 5, z0, z1, 0, tall + rise)
    half = len(eaves) // 2
    slope = np.concatenate((eaves[:half], ridge[half:]))
    gable = upright([(0, tall), (side * 5, tall + rise), (side * 10, tall)], x, z0)
    return [Face(slope, tiles, 0.5, "brick"), Face(gable, _shade(tiles, 0.8), light)]


def _bays(span: tuple[float, float], width: float) -> np.ndarray:
    count = max(1, round((span[1] - span[0]) / width))
    return np.linspace(*span, count + 1)


def _window_row(
    rng: np.random.Generator,
    weather: Weather,
    x: float,
    span: tuple[float, float],
    storey: int,
    colour: Colour,
    light: float,
) -> list[Face]:
    edges = _bays(span, 2.7 if span[0] < 60 else 4.0)
    foot, inset = storey * STOREY + 0.9, 0.24 * (edges[1] - edges[0])
    near = span[0] < 28
    faces = [Face(curtain(x, *span, foot - 0.5, foot - 0.36), _shade(colour, 0.86), light)]
    for left, right in itertools.pairwise(edges):
        pane, lit = _pane(rng, weather)
        z = (left + inset, right - inset)
        if near:
            frame = _shade(colour, 1.2)
            rim = _quad(x, z[0] - 0.14, z[1] + 0.14, foot - 0.14, foot + 1.75)
            faces.append(Face(rim, frame, light, solid=False))
        faces.append(Face(_quad(x, *z, foot, foot + 1.6), pane, 0.4, solid=False, glow=lit))
        if near:
            middle = (z[0] + z[1]) / 2
            bar = _quad(x, middle - 0.05, middle + 0.05, foot, foot + 1.6)
            faces.append(Face(bar, (206, 204, 200), light, solid=False))
    faces[0] = Face(faces[0].points, faces[0].colour, light, solid=False)
    return faces


def _quad(x: float, z0: float, z1: float, y0: float, y1: float) -> np.ndarray:
    return np.array([(x, y0, z0), (x, y0, z1), (x, y1, z1), (x, y1, z0)])


def _ground_floor(
    rng: np.random.Generator, weather: Weather, x: float, span: tuple[float, float], colour: Colour
) -> list[Face]:
    shop = rng.random() < 0.45
    plinth = _shade(colour, 0.75)
    faces = [Face(curtain(x, *span, 0, 0.5), plinth, 0.3, solid=False)]
    if shop:
        board = tuple(rng.uniform(60, 180) + rng.normal(0, 30, 3))
        faces.append(Face(curtain(x, *span, 2.7, 3.3), board, 0.5, solid=False))
    edges = _bays(span, 3.4)
    for number, (left, right) in enumerate(itertools.pairwise(edges)):
        pane, lit = _pane(rng, weather)
        if number % 4 == 1:
            door = _shade(tuple(rng.uniform(50, 130, 3)), 1)
            faces.append(Face(_quad(x, left + 0.9, right - 0.9, 0, 2.4), door, 0.3, solid=False))
        elif shop:
            faces.append(
                Face(
                    _quad(x, left + 0.25, right - 0.25, 0.6, 2.6), pane, 0.4, solid=False, glow=lit
                )
            )
        else:
            faces.append(
                Face(_quad(x, left + 0.9, right - 0.9, 1.0, 2.5), pane, 0.4, solid=False, glow=lit)
            )
    return faces


def _gable_windows(
    rng: np.random.Generator, weather: Weather, x: float, z: float, storeys: int
) -> list[Face]:
    side = np.sign(x)
    faces = []
    for storey in range(storeys):
        for column in range(3):
            if rng.random() < 0.5:
                continue
            pane, lit = _pane(rng, weather)
            inner = side * (2.0 + 3.2 * column)
            foot = storey * STOREY + 1.0
            quad = [(inner, foot), (inner, foot + 1.5), (inner + side, foot + 1.5)]
            quad.append((inner + side, foot))
            faces.append(Face(upright(quad, x, z), pane, 0.3, solid=False, glow=lit))
    return faces


def bridge(rng: np.random.Generator, z: float, reach: float, *, tunnel: bool) -> list[Thing]:
    """A bridge over the street; with ``tunnel``, the street goes on inside a dark opening."""
    clear, deck = rng.uniform(4.8, 5.6), rng.uniform(1.3, 2.0)
    grey = tuple(rng.uniform(110, 165) * np.ones(3))
    beam = upright([(-60, clear), (60, clear), (60, clear + deck), (-60, clear + deck)], 0, z)
    rail = upright([(-60, clear + deck), (60, clear + deck), (60, clear + deck + 0.9)], 0, z)
    under = upright([(-60, clear), (60, clear), (60, clear + 0.35), (-60, clear + 0.35)], 0, z)
    faces = [Face(beam, grey, 0.4, "plaster"), Face(under, _shade(grey, 0.5), 0.1, solid=False)]
    for side in (-1, 1):
        pier = [(0, 0), (0, clear), (side * 3, clear), (side * 3, 0)]
        faces.append(Face(upright(pier, side * reach, z), _shade(grey, 0.9), 0.4, "plaster"))
    faces.append(Face(rail, _shade(grey, 1.1), 0.5))
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
    x = -100.0
    while x < 100:
        wide, tall = rng.uniform(12, 30), rng.uniform(8, 20)
        colour = city.houses[int(rng.integers(len(city.houses)))]
        faces = [Face(upright([(0, 0), (wide, 0), (wide, tall), (0, tall)], x, z + 20), colour)]
        for left in np.arange(2, wide - 2, 6).tolist():
            for foot in np.arange(2, tall - 2, 3.4).tolist():
                quad = upright(
                    [
                        (left, foot),
                        (left + 1.6, foot),
                        (left + 1.6, foot + 1.7),
                        (left, foot + 1.7),
                    ],
                    x,
                    z + 20,
                )
                faces.append(Face(quad, _GLASS[0], 0.4, solid=False))
        things.append(Thing("building", z + 20, tuple(faces)))
        x += wide * rng.uniform(1.0, 1.5)
    for _ in range(7):
        spots = [(rng.uniform(-9, 9), rng.uniform(2, 7), rng.uniform(3, 5)) for _ in range(4)]
        centre = rng.uniform(-60, 60)
        things.append(
            Thing(
                "vegetation",
                z,
                tuple(foliage(rng, centre, z, spots, city.green, float(weather.sun[0]))),
            )
        )
    return things
