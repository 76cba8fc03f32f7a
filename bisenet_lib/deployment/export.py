"""Writing a trained network for use without its training code: Paddle inference format and ONNX.

Taught in ``06_deployment``.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import yaml
from tqdm.auto import tqdm

from bisenet_lib.common.atomic_files import folder_written_whole, utf8_path, written_whole
from bisenet_lib.common.processes import cores, said_nothing
from bisenet_lib.config import configuration
from bisenet_lib.config.class_names import names_of
from bisenet_lib.data.image_files import find_images
from bisenet_lib.data.image_io import check_photograph, read_pixels
from bisenet_lib.data.labels import class_colours
from bisenet_lib.deployment import onnx_graph, runtimes
from bisenet_lib.deployment.onnx_runtime import OnnxEngine
from bisenet_lib.errors import InputError
from bisenet_lib.network import checkpoint
from bisenet_lib.runtime.paddleseg_compat import paddle, paddleseg

from paddleseg.transforms import Compose  # isort: skip
from paddleseg.deploy.export import WrappedModel  # isort: skip

FORMATS = {"onnx": "model.onnx", "onnx-int8": runtimes.INT8_FILE, "paddle": "paddle"}
"""Each format, and the file or folder it is written to."""
COMPARED = 3
"""Real images that an export is compared on."""
ODD_SIZE = (517, 333)
"""Width and height of one more image: no multiple of the network's 32."""
Reader = Callable[[Path], Mapping[str, Any]]
"""Maps an image file to ``img`` (3, H, W) float32, normalised, and ``trans_info``."""
AGREEMENT = 0.9999
"""The share of pixels on which an export has to give the checkpoint's class."""
TIE = 1e-4
"""Of two logits that are nearer to each other than this, relative to the largest, either may be the
larger one in an export: rounding decides. A network with little training has many such pairs."""

Runner = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
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


def onnx_runner(path: Path) -> Runner:
    """An ONNX file, run by ONNX Runtime.

    Args:
        path: as :func:`bisenet_lib.deployment.export.write_onnx` makes it.
    """
    engine = OnnxEngine(path)
    return lambda image: engine.both(image)


def paddle_runner(folder: Path) -> Runner:
    """A network in Paddle's inference format, run by Paddle Inference on the CPU.

    Args:
        folder: as :func:`bisenet_lib.deployment.export.write_paddle` makes it.
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


def compare_outputs(
    model: paddle.nn.Layer, runs: Mapping[str, Runner], images: Sequence[np.ndarray]
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
    same, total = dict.fromkeys(runs, 0), 0
    largest: dict[str, float] = {}
    for image in tqdm(images, "comparing", leave=False, unit="image"):
        with paddle.no_grad():
            expected = model(paddle.to_tensor(image[np.newaxis]))[0].numpy()[0]
        if not np.isfinite(expected).all():
            raise InputError("the checkpoint's own output is not finite; train it again")
        best, tie = expected.max(0), TIE * np.abs(expected).max()
        total += best.size
        for name, run in runs.items():
            classes, logits = run(image)
            chosen = np.take_along_axis(expected, classes[np.newaxis].astype(np.int64), 0)[0]
            same[name] += int((best - chosen <= tie).sum())
            if logits is not None:
                difference = float(np.abs(logits - expected).max())
                largest[name] = max(largest.get(name, 0.0), difference)
    return {name: Parity(len(images), same[name] / total, largest.get(name)) for name in runs}


def check_parity(parity: Parity, path: Path) -> None:
    """Refuse an export that is another network.

    Args:
        parity: the comparison.
        path: of the export, for the message.

    Raises:
        InputError: less than 99.99 % of the pixels have the class the checkpoint gives them.
    """
    if parity.pixels < AGREEMENT:
        raise InputError(
            f"{path}: only {100 * parity.pixels:.3f} % of the pixels have the class the checkpoint "
            f"gives them (asked for: {100 * AGREEMENT} %, images: {parity.images}); not written. "
            "Use the versions of requirements.lock."
        )


def trained_network(settings: Mapping[str, Any], path: Path) -> paddle.nn.Layer:
    """Build a configuration's network with a checkpoint's weights, in evaluation mode.

    Args:
        settings: a resolved configuration.
        path: see :func:`bisenet_lib.network.checkpoint.weights_file`.

    Raises:
        InputError: the checkpoint cannot be read or does not fit.
    """
    network = {key: value for key, value in settings["model"].items() if key != "pretrained"}
    built = configuration.builder({**settings, "model": network})  # the checkpoint has every weight
    with configuration.refusals():
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
        InputError: the folder cannot be written to, the metadata cannot describe the validation
            transforms, or :mod:`bisenet_lib.deployment.onnx_graph` cannot write such a network.
    """
    properties = metadata(settings, names)
    graph = onnx_graph.as_onnx(model)
    onnx.helper.set_model_props(graph, properties)
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
    deploy: dict[str, Any] = {
        "model": "model.json",
        "params": "model.pdiparams",
        "transforms": transforms_of(settings),
        "output_op": "argmax",
        "output_dtype": "int32",
    }
    if size := configuration.trained_size(settings):
        deploy[configuration.IMAGE_SIZE] = list(size)  # PaddleSeg passes over it
    with folder_written_whole(folder) as part:
        _save(WrappedModel(model, "argmax"), part)
        (part / "deploy.yaml").write_text(yaml.safe_dump({"Deploy": deploy}))


def metadata(settings: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """What a program needs in addition to the network to use it, as strings.

    Args:
        settings: a resolved configuration.
        names: of its classes.

    Returns:
        ``mean``, ``std`` (of RGB from 0 to 1), ``size`` ([width, height] of the images the
        network was trained on, or null), ``names`` and ``colours`` (RGB), each as JSON.

    Raises:
        InputError: the validation transforms do more than resize and normalise.
    """
    entries: dict[str, Any] = {}
    resizes = 0
    for transform in transforms_of(settings):
        arguments = {key: value for key, value in transform.items() if key != "type"}
        if transform["type"] == "Normalize" and "mean" not in entries:
            entries |= {
                "mean": arguments.get("mean", [0.5] * 3),
                "std": arguments.get("std", [0.5] * 3),
            }
        elif transform["type"] == "Resize" and not resizes and set(arguments) <= {"target_size"}:
            resizes += 1
        else:
            raise InputError(
                f"val_dataset: the transform {transform} cannot be written into an export; only "
                "one Resize with a target_size and one Normalize can. Change the configuration."
            )
    if "mean" not in entries:
        raise InputError("val_dataset: no Normalize among its transforms; add it.")
    colours = class_colours(len(names)).tolist()
    entries |= {"size": configuration.trained_size(settings)}
    entries |= {"names": list(names), "colours": colours}
    return {key: json.dumps(value) for key, value in entries.items()}


def writer_versions() -> list[str]:
    """The programs and versions that, besides network and weights, determine an ONNX file."""
    libraries = (paddle, paddleseg, onnx)
    sources = [Path(file).read_bytes() for file in (__file__, onnx_graph.__file__)]
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


@dataclass(frozen=True)
class Exported:
    """An export that was put in place.

    Args:
        format: a key of :data:`FORMATS`.
        path: the file or folder.
        size: in bytes.
        parity: how it compares with the checkpoint.
    """

    format: str
    path: Path
    size: int
    parity: Parity

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file; ``size`` in bytes, ``pixels`` a share from 0 to 1."""
        return {**asdict(self), "path": str(self.path)}


def reader(settings: Mapping[str, Any]) -> Reader:
    """Make a function that reads an image as the validation set of a configuration does.

    Args:
        settings: a resolved configuration.

    Returns:
        The function; it raises InputError for a file that is no image.

    Raises:
        InputError: a transform is refused.
    """
    transforms = Compose(
        [configuration.build_component(section) for section in transforms_of(settings)]
    )

    def read(path: Path) -> Mapping[str, Any]:
        check_photograph(path)
        return transforms({"img": read_pixels(path).astype(np.float32)})

    return read


def real_images(settings: Mapping[str, Any], folder: Path | None = None) -> list[np.ndarray]:
    """A few images as the network sees them, and one of an odd size.

    Args:
        settings: a resolved configuration; its first validation frames are taken.
        folder: images to take instead.

    Returns:
        Up to four of (3, H, W) float32, normalised.

    Raises:
        InputError: there are none; the message says how to give them.
    """
    paths = find_images(folder)[0] if folder else _validation_images(settings)
    images = [reader(settings)(path)["img"] for path in paths[:COMPARED]]
    odd = cv2.resize(images[0].transpose(1, 2, 0), ODD_SIZE).transpose(2, 0, 1)
    return [*images, np.ascontiguousarray(odd)]


def export_checked(
    settings: Mapping[str, Any],
    path: Path,
    folder: Path,
    images: Sequence[np.ndarray],
    formats: Sequence[str] = ("onnx", "paddle"),
    int8: Path | None = None,
) -> list[Exported]:
    """Export a checkpoint; the folder appears when every format has passed its comparison.

    Args:
        settings: the checkpoint's resolved configuration.
        path: see :func:`bisenet_lib.network.checkpoint.weights_file`.
        folder: a new or empty folder.
        images: to compare on, see :func:`real_images`.
        formats: ``onnx``, ``paddle`` or both.
        int8: a file of :func:`bisenet_lib.deployment.engines.cached_int8` to go with them. It has
            been compared on labelled images already; here its share of equal pixels is measured.

    Returns:
        What was written, in the order of the formats, int8 last.

    Raises:
        InputError: the folder holds something or cannot be written to, the checkpoint does
            not fit, or an export gives other classes than it.
    """
    model = trained_network(settings, path)
    with folder_written_whole(folder) as part:
        runs = {}
        for name in formats:
            target = part / FORMATS[name]
            if name == "onnx":
                write_onnx(model, target, settings, names_of(settings))
                runs[name] = onnx_runner(target)
            else:
                write_paddle(model, target, settings)
                runs[name] = paddle_runner(target)
        if int8 is not None:
            shutil.copyfile(int8, part / runtimes.INT8_FILE)
            runs["onnx-int8"] = onnx_runner(int8)
        parities = compare_outputs(model, runs, images)
        for name in formats:
            check_parity(parities[name], Path(folder) / FORMATS[name])
        if int8 is not None:
            runtimes.check_agreement("onnx-int8", parities["onnx-int8"].pixels, len(images))
    return [
        Exported(name, path, _size(path), parities[name])
        for name in runs
        for path in [Path(folder) / FORMATS[name]]
    ]


def _size(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def _validation_images(settings: Mapping[str, Any]) -> list[Path]:
    try:
        dataset = configuration.build_component(settings["val_dataset"])
    except InputError as error:
        raise InputError(
            f"{str(error).rstrip('.')}. An export is compared with its checkpoint on real images: "
            "give the validation set with --dataset DIR, or photographs with --images DIR."
        ) from error
    return [Path(image) for image, _ in dataset.file_list]
