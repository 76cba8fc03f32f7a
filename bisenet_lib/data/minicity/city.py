"""Cities: each has its own houses, trees, streets and vehicles, drawn from its name."""

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from bisenet_lib.data.minicity.geometry import Colour

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
)
_ROOFS: tuple[Colour, ...] = ((136, 70, 54), (92, 84, 82), (70, 74, 82), (120, 88, 70))
_LIVERY: tuple[tuple[Colour, Colour], ...] = (
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
    palette = [
        _HOUSES[int(rng.integers(len(_HOUSES)))][tone] for tone in rng.permutation(4) for _ in "ab"
    ]
    low = int(rng.integers(3, 5))
    grey = rng.uniform(98, 138)
    paving = rng.uniform(138, 182) * np.array([1, rng.uniform(0.94, 1.0), rng.uniform(0.86, 1.0)])
    return City(
        name=name,
        houses=tuple(palette),
        roofs=tuple(_ROOFS[index] for index in rng.permutation(len(_ROOFS))[:2]),
        storeys=(low, low + int(rng.integers(1, 4))),
        half_road=rng.uniform(4.0, 5.6),
        sidewalk=rng.uniform(4.0, 6.2),
        greenness=rng.uniform(0.25, 0.6),
        green=tuple(np.array([98, 122, 58]) * rng.uniform(0.88, 1.12, 3)),
        paving=tuple(paving),
        asphalt=(grey, grey, grey * rng.uniform(0.98, 1.05)),
        bus=_LIVERY[int(rng.integers(len(_LIVERY)))],
        tram=_LIVERY[int(rng.integers(len(_LIVERY)))],
    )
