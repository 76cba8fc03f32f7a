"""Exercises of ``03_training``."""

import numpy as np


def epochs(answer) -> str | None:
    """A number: how often the recipe sees each training image, on average."""
    if np.isclose(answer, 160_000 * 16 / 2975, rtol=0.005):
        return None
    mistaken = {
        160_000 * 16: "So many images are seen in all. How many different ones are there?",
        160_000 * 4 / 2975: "Those are the images of one card. The recipe has four.",
        160_000 / 2975: "An iteration is not one image. How many are there on all four cards?",
        2975 / 16: "So many iterations make one epoch. How many of these are in 160,000?",
    }
    general = "Images seen in all, divided by the images there are."
    return next((hint for value, hint in mistaken.items() if np.isclose(answer, value)), general)


def flip(answer) -> str | None:
    """A function of an image (H, W, 3) and a label (H, W) that gives both, mirrored."""
    image, label = np.arange(18).reshape(2, 3, 3), np.array([[0, 1, 2], [3, 4, 5]])
    mirrored_image, mirrored_label = answer(image, label)
    if np.shape(mirrored_image) != image.shape or np.shape(mirrored_label) != label.shape:
        return "Give two arrays of the shapes that went in: the image and the label."
    if np.array_equal(mirrored_image, image[:, ::-1]) and np.array_equal(
        mirrored_label, label[:, ::-1]
    ):
        return None
    if np.array_equal(mirrored_label, label) and not np.array_equal(mirrored_image, image):
        return "The label stays where it was: now its pixels belong to other things."
    for name, mirrored, original in (
        ("image", mirrored_image, image),
        ("label", mirrored_label, label),
    ):
        if np.array_equal(mirrored, original):
            return f"The {name} is not mirrored."
        if np.array_equal(mirrored, original[::-1]):
            return f"The {name} stands on its head: the first axis is the rows."
        if np.array_equal(mirrored, original[::-1, ::-1]):
            return f"The {name} is turned by half a turn. Only its columns change places."
    if np.array_equal(mirrored_image, image[..., ::-1]):
        return "The last axis of an image is red, green and blue; left and right is another one."
    return f"Of the label {label.tolist()} you made {np.asarray(mirrored_label).tolist()}."


def cross_entropy(answer) -> str | None:
    """A function of logits (C, H, W) and a label (H, W), 255 ignored; it gives one number."""
    logits = np.array([[[2.0, 0.0, 1.0]], [[0.0, 1.0, 1.0]], [[0.0, 0.0, 4.0]]])
    label = np.array([[0, 1, 255]])
    given, each = answer(logits, label), _each(logits[:, 0, :2], label[0, :2])
    wanted = each.mean()
    mistaken = {
        each.sum(): "That is the sum. Take the mean over the labelled pixels.",
        each.sum() / 3: "You divided by all pixels. The ignored one does not count.",
        -wanted: "The logarithm of a probability is negative; a loss is not. Mind the sign.",
        wanted / np.log(2): "The field's logarithm is the natural one, np.log.",
        _each(logits[:, 0], np.array([0, 1, 2])).mean(): "255 is no class: leave its pixel out.",
    }
    if np.ndim(given) > 0:
        return f"One number is asked for, the mean over the pixels; you have {given}."
    if not np.isclose(given, wanted):
        general = (
            "Softmax over the classes, then minus the logarithm of the right class's share. "
            f"For logits 2, 0, 0 and class 0 that is {each[0]:.4f}."
        )
        return next((hint for value, hint in mistaken.items() if np.isclose(given, value)), general)
    with np.errstate(all="ignore"):  # that it overflows is told below
        shifted = answer(logits + 1000, label)
    if not np.isclose(shifted, wanted):
        return (
            "Right, but with logits near 1000 np.exp overflows. Softmax stays the same if each "
            "pixel's largest logit is subtracted first."
        )
    return None


def halved(answer) -> str | None:
    """A number: the iteration of 160,000 at which the learning rate is half of what it was."""
    if np.isclose(answer, 160_000 * (1 - 0.5 ** (1 / 0.9)), rtol=0.002):
        return None
    mistaken = {
        80_000: "On a straight line it would be there. The power of 0.9 bends it.",
        160_000 * 0.5 ** (1 / 0.9): "So many iterations are left then. How many are done?",
        160_000 * (1 - 0.5**0.9): "Undo the power: the exponent is 1 / 0.9.",
    }
    general = "Solve (1 - iteration / 160000) ** 0.9 = 0.5 for the iteration."
    close = (hint for value, hint in mistaken.items() if np.isclose(answer, value, rtol=2e-4))
    return next(close, general)


def step(answer) -> str | None:
    """A function of weight, gradient, velocity and rate; it gives (weight, velocity)."""
    weight, gradient, velocity = np.array([1.0, -20.0]), np.array([0.2, 0.4]), np.array([1.0, 0.0])
    rate, momentum, decay = 0.2, 0.9, 0.0005
    new, speed = answer(weight, gradient, velocity, rate)
    if np.shape(new) != weight.shape or np.shape(speed) != weight.shape:
        return "Give two arrays of the weight's shape: the new weight and the new velocity."
    pulled = gradient + decay * weight
    wanted = momentum * velocity + pulled
    if np.allclose(speed, wanted) and np.allclose(new, weight - rate * wanted):
        return None
    mistaken = {
        "Weight decay is missing: 0.0005 times the weight comes to the gradient.": (
            momentum * velocity + gradient
        ),
        "Momentum is missing: 0.9 of the old velocity stays.": pulled,
        "Weight decay has the wrong sign: it is to make weights smaller.": (
            momentum * velocity + gradient - decay * weight
        ),
        "Here the rate belongs to the weight's step and not into the velocity.": (
            momentum * velocity + rate * pulled
        ),
        "The new gradient counts in full; only the old velocity is taken 0.9 times.": (
            momentum * velocity + (1 - momentum) * pulled
        ),
    }
    for hint, value in mistaken.items():
        if np.allclose(speed, value):
            return hint
    if not np.allclose(speed, wanted):
        return f"The velocity becomes {wanted.round(4).tolist()}; you have {speed}."
    if np.allclose(new, weight + rate * wanted):
        return "That goes uphill: subtract."
    if np.allclose(new, weight - rate * velocity):
        return "The step is made with the new velocity, not with the old one."
    if np.allclose(new, weight - wanted):
        return "The velocity is right. Its step is taken `rate` times."
    return "The velocity is right. The weight becomes weight - rate * velocity."


def _each(logits: np.ndarray, label: np.ndarray) -> np.ndarray:
    """The cross-entropy of N pixels: (C, N) logits and (N,) classes give (N,)."""
    share = np.exp(logits) / np.exp(logits).sum(axis=0)
    return -np.log(share[label, np.arange(label.size)])
