import numpy as np
import pytest
from cityscapesscripts.helpers.labels import labels, trainId2label

from bisenet_lib.data.labels import (
    CLASS_NAMES,
    CLASSES,
    IGNORE,
    LABELS,
    NUM_CLASSES,
    colour_table,
    colourise,
    id_to_train_id,
    label_of,
    train_id_to_id,
)

# Machado, Oliveira, Fernandes 2009, severity 1; they act on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193, 0.1192, 0.9503]]
)


def lab(rgb: np.ndarray, vision: str) -> np.ndarray:
    """sRGB 0-255 -> CIE Lab (D65) as the given vision sees it."""
    encoded = rgb / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.transpose(VISION[vision]), 0, 1)
    ratio = seen @ RGB_TO_XYZ.T / RGB_TO_XYZ.sum(axis=1)
    x, y, z = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def closest(palette: str, vision: str) -> float:
    """The distance of the two most similar colours among the 19 classes and black."""
    points = lab(colour_table(palette)[: NUM_CLASSES + 1].astype(float), vision)
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return distance[~np.eye(len(points), dtype=bool)].min()


def test_classes_are_the_nineteen_in_order_of_train_id():
    assert NUM_CLASSES == 19
    assert [label.trainId for label in CLASSES] == list(range(19))
    assert [trainId2label[number].name for number in range(19)] == list(CLASS_NAMES)
    assert CLASS_NAMES[0] == "road" and CLASS_NAMES[18] == "bicycle"


def test_look_up_table_agrees_with_every_official_label():
    table = id_to_train_id()
    assert table.shape == (256,) and table.dtype == np.uint8
    for label in labels:
        if label.id >= 0:
            assert table[label.id] == (label.trainId if label.trainId >= 0 else IGNORE)
    assert (table[34:] == IGNORE).all()


def test_hand_worked_three_by_three():
    # road 7 -> 0, sidewalk 8 -> 1, building 11 -> 2; car 26 -> 13, bicycle 33 -> 18;
    # unlabeled 0, ego vehicle 1, caravan 29 and a value of no label -> 255
    ids = np.array([[7, 8, 11], [26, 33, 0], [1, 29, 77]], np.uint8)
    expected = [[0, 1, 2], [13, 18, 255], [255, 255, 255]]
    assert id_to_train_id()[ids].tolist() == expected


def test_back_to_ids_and_forth():
    back = train_id_to_id()
    assert back[[0, 18, 19, 255]].tolist() == [7, 33, 0, 0]
    assert id_to_train_id()[back[:19]].tolist() == list(range(19))


def test_official_colours():
    table = colour_table()
    assert all(tuple(table[label.trainId]) == label.color for label in CLASSES)
    assert not table[19:].any()
    by_id = colour_table(of="id")
    assert all(tuple(by_id[label.id]) == label.color for label in LABELS if label.id >= 0)


def test_colourise():
    picture = colourise(np.array([[0, 13], [255, 10]], np.uint8))
    assert picture.tolist() == [[[128, 64, 128], [0, 0, 142]], [[0, 0, 0], [70, 130, 180]]]
    assert picture.dtype == np.uint8


def test_colour_blind_palette_by_id_is_the_one_by_train_id():
    by_train_id, by_id = (colour_table("colour-blind", of=of) for of in ("trainId", "id"))
    for label in CLASSES:
        assert (by_train_id[label.trainId] == by_id[label.id]).all()


@pytest.mark.parametrize("vision", VISION)
def test_colour_blind_palette_keeps_every_two_classes_apart(vision):
    assert closest("colour-blind", vision) > 20
    assert closest("colour-blind", vision) > 1.5 * closest("cityscapes", vision)


def test_official_palette_does_not():
    assert min(closest("cityscapes", vision) for vision in VISION) < 4


@pytest.mark.parametrize(
    ("name", "expected"), [("car", "car"), ("cargroup", "car"), ("tram", None), ("group", None)]
)
def test_label_of(name, expected):
    label = label_of(name)
    assert (label.name if label else None) == expected


def test_unknown_palette_or_kind():
    with pytest.raises(ValueError, match="palette='grey'"):
        colour_table("grey")
    with pytest.raises(ValueError, match="of='category'"):
        colourise(np.zeros((1, 1), np.uint8), of="category")
