"""Exercises of ``01_dataset``."""

import numpy as np

_STEM = "jorvenby_000000_000007"


def name(function) -> str | None:
    """A function of an image's path, a string; it returns the path of its label, a string."""
    given = function(f"leftImg8bit/val/jorvenby/{_STEM}_leftImg8bit.png")
    expected = f"gtFine/val/jorvenby/{_STEM}_gtFine_labelTrainIds.png"
    if given == expected:
        return None
    if given == expected.replace("_labelTrainIds", ""):
        return "The end is missing: gtFine has several files per frame; this one is labelTrainIds."
    if given == expected.replace("TrainIds", "Ids"):
        return "That file holds the ids from 0 to 33. Training needs the converted one."
    if str(given).startswith("leftImg8bit/"):
        return "The label is in the other tree: the path begins with gtFine."
    if str(given).endswith("leftImg8bit_gtFine_labelTrainIds.png"):
        return "`_leftImg8bit` belongs to the image's name, not to the frame's. Remove it."
    return f"The path should be {expected!r}; you have {given!r}."


def back(function) -> str | None:
    """A function of a dictionary from id to trainId; it returns an array of 256 numbers, uint8."""
    given = np.asarray(function({7: 0, 8: 1, 26: 13, 9: 255, 30: 255, -1: -1}))
    if given.shape != (256,):
        return f"A byte has 256 values, and each needs an entry; your shape is {given.shape}."
    if given[26] == 13:
        return "That is the table from id to trainId. On the way back, entry 13 is 26."
    if given[0] != 7 or given[1] != 8 or given[13] != 26:
        return f"The trainIds 0, 1, 13 should become 7, 8, 26; you have {given[[0, 1, 13]]}."
    if given[5] != 0:
        return f"No class has the trainId 5 here, so entry 5 is 0. You have {given[5]}."
    if given[255] != 0:
        return (
            f"Entry 255 holds {given[255]}. Several ids have the trainId 255, and table[-1] is "
            "the last entry too: write only the entries of classes."
        )
    if given.dtype != np.uint8:
        return f"The numbers are right, but their type is {given.dtype}. A label is uint8."
    return None


def instances(function) -> str | None:
    """A function of an array of instanceIds; it returns an array of label ids."""
    values = np.array([[7, 23], [26000, 26011], [24003, 33000], [1000 * 25 + 999, 0]])
    expected = np.array([[7, 23], [26, 26], [24, 33], [25, 0]])
    given = np.asarray(function(values))
    if np.array_equal(given, expected):
        return None
    if given.shape != values.shape:
        return f"Each pixel needs one id: {values.shape} goes in, but {given.shape} comes out."
    if np.array_equal(given, values // 1000):
        return "Cars are right, but the road (7) becomes 0. Divide only the instances."
    if np.array_equal(given, np.where(values >= 1000, values % 1000, values)):
        return "That is the number within the class, n. You need the id."
    if np.array_equal(given, np.where(values > 26000, values // 1000, values)):
        return "The first car is 26000, because n is counted from 0."
    if np.allclose(given, np.where(values >= 1000, values / 1000, values)):
        return "26011 should become 26, a whole number: divide with //."
    row, column = np.argwhere(given != expected)[0]
    right = expected[row, column]
    return f"{values[row, column]} should become {right}; you have {given[row, column]}."


def shares(function) -> str | None:
    """A function of a label of trainIds (uint8); it returns an array of 19 numbers."""
    label = np.array([[0, 0, 0, 2], [2, 255, 255, 10]], np.uint8)
    counts = np.bincount(label.ravel(), minlength=256)
    expected = counts[:19] / 6
    given = np.asarray(function(label), float)
    if given.shape == (11,):
        return "The array ends at the largest class of this label. Each label needs 19 numbers."
    if given.shape in ((256,), (20,)):
        return "Only the 19 classes count; 255 is none of them."
    if given.shape != (19,):
        return f"The answer has 19 numbers; your shape is {given.shape}."
    if np.allclose(given, expected):
        return None
    if np.allclose(given, counts[:19]):
        return "Those are the counts. What share of the labelled pixels are they?"
    if np.allclose(given, counts[:19] / label.size):
        return "You divide by all pixels, the ignored ones too. The shares must add up to 1."
    if np.allclose(given, 100 * expected):
        return "That is in per cent. Shares add up to 1."
    if given.sum() > 1 + 1e-6 or np.isclose(given[-1], 2 / 8):
        return "The ignored pixels are counted in a class. Leave out 255 before you count."
    return f"3 of 6 labelled pixels are road: 0.5. You have {given[0]:.2f}."


def pairs(function) -> str | None:
    """A function of two lists of names; it returns a list of (image, label), sorted by name."""
    numbers = [4, 0, 3, 2, 1, 6]
    images = [f"city_{number:06}_000019_leftImg8bit.png" for number in numbers]
    labels = [f"city_{number:06}_000019_gtFine_labelTrainIds.png" for number in (3, 5, 0, 4, 1)]
    given = [tuple(pair) for pair in function(images, labels)]
    right = [
        (
            f"city_{number:06}_000019_leftImg8bit.png",
            f"city_{number:06}_000019_gtFine_labelTrainIds.png",
        )
        for number in (0, 1, 3, 4)
    ]
    if given == right:
        return None
    if given == list(zip(sorted(images), sorted(labels), strict=False)):
        return "You sorted and zipped. Number 2 has no label, so it gets the label of number 3."
    if given == list(zip(images, labels, strict=False)):
        return "The lists are in any order: the first label need not belong to the first image."
    if sorted(given) == right:
        return "These are the right pairs. Now sort them by name."
    if any(len(pair) != 2 for pair in given):
        return "Each pair is a tuple of two names, image and label."
    if sorted((b, a) for a, b in given) == sorted(right):
        return "The image comes first, then the label."
    if set(right) < set(given):
        return "There are files without a partner in your list, images or labels. Leave them out."
    if len(given) == len(images) or len(given) == len(labels):
        return "An image whose label is missing must not get another label."
    return f"There are four pairs, numbers 0, 1, 3 and 4; you have {len(given)}."
