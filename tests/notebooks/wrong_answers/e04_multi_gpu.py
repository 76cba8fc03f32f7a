"""Usual wrong answers to the exercises of ``04_multi_gpu``, and a part of the hint to each."""

import numpy as np


def half_ring(size, ranks):
    return ranks - 1, (ranks - 1) * size / ranks


def mean_of_variances(means, variances, counts):
    return (counts * means).sum() / counts.sum(), variances.mean()


def weighted_variances(means, variances, counts):
    share = counts / counts.sum()
    return (share * means).sum(), (share * variances).sum()


def unweighted(means, variances, counts):
    return means.mean(), variances.mean() + means.var()


def unweighted_spread(means, variances, counts):
    share = counts / counts.sum()
    return (share * means).sum(), (share * variances).sum() + means.var()


def unbiased(means, variances, counts):
    share, n = counts / counts.sum(), counts.sum()
    mean = (share * means).sum()
    return mean, (share * (variances + (means - mean) ** 2)).sum() * n / (n - 1)


WRONG = {
    "rate": [
        (0.05, "recipe's learning rate"),
        (0.05 * 16 / 4, "counted the GPUs"),
        (0.05 * 3 / 4, "counted the images of one GPU"),
        (0.05 * 24 / 16, "one node"),
        (0.05 * 16 / 48, "other way round"),
        (0.05 * np.sqrt(3), "How many images make one iteration"),
        ("0.15", "The answer needs another form. A number"),
    ],
    "all_reduce": [
        (lambda ranks: sum(ranks) / len(ranks), "only one rank has it"),
        (lambda ranks: np.mean(ranks), "one number"),
        (lambda ranks: [sum(ranks)] * len(ranks), "That is the sum"),
        (lambda ranks: [np.full(2, one.mean()) for one in ranks], "each rank's own numbers"),
        (lambda ranks: np.concatenate(ranks), "the shape (6,)"),
        (lambda ranks: ranks, "you have [[1.0, 2.0]"),
        (lambda ranks: print(end=""), "`return` missing"),
        (lambda ranks: ranks[3], "ends in IndexError"),
    ],
    "ring": [
        (half_ring, "have to go round"),
        (lambda size, ranks: (ranks, 2 * size), "3 step(s) finish the sums"),
        (lambda size, ranks: (2 * (ranks - 1), 2 * (ranks - 1) * size), "not the whole array"),
        (lambda size, ranks: (2 * (ranks - 1), (ranks - 1) * size), "everyone sends everything"),
        (lambda size, ranks: (2 * (ranks - 1), 2 * size), "You have 16 bytes"),
        (
            lambda size, ranks: 2 * (ranks - 1),
            "The answer needs another form. A function of an array's bytes",
        ),
    ],
    "batch_norm": [
        (mean_of_variances, "variance within the ranks"),
        (weighted_variances, "variance within the ranks"),
        (unweighted, "Use the counts"),
        (unweighted_spread, "spread of the means by the counts"),
        (unbiased, "not by one less"),
        (
            lambda means, variances, counts: (4, 5.0),
            "The variance of 1, 3, 8, 2, 4 and 6 is 5.6667",
        ),
    ],
}
