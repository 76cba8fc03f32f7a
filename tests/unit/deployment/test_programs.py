"""The programs to copy, beside predictor.py in a folder of their own, where Paddle cannot load."""

import http.client
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bisenet_lib.deployment import predictor
from bisenet_lib.deployment.predictor import Predictor

PROGRAMS = Path(predictor.__file__).with_name("programs")
NOT_THERE = "raise ImportError('not there')"


@pytest.fixture
def folder(tmp_path, colour_network):
    """The files of a program, and packages that must not be needed but fail where they are."""
    target = tmp_path / "program"
    shutil.copytree(PROGRAMS, target, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(predictor.__file__, target)
    colour_network(target / "model.onnx", colours=[[0, 255, 255], [255, 0, 255], [255, 255, 0]])
    for name in ("paddle", "paddleseg", "bisenet_lib"):
        (target / f"{name}.py").write_text(NOT_THERE)
    image = np.zeros((8, 16, 3), np.uint8)
    image[:, :4] = (0, 0, 250)  # BGR: a quarter is red
    image[:, 4:] = (250, 0, 0)
    cv2.imwrite(str(target / "street.png"), image)
    return target


def expected(folder):
    """The overlay, BGR, as the library draws it."""
    predict = Predictor(folder / "model.onnx")
    image = cv2.imread(str(folder / "street.png"))[..., ::-1]
    return predict.draw(image, predict(np.ascontiguousarray(image)))[..., ::-1]


def run(folder, *words):
    return subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_app_writes_the_overlay_and_prints_the_shares(folder):
    done = run(folder, "app.py", "street.png", "overlay.png")
    assert done.returncode == 0, done.stderr
    assert done.stdout == " 75.00 %  blue\n 25.00 %  red\n"
    assert (cv2.imread(str(folder / "overlay.png")) == expected(folder)).all()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["app.py", "model.onnx", "overlay.png"], "model.onnx: not there, or no image"),
        (["app.py", "nowhere.png", "overlay.png"], "nowhere.png: not there"),
        (["app.py", "street.png", "nowhere/overlay.png"], "nowhere/overlay.png: cannot be written"),
        (["app.py"], "python app.py street.jpg overlay.jpg"),
    ],
)
def test_the_app_says_what_is_wrong(folder, words, said):
    done = run(folder, *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def service(folder):
    """The service on a free port: its address, as it prints it."""
    server = subprocess.Popen(
        [sys.executable, "service.py", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": ""},
        text=True,
    )
    yield server.stdout.readline().strip()
    server.kill()
    server.wait()
    server.stdout.close()


def ask(address, body):
    connection = http.client.HTTPConnection(address.split("/")[2], timeout=60)
    connection.request("POST", "/", body)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_the_service_answers_an_image_with_its_overlay(folder, service):
    assert service.startswith("http://127.0.0.1:")  # other computers cannot ask
    status, body = ask(service, (folder / "street.png").read_bytes())
    assert status == 200
    overlay = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(overlay.astype(int) - expected(folder)).mean() < 8  # JPEG
    assert ask(service, b"no image")[0] == 400
    assert ask(service, b"")[0] == 413
    status, again = ask(service, (folder / "street.png").read_bytes())
    assert (status, again) == (200, body)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this computer")
def test_the_curl_line_of_its_text_works(folder, service):
    text = (folder / "service.py").read_text()
    line = next(line for line in text.splitlines() if "curl" in line).partition("curl")[2]
    words = line.replace("http://127.0.0.1:8000/", service).replace("street.jpg", "street.png")
    done = subprocess.run(["curl", *words.split()], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0
    assert cv2.imread(str(folder / "overlay.jpg")).shape == (8, 16, 3)
