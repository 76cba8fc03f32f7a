"""Usual wrong answers to the exercises of ``07_your_own_data``, and a part of the hint to each."""

from pathlib import Path

import numpy as np


def stem(name):
    return Path(name).stem


def in_order(images, masks):
    return list(zip(sorted(images), sorted(masks), strict=True))


def begins_alike(images, masks):
    return [(one, mask) for one in images for mask in masks if one.startswith(stem(mask))]


def first_dot(images, masks):
    known = {mask.split(".")[0]: mask for mask in masks}
    return [(one, known[one.split(".")[0]]) for one in images if one.split(".")[0] in known]


def stems_only(images, masks):
    return [(stem(one), stem(one)) for one in images if stem(one) in map(stem, masks)]


def made_up(images, masks):
    return [(one, f"{stem(one)}.png") for one in images]


def by_name(images, masks):
    known = {stem(mask): mask for mask in masks}
    return [(one, known[stem(one)]) for one in images if stem(one) in known]


def unknown_is_zero(colours, table):
    label = np.zeros(colours.shape[:2], np.uint8)
    for colour, index in table.items():
        label[(colours == colour).all(-1)] = index
    return label


def any_channel(colours, table):
    label = np.full(colours.shape[:2], 255, np.uint8)
    for colour, index in table.items():
        label[(colours == colour).any(-1)] = index
    return label


def nearest(colours, table):
    apart = [np.linalg.norm(colours - np.array(colour, float), axis=-1) for colour in table]
    return np.argmin(apart, axis=0).astype(np.uint8)


def any_order(colours, table):
    label = np.full(colours.shape[:2], 255, np.uint8)
    for colour, index in table.items():
        label[(np.sort(colours, axis=-1) == np.sort(colour)).all(-1)] = index
    return label


def each_channel(colours, table):
    label = np.full(colours.shape, 255, np.uint8)
    for colour, index in table.items():
        label[colours == colour] = index
    return label


def signed(colours, table):
    found = [[table.get(tuple(pixel), 255) for pixel in row] for row in colours.tolist()]
    return np.array(found)


def same_names(fresh, stored):
    return len(fresh.keys() & stored.keys())


def same_shapes(fresh, stored):
    return sum(shape in stored.values() for shape in fresh.values())


def same_lengths(fresh, stored):
    return sum(np.prod(fresh[name]) == np.prod(stored.get(name, 0)) for name in fresh)


WRONG = {
    "size": [
        ((544, 736), "Width comes first"),
        ((704, 512), "Round up"),
        ((704, 544), "Round up both sides"),
        ((711, 533), "multiples of 32"),
        ((4000 * 16 / 90, 3000 * 16 / 90), "multiples of 32"),
        ((720, 544), "multiples of 32"),
        ((22528, 16896), "factor is upside down"),
        ((4000, 3000), "How small may it become"),
        ((1024, 768), "larger than necessary"),
        ((512, 256), "By which factor"),
        (736, "The answer needs another form. Two numbers"),
    ],
    "pairs": [
        (in_order, "The position in a list says nothing"),
        (begins_alike, "that they begin alike"),
        (first_dot, "at the last dot"),
        (stems_only, "return the whole names"),
        (made_up, "fruit_10.png, which is not in the list of masks"),
        (lambda images, masks: 2 * by_name(images, masks), "twice"),
        (lambda images, masks: by_name(masks, images), "The image comes first"),
        (lambda images, masks: by_name(images, masks)[1:], "fruit_2.jpg and fruit_2.png belong"),
        (
            lambda images, masks: [masks[images.index(one)] for one in images],
            "The answer needs another form",
        ),
        (
            lambda images, masks: [
                (one, {stem(mask): mask for mask in masks}[stem(one)]) for one in images
            ],
            "ends in KeyError",
        ),
    ],
    "indices": [
        (unknown_is_zero, "became class 0"),
        (any_channel, "one equal channel is not enough"),
        (nearest, "Do not guess"),
        (any_order, "the order of the channels matters"),
        (each_channel, "`.all(axis=-1)`"),
        (signed, "written from uint8"),
        (lambda colours, table: colours[..., 0], "are [0, 1, 2, 2]; you have"),
        (lambda colours, table: colours.reshape(-1), "you have (24,)"),
    ],
    "kept": [
        (same_names, "19 outputs do not fit into 6"),
        (same_shapes, "under another name"),
        (same_lengths, "same number of values"),
        (lambda fresh, stored: 6, "start from random weights"),
        (lambda fresh, stored: len(fresh), "how many arrays the network has"),
        (lambda fresh, stored: len(stored), "you count 7"),
        (lambda fresh, stored: list(fresh), "The answer needs another form"),
    ],
}
