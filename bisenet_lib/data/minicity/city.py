"""Cities: each has its own houses, trees, streets and vehicles, drawn from its name."""

import itertools
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from bisenet_lib.data.minicity.colour import Colour, pick

CITIES: dict[str, tuple[str, ...]] = {
    "train": (
        "arvendal",
        "brellin",
        "corvaux",
        "dunmarra",
        "elthorpe",
        "fostrava",
        "grunmoor",
        "helvona",
    ),
    "val": ("istrelle", "jorvenby", "kalmora"),
    "test": ("lindoria", "mirefall"),
}
"""The invented cities of each split; no city is in two."""

_HOUSES: tuple[tuple[Colour, ...], ...] = (
    ((222, 206, 172), (206, 178, 138), (232, 224, 204), (190, 150, 118)),
    ((150, 84, 66), (168, 102, 78), (120, 70, 60), (188, 160, 140)),
    ((176, 178, 178), (146, 150, 154), (206, 206, 202), (120, 124, 130)),
    ((214, 190, 150), (196, 206, 196), (220, 196, 190), (180, 196, 208)),
    ((198, 188, 168), (160, 150, 134), (224, 214, 196), (136, 112, 92)),
    ((236, 234, 228), (150, 170, 176), (196, 170, 120), (104, 92, 84)),
    ((128, 76, 60), (96, 60, 52), (176, 124, 96), (72, 62, 60)),
    ((178, 168, 150), (112, 106, 100), (146, 132, 112), (84, 84, 88)),
)
WALLS: tuple[Colour, ...] = (
    *itertools.chain.from_iterable(_HOUSES),
    (244, 242, 236),
    (62, 60, 62),
    (44, 46, 50),
    (150, 192, 176),
    (120, 150, 176),
    (206, 130, 110),
    (222, 190, 96),
    (104, 132, 104),
    (170, 60, 52),
    (190, 176, 196),
)
"""RGB of fronts that are found in every city."""
_ROOFS: tuple[Colour, ...] = (
    (136, 70, 54),
    (92, 84, 82),
    (70, 74, 82),
    (120, 88, 70),
    (58, 54, 54),
    (150, 142, 134),
    (88, 106, 96),
    (168, 108, 78),
)
_LIVERIES: tuple[tuple[Colour, Colour], ...] = (
    ((226, 196, 40), (60, 60, 64)),
    ((196, 36, 38), (232, 230, 224)),
    ((232, 232, 228), (40, 120, 80)),
    ((60, 110, 176), (232, 232, 228)),
    ((236, 232, 214), (190, 40, 50)),
    ((64, 140, 90), (234, 226, 190)),
)


@dataclass(frozen=True)
class City:
    """The look of one city.

    Attributes:
        name: lower case.
        houses: RGB of its fronts.
        roofs: RGB of its roofs.
        taste: (12,) how much more or less than others it builds each kind of house.
        storeys: fewest and most floors.
        half_road: metres from the middle of the road to the kerb.
        sidewalk: width in metres.
        greenness: chance of a street tree every few metres, 0..1.
        green: RGB of its leaves.
        paving: RGB of its sidewalks.
        asphalt: RGB of its roads.
        bus: body and trim RGB.
        tram: body and trim RGB.
    """

    name: str
    houses: tuple[Colour, ...]
    roofs: tuple[Colour, ...]
    taste: tuple[float, ...]
    storeys: tuple[int, int]
    half_road: float
    sidewalk: float
    greenness: float
    green: Colour
    paving: Colour
    asphalt: Colour
    bus: tuple[Colour, Colour]
    tram: tuple[Colour, Colour]


def city_of(name: str, seed: int) -> City:
    """Design a city.

    Args:
        name: decides the design, together with ``seed``.
        seed: of the whole data set.

    Returns:
        The city; the same for the same arguments.
    """
    rng = np.random.default_rng([seed, crc32(name.encode())])
    palette = [pick(rng, _HOUSES)[tone] for tone in rng.permutation(4) for _ in "abc"]
    low = int(rng.integers(2, 6))
    grey = rng.uniform(98, 138)
    paving = rng.uniform(138, 182) * np.array([1, rng.uniform(0.94, 1.0), rng.uniform(0.86, 1.0)])
    return City(
        name=name,
        houses=tuple(palette),
        roofs=tuple(_ROOFS[index] for index in rng.permutation(len(_ROOFS))[:4]),
        taste=tuple(rng.gamma(1.5, 1.0, 12) + 0.2),
        storeys=(low, low + int(rng.integers(1, 4))),
        half_road=rng.uniform(4.0, 5.6),
        sidewalk=rng.uniform(4.0, 6.2),
        greenness=rng.uniform(0.15, 0.65),
        green=tuple(np.array([92, 114, 58]) * rng.uniform(0.75, 1.12) * rng.uniform(0.88, 1.12, 3)),
        paving=tuple(paving),
        asphalt=(grey, grey, grey * rng.uniform(0.98, 1.05)),
        bus=pick(rng, _LIVERIES),
        tram=pick(rng, _LIVERIES),
    )
