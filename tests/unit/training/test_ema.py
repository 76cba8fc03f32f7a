"""The moving average of the weights: its values, its files, and runs with it."""

import json

import numpy as np
import pytest

from bisenet_lib.common.array_files import read_arrays
from bisenet_lib.config import configuration
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import evaluator
from bisenet_lib.network import checkpoint
from bisenet_lib.runtime.paddleseg_compat import paddle
from bisenet_lib.training import run_log, trainer
from bisenet_lib.training.ema import WeightAverage, decay_after


class Two(paddle.nn.Layer):
    """A weight and batch-norm statistics."""

    def __init__(self):
        super().__init__()
        self.line = paddle.nn.Linear(1, 1, bias_attr=False)
        self.norm = paddle.nn.BatchNorm1D(1)


def set_to(model, value):
    for parameter in model.parameters():
        parameter.set_value(paddle.full(parameter.shape, value))


def test_by_hand():
    """Decay 1/10, 2/11, then 0.2: from 1, with weights 2, 3 and 10."""
    model = Two()
    set_to(model, 1)
    average = WeightAverage(model, 0.2)
    for weight, expected in ((2, 1.9), (3, 2.8), (10, 8.56), (10, 9.712)):
        set_to(model, weight)
        average.update()
        assert average.arrays()["line.weight"].item() == pytest.approx(expected)
    arrays = average.arrays()
    assert arrays.keys() == model.state_dict().keys() and "norm._mean" in arrays
    for name, value in arrays.items():
        np.testing.assert_allclose(value, expected, rtol=1e-6, err_msg=name)


def test_its_file_has_the_buffers_of_networks_that_have_some(tmp_path):
    model = Two()
    model.register_buffer("order", paddle.arange(3))
    average = WeightAverage(model, 0.9)
    path = tmp_path / "ema.pdparams"
    paddle.save(average.arrays(), str(path))
    checkpoint.load_weights(model, path)
    average.load(read_arrays(path), 1)
    assert average.arrays()["order"].tolist() == [0, 1, 2]


def test_the_decay_grows_to_its_value():
    assert [decay_after(n, 0.99) for n in (0, 90, 890, 891, 10**6)] == [
        *(0.1, 0.91, 0.99),
        *(0.99, 0.99),
    ]
    assert decay_after(100, 0) == 0


def test_in_place_and_back():
    model = Two()
    set_to(model, 1)
    average = WeightAverage(model, 0.5)
    set_to(model, 4)
    with pytest.raises(KeyError), average.in_place():
        assert model.line.weight.item() == 1
        model.norm._mean.set_value(paddle.full([1], 7.0))
        raise KeyError
    assert model.line.weight.item() == model.norm._mean.item() == 4
    assert average.arrays()["norm._mean"].item() == 7
    assert average.arrays()["line.weight"].item() == 1


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"decay": 1}, "ema: decay is 1; give a number from 0 to below 1"),
        ({"decay": -0.1}, "decay is -0.1"),
        ({"decay": True}, "decay is True"),
        ({}, "decay is None"),
        ({"decay": 0.9, "warmup": 3}, "ema: unknown key 'warmup'"),
        (0.99, "ema is 0.99; give a section"),
    ],
)
def test_wrong_sections_are_refused(section, message):
    settings = configuration.load_config("smoke")
    with pytest.raises(InputError, match=message):
        configuration.check_config({**settings, "ema": section}, source="mine.yml")


def test_a_configuration_turns_off_what_its_base_has():
    settings = configuration.load_config("smoke") | {"ema": None}
    configuration.check_config(settings, source="mine.yml")


@pytest.fixture
def settings(tiny):
    return configuration.load_config(tiny) | {"ema": {"decay": 0.9}}


def files(run):
    """The bytes of all weights of a run, and its record without times."""
    content = {path.relative_to(run): path.read_bytes() for path in run.rglob("*.pd*")}
    kept = ("iteration", "loss", "miou", "lr")
    return content, [{key: one.get(key) for key in kept} for one in run_log.read_log(run)]


@pytest.mark.slow
def test_what_is_scored_and_kept_is_the_average(settings, tmp_path, monkeypatch):
    """As calculated from the weights of each iteration of a run without the average."""
    plain, run = tmp_path / "plain", tmp_path / "run"
    options = {"save_interval": 1, "log_iters": 1}
    trainer.fit({key: settings[key] for key in settings if key != "ema"}, plain, **options)
    scored = []

    def evaluate(model, *arguments, **others):
        scored.append({name: value.numpy() for name, value in model.state_dict().items()})
        return EVALUATE(model, *arguments, **others)

    monkeypatch.setattr(evaluator, "evaluate", evaluate)
    trainer.fit(settings, run, **options)

    fresh = trainer.build(settings, 0).model.state_dict()
    average = {name: value.numpy() for name, value in fresh.items()}
    best = checkpoint.best_model(run)["iteration"]
    for iteration in range(1, 5):
        weights = read_arrays(run / f"iter_{iteration}" / "model.pdparams")
        of_plain = read_arrays(plain / f"iter_{iteration}" / "model.pdparams")
        assert all((weights[name] == of_plain[name]).all() for name in of_plain)
        decay = iteration / (9 + iteration)
        stored = read_arrays(run / f"iter_{iteration}" / "ema.pdparams")
        assert stored.keys() == weights.keys()
        for name, value in weights.items():
            average[name] = decay * average[name] + (1 - decay) * value
            np.testing.assert_allclose(stored[name], average[name], rtol=1e-4, atol=1e-6)
            assert (scored[iteration - 1][name] == stored[name]).all()
        if iteration == best:
            kept = read_arrays(run / "best_model" / "model.pdparams")
            assert all((kept[name] == stored[name]).all() for name in stored)
    assert checkpoint.weights_file(run / "iter_4") == run / "iter_4" / "ema.pdparams"
    assert not list(plain.rglob("ema*"))
    assert "ema_updates" not in json.loads((plain / "iter_4" / "state.json").read_text())


EVALUATE = evaluator.evaluate


@pytest.mark.slow
@pytest.mark.parametrize("start", [1, 3])
def test_a_resumed_run_is_the_same_bit_for_bit(settings, tmp_path, start):
    options = {"save_interval": 1, "log_iters": 1}
    trainer.fit(settings, tmp_path / "run", **options)
    whole = files(tmp_path / "run")
    assert any(path.name == "ema.pdparams" for path in whole[0])
    trainer.fit(
        settings, tmp_path / "run", **options, resume_model=tmp_path / "run" / f"iter_{start}"
    )
    assert files(tmp_path / "run") == whole


@pytest.mark.slow
def test_going_back_takes_the_average_as_the_best_model(settings, tmp_path):
    """The best model is of iteration 2; when it is lost, the checkpoint gives it back."""
    run = tmp_path / "run"
    trainer.fit(settings, run, save_interval=2)
    state = {"iteration": 2, "best_iteration": 2, "best_miou": 0.5}
    (run / "best_model" / "state.json").write_text('{"iteration": 4, "miou": 0.7}')
    checkpoint.take_best(run, run, state)
    kept = read_arrays(run / "best_model" / "model.pdparams")
    average = read_arrays(run / "iter_2" / "ema.pdparams")
    assert all((kept[name] == average[name]).all() for name in average)


@pytest.mark.slow
def test_a_checkpoint_without_its_average_gives_way_to_the_one_before(settings, tmp_path, capsys):
    run = tmp_path / "run"
    trainer.fit(settings, run, do_eval=False, save_interval=1)
    (run / "iter_4" / "ema.pdparams").unlink()
    trainer.fit(settings, run, do_eval=False, resume_model=run)
    assert f"resumed from {run / 'iter_3'}" in capsys.readouterr().out
    with pytest.raises(InputError, match=r"configured otherwise \(ema\.decay: 0\.9 there"):
        trainer.fit({**settings, "ema": {"decay": 0.5}}, run, resume_model=run)
