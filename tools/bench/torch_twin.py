"""BiSeNet V2 in PyTorch: what torch_bench.py runs beside ours, in a process of its own.

Names and order are those of ``bisenet_lib/network/bisenetv2.py`` with its defaults, so weights are
copied by name. Written as one writes it in PyTorch: its own interpolation, loss and optimizer.
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn

F = nn.functional
STATISTICS = {"_mean": "running_mean", "_variance": "running_var"}
"""Paddle's names of what batch norm remembers, and PyTorch's."""


class ConvBN(nn.Module):
    def __init__(self, inputs, outputs, size=3, stride=1, groups=1, relu=False):
        super().__init__()
        padding = size // 2 if stride == 1 else 0
        self._conv = nn.Conv2d(inputs, outputs, size, stride, padding, groups=groups)
        self._batch_norm = nn.BatchNorm2d(outputs)
        self.stride, self.relu = stride, relu

    def forward(self, x):
        if self.stride == 2:  # Paddle's SAME, for even sizes: the odd row goes right and below
            x = F.pad(x, (0, 1, 0, 1))
        x = self._batch_norm(self._conv(x))
        return F.relu(x, inplace=True) if self.relu else x


class DepthwiseConvBN(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.depthwise_conv = ConvBN(inputs, outputs, 3, stride, groups=inputs)

    def forward(self, x):
        return self.depthwise_conv(x)


class Stem(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        half = outputs // 2
        self.conv = ConvBN(inputs, outputs, stride=2, relu=True)
        self.left = nn.Sequential(
            ConvBN(outputs, half, 1, relu=True), ConvBN(half, outputs, stride=2, relu=True)
        )
        self.right = nn.MaxPool2d(3, 2, 1)
        self.fuse = ConvBN(2 * outputs, outputs, relu=True)

    def forward(self, x):
        x = self.conv(x)
        return self.fuse(torch.cat([self.left(x), self.right(x)], 1))


class GatherExpand(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        wide, self.stride = 6 * inputs, stride
        gather, project = ConvBN(inputs, inputs, relu=True), ConvBN(wide, outputs, 1)
        expand = DepthwiseConvBN(inputs, wide, stride)
        if stride == 1:
            self.conv = nn.Sequential(gather, expand, project)
        else:
            self.branch_1 = nn.Sequential(gather, expand, DepthwiseConvBN(wide, wide), project)
            self.branch_2 = nn.Sequential(
                DepthwiseConvBN(inputs, inputs, 2), ConvBN(inputs, outputs, 1)
            )

    def forward(self, x):
        shortcut = x if self.stride == 1 else self.branch_2(x)
        steps = self.conv if self.stride == 1 else self.branch_1
        return F.relu(steps(x) + shortcut, inplace=True)


class Context(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gap, self.bn = nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(channels)
        self.conv_1x1 = ConvBN(channels, channels, 1, relu=True)
        self.conv_3x3 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return self.conv_3x3(self.conv_1x1(self.bn(self.gap(x))) + x)


class DetailBranch(nn.Module):
    def __init__(self):
        super().__init__()
        widths = (3, 64, 64, 64, 64, 64, 128, 128, 128)
        steps = zip(widths[:-1], widths[1:], (2, 1, 2, 1, 1, 2, 1, 1), strict=True)
        self.convs = nn.Sequential(*(ConvBN(i, o, stride=s, relu=True) for i, o, s in steps))

    def forward(self, x):
        return self.convs(x)


class SemanticBranch(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = Stem(3, 16)
        self.stage3 = nn.Sequential(GatherExpand(16, 32, 2), GatherExpand(32, 32))
        self.stage4 = nn.Sequential(GatherExpand(32, 64, 2), GatherExpand(64, 64))
        rest = (GatherExpand(128, 128) for _ in range(3))
        self.stage5_4 = nn.Sequential(GatherExpand(64, 128, 2), *rest)
        self.ce = Context(128)

    def forward(self, x):
        outputs = []
        for stage in (self.stem, self.stage3, self.stage4, self.stage5_4, self.ce):
            x = stage(x)
            outputs.append(x)
        return outputs


class Aggregation(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.db_branch_keep = nn.Sequential(DepthwiseConvBN(c, c), nn.Conv2d(c, c, 1))
        pool = nn.AvgPool2d(3, 2, 1, count_include_pad=False)
        self.db_branch_down = nn.Sequential(ConvBN(c, c, stride=2), pool)
        self.sb_branch_keep = nn.Sequential(DepthwiseConvBN(c, c), nn.Conv2d(c, c, 1), nn.Sigmoid())
        self.sb_branch_up = ConvBN(c, c)
        self.conv = ConvBN(c, c)

    def forward(self, detail, semantic):
        fine = self.db_branch_keep(detail)
        coarse = self.db_branch_down(detail) * self.sb_branch_keep(semantic)
        fine = fine * torch.sigmoid(upsample(self.sb_branch_up(semantic), fine))
        return self.conv(fine + upsample(coarse, fine))


class Head(nn.Module):
    def __init__(self, inputs, channels, classes):
        super().__init__()
        self.conv_3x3 = nn.Sequential(ConvBN(inputs, channels, relu=True), nn.Dropout(0.1))
        self.conv_1x1 = nn.Conv2d(channels, classes, 1)

    def forward(self, x):
        return self.conv_1x1(self.conv_3x3(x))


class BiSeNetV2(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.db, self.sb, self.bga = DetailBranch(), SemanticBranch(), Aggregation(128)
        for number, width in enumerate((16, 32, 64, 128), 1):
            self.add_module(f"aux_head{number}", Head(width, width, classes))
        self.head = Head(128, 128, classes)

    def forward(self, image):
        detail, stages = self.db(image), self.sb(image)
        logits = [self.head(self.bga(detail, stages[-1]))]
        if self.training:
            logits += [getattr(self, f"aux_head{n}")(stages[n - 1]) for n in range(1, 5)]
        return [upsample(one, image) for one in logits]


def upsample(x, like):
    return F.interpolate(x, like.shape[2:], mode="bilinear", align_corners=False)


def load(arrays):
    """The network with the weights of ours.

    Args:
        arrays: ``state.<name>`` to the array that Paddle has under this name.
    """
    state = {}
    for name in arrays:
        if name.startswith("state."):
            layer, _, last = name.removeprefix("state.").rpartition(".")
            state[f"{layer}.{STATISTICS.get(last, last)}"] = torch.from_numpy(arrays[name])
    model = BiSeNetV2(state["head.conv_1x1.bias"].shape[0])
    model.load_state_dict(state)
    return model


def losses_of(model, image, label):
    return [F.cross_entropy(one, label, ignore_index=255) for one in model(image)]


def check(model, image, label, path):
    """Write the logits in evaluation mode, and the five losses in training without dropout."""
    with torch.no_grad():
        logits = model.eval()(image)[0].numpy()
        model.train()
        for layer in model.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = 0.0
        losses = [float(one) for one in losses_of(model, image, label)]
    np.savez(path, logits=logits, losses=losses)


def measure(model, image, label, steps):
    """The seconds of every training step, with the optimizer of ``minicity_laptop.yml``."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    model.train()
    clock = [time.perf_counter()]
    for _ in range(steps):
        sum(losses_of(model, image, label)).backward()
        optimizer.step()
        optimizer.zero_grad()
        clock.append(time.perf_counter())
    return np.diff(clock).tolist()


def main():
    """Run ``torch_twin.py OURS check THEIRS`` or ``torch_twin.py OURS STEPS``: files of arrays."""
    source, job, *target = sys.argv[1:]
    arrays = np.load(source)
    model = load(arrays)
    image, label = torch.from_numpy(arrays["image"]), torch.from_numpy(arrays["label"]).long()
    if job == "check":
        check(model, image, label, *target)
    else:
        print(json.dumps(measure(model, image, label, int(job))))


if __name__ == "__main__":
    main()
