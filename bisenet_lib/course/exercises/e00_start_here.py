"""Exercises of ``00_start_here``."""

import numpy as np


def numbers(answer) -> str | None:
    """A number: the logits of a 2048 x 1024 image, with 19 classes."""
    pixels = 2048 * 1024
    mistaken = {
        19 * pixels: None,
        pixels: "So many classes come out in the end, one a pixel. How many logits has a pixel?",
        3 * pixels: "So many numbers go in, three colours a pixel. How many come out?",
        20 * pixels: "255 marks what is ignored in the truth. The network has no output for it.",
        34 * pixels: "Cityscapes has 34 ids; the network has an output for each class it learned.",
        19: "That is one pixel. How many pixels has the image?",
        19 * (2048 + 1024): "Width and height are to be multiplied: that is the number of pixels.",
    }
    return mistaken.get(answer, "A logit for each class, at each pixel: multiply three numbers.")


def answer(function) -> str | None:
    """A function of the logits (19, height, width); it gives the classes (height, width)."""
    logits = np.random.default_rng(0).normal(size=(19, 4, 6))
    expected, given = logits.argmax(0), np.asarray(function(logits))
    if given.shape == (4, 6) and np.array_equal(given, expected):
        return None
    if given.shape == ():
        return "That is one number. Without an axis `argmax` looks at all numbers together."
    if given.shape in ((19, 6), (19, 4)):
        return (
            f"The shape is {given.shape}: you went along the picture. Which axis are the classes?"
        )
    if given.shape != (4, 6):
        return f"The logits (19, 4, 6) should become (4, 6); you have {given.shape}."
    if np.allclose(given, logits.max(0)):
        return "That is how large the largest logit is. Asked for is its place, from 0 to 18."
    if np.array_equal(given, logits.argmin(0)):
        return "That is the class the network is least for. The largest logit is the answer."
    if np.array_equal(given, expected + 1):
        return "Classes count from 0: road is 0."
    return f"The first pixel is class {expected[0, 0]}; you have {given[0, 0]}."


def accuracy(function) -> str | None:
    """A function of truth and prediction, two arrays of one shape; it gives 0 to 1."""
    truth = np.array([[0, 0, 1, 1], [2, 2, 255, 255]], np.uint8)
    prediction = np.array([[0, 0, 1, 0], [2, 0, 0, 2]], np.uint8)
    given = float(function(truth, prediction))
    mistaken = {
        4 / 6: None,
        4 / 8: "You divide by all pixels. The two ignored ones are to be left out there as well.",
        6 / 8: "You count the ignored pixels as right. They are to be left out altogether.",
        2 / 6: "That is the share that is wrong.",
        400 / 6: "That is per cent. Asked for is the share, from 0 to 1.",
        4.0: "That is how many are right. What share of the labelled pixels is that?",
    }
    for value, hint in mistaken.items():
        if np.isclose(given, value):
            return hint
    return f"4 of 6 labelled pixels are right, 2 pixels are ignored: 0.67. You have {given:.2f}."


def prepare(function) -> str | None:
    """A function of an image (height, width, 3) of bytes; it gives (1, 3, height, width)."""
    image = np.random.default_rng(0).integers(0, 256, (2, 4, 3), np.uint8)
    image[0, 0] = 0, 255, 51
    expected = image.transpose(2, 0, 1)[np.newaxis] / 127.5 - 1
    given = np.asarray(function(image))
    if given.shape in ((3, 2, 4), (2, 4, 3)):
        missing = "batch of one image" if given.shape[0] == 3 else "colours first, and the batch"
        return f"The shape is {given.shape}, and should be (1, 3, 2, 4): the {missing}."
    if given.shape == (1, 3, 4, 2):
        return "Height and width have changed places: the image lies on its side."
    if given.shape != (1, 3, 2, 4):
        return f"An image (2, 4, 3) should become (1, 3, 2, 4); you have {given.shape}."
    if np.allclose(given, expected, atol=0.01):
        if given.dtype == np.float32:
            return None
        return f"The numbers are right, but of the type {given.dtype}. The network takes float32."
    others = {
        "Right shape, wrong places: `reshape` does not move the colours, `transpose` does.": (
            image.reshape(1, 3, 2, 4) / 127.5 - 1
        ),
        "From 0 to 1 is half of it: the network was trained on -1 to 1.": (expected + 1) / 2,
        "The bytes are still 0 to 255.": (expected + 1) * 127.5,
        "Red and blue are swapped: the first channel is red.": expected[:, ::-1],
    }
    for hint, values in others.items():
        if np.allclose(given, values, atol=0.01):
            return hint
    red, green, blue = given[0, :, 0, 0]
    return (
        "The pixel (0, 255, 51) should become (-1, 1, -0.6); yours is "
        f"({red:.2g}, {green:.2g}, {blue:.2g})."
    )
