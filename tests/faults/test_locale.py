"""Names of any language in a locale that spells none of them, met by the real command."""

import os
import subprocess

import cv2
import numpy as np
import pytest
from PIL import Image
from processes import BISENET, environment

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
NAMES = ("größe", "树", "c")


def run(*arguments, **settings) -> tuple[int, str, bytes]:
    done = subprocess.run(
        [os.fsencode(word) for word in (BISENET, *arguments)],
        capture_output=True,
        env={**environment(), "COLUMNS": "120", **settings},
        timeout=120,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr


@pytest.fixture
def folder(tmp_path):
    """Three photographs and their masks, of two classes."""
    folder = tmp_path / "straße"
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    mask = np.zeros((32, 64), np.uint8)
    mask[:10] = 1
    for seed, name in enumerate(NAMES):
        noise = np.random.default_rng(seed).integers(0, 256, (32, 64, 3), np.uint8)
        Image.fromarray(noise).save(folder / "images" / f"{name}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{name}.png")
    return folder


def test_import_and_train(folder, tmp_path):
    mine, trained = tmp_path / "mîne", tmp_path / "rûn"
    code, printed, said = run("import", folder, mine, "--classes", "背景,tree", **ASCII)
    assert code == 0, said.decode(errors="replace")
    assert "\\u80cc\\u666f" in printed
    assert str(mine) in printed  # a file's name keeps its bytes
    assert (mine / "classes.txt").read_text(encoding="utf-8") == "背景\ntree\n"
    listed = "".join((mine / f"{split}.txt").read_text("utf-8") for split in ("train", "val"))
    assert all(f"images/{name}.png,labels/{name}.png\n" in listed for name in NAMES)
    words = ["--config", mine / "config.yml", "--iters", "1", "--batch-size", "2"]
    code, _, said = run("train", *words, "--do-eval", "--save-dir", trained, **ASCII)
    assert code == 0, said.decode(errors="replace")
    assert (trained / "iter_1" / "model.pdparams").is_file()


def test_predict(folder, tmp_path, colour_network):
    model = tmp_path / "größe.onnx"
    colour_network(model, ("背景", "tree", "blue"))
    words = [model, folder / "images", "--output", folder / "out"]
    code, printed, said = run("predict", *words, **ASCII)
    assert code == 0, said.decode(errors="replace")
    assert "\\u80cc\\u666f" in printed
    assert {one.stem for one in (folder / "out" / "labels").iterdir()} == set(NAMES)
    code, printed, _ = run("predict", *words, PYTHONIOENCODING="latin-1")
    assert code == 0
    assert "\\u80cc\\u666f" in printed


def test_predict_a_video(folder, tmp_path, colour_network):
    colour_network(tmp_path / "model.onnx")
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(5):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    video = (tmp_path / "a.avi").rename(folder / "fülm.avi")
    code, printed, said = run(
        "predict", tmp_path / "model.onnx", video, "--output", folder, **ASCII
    )
    assert code == 0, said.decode(errors="replace")
    assert "5 frames" in printed
    assert (folder / "fülm_overlay.mp4").is_file()
