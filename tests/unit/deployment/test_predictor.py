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
from bisenet_lib.deployment.predictor import Predictor, input_size
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
    ("size", "trained", "expected"),
    [
        ((1280, 720), (512, 256), (480, 256)),
        ((4000, 3000), (512, 256), (416, 320)),
        ((3000, 4000), (512, 256), (320, 416)),  # a portrait
        ((2048, 1024), (512, 256), (512, 256)),
        ((2048, 1024), (500, 250), (512, 256)),
        ((500, 250), (500, 250), (500, 250)),  # as it is
        ((10000, 800), (512, 256), (1280, 96)),  # a panorama
        ((60000, 100), (512, 256), (4096, 32)),
        ((100, 60000), (512, 256), (32, 4096)),
        ((384, 192), (512, 256), (512, 256)),  # enlarged
        ((256, 128), (512, 256), (384, 192)),  # enlarged by half at most
        ((320, 240), (2048, 1024), (480, 352)),
        ((20, 10), (512, 256), (32, 32)),  # smaller than the stride
        ((1, 1), (512, 256), (32, 32)),
        ((1, 900), (512, 256), (32, 1344)),
        ((640, 480), (16, 8), (32, 32)),
    ],
)
def test_a_photograph_gets_as_many_pixels_as_were_trained_on(size, trained, expected):
    """Half a stride is rounded up, as on the demo's page."""
    assert input_size(size, trained) == expected


def test_no_photograph_takes_more_memory_than_those_trained_on():
    rng = np.random.default_rng(0)
    for size in np.exp(rng.uniform(0, 11, (2000, 2))).astype(int).tolist():
        width, height = input_size((size[0], size[1]), (512, 256))
        assert width % 32 == height % 32 == 0 or (width, height) == (512, 256)
        assert min(width, height) >= 32
        # a side of little more than a stride is rounded by a half of it at most
        assert width * height <= 512 * 256 * (1 + 16 / min(width, height)) * 1.2


@pytest.mark.parametrize(
    ("trained", "asked", "expected", "said"),
    [
        (
            None,
            None,
            (100, 41),
            "its own size: its file does not say for which size it was trained",
        ),
        (None, "photo", (100, 41), "its own size, as was asked for"),
        (None, (64, 32), (64, 32), "64x32, as was asked for"),
        ([64, 32], None, (64, 32), "64x32, as it was trained for 64x32"),
        ([64, 32], "photo", (100, 41), "its own size, as was asked for"),
        ([64, 32], [128, 64], (128, 64), "128x64, as was asked for"),
        ([512, 256], None, (160, 64), "160x64, as it was trained for 512x256"),
        ([64, 32], (512, 256), (576, 224), "576x224, as was asked for"),  # enlarged on demand
    ],
)
def test_the_size_the_network_sees(tmp_path, colour_network, trained, asked, expected, said):
    colour_network(tmp_path / "model.onnx", size=trained)
    image = np.zeros((41, 100, 3), np.uint8)
    image[:, 50:] = RED
    image[:, :50] = BLUE
    predict = Predictor(tmp_path / "model.onnx", size=asked)
    assert predict.trained == (trained and tuple(trained))
    assert predict.prepare(image).shape == (1, 3, *expected[::-1])
    assert predict.explain((100, 41)) == f"100x41, seen by the network at {said}"
    classes = predict(image)
    assert classes.shape == (41, 100)
    assert (classes[:, :46] == 2).all()
    assert (classes[:, 54:] == 0).all()


def test_a_size_nobody_knows_is_the_photographs_up_to_a_width(network):
    predict = Predictor(network)
    assert predict.input_size((12_000, 9_000)) == (2048, 1536)
    assert predict.input_size((9_000, 3)) == (2048, 1)
    assert predict.input_size((5, 7)) == (5, 7)
    assert Predictor(network, size="photo").input_size((12_000, 9_000)) == (12_000, 9_000)


@pytest.mark.parametrize("size", ["512x256", "", 512.5, (512,), (0, 256), (512, True), (1e3, 1e3)])
def test_a_size_that_is_none_is_refused(network, size):
    with pytest.raises(ValueError, match=r"^size is .*; give width and height, 1 to 8192 each, or"):
        Predictor(network, size=size)


def test_a_small_photograph_of_fine_stripes_is_their_mean(tmp_path, colour_network):
    """Scaled down by every pixel, not by some."""
    colour_network(tmp_path / "model.onnx", size=[64, 32])
    image = np.zeros((256, 512, 3), np.uint8)
    image[:, ::4] = 200
    prepared = Predictor(tmp_path / "model.onnx").prepare(image)
    assert prepared.shape == (1, 3, 32, 64)
    assert prepared == pytest.approx(np.full(prepared.shape, 50 / 127.5 - 1), abs=1e-5)


@pytest.mark.parametrize("transforms", [["Normalize"], ["Resize", "Normalize"]])
def test_prepares_and_scales_back_as_paddleseg_does(tmp_path, colour_network, transforms):
    """PaddleSeg's transforms and ``infer.inference`` around the same logits."""
    from paddleseg.transforms import Compose

    from bisenet_lib.deployment.engines import OnnxNetwork
    from bisenet_lib.deployment.onnx_runtime import OnnxEngine

    size = [128, 64] if "Resize" in transforms else None
    colour_network(tmp_path / "model.onnx", size=size)
    parts = [{"type": "Resize", "target_size": size}] if size else []
    parts.append({"type": "Normalize"})
    path = tmp_path / "street.png"
    pixels = np.random.default_rng(0).integers(0, 256, (16, 32, 3), np.uint8)
    Image.fromarray(pixels).resize((256, 128), Image.Resampling.BICUBIC).save(path)
    sample = Compose([configuration.build_component(one) for one in parts])({"img": str(path)})
    expected = evaluator.predict(OnnxNetwork(OnnxEngine(tmp_path / "model.onnx")), sample)

    predict = Predictor(tmp_path / "model.onnx")
    image = np.asarray(Image.open(path))
    assert np.abs(predict.prepare(image)[0] - sample["img"]).max() < 1e-6
    assert (predict(image) == expected).mean() > 0.999


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4, 3)),
        np.zeros((4, 4, 3), np.uint16),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
    ],
    ids=["float", "16 bits", "grey", "with alpha", "empty"],
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


def test_alone_with_its_file_in_another_folder(network, tmp_path, colour_network):
    """Copied out, in a process that has neither this library nor Paddle in it."""
    sized = tmp_path / "sized.onnx"
    colour_network(sized, size=[512, 256])
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "predictor.py").write_text(Path(predictor.__file__).read_text())
    program = f"""
import sys
import numpy as np
from predictor import Predictor
image = np.full((5, 7, 3), {BLUE}, np.uint8)
print(Predictor({str(network)!r})(image).tolist() == [[2] * 7] * 5)
predict = Predictor({str(sized)!r})
photo = np.full((720, 1280, 3), {BLUE}, np.uint8)
print(predict.prepare(photo).shape, predict(photo).shape, (predict(photo) == 2).all())
print(predict.explain((1280, 720)))
print(Predictor({str(sized)!r}, size="photo").prepare(photo).shape)
print(sorted({{"paddle", "paddleseg", "bisenet_lib", "torch"}} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "True",
        "(1, 3, 256, 480) (720, 1280) True",
        "1280x720, seen by the network at 480x256, as it was trained for 512x256",
        "(1, 3, 720, 1280)",
        "[]",
    ]
