"""Usual wrong answers to the exercises of ``05_evaluation``, and a part of the hint to each."""

import cv2
import numpy as np


def masks(truth, prediction, number):
    labelled = truth != 255
    return (truth == number) & labelled, (prediction == number) & labelled


def unmasked(truth, prediction, number):
    meant, said = truth == number, prediction == number
    return (meant & said).sum() / (meant | said).sum()


def recall(truth, prediction, number):
    meant, said = masks(truth, prediction, number)
    return (meant & said).sum() / meant.sum()


def precision(truth, prediction, number):
    meant, said = masks(truth, prediction, number)
    return (meant & said).sum() / said.sum()


def dice(truth, prediction, number):
    meant, said = masks(truth, prediction, number)
    return 2 * (meant & said).sum() / (meant.sum() + said.sum())


def same_mask(truth, prediction, number):
    meant, said = masks(truth, prediction, number)
    return (meant == said)[truth != 255].mean()


def by_all(truth, prediction, number):
    meant, said = masks(truth, prediction, number)
    return (meant & said).mean()


def by_labelled(truth, prediction, number):
    meant, said = masks(truth, prediction, number)
    return (meant & said).sum() / (truth != 255).sum()


def right_iou(truth, prediction, number):
    meant, said = masks(truth, prediction, number)
    return (meant & said).sum() / (meant | said).sum()


def of(matrix):
    right = matrix.diagonal()
    return right, matrix.sum(0) + matrix.sum(1) - right


def as_zero(matrix):
    right, union = of(matrix)
    return (right / np.maximum(union, 1)).mean()


def as_one(matrix):
    right, union = of(matrix)
    return np.where(union, right / np.maximum(union, 1), 1).mean()


def as_nan(matrix):
    right, union = of(matrix)
    return np.divide(right, union, out=np.full(len(union), np.nan), where=union > 0).mean()


def true_only(matrix):
    right, union = of(matrix)
    there = matrix.sum(1) > 0
    return (right[there] / union[there]).mean()


def mean_recall(matrix):
    there = matrix.sum(1) > 0
    return (matrix.diagonal()[there] / matrix.sum(1)[there]).mean()


def twice(matrix):
    right, union = of(matrix)
    return (right / np.maximum(union + right, 1))[union > 0].mean()


def right_miou(matrix):
    right, union = of(matrix)
    return (right[union > 0] / union[union > 0]).mean()


def ratio(one, other):
    return (one & other).sum() / (one | other).sum()


def shrunk(mask, width, border=0):
    kernel, mask = np.ones((3, 3), np.uint8), mask.astype(np.uint8)
    kept = cv2.erode(
        mask, kernel, iterations=width, borderType=cv2.BORDER_CONSTANT, borderValue=border
    )
    return kept > 0


def inside(truth, prediction, width):
    return ratio(shrunk(truth, width), shrunk(prediction, width))


def one_wide(truth, prediction, width):
    return ratio(*(mask & ~shrunk(mask, 1) for mask in (truth, prediction)))


def open_edge(truth, prediction, width):
    return ratio(*(mask & ~shrunk(mask, width, border=1) for mask in (truth, prediction)))


def both_sides(truth, prediction, width):
    """With the band outside of the mask as well, as a trimap has it."""

    def band(mask):
        return ~shrunk(~mask, width, border=1) & ~shrunk(mask, width)

    return ratio(band(truth), band(prediction))


WRONG = {
    "iou": [
        (unmasked, "on ignored pixels"),
        (recall, "That is recall"),
        (precision, "That is precision"),
        (dice, "That is Dice"),
        (same_mask, "share of right pixels"),
        (by_all, "by all pixels"),
        (by_labelled, "by all labelled pixels"),
        (lambda *given: 100 * right_iou(*given), "per cent"),
        (lambda truth, prediction, number: 3, "the intersection, in pixels"),
        (lambda truth, prediction, number: right_iou(truth, prediction, 1), "Class 2: both say"),
        (lambda truth, prediction: 0.5, "ends in TypeError"),
    ],
    "speed": [
        (156 / 8.6875, "shown twice"),
        (156 / 12, "not of the same size"),
        (156 / 13.5, "grow with its square"),
        (156 * 17.375, "fewer images per second"),
        (17.375, "How many of the 156"),
        (156, "do all views have"),
        ("9", "The answer needs another form. A number"),
    ],
    "miou": [
        (as_zero, "counts as 0 here"),
        (as_one, "counts as 1 here"),
        (as_nan, "0 / 0 is nan"),
        (true_only, "not in the truth"),
        (mean_recall, "the mean recall"),
        (twice, "count them twice"),
        (lambda matrix: matrix.diagonal().sum() / matrix.sum(), "pixel accuracy"),
        (lambda matrix: np.divide(*map(np.sum, of(matrix))), "divide once"),
        (lambda matrix: 100 * right_miou(matrix), "per cent"),
        (lambda matrix: matrix.mean(), "you have 0.920"),
        (lambda matrix: of(matrix)[0] / 9, "The answer needs another form. A function of a"),
    ],
    "iiou": [
        (60 / 110, "That is IoU"),
        (0.75, "left out the 10 invented pixels"),
        (75 / 85, "missing below the line"),
        (75 / 125, "have a weight too"),
        (75 / 150, "keeps the weight 1"),
        (72 / 146, "upside down"),
        (0.1, "40 of its pixels are found"),
        ("0.68", "The answer needs another form. A number"),
    ],
    "boundary": [
        (lambda truth, prediction, width: ratio(truth, prediction), "the whole masks"),
        (one_wide, "Right for a band of 1 pixel"),
        (open_edge, "ends at the edge of the image"),
        (inside, "the IoU of the insides"),
        (both_sides, "what a mask loses as it shrinks"),
        (lambda truth, prediction, width: truth, "The answer needs another form. A function"),
    ],
}
