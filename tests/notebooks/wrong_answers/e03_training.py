"""Usual wrong answers to the exercises of ``03_training``, and a part of the hint to each."""

import numpy as np


def losses(logits, label, count=255):
    """The cross-entropy of each pixel with a class below ``count``."""
    share = np.exp(logits) / np.exp(logits).sum(axis=0)
    rows, columns = np.nonzero(label < count)
    return -np.log(share[label[rows, columns], rows, columns])


def as_class_2(logits, label):
    return losses(logits, np.minimum(label, 2)).mean()


def stepped(change):
    """A step whose velocity is ``change(weight, gradient, velocity, rate)``."""

    def answer(weight, gradient, velocity, rate):
        new = change(weight, gradient, velocity, rate)
        return weight - rate * new, new

    return answer


def with_step(change):
    """A step with the right velocity whose weight is ``change(weight, old, new, rate)``."""

    def answer(weight, gradient, velocity, rate):
        new = 0.9 * velocity + gradient + 0.0005 * weight
        return change(weight, velocity, new, rate), new

    return answer


WRONG = {
    "epochs": [
        (160_000 * 16, "seen in total"),
        (160_000 * 4 / 2975, "one GPU"),
        (160_000 / 2975, "not one image"),
        (2975 / 16, "make one epoch"),
        (1000, "by the number of training images"),
        ("many", "The answer needs another form. A number"),
    ],
    "flip": [
        (lambda image, label: (image[:, ::-1], label), "The label stays"),
        (lambda image, label: (image, label[:, ::-1]), "The image is not mirrored"),
        (lambda image, label: (image[::-1], label[::-1]), "is upside down"),
        (lambda image, label: (image[::-1, ::-1], label[::-1, ::-1]), "half a turn"),
        (lambda image, label: (image[..., ::-1], label[..., ::-1]), "red, green and blue"),
        (lambda image, label: (image[:, ::-1], label + 1), "you made [[1, 2, 3]"),
        (lambda image, label: image[:, ::-1], "Return two arrays"),
    ],
    "cross_entropy": [
        (lambda logits, label: losses(logits, label).sum(), "That is the sum"),
        (lambda logits, label: losses(logits, label).sum() / label.size, "all pixels"),
        (lambda logits, label: -losses(logits, label).mean(), "Mind the sign"),
        (lambda logits, label: losses(logits, label).mean() / np.log(2), "natural logarithm"),
        (as_class_2, "255 is not a class"),
        (lambda logits, label: losses(logits, label), "The answer is one number"),
        (lambda logits, label: losses(logits, label).max(), "softmax over the classes"),
        (lambda logits, label: losses(logits, label).mean(), "np.exp overflows"),
        (lambda logits, label: losses(logits, label, 256).mean(), "ends in IndexError"),
    ],
    "halved": [
        (80_000, "straight line"),
        (160_000 * 0.5 ** (1 / 0.9), "iterations are left"),
        (160_000 * (1 - 0.5**0.9), "Undo the power"),
        (100_000, "Solve"),
    ],
    "step": [
        (stepped(lambda w, g, v, rate: 0.9 * v + g), "Weight decay is missing"),
        (stepped(lambda w, g, v, rate: g + 0.0005 * w), "Momentum is missing"),
        (stepped(lambda w, g, v, rate: 0.9 * v + g - 0.0005 * w), "wrong sign"),
        (stepped(lambda w, g, v, rate: 0.9 * v + rate * (g + 0.0005 * w)), "weight's update"),
        (stepped(lambda w, g, v, rate: 0.9 * v + 0.1 * (g + 0.0005 * w)), "counts in full"),
        (stepped(lambda w, g, v, rate: v + g), "The velocity becomes [1.1005, 0.39]"),
        (with_step(lambda w, old, new, rate: w + rate * new), "uphill"),
        (with_step(lambda w, old, new, rate: w - rate * old), "not with the old one"),
        (with_step(lambda w, old, new, rate: w - new), "Multiply it by `rate`"),
        (with_step(lambda w, old, new, rate: 0 * w), "The weight becomes"),
        (lambda w, g, v, rate: w - rate * g, "Return two arrays"),
    ],
}
