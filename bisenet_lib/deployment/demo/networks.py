"""The network that a demo shows, and the engines that run it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bisenet_lib.data.labels import CLASS_NAMES, colour_table
from bisenet_lib.deployment.photographs import open_predictor
from bisenet_lib.deployment.predictor import ENLARGED, PHOTO, Predictor, input_size

if TYPE_CHECKING:
    from bisenet_lib.deployment import engines

Segmenter = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Maps (3, H, W) float32, normalised, to (H, W) uint8 classes and (C, H, W) float32 logits."""

UNKNOWN = (512, 256)
"""Width and height that a network begins with of which nobody knows for which it was trained."""


@dataclass(frozen=True)
class Engine:
    """What can run a network.

    Args:
        name: as in ``--engine`` of other commands.
        title: for people.
        load: makes it ready, which may take seconds.
    """

    name: str
    title: str
    load: Callable[[], Segmenter]


@dataclass(frozen=True)
class DemoNetwork:
    """A trained network.

    Args:
        title: where it comes from, for people.
        predictor: its ONNX file, with its classes and how an image is normalised for it.
        engines: that can run it; the first is the one to begin with.
    """

    title: str
    predictor: Predictor
    engines: Sequence[Engine]

    @property
    def trained(self) -> tuple[int, int]:
        """Width and height of the images it was trained on, or that it shall be used for."""
        asked = self.predictor.size
        if asked is not None and not isinstance(asked, str):
            return asked
        return self.predictor.trained or UNKNOWN

    @property
    def width(self) -> int:
        """Where :meth:`input_size` begins."""
        return 0 if self.predictor.size == PHOTO else self.trained[0]

    def input_size(self, size: tuple[int, int], width: int) -> tuple[int, int]:
        """The input's width and height for a picture.

        Args:
            size: width and height of the picture.
            width: of the input for a picture like those trained on; others get as many pixels. 0
                takes the picture's own size.
        """
        if not width:
            return size
        trained = self.trained
        most = ENLARGED if self.predictor.size is None and width == self.width else math.inf
        height = math.floor(width * trained[1] / trained[0] + 0.5)  # as the page rounds
        return input_size(size, (width, max(1, height)), most)

    def reason(self) -> str:
        """Why pictures are shown to it at the size to begin with."""
        if self.predictor.size is not None:
            return "as was asked for"
        if self.predictor.trained is None:
            return "since its file does not say for which size it was trained"
        return "as it was trained for {}x{}".format(*self.trained)

    def palettes(self) -> dict[str, list[list[int]]]:
        """The RGB colours of its classes: its own, and those for any colour vision."""
        own, count = self.predictor.colours.tolist(), len(self.predictor.names)
        palettes = {"own": own}
        if count <= len(CLASS_NAMES):  # any two of these stay apart, whatever they stand for
            palettes["colour-blind"] = colour_table("colour-blind")[:count].tolist()
        return palettes


def of_export(path: Path, title: str, size: Sequence[int] | str | None = None) -> DemoNetwork:
    """Open an ONNX file; Paddle is not needed.

    Args:
        path: a file that `bisenet export` wrote.
        title: see :class:`DemoNetwork`.
        size: see :class:`bisenet_lib.deployment.predictor.Predictor`.

    Raises:
        InputError: see :func:`bisenet_lib.deployment.photographs.open_predictor`.
    """
    predictor = open_predictor(path, size=size)
    return DemoNetwork(title, predictor, (_onnx(predictor),))


def of_checkpoint(
    settings: Mapping[str, Any],
    weights: Path,
    title: str,
    size: Sequence[int] | str | None = None,
) -> DemoNetwork:
    """Open a checkpoint, which ONNX Runtime and Paddle can run.

    Args:
        settings: its resolved configuration.
        weights: see :func:`bisenet_lib.network.checkpoint.weights_file`.
        title: see :class:`DemoNetwork`.
        size: see :class:`bisenet_lib.deployment.predictor.Predictor`.

    Returns:
        The network; Paddle is its first engine where it has a GPU.

    Raises:
        InputError: see :func:`bisenet_lib.deployment.engines.cached_onnx`.
    """
    from bisenet_lib.config import class_names
    from bisenet_lib.deployment import engines
    from bisenet_lib.runtime import devices  # they load Paddle

    names = class_names.names_of(settings)
    predictor = open_predictor(engines.cached_onnx(settings, weights, names), size=size)
    device = devices.select("auto")
    paddle = Engine(
        "paddle",
        "Paddle" if device == "cpu" else f"Paddle, {device}",
        lambda: _paddle(engines.load_network(settings, weights, engine="paddle", names=names)),
    )
    both = (_onnx(predictor), paddle)
    return DemoNetwork(title, predictor, both if device == "cpu" else both[::-1])


def _onnx(predictor: Predictor) -> Engine:
    def run(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        inputs = {"image": image[np.newaxis]}
        classes, logits = predictor.session.run(["classes", "logits"], inputs)
        return classes[0], logits[0]

    return Engine("onnx", "ONNX Runtime", lambda: run)


def _paddle(network: "engines.Network") -> Segmenter:
    from bisenet_lib.runtime.paddleseg_compat import paddle

    def run(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with paddle.no_grad():
            logits = network(paddle.to_tensor(image[np.newaxis]))[0].numpy()[0]
        return logits.argmax(0).astype(np.uint8), logits

    return run
