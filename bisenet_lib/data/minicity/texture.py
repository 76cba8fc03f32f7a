"""Grey noise tiles that give surfaces their grain; the same in every process."""

from functools import lru_cache

import cv2
import numpy as np

SIDE = 512

_OCTAVES = {
    "asphalt": ((256, 0.6), (64, 0.4), (2, 0.5)),
    "plaster": ((256, 1.0), (64, 0.6), (8, 0.3), (2, 0.5)),
    "brick": ((128, 0.6), (16, 0.5), (4, 0.6), (2, 0.3)),
    "leaf": ((64, 0.8), (32, 0.8), (16, 0.8), (8, 1.0), (4, 0.8)),
    "grass": ((128, 0.8), (16, 0.5), (4, 1.0), (2, 0.6)),
    "cloud": ((256, 1.5), (128, 1.0), (64, 0.6), (32, 0.35), (16, 0.2), (8, 0.1)),
}
_CONTRAST = {"asphalt": 9, "plaster": 8, "brick": 10, "leaf": 23, "grass": 18, "cloud": 60}


@lru_cache
def tile(kind: str) -> np.ndarray:
    """A square of noise that repeats without seams.

    Args:
        kind: ``asphalt``, ``plaster``, ``brick``, ``leaf``, ``grass`` or ``cloud``.

    Returns:
        (512, 512) uint8 around 128.
    """
    rng = np.random.default_rng(sorted(_OCTAVES).index(kind))
    total = np.zeros((SIDE, SIDE), np.float32)
    for cell, weight in _OCTAVES[kind]:
        count = SIDE // cell
        coarse = rng.standard_normal((count, count), dtype=np.float32)
        wrapped = np.pad(coarse, 2, mode="wrap")
        fine = cv2.resize(wrapped, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)
        total += weight * fine[2 * cell : -2 * cell, 2 * cell : -2 * cell]
    if kind == "brick":
        total[::8] -= 1.2
    total *= _CONTRAST[kind] / total.std()
    return np.clip(128 + total, 0, 255).astype(np.uint8)


@lru_cache(maxsize=64)
def sheet(kind: str, level: int, height: int, width: int) -> np.ndarray:
    """The tile at ``2**level`` times its size, repeated to at least height + 512 by width + 512."""
    scaled = tile(kind)
    side = int(SIDE * 2.0**level)
    if level:
        resized = cv2.resize(scaled, (side, side), interpolation=cv2.INTER_AREA)
        contrast = 1.6 if level < 0 else 1
        values = np.clip((resized.astype(np.int16) - 128) * contrast + 128, 0, 255)
        scaled = values.astype(np.uint8)
    return np.tile(scaled, (-(-(height + SIDE) // side), -(-(width + SIDE) // side)))


def patch(
    kind: str, level: int, offset: tuple[int, int], shape: tuple[int, int], canvas: tuple[int, int]
) -> np.ndarray:
    """A piece of a sheet.

    Args:
        kind: see :func:`tile`.
        level: size of the grain, a power of two.
        offset: row and column at which the piece begins, taken modulo the tile.
        shape: rows and columns of the piece.
        canvas: rows and columns of the largest piece that will be asked for.

    Returns:
        (rows, columns) uint8 around 128.
    """
    y, x = offset[0] % SIDE, offset[1] % SIDE
    return sheet(kind, level, *canvas)[y : y + shape[0], x : x + shape[1]]
