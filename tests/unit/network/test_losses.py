"""The loss for CPUs against PaddleSeg's, forward and backward."""

import numpy as np
import pytest

from bisenet_lib.network.losses import CPUCrossEntropyLoss
from bisenet_lib.runtime.paddleseg_compat import paddle

from paddleseg.models.losses import CrossEntropyLoss  # isort: skip

WEIGHT = [0.5, 1, 2, 0, 3]


def logits(*shape, scale=1.0):
    values = np.random.default_rng(0).normal(size=shape).astype("float32") * scale
    return paddle.to_tensor(values, stop_gradient=False)


def with_gradient(loss, x, label):
    x.clear_grad()
    result = loss(x, label)
    result.backward()
    return float(result), x.grad.numpy()


@pytest.mark.parametrize("scale", [1.0, 30.0, 200.0])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weight": WEIGHT},
        {"ignore_index": 0},
        {"weight": WEIGHT, "ignore_index": 0},
        {"weight": WEIGHT, "top_k_percent_pixels": 0.5},
    ],
)
def test_loss_and_gradient(options, scale):
    x = logits(2, 5, 6, 7, scale=scale)
    label = np.random.default_rng(1).integers(0, 5, (2, 6, 7))
    label[0, :2] = options.get("ignore_index", 255)
    label = paddle.to_tensor(label)
    ours = with_gradient(CPUCrossEntropyLoss(**options), x, label)
    theirs = with_gradient(CrossEntropyLoss(**options), x, label)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-5, atol=1e-6)


def test_a_label_that_changed_in_place_of_another():
    """What is remembered of a label belongs to that label alone."""
    loss, x = CPUCrossEntropyLoss(), logits(1, 5, 4, 4)
    for value in range(5):
        label = paddle.full([1, 4, 4], value, "int64")
        np.testing.assert_allclose(
            float(loss(x, label)), float(CrossEntropyLoss()(x, label)), rtol=1e-5
        )


def test_a_batch_without_a_label():
    x, label = logits(1, 5, 4, 4), paddle.full([1, 4, 4], 255, "int64")
    assert float(CPUCrossEntropyLoss()(x, label)) == float(CrossEntropyLoss()(x, label)) == 0


def test_top_k_of_the_pixels():
    x, label = logits(2, 5, 6, 7), paddle.to_tensor(np.arange(84).reshape(2, 6, 7) % 5)
    ours = CPUCrossEntropyLoss(top_k_percent_pixels=0.25)(x, label)
    theirs = CrossEntropyLoss(top_k_percent_pixels=0.25)(x, label)
    np.testing.assert_allclose(float(ours), float(theirs), rtol=1e-6)


def test_weights_of_classes_and_of_pixels():
    x, label = logits(2, 5, 6, 7), np.random.default_rng(1).integers(0, 5, (2, 6, 7))
    label[:, 2] = 255
    pixels = np.random.default_rng(2).uniform(0, 2, label.shape).astype("float32")
    given = (x, paddle.to_tensor(label), paddle.to_tensor(pixels))
    ours, theirs = (one(weight=WEIGHT)(*given) for one in (CPUCrossEntropyLoss, CrossEntropyLoss))
    np.testing.assert_allclose(float(ours), float(theirs), rtol=1e-5)


def test_weights_by_hand():
    """Losses log 2 with weight 1 and log 4 with weight 3: (1 log 2 + 3 log 4) / 4."""
    x = np.zeros((1, 2, 1, 3), "float32")
    x[0, 1, 0, 1] = -np.log(3)
    label = paddle.to_tensor([[[0, 1, 255]]])
    loss = CPUCrossEntropyLoss(weight=[1, 3])(paddle.to_tensor(x), label)
    assert float(loss) == pytest.approx((np.log(2) + 3 * np.log(4)) / 4, rel=1e-5)


def test_a_weight_for_each_class_is_asked_for():
    with pytest.raises(ValueError, match="number of weights = 2"):
        CPUCrossEntropyLoss(weight=[1, 2])(logits(1, 5, 2, 2), paddle.zeros([1, 2, 2], "int64"))
