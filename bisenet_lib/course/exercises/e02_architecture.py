"""Exercises of ``02_architecture``."""

import numpy as np

DETAIL = [(3, 2), (3, 1), (3, 2), (3, 1), (3, 1), (3, 2), (3, 1), (3, 1)]
"""Size and stride of the detail branch's convolutions."""


def shapes(answer) -> str | None:
    """Three tuples (channels, height, width): of the detail branch, of S5, and of the logits."""
    right = [(128, 48, 96), (128, 12, 24), (19, 384, 768)]
    given = [tuple(map(int, shape)) for shape in answer]
    if len(given) != 3 or any(len(shape) != 3 for shape in given):
        return "The answer is three shapes, with three numbers each."
    if given == right:
        return None
    if given == [(c, w, h) for c, h, w in right]:
        return "The order is channels, height, width: an image is (3, height, width) here."
    if given[2] == (19, 48, 96):
        return "That is the size of the head's output. The logits are then scaled up to the image."
    names = ("the detail branch", "S5", "the logits")
    wrong = next(n for n in range(3) if given[n] != right[n])
    if given[wrong][0] != right[wrong][0]:
        return f"Look at the channels of {names[wrong]} in the figure at the top."
    return f"Each stride of 2 halves height and width. How many are there up to {names[wrong]}?"


def multiply_adds(answer) -> str | None:
    """A function of inputs, outputs, size, groups, height and width; it returns a number."""
    for inputs, outputs, size, groups, height, width in (
        (64, 128, 3, 1, 32, 64),
        (128, 19, 1, 1, 32, 64),
        (32, 192, 3, 32, 16, 32),
    ):
        given = answer(inputs, outputs, size, groups, height, width)
        values, window = outputs * height * width, inputs // groups * size * size
        if np.isclose(given, values * window, rtol=1e-9):
            continue
        if np.isclose(given, values * (window + 1), rtol=1e-9):
            return "That counts the bias as well. Here it is left out."
        if np.isclose(given, outputs * window, rtol=1e-9):
            return "Those are the weights. Each is used at every position of the output."
        if np.isclose(given, values * inputs * size, rtol=1e-9):
            return "The window has size x size positions."
        if groups > 1 and np.isclose(given, values * inputs * size * size, rtol=1e-9):
            return "With groups, an output looks at inputs / groups channels only."
        if groups > 1 and np.isclose(given, values * window / groups, rtol=1e-9):
            return "Groups reduce the inputs of each output. The number of outputs stays the same."
        return (
            f"{inputs} to {outputs} channels, {size}x{size}, {groups} group(s), output {height} x "
            f"{width}: {values * window:,} multiply-adds; you have {given:,}."
        )
    return None


def guide(answer) -> str | None:
    """A function of detail (C, 4H, 4W) and semantic (C, H, W); it returns the guided detail."""
    numbers = np.random.default_rng(0)
    detail, semantic = numbers.normal(size=(2, 8, 12)), numbers.normal(size=(2, 2, 3))
    given = np.asarray(answer(detail, semantic), float)
    if given.shape != detail.shape:
        return f"The result has the shape of detail, {detail.shape}; yours is {given.shape}."
    large = semantic.repeat(4, axis=1).repeat(4, axis=2)
    gate = 1 / (1 + np.exp(-large))
    if np.allclose(given, detail * gate):
        return None
    tiled = 1 / (1 + np.exp(-np.tile(semantic, (1, 4, 4))))
    mistaken = (
        (detail * large, "A gate lies between 0 and 1. What turns any number into such a one?"),
        (detail + gate, "That adds. A gate is a factor: it lets more or less through."),
        (detail + large, "That adds. A gate is a factor: it lets more or less through."),
        (gate, "That is the gate. What goes through it?"),
        (large / (1 + np.exp(-detail)), "It is the other way round: the semantic branch guides."),
        (detail * tiled, "`np.tile` puts whole copies side by side. `repeat` repeats each value."),
        (detail * (1 - gate), "The gate is upside down: look at the sign in the exponent."),
    )
    general = "Scale semantic up, turn it into a gate between 0 and 1, multiply."
    return next((hint for wrong, hint in mistaken if np.allclose(given, wrong)), general)


def receptive_field(answer) -> str | None:
    """A function of a list of (size, stride), one per layer; it returns a number of pixels."""
    given = answer([(3, 1)])
    if given != 3:
        return f"One 3x3 convolution sees 3 pixels across; you have {given}."
    given = answer([(3, 1), (3, 1)])
    if given != 5:
        return f"Two 3x3 convolutions of stride 1 see 5 pixels across; you have {given}."
    given = answer(DETAIL)
    if given == 67:
        return None
    if given == 81:
        return (
            "A layer's own stride does not widen what the layer itself sees, only what the "
            "layers after it see: one 3x3 convolution with stride 2 sees 3 pixels."
        )
    if given == 1 + 2 * len(DETAIL):
        return "That leaves the strides out. After a stride of 2, one step is two pixels wide."
    if given == 45:
        return "The strides multiply: after three of them, one step is 2 x 2 x 2 pixels wide."
    return f"The eight convolutions of the detail branch see 67 pixels; you have {given}."


def head_width(answer) -> str | None:
    """A number: the width of the head with which PaddleSeg's network would count 21.15 G."""
    if 640 <= answer <= 662:
        return None
    if 512 <= answer <= 535:
        return "That is how many channels you must add. How many are there already?"
    if 134 <= answer <= 138:
        return "The head does not work at the size of the image, but at 1/8 of it."
    if 250 <= answer <= 262 or 2080 <= answer <= 2240:
        return "Count the head's positions again: 1/8 of the height times 1/8 of the width."
    if answer > 4000:
        return "Each channel of the head looks at 128 channels, in a window of 3 x 3."
    return (
        "The network needs 5.01 G more. What does one more channel cost, at 64 x 128 positions: "
        "9 x 128 multiply-adds to compute it, 19 to use it?"
    )
