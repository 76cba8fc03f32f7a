"""Exercises of ``00_start_here``."""

import numpy as np

from bisenet_lib.course.exercises.hints import numeric_hint


def numbers(answer) -> str | None:
    """A number: the logits of a 2048 x 1024 image, with 19 classes."""
    pixels = 2048 * 1024
    mistaken = {
        19 * pixels: None,
        pixels: "So many classes come out: one per pixel. How many logits does a pixel have?",
        3 * pixels: "That many numbers go in: three colours per pixel. How many come out?",
        20 * pixels: "255 marks the ignored pixels of the truth. The network has no output for it.",
        34 * pixels: "Cityscapes has 34 ids. The network has one output per class that it learned.",
        19: "That is one pixel. How many pixels does the image have?",
        19 * (2048 + 1024): "Multiply width and height: that is the number of pixels.",
    }
    return mistaken.get(answer, "One logit per class and pixel: multiply three numbers.")


def answer(function) -> str | None:
    """A function of the logits (19, height, width); it returns the classes (height, width)."""
    logits = np.random.default_rng(0).normal(size=(19, 4, 6))
    expected, given = logits.argmax(0), np.asarray(function(logits))
    if given.shape == (4, 6) and np.array_equal(given, expected):
        return None
    if given.shape == ():
        return "That is one number. Without an axis `argmax` looks at all numbers together."
    if given.shape in ((19, 6), (19, 4)):
        return (
            f"The shape is {given.shape}: you went along the image. Which axis holds the classes?"
        )
    if given.shape != (4, 6):
        return f"The logits (19, 4, 6) should become (4, 6); you have {given.shape}."
    if np.allclose(given, logits.max(0)):
        return "That is how large the largest logit is. You need its position, from 0 to 18."
    if np.array_equal(given, logits.argmin(0)):
        return "That is the class with the smallest logit. The largest one is the answer."
    if np.array_equal(given, expected + 1):
        return "Classes are counted from 0: road is 0."
    return f"The first pixel is class {expected[0, 0]}; you have {given[0, 0]}."


def accuracy(function) -> str | None:
    """A function of truth and prediction, two arrays of the same shape; it returns 0 to 1."""
    truth = np.array([[0, 0, 1, 1], [2, 2, 255, 255]], np.uint8)
    prediction = np.array([[0, 0, 1, 0], [2, 0, 0, 2]], np.uint8)
    given = float(function(truth, prediction))
    mistaken = {
        4 / 6: None,
        4 / 8: "You divide by all pixels. Leave the two ignored ones out there as well.",
        6 / 8: "You count the ignored pixels as right. Leave them out altogether.",
        2 / 6: "That is the share that is wrong.",
        400 / 6: "That is in per cent. A share is a number from 0 to 1.",
        4.0: "That is how many are right. What share of the labelled pixels is that?",
    }
    general = f"4 of 6 labelled pixels are right, 2 pixels are ignored: 0.67. You have {given:.2f}."
    return numeric_hint(given, mistaken, general)


def prepare(function) -> str | None:
    """A function of an image (height, width, 3) of bytes; it returns (1, 3, height, width)."""
    image = np.random.default_rng(0).integers(0, 256, (2, 4, 3), np.uint8)
    image[0, 0] = 0, 255, 51
    expected = image.transpose(2, 0, 1)[np.newaxis] / 127.5 - 1
    given = np.asarray(function(image))
    if given.shape in ((3, 2, 4), (2, 4, 3)):
        first = "" if given.shape[0] == 3 else "The colours come first. "
        return f"{first}A batch of one image has the shape (1, 3, 2, 4); you have {given.shape}."
    if given.shape == (1, 3, 4, 2):
        return "Height and width have changed places: the image lies on its side."
    if given.shape != (1, 3, 2, 4):
        return f"An image (2, 4, 3) should become (1, 3, 2, 4); you have {given.shape}."
    if np.allclose(given, expected, atol=0.01):
        if given.dtype == np.float32:
            return None
        return f"The numbers are right, but their type is {given.dtype}. The network needs float32."
    others = {
        "Right shape, wrong places: `reshape` does not move the colours, `transpose` does.": (
            image.reshape(1, 3, 2, 4) / 127.5 - 1
        ),
        "Your values go from 0 to 1. The network was trained on -1 to 1.": (expected + 1) / 2,
        "The values still go from 0 to 255.": (expected + 1) * 127.5,
        "Red and blue are swapped: the first channel must be red.": expected[:, ::-1],
    }
    for hint, values in others.items():
        if np.allclose(given, values, atol=0.01):
            return hint
    red, green, blue = given[0, :, 0, 0]
    return (
        "The pixel (0, 255, 51) should become (-1, 1, -0.6); yours is "
        f"({red:.2g}, {green:.2g}, {blue:.2g})."
    )
