"""The graph against the network itself, and folding against batch norm by hand."""

import numpy as np
import onnxruntime
import pytest

from bisenet_lib.deployment import onnx_graph
from bisenet_lib.errors import InputError
from bisenet_lib.network import profiling
from bisenet_lib.network.bisenetv2 import AGGREGATIONS, BiSeNetV2
from bisenet_lib.runtime.paddleseg_compat import paddle


@pytest.mark.parametrize(
    "options",
    [
        {"align_corners": True},
        {"lambd": 0.5},
        {"num_classes": 2},
        {"in_channels": 1},
        {"expansion": 3},
        {"early_expansion": True},
        {"context_relu": True},
        {"extra_relu": True},
        {"head_channels": 32},
        *({"aggregation": name} for name in AGGREGATIONS),
    ],
    ids=str,
)
def test_every_option_of_the_network_is_written(options):
    paddle.seed(0)
    model = BiSeNetV2(**{"num_classes": 3, **options})
    model.eval()
    image = np.random.default_rng(0).normal(size=(2, options.get("in_channels", 3), 65, 130))
    image = image.astype(np.float32)
    graph = onnx_graph.as_onnx(model)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    logits, classes = session.run(["logits", "classes"], {"image": image})
    with paddle.no_grad():
        expected = model(paddle.to_tensor(image))[0].numpy()
    assert np.abs(logits - expected).max() <= 1e-4 * np.abs(expected).max()
    assert (classes == expected.argmax(1)).mean() >= 0.999


def test_nodes_and_weights_are_called_as_in_paddleseg():
    graph = onnx_graph.as_onnx(profiling.build_network()).graph
    names = {weight.name for weight in graph.initializer}
    assert {"db.convs.0._conv.weight", "bga.sb_branch_keep.1.bias", "head.conv_1x1.bias"} <= names
    assert not any(name.startswith("aux") for name in names)


def test_another_network_is_refused():
    model = paddle.nn.Linear(1, 1)
    with pytest.raises(InputError, match="Linear; only BiSeNetV2"):
        onnx_graph.as_onnx(model)


def normed(layer: paddle.nn.BatchNorm2D, mean, variance, gamma, beta) -> paddle.nn.BatchNorm2D:
    for target, value in (
        (layer._mean, mean),
        (layer._variance, variance),
        (layer.weight, gamma),
        (layer.bias, beta),
    ):
        target.set_value(np.asarray(value, np.float32))
    layer.eval()
    return layer


def test_folding_by_hand():
    """One channel: a convolution by 2 plus 1; batch norm (x - 3) / 2 * 4 + 5, that is 2 x - 1."""
    conv = paddle.nn.Conv2D(1, 1, 1)
    conv.weight.set_value(np.full((1, 1, 1, 1), 2, np.float32))
    conv.bias.set_value(np.ones(1, np.float32))
    norm = normed(paddle.nn.BatchNorm2D(1, epsilon=0), [3], [4], [4], [5])
    after = onnx_graph.folded(conv, after=norm)
    assert [float(value.item()) for value in after] == [4, 1]  # 2 (2 x + 1) - 1
    before = onnx_graph.folded(conv, before=norm)
    assert [float(value.item()) for value in before] == [4, -1]  # 2 (2 x - 1) + 1


def test_folding_both_sides_equals_the_three_layers():
    paddle.seed(0)
    rng = np.random.default_rng(0)
    conv = paddle.nn.Conv2D(4, 6, 1)
    before, after = (
        normed(
            paddle.nn.BatchNorm2D(count),
            *(rng.uniform(0.5, 1.5, count) for _ in range(4)),
        )
        for count in (4, 6)
    )
    kernel, bias = onnx_graph.folded(conv, before=before, after=after)
    x = rng.normal(size=(2, 4, 3, 5)).astype(np.float32)
    with paddle.no_grad():
        expected = after(conv(before(paddle.to_tensor(x)))).numpy()
    found = np.einsum("oi,nihw->nohw", kernel[:, :, 0, 0], x) + bias[:, np.newaxis, np.newaxis]
    assert np.allclose(found, expected, atol=1e-5)
