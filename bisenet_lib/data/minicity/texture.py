"""Grey noise tiles that give surfaces their grain; the same in every process."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

SIDE = 512


@dataclass(frozen=True)
class Grain:
    """How the noise of a texture is made.

    Attributes:
        contrast: standard deviation of the finished tile, in grey levels.
        coarsest: side of the largest blotches in pixels of the tile.
        finest: side of the smallest ones.
        slope: an octave's weight grows with its size to this power; 0 gives every octave
            the same weight, as in photographs (a 1/f spectrum).
        stretch: how many times taller than wide the blotches are; below 1 they lie.
        stains: weight of vertical streaks.
        spots: weight of dark holes, as between leaves.
        joints: rows and columns of pixels between joints, 0 for none.
        bond: each other row of bricks or tiles is shifted by half.
    """

    contrast: float
    coarsest: int = 256
    finest: int = 2
    slope: float = 0.0
    stretch: int = 1
    stains: float = 0.0
    spots: float = 0.0
    joints: tuple[int, int] = (0, 0)
    bond: bool = False


_GRAINS = {
    "asphalt": Grain(9, slope=0.1),
    "plaster": Grain(8, slope=0.3),
    "plaster-stained": Grain(14, slope=0.3, stains=1.2),
    "plaster-smooth": Grain(4, slope=0.6),
    "brick": Grain(12, 128, joints=(8, 24), bond=True),
    "brick-coarse": Grain(16, 64, slope=-0.2, joints=(8, 16), bond=True),
    "stone": Grain(15, joints=(32, 64), bond=True, stains=0.4),
    "concrete": Grain(10, slope=0.4, stains=0.8, joints=(128, 256)),
    "siding": Grain(8, slope=0.3, joints=(16, 0)),
    "tiles": Grain(16, 128, joints=(16, 16), bond=True),
    "glass": Grain(16, slope=0.8, joints=(0, 128)),
    "wood": Grain(13, 128, stretch=16, joints=(0, 16)),
    "bark": Grain(24, 64, stretch=8),
    "leaf": Grain(32, 64, 1, spots=0.5),
    "leaf-coarse": Grain(40, 32, spots=0.9),
    "leaf-fine": Grain(28, 128, 1, slope=-0.2, spots=0.3),
    "leaf-soft": Grain(24, 32, slope=0.1),
    "needles": Grain(34, 64, stretch=2, spots=0.6),
    "grass": Grain(18, 128, slope=-0.1),
    "cloud": Grain(60, 256, 8, slope=0.9),
}
KINDS = tuple(_GRAINS)
"""The names of all textures."""


def _noise(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Noise (512, 512) of unit spread whose blotches are ``rows`` by ``columns`` pixels."""
    coarse = rng.standard_normal((SIDE // rows, SIDE // columns), dtype=np.float32)
    wrapped = np.pad(coarse, 2, mode="wrap")
    fine = cv2.resize(wrapped, None, fx=columns, fy=rows, interpolation=cv2.INTER_CUBIC)
    fine = fine[2 * rows : -2 * rows, 2 * columns : -2 * columns]
    return fine / fine.std()


def _joints(rows: int, columns: int, *, bond: bool) -> np.ndarray:
    """(512, 512) float, 1 on the joints and 0 elsewhere."""
    y, x = np.mgrid[:SIDE, :SIDE]
    lines = np.zeros((SIDE, SIDE), bool)
    if rows:
        lines |= y % rows == 0
    if columns:
        shift = columns // 2 * (y // max(rows, 1) % 2) if bond else 0
        lines |= (x + shift) % columns == 0
    return lines.astype(np.float32)


@lru_cache
def tile(kind: str) -> np.ndarray:
    """A square of noise that repeats without seams.

    Args:
        kind: one of :data:`KINDS`.

    Returns:
        (512, 512) uint8 around 128.
    """
    grain = _GRAINS[kind]
    rng = np.random.default_rng(KINDS.index(kind))
    total = np.zeros((SIDE, SIDE), np.float32)
    cell = grain.coarsest
    while cell >= grain.finest:
        rows = min(cell * grain.stretch, 256)
        total += (cell / grain.finest) ** grain.slope * _noise(rng, rows, cell)
        cell //= 2
    total /= total.std()
    if grain.stains:
        streaks = _noise(rng, 256, 4) + _noise(rng, 256, 16) + _noise(rng, 128, 32)
        total -= grain.stains * np.maximum(streaks - 0.8, 0)
    if grain.spots:
        total -= grain.spots * np.maximum(_noise(rng, 16, 16) + _noise(rng, 8, 8), 0)
    if any(grain.joints):
        total -= 1.6 * _joints(*grain.joints, bond=grain.bond)
    total *= grain.contrast / total.std()
    return np.clip(128 + total - total.mean(), 0, 255).astype(np.uint8)


@lru_cache(maxsize=96)
def sheet(kind: str, level: int, height: int, width: int) -> np.ndarray:
    """The tile at ``2**level`` times its size, repeated to height + 512 by width + 512."""
    scaled = tile(kind)
    side = int(SIDE * 2.0**level)
    if level:
        scaled = cv2.resize(scaled, (side, side), interpolation=cv2.INTER_AREA)
    rows, columns = height + SIDE, width + SIDE
    repeated = np.tile(scaled, (-(-rows // side), -(-columns // side)))
    return np.ascontiguousarray(repeated[:rows, :columns])


def patch(
    kind: str, level: int, offset: tuple[int, int], shape: tuple[int, int], canvas: tuple[int, int]
) -> np.ndarray:
    """A piece of a sheet.

    Args:
        kind: one of :data:`KINDS`.
        level: size of the grain, a power of two.
        offset: row and column at which the piece begins, taken modulo the tile.
        shape: rows and columns of the piece.
        canvas: rows and columns of the largest piece that will be asked for.

    Returns:
        (rows, columns) uint8 around 128.
    """
    y, x = offset[0] % SIDE, offset[1] % SIDE
    return sheet(kind, level, *canvas)[y : y + shape[0], x : x + shape[1]]
