"""BiSeNet V2 written as an ONNX graph, node by node, with batch norm folded into convolutions.

Source: PaddleSeg 2.8.0, ``paddleseg/models/bisenet.py``; ONNX operators of opset 17. Taught in
``06_deployment``.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bisenet_lib.errors import InputError
from bisenet_lib.runtime.paddleseg_compat import paddle

from paddleseg.models import BiSeNetV2, layers  # isort: skip
from paddleseg.models.bisenet import (  # isort: skip
    BGA,
    ContextEmbeddingBlock,
    GatherAndExpansionLayer1,
    GatherAndExpansionLayer2,
    SegHead,
    StemBlock,
)

OPSET = 17


def written(model: paddle.nn.Layer) -> onnx.ModelProto:
    """Write a network as a graph.

    Args:
        model: PaddleSeg's BiSeNet V2, trained; its mode does not matter.

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
    channels = model.db.convs[0]._conv.weight.shape[1]
    ends = [
        helper.make_tensor_value_info(name, kind, ["batch", *middle, "height", "width"])
        for name, kind, middle in (
            ("image", TensorProto.FLOAT, [channels]),
            ("logits", TensorProto.FLOAT, [count]),
            ("classes", TensorProto.UINT8, []),
        )
    ]
    whole = helper.make_graph(graph.nodes, "BiSeNetV2", ends[:1], ends[1:], graph.weights)
    opset = helper.make_opsetid("", OPSET)
    version = helper.find_min_ir_version_for([opset])
    return helper.make_model(
        whole, opset_imports=[opset], ir_version=version, producer_name="bisenet_lib"
    )


class _Graph:
    """A graph that grows. Each method adds nodes and gives the name of the last one's output."""

    def __init__(self, model: BiSeNetV2) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._names = {id(layer): name for name, layer in model.named_sublayers()}
        self._blocks = {
            paddle.nn.Sequential: self.sequence,
            paddle.nn.Conv2D: self.convolution,
            paddle.nn.MaxPool2D: self.pooling,
            paddle.nn.AvgPool2D: self.pooling,
            paddle.nn.Dropout: lambda _layer, x: x,  # it works in training alone
            layers.Activation: self.activation,
            layers.ConvBN: self.with_norm,
            layers.ConvBNReLU: self.with_norm,
            layers.DepthwiseConvBN: lambda block, x: self.add(block.depthwise_conv, x),
            StemBlock: self.stem,
            GatherAndExpansionLayer1: self.expansion,
            GatherAndExpansionLayer2: self.expansion_down,
            ContextEmbeddingBlock: self.context,
            SegHead: lambda head, x: self.add(head.conv_1x1, self.add(head.conv_3x3, x)),
        }

    def node(self, kind: str, *inputs: str, output: str = "", **attributes) -> str:
        output = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def weight(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def add(self, layer: paddle.nn.Layer, x: str) -> str:
        return self._blocks[type(layer)](layer, x)

    def network(self, model: BiSeNetV2, image: str, output: str) -> str:
        branch, context = model.sb, image
        for stage in (branch.stem, branch.stage3, branch.stage4, branch.stage5_4, branch.ce):
            context = self.add(stage, context)
        detail = self.add(model.db.convs, image)
        logits = self.add(model.head, self.aggregation(model.bga, detail, context))
        return self.resize(logits, image, model.align_corners, output)

    def sequence(self, parts: paddle.nn.Sequential, x: str) -> str:
        for part in parts:
            x = self.add(part, x)
        return x

    def stem(self, block: StemBlock, x: str) -> str:
        x = self.add(block.conv, x)
        both = self.node("Concat", self.add(block.left, x), self.add(block.right, x), axis=1)
        return self.add(block.fuse, both)

    def expansion(self, block: GatherAndExpansionLayer1, x: str) -> str:
        return self.node("Relu", self.node("Add", self.add(block.conv, x), x))

    def expansion_down(self, block: GatherAndExpansionLayer2, x: str) -> str:
        branches = [self.add(branch, x) for branch in (block.branch_1, block.branch_2)]
        return self.node("Relu", self.node("Add", *branches))

    def context(self, block: ContextEmbeddingBlock, x: str) -> str:
        mean = self.node("GlobalAveragePool", x)
        mean = self.with_norm(block.conv_1x1, mean, before=block.bn)
        return self.add(block.conv_3x3, self.node("Add", mean, x))

    def aggregation(self, block: BGA, detail: str, semantic: str) -> str:
        fine = self.add(block.db_branch_keep, detail)
        gate = self.add(block.sb_branch_up, semantic)
        gate = self.node("Sigmoid", self.resize(gate, fine, block.align_corners))
        fine = self.node("Mul", fine, gate)
        coarse = self.add(block.db_branch_down, detail)
        coarse = self.node("Mul", coarse, self.add(block.sb_branch_keep, semantic))
        coarse = self.resize(coarse, fine, block.align_corners)
        return self.add(block.conv, self.node("Add", fine, coarse))

    def resize(self, x: str, like: str, align_corners: bool, output: str = "") -> str:
        """Bilinear, to the height and width of another array."""
        sizes = [self.node("Shape", x, end=2), self.node("Shape", like, start=2)]
        mode = "align_corners" if align_corners else "half_pixel"
        sizes = self.node("Concat", *sizes, axis=0)
        options = {"mode": "linear", "coordinate_transformation_mode": mode}
        return self.node("Resize", x, "", "", sizes, output=output, **options)

    def activation(self, layer: layers.Activation, x: str) -> str:
        return self.node({"relu": "Relu", "sigmoid": "Sigmoid"}[layer._act], x)

    def pooling(self, layer: paddle.nn.MaxPool2D | paddle.nn.AvgPool2D, x: str) -> str:
        """A mean is over the pixels that are there, not over the padding: ONNX's default too."""
        kind = "MaxPool" if isinstance(layer, paddle.nn.MaxPool2D) else "AveragePool"
        size, stride, padding = (
            [value] * 2 for value in (layer.ksize, layer.stride, layer.padding)
        )
        return self.node(kind, x, kernel_shape=size, strides=stride, pads=padding * 2)

    def with_norm(self, block, x: str, before: paddle.nn.Layer | None = None) -> str:
        x = self.convolution(block._conv, x, after=block._batch_norm, before=before)
        return self.node("Relu", x) if isinstance(block, layers.ConvBNReLU) else x

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
