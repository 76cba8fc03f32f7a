"""Exercises of ``03_training``."""

import numpy as np

from bisenet_lib.course.exercises.hints import numeric_hint


def epochs(answer) -> str | None:
    """A number: how often the recipe sees each training image, on average."""
    if np.isclose(answer, 160_000 * 16 / 2975, rtol=0.005):
        return None
    mistaken = {
        160_000
        * 16: "That is how many images are seen in total. How many different ones are there?",
        160_000 * 4 / 2975: "You counted the images of one GPU. The recipe has four.",
        160_000 / 2975: "An iteration is not one image. How many are there on all four GPUs?",
        2975
        / 16: "That is how many iterations make one epoch. How many epochs are 160,000 iterations?",
    }
    general = "Divide the images seen in total by the number of training images."
    return numeric_hint(answer, mistaken, general)


def flip(answer) -> str | None:
    """A function of an image (H, W, 3) and a label (H, W) that returns both, mirrored."""
    image, label = np.arange(18).reshape(2, 3, 3), np.array([[0, 1, 2], [3, 4, 5]])
    mirrored_image, mirrored_label = answer(image, label)
    if np.shape(mirrored_image) != image.shape or np.shape(mirrored_label) != label.shape:
        return "Return two arrays of the same shapes: the image and the label."
    if np.array_equal(mirrored_image, image[:, ::-1]) and np.array_equal(
        mirrored_label, label[:, ::-1]
    ):
        return None
    if np.array_equal(mirrored_label, label) and not np.array_equal(mirrored_image, image):
        return "The label stays where it was, so its pixels now belong to other things."
    for name, mirrored, original in (
        ("image", mirrored_image, image),
        ("label", mirrored_label, label),
    ):
        if np.array_equal(mirrored, original):
            return f"The {name} is not mirrored."
        if np.array_equal(mirrored, original[::-1]):
            return f"The {name} is upside down: the first axis holds the rows."
        if np.array_equal(mirrored, original[::-1, ::-1]):
            return f"The {name} is turned by half a turn. Only its columns change places."
    if np.array_equal(mirrored_image, image[..., ::-1]):
        return "The last axis of an image is red, green and blue; left and right are on another."
    return f"From the label {label.tolist()} you made {np.asarray(mirrored_label).tolist()}."


def cross_entropy(answer) -> str | None:
    """A function of logits (C, H, W) and a label (H, W), 255 ignored; it returns one number."""
    logits = np.array([[[2.0, 0.0, 1.0]], [[0.0, 1.0, 1.0]], [[0.0, 0.0, 4.0]]])
    label = np.array([[0, 1, 255]])
    given, each = answer(logits, label), _each(logits[:, 0, :2], label[0, :2])
    wanted = each.mean()
    mistaken = {
        each.sum(): "That is the sum. Take the mean over the labelled pixels.",
        each.sum() / 3: "You divided by all pixels. The ignored one does not count.",
        -wanted: "The logarithm of a probability is negative; a loss is not. Mind the sign.",
        wanted / np.log(2): "The loss takes the natural logarithm, np.log.",
        _each(logits[:, 0], np.array([0, 1, 2])).mean(): "255 is not a class: leave its pixel out.",
    }
    if np.ndim(given) > 0:
        return f"The answer is one number, the mean over the pixels; you have {given}."
    if not np.isclose(given, wanted):
        general = (
            "Take the softmax over the classes, then minus the logarithm of the true class's "
            "probability. "
            f"For logits 2, 0, 0 and class 0 that is {each[0]:.4f}."
        )
        return numeric_hint(given, mistaken, general)
    with np.errstate(all="ignore"):  # the hint below tells of the overflow
        shifted = answer(logits + 1000, label)
    if not np.isclose(shifted, wanted):
        return (
            "Right, but with logits near 1000 np.exp overflows. Subtract each pixel's largest "
            "logit first: the softmax stays the same."
        )
    return None


def halved(answer) -> str | None:
    """A number: the iteration of 160,000 at which the learning rate is half of what it was."""
    if np.isclose(answer, 160_000 * (1 - 0.5 ** (1 / 0.9)), rtol=0.002):
        return None
    mistaken = {
        80_000: "On a straight line it would be there. The power of 0.9 bends the line.",
        160_000 * 0.5 ** (1 / 0.9): "That is how many iterations are left. How many are done?",
        160_000 * (1 - 0.5**0.9): "Undo the power: the exponent is 1 / 0.9.",
    }
    general = "Solve (1 - iteration / 160000) ** 0.9 = 0.5 for the iteration."
    return numeric_hint(answer, mistaken, general, rtol=2e-4)


def step(answer) -> str | None:
    """A function of weight, gradient, velocity and rate; it returns (weight, velocity)."""
    weight, gradient, velocity = np.array([1.0, -20.0]), np.array([0.2, 0.4]), np.array([1.0, 0.0])
    rate, momentum, decay = 0.2, 0.9, 0.0005
    new, speed = answer(weight, gradient, velocity, rate)
    if np.shape(new) != weight.shape or np.shape(speed) != weight.shape:
        return "Return two arrays of the weight's shape: the new weight and the new velocity."
    pulled = gradient + decay * weight
    wanted = momentum * velocity + pulled
    if np.allclose(speed, wanted) and np.allclose(new, weight - rate * wanted):
        return None
    mistaken = {
        "Weight decay is missing: add 0.0005 times the weight to the gradient.": (
            momentum * velocity + gradient
        ),
        "Momentum is missing: 0.9 of the old velocity stays.": pulled,
        "Weight decay has the wrong sign: it should make weights smaller.": (
            momentum * velocity + gradient - decay * weight
        ),
        "The learning rate belongs to the weight's update, not to the velocity.": (
            momentum * velocity + rate * pulled
        ),
        "The new gradient counts in full; only the old velocity is multiplied by 0.9.": (
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
        return "Update the weight with the new velocity, not with the old one."
    if np.allclose(new, weight - wanted):
        return "The velocity is right. Multiply it by `rate`, then subtract."
    return "The velocity is right. The weight becomes weight - rate * velocity."


def _each(logits: np.ndarray, label: np.ndarray) -> np.ndarray:
    """The cross-entropy of N pixels: (C, N) logits and (N,) classes give (N,)."""
    share = np.exp(logits) / np.exp(logits).sum(axis=0)
    return -np.log(share[label, np.arange(label.size)])
