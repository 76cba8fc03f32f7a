"""Usual wrong answers to the exercises of ``08_experiments``, and a part of the hint to each."""


def unpaired(scores, base, t):
    return scores.mean() - base.mean(), t * scores.std(ddof=1) / len(scores) ** 0.5


def biased(scores, base, t):
    pairs = scores - base
    return pairs.mean(), t * pairs.std() / len(pairs) ** 0.5


def of_one(scores, base, t):
    pairs = scores - base
    return pairs.mean(), t * pairs.std(ddof=1)


def without_t(scores, base, t):
    pairs = scores - base
    return pairs.mean(), pairs.std(ddof=1) / len(pairs) ** 0.5


def whole_width(scores, base, t):
    pairs = scores - base
    return pairs.mean(), 2 * t * pairs.std(ddof=1) / len(pairs) ** 0.5


def other_sign(scores, base, t):
    pairs = base - scores
    return pairs.mean(), t * pairs.std(ddof=1) / len(pairs) ** 0.5


WRONG = {
    "budget": [
        (100, "twice as many pixels"),
        (400, "with 8 images each"),
        (800, "Count their pixels"),
        (200, "fewer of them fit"),
        (25, "pixels of one iteration"),
    ],
    "difference": [
        (unpaired, "deviation of the scores"),
        (biased, "ddof=1"),
        (of_one, "a single pair"),
        (without_t, "one standard error"),
        (whole_width, "whole width"),
        (other_sign, "is 1; you have -1"),
    ],
    "chance": [
        (2, "at most 1"),
        (0.05, "a single row"),
        (0.95**40, "none of them does"),
        (0.05**40, "all of them do"),
        (0.5, "none of the 40"),
    ],
}
