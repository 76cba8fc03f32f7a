"""Checkpoints: whole or absent, and read as data."""

import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest

from bisenet_lib.common import array_files
from bisenet_lib.errors import InputError
from bisenet_lib.network import checkpoint, profiling
from bisenet_lib.runtime.paddleseg_compat import paddle


@pytest.fixture
def model():
    with paddle.utils.unique_name.guard():
        return paddle.nn.Sequential(paddle.nn.Conv2D(3, 4, 3), paddle.nn.BatchNorm2D(4))


@pytest.fixture
def optimizer(model):
    schedule = paddle.optimizer.lr.PolynomialDecay(0.1, 10)
    return paddle.optimizer.Momentum(schedule, parameters=model.parameters())


def test_what_is_saved_comes_back(model, optimizer, tmp_path):
    saved = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    folder = checkpoint.save_checkpoint(
        tmp_path, 7, model, optimizer, {"best_miou": 0.5, "iteration": 0}
    )
    assert sorted(path.name for path in folder.iterdir()) == [
        "model.pdopt",
        "model.pdparams",
        "state.json",
    ]
    for parameter in model.parameters():
        parameter.set_value(paddle.zeros_like(parameter))
    assert checkpoint.restore(checkpoint.open_newest(tmp_path), model, optimizer) == {
        "best_miou": 0.5,
        "iteration": 7,
    }
    now = model.state_dict()
    assert all((saved[key] == now[key].numpy()).all() for key in saved)


def test_weights_in_half_precision_keep_their_float32_originals(model, optimizer, tmp_path):
    """With O2 an optimizer has a dict of them, and finds its moments by their names."""
    originals = {}
    for parameter in model.parameters():
        original = parameter.astype("float32") * 2
        original.name = f"{parameter.name}_fp32_master_0"
        originals[parameter.name] = original
    optimizer._master_weights = dict(originals)
    checkpoint.save_checkpoint(tmp_path, 1, model, optimizer, {})

    optimizer._master_weights = {}
    checkpoint.restore(checkpoint.open_newest(tmp_path), model, optimizer)
    assert optimizer._master_weights.keys() == originals.keys()
    for name, tensor in optimizer._master_weights.items():
        assert isinstance(tensor, paddle.Tensor)
        assert tensor.name == originals[name].name
        assert (tensor.numpy() == originals[name].numpy()).all()


class Harm:
    """A pickle of this makes a file when it is opened in the ordinary way."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def test_a_pickle_that_would_run_code_is_refused_unopened(tmp_path):
    path, target = tmp_path / "model.pdparams", tmp_path / "harmed"
    path.write_bytes(pickle.dumps({"weight": Harm(target)}))
    with pytest.raises(InputError, match=r"would run posix\.mkdir"):
        array_files.read_arrays(path)
    assert not target.exists()
    pickle.loads(path.read_bytes())
    assert target.exists(), "the test's pickle does no harm at all"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such checkpoint file"),
        (b"", "not a checkpoint of arrays"),
        (b"not a pickle", "not a checkpoint of arrays"),
        (pickle.dumps([1, 2]), "holds a list, not a state dict"),
    ],
)
def test_what_is_no_checkpoint_is_named(tmp_path, content, message):
    path = tmp_path / "model.pdparams"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        array_files.read_arrays(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_refused(model, tmp_path, kept):
    path = tmp_path / "model.pdparams"
    checkpoint.save_weights(model, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(InputError, match="cut off"):
        array_files.read_arrays(path)


def test_another_class_count_names_the_first_arrays_that_differ(tmp_path):
    path = tmp_path / "model.pdparams"
    checkpoint.save_weights(profiling.build_network(11), path)
    nineteen = profiling.build_network(19)
    before = nineteen.state_dict()["db.convs.0._conv.weight"].numpy().copy()
    with pytest.raises(InputError, match=r"aux_head1\.conv_1x1\.bias: \(11,\) in the file, \(19,"):
        checkpoint.load_weights(nineteen, path)
    assert (nineteen.state_dict()["db.convs.0._conv.weight"].numpy() == before).all()


def test_absent_arrays_are_named(model, tmp_path):
    values = OrderedDict((key, value.numpy()) for key, value in model.state_dict().items())
    del values["0.bias"]
    values["stray"] = np.zeros(3)
    path = tmp_path / "model.pdparams"
    path.write_bytes(pickle.dumps(values))
    with pytest.raises(
        InputError, match=r"0\.bias: absent in the file.*stray: \(3,\).*absent here"
    ):
        checkpoint.load_weights(model, path)


def test_resume_needs_the_optimizer(model, optimizer, tmp_path):
    folder = checkpoint.save_checkpoint(tmp_path, 1, model, optimizer, {})
    (folder / "model.pdopt").unlink()
    with pytest.raises(InputError, match=r"has no model\.pdopt, so training cannot go on"):
        checkpoint.open_newest(folder)


@pytest.mark.parametrize(
    ("text", "message"), [('{"iterat', "damaged"), ("[]", "damaged"), ("{}", "says no iteration")]
)
def test_a_damaged_state_is_named(model, optimizer, tmp_path, text, message):
    folder = checkpoint.save_checkpoint(tmp_path, 1, model, optimizer, {})
    (folder / "state.json").write_text(text)
    with pytest.raises(InputError, match=rf"state\.json: {message}"):
        checkpoint.open_newest(folder)


@pytest.mark.parametrize("finder", [checkpoint.newest, checkpoint.weights_file])
def test_an_empty_folder_is_named(tmp_path, finder):
    with pytest.raises(InputError, match=str(tmp_path)):
        finder(tmp_path)


def test_newest_is_by_number_and_half_written_ones_do_not_count(tmp_path):
    for name in ("iter_9", "iter_10", ".iter_11.part", "iter_12.old", "iter_x"):
        (tmp_path / name).mkdir()
    assert checkpoint.newest(tmp_path).name == "iter_10"
    assert [one.name for one in checkpoint.checkpoints(tmp_path)] == ["iter_9", "iter_10"]


def test_a_folder_that_cannot_be_written_leaves_nothing(model, optimizer, tmp_path):
    (tmp_path / "run").write_text("a file where the run folder should be")
    with pytest.raises(InputError, match="cannot be written"):
        checkpoint.save_checkpoint(tmp_path / "run", 1, model, optimizer, {})
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_weights_are_found_from_run_folder_or_file(model, optimizer, tmp_path):
    folder = checkpoint.save_checkpoint(tmp_path, 3, model, optimizer, {})
    assert checkpoint.weights_file(tmp_path) == folder / "model.pdparams"
    checkpoint.save_weights(model, tmp_path / "best_model" / "model.pdparams")
    assert checkpoint.weights_file(tmp_path) == tmp_path / "best_model" / "model.pdparams"
    assert checkpoint.weights_file(folder) == folder / "model.pdparams"
    (tmp_path / "config.yml").touch()
    for path in (tmp_path, folder, folder / "model.pdparams"):
        assert checkpoint.config_file(path) == tmp_path / "config.yml"
