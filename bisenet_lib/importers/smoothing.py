"""Masks that were saved as JPEG or resized with smoothing, found by their values alone.

Both leave values between those of two neighbouring classes along every boundary, in lines one or
two pixels wide. Measured on drawn ellipses, on 22 real and 40 generated label images: after JPEG
of quality 50 to 95 or bilinear resizing, 14 to 100 % of the boundaries between values that differ
by more than 1 are such ramps; in untouched masks 0 to 4 %. Taught in ``07_your_own_data``.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

SOLID = 0.3
"""The least share of solid pixels (all eight neighbours alike) of a class that fills areas."""
RAMPS = 0.1
"""Untouched masks have a smaller share of ramps than this."""


class Edges(NamedTuple):
    """What one mask looks like along its boundaries.

    Attributes:
        solid: (256,) int64: the pixels of each value whose eight neighbours have the same.
        jumps: pixels between two pixels, in a row or column, whose values differ by more than 1.
        ramps: those jumps whose own value is strictly between the two.
    """

    solid: np.ndarray
    jumps: int
    ramps: int


def edges_of(values: np.ndarray) -> Edges:
    """Count solid pixels, jumps and ramps of a mask.

    Args:
        values: (H, W) uint8.
    """
    kernel = np.ones((3, 3), np.uint8)
    same = cv2.erode(values, kernel) == cv2.dilate(values, kernel)
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
    ramps, jumps = sum(mask.ramps for mask in edges), sum(mask.jumps for mask in edges)
    share = ramps / max(jumps, 1)
    areas = np.count_nonzero(_solid_share(pixels, edges) >= SOLID)
    return share if share >= RAMPS and areas > 1 else 0.0


def _solid_share(pixels: np.ndarray, edges: Sequence[Edges]) -> np.ndarray:
    """(256,) from 0 to 1: the share of solid pixels among the pixels of each value."""
    return np.sum([mask.solid for mask in edges], axis=0) / np.maximum(pixels.sum(axis=0), 1)
