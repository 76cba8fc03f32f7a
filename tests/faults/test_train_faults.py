"""A user's mistakes in training and evaluation, met by the real command on a real tree."""

import json
import subprocess
import sys

import numpy as np
import pytest
import yaml
from PIL import Image

from bisenet_lib.cli import main
from bisenet_lib.config import configuration
from bisenet_lib.data import conversion


@pytest.fixture
def ready(tree):
    conversion.prepare(tree)
    return tree


def run(monkeypatch, capsys, *arguments):
    """The command in this process: exit code and what it printed (Paddle loads once)."""
    monkeypatch.setattr(sys, "argv", ["bisenet", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main.main()
    printed = capsys.readouterr()
    return ended.value.code, printed.out + printed.err


def first_pair(tree, split="train"):
    image, label = (tree / f"{split}.txt").read_text().splitlines()[0].split(",")
    return tree / image, tree / label


def missing_image(tree):
    path = first_pair(tree)[0]
    path.unlink()
    return path.name, "missing"


def truncated_image(tree):
    path = first_pair(tree)[0]
    path.write_bytes(path.read_bytes()[:-200])
    return path.name, "truncated"


def wrong_size_label(tree):
    path = first_pair(tree)[1]
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path)
    return path.name, "8x8"


def colour_label(tree):
    path = first_pair(tree)[1]
    Image.fromarray(np.zeros((32, 64, 3), np.uint8)).save(path)
    return path.name, "RGB"


def value_outside(tree):
    path = first_pair(tree)[1]
    Image.fromarray(np.full((32, 64), 26, np.uint8)).save(path)
    return path.name, "26"


def broken_validation(tree):
    path = first_pair(tree, "val")[1]
    path.unlink()
    return path.name, "missing"


def empty_list(tree):
    (tree / "train.txt").write_text("")
    return "train.txt", "empty"


def no_list(tree):
    (tree / "train.txt").unlink()
    return "train.txt", "no such list"


def line_without_label(tree):
    (tree / "train.txt").write_text("one.png\n")
    return "train.txt", "line 1"


@pytest.mark.parametrize(
    "fault",
    [
        missing_image,
        truncated_image,
        wrong_size_label,
        colour_label,
        value_outside,
        broken_validation,
        empty_list,
        no_list,
        line_without_label,
    ],
)
def test_bad_data_is_named_before_anything_is_written(ready, tmp_path, monkeypatch, capsys, fault):
    expected = fault(ready)
    save_dir = tmp_path / "run"
    code, printed = run(
        monkeypatch, capsys, "train", "--config", "smoke", "--dataset", ready,
        "--do-eval", "--save-dir", save_dir,
    )  # fmt: skip
    assert code == 1
    assert all(part in printed for part in expected), printed
    assert "Traceback" not in printed
    assert not save_dir.exists()


def damage_the_middle(path):
    """Leave header and end as they are, so that only decoding finds it."""
    content = bytearray(path.read_bytes())
    middle = slice(60, len(content) - 60)
    content[middle] = bytes(len(content[middle]))
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("workers", "expected"), [("0", "cannot be decoded"), ("1", "--num-workers 0")]
)
def test_an_image_damaged_in_the_middle_ends_the_run_with_a_message(
    ready, tmp_path, workers, expected
):
    for line in (ready / "train.txt").read_text().splitlines():
        damage_the_middle(ready / line.split(",")[0])
    done = subprocess.run(
        [sys.executable, "-m", "bisenet_lib.cli", "train", "--config", "smoke", "--dataset", ready,
         "--save-dir", tmp_path / "run", "--num-workers", workers],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert expected in done.stderr
    if workers == "0":
        assert "_leftImg8bit.png" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--batch-size", "4"], ["3 images are fewer than one batch of 4", "--batch-size 3"]),
        (["--config", "labtop"], ["labtop", "did you mean 'laptop'"]),
        (["--learning-rate", "-1"], ["learning_rate is -1"]),
        (["--iters", "0"], ["iters is 0"]),
        (["--device", "gpu:7"], ["device 'gpu:7' is not there"]),
        (["--precision", "fp16", "--device", "cpu"], ["precision fp16 needs a GPU"]),
        (["--resume-model", "nowhere"], ["nowhere: no checkpoint"]),
    ],
)
def test_bad_options_are_named(ready, tmp_path, monkeypatch, capsys, options, expected):
    defaults = ["train", "--config", "smoke", "--dataset", ready, "--save-dir", tmp_path / "run"]
    code, printed = run(monkeypatch, capsys, *defaults, *options)
    assert code == 1
    assert all(part in printed for part in expected), printed
    assert "Traceback" not in printed
    assert not (tmp_path / "run").exists()


def test_an_unknown_key_names_file_and_nearest(ready, tmp_path, monkeypatch, capsys):
    path = tmp_path / "mine.yml"
    path.write_text(yaml.safe_dump({**configuration.load_config("smoke"), "batchsize": 2}))
    code, printed = run(monkeypatch, capsys, "train", "--config", path, "--dataset", ready)
    assert code == 1
    assert "mine.yml: unknown key 'batchsize' (did you mean 'batch_size'?)" in printed


def test_a_file_where_the_run_folder_should_be(ready, tmp_path, monkeypatch, capsys):
    (tmp_path / "run").write_text("mine")
    code, printed = run(
        monkeypatch, capsys, "train", "--config", "smoke", "--dataset", ready,
        "--save-dir", tmp_path / "run",
    )  # fmt: skip
    assert code == 1
    assert "cannot be written" in printed
    assert (tmp_path / "run").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere"], "nowhere: no config.yml beside it. Check the path"),
        (["nowhere", "--config", "smoke"], "nowhere: no weights there"),
        (["nowhere", "--config", "smoke", "--engine", "tensorrt"], "engine is 'tensorrt'"),
        (["nowhere", "--config", "smoke", "--scales", "0", "1"], "scales are (0.0, 1.0)"),
        (["nowhere", "--config", "smoke", "--scales", "large"], "'large'; give numbers"),
        (["nowhere", "--config", "smoke", "--stride", "8", "8"], "without crop_size"),
    ],
)
def test_evaluating_nothing(ready, monkeypatch, capsys, arguments, expected):
    code, printed = run(monkeypatch, capsys, "evaluate", *arguments, "--dataset", ready)
    assert code == 1
    assert expected in printed


def test_the_installed_command_trains_and_evaluates(ready, tmp_path):
    """The original recipe's spelling, with underscores, on a real process."""
    bisenet = [sys.executable, "-m", "bisenet_lib.cli"]
    small = configuration.load_config("smoke", dataset=ready)
    for section in ("train_dataset", "val_dataset"):
        for transform in small[section]["transforms"]:
            transform.update({k: [64, 32] for k in ("target_size", "crop_size") if k in transform})
    configuration.save_config(small, tmp_path / "small.yml")
    save_dir = tmp_path / "output"
    subprocess.run(
        [*bisenet, "train", "--config", tmp_path / "small.yml", "--iters", "2", "--do_eval",
         "--use_vdl", "--save_interval", "1", "--save_dir", save_dir],
        check=True, capture_output=True,
    )  # fmt: skip
    scores, figures = tmp_path / "scores", tmp_path / "figures.json"
    done = subprocess.run(
        [*bisenet, "evaluate", save_dir, "--save-dir", scores, "--json", figures],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "pixel accuracy" in done.stdout
    told = json.loads(figures.read_text())
    results = json.loads((scores / "results.json").read_text())
    assert told["pixel_accuracy"] > 0
    assert results == {**told, "predictions": results["predictions"]}
    assert all(
        (scores / "predictions" / name).is_file() for name in results["predictions"].values()
    )
