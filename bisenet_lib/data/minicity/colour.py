"""Colours: made darker, mixed, and chosen from palettes."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

_Kind = TypeVar("_Kind")

Colour = tuple[float, float, float]
"""RGB, 0..255."""

GREY: Colour = (128, 130, 132)
WHITE: Colour = (236, 236, 230)
YELLOW: Colour = (240, 196, 40)
BLACK: Colour = (34, 34, 38)
STEELS: tuple[Colour, ...] = (
    GREY,
    (176, 180, 184),
    (92, 96, 100),
    (44, 46, 48),
    (38, 62, 52),
    (150, 140, 122),
    (206, 206, 200),
    (108, 74, 52),
    (196, 168, 40),
)
"""Bare, painted and rusty metal of poles, fences and shelters."""
WOODS: tuple[Colour, ...] = ((112, 88, 66), (86, 70, 58), (132, 116, 100), (70, 62, 56))
"""Weathered boards and poles."""


def rgb(values: Iterable[float]) -> Colour:
    """Three values as a colour."""
    red, green, blue = values
    return red, green, blue


def shade(colour: Colour, gain: float) -> Colour:
    """A colour times ``gain``: darker below 1, brighter above, at most 250."""
    return rgb(min(max(gain * value, 0.0), 250.0) for value in colour)


def mixed(first: Sequence[float], second: Sequence[float], share: float) -> Colour:
    """Two colours mixed; ``share`` (0..1) is that of the second."""
    return rgb((1 - share) * a + share * b for a, b in zip(first, second, strict=True))


def pick(rng: np.random.Generator, kinds: Sequence[_Kind]) -> _Kind:
    """One of several colours, textures or kinds, each with the same chance."""
    return kinds[int(rng.integers(len(kinds)))]


def tinted(
    rng: np.random.Generator,
    colours: Sequence[Colour],
    spread: float = 10,
    limits: tuple[float, float] = (8, 244),
) -> Colour:
    """One of several colours, a little changed.

    Args:
        rng: chooses and changes it.
        colours: each has the same chance.
        spread: standard deviation of the change of each channel, 0..255.
        limits: least and greatest value of a channel.

    Returns:
        The colour.
    """
    base = np.array(pick(rng, colours))
    return rgb(np.clip(base + rng.normal(0, spread, 3), *limits).tolist())
