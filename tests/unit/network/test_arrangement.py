"""The arranged functions give what Paddle's and PaddleSeg's own give, forward and backward."""

import numpy as np
import pytest

from bisenet_lib.network import arrangement
from bisenet_lib.runtime.paddleseg_compat import paddle

from paddleseg.models import BiSeNetV2, bisenet, layers  # isort: skip
from paddleseg.models.losses import CrossEntropyLoss  # isort: skip

F = paddle.nn.functional


def tensor(*shape, seed=0, scale=1.0):
    values = np.random.default_rng(seed).normal(size=shape).astype("float32") * scale
    return paddle.to_tensor(values, stop_gradient=False)


def with_gradient(function, x):
    x.clear_grad()
    result = function(x)
    (result * tensor(*result.shape, seed=9)).sum().backward()
    return result.numpy(), x.grad.numpy()


def same(ours, theirs, x, **tolerance):
    for left, right in zip(with_gradient(ours, x), with_gradient(theirs, x), strict=True):
        np.testing.assert_allclose(left, right, **{"rtol": 1e-5, "atol": 1e-5, **tolerance})


@pytest.mark.parametrize(
    ("old", "new"), [((4, 8), (32, 64)), ((5, 7), (13, 29)), ((1, 1), (8, 8)), ((16, 9), (16, 9))]
)
def test_upsample(old, new):
    x = tensor(2, 3, *old)
    same(
        lambda x: arrangement.upsample(x, new),
        lambda x: F.interpolate(x, list(new), mode="bilinear"),
        x,
    )


@pytest.mark.parametrize(
    "layer",
    [
        lambda: paddle.nn.Conv2D(6, 4, 3, 2, padding=1),
        lambda: paddle.nn.Conv2D(6, 4, 3, 2, padding="same"),
        lambda: paddle.nn.Conv2D(6, 12, 3, padding=1, groups=6),
        lambda: paddle.nn.Conv2D(6, 4, 1, bias_attr=False),
        lambda: layers.ConvBNReLU(6, 4, 3, stride=2),
    ],
)
def test_convolution_with_bias(layer):
    built, x = layer(), tensor(2, 6, 9, 12)
    for parameter in built.parameters():
        if parameter.name.endswith("b_0"):
            parameter.set_value(tensor(*parameter.shape, seed=4))

    def arranged(x):
        with arrangement.for_cpu():
            return built(x)

    same(arranged, built, x)


def arranged_loss(**options):
    def loss(x, label):
        with arrangement.for_cpu():
            return CrossEntropyLoss(**options)(x, label)

    return loss


@pytest.mark.parametrize("scale", [1.0, 30.0, 200.0])
@pytest.mark.parametrize("options", [{}, {"weight": [0.5, 1, 2, 1, 1]}, {"ignore_index": 0}])
def test_cross_entropy(options, scale):
    x = tensor(2, 5, 6, 7, scale=scale)
    label = np.random.default_rng(1).integers(0, 5, (2, 6, 7))
    label[0, :2] = options.get("ignore_index", 255)
    label = paddle.to_tensor(label)
    same(
        lambda x: arranged_loss(**options)(x, label).reshape([1]),
        lambda x: CrossEntropyLoss(**options)(x, label).reshape([1]),
        x,
    )


def test_cross_entropy_of_a_batch_without_a_label():
    x, label = tensor(1, 5, 4, 4), paddle.full([1, 4, 4], 255, "int64")
    assert float(arranged_loss()(x, label)) == float(CrossEntropyLoss()(x, label)) == 0


def test_top_k_of_the_pixels():
    x, label = tensor(2, 5, 6, 7), paddle.to_tensor(np.arange(84).reshape(2, 6, 7) % 5)
    ours = arranged_loss(top_k_percent_pixels=0.25)(x, label)
    theirs = CrossEntropyLoss(top_k_percent_pixels=0.25)(x, label)
    np.testing.assert_allclose(float(ours), float(theirs), rtol=1e-6)


def test_nothing_stays_changed():
    conv, loss = paddle.nn.Conv2D.forward, CrossEntropyLoss.forward
    with pytest.raises(ZeroDivisionError), arrangement.for_cpu():
        assert bisenet.F is not F
        1 / 0  # noqa: B018
    assert bisenet.F is F
    assert paddle.nn.Conv2D.forward is conv
    assert CrossEntropyLoss.forward is loss


def test_the_whole_network():
    model, image = BiSeNetV2(19), tensor(1, 3, 64, 96)
    model.eval()
    model.training = True  # all five heads, without dropout
    expected = model(image)
    with arrangement.for_cpu():
        found = model(image)
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(left.numpy(), right.numpy(), rtol=1e-4, atol=1e-4)


def test_memory_settings_of_the_user_stay(monkeypatch):
    called = []
    monkeypatch.setattr(arrangement.ctypes, "CDLL", lambda _: called.append(1))
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000")
    arrangement.keep_freed_memory()
    assert not called
