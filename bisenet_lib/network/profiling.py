"""Measuring BiSeNet V2, stage by stage, and the processor it runs on.

Source: Yu et al., "BiSeNet V2", arXiv:2004.02147, section 3 and table 1; PaddleSeg 2.8.0,
``paddleseg/models/bisenet.py``. Taught in ``02_architecture``.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import onnx

from bisenet_lib.common.markdown import markdown_table
from bisenet_lib.common.onnx_session import open_session
from bisenet_lib.data.labels import NUM_CLASSES
from bisenet_lib.errors import InputError
from bisenet_lib.network.bisenetv2 import BiSeNetV2
from bisenet_lib.runtime.paddleseg_compat import paddle

_COUNTED = (
    paddle.nn.Conv2D,
    paddle.nn.BatchNorm2D,
    paddle.nn.AvgPool2D,
    paddle.nn.AdaptiveAvgPool2D,
)
Hook = Callable[[paddle.nn.Layer, Any, Any], Any]
"""Paddle calls it after a layer: with the layer, its inputs and its output."""
ROUNDS = 8


class HookHandle(Protocol):
    """What Paddle gives for a hook; ``remove`` takes the hook away again."""

    def remove(self) -> None: ...


@dataclass(frozen=True)
class StageProfile:
    """One stage of the network, measured.

    Args:
        branch: ``detail``, ``semantic``, ``aggregation``, ``head`` or ``auxiliary``.
        name: the stage's name in the paper (``S1``, ``BGA``) or the head's in PaddleSeg.
        shape: its output for one image, (channels, height, width).
        parameters: its trainable values.
        multiply_adds: multiplications with addition for one image, as ``paddle.flops`` counts.
        training_only: whether inference leaves it out (the auxiliary heads).
    """

    branch: str
    name: str
    shape: tuple[int, int, int]
    parameters: int
    multiply_adds: int
    training_only: bool


def build_network(num_classes: int = NUM_CLASSES, *, lambd: float = 0.25) -> BiSeNetV2:
    """Make BiSeNet V2 with fresh weights, in evaluation mode.

    Args:
        num_classes: channels of every head's output.
        lambd: the width of the semantic branch relative to the detail branch (the paper's
            lambda, section 3.2).

    Returns:
        The network. In evaluation mode it maps (N, 3, H, W) float32 to a list of one
        (N, num_classes, H, W) float32 tensor of logits; in training mode to a list of five.
    """
    model = BiSeNetV2(num_classes, lambd=lambd)
    model.eval()
    return model


def layers(model: BiSeNetV2) -> list[tuple[str, str, Sequence[paddle.nn.Layer]]]:
    """The network cut into its stages.

    Args:
        model: BiSeNet V2, this library's or PaddleSeg's.

    Returns:
        ``(branch, stage, layers)`` in the order of the forward pass; together the layers
        hold every parameter of the network once.
    """
    detail, semantic = list(model.db.convs), model.sb
    heads = [getattr(model, f"aux_head{number}") for number in (1, 2, 3, 4)]
    return [
        ("detail", "S1", detail[0:2]),
        ("detail", "S2", detail[2:5]),
        ("detail", "S3", detail[5:8]),
        ("semantic", "S1-S2 stem", [semantic.stem]),
        ("semantic", "S3", [semantic.stage3]),
        ("semantic", "S4", [semantic.stage4]),
        ("semantic", "S5", [semantic.stage5_4]),
        ("semantic", "S5 context", [semantic.ce]),
        ("aggregation", "BGA", [model.bga]),
        ("head", "head", [model.head]),
        *(("auxiliary", f"aux_head{n}", [head]) for n, head in enumerate(heads, start=1)),
    ]


def stages(model: BiSeNetV2, size: tuple[int, int] = (1024, 512)) -> list[StageProfile]:
    """Measure every stage on one image.

    Args:
        model: BiSeNet V2, this library's or PaddleSeg's.
        size: the image's (width, height) in pixels.

    Returns:
        One row a stage, in the order of the forward pass. Multiply-adds are counted as
        ``paddle.flops`` does: convolutions with their bias, batch norm as two a value, pooling;
        upsampling and activations count nothing.

    Raises:
        InputError: a side of the image is less than a pixel.
    """
    if min(size) < 1:
        raise InputError(f"an image of {size[0]} x {size[1]} pixels: give width and height above 0")
    network_stages = layers(model)
    shapes: dict[str, tuple[int, int, int]] = {}
    counts: Counter[str] = Counter()
    hooks: list[HookHandle] = []
    for branch, name, parts in network_stages:
        key = f"{branch} {name}"
        for layer in parts:
            hooks.append(layer.register_forward_post_hook(_keep_shape(shapes, key)))
            hooks += _counting(layer, counts, key)
    was_training = model.training
    with _removed_after(hooks):
        try:
            model.eval()
            model.training = True  # the top layer alone, so that the auxiliary heads run too
            with paddle.no_grad():
                model(paddle.zeros([1, 3, size[1], size[0]]))
        finally:
            (model.train if was_training else model.eval)()
    return [
        StageProfile(
            branch,
            name,
            shapes[f"{branch} {name}"],
            sum(parameter_count(layer) for layer in parts),
            counts[f"{branch} {name}"],
            branch == "auxiliary",
        )
        for branch, name, parts in network_stages
    ]


def multiply_adds(layer: paddle.nn.Layer, shape: Sequence[int]) -> int:
    """Count the multiply-adds of a block or network, as :func:`stages` does.

    Args:
        layer: it takes one tensor; its mode (training or evaluation) is not changed.
        shape: of one input, (channels, height, width).
    """
    counts: Counter[str] = Counter()
    with _removed_after(_counting(layer, counts, "all")), paddle.no_grad():
        layer(paddle.zeros([1, *shape]))
    return counts["all"]


def copy_weights(source: paddle.nn.Layer, target: paddle.nn.Layer) -> None:
    """Copy the weights of a block into another one of the same structure, in their order.

    Args:
        source: where the weights come from, running statistics included.
        target: gets the weights, under its own names, and goes into evaluation mode.

    Raises:
        InputError: the two do not hold the same shapes in the same order; the message names
            the first that differs.
    """
    values, arrays = list(source.state_dict().values()), target.state_dict()
    if len(values) != len(arrays):
        raise InputError(
            f"the block has {len(arrays)} arrays of weights, the one to copy from {len(values)}: "
            "a layer is missing or one too many. (A convolution has 2, batch norm 4.)"
        )
    for number, (value, (name, array)) in enumerate(zip(values, arrays.items(), strict=True), 1):
        if value.shape != array.shape:
            raise InputError(
                f"array {number} of {len(values)}, here called {name}: its shape is {array.shape}, "
                f"where {value.shape} is to be copied. Compare order, channels and groups of "
                "the layers."
            )
    target.set_state_dict(dict(zip(arrays, values, strict=True)))
    target.eval()


def parameter_count(layer: paddle.nn.Layer) -> int:
    """Count a layer's trainable values (batch norm's running statistics are not among them)."""
    return sum(
        int(np.prod(parameter.shape))
        for parameter in layer.parameters()
        if not parameter.stop_gradient
    )


def table(rows: Sequence[StageProfile]) -> str:
    """Show stages as a Markdown table, with the sums for inference and for training.

    Args:
        rows: as :func:`stages` gives them.

    Returns:
        The table's text.
    """
    inference = [row for row in rows if not row.training_only]
    lines = [
        (
            row.branch,
            row.name,
            " x ".join(map(str, row.shape)),
            f"{row.parameters:,}",
            f"{row.multiply_adds / 1e9:.3f} G",
        )
        for row in rows
    ]
    for title, part in (("inference", inference), ("training", rows)):
        weights = sum(stage.parameters for stage in part)
        work = sum(stage.multiply_adds for stage in part) / 1e9
        lines.append(("**sum**", f"**{title}**", "", f"**{weights:,}**", f"**{work:.2f} G**"))
    head = ["branch", "stage", "output (C x H x W)", "parameters", "multiply-adds"]
    return markdown_table(head, lines, "lllrr")


@contextmanager
def _removed_after(hooks: Sequence[HookHandle]) -> Iterator[None]:
    """Remove hooks when the body ends, also by an error."""
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _keep_shape(shapes: dict[str, tuple[int, int, int]], key: str) -> Hook:
    def hook(_layer: paddle.nn.Layer, _inputs: object, output: paddle.Tensor) -> None:
        channels, height, width = output.shape[1:]
        shapes[key] = channels, height, width

    return hook


def _counting(layer: paddle.nn.Layer, counts: Counter[str], key: str) -> list[HookHandle]:
    """Hooks that add up what every part of a layer multiplies."""
    parts = layer.sublayers(include_self=True)
    return [
        part.register_forward_post_hook(_count(counts, key))
        for part in parts
        if isinstance(part, _COUNTED)
    ]


def _count(counts: Counter[str], key: str) -> Hook:
    def hook(
        layer: paddle.nn.Layer, inputs: tuple[paddle.Tensor, ...], output: paddle.Tensor
    ) -> None:
        if isinstance(layer, paddle.nn.Conv2D):
            per_value = int(np.prod(layer.weight.shape[1:])) + (layer.bias is not None)
        elif isinstance(layer, paddle.nn.BatchNorm2D):
            per_value = 2
        elif isinstance(layer, paddle.nn.AvgPool2D):
            per_value = 1
        else:  # the mean over a whole image: an addition for each value, and one division
            per_value = 1 + int(np.prod(inputs[0].shape[2:])) // int(np.prod(output.shape[2:]))
        counts[key] += int(np.prod(output.shape[1:])) * per_value

    return hook


def peak(side: int = 2048) -> float:
    """Measure the largest speed of a product of two float32 matrices, on all cores.

    A product of large matrices consists of multiplications and additions only. ONNX Runtime and
    NumPy both calculate it, since either may suit the processor better; the faster one counts.

    Args:
        side: rows and columns of the matrices.

    Returns:
        Multiply-adds a second.
    """
    rng = np.random.default_rng(0)
    left, right = rng.random((2, side, side), np.float32)
    multiply = product(side)
    products = (lambda: multiply(left, right), lambda: left @ right)
    return side**3 / min(_fastest(multiplication) for multiplication in products)


def product(side: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """ONNX Runtime's product of two (side, side) float32 matrices, on all cores."""
    value, kind = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["left", "right"], ["product"])],
        "product",
        [value(name, kind, [side, side]) for name in ("left", "right")],
        [value("product", kind, [side, side])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 8
    session = open_session(model.SerializeToString())
    return lambda left, right: session.run(None, {"left": left, "right": right})[0]


def _fastest(task: Callable[[], object]) -> float:
    """Seconds of the fastest of several runs: other work on the computer only adds to the time."""
    durations = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        task()
        durations.append(time.perf_counter() - start)
    return min(durations)
