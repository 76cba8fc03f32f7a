"""What the network's input size does to photographs: said at the import and before training.

Taught in ``07_your_own_data``.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bisenet_lib.config.adapting import SIDE, median_size, resized_to
from bisenet_lib.config.class_names import names_or_default
from bisenet_lib.data.file_lists import read_list
from bisenet_lib.data.image_io import Size, check_image
from bisenet_lib.data.label_io import read_label
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError

ENOUGH = 16
"""Pixels of the network's input that an object should cover: two cells of the grid of 1/8 of it
that the network decides on."""
_LONGEST_SIDE = 1024
"""Of a label that objects are looked for in; a larger one is thinned out."""
_SAMPLES = 20
"""Labels that training looks at."""
_IN_TRAINING = "target_size and crop_size in the configuration (bisenet import --size)"


def object_widths(label: np.ndarray) -> np.ndarray:
    """How wide the objects of a label are: its connected regions of one class.

    Args:
        label: (H, W) uint8: classes, and 255 where ignored.

    Returns:
        (N, 3) int: class, the shorter side of the region's box, and its area; in pixels of the
        label.
    """
    step = math.ceil(max(label.shape) / _LONGEST_SIDE)
    thin = np.ascontiguousarray(label[::step, ::step])
    found = []
    for index in np.unique(thin[thin != IGNORE]):
        region = (thin == index).astype(np.uint8)
        _, _, boxes, _ = cv2.connectedComponentsWithStats(region, connectivity=8)
        sides = boxes[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].min(axis=1)
        areas = boxes[1:, cv2.CC_STAT_AREA]
        found.append(
            np.stack([np.full(len(sides), index), step * sides, step * step * areas], axis=1)
        )
    return np.concatenate(found).astype(int) if found else np.zeros((0, 3), int)


def smallest_class(widths: np.ndarray) -> tuple[int, int]:
    """The class whose objects are smallest, and how wide they typically are.

    Half of the pixels of a class lie in objects of its typical width or less. So the scraps that
    other objects leave of a large class, such as a road behind cars, do not make it small.

    Args:
        widths: see :func:`object_widths`, of one or more labels; at least one object.
    """
    typical = {}
    for index in np.unique(widths[:, 0]):
        own = widths[widths[:, 0] == index]
        own = own[own[:, 1].argsort()]
        areas = own[:, 2].cumsum()
        typical[int(index)] = int(own[np.searchsorted(areas, areas[-1] / 2), 1])
    smallest = min(typical, key=lambda index: typical[index])
    return smallest, typical[smallest]


def input_size_note(
    sizes: Sequence[Size],
    seen: Size | None,
    widths: np.ndarray,
    names: Sequence[str],
    option: str = "--size",
) -> str:
    """What becomes of the photographs and of their smallest objects.

    Args:
        sizes: (width, height) of the photographs.
        seen: (width, height) that they are resized to; None where they are not.
        widths: see :func:`object_widths`, of their labels.
        names: of the classes.
        option: what changes the size.
    """
    size = median_size(sizes)
    about = f"Your photographs are {size[0]}x{size[1]}"
    about += " (median)" if len(set(sizes)) > 1 else ""
    if seen is None:
        return f"{about}; the network sees them at their full size."
    note = f"{about}; the network sees them at {seen[0]}x{seen[1]}."
    widths = widths[widths[:, 0] < len(names)]
    if not len(widths):
        return note
    index, width = smallest_class(widths)
    scale = min(seen[0] / size[0], seen[1] / size[1])
    note += (
        f" The smallest objects, of the class {names[index]!r}, are typically {width} pixels wide "
        f"and become {max(round(scale * width), 1)}."
    )
    return f"{note} {_advice(size, seen, width * scale, option)}"


def _advice(size: Size, seen: Size, width: float, option: str) -> str:
    """The option that changes the input size, and what it costs."""
    if width >= ENOUGH:
        return f"{option} changes that: half the width and height take about a quarter of the time."
    wanted = [min(ENOUGH / width * side, full) for side, full in zip(seen, size, strict=True)]
    larger = [SIDE * math.ceil(side / SIDE) for side in wanted]
    times = math.prod(larger) / math.prod(seen)
    if times <= 1:
        return "That is all there is of them: take photographs from nearer, or with more pixels."
    return (
        f"{ENOUGH} or more are better: {option} {larger[0]}x{larger[1]} makes them "
        f"{round(width * larger[0] / seen[0])}, and takes about {times:.1f} times as long."
    )


def training_note(settings: Mapping[str, Any]) -> str:
    """:func:`input_size_note` of a training set, from some of its labels.

    Args:
        settings: a resolved configuration.

    Returns:
        The sentences; empty where there is no file list, or a file in it is damaged, which the
        training itself reports.
    """
    section = settings["train_dataset"]
    root = Path(section.get("dataset_root") or "")
    with suppress(InputError):
        source = Path(section.get("train_path") or root / "train.txt")
        pairs = read_list(source, root, separator=section.get("separator", " "))
        pairs = pairs[:: math.ceil(len(pairs) / _SAMPLES)]
        widths = np.concatenate([object_widths(read_label(label)) for _, label in pairs])
        sizes = [check_image(image) for image, _ in pairs]
        names = names_or_default(root, section["num_classes"])
        target = resized_to(settings)
        seen = None if target is None else (target[0], target[1])
        return input_size_note(sizes, seen, widths, names, _IN_TRAINING)
    return ""
