"""BiSeNet V2, to be read beside the paper: Yu et al. 2020, arXiv:2004.02147.

Names (``db``, ``sb``, ``bga``, ``ce``, ``lambd``), order and start values are those of PaddleSeg
2.8.0 (``paddleseg/models/bisenet.py``), so checkpoints open both ways and one seed gives one
network. What departs from PaddleSeg is an
option, each with its source. Taught in ``02_architecture``.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from bisenet_lib.errors import InputError, did_you_mean
from bisenet_lib.runtime.paddleseg_compat import paddle

from paddleseg import utils  # isort: skip
from paddleseg.cvlibs import param_init  # isort: skip
from paddleseg.models.layers import SyncBatchNorm  # isort: skip

nn, F = paddle.nn, paddle.nn.functional
AGGREGATIONS = ("guided", "sum", "concat", "detail", "semantic")
"""Table 2 of the paper: 69.67 % mIoU guided, 68.60 added, 68.93 stacked, 62.35 and 64.68 alone."""


class BiSeNetV2(nn.Layer):
    """The network: two branches, their aggregation, a head, and four heads for training.

    It maps (N, in_channels, H, W) float32, normalised, to a list of (N, num_classes, H, W) float32
    logits: in evaluation mode of one, in training mode of the head's and the auxiliary heads'.

    Args:
        num_classes: channels of every head's output.
        lambd: width of the stem and of stage 3, relative to the detail branch (the paper's
            lambda, table 3).
        align_corners: how the outputs are scaled up, see ``paddle.nn.functional.interpolate``.
        in_channels: of the image.
        pretrained: a weights file to start from; its classes must be the same.
        expansion: how many times as many channels a block expands to (section 4.2: 6).
        early_expansion: the 3 x 3 convolution expands already, as in the paper's section 4.2; in
            PaddleSeg, CoinCheung/BiSeNet and mmsegmentation the depthwise one does.
        context_relu: batch norm and ReLU end the context block, as in CoinCheung/BiSeNet
            (``lib/models/bisenetv2.py``) and mmsegmentation
            (``mmseg/models/backbones/bisenetv2.py``); the paper shows neither.
        extra_relu: ReLU follows the expansion and the aggregation, as in these two; the paper
            does not show it.
        aggregation: how the branches are joined, or which stands alone: one of
            :data:`AGGREGATIONS`.
        head_channels: width of the head (section 4.4: C_t); None: 128, as wide as its input, as
            in PaddleSeg. CoinCheung/BiSeNet and mmsegmentation take 1024.
        booster: train the four auxiliary heads as well (section 4.4); ``detail`` has none.

    Raises:
        InputError: an option has a value it cannot have.
    """

    def __init__(
        self,
        num_classes: int,
        lambd: float = 0.25,
        align_corners: bool = False,
        in_channels: int = 3,
        pretrained: str | None = None,
        expansion: int = 6,
        early_expansion: bool = False,
        context_relu: bool = False,
        extra_relu: bool = False,
        aggregation: str = "guided",
        head_channels: int | None = None,
        booster: bool = True,
    ) -> None:
        super().__init__()
        head_channels = 128 if head_channels is None else head_channels
        _check_whole(expansion=expansion, head_channels=head_channels)
        if not isinstance(lambd, int | float) or not lambd >= 1 / 32:
            raise InputError(f"model: lambd is {lambd!r}; give 1/32 or more: the stem has 64 of it")
        if aggregation not in AGGREGATIONS:
            raise InputError(
                f"model: aggregation is {aggregation!r}{did_you_mean(aggregation, AGGREGATIONS)}; "
                f"choose one of {', '.join(AGGREGATIONS)}"
            )
        self.aggregation, self.align_corners = aggregation, align_corners
        channels = 128
        # Of the stem, S3, S4 and S5: lambda changes only the first two.
        widths = int(64 * lambd), int(128 * lambd), 64, channels
        if aggregation != "semantic":
            self.db = DetailBranch(in_channels, (64, 64, channels))
        if aggregation != "detail":
            self.sb = SemanticBranch(
                in_channels, widths, expansion, early_expansion, context_relu, extra_relu
            )
        aggregation_type = Aggregation if aggregation == "guided" else PlainAggregation
        self.bga = aggregation_type(channels, align_corners, extra_relu, aggregation)
        self.auxiliary = range(1, 5) if booster and aggregation != "detail" else range(0)
        for number, width in zip(self.auxiliary, widths, strict=False):  # none on the context block
            self.add_sublayer(f"aux_head{number}", Head(width, width, num_classes))
        self.head = Head(channels, head_channels, num_classes)
        if pretrained is not None:
            utils.load_entire_model(self, pretrained)
            return
        for layer in self.sublayers():
            if isinstance(layer, nn.Conv2D):
                param_init.kaiming_normal_init(layer.weight)

    def forward(self, image: paddle.Tensor) -> list[paddle.Tensor]:
        """Segment images, see the class."""
        detail = self.db(image) if self.aggregation != "semantic" else None
        stages = self.sb(image) if self.aggregation != "detail" else [None]
        logits = [self.head(self.bga(detail, stages[-1]))]
        if self.training:
            heads = (getattr(self, f"aux_head{number}") for number in self.auxiliary)
            logits += [head(stage) for head, stage in zip(heads, stages, strict=False)]
        return [upsample(output, image, self.align_corners) for output in logits]


class DetailBranch(nn.Layer):
    """Wide and shallow: three stages to 1/8 of the image (section 4.1)."""

    def __init__(self, in_channels: int, channels: Sequence[int]) -> None:
        super().__init__()
        s1, s2, s3 = channels
        self.convs = nn.Sequential(
            ConvBN(in_channels, s1, stride=2, relu=True),
            ConvBN(s1, s1, relu=True),
            ConvBN(s1, s2, stride=2, relu=True),
            ConvBN(s2, s2, relu=True),
            ConvBN(s2, s2, relu=True),
            ConvBN(s2, s3, stride=2, relu=True),
            ConvBN(s3, s3, relu=True),
            ConvBN(s3, s3, relu=True),
        )

    def forward(self, image: paddle.Tensor) -> paddle.Tensor:
        return self.convs(image)


class SemanticBranch(nn.Layer):
    """Narrow and deep: five stages to 1/32 of the image (section 4.2)."""

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int],
        expansion: int,
        early: bool,
        context_relu: bool,
        extra_relu: bool,
    ) -> None:
        super().__init__()

        def stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
            options = expansion, early, extra_relu
            rest = (GatherExpand(outputs, outputs, 1, *options) for _ in range(blocks - 1))
            return nn.Sequential(GatherExpand(inputs, outputs, 2, *options), *rest)

        s1, s3, s4, s5 = channels
        self.stem = Stem(in_channels, s1)
        self.stage3 = stage(s1, s3, 2)
        self.stage4 = stage(s3, s4, 2)
        self.stage5_4 = stage(s4, s5, 4)
        self.ce = Context(s5, context_relu)

    def forward(self, image: paddle.Tensor) -> list[paddle.Tensor]:
        outputs, x = [], image
        for stage in (self.stem, self.stage3, self.stage4, self.stage5_4, self.ce):
            x = stage(x)
            outputs.append(x)
        return outputs


class Stem(nn.Layer):
    """Halves the image twice; the second time by a convolution and a pooling side by side (4.2)."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.conv = ConvBN(in_channels, channels, stride=2, relu=True)
        self.left = nn.Sequential(
            ConvBN(channels, half, 1, relu=True), ConvBN(half, channels, stride=2, relu=True)
        )
        self.right = nn.MaxPool2D(kernel_size=3, stride=2, padding=1)
        self.fuse = ConvBN(2 * channels, channels, relu=True)

    def forward(self, image: paddle.Tensor) -> paddle.Tensor:
        x = self.conv(image)
        return self.fuse(paddle.concat([self.left(x), self.right(x)], axis=1))


class GatherExpand(nn.Layer):
    """Gather, expand, project, and add the input (section 4.2)."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, expansion: int, early: bool, extra_relu: bool
    ) -> None:
        super().__init__()
        wide = expansion * inputs
        gathered = wide if early else inputs
        steps: list[nn.Layer] = [ConvBN(inputs, gathered, relu=True)]
        if stride == 2:
            steps.append(DepthwiseConvBN(gathered, wide, stride=2))
        last = wide if stride == 2 else gathered
        steps += [DepthwiseConvBN(last, wide, relu=extra_relu), ConvBN(wide, outputs, 1)]
        self.stride = stride
        if stride == 1:
            self.conv = nn.Sequential(*steps)
        else:
            self.branch_1 = nn.Sequential(*steps)
            self.branch_2 = nn.Sequential(
                DepthwiseConvBN(inputs, inputs, stride=2), ConvBN(inputs, outputs, 1)
            )

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        if self.stride == 1:
            return F.relu(self.conv(x) + x)
        return F.relu(self.branch_1(x) + self.branch_2(x))


class Context(nn.Layer):
    """Global context: the mean of the feature map is added at every position (section 4.2)."""

    def __init__(self, channels: int, relu: bool) -> None:
        super().__init__()
        self.gap = nn.AdaptiveAvgPool2D(1)
        self.bn = SyncBatchNorm(channels)
        self.conv_1x1 = ConvBN(channels, channels, 1, relu=True)
        sizes = (channels, channels, 3)
        self.conv_3x3 = ConvBN(*sizes, relu=True) if relu else Conv2D(*sizes, padding=1)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.conv_3x3(self.conv_1x1(self.bn(self.gap(x))) + x)


class Aggregation(nn.Layer):
    """Bilateral guided aggregation: each branch weights the other (section 4.3, figure 6)."""

    def __init__(self, channels: int, align_corners: bool, relu: bool, _kind: str) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.db_branch_keep = nn.Sequential(
            DepthwiseConvBN(channels, channels), Conv2D(channels, channels, 1)
        )
        self.db_branch_down = nn.Sequential(
            ConvBN(channels, channels, stride=2), nn.AvgPool2D(kernel_size=3, stride=2, padding=1)
        )
        self.sb_branch_keep = nn.Sequential(
            DepthwiseConvBN(channels, channels), Conv2D(channels, channels, 1), nn.Sigmoid()
        )
        self.sb_branch_up = ConvBN(channels, channels)
        self.conv = ConvBN(channels, channels, relu=relu)

    def forward(self, detail: paddle.Tensor, semantic: paddle.Tensor) -> paddle.Tensor:
        fine = self.db_branch_keep(detail)
        coarse = self.db_branch_down(detail) * self.sb_branch_keep(semantic)
        gate = upsample(self.sb_branch_up(semantic), fine, self.align_corners)
        fine = fine * F.sigmoid(gate)
        return self.conv(fine + upsample(coarse, fine, self.align_corners))


class PlainAggregation(nn.Layer):
    """Both branches added or stacked, or one of them alone (table 2)."""

    def __init__(self, channels: int, align_corners: bool, relu: bool, kind: str) -> None:
        super().__init__()
        self.kind, self.align_corners = kind, align_corners
        inputs = 2 * channels if kind == "concat" else channels
        self.conv = ConvBN(inputs, channels, relu=relu)

    def forward(
        self, detail: paddle.Tensor | None, semantic: paddle.Tensor | None
    ) -> paddle.Tensor:
        if detail is None or semantic is None:  # a network of one branch
            return self.conv(semantic if detail is None else detail)
        semantic = upsample(semantic, detail, self.align_corners)
        if self.kind == "sum":
            return self.conv(detail + semantic)
        return self.conv(paddle.concat([detail, semantic], axis=1))


class Head(nn.Layer):
    """Logits of each class, at the size of the features (section 4.4)."""

    def __init__(self, inputs: int, channels: int, num_classes: int) -> None:
        super().__init__()
        self.conv_3x3 = nn.Sequential(ConvBN(inputs, channels, relu=True), nn.Dropout(0.1))
        self.conv_1x1 = Conv2D(channels, num_classes, 1)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.conv_1x1(self.conv_3x3(x))


class ConvBN(nn.Layer):
    """A convolution, batch norm and, if asked for, ReLU.

    PaddleSeg pads as TensorFlow's SAME: with stride 2 an odd row of padding goes right and below.
    Its convolutions have a bias, though batch norm shifts anyway.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int = 3,
        stride: int = 1,
        groups: int = 1,
        relu: bool = False,
    ) -> None:
        super().__init__()
        self._conv = Conv2D(inputs, outputs, size, stride, padding="same", groups=groups)
        self._batch_norm = SyncBatchNorm(outputs)
        self.relu = relu

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        x = self._batch_norm(self._conv(x))
        return F.relu(x) if self.relu else x


class DepthwiseConvBN(nn.Layer):
    """A 3 x 3 convolution in which each output reads one input channel only, and batch norm."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, relu: bool = False) -> None:
        super().__init__()
        self.depthwise_conv = ConvBN(inputs, outputs, 3, stride, groups=inputs, relu=relu)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.depthwise_conv(x)


# What follows is arithmetic, not architecture: the same numbers, quicker on a CPU.


class Conv2D(nn.Conv2D):
    """Paddle's convolution; on a CPU the bias is added to (N, C, H*W), not to (N, C, H, W).

    Paddle's CPU kernel adds a bias of four dimensions value by value, one of three row by row.
    """

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        if self.bias is None or not _on_cpu(x):
            return super().forward(x)
        geometry = self._stride, self._padding, self._dilation, self._groups
        y = F.conv2d(x, self.weight, None, *geometry)
        return (y.flatten(2) + self.bias.unsqueeze(1)).reshape(y.shape)


def upsample(x: paddle.Tensor, like: paddle.Tensor, align_corners: bool = False) -> paddle.Tensor:
    """Scale up bilinearly; on a CPU as two matrix products, which is several times faster.

    Args:
        x: (N, C, h, w) float32.
        like: (N, ., H, W), whose height and width the result gets.
        align_corners: see ``paddle.nn.functional.interpolate``.

    Returns:
        (N, C, H, W) float32.
    """
    if align_corners or not _on_cpu(x):
        size = paddle.shape(like)[2:]
        return F.interpolate(x, size, mode="bilinear", align_corners=align_corners)
    rows, columns = (_shares(x.shape[axis], like.shape[axis]) for axis in (2, 3))
    return paddle.matmul(rows, paddle.matmul(x, columns, transpose_y=True))


@lru_cache(maxsize=64)
def _shares(old: int, new: int) -> paddle.Tensor:
    """(new, old) float32: the share of every old pixel in every new one, along one axis."""
    centre = np.clip((np.arange(new) + 0.5) * (old / new) - 0.5, 0, None)
    low = np.floor(centre).astype(int)
    shares = np.zeros((new, old), np.float32)
    np.add.at(shares, (np.arange(new), low), 1 - (centre - low))
    np.add.at(shares, (np.arange(new), np.minimum(low + 1, old - 1)), centre - low)
    return paddle.to_tensor(shares)


def _on_cpu(x: paddle.Tensor) -> bool:
    """Whether this is computed now and on a CPU, and not traced for an export."""
    return paddle.in_dynamic_mode() and x.place.is_cpu_place()


def _check_whole(**options: int) -> None:
    for name, value in options.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"model: {name} is {value!r}; give a whole number from 1")
