"""What closes the view along the street: a bridge across it, and the skyline at its end."""

import numpy as np

from bisenet_lib.data.minicity.city import WALLS, City
from bisenet_lib.data.minicity.colour import pick, shade
from bisenet_lib.data.minicity.facades import GLASS, Plane
from bisenet_lib.data.minicity.geometry import Face, Thing, bridged, upright
from bisenet_lib.data.minicity.plants import foliage, leaf_colour
from bisenet_lib.data.minicity.weather import Weather


def bridge(rng: np.random.Generator, z: float, reach: float, *, tunnel: bool) -> list[Thing]:
    """A bridge over the street.

    Args:
        rng: draws it.
        z: metres ahead.
        reach: metres from the middle of the street to its piers.
        tunnel: the street goes on inside a dark opening.

    Returns:
        A ``bridge``, and before it a ``tunnel`` if wanted.
    """
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
    """The faces of a house at the end of the street, seen flat on; all measures in metres."""
    plane = Plane(x, z, wide, rng.uniform(0.1, 0.7), 1.0, gable=True)
    colour = pick(rng, city.houses if rng.random() < 0.5 else WALLS)
    faces = [Face(plane.rect(0, wide, 0, tall), colour, plane.light)]
    if rng.random() < 0.3:
        top = plane.polygon([(0, tall), (wide, tall), (wide / 2, tall + rng.uniform(2, 5))])
        faces.append(Face(top, pick(rng, city.roofs), 0.4))
    glass, ribbon = pick(rng, GLASS), rng.random() < 0.4
    step, pane = rng.uniform(3, 6), rng.uniform(0.9, 2.2)
    for foot in np.arange(2, tall - 2, 3.4).tolist():
        lefts = [1.0] if ribbon else np.arange(2, wide - 2, step).tolist()
        panes = [plane.rect(u, wide - 1 if ribbon else u + pane, foot, foot + 1.7) for u in lefts]
        faces.append(Face(bridged(panes), glass, 0.4, solid=False))
    return faces
