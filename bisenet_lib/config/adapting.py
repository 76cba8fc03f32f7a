"""A configuration made to fit: other classes, images of another shape.

Taught in ``07_your_own_data``.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bisenet_lib.data.image_io import Size
from bisenet_lib.errors import InputError

SIDE = 32
"""The network's input has whole multiples of it: its deepest features are so much smaller."""


def network_size(settings: Mapping[str, Any], sizes: Sequence[Size]) -> Size | None:
    """The size the network is to see images of another shape at.

    Args:
        settings: a resolved configuration.
        sizes: (width, height) of the images.

    Returns:
        (width, height) with the proportions of the median image and about the pixels the
        configuration resizes to, but no larger than the images; None if it resizes none.
    """
    wanted = _resized_to(settings)
    if wanted is None:
        return None
    width, height = np.median(sizes, axis=0)
    scale = min(1.0, math.sqrt(wanted[0] * wanted[1] / (width * height)))
    across, up = (max(SIDE, SIDE * round(scale * side / SIDE)) for side in (width, height))
    return across, up


def adapted(settings: Mapping[str, Any], num_classes: int, size: Size | None) -> dict[str, Any]:
    """Change a configuration to other classes and another input size.

    Args:
        settings: a resolved configuration.
        num_classes: of the data set.
        size: (width, height) in place of the one it resizes to; None leaves sizes alone.

    Returns:
        The new configuration.

    Raises:
        InputError: the size is not in whole multiples of 32, or the configuration reads no
            file lists or resizes no image.
    """
    changed = copy.deepcopy(dict(settings))
    changed["model"]["num_classes"] = num_classes
    for key in ("train_dataset", "val_dataset"):
        if changed.get(key, {}).get("type") != "Dataset":
            raise InputError(f"--config: its {key} reads no file lists; choose another, as laptop")
        changed[key] |= {"num_classes": num_classes, "separator": ","}
    if size is None:
        return changed
    before = _resized_to(changed)
    if before is None:
        raise InputError("--size: the configuration resizes no image; change its crop_size")
    if not all(side > 0 and side % SIDE == 0 for side in size):
        raise InputError(f"--size is {size[0]}x{size[1]}; give multiples of {SIDE}")
    for key in ("train_dataset", "val_dataset"):
        for transform in changed[key]["transforms"]:
            for name in ("target_size", "crop_size"):
                if transform.get(name) == before:
                    transform[name] = list(size)
    return changed


def _resized_to(settings: Mapping[str, Any]) -> list[int] | None:
    transforms = settings["train_dataset"]["transforms"]
    return next((one["target_size"] for one in transforms if "target_size" in one), None)
