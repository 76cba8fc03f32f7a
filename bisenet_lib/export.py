"""Writing a trained network for use without its training code: Paddle inference format and ONNX.

What is written has been compared with the checkpoint on real images before. Taught in
``06_deployment``.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bisenet_lib import checkpoint, config
from bisenet_lib.errors import InputError
from bisenet_lib.files import written_whole
from bisenet_lib.labels import CLASSES
from bisenet_lib.onnx_engine import AGREEMENT, OnnxEngine
from bisenet_lib.paddleseg_compat import paddle

from paddleseg.deploy.export import WrappedModel  # isort: skip

OPSET = 17
FORMATS = ("paddle", "onnx")


@dataclass(frozen=True)
class Parity:
    """How an exported network compares with its checkpoint.

    Args:
        images: compared.
        pixels: share of their pixels with the same class, 0 to 1.
        logits: largest difference of two logits.
    """

    images: int
    pixels: float
    logits: float


class _WithClasses(paddle.nn.Layer):
    def __init__(self, model: paddle.nn.Layer) -> None:
        super().__init__()
        self.model = model

    def forward(self, image):
        logits = self.model(image)[0]
        return logits, paddle.argmax(logits, axis=1).astype("uint8")


def load(settings: Mapping[str, Any], path: Path) -> paddle.nn.Layer:
    """Build a configuration's network with a checkpoint's weights, in evaluation mode.

    Args:
        settings: a resolved configuration.
        path: see :func:`bisenet_lib.checkpoint.weights_file`.

    Raises:
        InputError: the checkpoint cannot be read or does not fit.
    """
    built = config.builder(settings)
    with config.refusals():
        model = built.model
    checkpoint.load_weights(model, path)
    model.eval()
    return model


def write_onnx(
    model: paddle.nn.Layer, path: Path, settings: Mapping[str, Any], names: Sequence[str]
) -> None:
    """Write a network as one ONNX file that any runtime reads, whole or not at all.

    Batch norm is folded into the convolutions before it. Input: ``image`` (N, 3, H, W) float32,
    normalised, of any size. Outputs: ``logits`` (N, C, H, W) float32 and ``classes`` (N, H, W)
    uint8. What has to be done to an image first, the class names and their colours are in the
    file's metadata.

    Args:
        model: the network, in evaluation mode.
        path: the file.
        settings: its resolved configuration.
        names: of its classes.

    Raises:
        InputError: the folder cannot be written to.
    """
    import onnx

    with tempfile.TemporaryDirectory() as folder:
        converted = _convert(_WithClasses(model), Path(folder))
        graph = _folded(converted)
    _name(graph, ["image"], ["logits", "classes"], ["batch", "height", "width"])
    onnx.helper.set_model_props(graph, metadata(settings, names))
    onnx.checker.check_model(graph)
    with written_whole(path) as part:
        onnx.save(graph, str(part))


def write_paddle(model: paddle.nn.Layer, folder: Path, settings: Mapping[str, Any]) -> None:
    """Write a network in Paddle's inference format, as PaddleSeg's ``tools/export.py`` does.

    ``model.json`` and ``model.pdiparams`` map (N, 3, H, W) float32 to (N, H, W) int32 classes;
    ``deploy.yaml`` names the transforms, for PaddleSeg's ``deploy`` programs.

    Args:
        model: the network, in evaluation mode.
        folder: a new or empty folder.
        settings: its resolved configuration.

    Raises:
        InputError: the folder cannot be written to, or holds something.
    """
    folder = Path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as part:
            _save(WrappedModel(model, "argmax"), Path(part) / "model")
            deploy = {
                "model": "model.json",
                "params": "model.pdiparams",
                "transforms": _transforms(settings),
                "output_op": "argmax",
                "output_dtype": "int32",
            }
            (Path(part) / "deploy.yaml").write_text(yaml.safe_dump({"Deploy": deploy}))
            Path(part).chmod(0o755)
            shutil.copytree(part, folder, dirs_exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror or error}). Choose another folder."
        ) from error


def parity(model: paddle.nn.Layer, path: Path, images: Sequence[np.ndarray]) -> Parity:
    """Compare an ONNX file with the network it was made from.

    Args:
        model: the network, in evaluation mode.
        path: the ONNX file.
        images: each (3, H, W) float32, normalised.
    """
    engine, same, total, far = OnnxEngine(path), 0, 0, 0.0
    for image in images:
        with paddle.no_grad():
            expected = model(paddle.to_tensor(image[np.newaxis]))[0].numpy()[0]
        far = max(far, float(np.abs(engine.logits(image) - expected).max()))
        same += int((engine.classes(image) == expected.argmax(0)).sum())
        total += expected[0].size
    return Parity(len(images), same / total, far)


def check(found: Parity, path: Path) -> None:
    """Refuse an export that is another network.

    Raises:
        InputError: less than 99.99 % of the pixels have the class the checkpoint gives them.
    """
    if not found.pixels >= AGREEMENT:
        raise InputError(
            f"{path}: only {100 * found.pixels:.3f} % of the pixels of {found.images} images have "
            f"the class the checkpoint gives them (asked for: {100 * AGREEMENT} %); not written. "
            "Use the versions of requirements.lock."
        )


def metadata(settings: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """What a program needs beside the network to use it, as texts.

    Args:
        settings: a resolved configuration.
        names: of its classes.

    Returns:
        ``mean``, ``std`` (of RGB from 0 to 1), ``size`` ([width, height] to resize an image to,
        or null), ``names`` and ``colours`` (RGB), each as JSON.

    Raises:
        InputError: the validation transforms do more than resize and normalise.
    """
    found: dict[str, Any] = {"size": None}
    for one in _transforms(settings):
        if one["type"] == "Normalize":
            found["mean"] = one.get("mean", [0.5] * 3)
            found["std"] = one.get("std", [0.5] * 3)
        elif one["type"] == "Resize" and not one.get("keep_ratio"):
            found["size"] = one.get("target_size", [512, 512])
        else:
            raise InputError(
                f"val_dataset: the transform {one['type']} cannot be written into an export; "
                "only Resize (without keep_ratio) and Normalize can."
            )
    found |= {"names": list(names), "colours": _colours(len(names))}
    return {key: json.dumps(value) for key, value in found.items()}


def _transforms(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "val_dataset" not in settings:
        raise InputError("the configuration has no val_dataset; its transforms are exported")
    return settings["val_dataset"]["transforms"]


def _colours(classes: int) -> list[list[int]]:
    if classes == len(CLASSES):
        return [list(one.color) for one in CLASSES]
    from paddleseg.utils.visualize import get_color_map_list

    flat = get_color_map_list(classes + 1)[3:]  # the first colour is black
    return [flat[n : n + 3] for n in range(0, 3 * classes, 3)]


def _save(layer: paddle.nn.Layer, stem: Path) -> None:
    layer.eval()
    image = paddle.static.InputSpec([None, 3, None, None], "float32", "image")
    with said_nothing():
        paddle.jit.save(layer, str(stem), input_spec=[image])


def _convert(layer: paddle.nn.Layer, folder: Path) -> Path:
    import paddle2onnx

    _save(layer, folder / "model")
    with said_nothing():
        # Its own optimiser installs packages over the network while it runs.
        paddle2onnx.export(
            str(folder / "model.json"),
            str(folder / "model.pdiparams"),
            str(folder / "converted.onnx"),
            opset_version=OPSET,
            optimize_tool="None",
        )
    return folder / "converted.onnx"


def _folded(path: Path):
    """The graph with constants and batch norm folded, by ONNX Runtime's basic optimisations."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path.with_name("folded.onnx"))
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    graph = onnx.load(options.optimized_model_filepath)
    del graph.opset_import[:]
    graph.opset_import.append(onnx.helper.make_opsetid("", OPSET))
    return graph


def _name(graph, inputs: Sequence[str], outputs: Sequence[str], sizes: Sequence[str]) -> None:
    """Give the graph's inputs, outputs and dimensions names that say what they are."""
    ends = [*graph.graph.input, *graph.graph.output]
    new = dict(zip([one.name for one in ends], [*inputs, *outputs], strict=True))
    for node in graph.graph.node:
        for names in (node.input, node.output):
            names[:] = [new.get(name, name) for name in names]
    for one in ends:
        one.name = new[one.name]
        free = [size for size in one.type.tensor_type.shape.dim if size.dim_param]
        for size, name in zip(free, sizes, strict=True):
            size.dim_param = name
    del graph.graph.value_info[:]


@contextmanager
def said_nothing() -> Iterator[None]:
    """Keep what native code writes to the process's output off the screen, unless it fails."""
    with tempfile.TemporaryFile() as kept:
        before = [os.dup(1), os.dup(2)]
        for number in (1, 2):
            os.dup2(kept.fileno(), number)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(before[1], kept.read())
            raise
        finally:
            for number, old in zip((1, 2), before, strict=True):
                os.dup2(old, number)
                os.close(old)
