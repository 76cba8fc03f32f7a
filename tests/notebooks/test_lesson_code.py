"""Functions that a lesson writes out, compared with another way to the same numbers."""

import ast
import re

import numpy as np
import pytest
from lessons import FOLDER, cells

from bisenet_lib.data import labels
from bisenet_lib.evaluation.metrics import Scores
from bisenet_lib.runtime.paddleseg_compat import paddle


def functions(notebook: str, **given) -> dict:
    """The functions and classes that a notebook defines; nothing else of it runs."""
    values = {"np": np, "paddle": paddle, "nn": paddle.nn, "F": paddle.nn.functional, **given}
    for cell in cells(FOLDER / f"{notebook}.ipynb", "code"):
        body = ast.parse(cell.source).body
        defined = [node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        exec(compile(ast.Module(defined, []), cell.id, "exec"), values)
    return values


def test_the_bootstrap_scores_the_frames_it_drew():
    matrices = np.random.default_rng(1).integers(0, 50, (6, 3, 3))
    matrices[:5, 2] = matrices[:5, :, 2] = 0  # a class that only one frame has
    drawn = functions("05_evaluation")["bootstrap"](matrices, draws=40, seed=7)
    times = np.random.default_rng(7).multinomial(6, [1 / 6] * 6, size=40)
    for scores, often in zip(drawn, times, strict=True):
        frames = np.repeat(matrices, often, axis=0)
        assert len(frames) == 6
        expected = Scores(frames.sum(axis=0), 6, ("a", "b", "c"))
        np.testing.assert_allclose(scores, expected.iou)
    assert 0 < np.isnan(drawn[:, 2]).sum() < 40


def test_the_calibration_error_is_that_of_the_pixels_counted_by_hand():
    lesson = functions("05_evaluation")
    confidence, right = np.array([0.31, 0.35, 0.39, 0.92, 1.0]), np.array([0, 1, 0, 1, 1])
    share, mean, accuracy = lesson["reliability"](confidence, right)
    assert share == pytest.approx([3 / 5, 2 / 5])  # only two of the ten bins have pixels
    assert mean == pytest.approx([0.35, 0.96])
    assert accuracy == pytest.approx([1 / 3, 1])
    error = lesson["calibration_error"](share, mean, accuracy)
    assert error == pytest.approx(3 / 5 * (0.35 - 1 / 3) + 2 / 5 * 0.04)


def test_every_mark_of_the_papers_on_the_map_stands_in_the_table():
    source = {cell.id: cell.source for cell in cells(FOLDER / "05_evaluation.ipynb")}
    values = {}
    exec(source["map-papers"], values)
    marks = {mark for versions in values["papers"].values() for mark in versions}
    rows = re.findall(r"/ (\d+\.\d) \|.*?\| ([\d.]+) \| [^|]+ \|$", source["map-see"], re.M)
    assert {(float(speed), float(miou)) for miou, speed in rows} == marks


def test_statistics_are_measured_again_and_no_weight_changes():
    pixels = np.random.default_rng(0).normal(3, 2, (8, 1, 4, 4)).astype("float32")

    class Samples:
        def __init__(self, dataset, seed):
            self.dataset = dataset

        def __getitem__(self, key):
            return {"img": self.dataset[key[1]]}

    model = paddle.nn.Sequential(paddle.nn.BatchNorm2D(1))
    before = model[0].weight.numpy()
    functions("04_multi_gpu", Seeded=Samples)["reestimate"](model, pixels, batches=4)
    batches = pixels.reshape(4, -1)
    assert model[0]._mean.numpy() == pytest.approx(batches.mean(axis=1).mean(), rel=1e-5)
    assert model[0]._variance.numpy() == pytest.approx(batches.var(axis=1).mean(), rel=0.05)
    assert (model[0].weight.numpy() == before).all()


def test_of_the_ablated_versions_each_lost_what_its_name_says():
    lesson = functions("02_architecture", labels=labels)
    paddle.seed(0)
    bga = lesson["Aggregation"](8)
    bga.eval()
    detail, semantic = paddle.rand([1, 8, 8, 16]), paddle.randn([1, 8, 2, 4])
    moved = semantic.roll(2, 3)
    usual = [gate.mean((2, 3), keepdim=True) for gate in lesson["gates"](bga, detail, semantic)]
    with paddle.no_grad():
        now = lesson["versions"](bga, detail, semantic, usual)
        other = lesson["versions"](bga, detail, moved, usual)
        fine, coarse = bga.products(detail, semantic)
    assert paddle.allclose(now["the whole"], fine + coarse)
    assert paddle.allclose(now["fine product alone"] + now["coarse product alone"], fine + coarse)
    assert not paddle.allclose(now["the whole"], other["the whole"])
    assert not paddle.allclose(now["gates without places"], other["gates without places"])
    assert paddle.allclose(now["semantic branch cut off"], other["semantic branch cut off"])
