"""Configurations: the recipe's values, what may be changed, and what is refused."""

import pytest
import yaml
from PIL import Image

from bisenet_lib.config import configuration, datasets
from bisenet_lib.errors import InputError
from bisenet_lib.network.bisenetv2 import BiSeNetV2
from bisenet_lib.network.losses import CPUCrossEntropyLoss
from bisenet_lib.runtime import devices
from bisenet_lib.runtime.paddleseg_compat import paddle

from paddleseg.cvlibs import Config  # isort: skip

RECIPE = "bisenet_cityscapes_1024x1024_160k"


def test_the_recipe_is_paddlesegs():
    """The values of PaddleSeg release/2.7, as published with its 73.19 % mIoU."""
    settings = configuration.load_config("cityscapes")
    assert settings == configuration.load_config(RECIPE)
    assert (settings["batch_size"], settings["iters"]) == (4, 160_000)
    assert settings["image_size"] == [2048, 1024]
    assert settings["model"] == {"type": "BiSeNetV2", "num_classes": 19}
    assert settings["optimizer"] == {"type": "SGD", "momentum": 0.9, "weight_decay": 5e-4}
    assert settings["lr_scheduler"] == {
        "type": "PolynomialDecay",
        "learning_rate": 0.05,
        "end_lr": 0.0,
        "power": 0.9,
    }
    assert settings["loss"]["coef"] == [1] * 5
    normalize = {"type": "Normalize", "mean": [0.5] * 3, "std": [0.5] * 3}
    assert settings["train_dataset"]["transforms"] == [
        {
            "type": "ResizeStepScaling",
            "min_scale_factor": 0.5,
            "max_scale_factor": 2.0,
            "scale_step_size": 0.25,
        },
        {"type": "RandomPaddingCrop", "crop_size": [1024, 1024]},
        {"type": "RandomHorizontalFlip"},
        {
            "type": "RandomDistort",
            "brightness_range": 0.4,
            "contrast_range": 0.4,
            "saturation_range": 0.4,
        },
        normalize,
    ]
    assert settings["val_dataset"]["transforms"] == [normalize]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("smoke", (256, 128)),
        ("laptop", (256, 128)),
        ("minicity_checkpoint", (512, 256)),
        ("cityscapes", (2048, 1024)),
        (f"{RECIPE}_ohem", (2048, 1024)),
    ],
)
def test_shipped_configurations_say_for_which_images(name, size):
    assert configuration.trained_size(configuration.load_config(name)) == size


def test_a_configuration_without_a_size_has_none():
    """PaddleSeg's own, which names none."""
    settings = configuration.load_config("cityscapes")
    del settings["image_size"]
    configuration.check_config(settings, source="its own")
    assert configuration.trained_size(settings) is None
    del settings["val_dataset"]
    assert configuration.trained_size(settings) is None


def test_another_size_in_place_of_a_configurations_own():
    for name in ("laptop", "cityscapes"):
        settings = configuration.load_config(name)
        before = configuration.trained_size(settings)
        changed = configuration.with_size(settings, (640, 320))
        configuration.check_config(changed, source="changed")
        assert configuration.trained_size(changed) == (640, 320)
        assert configuration.trained_size(configuration.with_size(settings, None)) is None
        assert configuration.trained_size(settings) == before


def test_a_damaged_target_size_is_named():
    settings = configuration.load_config("laptop")
    settings["val_dataset"]["transforms"][0]["target_size"] = "256x128"
    with pytest.raises(InputError, match="mine: val_dataset: the target_size of Resize is '256x"):
        configuration.check_config(settings, source="mine")


def test_a_data_set_of_ones_own_brings_its_size(tmp_path):
    settings = configuration.load_config("cityscapes", dataset=tmp_path)
    assert datasets.sized(settings) == settings  # no list there yet: training says so
    Image.new("RGB", (640, 360)).save(tmp_path / "a.png")
    (tmp_path / "train.txt").write_text("a.png,a.png\n")
    assert datasets.sized(settings)["image_size"] == [640, 360]
    resizes = configuration.load_config("laptop", dataset=tmp_path)
    assert datasets.sized(resizes) == resizes
    Image.new("RGB", (16384, 64)).save(tmp_path / "a.png")
    wide = datasets.sized(settings)
    assert wide["image_size"] == [8192, 32]
    configuration.check_config(wide, source="of a run")
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(InputError, match=r"a\.png: no image"):
        datasets.sized(settings)


def test_paddlesegs_own_configuration_takes_the_size(tmp_path):
    """It passes over the key, so that one file drives its tools too."""
    path = tmp_path / "config.yml"
    configuration.save_config(configuration.load_config("cityscapes"), path)
    assert Config(str(path)).dic["image_size"] == [2048, 1024]


def test_the_recipe_builds_in_paddleseg():
    built = configuration.builder(configuration.load_config(RECIPE))
    assert isinstance(built.optimizer, paddle.optimizer.Momentum)
    assert [type(loss) for loss in built.loss["types"]] == [CPUCrossEntropyLoss] * 5
    assert isinstance(built.model, BiSeNetV2)
    assert {loss.ignore_index for loss in built.loss["types"]} == {255}
    rate = built.lr_scheduler
    for _ in range(1000):
        rate.step()
    assert rate.get_lr() == pytest.approx(0.05 * (1 - 1000 / 160_000) ** 0.9)


def test_changes_reach_the_configuration(tmp_path):
    settings = configuration.load_config(
        "laptop", dataset=tmp_path, iters=7, batch_size=3, learning_rate=0.5
    )
    assert (settings["iters"], settings["batch_size"]) == (7, 3)
    assert settings["lr_scheduler"]["learning_rate"] == 0.5
    assert settings["train_dataset"]["train_path"] == str(tmp_path / "train.txt")
    assert settings["val_dataset"]["dataset_root"] == str(tmp_path)


def test_saved_configuration_loads_again(tmp_path):
    settings = configuration.load_config("smoke")
    configuration.save_config(settings, tmp_path / "config.yml")
    assert configuration.load_config(tmp_path / "config.yml") == settings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch": 4}, r"unknown key 'batch' \(did you mean 'batch_size'\?\)"),
        ({"learning_rate": 0.05}, "learning_rate belongs inside lr_scheduler"),
        ({"iters": 0}, "iters is 0; give a whole number from 1"),
        ({"iters": "many"}, "iters is 'many'"),
        ({"batch_size": None}, "batch_size is None"),
        ({"model": {"type": "BiSeNetV3"}}, r"no type 'BiSeNetV3' \(did you mean 'BiSeNetV2'\?\)"),
        ({"model": {"num_classes": 19}}, "has no 'type'"),
        ({"model": {"type": "BiSeNetV2", "lambda": 1}}, "unknown key 'lambda'.*'lambd'"),
        ({"optimizer": {"type": "SGD", "momentun": 0.9}}, "unknown key 'momentun'"),
        ({"loss": {"types": [{"type": "CrossEntropyLoss"}]}}, "coef is None; give a list"),
        ({"loss": {"types": [{"type": "Cross"}], "coef": [1]}}, "no type 'Cross'"),
        ({"lr_scheduler": {"type": "PolynomialDecay"}}, "learning_rate is None"),
        ({"lr_scheduler": {"type": "Polynomial", "learning_rate": 1}}, "no type 'Polynomial'"),
        ({"train_dataset": {"type": "Dataset", "transform": []}}, "unknown key 'transform'"),
        ({"train_dataset": {"type": "Dataset", "transforms": [{"type": "Crop"}]}}, "type 'Crop'"),
        ({"iters": True}, "iters is True"),
        *(
            ({"image_size": size}, r"image_size is .*; give \[width, height\] in pixels, 1 to 8192")
            for size in ([512], "512x256", [512, "256"], [0, 256], [512, 256, 3], [9000, 1], 512)
        ),
        (
            {"image_size": [512, 256]},
            r"image_size is \[512, 256\], but val_dataset resizes its images to \[256, 128\]:",
        ),
        ({"loss": None}, "loss: None is no section"),
        ({"model": {"type": ["BiSeNetV2"]}}, "has no 'type'"),
        ({"train_dataset": 3}, "train_dataset: 3 has no 'type'"),
        ({"lr_scheduler": 3}, "lr_scheduler: 3 has no 'type'"),
        (
            {"loss": {"types": [{"type": "CrossEntropyLoss"}], "coef": [1, 1]}},
            "coef has 2 values; BiSeNetV2 has 5 outputs",
        ),
    ],
)
def test_bad_values_are_refused_by_name(tmp_path, change, message):
    path = tmp_path / "changed.yml"
    path.write_text(yaml.safe_dump({**configuration.load_config("smoke"), **change}))
    with pytest.raises(InputError, match=message) as caught:
        configuration.load_config(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("transforms", None, "transforms is None; give a list"),
        ("num_classes", "19", "num_classes is '19'"),
        ("num_classes", None, "num_classes is None"),
        ("dataset_root", None, "dataset_root is None"),
        ("mode", "val", "mode is 'val'; it must be 'train'"),
    ],
)
def test_bad_values_of_a_data_set_are_named(tmp_path, key, value, message):
    settings = configuration.load_config("smoke")
    settings["train_dataset"][key] = value
    path = tmp_path / "changed.yml"
    path.write_text(yaml.safe_dump(settings))
    with pytest.raises(InputError, match=f"changed.yml: train_dataset: {message}"):
        configuration.load_config(path)


def test_what_paddleseg_refuses_while_building_is_an_input_error():
    settings = configuration.load_config("smoke")
    settings["train_dataset"]["transforms"][2]["crop_size"] = "x"
    with pytest.raises(InputError, match="crop_size"), configuration.refusals():
        _ = configuration.builder(settings).train_dataset


def test_paddlesegs_own_data_set_types_take_another_folder(tmp_path):
    settings = configuration.load_config("smoke")
    for key in ("train_dataset", "val_dataset"):
        section = settings[key]
        settings[key] = {one: section[one] for one in ("mode", "dataset_root", "transforms")}
        settings[key]["type"] = "Cityscapes"
    path = tmp_path / "theirs.yml"
    path.write_text(yaml.safe_dump(settings))
    loaded = configuration.load_config(path, dataset=tmp_path)
    assert loaded["train_dataset"]["dataset_root"] == str(tmp_path)
    assert "train_path" not in loaded["train_dataset"]


def test_a_file_that_is_not_text_is_named(tmp_path):
    path = tmp_path / "latin.yml"
    path.write_bytes("batch_size: 4  # für".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin\.yml: not a configuration"):
        configuration.load_config(path)


@pytest.mark.parametrize("key", ["model", "loss", "optimizer", "iters", "train_dataset"])
def test_a_missing_key_is_named(tmp_path, key):
    settings = configuration.load_config("smoke")
    del settings[key]
    path = tmp_path / "cut.yml"
    path.write_text(yaml.safe_dump(settings))
    with pytest.raises(InputError, match=f"the key '{key}' is missing"):
        configuration.load_config(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("labtop", r"labtop: no such profile.*did you mean 'laptop'"),
        ("nowhere.yml", "nowhere.yml: no such configuration file"),
    ],
)
def test_an_unknown_configuration_is_named(name, message):
    with pytest.raises(InputError, match=message):
        configuration.load_config(name)


@pytest.mark.parametrize("text", ["{", "- a list", "just words", "_base_: missing.yml"])
def test_a_file_that_is_no_configuration_is_named(tmp_path, text):
    path = tmp_path / "broken.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"broken\.yml: not a configuration"):
        configuration.load_config(path)


def test_learning_rate_zero_is_refused():
    with pytest.raises(InputError, match="learning_rate is 0; give a number above 0"):
        configuration.load_config("smoke", learning_rate=0)


GPUS = paddle.device.cuda.device_count() if paddle.is_compiled_with_cuda() else 0


def test_auto_takes_the_gpu_where_there_is_one_and_else_the_cpu():
    assert devices.select("auto") == ("gpu:0" if GPUS else "cpu")
    assert devices.select("cpu") == "cpu"


@pytest.mark.parametrize("name", ["iluvatar_gpu", "iluvatar_gpu:1"])
def test_a_vendors_device_is_taken_by_its_name(monkeypatch, name):
    chosen = []
    monkeypatch.setattr(devices, "_custom_devices", lambda: ["iluvatar_gpu:0", "iluvatar_gpu:1"])
    monkeypatch.setattr(paddle.device, "set_device", chosen.append)
    devices.select(name)
    assert chosen == [name]
    with pytest.raises(InputError, match=r"finds cpu.*iluvatar_gpu:0, iluvatar_gpu:1 here"):
        devices.select("iluvatar_gpu:2")


@pytest.mark.skipif(GPUS > 0, reason="needs a machine without a GPU")
@pytest.mark.parametrize(
    "name", ["gpu", "gpu:1", "xpu", "iluvatar_gpu", "tpu", "cpu:3", "cpu:x", "cpu:", ""]
)
def test_an_absent_device_is_an_error_not_a_fall_back(name):
    with pytest.raises(InputError, match=f"device '{name}' is not there.*finds cpu here"):
        devices.select(name)


WARM_UP = {"warmup_iters": 2, "warmup_start_lr": 0.01}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"warmup_iters": 0}, "warmup_iters is 0; give a whole number from 1 to below 6"),
        ({"warmup_iters": 6}, "warmup_iters is 6"),
        ({"warmup_iters": 1.5}, "warmup_iters is 1.5"),
        ({"warmup_iters": None}, "warmup_iters is None"),
        ({"warmup_start_lr": -0.01}, "warmup_start_lr is -0.01; give a number from 0"),
        ({"warmup_start_lr": 0.05}, "warmup_start_lr is 0.05"),
        ({"warmup_start_lr": None}, "warmup_start_lr is None"),
        ({"warmup": 3}, "unknown key 'warmup'"),
    ],
)
def test_a_warm_up_that_cannot_be_is_refused(change, message):
    settings = configuration.load_config("smoke")
    settings["lr_scheduler"] |= WARM_UP
    configuration.check_config(settings, source="mine.yml")
    settings["lr_scheduler"] |= change
    with pytest.raises(InputError, match=r"mine\.yml: lr_scheduler.*" + message):
        configuration.check_config(settings, source="mine.yml")
    for key in WARM_UP:
        one_of_both = {name: settings["lr_scheduler"][name] for name in ("type", "learning_rate")}
        settings["lr_scheduler"] = one_of_both | {key: WARM_UP[key]}
        with pytest.raises(InputError, match="is None"):
            configuration.check_config(settings, source="mine.yml")


def test_paddlesegs_schedule_is_built_for_a_warm_up():
    settings = configuration.load_config("smoke")
    settings["lr_scheduler"] |= WARM_UP
    schedule = configuration.builder(settings).lr_scheduler
    rates = []
    for _ in range(6):
        rates.append(schedule.get_lr())
        schedule.step()
    assert rates == pytest.approx([0.01, 0.03, *(0.05 * (1 - n / 4) ** 0.9 for n in range(4))])
