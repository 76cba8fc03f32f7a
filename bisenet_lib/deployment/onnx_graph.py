"""BiSeNet V2 written as an ONNX graph, node by node, with batch norm folded into convolutions.

The network is :mod:`bisenet_lib.network.bisenetv2`; ONNX operators are of :data:`OPSET`.
Taught in ``06_deployment``.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bisenet_lib.errors import InputError
from bisenet_lib.network.bisenetv2 import (
    Aggregation,
    BiSeNetV2,
    Context,
    Conv2D,
    ConvBN,
    DepthwiseConvBN,
    GatherExpand,
    Head,
    PlainAggregation,
    Stem,
)
from bisenet_lib.runtime.paddleseg_compat import paddle

OPSET = 17


def as_onnx(model: paddle.nn.Layer) -> onnx.ModelProto:
    """Write a network as a graph.

    Args:
        model: BiSeNet V2, trained; its mode does not matter.

    Returns:
        The graph. It maps ``image`` (N, 3, H, W) float32, of any size, to ``logits``
        (N, C, H, W) float32 and ``classes`` (N, H, W) uint8.

    Raises:
        InputError: it is another network.
    """
    if not isinstance(model, BiSeNetV2):
        raise InputError(
            f"the network is {type(model).__name__}; only BiSeNetV2 is written as ONNX. Use "
            "Paddle: --engine paddle, or --format paddle to export."
        )
    graph = _Graph(model)
    logits = graph.network(model, "image", output="logits")
    largest = graph.node("ArgMax", logits, axis=1, keepdims=0)
    graph.node("Cast", largest, output="classes", to=TensorProto.UINT8)
    count = model.head.conv_1x1.weight.shape[0]
    first = model.sb.stem.conv if model.aggregation != "detail" else model.db.convs[0]
    channels = first._conv.weight.shape[1]
    values = [
        helper.make_tensor_value_info(name, kind, ["batch", *middle, "height", "width"])
        for name, kind, middle in (
            ("image", TensorProto.FLOAT, [channels]),
            ("logits", TensorProto.FLOAT, [count]),
            ("classes", TensorProto.UINT8, []),
        )
    ]
    graph_proto = helper.make_graph(graph.nodes, "BiSeNetV2", values[:1], values[1:], graph.weights)
    opset = helper.make_opsetid("", OPSET)
    version = helper.find_min_ir_version_for([opset])
    return helper.make_model(
        graph_proto, opset_imports=[opset], ir_version=version, producer_name="bisenet_lib"
    )


class _Graph:
    """A graph that grows. Each method adds nodes and gives the name of the last one's output."""

    def __init__(self, model: BiSeNetV2) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._names = {id(layer): name for name, layer in model.named_sublayers()}
        self._blocks: dict[type[paddle.nn.Layer], Callable[[Any, str], str]] = {
            paddle.nn.Sequential: self.sequence,
            paddle.nn.Sigmoid: lambda _layer, x: self.node("Sigmoid", x),
            Conv2D: self.convolution,
            paddle.nn.MaxPool2D: self.pooling,
            paddle.nn.AvgPool2D: self.pooling,
            paddle.nn.Dropout: lambda _layer, x: x,  # it works in training alone
            ConvBN: self.with_norm,
            DepthwiseConvBN: lambda block, x: self.add(block.depthwise_conv, x),
            Stem: self.stem,
            GatherExpand: self.expansion,
            Context: self.context,
            Head: lambda head, x: self.add(head.conv_1x1, self.add(head.conv_3x3, x)),
        }

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def weight(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def add(self, layer: paddle.nn.Layer, x: str) -> str:
        return self._blocks[type(layer)](layer, x)

    def network(self, model: BiSeNetV2, image: str, output: str) -> str:
        detail = context = image
        if model.aggregation != "semantic":
            detail = self.add(model.db.convs, image)
        if model.aggregation != "detail":
            branch = model.sb
            for stage in (branch.stem, branch.stage3, branch.stage4, branch.stage5_4, branch.ce):
                context = self.add(stage, context)
        if isinstance(model.bga, Aggregation):
            joined = self.aggregation(model.bga, detail, context)
        else:
            joined = self.plain_aggregation(model.bga, detail, context)
        logits = self.add(model.head, joined)
        return self.resize(logits, image, model.align_corners, output)

    def sequence(self, parts: paddle.nn.Sequential, x: str) -> str:
        for part in parts:
            x = self.add(part, x)
        return x

    def stem(self, block: Stem, x: str) -> str:
        x = self.add(block.conv, x)
        both = self.node("Concat", self.add(block.left, x), self.add(block.right, x), axis=1)
        return self.add(block.fuse, both)

    def expansion(self, block: GatherExpand, x: str) -> str:
        if block.stride == 1:
            both = self.add(block.conv, x), x
        else:
            both = self.add(block.branch_1, x), self.add(block.branch_2, x)
        return self.node("Relu", self.node("Add", *both))

    def context(self, block: Context, x: str) -> str:
        mean = self.node("GlobalAveragePool", x)
        mean = self.with_norm(block.conv_1x1, mean, before=block.bn)
        return self.add(block.conv_3x3, self.node("Add", mean, x))

    def aggregation(self, block: Aggregation, detail: str, semantic: str) -> str:
        fine = self.add(block.db_branch_keep, detail)
        gate = self.add(block.sb_branch_up, semantic)
        gate = self.node("Sigmoid", self.resize(gate, fine, block.align_corners))
        fine = self.node("Mul", fine, gate)
        coarse = self.add(block.db_branch_down, detail)
        coarse = self.node("Mul", coarse, self.add(block.sb_branch_keep, semantic))
        coarse = self.resize(coarse, fine, block.align_corners)
        return self.add(block.conv, self.node("Add", fine, coarse))

    def plain_aggregation(self, block: PlainAggregation, detail: str, semantic: str) -> str:
        if block.kind in ("detail", "semantic"):
            return self.add(block.conv, detail if block.kind == "detail" else semantic)
        semantic = self.resize(semantic, detail, block.align_corners)
        if block.kind == "sum":
            return self.add(block.conv, self.node("Add", detail, semantic))
        return self.add(block.conv, self.node("Concat", detail, semantic, axis=1))

    def resize(self, x: str, like: str, align_corners: bool, output: str = "") -> str:
        """Bilinear, to the height and width of another array."""
        channels, size = self.node("Shape", x, end=2), self.node("Shape", like, start=2)
        shape = self.node("Concat", channels, size, axis=0)
        return self.node(
            "Resize",
            *(x, "", "", shape),
            output=output,
            mode="linear",
            coordinate_transformation_mode="align_corners" if align_corners else "half_pixel",
        )

    def pooling(self, layer: paddle.nn.MaxPool2D | paddle.nn.AvgPool2D, x: str) -> str:
        """Averages leave out the padding, which is ONNX's default too."""
        kind = "MaxPool" if isinstance(layer, paddle.nn.MaxPool2D) else "AveragePool"
        size, stride, padding = (
            [value] * 2 for value in (layer.ksize, layer.stride, layer.padding)
        )
        return self.node(kind, x, kernel_shape=size, strides=stride, pads=padding * 2)

    def with_norm(self, block: ConvBN, x: str, before: paddle.nn.Layer | None = None) -> str:
        x = self.convolution(block._conv, x, after=block._batch_norm, before=before)
        return self.node("Relu", x) if block.relu else x

    def convolution(
        self,
        layer: paddle.nn.Conv2D,
        x: str,
        *,
        before: paddle.nn.Layer | None = None,
        after: paddle.nn.Layer | None = None,
    ) -> str:
        """A convolution, with the batch norm around it folded into its weights.

        One before it can be folded only if the convolution has no padding: the padding's zeros
        are not normalised.
        """
        kernel, bias = folded(layer, before=before, after=after)
        name = self._names[id(layer)]
        weights = [self.weight(f"{name}.weight", kernel), self.weight(f"{name}.bias", bias)]
        same, size, stride = layer._padding == "same", kernel.shape[2:], layer._stride
        sides = [side // 2 for side in size] if same else [layer._padding] * 2
        # With a stride the padding depends on the image's size.
        padding = {"pads": sides * 2} if stride == [1, 1] else {"auto_pad": "SAME_UPPER"}
        shape = {"kernel_shape": size, "strides": stride, "group": layer._groups}
        return self.node("Conv", x, *weights, **shape, **padding)


def folded(
    layer: paddle.nn.Conv2D,
    *,
    before: paddle.nn.Layer | None = None,
    after: paddle.nn.Layer | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The weights of a convolution that does the work of the batch norm around it as well.

    Batch norm in evaluation mode is a factor and a shift for each channel,
    ``scale * x + shift``. After a convolution the factor goes into the kernels of its channel;
    before one, into what each kernel does with its channel, and the shift through all of it.

    Args:
        layer: the convolution.
        before: batch norm whose output it takes; then the convolution must have no padding.
        after: batch norm that takes its output.

    Returns:
        Kernels (out, in / groups, h, w) and biases (out,), float32, calculated in float64.
    """
    kernel = layer.weight.numpy().astype(np.float64)
    bias = np.zeros(len(kernel)) if layer.bias is None else layer.bias.numpy().astype(np.float64)
    if before is not None:
        scale, shift = _factor_and_shift(before)
        bias = bias + (kernel * shift[:, np.newaxis, np.newaxis]).sum((1, 2, 3))
        kernel = kernel * scale[:, np.newaxis, np.newaxis]
    if after is not None:
        scale, shift = _factor_and_shift(after)
        kernel, bias = kernel * scale[:, np.newaxis, np.newaxis, np.newaxis], bias * scale + shift
    return kernel.astype(np.float32), bias.astype(np.float32)


def _factor_and_shift(norm: paddle.nn.Layer) -> tuple[np.ndarray, np.ndarray]:
    mean, variance, gamma, beta = (
        value.numpy().astype(np.float64)
        for value in (norm._mean, norm._variance, norm.weight, norm.bias)
    )
    scale = gamma / np.sqrt(variance + norm._epsilon)
    return scale, beta - mean * scale
