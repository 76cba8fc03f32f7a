"""Exercises of ``08_experiments``."""

import numpy as np

from bisenet_lib.course.exercises.hints import numeric_hint


def budget(answer) -> str | None:
    """A whole number: the iterations of 8 crops of 256 x 256 that the budget allows."""
    if answer == 50:
        return None
    mistaken: dict[float, str] = {
        100: "That is for crops of 256 x 128. Yours have twice as many pixels.",
        400: "So many images fit. How many iterations are that, with 8 images each?",
        800: "That is the budget's number of images. Count their pixels.",
        200: "A crop of 256 x 256 has more pixels than one of 256 x 128, so fewer of them fit.",
    }
    general = "Divide the pixels of the budget by the pixels of one iteration."
    return numeric_hint(answer, mistaken, general)


def difference(answer) -> str | None:
    """A function of two arrays and t: (mean difference, half the width of its interval)."""
    scores, base, t = np.array([21.0, 31.5, 41.0]), np.array([20.0, 30.0, 40.5]), 4.303
    pairs = scores - base
    mean, half = answer(scores, base, t)
    error = pairs.std(ddof=1) / 3**0.5
    if not np.isclose(mean, 1.0):
        return f"The mean of {scores.tolist()} minus {base.tolist()} is 1; you have {mean}."
    if np.isclose(half, t * error):
        return None
    if np.isclose(half, t * pairs.std() / 3**0.5):
        return "You divide by n. With so few runs take n - 1 for the deviation: ddof=1."
    if np.isclose(half, t * pairs.std(ddof=1)):
        return "That is for a single pair. The mean of n pairs is surer: divide by the root of n."
    if np.isclose(half, error):
        return "That is one standard error. The interval is t of them to each side."
    if np.isclose(half, 2 * t * error):
        return "That is the whole width. Return half of it."
    if np.isclose(half, t * scores.std(ddof=1) / 3**0.5):
        return "You took the deviation of the scores. Take that of the differences."
    return "It is t times the deviation of the differences, divided by the root of their number."


def chance(answer) -> str | None:
    """A number: the probability that at least one of 40 rows looks significant."""
    if np.isclose(answer, 1 - 0.95**40, atol=0.002):
        return None
    mistaken = {
        2.0: "So many rows look significant on average. A probability is at most 1.",
        0.05: "That is the chance of a single row.",
        0.95**40: "That is the probability that none of them does.",
        0.05**40: "That is the probability that all of them do.",
    }
    general = "First find the probability that none of the 40 rows looks significant."
    return numeric_hint(answer, mistaken, general, rtol=1e-2)
