"""What each frame of a split must hold, so that rare classes are spread evenly."""

import numpy as np

RARITY: dict[str, float] = {
    "truck": 0.2,
    "bus": 0.2,
    "train": 0.2,
    "motorcycle": 0.26,
    "rider": 0.42,
    "bicycle": 0.5,
    "wall": 0.42,
    "fence": 0.7,
    "terrain": 0.6,
    "parking": 0.25,
    "guard rail": 0.14,
    "bridge": 0.12,
    "ground": 0.15,
    "caravan": 0.08,
    "trailer": 0.1,
    "polegroup": 0.15,
    "groups": 0.4,
    "static": 0.5,
    "dynamic": 0.3,
    "deleted": 0.25,
    "lights": 0.5,
}
"""Share of the frames that hold each thing a street does not always hold."""

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73)


def plan(split_start: np.ndarray, number: int) -> set[str]:
    """What a frame must hold, spread evenly over the frames of a split.

    Args:
        split_start: one number in 0..1 for each entry of :data:`RARITY`.
        number: the frame's place in its split.

    Returns:
        Keys of :data:`RARITY`. Each turns up in its share of any run of frames, so that
        small splits hold every class too.
    """
    phase = (split_start + number * np.sqrt(_PRIMES)) % 1
    return {name for name, at in zip(RARITY, phase, strict=True) if at < RARITY[name]}
