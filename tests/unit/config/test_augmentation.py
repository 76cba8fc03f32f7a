"""The library's own augmentations: values by hand, seeds, and what is refused."""

import inspect
from collections import Counter

import cv2
import numpy as np
import pytest
from PIL import Image

from bisenet_lib.config import augmentation, configuration
from bisenet_lib.config.allowlist import KEEPS_SIZE, SETS_SIZE, TRANSFORMS
from bisenet_lib.config.augmentation import OWN
from bisenet_lib.config.datasets import build_dataset
from bisenet_lib.errors import InputError
from bisenet_lib.training import trainer
from bisenet_lib.training.data_loading import Seeded

ALWAYS = {
    "RandomConvolution": {},
    "RandomGamma": {},
    "RandomWhiteBalance": {},
    "RandomJPEG": {"quality": [10, 40]},
    "RandomResample": {"min_scale": 0.3},
    "RareClassCrop": {"crop_size": [24, 16], "classes": [17]},
}


def sample(width=48, height=32):
    """A smooth image, and a label of class 0 with a block of class 17."""
    pixels = np.random.default_rng(0).uniform(0, 255, (height, width, 3)).astype(np.float32)
    label = np.zeros((height, width), np.uint8)
    label[20:24, 30:36] = 17
    return {"img": cv2.GaussianBlur(pixels, (5, 5), 0), "label": label, "gt_fields": ["label"]}


def applied(name, seed, **options):
    np.random.seed(seed)
    return OWN[name](**{"prob": 1, **options})(sample())


def test_all_are_known():
    assert OWN.keys() <= set(TRANSFORMS)


@pytest.mark.parametrize("name", [*KEEPS_SIZE, *SETS_SIZE])
def test_the_size_after_a_transform_is_the_one_it_is_known_for(name, pair):
    """The challenge counts the pixels of a training by it."""
    kind = augmentation.manager.TRANSFORMS.components_dict[name]
    known = inspect.signature(kind).parameters
    options = {"prob": 1, "classes": [17], SETS_SIZE.get(name): (24, 40)}
    transform = kind(**{key: value for key, value in options.items() if key in known})
    transform.file_list = pair
    for seed in range(4):
        np.random.seed(seed)
        after = transform({**sample(), "trans_info": []})
        assert after["img"].shape[:2] == ((40, 24) if name in SETS_SIZE else (32, 48))


@pytest.mark.parametrize("name", ALWAYS)
def test_an_image_stays_one_and_follows_the_seed(name):
    before, now = sample(), applied(name, 1, **ALWAYS[name])
    assert now["img"].dtype == np.float32 and now["img"].ndim == 3
    assert now["img"].min() >= 0 and now["img"].max() <= 255.001
    assert now["img"].shape[:2] == now["label"].shape
    again = applied(name, 1, **ALWAYS[name])
    assert (now["img"] == again["img"]).all() and (now["label"] == again["label"]).all()
    other = applied(name, 2, **ALWAYS[name])
    assert not np.array_equal(now["img"], other["img"])
    if name != "RareClassCrop":
        assert (now["label"] == before["label"]).all()
        assert np.abs(now["img"] - before["img"]).mean() > 0.5
        unchanged = applied(name, 1, **{**ALWAYS[name], "prob": 0})
        assert (unchanged["img"] == before["img"]).all()


def test_prob_is_how_often():
    gamma, image = OWN["RandomGamma"](prob=0.25), sample()["img"]
    np.random.seed(0)
    changed = sum(gamma({"img": image})["img"] is not image for _ in range(400))
    assert 75 < changed < 125


def test_convolution_by_hand():
    """Values from -1 to 1: 255 is 1, 0 is -1, 191.25 is 0.5."""
    image = np.zeros((3, 3, 3), np.float32)
    image[1, 1] = (255, 191.25, 127.5)
    kernel = np.zeros((3, 3, 1, 1))
    kernel[0, 1, 0, 0] = 1  # red becomes green
    kernel[1, 0, 0, 0] = -0.5  # green becomes half of the opposite of red
    assert augmentation.convolved(image, kernel, 0)[1, 1] == pytest.approx([191.25, 63.75, 127.5])
    half = augmentation.convolved(image, kernel, 0.5)[1, 1]
    assert half == pytest.approx([(1 + 0.75) * 127.5, 127.5, 127.5])
    assert augmentation.convolved(image, kernel, 1) == pytest.approx(image)


def test_convolution_sums_over_neighbours():
    image = np.full((5, 5, 3), 127.5, np.float32)
    image[2, 2, 0] += 10
    kernel = np.zeros((3, 3, 3, 3))
    kernel[2, 0] = np.arange(9).reshape(3, 3)
    blue = augmentation.convolved(image, kernel, 0)[1:4, 1:4, 2] - 127.5
    assert blue == pytest.approx(10 * np.arange(9)[::-1].reshape(3, 3))


def test_the_kernels_have_the_papers_variance(monkeypatch):
    kernels = []
    monkeypatch.setattr(
        augmentation, "convolved", lambda image, kernel, share: kernels.append(kernel)
    )
    np.random.seed(0)
    for _ in range(400):
        OWN["RandomConvolution"](prob=1)(sample())
    assert Counter(kernel.shape[-1] for kernel in kernels).keys() == {1, 3, 5, 7}
    for size in (1, 7):
        values = np.concatenate([one.ravel() for one in kernels if one.shape[-1] == size])
        assert values.var() == pytest.approx(1 / (3 * size * size), rel=0.1)


def test_gamma_and_gains_by_hand(monkeypatch):
    image = np.full((2, 2, 3), 63.75, np.float32)  # a quarter
    monkeypatch.setattr(np.random, "uniform", lambda *bounds: -1.0)
    assert OWN["RandomGamma"](1, max_gamma=2)({"img": image})["img"] == pytest.approx(127.5)
    assert OWN["RandomWhiteBalance"](1, max_gain=1.25)({"img": image})["img"] == pytest.approx(51)


def test_jpeg_keeps_the_order_of_the_channels():
    image = np.zeros((16, 16, 3), np.float32)
    image[...] = (200, 100, 20)
    result = OWN["RandomJPEG"](1, quality=[95, 95])({"img": image})["img"]
    assert np.abs(result - image).max() < 6


def test_a_rare_class_is_in_the_crop():
    """The block of 24 pixels is in about half of all crops, and in all of these."""
    options = {"crop_size": [24, 16], "classes": [17, 4]}
    with_it = [(applied("RareClassCrop", seed, **options)["label"] == 17) for seed in range(60)]
    assert all(one.shape == (16, 24) and one.any() for one in with_it)
    assert len({one.tobytes() for one in with_it}) > 30
    without = [applied("RareClassCrop", n, **options, prob=0)["label"] == 17 for n in range(60)]
    assert 10 < sum(one.any() for one in without) < 55


def test_an_image_without_the_class_or_smaller_than_the_crop():
    assert applied("RareClassCrop", 0, crop_size=[24, 16], classes=[4])["img"].shape == (16, 24, 3)
    padded = applied("RareClassCrop", 0, crop_size=[64, 24], classes=[17])
    assert padded["img"].shape == (24, 64, 3) and (padded["label"] == 17).any()
    assert (padded["label"][:, 48:] == 255).all() and (padded["img"][:, 48:] == 127.5).all()


def test_rare_classes_are_chosen_alike():
    label = np.zeros((10, 10), np.uint8)
    label[0, 0], label[5:] = 4, 17
    np.random.seed(0)
    found = Counter(label[augmentation.pixel_of(label, [4, 6, 17])] for _ in range(200))
    assert found.keys() == {4, 17} and 70 < found[4] < 130
    assert augmentation.pixel_of(label, [6]) is None


def test_regions_by_hand():
    label = np.zeros((6, 8), np.uint8)
    label[1:3, 1:3], label[4, 5:8], label[0, 7] = 17, 17, 17
    masks = augmentation.regions(label, 17, 2)
    assert sorted(int(mask.sum()) for mask in masks) == [3, 4]
    assert augmentation.regions(label, 4, 1) == []


@pytest.fixture
def pair(tmp_path):
    """A training list of one pair: a red block of class 17 on grey, low in the picture."""
    pixels, label = np.full((32, 48, 3), 90, np.uint8), np.zeros((32, 48), np.uint8)
    pixels[20:28, 10:16], label[20:28, 10:16] = (250, 0, 0), 17
    Image.fromarray(pixels).save(tmp_path / "other.png")
    Image.fromarray(label).save(tmp_path / "other_label.png")
    return [[str(tmp_path / "other.png"), str(tmp_path / "other_label.png")]]


def test_an_object_is_pasted_with_its_label(pair):
    lefts = set()
    for seed in range(20):
        paste = OWN["PasteObjects"]([17], prob=1, min_pixels=10)
        paste.file_list = pair
        np.random.seed(seed)
        data = {"img": np.zeros((32, 48, 3), np.float32), "label": np.ones((32, 48), np.uint8)}
        data["label"].flags.writeable = False  # as it comes from a file
        result = paste(data)
        rows, columns = np.nonzero(result["label"] == 17)
        assert (len(rows), rows.min(), np.ptp(columns)) == (48, 20, 5)
        assert result["img"].dtype == np.float32
        assert ((result["img"] == (250, 0, 0)).all(-1) == (result["label"] == 17)).all()
        lefts.add(int(columns.min()))
    assert len(lefts) > 8


def test_objects_of_each_class_are_pasted_alike(pair):
    """One region of class 17 and twelve of class 5; one object at a time."""
    label = np.asarray(Image.open(pair[0][1])).copy()
    label[2:18:2, 2:6], label[2:10:2, 30:34] = 5, 5
    Image.fromarray(label).save(pair[0][1])
    paste = OWN["PasteObjects"]([5, 17, 4], prob=1, most=1, min_pixels=4)
    paste.file_list = pair
    np.random.seed(0)
    pasted = Counter()
    for _ in range(100):
        data = {"img": np.zeros((32, 48, 3), np.float32), "label": np.ones((32, 48), np.uint8)}
        pasted.update(set(np.unique(paste(data)["label"]).tolist()) - {1})
    assert pasted.keys() == {5, 17} and 30 < pasted[17] < 70


def test_nothing_is_pasted_of_small_or_other_regions(pair):
    for options in ({"classes": [4]}, {"classes": [17], "min_pixels": 49}):
        paste = OWN["PasteObjects"](prob=1, **options)
        paste.file_list = pair
        data = {"img": np.zeros((32, 48, 3), np.float32), "label": np.ones((32, 48), np.uint8)}
        assert (paste(data)["label"] == 1).all()


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        ({"type": "RandomGamma", "prob": -0.1}, "prob is -0.1; give a probability"),
        ({"type": "RandomJPEG", "prob": "often"}, "prob is 'often'"),
        ({"type": "RandomConvolution", "kernel_sizes": [3, 4]}, r"kernel_sizes is \[3, 4\]"),
        ({"type": "RandomConvolution", "kernel_sizes": 3}, "kernel_sizes is 3"),
        ({"type": "RandomGamma", "max_gamma": 0.5}, "max_gamma is 0.5; give a number from 1"),
        ({"type": "RandomWhiteBalance", "max_gain": 0}, "max_gain is 0"),
        ({"type": "RandomJPEG", "quality": [90, 30]}, r"quality is \[90, 30\]"),
        ({"type": "RandomResample", "min_scale": 0}, "min_scale is 0"),
        ({"type": "RareClassCrop", "crop_size": [8, 8]}, r"classes is \(\); give train ids"),
        ({"type": "RareClassCrop", "crop_size": 8, "classes": [4]}, "crop_size"),
        ({"type": "RareClassCrop", "crop_size": [0, 8], "classes": [4]}, r"crop_size is \[0, 8\]"),
        ({"type": "RareClassCrop", "classes": [19]}, "no class 19; num_classes is 19"),
        ({"type": "PasteObjects", "classes": [4], "most": 0}, "most is 0"),
        ({"type": "RandomGama"}, r"no type 'RandomGama' \(did you mean 'RandomGamma'"),
        ({"type": "RandomGamma", "probability": 1}, "unknown key 'probability'"),
    ],
)
def test_wrong_values_are_refused_with_the_file(transform, message):
    settings = configuration.load_config("smoke")
    settings["train_dataset"]["transforms"].insert(0, transform)
    with pytest.raises(InputError, match=r"mine\.yml: train_dataset\.transforms.*" + message):
        configuration.check_config(settings, source="mine.yml")


def test_wrong_places_are_refused():
    settings = configuration.load_config("smoke")
    settings["train_dataset"]["transforms"].append({"type": "RandomGamma"})
    with pytest.raises(InputError, match=r"RandomGamma\): .* put it before Normalize"):
        configuration.check_config(settings, source="mine.yml")
    settings = configuration.load_config("smoke")
    settings["val_dataset"]["transforms"].insert(0, {"type": "RandomGamma"})
    with pytest.raises(InputError, match=r"val_dataset.* it augments training images"):
        configuration.check_config(settings, source="mine.yml")


@pytest.fixture
def settings(tiny):
    """Every augmentation of this library, on tiny images."""
    values = configuration.load_config(tiny)
    steps = [{"type": name, "prob": 0.8, **options} for name, options in ALWAYS.items()]
    steps[-1] |= {"crop_size": [64, 32], "classes": [5, 13, 18]}
    paste = {"type": "PasteObjects", "classes": [5, 13, 18], "prob": 1, "min_pixels": 3}
    before = values["train_dataset"]["transforms"]
    scaled = [step for step in before if step["type"] == "ResizeStepScaling"]
    values["train_dataset"]["transforms"] = [paste, *scaled, *steps, before[-1]]
    return values


def test_samples_follow_seed_and_position_alone(settings):
    configuration.check_config(settings, source="mine.yml")
    first, second = (build_dataset(settings["train_dataset"]) for _ in range(2))
    assert first.transforms.transforms[0].file_list == first.file_list
    forward = [Seeded(first, 3)[key] for key in ((0, 0), (1, 2), (2, 1))]
    backward = [Seeded(second, 3)[key] for key in ((2, 1), (1, 2), (0, 0))][::-1]
    for one, other in zip(forward, backward, strict=True):
        assert one["img"].shape == (3, 32, 64) and one["img"].dtype == np.float32
        assert (one["img"] == other["img"]).all() and (one["label"] == other["label"]).all()
    other_seed = Seeded(first, 4)[0, 0]
    assert not np.array_equal(forward[0]["img"], other_seed["img"])


@pytest.mark.slow
@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_resumed_run_sees_the_same_images(settings, tmp_path, num_workers):
    run, rest = tmp_path / "run", tmp_path / "rest"
    options = {"save_interval": 2, "do_eval": False}
    trainer.fit(settings, run, **options)
    trainer.fit(settings, rest, **options, resume_model=run / "iter_2", num_workers=num_workers)
    whole, resumed = (one / "iter_4" / "model.pdparams" for one in (run, rest))
    assert resumed.read_bytes() == whole.read_bytes()
