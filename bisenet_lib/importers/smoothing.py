"""Masks that were saved as JPEG or resized with smoothing, found by their values alone.

Both leave values between those of two neighbouring classes along every boundary, in lines a pixel
or two wide. Measured on drawn ellipses, on 22 real and 40 generated label images: after JPEG of
quality 50 to 95 or bilinear resizing 14 to 100 % of the boundaries between values that are no
neighbours are such ramps; untouched it is 0 to 4 %. Taught in ``07_your_own_data``.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

SOLID = 0.3
"""A class that fills areas has at least this share of its pixels among pixels of the same class."""
RAMPS = 0.1
"""The share of ramps that untouched masks stay below."""


class Edges(NamedTuple):
    """What one mask looks like along its boundaries.

    Attributes:
        solid: (256,) int64: the pixels of each value whose eight neighbours have the same.
        jumps: pixels between two pixels, in a row or column, whose values differ by more than 1.
        ramps: those of them whose own value is strictly between the two.
    """

    solid: np.ndarray
    jumps: int
    ramps: int


def edges_of(values: np.ndarray) -> Edges:
    """Look at the boundaries of a mask.

    Args:
        values: (H, W) uint8.
    """
    around = np.ones((3, 3), np.uint8)
    same = cv2.erode(values, around) == cv2.dilate(values, around)
    jumps = ramps = 0
    for left, middle, right in (
        (values[:, :-2], values[:, 1:-1], values[:, 2:]),
        (values[:-2], values[1:-1], values[2:]),
    ):
        jumps += int(np.count_nonzero(np.maximum(left, right) - np.minimum(left, right) > 1))
        rising, falling = (left < middle) & (middle < right), (left > middle) & (middle > right)
        ramps += int(np.count_nonzero(rising | falling))
    return Edges(np.bincount(values[same], minlength=256), jumps, ramps)


def thin_values(pixels: np.ndarray, edges: Sequence[Edges]) -> list[int]:
    """The values that occur in most masks, but only in specks and thin lines.

    Args:
        pixels: (N, 256): the pixels of each value in each mask.
        edges: of each mask.

    Returns:
        The values, in order; none if fewer than two others fill areas.
    """
    solid = _solid_share(pixels, edges)
    if np.count_nonzero(solid >= SOLID) < 2:
        return []
    in_most = np.count_nonzero(pixels, axis=0) > len(edges) / 2
    return np.flatnonzero(in_most & (solid < SOLID)).tolist()


def ramp_share(pixels: np.ndarray, edges: Sequence[Edges]) -> float:
    """The share of ramps among the jumps of some masks.

    Args:
        pixels: see :func:`thin_values`.
        edges: of each mask.

    Returns:
        From 0 to 1; 0 where it is unsuspicious, or fewer than two values fill areas.
    """
    share = sum(one.ramps for one in edges) / max(sum(one.jumps for one in edges), 1)
    areas = np.count_nonzero(_solid_share(pixels, edges) >= SOLID)
    return share if share >= RAMPS and areas > 1 else 0.0


def _solid_share(pixels: np.ndarray, edges: Sequence[Edges]) -> np.ndarray:
    """(256,) from 0 to 1: of the pixels of each value those among pixels of the same value."""
    return np.sum([one.solid for one in edges], axis=0) / np.maximum(pixels.sum(axis=0), 1)
