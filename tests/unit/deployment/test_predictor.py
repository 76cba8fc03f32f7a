"""The predictor: a colour network by hand, PaddleSeg's own steps, and no Paddle beside it."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from bisenet_lib.config import configuration
from bisenet_lib.course import plots
from bisenet_lib.deployment import predictor
from bisenet_lib.deployment.predictor import Predictor
from bisenet_lib.evaluation import evaluator

RED, GREEN, BLUE, GREY = (250, 40, 40), (10, 200, 10), (0, 0, 90), (60, 60, 60)


@pytest.fixture
def network(tmp_path, colour_network):
    colour_network(tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def test_three_pixels_by_hand(network):
    """Equal values give the first class, as argmax does."""
    image = np.array([[RED, GREEN, BLUE, GREY]], np.uint8)
    predict = Predictor(network)
    assert predict(image).tolist() == [[0, 1, 2, 0]]
    assert predict(image).dtype == np.uint8
    assert predict.names == ["red", "green", "blue"]
    prepared = predict.prepare(image)
    assert prepared.shape == (1, 3, 1, 4)
    assert prepared[0, :, 0, 1] == pytest.approx([2 * v / 255 - 1 for v in GREEN])


@pytest.mark.parametrize(
    ("size", "longest", "expected"),
    [(None, 0, (100, 41)), (None, 50, (50, 20)), (None, 200, (100, 41)), ([64, 32], 50, (64, 32))],
)
def test_the_size_the_network_sees(tmp_path, colour_network, size, longest, expected):
    """Its own size goes first; then larger images are scaled down, smaller ones never up."""
    colour_network(tmp_path / "model.onnx", size=size)
    image = np.zeros((41, 100, 3), np.uint8)
    image[:, 50:] = RED
    image[:, :50] = BLUE
    predict = Predictor(tmp_path / "model.onnx", longest=longest)
    assert predict.prepare(image).shape == (1, 3, *expected[::-1])
    classes = predict(image)
    assert classes.shape == (41, 100)
    assert (classes[:, :48] == 2).all()
    assert (classes[:, 52:] == 0).all()


@pytest.mark.parametrize("transforms", [["Normalize"], ["Resize", "Normalize"]])
def test_prepares_and_scales_back_as_paddleseg_does(tree, tmp_path, colour_network, transforms):
    """PaddleSeg's transforms and ``infer.inference`` around the same logits."""
    from paddleseg.transforms import Compose

    from bisenet_lib.deployment.engines import OnnxNetwork
    from bisenet_lib.deployment.onnx_runtime import OnnxEngine

    size = [48, 40] if "Resize" in transforms else None
    colour_network(tmp_path / "model.onnx", size=size)
    parts = [{"type": "Resize", "target_size": size}] if size else []
    parts.append({"type": "Normalize"})
    path = next(tree.glob("leftImg8bit/val/*/*.png"))
    sample = Compose([configuration.build_component(one) for one in parts])({"img": str(path)})
    expected = evaluator.predict(OnnxNetwork(OnnxEngine(tmp_path / "model.onnx")), sample)

    predict = Predictor(tmp_path / "model.onnx")
    image = np.asarray(Image.open(path))
    assert np.abs(predict.prepare(image)[0] - sample["img"]).max() < 1e-6
    assert (predict(image) == expected).mean() > 0.999


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8)],
    ids=["float", "grey", "with alpha"],
)
def test_what_is_no_photograph_is_refused(network, image):
    with pytest.raises(ValueError, match=r"give \(H, W, 3\) uint8, RGB"):
        Predictor(network)(image)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mean", [0.5, 0.5]),
        ("mean", ["0.5"] * 3),
        ("std", [0.5, 0, 0.5]),
        ("std", [0.5, math.nan, 0.5]),
        ("size", [10**6, 10**6]),
        ("size", [64.5, 32]),
        ("size", "64x32"),
        ("names", "red"),
        ("names", ["red", "green", 3]),
        ("names", ["red", "green", "\x1b]0;a title\x07"]),
        ("colours", [[255, 0, 0]]),
        ("colours", [[255, 0, 0], [0, 255, 0], [0, 0, 256]]),
        ("colours", None),
    ],
)
def test_metadata_that_cannot_be_is_refused(network, key, value):
    """The file may come from anybody."""
    model = onnx.load(network)
    kept = next(one for one in model.metadata_props if one.key == key)
    kept.value = json.dumps(value)
    onnx.save(model, network)
    with pytest.raises(ValueError, match=f"model.onnx: {key} in its metadata cannot be"):
        Predictor(network)


def test_a_file_without_metadata_says_so(tmp_path, network):
    model = onnx.load(network)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "bare.onnx")
    with pytest.raises(ValueError, match=r"bare.onnx: no 'mean' in its metadata"):
        Predictor(tmp_path / "bare.onnx")


def test_draws_what_plots_draws(network):
    """Up to rounding; a black class leaves the image as it is."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (8, 9, 3), np.uint8)
    classes = rng.integers(0, 3, (8, 9)).astype(np.uint8)
    predict = Predictor(network)
    predict.colours = np.array([(255, 0, 0), (0, 0, 0), (7, 80, 90)], np.uint8)
    drawn = predict.draw(image, classes, 0.4)
    expected = plots.overlay(image, predict.colours[classes], 0.4)
    assert np.abs(drawn.astype(int) - expected).max() <= 1
    assert (drawn[classes == 1] == image[classes == 1]).all()


def test_alone_with_its_file_in_another_folder(network, tmp_path):
    """Copied out, in a process that has neither this library nor Paddle in it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "predictor.py").write_text(Path(predictor.__file__).read_text())
    program = f"""
import sys
import numpy as np
from predictor import Predictor
image = np.full((5, 7, 3), {BLUE}, np.uint8)
print(Predictor({str(network)!r})(image).tolist() == [[2] * 7] * 5)
print(sorted({{"paddle", "paddleseg", "bisenet_lib", "torch"}} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["True", "[]"]
