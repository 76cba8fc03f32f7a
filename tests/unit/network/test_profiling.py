"""The measured network against the published figures and Paddle's own counter."""

import pytest

from bisenet_lib.errors import InputError
from bisenet_lib.network import profiling
from bisenet_lib.runtime.paddleseg_compat import paddle

from paddleseg import models  # isort: skip


@pytest.fixture(scope="module")
def model():
    return profiling.build_network()


@pytest.fixture(scope="module")
def rows(model):
    return profiling.stages(model)


def total(rows, column, *, training=False):
    return sum(getattr(row, column) for row in rows if training or not row.training_only)


def test_parameters_are_those_reported_for_paddleseg(model, rows):
    assert total(rows, "parameters", training=True) == 2_516_455
    assert total(rows, "parameters", training=True) - total(rows, "parameters") == 201_196
    assert profiling.parameter_count(model) == 2_516_455


def test_multiply_adds_equal_paddles_own_counter(rows, capsys):
    """Paddle counts layers by their exact type, so PaddleSeg's network is the one it counts."""
    theirs = models.BiSeNetV2(num_classes=19)
    theirs.eval()
    assert total(rows, "multiply_adds") == paddle.flops(theirs, [1, 3, 512, 1024])
    assert round(total(rows, "multiply_adds") / 1e9, 2) == 16.14


def test_a_convolution_counted_by_hand():
    """S1 of the detail branch on 64x32: conv 3->64 and 64->64 of 3x3, bias, two batch norms."""
    first = profiling.stages(profiling.build_network(), (64, 32))[0]
    values = 64 * 16 * 32
    assert first.multiply_adds == values * (3 * 9 + 1 + 2) + values * (64 * 9 + 1 + 2)
    assert first.parameters == 64 * 27 + 64 * 64 * 9 + 2 * (64 + 2 * 64)


@pytest.mark.parametrize("size", [(1024, 512), (512, 256)])
def test_shapes_follow_the_strides(model, size):
    strides = {
        "detail S1": (64, 2),
        "detail S2": (64, 4),
        "detail S3": (128, 8),
        "semantic S1-S2 stem": (16, 4),
        "semantic S3": (32, 8),
        "semantic S4": (64, 16),
        "semantic S5": (128, 32),
        "semantic S5 context": (128, 32),
        "aggregation BGA": (128, 8),
        "head head": (19, 8),
    }
    shapes = {f"{row.branch} {row.name}": row.shape for row in profiling.stages(model, size)}
    for name, (channels, stride) in strides.items():
        assert shapes[name] == (channels, size[1] // stride, size[0] // stride)


def test_measuring_leaves_the_network_as_it_was(model):
    before = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    model.train()
    profiling.stages(model, (64, 64))
    assert model.training
    assert model.db.training
    model.eval()
    assert all((before[key] == value.numpy()).all() for key, value in model.state_dict().items())
    assert not any(layer._forward_post_hooks for layer in model.sublayers())


def test_classes_and_width_reach_the_network():
    logits = profiling.build_network(11, lambd=0.5)(paddle.zeros([1, 3, 64, 96]))
    assert [list(one.shape) for one in logits] == [[1, 11, 64, 96]]
    wide = profiling.parameter_count(profiling.build_network(11, lambd=0.5).sb)
    assert wide > profiling.parameter_count(profiling.build_network(11).sb)


def test_table_ends_in_both_sums(rows):
    lines = profiling.table(rows).splitlines()
    assert "16.14 G" in lines[-2]
    assert "2,516,455" in lines[-1]


def test_no_image_is_refused(model):
    with pytest.raises(InputError, match="an image of 1024 x 0 pixels: give width"):
        profiling.stages(model, (1024, 0))


def block(channels=8, groups=1):
    nn = paddle.nn
    parts = nn.Conv2D(4, channels, 3, padding=1, groups=groups), nn.BatchNorm2D(channels)
    return nn.Sequential(*parts)


def test_multiply_adds_of_one_block_and_of_the_whole_agree_with_the_stages(model, rows):
    assert profiling.multiply_adds(block(), (4, 6, 10)) == 8 * 60 * (4 * 9 + 1 + 2)
    assert profiling.multiply_adds(model, (3, 512, 1024)) == total(rows, "multiply_adds")
    assert not any(layer._forward_post_hooks for layer in model.sublayers())


def test_a_block_that_fails_while_it_is_measured_keeps_no_hook():
    failing = paddle.nn.Sequential(paddle.nn.Conv2D(4, 8, 3), paddle.nn.Conv2D(4, 8, 3))
    with pytest.raises(ValueError, match="channel"):
        profiling.multiply_adds(failing, (4, 6, 10))
    assert not any(layer._forward_post_hooks for layer in failing.sublayers())


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_network_that_fails_while_it_is_measured_is_left_as_it_was(mode):
    failing = profiling.build_network()
    failing.head = paddle.nn.Conv2D(1, 19, 1)
    getattr(failing, mode)()
    with pytest.raises(ValueError, match="channel"):
        profiling.stages(failing, (64, 64))
    assert {layer.training for layer in failing.sublayers(include_self=True)} == {mode == "train"}
    assert not any(layer._forward_post_hooks for layer in failing.sublayers())


def test_a_block_with_copied_weights_gives_the_same_numbers():
    source, target = block(), paddle.nn.LayerDict({"other": block()})
    source(paddle.randn([3, 4, 6, 10]))  # in training mode, so that the statistics move
    source.eval()
    profiling.copy_weights(source, target)
    x = paddle.randn([2, 4, 6, 10])
    assert (target["other"](x).numpy() == source(x).numpy()).all()


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (lambda: block(channels=6), r"array 1 of 6, here called 0.weight: its shape is \[6, 4"),
        (lambda: block(groups=4), r"where \[8, 4, 3, 3\] is to be copied"),
        (lambda: block()[0], "has 2 arrays of weights, the one to copy from 6"),
    ],
)
def test_a_block_that_is_built_otherwise_is_refused_and_stays_as_it_is(target, told):
    target = target()
    before = [value.numpy().copy() for value in target.state_dict().values()]
    with pytest.raises(InputError, match=told):
        profiling.copy_weights(block(), target)
    after = [value.numpy() for value in target.state_dict().values()]
    assert all((one == other).all() for one, other in zip(before, after, strict=True))
