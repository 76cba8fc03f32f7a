"""Whether an exported network still is the one it was made from. Taught in ``06_deployment``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from bisenet_lib.errors import InputError
from bisenet_lib.files import utf8_path
from bisenet_lib.machine import cores
from bisenet_lib.onnx_engine import OnnxEngine
from bisenet_lib.paddleseg_compat import paddle
from bisenet_lib.silence import said_nothing

AGREEMENT = 0.9999
"""The share of pixels on which an export has to give the checkpoint's class."""
TIE = 1e-4
"""Two logits that are nearer to each other, relative to the largest, may exchange their places:
rounding decides. A network that was hardly trained has many."""

Run = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
"""Maps (3, H, W) float32 to (H, W) classes and (C, H, W) logits, or None without logits."""


@dataclass(frozen=True)
class Parity:
    """How an exported network compares with its checkpoint.

    Args:
        images: compared.
        pixels: share of their pixels with the same class, or one in a :data:`TIE` with it, 0 to 1.
        logits: largest difference of two logits; None where the export gives none.
    """

    images: int
    pixels: float
    logits: float | None


def onnx_file(path: Path) -> Run:
    """An ONNX file, run by ONNX Runtime.

    Args:
        path: as :func:`bisenet_lib.export.write_onnx` makes it.
    """
    engine = OnnxEngine(path)
    return lambda image: engine.both(image)


def paddle_folder(folder: Path) -> Run:
    """A network in Paddle's inference format, run by Paddle Inference on the CPU.

    Args:
        folder: as :func:`bisenet_lib.export.write_paddle` makes it.
    """
    with utf8_path(folder) as plain, said_nothing():
        options = paddle.inference.Config(str(plain / "model.json"), str(plain / "model.pdiparams"))
        options.set_cpu_math_library_num_threads(cores())
        predictor = paddle.inference.create_predictor(options)
    first = predictor.get_input_handle(predictor.get_input_names()[0])
    last = predictor.get_output_handle(predictor.get_output_names()[0])

    def run(image: np.ndarray) -> tuple[np.ndarray, None]:
        first.copy_from_cpu(np.ascontiguousarray(image[np.newaxis]))
        predictor.run()
        return last.copy_to_cpu()[0], None

    return run


def compare(
    model: paddle.nn.Layer, runs: Mapping[str, Run], images: Sequence[np.ndarray]
) -> dict[str, Parity]:
    """Compare exported networks with the one they were made from.

    Args:
        model: the network, in evaluation mode.
        runs: name to exported network.
        images: each (3, H, W) float32, normalised.

    Returns:
        The comparison of each.

    Raises:
        InputError: the network itself gives values that are no numbers.
    """
    same, total, far = dict.fromkeys(runs, 0), 0, {}
    for image in tqdm(images, "comparing", leave=False, unit="image"):
        with paddle.no_grad():
            expected = model(paddle.to_tensor(image[np.newaxis]))[0].numpy()[0]
        if not np.isfinite(expected).all():
            raise InputError("the checkpoint's own output is not finite; train it anew")
        best, tie = expected.max(0), TIE * np.abs(expected).max()
        total += best.size
        for name, run in runs.items():
            classes, logits = run(image)
            chosen = np.take_along_axis(expected, classes[np.newaxis].astype(np.int64), 0)[0]
            same[name] += int((best - chosen <= tie).sum())
            if logits is not None:
                far[name] = max(far.get(name, 0.0), float(np.abs(logits - expected).max()))
    return {name: Parity(len(images), same[name] / total, far.get(name)) for name in runs}


def check(found: Parity, path: Path) -> None:
    """Refuse an export that is another network.

    Args:
        found: the comparison.
        path: of the export, for the message.

    Raises:
        InputError: less than 99.99 % of the pixels have the class the checkpoint gives them.
    """
    if found.pixels < AGREEMENT:
        raise InputError(
            f"{path}: only {100 * found.pixels:.3f} % of the pixels have the class the checkpoint "
            f"gives them (asked for: {100 * AGREEMENT} %, images: {found.images}); not written. "
            "Use the versions of requirements.lock."
        )
