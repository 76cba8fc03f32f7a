"""The Cityscapes classes: ids, trainIds, colours and look-up tables.

Everything but the colour-blind palette is read from ``cityscapesscripts.helpers.labels``.
Taught in ``01_dataset``.
"""

import numpy as np
from cityscapesscripts.helpers.labels import (
    Label,
    labels,
    name2label,
)
from cityscapesscripts.helpers.labels import id2label as id2label

IGNORE = 255
"""The trainId (and ignore index) of every pixel that is neither trained on nor scored."""

LABELS: tuple[Label, ...] = tuple(labels)
"""All 35 labels of Cityscapes, void ones and the licence plate (id -1) included."""

CLASSES: tuple[Label, ...] = tuple(
    sorted((label for label in labels if 0 <= label.trainId < IGNORE), key=lambda c: c.trainId)
)
"""The 19 classes that are trained and scored, in order of trainId."""

CLASS_NAMES: tuple[str, ...] = tuple(label.name for label in CLASSES)
NUM_CLASSES = len(CLASSES)


def label_of(name: str) -> Label | None:
    """The label an annotated object belongs to; ``cargroup`` belongs to ``car``.

    Args:
        name: the ``label`` of an object in a ``_polygons.json`` file.

    Returns:
        The label, or None when Cityscapes has none of that name.
    """
    return name2label.get(name) or name2label.get(name.removesuffix("group"))


_COLOUR_BLIND: tuple[tuple[int, int, int], ...] = (
    (62, 53, 53),  # road
    (125, 79, 118),  # sidewalk
    (164, 85, 74),  # building
    (18, 85, 163),  # wall
    (179, 152, 161),  # fence
    (180, 252, 253),  # pole
    (240, 178, 71),  # traffic light
    (249, 225, 32),  # traffic sign
    (15, 57, 0),  # vegetation
    (228, 255, 147),  # terrain
    (183, 196, 255),  # sky
    (222, 62, 25),  # person
    (255, 134, 112),  # rider
    (122, 19, 247),  # car
    (49, 4, 140),  # truck
    (131, 131, 188),  # bus
    (7, 255, 189),  # train
    (92, 4, 94),  # motorcycle
    (94, 155, 253),  # bicycle
)
"""Found by annealing: any two of these, or one and black, are at least 22 apart in CIE Lab for
normal vision and for each of the three colour-vision deficiencies (Machado 2009); the closest
two official colours are 3 apart."""


def id_to_train_id() -> np.ndarray:
    """The look-up table from label id to trainId.

    Returns:
        256 values of uint8: ``table[id] == trainId``; every void or unknown id gives 255.
    """
    table = np.full(256, IGNORE, np.uint8)
    for label in CLASSES:
        table[label.id] = label.trainId
    return table


def train_id_to_id() -> np.ndarray:
    """The look-up table from trainId back to label id, as the Cityscapes server wants it.

    Returns:
        256 values of uint8: ``table[trainId] == id``; all others give 0 (unlabeled).
    """
    table = np.zeros(256, np.uint8)
    for label in CLASSES:
        table[label.trainId] = label.id
    return table


def colour_table(palette: str = "cityscapes", *, of: str = "trainId") -> np.ndarray:
    """The RGB colour of every label value.

    Args:
        palette: ``cityscapes`` (the official colours) or ``colour-blind`` (any two
            classes stay apart with any of the three colour-vision deficiencies).
        of: ``trainId`` or ``id``: which of the two the values are.

    Returns:
        (256, 3) uint8, RGB. Values that are no class are black.

    Raises:
        ValueError: an unknown palette, or ``of`` is neither ``trainId`` nor ``id``.
    """
    if of not in ("trainId", "id"):
        raise ValueError(f"of={of!r}: choose 'trainId' or 'id'")
    if palette not in ("cityscapes", "colour-blind"):
        raise ValueError(f"palette={palette!r}: choose 'cityscapes' or 'colour-blind'")
    table = np.zeros((256, 3), np.uint8)
    for label in CLASSES if of == "trainId" else [label for label in LABELS if label.id >= 0]:
        table[getattr(label, of)] = label.color
    if palette == "colour-blind":
        for label, colour in zip(CLASSES, _COLOUR_BLIND, strict=True):
            table[getattr(label, of)] = colour
    return table


def class_colours(num_classes: int) -> np.ndarray:
    """A colour for each class of any data set.

    Args:
        num_classes: how many there are.

    Returns:
        (num_classes, 3) uint8, RGB: Cityscapes' own colours for 19 classes, else the first of
        Pascal VOC's colour map after black, as PaddleSeg uses it.
    """
    if num_classes == NUM_CLASSES:
        return colour_table()[:NUM_CLASSES]
    values = np.arange(1, num_classes + 1)[:, np.newaxis]
    channels, colours = np.arange(3), np.zeros((num_classes, 3), int)
    for bit in range(3):  # three bits of the class's number to each bit of the colour
        colours |= (values >> (3 * bit + channels) & 1) << (7 - bit)
    return colours.astype(np.uint8)


def colourise(
    values: np.ndarray, palette: str = "cityscapes", *, of: str = "trainId"
) -> np.ndarray:
    """Colour a label image.

    Args:
        values: (H, W) uint8 of trainIds or ids.
        palette: see :func:`colour_table`.
        of: see :func:`colour_table`.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        ValueError: see :func:`colour_table`.
    """
    return colour_table(palette, of=of)[values]


def colourise_classes(classes: np.ndarray, num_classes: int) -> np.ndarray:
    """Colour a label of any data set.

    Args:
        classes: (H, W) uint8; values that are no class, as 255, become black.
        num_classes: how many there are, which decides the colours.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    table = np.zeros((256, 3), np.uint8)
    table[:num_classes] = class_colours(num_classes)
    return table[classes]
