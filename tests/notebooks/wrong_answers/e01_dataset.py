"""Usual wrong answers to the exercises of ``01_dataset``, and a part of the hint to each."""

import numpy as np

IMAGE, LABEL = "_leftImg8bit.png", "_gtFine_labelTrainIds.png"


def first_aid(path):
    return path.replace("leftImg8bit", "gtFine").replace("gtFine.png", "gtFine_labelTrainIds.png")


def everything(train_id_of):
    table = np.zeros(256, np.uint8)
    for label_id, train_id in train_id_of.items():
        table[train_id] = label_id % 256
    return table


def forwards(train_id_of):
    table = np.full(256, 255, np.uint8)
    for label_id, train_id in train_id_of.items():
        table[label_id] = train_id % 256
    return table


def filled(value, dtype=np.uint8, length=256):
    def table_back(train_id_of):
        table = np.full(length, value, dtype)
        for label_id, train_id in train_id_of.items():
            if 0 <= train_id < 255:
                table[train_id] = label_id
        return table

    return table_back


def counts(train_ids):
    return np.bincount(train_ids.ravel(), minlength=256)[:19]


def clipped(train_ids):
    counted = np.bincount(np.minimum(train_ids, 18).ravel(), minlength=19)
    return counted / counted.sum()


def by_name(images, labels):
    stems = {label.removesuffix(LABEL): label for label in labels}
    found = [(image, stems.get(image.removesuffix(IMAGE))) for image in images]
    return [pair for pair in found if pair[1]]


def none_left_out(images, labels):
    first = labels[0]
    stems = {label.removesuffix(LABEL): label for label in labels}
    return [(image, stems.get(image.removesuffix(IMAGE), first)) for image in sorted(images)]


def with_empty(images, labels):
    pairs = none_left_out(images, labels)
    return [(a, b if a.split("_")[1] == b.split("_")[1] else "") for a, b in pairs]


WRONG = {
    "name": [
        (lambda path: path.replace("leftImg8bit", "gtFine"), "The end is missing"),
        (lambda path: first_aid(path).replace("TrainIds", "Ids"), "ids from 0 to 33"),
        (
            lambda path: path.replace("_leftImg8bit.png", "_gtFine_labelTrainIds.png"),
            "in the other tree",
        ),
        (
            lambda path: path.replace("leftImg8bit/", "gtFine/").replace(".png", LABEL),
            "belongs to the image's name",
        ),
        (lambda path: path.split("/")[-1], "The path should be"),
    ],
    "back": [
        (everything, "write only the entries of classes"),
        (forwards, "from id to trainId"),
        (filled(255), "No class has the trainId 5 here"),
        (filled(0, np.int64), "their type is int64"),
        (filled(0, length=19), "your shape is (19,)"),
        (lambda train_id_of: np.zeros(256, np.uint8), "should become 7, 8, 26"),
    ],
    "instances": [
        (lambda values: values // 1000, "the road (7) becomes 0"),
        (lambda values: np.where(values >= 1000, values % 1000, values), "number within the class"),
        (lambda values: np.where(values > 26000, values // 1000, values), "n is counted from 0"),
        (lambda values: np.where(values >= 1000, values / 1000, values), "a whole number"),
        (lambda values: values[values >= 1000] // 1000, "Each pixel needs one id"),
        (lambda values: values, "26000 should become 26; you have 26000"),
    ],
    "shares": [
        (counts, "Those are the counts"),
        (lambda train_ids: counts(train_ids) / train_ids.size, "You divide by all pixels"),
        (lambda train_ids: np.bincount(train_ids.ravel()) / train_ids.size, "255 is none of them"),
        (lambda train_ids: np.bincount(train_ids[train_ids < 255]) / 6, "ends at the largest"),
        (lambda train_ids: 100 * counts(train_ids) / counts(train_ids).sum(), "per cent"),
        (clipped, "are counted in a class"),
        (lambda train_ids: counts(train_ids)[:5], "your shape is (5,)"),
        (lambda train_ids: np.full(19, 1 / 19), "3 of 6 labelled pixels"),
    ],
    "pairs": [
        (lambda images, labels: list(zip(sorted(images), sorted(labels), strict=False)), "zipped"),
        (lambda images, labels: list(zip(images, labels, strict=False)), "in any order"),
        (by_name, "Now sort them"),
        (lambda images, labels: [pair[::-1] for pair in by_name(images, labels)], "comes first"),
        (none_left_out, "without a partner"),
        (with_empty, "without a partner"),
        (lambda images, labels: [pair[:1] for pair in by_name(images, labels)], "tuple of two"),
        (lambda images, labels: [], "you have 0"),
    ],
}
