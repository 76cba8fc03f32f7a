"""Exports in 8-bit integers: what is in the file, what it costs, and when it is refused."""

import json
import shutil

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from bisenet_lib.config import configuration
from bisenet_lib.deployment import engines, quantization, runtimes
from bisenet_lib.deployment.onnx_runtime import OnnxEngine
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import engine_costs, evaluator
from bisenet_lib.network import checkpoint
from bisenet_lib.runtime.paddleseg_compat import paddle

pytestmark = pytest.mark.slow


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return [rng.uniform(-1, 1, (3, 16, 24)).astype(np.float32) for _ in range(3)]


@pytest.fixture
def files(tmp_path, colour_network, images):
    """A network of colours in float32 and in 8-bit integers."""
    names = ["red", "green", "blue", "none"]
    colour_network(tmp_path / "model.onnx", names, size=[24, 16])
    quantization.write_int8(tmp_path / "model.onnx", tmp_path / runtimes.INT8_FILE, images)
    return tmp_path / "model.onnx", tmp_path / runtimes.INT8_FILE


def test_the_file_holds_integers_of_seven_bits_by_channel_and_the_metadata(files):
    model = onnx.load(files[1])
    onnx.checker.check_model(model)
    weights = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    assert np.array_equal(weights["weights_quantized"].ravel(), (64 * np.eye(4, 3)).ravel())
    assert weights["weights_scale"].shape == (4,)
    assert {"QuantizeLinear", "DequantizeLinear"} <= {node.op_type for node in model.graph.node}
    before, after = ({e.key: e.value for e in onnx.load(one).metadata_props} for one in files)
    assert json.loads(after["size"]) == [24, 16]
    assert before == after


def test_logits_differ_by_a_step_at_most_and_classes_where_two_are_near(files, images):
    integers, step = OnnxEngine(files[1], engine="onnx-int8"), 2 / 255
    for image in images:
        classes, logits = integers.both(image)
        assert 0 < np.abs(logits[:3] - image).max() <= step
        best, chosen = np.maximum(image.max(0), 0), np.concatenate([image, image[:1] * 0])
        chosen = np.take_along_axis(chosen, classes[np.newaxis].astype(int), 0)[0]
        assert (best - chosen <= 2 * step).all()


@pytest.fixture
def ready(tiny, tmp_path):
    """Settings, and the checkpoint of a network that was not trained."""
    settings = configuration.load_config(tiny)
    paddle.seed(3)
    model = configuration.builder(settings).model
    checkpoint.save_weights(model, tmp_path / "net" / checkpoint.WEIGHTS)
    return settings, tmp_path / "net"


def test_calibration_images_are_training_images_as_validation_reads_them(ready, monkeypatch):
    settings, _ = ready
    listed = configuration.build_component(settings["train_dataset"]).file_list
    as_validation = {**settings["val_dataset"], "val_path": settings["train_dataset"]["train_path"]}
    expected = configuration.build_component(as_validation)
    assert [one[0] for one in expected.file_list] == [one[0] for one in listed]
    images = quantization.calibration_images(settings)
    assert len(images) == len(listed) == 3
    assert all(np.array_equal(image, expected[n]["img"]) for n, image in enumerate(images))
    monkeypatch.setattr(quantization, "CALIBRATED_ON", 2)
    first, last = quantization.calibration_images(settings)
    assert np.array_equal(first, expected[0]["img"])
    assert np.array_equal(last, expected[2]["img"])


def test_without_training_images_the_error_says_how_to_give_them(ready):
    settings, _ = ready
    away = {**settings["train_dataset"], "train_path": "nowhere.txt"}
    with pytest.raises(
        InputError, match=r"nowhere.txt.*calibrated on training images: give .*--da"
    ):
        quantization.calibration_images({**settings, "train_dataset": away})
    with pytest.raises(InputError, match=r"without this option takes OUT of: .*--output OUT$"):
        quantization.calibration_images({**settings, "train_dataset": away})  # predict has none
    with pytest.raises(InputError, match="needs a train_dataset"):
        quantization.calibration_images({"val_dataset": settings["val_dataset"]})


def test_it_is_made_once_and_again_for_other_calibration_images(ready, monkeypatch):
    settings, weights = ready
    names = evaluator.dataset_names(configuration.build_component(settings["val_dataset"]))
    first = engines.cached_int8(settings, weights, names)
    made = first.stat().st_ino
    assert engines.cached_int8(settings, weights, names).stat().st_ino == made
    monkeypatch.setattr(quantization, "CALIBRATED_ON", 1)
    assert engines.cached_int8(settings, weights, names) != first


def test_evaluate_reports_the_engine_and_checks_it_first(ready, monkeypatch):
    """An untrained network has many near ties, so what is asked for is lowered."""
    settings, weights = ready
    with pytest.raises(InputError, match=r"engine onnx-int8: only .* % of the pixels"):
        evaluator.evaluate_checkpoint(settings, weights, engine="onnx-int8")
    lenient = runtimes.Runtime("onnx-int8", "", 0.1, int8=True)
    monkeypatch.setitem(runtimes.RUNTIMES, "onnx-int8", lenient)
    report = evaluator.evaluate_checkpoint(settings, weights, engine="onnx-int8")
    assert report.settings["engine"] == "onnx-int8"
    with pytest.raises(InputError, match="engine onnx-int8 is not for"):
        monkeypatch.setattr(engines.devices, "select", lambda device: "gpu")
        evaluator.evaluate_checkpoint(settings, weights, engine="onnx-int8", device="gpu")
    with pytest.raises(InputError, match=r"onnx-gpu is not for --device gpu, .*: leave it out"):
        evaluator.evaluate_checkpoint(settings, weights, engine="onnx-gpu", device="gpu")


def test_the_cost_is_the_difference_of_two_scores_and_too_much_is_refused(
    ready, files, tmp_path, monkeypatch
):
    settings, weights = ready
    names = evaluator.dataset_names(configuration.build_component(settings["val_dataset"]))
    path = engines.cached_onnx(settings, weights, names)
    same = engine_costs.int8_cost(settings, path, path)
    whole = evaluator.evaluate_checkpoint(settings, weights, engine="onnx").scores
    assert (same.frames, same.points) == (2, 0)
    assert same.float32 == pytest.approx(100 * whole.miou)
    monkeypatch.setattr(engine_costs, "POINTS", -0.1)
    with pytest.raises(InputError, match=r"cost 0.00 points .* on 2 validation frames; .*--int8"):
        engine_costs.int8_cost(settings, path, path)


def test_engines_are_compared_at_each_size(ready):
    settings, weights = ready
    names = evaluator.dataset_names(configuration.build_component(settings["val_dataset"]))
    path = engines.cached_onnx(settings, weights, names)
    sizes = [(64, 32), (128, 64)]
    costs = engine_costs.compare_engines(settings, {"onnx": path}, sizes, frames=1, runs=3)
    assert [(cost.engine, cost.size) for cost in costs] == [("onnx", size) for size in sizes]
    for cost in costs:
        assert 0 < cost.median <= cost.p95
        assert cost.images_per_second == pytest.approx(1000 / cost.median)
        whole = evaluator.evaluate_checkpoint(
            settings, weights, engine="onnx", size=cost.size, limit=1
        )
        assert cost.miou == pytest.approx(100 * whole.scores.miou)
    table = engine_costs.costs_table(costs)
    assert "| ONNX Runtime | 128x64 |" in table


def test_an_export_with_integers_then_predict_with_them(
    command, ready, tree, tmp_path, monkeypatch
):
    _, weights = ready
    settings, _ = ready
    configuration.save_config(settings, weights / "config.yml")
    lenient = runtimes.Runtime("onnx-int8", "", 0.1, int8=True)
    monkeypatch.setitem(runtimes.RUNTIMES, "onnx-int8", lenient)
    monkeypatch.setattr(engine_costs, "POINTS", 100)
    exported, figures = tmp_path / "exported", tmp_path / "figures.json"
    words = ["export", weights, "--output", exported, "--format", "onnx", "--int8"]
    code, printed = command(*words, "--json", figures)
    assert code == 0, printed
    assert "points of mIoU" in printed
    assert {path.name for path in exported.iterdir()} == {"model.onnx", runtimes.INT8_FILE}
    found = json.loads(figures.read_text())
    assert [one["format"] for one in found["exports"]] == ["onnx", "onnx-int8"]
    assert found["int8"]["frames"] == 2
    assert found["exports"][1]["size"] < found["exports"][0]["size"] / 3

    source = tree / "leftImg8bit" / "val"
    for model in (exported, weights):
        words = ("predict", model, source, "--output", tmp_path / "out", "--engine", "onnx-int8")
        code, printed = command(*words)
        assert code == 0, printed
        assert "% of the first image's pixels have the class of float32" in printed

    shutil.rmtree(tmp_path / "out")
    (exported / runtimes.INT8_FILE).unlink()
    code, printed = command(*words[:1], exported, *words[2:])
    assert code == 1
    assert "bisenet export MODEL --int8" in printed
    code, printed = command(
        "export", weights, "--output", tmp_path / "no", "--int8", "--format", "paddle"
    )
    assert code == 1
    assert "leave out --format paddle" in printed
    monkeypatch.setattr(engine_costs, "POINTS", -100)
    code, printed = command("export", weights, "--output", tmp_path / "no", "--int8")
    assert code == 1
    assert "8-bit integers cost" in printed
    assert not (tmp_path / "no").exists()
