"""What runs a checkpoint: Paddle itself, or its export in one of the table of ``runtimes``.

Taught in ``06_deployment``.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime

from bisenet_lib.common import cache
from bisenet_lib.deployment import export, quantization, runtimes
from bisenet_lib.deployment.onnx_runtime import OnnxEngine
from bisenet_lib.errors import InputError
from bisenet_lib.network import checkpoint
from bisenet_lib.runtime import devices
from bisenet_lib.runtime.paddleseg_compat import paddle

OTHERS = ("auto", "paddle")
"""Engines of checkpoints in addition to :data:`bisenet_lib.deployment.runtimes.RUNTIMES`."""


class Network(Protocol):
    """A network that can be evaluated: Paddle's own, or :class:`OnnxNetwork`."""

    def __call__(self, image: paddle.Tensor, /) -> Sequence[paddle.Tensor]:
        """Map (N, 3, H, W) float32 to a list that begins with (N, C, H, W) float32 logits."""

    def eval(self) -> object:
        """Leave the training mode."""


class OnnxNetwork:
    """An exported network that PaddleSeg's ``infer`` calls as if it were Paddle's.

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
        engine: ``paddle``; one of :data:`bisenet_lib.deployment.runtimes.RUNTIMES`, which runs the
            network's export, made on first use; or ``auto``: ``onnx`` on a CPU, ``paddle``
            elsewhere.
        device: of Paddle, see :func:`bisenet_lib.runtime.devices.select`; an export runs on the
            CPU, or where its engine says.
        names: of the classes.

    Returns:
        The network. Any engine but ``onnx`` compares its classes of the first image with it, see
        :class:`bisenet_lib.deployment.runtimes.CheckedSession`.

    Raises:
        InputError: an unknown engine, or one that this computer does not have; an export on
            another device than the CPU; or the checkpoint does not allow it.
    """
    runtimes.check_name(engine, OTHERS)
    exported = engine in runtimes.RUNTIMES
    place = devices.select("cpu" if exported and device == "auto" else device)
    if exported and place != "cpu":
        raise InputError(
            f"engine {engine} is not for --device {device}, which is of Paddle: leave it out, "
            "or take --engine paddle"
        )
    if engine == "paddle" or place != "cpu":
        return export.trained_network(settings, path)
    float32 = OnnxEngine(cached_onnx(settings, path, names))
    if engine in ("onnx", "auto"):
        return OnnxNetwork(float32)
    found = OnnxEngine(cached_file(engine, settings, path, names), engine=engine)
    found.session = runtimes.CheckedSession(found.session, engine, float32.session)
    return OnnxNetwork(found)


def cached_file(engine: str, settings: Mapping[str, Any], path: Path, names: Sequence[str]) -> Path:
    """The file of a checkpoint's export that an engine runs, see :func:`cached_onnx`.

    Args:
        engine: a key of :data:`bisenet_lib.deployment.runtimes.RUNTIMES`.
        settings: its resolved configuration.
        path: see :func:`bisenet_lib.network.checkpoint.weights_file`.
        names: of the classes.

    Raises:
        InputError: see :func:`cached_onnx` and :func:`cached_int8`.
    """
    runtimes.check_name(engine)
    make = cached_int8 if runtimes.RUNTIMES[engine].int8 else cached_onnx
    return make(settings, path, names)


def cached_int8(settings: Mapping[str, Any], path: Path, names: Sequence[str]) -> Path:
    """The ONNX file of a checkpoint in 8-bit integers, from the user's cache or made for it.

    Its key holds the calibration images too, which are training images of the configuration.

    Args:
        settings: its resolved configuration.
        path: see :func:`bisenet_lib.network.checkpoint.weights_file`.
        names: of the classes.

    Raises:
        InputError: see :func:`cached_onnx` and
            :func:`bisenet_lib.deployment.quantization.calibration_images`.
    """
    source = cached_onnx(settings, path, names)
    images = quantization.calibration_images(settings)
    versions = [*export.writer_versions(), onnxruntime.__version__]
    key = hashlib.sha256("".join(versions).encode())
    key.update(Path(quantization.__file__).read_bytes())
    key.update(cache.digest(source).encode())
    for image in images:
        key.update(image.tobytes())
    return cache.kept(
        key.hexdigest(),
        ".onnx",
        lambda target: quantization.write_int8(source, target, images),
    )


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
