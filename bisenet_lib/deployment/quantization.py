"""Post-training quantization: an exported network in integers of 8 bits.

The scales of the activations come from calibration images. Taught in ``06_deployment``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime import quantization

from bisenet_lib.common.atomic_files import written_whole
from bisenet_lib.config import configuration
from bisenet_lib.config.datasets import read_sample, spread
from bisenet_lib.errors import InputError

CALIBRATED_ON = 16
"""Training images whose activations choose the scales."""
QUANTIZED = ("Conv", "Add", "Relu", "Concat", "Mul", "MaxPool")
"""Operations in integers. The upsampling, the means and the sigmoid stay in float32: they take
little of the time."""


class _Images(quantization.CalibrationDataReader):
    """Calibration images, one after the other, as ONNX Runtime asks for them."""

    def __init__(self, images: Sequence[np.ndarray]) -> None:
        self._left = iter(images)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next input, or None after the last."""
        image = next(self._left, None)
        return None if image is None else {"image": image[np.newaxis]}


def calibration_images(settings: Mapping[str, Any]) -> list[np.ndarray]:
    """Training images of a configuration, read as its validation set reads them.

    Args:
        settings: a resolved configuration.

    Returns:
        Up to :data:`CALIBRATED_ON` of (3, H, W) float32, normalised, evenly spread over the list.

    Raises:
        InputError: there is no training set, or an image cannot be read.
    """
    if not {"train_dataset", "val_dataset"} <= settings.keys():
        raise InputError("int8: the configuration needs a train_dataset and a val_dataset")
    training = {
        **settings["train_dataset"],
        "transforms": settings["val_dataset"]["transforms"],
    }
    try:
        dataset = configuration.build_component(training)
    except InputError as error:
        raise InputError(
            f"{str(error).rstrip('.')}. 8-bit integers are calibrated on training images: give "
            "their data set with --dataset DIR. A command without this option takes OUT of: "
            "bisenet export MODEL --int8 --dataset DIR --output OUT"
        ) from error
    return [read_sample(dataset, index)["img"] for index in spread(dataset, CALIBRATED_ON)]


def write_int8(source: Path, target: Path, images: Sequence[np.ndarray]) -> None:
    """Write a network in ONNX with 8-bit integers (static quantization, QDQ, by channel).

    Weights have 7 bits: a processor without instructions for sums of products of 8-bit integers
    (VNNI) adds two of them in 16 bits, which more would overflow. So the documentation of
    ``onnxruntime.quantization.quantize_static`` advises, and so the file is right on any processor.

    Args:
        source: the file in float32, as :func:`bisenet_lib.deployment.export.write_onnx` makes it.
        target: the file to write, whole or not at all; its metadata is that of the source.
        images: to calibrate with, each (3, H, W) float32, normalised.

    Raises:
        InputError: the file cannot be written.
    """
    metadata = {one.key: one.value for one in onnx.load(source).metadata_props}
    with written_whole(target) as part:
        quantization.quantize_static(
            source,
            part,
            _Images(images),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTIZED),
            per_channel=True,
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        model = onnx.load(part)
        onnx.helper.set_model_props(model, metadata)
        onnx.save(model, part)
