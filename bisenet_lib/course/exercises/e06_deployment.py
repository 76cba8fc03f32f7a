"""Exercises of ``06_deployment``."""

import numpy as np

from bisenet_lib.course.exercises.hints import numeric_hint


def metres(answer) -> str | None:
    """A number: metres at 90 km/h, in 40 ms of camera, 50 of network, 10 of program."""
    mistaken = {
        2.5: None,
        9.0: "90 km/h are not 90 m/s: an hour has 3600 seconds, a kilometre 1000 metres.",
        2500: "That would be 100 seconds. How long is a millisecond?",
        1.25: "That is the network alone. The car also moves before it and after it.",
        1.5: "The camera's time counts as well: the car moves until the frame is there.",
        2.25: "The program after the network takes time too.",
        32.4: "It is the other way round: to get from km/h to m/s, divide by 3.6.",
    }
    general = "Multiply metres per second by all the seconds from the light to the brake."
    return numeric_hint(answer, mistaken, general)


def batches(answer) -> str | None:
    """A function of images per batch, its ms and the ms between frames: (images per s, ms)."""
    for number, took, interval in ((4, 100, 40), (1, 30, 40), (8, 120, 20)):
        throughput, latency = answer(number, took, interval)
        wait = (number - 1) * interval
        case = f"A batch of {number} in {took} ms, a frame every {interval} ms: "
        if np.isclose(throughput, 1000 * number / took) and np.isclose(latency, wait + took):
            continue
        if np.isclose(throughput, number / took):
            return "Your throughput is in images per millisecond. A second has 1000 milliseconds."
        if np.isclose(throughput, 1000 / took):
            return "That is the number of batches per second. How many images are in one?"
        if not np.isclose(throughput, 1000 * number / took):
            return f"{case}{1000 * number / took:g} images per second; you have {throughput:g}."
        if np.isclose(latency, took):
            return "Before the network starts, the first image waits for the last one of its batch."
        if np.isclose(latency, took / number):
            return "No image is answered before its batch is done: do not divide its time."
        if np.isclose(latency, number * interval + took):
            return (
                f"Between the first and the last of {number} image(s) lie {number - 1} intervals."
            )
        return (
            f"{case}the first image waits {wait} ms and has its answer {took} ms later; "
            f"you have {latency:g}."
        )
    return None


def prepare(answer) -> str | None:
    """A function of an image of cv2.imread, mean and deviation; it returns (1, 3, H, W) float32."""
    image = np.random.default_rng(0).integers(0, 256, (2, 4, 3), np.uint8)
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    given = np.asarray(answer(image, mean, deviation))
    if given.shape != (1, 3, 2, 4):
        return f"An image (2, 4, 3) should become (1, 3, 2, 4); you have {given.shape}."

    def batch(pixels):
        return np.transpose(pixels, (2, 0, 1))[np.newaxis]

    rgb = image[..., ::-1] / 255
    right = batch((rgb - mean) / deviation)
    others = {
        "Blue and red are exchanged: `cv2.imread` gives BGR, and the network wants RGB.": (
            batch((image / 255 - mean) / deviation)
        ),
        "Red is first, but got the mean of blue. Reverse the colours before you subtract.": (
            batch((image / 255 - mean) / deviation)[:, ::-1]
        ),
        "The mean is meant for numbers from 0 to 1: divide the bytes by 255 first.": (
            batch((255 * rgb - mean) / deviation)
        ),
        "You subtracted the mean; now divide by the standard deviation.": batch(rgb - mean),
        "Subtract the mean first, then divide by the standard deviation.": batch(
            rgb / deviation - mean
        ),
        "Right shape, wrong places: `reshape` moves no colours, `transpose` does.": (
            ((rgb - mean) / deviation).reshape(1, 3, 2, 4)
        ),
    }
    if np.allclose(given, right, atol=1e-4):
        if given.dtype == np.float32:
            return None
        return f"The numbers are right, but their type is {given.dtype}. The network needs float32."
    for hint, values in others.items():
        if np.allclose(given, values, atol=1e-4):
            return hint
    return (
        f"The pixel {tuple(image[0, 0].tolist())} of BGR should become "
        f"{right[0, :, 0, 0].round(2).tolist()}; yours is {given[0, :, 0, 0].round(2).tolist()}."
    )


def fold(answer) -> str | None:
    """A function of weight, bias, gamma, beta, mean, variance and epsilon: (weight, bias)."""
    random = np.random.default_rng(0)
    weight, (bias, gamma, beta, mean) = random.normal(size=(3, 3)), random.normal(size=(4, 3))
    variance, epsilon = random.uniform(0.5, 2, 3), 0.1
    given, shift = answer(weight, bias, gamma, beta, mean, variance, epsilon)
    scale = gamma / np.sqrt(variance + epsilon)
    weights = {
        "": weight * scale[:, None],
        "Divide gamma by the square root of the variance.": (
            weight * (gamma / (variance + epsilon))[:, None]
        ),
        "Add epsilon to the variance, under the square root.": (
            weight * (gamma / np.sqrt(variance))[:, None]
        ),
        "Each output has its own scale: a row of `weight`. You scaled the columns, the inputs.": (
            weight * scale
        ),
        "The weight has not changed.": weight,
    }
    shifts = {
        "": scale * (bias - mean) + beta,
        "The weight is right. The convolution's own bias must be scaled as well.": (
            bias - scale * mean + beta
        ),
        "The weight is right. The convolution's own bias is missing.": beta - scale * mean,
        "The weight is right. Subtract the mean before you scale.": (scale * bias - mean + beta),
        "The weight is right. The mean must be subtracted.": scale * (bias + mean) + beta,
        "The weight is right. beta is missing.": scale * (bias - mean),
        "The weight is right. Add beta after you scale.": scale * (bias - mean + beta),
    }
    for array, known in ((given, weights), (shift, shifts)):
        if np.shape(array) != known[""].shape:
            return f"Return a weight (3, 3) and a bias (3,); one has the shape {np.shape(array)}."
        hint = next((hint for hint, value in known.items() if np.allclose(array, value)), None)
        if hint is None:
            which = "weight" if known is weights else "bias"
            return f"The {which} is wrong. Write out the batch norm and collect what multiplies x."
        if hint:
            return hint
    return None
