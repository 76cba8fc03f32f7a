"""Exercises of ``06_deployment``."""

import numpy as np


def metres(answer) -> str | None:
    """A number: metres at 90 km/h, with 40 ms for camera, 50 for network, 10 for program."""
    mistaken = {
        2.5: None,
        9.0: "90 km/h are not 90 m/s: an hour has 3600 seconds, a kilometre 1000 metres.",
        2500: "That would be 100 seconds. How much is a millisecond?",
        1.25: "That is the network alone. Until it gets the frame, and after it, the car moves.",
        1.5: "The camera's time counts as well: what it shows has been there since then.",
        2.25: "The program after the network takes its time, too.",
        32.4: "The other way round: to come from km/h to m/s, divide by 3.6.",
    }
    general = "The speed in metres a second, times all the seconds from the light to the brake."
    return next((hint for value, hint in mistaken.items() if np.isclose(answer, value)), general)


def batches(answer) -> str | None:
    """A function of images a batch, its ms and the ms between frames: (images a second, ms)."""
    for number, took, interval in ((4, 100, 40), (1, 30, 40), (8, 120, 20)):
        throughput, latency = answer(number, took, interval)
        wait = (number - 1) * interval
        case = f"A batch of {number} in {took} ms, a frame each {interval} ms: "
        if np.isclose(throughput, 1000 * number / took) and np.isclose(latency, wait + took):
            continue
        if np.isclose(throughput, number / took):
            return "The throughput is in images a millisecond. A second has 1000 of them."
        if np.isclose(throughput, 1000 / took):
            return "So many batches are done in a second. How many images are in one?"
        if not np.isclose(throughput, 1000 * number / took):
            return f"{case}{1000 * number / took:g} images a second; you have {throughput:g}."
        if np.isclose(latency, took):
            return "Before the network starts, the first image waits for the last one of its batch."
        if np.isclose(latency, took / number):
            return "No image is answered before its batch is done: the time cannot be shared out."
        if np.isclose(latency, number * interval + took):
            return f"Between the first and the last of {number} image(s) lie {number - 1} pauses."
        return (
            f"{case}the first waits {wait} ms and is answered {took} later; you have {latency:g}."
        )
    return None


def prepare(answer) -> str | None:
    """A function of an image of cv2.imread, mean and deviation; it gives (1, 3, H, W) float32."""
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
        "Red is first, but got the mean of blue. Turn the colours round before you subtract.": (
            batch((image / 255 - mean) / deviation)[:, ::-1]
        ),
        "The mean is meant for numbers from 0 to 1: divide the bytes by 255 first.": (
            batch((255 * rgb - mean) / deviation)
        ),
        "The mean is taken off; now divide by the deviation.": batch(rgb - mean),
        "Subtract the mean first, then divide by the deviation.": batch(rgb / deviation - mean),
        "Right shape, wrong places: `reshape` moves no colours, `transpose` does.": (
            ((rgb - mean) / deviation).reshape(1, 3, 2, 4)
        ),
    }
    if np.allclose(given, right, atol=1e-4):
        if given.dtype == np.float32:
            return None
        return f"The numbers are right, but of the type {given.dtype}. The network takes float32."
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
        "gamma is divided by the root of the variance.": (
            weight * (gamma / (variance + epsilon))[:, None]
        ),
        "epsilon belongs to the variance, under the root.": (
            weight * (gamma / np.sqrt(variance))[:, None]
        ),
        "Each output has its own scale: a row of `weight`. You scaled the columns, the inputs.": (
            weight * scale
        ),
        "The weight is as it was.": weight,
    }
    shifts = {
        "": scale * (bias - mean) + beta,
        "The weight is right. The convolution's own bias is scaled as well.": (
            bias - scale * mean + beta
        ),
        "The weight is right. The convolution's own bias got lost.": beta - scale * mean,
        "The weight is right. The mean is subtracted before the scale is applied.": (
            scale * bias - mean + beta
        ),
        "The weight is right. The mean is to be subtracted.": scale * (bias + mean) + beta,
        "The weight is right. beta got lost.": scale * (bias - mean),
        "The weight is right. beta is added after the scale.": scale * (bias - mean + beta),
    }
    for array, known in ((given, weights), (shift, shifts)):
        if np.shape(array) != known[""].shape:
            return f"Give a weight (3, 3) and a bias (3,); one has the shape {np.shape(array)}."
        hint = next((hint for hint, value in known.items() if np.allclose(array, value)), None)
        if hint is None:
            which = "weight" if known is weights else "bias"
            return f"The {which} is another. Write the batch norm out and collect what meets x."
        if hint:
            return hint
    return None
