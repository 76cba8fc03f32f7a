"""The network that a demo shows, and the engines that run it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bisenet_lib.data.labels import CLASS_NAMES, colour_table
from bisenet_lib.deployment.photographs import open_predictor
from bisenet_lib.deployment.predictor import ENLARGED, PHOTO, Predictor, input_size
from bisenet_lib.deployment.runtimes import (
    INT8_FILE,
    CheckedSession,
    Runtime,
    file_for,
    installed,
    open_session,
)
from bisenet_lib.errors import InputError

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

    def beginning_with(self, name: str) -> "DemoNetwork":
        """The same with another engine first.

        Raises:
            InputError: it has no engine of that name.
        """
        names = [engine.name for engine in self.engines]
        if name not in names:
            raise InputError(
                f"engine {name}: not there for this network; choose one of {', '.join(names)}"
            )
        first = self.engines[names.index(name)]
        others = [engine for engine in self.engines if engine is not first]
        return replace(self, engines=(first, *others))

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
    there = path.with_name(INT8_FILE).is_file()
    menu = [runtime for runtime in installed() if there or not runtime.int8]
    return DemoNetwork(
        title, predictor, _exported(predictor, path, menu, lambda name: file_for(name, path))
    )


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
        The network; Paddle is its first engine where it has a GPU. What an engine of 8-bit
        integers runs is made when it is first chosen.

    Raises:
        InputError: see :func:`bisenet_lib.deployment.engines.cached_onnx`.
    """
    from bisenet_lib.config import class_names
    from bisenet_lib.deployment import engines
    from bisenet_lib.runtime import devices  # they load Paddle

    names = class_names.names_of(settings)
    path = engines.cached_onnx(settings, weights, names)
    predictor = open_predictor(path, size=size)
    device = devices.select("auto")
    paddle = Engine(
        "paddle",
        "Paddle" if device == "cpu" else f"Paddle, {device}",
        lambda: _paddle(engines.load_network(settings, weights, engine="paddle", names=names)),
    )
    others = _exported(
        predictor,
        path,
        installed(),
        lambda name: engines.cached_file(name, settings, weights, names),
    )
    return DemoNetwork(
        title, predictor, (*others, paddle) if device == "cpu" else (paddle, *others)
    )


def _exported(
    predictor: Predictor, path: Path, menu: Sequence[Runtime], file: Callable[[str], Path]
) -> tuple[Engine, ...]:
    """Engines that run an export; ``file`` gives what each of them runs."""

    def load(name: str) -> Segmenter:
        session = predictor.session
        if name != "onnx":
            session = CheckedSession(open_session(file(name), name), name, predictor.session)

        def run(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            classes, logits = session.run(["classes", "logits"], {"image": image[np.newaxis]})
            return classes[0], logits[0]

        return run

    return tuple(Engine(one.name, one.title, partial(load, one.name)) for one in menu)


def _paddle(network: "engines.Network") -> Segmenter:
    from bisenet_lib.runtime.paddleseg_compat import paddle

    def run(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with paddle.no_grad():
            logits = network(paddle.to_tensor(image[np.newaxis]))[0].numpy()[0]
        return logits.argmax(0).astype(np.uint8), logits

    return run
