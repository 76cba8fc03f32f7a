"""Usual wrong answers to the exercises of ``00_start_here``, and a part of the hint to each."""

import numpy as np

PIXELS = 2048 * 1024


def scaled(image):
    return image / 127.5 - 1


def float64(image):
    return scaled(image).transpose(2, 0, 1)[np.newaxis]


def reshaped(image):
    return np.float32(scaled(image)).reshape(1, 3, *image.shape[:2])


def wrapped_around(image):
    return np.float32((image * np.uint8(2) - np.uint8(255)).transpose(2, 0, 1)[np.newaxis])


WRONG = {
    "numbers": [
        (PIXELS, "one per pixel"),
        (3 * PIXELS, "That many numbers go in"),
        (20 * PIXELS, "no output for it"),
        (34 * PIXELS, "34 ids"),
        (19, "That is one pixel"),
        (19 * 3072, "Multiply width and height"),
        (18 * PIXELS, "multiply three numbers"),
    ],
    "answer": [
        (lambda logits: logits.argmax(), "one number"),
        (lambda logits: logits.argmax(axis=-1), "(19, 4): you went along the image"),
        (lambda logits: logits.argmax(axis=1), "(19, 6): you went along the image"),
        (lambda logits: logits, "you have (19, 4, 6)"),
        (lambda logits: logits.max(axis=0), "how large the largest logit is"),
        (lambda logits: logits.argmin(axis=0), "smallest logit"),
        (lambda logits: logits.argmax(axis=0) + 1, "counted from 0"),
        (lambda logits: (logits > 0).sum(axis=0), "The first pixel is class"),
        (lambda logits: print(end=""), "`return` missing"),
    ],
    "accuracy": [
        (lambda truth, prediction: (truth == prediction).mean(), "divide by all pixels"),
        (
            lambda truth, prediction: ((truth == prediction) | (truth == 255)).mean(),
            "count the ignored pixels as right",
        ),
        (lambda truth, prediction: (truth != prediction)[truth != 255].mean(), "that is wrong"),
        (lambda truth, prediction: 100 * (truth == prediction)[truth != 255].mean(), "per cent"),
        (lambda truth, prediction: (truth == prediction).sum(), "how many are right"),
        (lambda truth, prediction: 1.0, "You have 1.00"),
        (lambda truth, prediction: truth == prediction, "The answer needs another form"),
    ],
    "prepare": [
        (scaled, "The colours come first"),
        (lambda image: scaled(image).transpose(2, 0, 1), "A batch of one image"),
        (lambda image: scaled(image).T[np.newaxis], "lies on its side"),
        (lambda image: scaled(image)[np.newaxis], "you have (1, 2, 4, 3)"),
        (float64, "float64"),
        (reshaped, "`transpose` does"),
        (lambda image: (float64(image) + 1) / 2, "go from 0 to 1"),
        (lambda image: (float64(image) + 1) * 127.5, "still go from 0 to 255"),
        (lambda image: float64(image)[:, ::-1], "Red and blue are swapped"),
        (wrapped_around, "should become (-1, 1, -0.6)"),
    ],
}
