"""Exercises of ``04_multi_gpu``."""

import numpy as np

from bisenet_lib.course.exercises.hints import numeric_hint


def rate(answer) -> str | None:
    """A number: the learning rate for two nodes of eight GPUs with three images each."""
    if np.isclose(answer, 0.15):
        return None
    mistaken = {
        0.05: "That is the recipe's learning rate. It belongs to 16 images per iteration.",
        0.2: "You counted the GPUs. But each of them has three images, not four.",
        0.0375: "You counted the images of one GPU and left out the number of GPUs.",
        0.075: "That is one node. The gradient is the mean over the GPUs of both.",
        0.05 / 3: "It is the other way round: more images allow a larger learning rate.",
    }
    general = "How many images make one iteration, on all GPUs? And how many in the recipe?"
    return numeric_hint(answer, mistaken, general)


def all_reduce(answer) -> str | None:
    """A function of the gradients, one array per rank; it returns what each rank has afterwards."""
    gradients = [np.array([1.0, 2.0]), np.array([3.0, 6.0]), np.array([5.0, -5.0])]
    given = np.asarray(answer(gradients), float)
    if given.shape == (3, 2) and np.allclose(given, [3, 1]):
        return None
    if given.shape == (2,) and np.allclose(given, [3, 1]):
        return "The mean is right, but only one rank has it. Return a list, one array per rank."
    if given.shape == ():
        return "That is one number. Each weight has its own gradient: average over the ranks."
    if given.shape != (3, 2):
        return f"Three ranks with two numbers each go in; the result has the shape {given.shape}."
    if np.allclose(given, [9, 3]):
        return "That is the sum. Every weight would move three times as far: take the mean."
    if np.allclose(given, [[1.5], [4.5], [0.0]]):
        return "That is the mean over each rank's own numbers. Take it over the ranks."
    return f"The mean of [1, 2], [3, 6] and [5, -5] is [3, 1]; you have {given.tolist()}."


def ring(answer) -> str | None:
    """A function of an array's bytes and the number of ranks: (steps, bytes sent per rank)."""
    for size, ranks in ((8, 4), (10_000_000, 2), (10_000_000, 64)):
        steps, sent = answer(size, ranks)
        once, piece = ranks - 1, size / ranks
        if steps == 2 * once and np.isclose(sent, 2 * once * piece):
            continue
        if steps == once and np.isclose(sent, once * piece):
            return (
                "Then each sum is finished, but on one rank only. The sums still have to go round."
            )
        if steps != 2 * once:
            return (
                f"With {ranks} ranks, {once} step(s) finish the sums, one piece per rank, and as "
                f"many again send the sums round. You have {steps} in total."
            )
        if np.isclose(sent, 2 * once * size):
            return "In one step a rank passes on one piece, not the whole array."
        if np.isclose(sent, once * size):
            return "So much is sent if everyone sends everything to everyone. A ring sends less."
        return (
            f"{size} bytes on {ranks} ranks: a step sends a piece of {piece:g} bytes, and there "
            f"are {2 * once} steps. You have {sent:g} bytes."
        )
    return None


def batch_norm(answer) -> str | None:
    """A function of means, variances, counts, one per rank: (mean, variance) of all values."""
    ranks = [np.array([1.0, 3.0]), np.array([8.0]), np.array([2.0, 4.0, 6.0])]
    means, variances = np.array([[values.mean(), values.var()] for values in ranks]).T
    counts, every = np.array([values.size for values in ranks]), np.concatenate(ranks)
    mean, variance = answer(means, variances, counts)
    if np.isclose(mean, every.mean()) and np.isclose(variance, every.var()):
        return None
    if np.isclose(mean, means.mean()):
        return "A rank of three values weighs more than a rank of one. Use the counts."
    if not np.isclose(mean, every.mean()):
        return f"The mean of 1, 3, 8, 2, 4 and 6 is {every.mean():g}; you have {mean:g}."
    within = (counts * variances).sum() / counts.sum()
    if np.isclose(variance, within) or np.isclose(variance, variances.mean()):
        return (
            "That is the variance within the ranks, but their means differ as well: two ranks of "
            "variance 0 with the means 0 and 10 have a joint variance of 25."
        )
    if np.isclose(variance, every.var(ddof=1)):
        return "Batch norm divides by the number of values, not by one less."
    if np.isclose(variance, within + means.var()):
        return "Weight the spread of the means by the counts too."
    return f"The variance of 1, 3, 8, 2, 4 and 6 is {every.var():.4f}; you have {variance:.4f}."
