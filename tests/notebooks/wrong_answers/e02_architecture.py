"""Usual wrong answers to the exercises of ``02_architecture``, and a part of the hint to each."""

import numpy as np


def gate_of(x):
    return 1 / (1 + np.exp(-x))


def large(x):
    return x.repeat(4, axis=1).repeat(4, axis=2)


def own_stride_first(layers):
    field, step = 1, 1
    for size, stride in layers:
        step *= stride
        field += (size - 1) * step
    return field


def strides_added(layers):
    field, step = 1, 1
    for size, stride in layers:
        field += (size - 1) * step
        step += stride - 1
    return field


def product_of_sizes(layers):
    return int(np.prod([size for size, _ in layers]))


WRONG = {
    "shapes": [
        ([(128, 96, 48), (128, 24, 12), (19, 768, 384)], "channels, height, width"),
        ([(128, 48, 96), (128, 12, 24), (19, 48, 96)], "scaled up to the image"),
        ([(64, 48, 96), (128, 12, 24), (19, 384, 768)], "channels of the detail branch"),
        ([(128, 48, 96), (128, 24, 48), (19, 384, 768)], "up to S5"),
        ([(48, 96), (12, 24), (384, 768)], "three numbers each"),
        (128, "The answer needs another form. Three tuples"),
    ],
    "multiply_adds": [
        (lambda i, o, s, g, h, w: o * h * w * (i // g * s * s + 1), "bias as well"),
        (lambda i, o, s, g, h, w: o * i // g * s * s, "Those are the weights"),
        (lambda i, o, s, g, h, w: o * h * w * i * s, "size x size positions"),
        (lambda i, o, s, g, h, w: o * h * w * i * s * s, "inputs / groups channels only"),
        (
            lambda i, o, s, g, h, w: o // g * h * w * i // g * s * s,
            "number of outputs stays the same",
        ),
        (lambda i, o, s, g, h, w: 2 * o * h * w * i // g * s * s, "150,994,944 multiply-adds"),
        (lambda i, o, s: o, "ends in TypeError"),
    ],
    "guide": [
        (lambda d, s: d * large(s), "between 0 and 1"),
        (lambda d, s: d + gate_of(large(s)), "That adds"),
        (lambda d, s: d + large(s), "That adds"),
        (lambda d, s: gate_of(large(s)), "That is the gate"),
        (lambda d, s: large(s) * gate_of(d), "other way round"),
        (lambda d, s: d * gate_of(np.tile(s, (1, 4, 4))), "whole copies"),
        (lambda d, s: d * gate_of(-large(s)), "upside down"),
        (lambda d, s: d * s.mean(), "Scale semantic up"),
        (lambda d, s: gate_of(s), "yours is (2, 2, 3)"),
        (lambda d, s: d * gate_of(s), "ends in ValueError"),
    ],
    "receptive_field": [
        (own_stride_first, "own stride does not widen"),
        (lambda layers: 1 + sum(size - 1 for size, _ in layers), "leaves the strides out"),
        (strides_added, "The strides multiply"),
        (product_of_sizes, "you have 9"),
        (lambda layers: sum(size for size, _ in layers), "you have 6"),
        (lambda layers: 0, "One 3x3 convolution"),
    ],
    "head_width": [
        (521, "are there already"),
        (136, "not work at the size of the image"),
        (1024, "5.01 G more"),
        (258, "Count the head's positions again"),
        (21842 + 128, "window of 3 x 3"),
        ("649", "The answer needs another form. A number"),
    ],
}
