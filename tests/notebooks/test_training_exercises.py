"""Answers made of Paddle's and PaddleSeg's own functions are right in the exercises of 03."""

import numpy as np

from bisenet_lib.config import configuration
from bisenet_lib.course.exercises import check
from bisenet_lib.runtime.paddleseg_compat import paddle


def test_cross_entropy_is_that_of_paddleseg(capsys):
    loss = configuration.build_component({"type": "CrossEntropyLoss", "ignore_index": 255})

    def answer(logits, label):
        values = paddle.to_tensor(logits.astype(np.float32))[None]
        return float(loss(values, paddle.to_tensor(label)[None]))

    check("03.cross_entropy", answer)
    assert capsys.readouterr().out == "03.cross_entropy: right.\n"


def test_a_step_is_that_of_the_optimizer_of_the_recipe(capsys):
    recipe = configuration.load_config("cityscapes")["optimizer"]

    def answer(weight, gradient, velocity, rate):
        parameter = paddle.create_parameter(weight.shape, "float64")
        parameter.set_value(weight)
        optimizer = paddle.optimizer.Momentum(
            rate,
            recipe["momentum"],
            parameters=[parameter],
            weight_decay=recipe["weight_decay"],
        )
        optimizer.set_state_dict({f"{parameter.name}_velocity_0": paddle.to_tensor(velocity)})
        parameter.grad = paddle.to_tensor(gradient)
        optimizer.step()
        return parameter.numpy(), optimizer.state_dict()[f"{parameter.name}_velocity_0"].numpy()

    check("03.step", answer)
    assert capsys.readouterr().out == "03.step: right.\n"


def test_the_rate_is_halved_where_paddle_has_halved_it(capsys):
    settings = configuration.load_config("cityscapes")["lr_scheduler"]
    schedule = paddle.optimizer.lr.PolynomialDecay(
        settings["learning_rate"], 160_000, settings["end_lr"], settings["power"]
    )
    rates = []
    for _ in range(160_000):
        rates.append(schedule.get_lr())
        schedule.step()
    check("03.halved", int(np.argmin(np.abs(np.array(rates) - settings["learning_rate"] / 2))))
    assert capsys.readouterr().out == "03.halved: right.\n"
