"""What runs a trained network: Paddle itself, or ONNX Runtime. Taught in ``06_deployment``."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bisenet_lib.common import cache
from bisenet_lib.deployment import export
from bisenet_lib.deployment.onnx_runtime import OnnxEngine
from bisenet_lib.errors import InputError
from bisenet_lib.network import checkpoint
from bisenet_lib.runtime import devices
from bisenet_lib.runtime.paddleseg_compat import paddle

ENGINES = ("auto", "onnx", "paddle")


class Network(Protocol):
    """A network that can be evaluated: Paddle's own, or :class:`OnnxNetwork`."""

    def __call__(self, image: paddle.Tensor, /) -> Sequence[paddle.Tensor]:
        """Map (N, 3, H, W) float32 to a list that begins with (N, C, H, W) float32 logits."""

    def eval(self) -> object:
        """Leave the training mode."""


class OnnxNetwork:
    """A network in ONNX Runtime that PaddleSeg's ``infer`` calls as if it were Paddle's.

    Args:
        engine: of the ONNX file.
    """

    def __init__(self, engine: OnnxEngine) -> None:
        self.engine = engine

    def __call__(self, image: paddle.Tensor) -> list[paddle.Tensor]:
        """Give the logits of one image.

        Args:
            image: (1, 3, H, W) float32, normalised.
        """
        pixels = np.ascontiguousarray(image.numpy()[0])
        return [paddle.to_tensor(self.engine.logits(pixels)[np.newaxis])]

    def eval(self) -> None:
        """Do nothing: there is no training mode."""


def load_network(
    settings: Mapping[str, Any],
    path: Path,
    *,
    engine: str = "auto",
    device: str = "auto",
    names: Sequence[str],
) -> Network:
    """Make a checkpoint's network ready to segment.

    Args:
        settings: its resolved configuration.
        path: see :func:`bisenet_lib.network.checkpoint.weights_file`.
        engine: ``paddle``; ``onnx``, which runs on the CPU and exports the network on first
            use; or ``auto``: ``onnx`` on a CPU, ``paddle`` elsewhere.
        device: see :func:`bisenet_lib.runtime.devices.select`.
        names: of the classes.

    Raises:
        InputError: an unknown engine, ``onnx`` on another device than the CPU, or the
            checkpoint does not allow it.
    """
    check_name(engine)
    place = devices.select("cpu" if engine == "onnx" and device == "auto" else device)
    if engine == "onnx" and place != "cpu":
        raise InputError(f"engine onnx runs on the CPU; on {device} take engine paddle")
    if engine == "paddle" or place != "cpu":
        return export.trained_network(settings, path)
    return OnnxNetwork(OnnxEngine(cached_onnx(settings, path, names)))


def check_name(engine: str) -> None:
    """Refuse an unknown engine.

    Raises:
        InputError: it is none of :data:`ENGINES`.
    """
    if engine not in ENGINES:
        raise InputError(f"engine is {engine!r}; choose one of {', '.join(ENGINES)}")


def cached_onnx(settings: Mapping[str, Any], path: Path, names: Sequence[str]) -> Path:
    """The ONNX file of a checkpoint, from the user's cache or made for it.

    It is kept under a key of the weights, of what is written with them, and of the programs
    that write it, see :func:`bisenet_lib.common.cache.kept`; a file beside the weights is never
    taken. Since no image is at hand here, it is compared with the checkpoint on noise.

    Args:
        settings: its resolved configuration.
        path: see :func:`bisenet_lib.network.checkpoint.weights_file`.
        names: of the classes.

    Raises:
        InputError: the checkpoint does not fit, the export gives other classes than it, or
            there is no cache folder to use.
    """
    weights = checkpoint.weights_file(path)
    of_weights = cache.digest(weights)
    key_parts = [
        of_weights,
        settings["model"],
        export.metadata(settings, names),
        export.writer_versions(),
    ]

    def make(target: Path) -> None:
        model = export.trained_network(settings, weights)
        if cache.digest(weights) != of_weights:
            raise InputError(f"{weights}: changed while it was read. Run the command again.")
        noise = np.random.default_rng(0).normal(0, 0.5, (3, 128, 256)).astype(np.float32)
        export.write_onnx(model, target, settings, names)
        parities = export.compare_outputs(model, {"onnx": export.onnx_runner(target)}, [noise])
        export.check_parity(parities["onnx"], weights.with_suffix(".onnx"))

    key = hashlib.sha256(json.dumps(key_parts).encode()).hexdigest()
    return cache.kept(key, ".onnx", make)
