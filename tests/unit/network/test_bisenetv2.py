"""The network against PaddleSeg's own, with the same weights: outputs, gradients, a step."""

import numpy as np
import pytest

from bisenet_lib.errors import InputError
from bisenet_lib.network import bisenetv2
from bisenet_lib.network.bisenetv2 import AGGREGATIONS, BiSeNetV2, Conv2D, upsample
from bisenet_lib.network.losses import CPUCrossEntropyLoss
from bisenet_lib.network.profiling import parameter_count
from bisenet_lib.runtime.paddleseg_compat import paddle

from paddleseg import models  # isort: skip
from paddleseg.models.losses import CrossEntropyLoss  # isort: skip

F = paddle.nn.functional
SIZE = (64, 96)


@pytest.fixture
def plain(monkeypatch):
    """The arithmetic of every other device, and of a traced network."""
    monkeypatch.setattr(bisenetv2, "_on_cpu", lambda x: False)


def pair(**options):
    """This library's network and PaddleSeg's, made with one seed."""
    made = []
    for kind in (BiSeNetV2, models.BiSeNetV2):
        paddle.seed(3)
        made.append(kind(num_classes=5, **options))
    return made


def batch(channels=3):
    rng = np.random.default_rng(0)
    image = rng.normal(size=(2, channels, *SIZE)).astype("float32")
    return paddle.to_tensor(image), paddle.to_tensor(rng.integers(0, 5, (2, *SIZE)))


def without_dropout(model):
    for layer in model.sublayers():
        if isinstance(layer, paddle.nn.Dropout):
            layer.p = 0
    model.train()
    return model


def trained_a_step(model, loss):
    """One step of SGD: the loss of the five heads, the gradients, the weights after it."""
    without_dropout(model)
    optimizer = paddle.optimizer.Momentum(0.01, parameters=model.parameters())
    image, label = batch()
    total = sum(loss(logits, label) for logits in model(image))
    total.backward()
    gradients = [one.grad.numpy() for one in model.parameters() if one.grad is not None]
    optimizer.step()
    return float(total), gradients, [one.numpy() for one in model.parameters()]


@pytest.mark.parametrize(
    "options", [{}, {"lambd": 0.5}, {"align_corners": True}, {"in_channels": 1}], ids=str
)
def test_one_seed_gives_the_weights_of_paddleseg_under_its_names(options):
    ours, theirs = (one.state_dict() for one in pair(**options))
    assert list(ours) == list(theirs)
    for name, value in ours.items():
        assert np.array_equal(value.numpy(), theirs[name].numpy()), name


def test_parameters_are_called_as_in_paddleseg():
    """By these names an optimizer's state finds the parameters of its checkpoint."""

    def names(model):
        kinds = [one.name.rsplit(".", 1) for one in model.parameters()]
        first = {}
        return [
            (
                kind.rstrip("0123456789"),
                int(kind.rsplit("_", 1)[1])
                - first.setdefault(kind.rsplit("_", 1)[0], int(kind.rsplit("_", 1)[1])),
                end,
            )
            for kind, end in kinds
        ]

    ours, theirs = pair()
    assert names(ours) == names(theirs)


@pytest.mark.parametrize("options", [{}, {"align_corners": True}], ids=str)
def test_plain_outputs_equal_paddlesegs_to_the_last_bit(plain, options):
    ours, theirs = pair(**options)
    image, _ = batch()
    for model in (ours, theirs):
        model.eval()
        model.training = True  # all five heads, without dropout
    for left, right in zip(ours(image), theirs(image), strict=True):
        assert np.array_equal(left.numpy(), right.numpy())
    theirs.training = ours.training = False
    assert len(ours(image)) == len(theirs(image)) == 1


def test_outputs_on_a_cpu():
    ours, theirs = pair()
    image, _ = batch()
    for model in (ours, theirs):
        model.eval()
        model.training = True
    for left, right in zip(ours(image), theirs(image), strict=True):
        scale = float(right.abs().max())
        np.testing.assert_allclose(left.numpy(), right.numpy(), rtol=0, atol=2e-6 * scale)


def test_a_plain_step_of_training_equals_paddlesegs_to_the_last_bit(plain):
    ours, theirs = pair()
    left, right = (trained_a_step(one, CrossEntropyLoss()) for one in (ours, theirs))
    assert left[0] == right[0]
    for mine, other in zip(left[1] + left[2], right[1] + right[2], strict=True):
        assert np.array_equal(mine, other)


def test_a_step_of_training_on_a_cpu():
    ours, theirs = pair()
    left = trained_a_step(ours, CPUCrossEntropyLoss())
    right = trained_a_step(theirs, CrossEntropyLoss())
    np.testing.assert_allclose(left[0], right[0], rtol=1e-5)
    largest = max(np.abs(one).max() for one in right[1])
    for mine, other in zip(left[1], right[1], strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-4 * largest)
    for mine, other in zip(left[2], right[2], strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-4 * largest)


# The layers that are quick on a CPU


def tensor(*shape, seed=0):
    values = np.random.default_rng(seed).normal(size=shape).astype("float32")
    return paddle.to_tensor(values, stop_gradient=False)


def with_gradient(function, x):
    x.clear_grad()
    result = function(x)
    (result * tensor(*result.shape, seed=9)).sum().backward()
    return result.numpy(), x.grad.numpy()


def same(ours, theirs, x):
    for left, right in zip(with_gradient(ours, x), with_gradient(theirs, x), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("old", "new"), [((4, 8), (32, 64)), ((5, 7), (13, 29)), ((1, 1), (8, 8)), ((16, 9), (16, 9))]
)
def test_upsample(old, new):
    like = paddle.zeros([2, 1, *new])
    same(
        lambda x: upsample(x, like),
        lambda x: F.interpolate(x, list(new), mode="bilinear"),
        tensor(2, 3, *old),
    )


@pytest.mark.parametrize(
    "options",
    [
        {"stride": 2, "padding": 1},
        {"stride": 2, "padding": "same"},
        {"padding": 1, "groups": 6},
        {"bias_attr": False},
    ],
    ids=str,
)
def test_convolution(options):
    ours, theirs = (kind(6, 12, 3, **options) for kind in (Conv2D, paddle.nn.Conv2D))
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        mine.set_value(tensor(*mine.shape, seed=4))
        other.set_value(mine)
    same(ours, theirs, tensor(2, 6, 9, 12))


# Options


def test_what_the_options_change():
    count = {}
    for name, options in {
        "PaddleSeg": {},
        "head of 1024": {"head_channels": 1024},
        "expansion 3": {"expansion": 3},
        "early": {"early_expansion": True},
        "context": {"context_relu": True},
        "relu": {"extra_relu": True},
        "no booster": {"booster": False},
    }.items():
        count[name] = parameter_count(BiSeNetV2(19, **options))
    whole = count["PaddleSeg"]
    # By hand: 896 more channels of a 3 x 3 convolution from 128 with bias, of batch norm (2 each),
    # and of a 1 x 1 convolution to 19.
    assert count["head of 1024"] - whole == 896 * (9 * 128 + 1 + 2 + 19)
    assert count["context"] - whole == 2 * 128
    assert count["relu"] == whole
    assert count["expansion 3"] < whole < count["early"]
    assert whole - count["no booster"] == 201_196


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("booster", [True, False])
def test_every_aggregation_trains(aggregation, booster):
    model = BiSeNetV2(5, aggregation=aggregation, booster=booster)
    model.train()
    image, label = batch()
    outputs = model(image)
    assert len(outputs) == (5 if booster and aggregation != "detail" else 1)
    assert all(one.shape == [2, 5, *SIZE] for one in outputs)
    sum(CPUCrossEntropyLoss()(one, label) for one in outputs).backward()
    assert all(one.grad is not None for one in model.parameters() if not one.stop_gradient)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"aggregation": "guide"}, r"aggregation is 'guide' \(did you mean 'guided'\?\)"),
        ({"lambd": 0}, "lambd is 0; give 1/32 or more"),
        ({"lambd": 0.02}, "lambd is 0.02"),
        ({"lambd": "wide"}, "lambd is 'wide'"),
        ({"expansion": -1}, "expansion is -1; give a whole number from 1"),
        ({"expansion": 1.5}, "expansion is 1.5"),
        ({"head_channels": 0}, "head_channels is 0"),
        ({"head_channels": "wide"}, "head_channels is 'wide'"),
    ],
)
def test_an_impossible_option(options, message):
    with pytest.raises(InputError, match=message):
        BiSeNetV2(5, **options)
