"""What lies on the tables of :mod:`bisenet_lib.data.fruits`: outlines, colours and skins.

Taught in ``07_your_own_data``, as pictures to label.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Skin = tuple[np.ndarray, np.ndarray]
"""How far each pixel is lighter (float64, 0: as the colour), and how far it is brown (0 to 1)."""

_ANGLE = np.linspace(0, 2 * np.pi, 40, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLE), np.sin(_ANGLE)], 1)
_GREEN = (0.2, 0.3)


@dataclass(frozen=True)
class Kind:
    """How the things of a class look.

    Attributes:
        share: of all things but plates.
        hues: ranges to choose from, 0 to 1.
        saturation: range, 0 to 1.
        brightness: range, 0 to 1.
        radius: range, in pixels.
        outline: (N, 2) float64, its polygon around the origin, in radii.
        width: range of what the outline's second axis is multiplied by.
        skin: from positions u and v in radii, float64, and random numbers, to the skin.
        shine: how strongly it mirrors the window, as a round body does; None if it is flat.
    """

    share: float
    hues: tuple[tuple[float, float], ...]
    saturation: tuple[float, float]
    brightness: tuple[float, float]
    radius: tuple[float, float]
    outline: np.ndarray
    width: tuple[float, float]
    skin: Callable[[np.ndarray, np.ndarray, np.random.Generator], Skin]
    shine: float | None


def _apple() -> np.ndarray:
    """A circle with the hollow of the stem."""
    return _CIRCLE * (1 - 0.18 * np.exp(-(((_ANGLE - np.pi / 2) / 0.35) ** 2)))[:, None]


def _pear() -> np.ndarray:
    along, across = _CIRCLE.T
    return np.stack([1.15 * along, across * (0.62 - 0.24 * along)], 1)


def _banana() -> np.ndarray:
    angle = np.linspace(-1.1, 1.1, 20)
    thick = 0.25 * np.cos(angle / 1.1 * np.pi / 2) ** 0.6 + 0.03
    bend = np.stack([np.sin(angle), 1 - np.cos(angle)], 1)
    across = np.stack([-np.sin(angle), np.cos(angle)], 1) * thick[:, None]
    return np.concatenate([bend + across, (bend - across)[::-1]]) * 1.15


def _leaf() -> np.ndarray:
    along = np.linspace(-1, 1, 20)
    half = np.stack([along, 1 - along**2], 1)
    return np.concatenate([half, (half * (1, -1))[::-1]])


def _plate_skin(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> Skin:
    """The line where its rim begins, light on one side and dark on the other."""
    rim = np.exp(-(((np.hypot(u, v) - 0.7) / 0.03) ** 2))
    return 0.2 * (u + v) * rim, np.zeros(u.shape)


def _apple_skin(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> Skin:
    """Streaks that run from the hollow of the stem, and the stem."""
    angle, marks = np.arctan2(v - 0.7, u), np.linspace(-np.pi, np.pi, 60)
    streaks = np.interp(angle, marks, rng.normal(0, 0.09, 60), period=2 * np.pi)
    hollow = np.exp(-((u**2 + (v - 0.7) ** 2) / 0.05))
    stem = (abs(u) < 0.06) & (v > 0.55) & (v < 1)
    return streaks - 0.45 * hollow, 0.9 * stem


def _pear_skin(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> Skin:
    """Brown dots, one in each square of a grid, and a stem at the narrow end."""
    side, places = 0.2, rng.uniform(0.2, 0.8, (2, 16, 16))
    column, row = ((way / side + 8).clip(0, 15.99) for way in (u, v))
    x, y = places[:, column.astype(int), row.astype(int)]
    dots = (column % 1 - x) ** 2 + (row % 1 - y) ** 2 < 0.025
    stem = (u > 0.95) & (abs(v) < 0.07)
    return np.zeros(u.shape), np.maximum(0.5 * dots, 0.9 * stem)


def _banana_skin(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> Skin:
    """Two edges along its back, and brown ends."""
    along, across = np.arctan2(u, 1.15 - v), np.hypot(u, 1.15 - v) - 1.15
    edges = np.exp(-(((abs(across) - 0.12) / 0.035) ** 2))
    return -0.2 * edges, 0.85 * (abs(along) > 0.97)


def _leaf_skin(u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> Skin:
    """Its ribs, and one half darker than the other."""
    ribs = (abs(v) < 0.03) | ((u - 0.8 * abs(v)) % 0.24 < 0.035)
    return 0.3 * ribs - 0.15 * (v > 0), np.zeros(u.shape)


def _fruit(
    share: float,
    hues: tuple[tuple[float, float], ...],
    radius: tuple[float, float],
    outline: np.ndarray,
    skin: Callable[[np.ndarray, np.ndarray, np.random.Generator], Skin],
    shine: float,
) -> Kind:
    return Kind(share, hues, (0.55, 0.85), (0.7, 1), radius, outline, (1, 1), skin, shine)


KINDS = {
    "plate": Kind(
        0, ((0, 0),), (0, 0), (0.78, 0.98), (90, 130), _CIRCLE, (1, 1), _plate_skin, None
    ),
    "apple": _fruit(0.3, ((-0.04, 0.03), _GREEN), (44, 64), _apple(), _apple_skin, 0.5),
    "pear": _fruit(0.25, ((0.14, 0.2), _GREEN), (56, 78), _pear(), _pear_skin, 0.12),
    "banana": _fruit(0.2, ((0.12, 0.18),), (64, 84), _banana(), _banana_skin, 0.12),
    "leaf": Kind(
        0.25,
        ((0.25, 0.38),),
        (0.55, 0.85),
        (0.35, 0.65),
        (52, 70),
        _leaf(),
        (0.3, 0.5),
        _leaf_skin,
        None,
    ),
}
"""A green apple and a green pear differ in shape and skin only, and so do a yellow pear and a
banana."""
