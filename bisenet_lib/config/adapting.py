"""Adapting a configuration to other classes and to images of another shape.

Taught in ``07_your_own_data``.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bisenet_lib.config.configuration import IMAGE_SIZE
from bisenet_lib.data.image_io import Size
from bisenet_lib.errors import InputError

SIDE = 32
"""Sides of the network's input are multiples of this: its deepest features are 32 times smaller."""


def network_size(settings: Mapping[str, Any], sizes: Sequence[Size]) -> Size | None:
    """The input size of the network for images of another shape.

    Args:
        settings: a resolved configuration.
        sizes: (width, height) of the images.

    Returns:
        (width, height) with the proportions of the median image and about as many pixels as the
        configuration resizes to, but no larger than the images; None if it resizes none.
    """
    target = resized_to(settings)
    if target is None:
        return None
    median = median_size(sizes)
    scale = min(1.0, math.sqrt(target[0] * target[1] / (median[0] * median[1])))
    width, height = (max(SIDE, SIDE * round(scale * side / SIDE)) for side in median)
    return width, height


def median_size(sizes: Sequence[Size]) -> Size:
    """The median width and the median height of images."""
    width, height = np.median(sizes, axis=0)
    return int(width), int(height)


def adapted(
    settings: Mapping[str, Any], pixels: Sequence[int] | np.ndarray, size: Size | None
) -> dict[str, Any]:
    """Change a configuration to other classes and another input size.

    What its transforms know of its own rare classes goes: those train ids mean other classes now.
    A loss with a weight for each class gets those of the new classes.

    Args:
        settings: a resolved configuration.
        pixels: (C,) of each class in the training labels.
        size: (width, height) in place of the one it resizes to; None leaves sizes alone.

    Returns:
        The new configuration.

    Raises:
        InputError: the size is not in whole multiples of 32, or the configuration reads no
            file lists or resizes no image.
    """
    changed = copy.deepcopy(dict(settings))
    num_classes = len(pixels)
    changed["model"]["num_classes"] = num_classes
    for loss in changed["loss"]["types"]:
        for part in loss.get("losses", [loss]):  # of a mixed one
            if isinstance(part.get("weight"), list):
                part["weight"] = class_weights(pixels)
    changed.pop(IMAGE_SIZE, None)  # of other images
    for key in ("train_dataset", "val_dataset"):
        if changed.get(key, {}).get("type") != "Dataset":
            raise InputError(f"--config: its {key} reads no file lists; choose another, as laptop")
        changed[key] |= {"num_classes": num_classes, "separator": ","}
        changed[key]["transforms"] = _of_any_class(changed[key]["transforms"])
    if size is None:
        return changed
    before = resized_to(changed)
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


def class_weights(pixels: Sequence[int] | np.ndarray) -> list[float]:
    """A weight for each class: 1 over the root of its share, scaled so that their mean is 1.

    Args:
        pixels: (C,) of each class; one without a pixel weighs as much as the rarest that has any.
    """
    counts = np.asarray(pixels, float)
    rarest = counts[counts > 0].min(initial=np.inf)
    weights = 1 / np.sqrt(np.where(counts > 0, counts, rarest if np.isfinite(rarest) else 1))
    return [round(float(weight), 2) for weight in weights / weights.mean()]


def _of_any_class(transforms: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Transforms that name train ids, without them: any crop, and nothing pasted."""
    kept = [dict(one) for one in transforms if one["type"] != "PasteObjects"]
    for one in kept:
        if one["type"] == "RareClassCrop":
            one["type"] = "RandomPaddingCrop"
            for name in ("classes", "prob"):
                one.pop(name, None)
    return kept


def resized_to(settings: Mapping[str, Any]) -> list[int] | None:
    """[width, height] that a configuration resizes its training images to; None if it does not."""
    transforms = settings["train_dataset"]["transforms"]
    sizes = (transform["target_size"] for transform in transforms if "target_size" in transform)
    return next(sizes, None)
