"""Exercises of ``05_evaluation``."""

from collections.abc import Mapping

import numpy as np


def iou(function) -> str | None:
    """A function of truth, prediction and the number of a class; it returns 0 to 1."""
    truth = np.array([[0, 0, 0, 1], [1, 1, 2, 2], [255, 255, 2, 1]], np.uint8)
    prediction = np.array([[0, 1, 1, 1], [1, 2, 2, 2], [1, 0, 2, 1]], np.uint8)
    labelled = truth != 255
    for number in (1, 2):
        actual, predicted = truth == number, prediction == number
        both, either = (actual & predicted).sum(), ((actual | predicted) & labelled).sum()
        given = float(function(truth, prediction, number))
        mistaken = {
            "You also count predictions on ignored pixels.": both / (actual | predicted).sum(),
            "That is recall, the share of true pixels that are found. Invented ones count too.": (
                both / actual.sum()
            ),
            "That is precision, the share of predicted pixels that are right. Missed ones count "
            "too.": both / (predicted & labelled).sum(),
            "That is Dice, also called F1: both sizes together hold the intersection twice, the "
            "union holds it once.": 2 * both / (actual.sum() + (predicted & labelled).sum()),
            "That is the share of right pixels. Leave out those where neither says the class.": (
                (truth == prediction)[labelled].mean()
            ),
            "You divide by all labelled pixels. The union is smaller.": both / labelled.sum(),
            "You divide by all pixels. The union is smaller.": both / truth.size,
            "That is in per cent. The answer is from 0 to 1.": 100 * both / either,
            "That is the intersection, in pixels. Divide it by the union.": both,
        }
        general = (
            f"Class {number}: both say it in {both} pixels, at least one in {either}, so the IoU "
            f"is {both / either:.2f}. You have {given:.2f}."
        )
        if hint := _hint(given, both / either, mistaken, general):
            return hint
    return None


def speed(answer) -> str | None:
    """A number: images per second, if each is shown in six sizes, and mirrored too."""
    pixels = sum(scale**2 for scale in (0.5, 0.75, 1, 1.25, 1.5, 1.75))
    mistaken = {
        "You left out the mirrored views: each size is shown twice.": 156 / pixels,
        "Twelve views, but not of the same size: at scale 0.5 one has a quarter of the pixels.": (
            156 / 12
        ),
        "Both sides grow with the scale, so the pixels grow with its square.": 156 / 13.5,
        "More views take longer: fewer images per second, not more.": 156 * 2 * pixels,
        "That is how many times the pixels there are. How many of the 156 images are left?": 2
        * pixels,
    }
    general = "How many times the pixels of one image do all views have together?"
    return _hint(answer, 156 / (2 * pixels), mistaken, general)


def miou(function) -> str | None:
    """A function of a confusion matrix (C, C), rows are the truth; it returns 0 to 1."""
    matrix = np.zeros((5, 5), int)
    matrix[0], matrix[1], matrix[3] = (6, 1, 0, 0, 1), (2, 4, 0, 0, 0), (0, 0, 0, 8, 1)
    right, true, predicted = matrix.diagonal(), matrix.sum(1), matrix.sum(0)
    union = true + predicted - right
    occurs = union > 0
    each = right[occurs] / union[occurs]
    given = float(function(matrix))
    if np.isnan(given):
        return "Class 2 is absent: 0 / 0 is nan, and so is the mean. Leave the class out first."
    mistaken = {
        "The absent class 2 counts as 0 here. Divide by the number of the others.": each.sum() / 5,
        "The absent class 2 counts as 1 here. Leave it out.": (each.sum() + 1) / 5,
        "Class 4 is not in the truth, but it is predicted: its IoU is 0, and it counts.": (
            each[:3].mean()
        ),
        "That is the mean recall. Pixels that wrongly got a class stand in its column.": (
            np.mean(right[true > 0] / true[true > 0])
        ),
        "That is pixel accuracy: large classes outweigh small ones.": right.sum() / matrix.sum(),
        "You add up first and divide once. Divide for each class.": right.sum() / union.sum(),
        "Row and column both hold the right pixels: together they count them twice.": (
            np.mean(right[occurs] / (true + predicted)[occurs])
        ),
        "That is in per cent. The answer is from 0 to 1.": 100 * each.mean(),
    }
    general = (
        f"The IoU of the classes 0, 1, 3 and 4 is {each.round(3).tolist()}, their mean "
        f"{each.mean():.3f}; you have {given:.3f}."
    )
    return _hint(given, each.mean(), mistaken, general)


def iiou(answer) -> str | None:
    """A number, 0 to 1: iIoU of car, for the two cars."""
    mistaken = {
        "That is IoU, where every pixel weighs 1. Give those of the cars their weights.": 60 / 110,
        "You left out the 10 invented pixels. They belong below the line too.": 75 / 100,
        "The missed pixels are missing below the line.": 75 / 85,
        "The missed pixels have a weight too: 50 / 80, like all pixels of that car.": 75 / 125,
        "The invented pixels belong to no car: each keeps the weight 1.": 75 / 150,
        "The weights are upside down: a pixel of a small car weighs more than 1.": 72 / 146,
    }
    general = "A pixel of the first car weighs 50 / 80, and 40 of its pixels are found. Continue."
    return _hint(answer, 75 / 110, mistaken, general)


def boundary(function) -> str | None:
    """A function of two masks (H, W) of True and False, and a width; it returns 0 to 1."""
    truth, prediction = np.zeros((2, 14, 14), bool)
    truth[1:12, 0:9], prediction[1:12, 1:10] = True, True
    for width in (1, 3):
        given = float(function(truth, prediction, width))
        right = _ratio(*(_band(mask, width) for mask in (truth, prediction)))
        mistaken = {
            "That is the IoU of the whole masks. Remove their insides first.": (
                _ratio(truth, prediction)
            ),
            f"Right for a band of 1 pixel. For {width} the mask shrinks {width} times.": (
                _ratio(*(_band(mask, 1) for mask in (truth, prediction)))
            ),
            "A mask ends at the edge of the image too: beyond it everything is False.": (
                _ratio(*(_band(mask, width, beyond=True) for mask in (truth, prediction)))
            ),
            "That is the IoU of the insides. The band is what shrinking removes.": (
                _ratio(*(mask & ~_band(mask, width) for mask in (truth, prediction)))
            ),
        }
        general = (
            f"Two rectangles, one shifted by a pixel, and a band of {width}: {right:.3f}. You have "
            f"{given:.3f}. The band is what a mask loses as it shrinks."
        )
        if hint := _hint(given, right, mistaken, general):
            return hint
    return None


def _hint(given: float, right: float, mistaken: Mapping[str, float], general: str) -> str | None:
    if np.isclose(given, right, rtol=0.003):
        return None
    return next(
        (hint for hint, value in mistaken.items() if np.isclose(given, value, 0.003)), general
    )


def _band(mask: np.ndarray, width: int, beyond: bool = False) -> np.ndarray:
    """What ``width`` erosions by 3 x 3 pixels take away from a mask; ``beyond`` is its outside."""
    padded = np.pad(mask, width, constant_values=beyond)
    around = np.lib.stride_tricks.sliding_window_view(padded, (2 * width + 1,) * 2)
    return mask & ~around.all((2, 3))


def _ratio(first: np.ndarray, second: np.ndarray) -> float:
    return (first & second).sum() / (first | second).sum()
