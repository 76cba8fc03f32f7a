"""Usual wrong answers to the exercises of ``06_deployment``, and a part of the hint to each."""

import numpy as np


def prepared(pixels):
    return np.float32(pixels.transpose(2, 0, 1)[np.newaxis])


def not_turned(image, mean, deviation):
    return prepared((image / 255 - mean) / deviation)


def turned_last(image, mean, deviation):
    return prepared(((image / 255 - mean) / deviation)[..., ::-1])


def bytes_kept(image, mean, deviation):
    return prepared((image[..., ::-1] - np.array(mean)) / deviation)


def mean_only(image, mean, deviation):
    return prepared(image[..., ::-1] / 255 - mean)


def divided_first(image, mean, deviation):
    return prepared(image[..., ::-1] / 255 / deviation - mean)


def reshaped(image, mean, deviation):
    return np.float32((image[..., ::-1] / 255 - mean) / deviation).reshape(1, 3, *image.shape[:2])


def doubles(image, mean, deviation):
    return ((image[..., ::-1] / 255 - mean) / deviation).transpose(2, 0, 1)[np.newaxis]


def half(image, mean, deviation):
    return prepared(image[..., ::-1] / 127.5 - 1)


def by_variance(weight, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / (variance + epsilon)
    return weight * scale[:, None], scale * (bias - mean) + beta


def no_epsilon(weight, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance)
    return weight * scale[:, None], scale * (bias - mean) + beta


def columns(weight, bias, gamma, beta, mean, variance, epsilon):
    scale = gamma / np.sqrt(variance + epsilon)
    return weight * scale, scale * (bias - mean) + beta


def rows(shift):
    """A fold whose weight is right, and whose bias is given by a function."""

    def fold(weight, bias, gamma, beta, mean, variance, epsilon):
        scale = gamma / np.sqrt(variance + epsilon)
        return weight * scale[:, None], shift(scale, bias, beta, mean)

    return fold


WRONG = {
    "metres": [
        (90 * 0.1, "not 90 m/s"),
        (25 * 100, "a millisecond"),
        (25 * 0.05, "network alone"),
        (25 * 0.06, "The camera's time"),
        (25 * 0.09, "program after the network"),
        (90 * 3.6 * 0.1, "divide by 3.6"),
        (3, "from the light to the brake"),
    ],
    "batches": [
        (lambda number, took, pause: (number / took, took), "images per millisecond"),
        (lambda number, took, pause: (1000 / took, took), "How many images are in one"),
        (lambda number, took, pause: (1000 / pause, took), "40 images per second; you have 25"),
        (lambda number, took, pause: (1000 * number / took, took), "waits for the last one"),
        (
            lambda number, took, pause: (1000 * number / took, took / number),
            "do not divide its time",
        ),
        (
            lambda number, took, pause: (1000 * number / took, number * pause + took),
            "of 4 image(s) lie 3 intervals",
        ),
        (
            lambda number, took, pause: (1000 * number / took, number * took),
            "the first image waits 120 ms",
        ),
        (lambda number, took, pause: 1000 * number / took, "The answer needs another form"),
    ],
    "prepare": [
        (not_turned, "`cv2.imread` gives BGR"),
        (turned_last, "got the mean of blue"),
        (bytes_kept, "divide the bytes by 255"),
        (mean_only, "now divide by the standard deviation"),
        (divided_first, "Subtract the mean first"),
        (reshaped, "`reshape` moves no colours"),
        (doubles, "their type is float64"),
        (half, "of BGR should become"),
        (lambda image, mean, deviation: image / 255, "you have (2, 4, 3)"),
    ],
    "fold": [
        (by_variance, "the square root of the variance"),
        (no_epsilon, "under the square root"),
        (columns, "You scaled the columns"),
        (lambda weight, bias, *others: (weight, bias), "has not changed"),
        (lambda weight, bias, *others: (-weight, bias), "The weight is wrong"),
        (lambda weight, bias, *others: (bias, weight), "one has the shape (3,)"),
        (
            rows(lambda scale, bias, beta, mean: bias - scale * mean + beta),
            "must be scaled as well",
        ),
        (rows(lambda scale, bias, beta, mean: beta - scale * mean), "own bias is missing"),
        (rows(lambda scale, bias, beta, mean: scale * bias - mean + beta), "before you scale"),
        (rows(lambda scale, bias, beta, mean: scale * (bias + mean) + beta), "must be subtracted"),
        (rows(lambda scale, bias, beta, mean: scale * (bias - mean)), "beta is missing"),
        (rows(lambda scale, bias, beta, mean: scale * (bias - mean + beta)), "Add beta after"),
        (rows(lambda scale, bias, beta, mean: bias), "The bias is wrong"),
    ],
}
