"""What runs a trained network: Paddle itself, or ONNX Runtime. Taught in ``06_deployment``."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from bisenet_lib import checkpoint, devices, export, parity
from bisenet_lib.errors import InputError
from bisenet_lib.files import written_whole
from bisenet_lib.onnx_engine import OnnxEngine
from bisenet_lib.paddleseg_compat import paddle

ENGINES = ("auto", "onnx", "paddle")

Network = Callable[[paddle.Tensor], Sequence[paddle.Tensor]]
"""Maps (N, 3, H, W) float32 to a list whose first entry is (N, C, H, W) float32 logits."""


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


def load(
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
        path: see :func:`bisenet_lib.checkpoint.weights_file`.
        engine: ``paddle``; ``onnx``, which runs on the CPU and exports the network on first
            use; or ``auto``: ``onnx`` on a CPU, ``paddle`` elsewhere.
        device: see :func:`bisenet_lib.devices.select`.
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
        return export.load(settings, path)
    return OnnxNetwork(OnnxEngine(cached_onnx(settings, path, names)))


def check_name(engine: str) -> None:
    """Refuse an unknown engine.

    Raises:
        InputError: it is none of :data:`ENGINES`.
    """
    if engine not in ENGINES:
        raise InputError(f"engine is {engine!r}; choose one of {', '.join(ENGINES)}")


def cached_onnx(settings: Mapping[str, Any], path: Path, names: Sequence[str]) -> Path:
    """The ONNX file of a checkpoint, made if it is not there yet.

    It lies beside the weights as ``model.HASH.onnx``, or in the system's folder for temporary
    files where that one cannot be written to. The hash is of the weights and of what is
    written with them; files of earlier weights are deleted. There being no image at hand, it is
    compared with the checkpoint on noise.

    Args:
        settings: its resolved configuration.
        path: see :func:`bisenet_lib.checkpoint.weights_file`.
        names: of the classes.

    Raises:
        InputError: the checkpoint does not fit, or the export gives other classes than it.
    """
    weights = checkpoint.weights_file(path)
    about = json.dumps([settings["model"], export.metadata(settings, names)]).encode()
    name = hashlib.sha256(weights.read_bytes() + about).hexdigest()[:12]
    folder = weights.parent
    if not os.access(folder, os.W_OK):
        folder = Path(tempfile.gettempdir()) / f"bisenet-onnx-{os.getuid()}"
    target = folder / f"{weights.stem}.{name}.onnx"
    if not target.is_file():
        for old in folder.glob(f"{weights.stem}.{'[0-9a-f]' * len(name)}.onnx"):
            with suppress(OSError):
                old.unlink()
        model = export.load(settings, weights)
        noise = np.random.default_rng(0).normal(0, 0.5, (3, 128, 256)).astype(np.float32)
        with written_whole(target) as part:
            export.write_onnx(model, part, settings, names)
            found = parity.compare(model, {"onnx": parity.onnx_file(part)}, [noise])
            parity.check(found["onnx"], target)
    return target
