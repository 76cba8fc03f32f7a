"""Writing a trained network for use without its training code: Paddle inference format and ONNX.

Taught in ``06_deployment``.
"""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import yaml

from bisenet_lib import checkpoint, config, onnx_graph
from bisenet_lib.errors import InputError
from bisenet_lib.files import folder_written_whole, utf8_path, written_whole
from bisenet_lib.labels import class_colours
from bisenet_lib.paddleseg_compat import paddle, paddleseg
from bisenet_lib.silence import said_nothing

from paddleseg.deploy.export import WrappedModel  # isort: skip


def load(settings: Mapping[str, Any], path: Path) -> paddle.nn.Layer:
    """Build a configuration's network with a checkpoint's weights, in evaluation mode.

    Args:
        settings: a resolved configuration.
        path: see :func:`bisenet_lib.checkpoint.weights_file`.

    Raises:
        InputError: the checkpoint cannot be read or does not fit.
    """
    network = {key: value for key, value in settings["model"].items() if key != "pretrained"}
    built = config.builder({**settings, "model": network})  # the checkpoint has every weight
    with config.refusals():
        model = built.model
    checkpoint.load_weights(model, path)
    model.eval()
    return model


def write_onnx(
    model: paddle.nn.Layer, path: Path, settings: Mapping[str, Any], names: Sequence[str]
) -> None:
    """Write a network as one ONNX file that any runtime reads, whole or not at all.

    Batch norm is folded into the convolutions. Input: ``image`` (N, 3, H, W) float32,
    normalised, of any size. Outputs: ``logits`` (N, C, H, W) float32 and ``classes`` (N, H, W)
    uint8. What has to be done to an image first, the class names and their colours are in the
    file's metadata, see :func:`metadata`.

    Args:
        model: the network, in evaluation mode.
        path: the file.
        settings: its resolved configuration.
        names: of its classes.

    Raises:
        InputError: the folder cannot be written to, the validation transforms cannot be told in
            the metadata, or the network is none that :mod:`bisenet_lib.onnx_graph` writes.
    """
    about = metadata(settings, names)
    graph = onnx_graph.written(model)
    onnx.helper.set_model_props(graph, about)
    onnx.checker.check_model(graph)
    with written_whole(path) as part:
        onnx.save(graph, str(part))


def write_paddle(model: paddle.nn.Layer, folder: Path, settings: Mapping[str, Any]) -> None:
    """Write a network in Paddle's inference format, as PaddleSeg's ``tools/export.py`` does.

    ``model.json`` and ``model.pdiparams`` map (N, 3, H, W) float32 to (N, H, W) int32 classes;
    ``deploy.yaml`` names the transforms, for PaddleSeg's ``deploy`` programs. The folder
    appears whole or not at all.

    Args:
        model: the network, in evaluation mode.
        folder: a new or empty folder.
        settings: its resolved configuration.

    Raises:
        InputError: the folder cannot be written to, or holds something.
    """
    deploy = {
        "model": "model.json",
        "params": "model.pdiparams",
        "transforms": transforms_of(settings),
        "output_op": "argmax",
        "output_dtype": "int32",
    }
    with folder_written_whole(folder) as part:
        _save(WrappedModel(model, "argmax"), part)
        (part / "deploy.yaml").write_text(yaml.safe_dump({"Deploy": deploy}))


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
    found: dict[str, Any] = {}
    for one in transforms_of(settings):
        given = {key: value for key, value in one.items() if key != "type"}
        if one["type"] == "Normalize" and "mean" not in found:
            found |= {"mean": given.get("mean", [0.5] * 3), "std": given.get("std", [0.5] * 3)}
        elif one["type"] == "Resize" and "size" not in found and set(given) <= {"target_size"}:
            found["size"] = given.get("target_size", [512, 512])
        else:
            raise InputError(
                f"val_dataset: the transform {one} cannot be written into an export; only one "
                "Resize with a target_size and one Normalize can. Change the configuration."
            )
    if "mean" not in found:
        raise InputError("val_dataset: no Normalize among its transforms; add it.")
    colours = class_colours(len(names)).tolist()
    found = {"size": None, **found, "names": list(names), "colours": colours}
    return {key: json.dumps(value) for key, value in found.items()}


def writers() -> list[str]:
    """What decides what is in an ONNX file besides network and weights: programs and versions."""
    libraries = (paddle, paddleseg, onnx)
    sources = [Path(module.__file__).read_bytes() for module in (sys.modules[__name__], onnx_graph)]
    return [
        *(f"{library.__name__} {library.__version__}" for library in libraries),
        f"opset {onnx_graph.OPSET}",
        hashlib.sha256(b"".join(sources)).hexdigest(),
    ]


def transforms_of(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The transforms an image goes through before the network, each with its ``type``.

    Raises:
        InputError: the configuration has no validation set, which has them.
    """
    if "val_dataset" not in settings:
        raise InputError("the configuration has no val_dataset; its transforms are exported")
    return settings["val_dataset"]["transforms"]


def _save(layer: paddle.nn.Layer, folder: Path) -> None:
    """Write ``model.json`` and ``model.pdiparams`` for images of any number and size."""
    layer.eval()
    image = paddle.static.InputSpec([None, 3, None, None], "float32", "image")
    with utf8_path(folder) as plain, said_nothing():
        paddle.jit.save(layer, str(plain / "model"), input_spec=[image])
