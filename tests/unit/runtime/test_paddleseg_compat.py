"""Each mend: the failure without it, in a process that never saw bisenet_lib, and the result."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bisenet_lib.runtime.paddleseg_compat import MENDS, Mend, mend, paddle

from paddleseg.transforms import Compose  # isort: skip

pytestmark = pytest.mark.slow

CASES = Path(__file__).with_name("compat_cases.py")

FAILURES = {
    "cross_entropy": "TypeError",
    "weighted_cross_entropy": "TypeError",
    "ohem": "TypeError",
    "calculate_area": "ValueError",
    "train": "IndexError",
    "byte_order_mark": "ValueError",
}


def run_cases(prelude: str) -> dict[str, list]:
    child = subprocess.run(
        [sys.executable, "-c", f"{prelude}\nexec(open({str(CASES)!r}).read())"],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(child.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def unpatched() -> dict[str, list]:
    return run_cases("")


@pytest.fixture(scope="module")
def patched() -> dict[str, list]:
    return run_cases("import bisenet_lib.runtime.paddleseg_compat")


@pytest.mark.skipif(not paddle.__version__.startswith("3."), reason="the defects of Paddle 3")
@pytest.mark.parametrize("case", FAILURES)
def test_fails_without_the_mend(unpatched, case):
    outcome, detail = unpatched[case]
    assert outcome == FAILURES[case], detail


def test_a_list_is_read_without_what_an_editor_adds(patched):
    assert patched["byte_order_mark"] == ["ok", ["a.png", "c.png"]]


def test_a_name_that_utf8_cannot_spell_is_read(tmp_path):
    name = os.fsdecode(os.fsencode(tmp_path) + b"/stra\xdfe.png")
    without = [sys.executable, "-c", "import cv2; cv2.imread('stra\\udcdfe.png')"]
    assert subprocess.run(without, check=False).returncode == -signal.SIGSEGV
    Image.new("RGB", (2, 1), (7, 8, 9)).save(name)
    assert Compose([])({"img": name})["img"].tolist() == [[[7, 7]], [[8, 8]], [[9, 9]]]


def test_a_pretrained_pickle_runs_code_without_the_mend(unpatched, patched):
    assert unpatched["pretrained"] == ["ok", [True, True]]
    assert patched["pretrained"] == ["ok", [False, False]]
    assert patched["pos_embed"] == ["ok", 1.0]


def numpy_cross_entropy(logit, label, weight=None):
    """Mean over the pixels that are not ignored, each weighted by its class."""
    logit = np.moveaxis(logit, 1, -1).reshape(-1, logit.shape[1])
    label = label.ravel()
    kept = label != 255
    logit, label = logit[kept], label[kept]
    log_p = logit - np.log(np.exp(logit).sum(1, keepdims=True))
    weight = np.ones(logit.shape[1]) if weight is None else np.asarray(weight)
    losses = -log_p[np.arange(len(label)), label] * weight[label]
    return losses.sum() / weight[label].sum()


LOGIT = np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype("float32")
LABEL = np.random.default_rng(1).integers(0, 3, (2, 4, 4))
LABEL[0, 0, :2] = 255


@pytest.mark.parametrize(
    ("case", "weight"),
    [("cross_entropy", None), ("weighted_cross_entropy", [1.0, 2.0, 5.0])],
)
def test_mended_loss_is_the_cross_entropy(patched, case, weight):
    assert patched[case] == ["ok", pytest.approx(numpy_cross_entropy(LOGIT, LABEL, weight), 1e-5)]


def test_mended_ohem_keeps_only_the_hard_pixels(patched):
    """min_kept=5, thresh=0.1: the 5 least certain pixels bound the threshold from below."""
    probability = np.exp(LOGIT) / np.exp(LOGIT).sum(1, keepdims=True)
    true = np.take_along_axis(probability, np.where(LABEL == 255, 0, LABEL)[:, None], 1)[:, 0]
    valid = LABEL != 255
    threshold = max(np.sort(true[valid])[4], 0.1)
    kept = valid & (true < threshold)
    expected = -np.log(true[kept]).sum() / valid.size / (kept.mean() + 1e-5)
    assert patched["ohem"] == ["ok", pytest.approx(expected, rel=1e-4)]


def test_mended_areas_are_counted_by_hand(patched):
    """Prediction [[0,1],[1,2]], truth [[0,1],[2,255]]: the last pixel is ignored."""
    assert patched["calculate_area"] == ["ok", [[1, 1, 0], [1, 2, 0], [1, 1, 1]]]


def test_mended_train_reaches_its_last_iteration(patched):
    assert patched["train"] == ["ok", True]


def test_another_paddleseg_is_named():
    change = Mend("paddleseg.utils.metrics", "mean_iou", (("no such line", ""),), "")
    with pytest.raises(RuntimeError, match=r"pip install paddleseg==2\.8\.0"):
        mend(change)


def test_every_mend_says_what_breaks_without_it():
    assert all(": " in change.without for change in MENDS)


@pytest.mark.parametrize("value", [None, "4"])
def test_the_users_mkl_setting_stays(value):
    environment = {k: v for k, v in os.environ.items() if k != "MKL_DEBUG_CPU_TYPE"}
    if value is not None:
        environment["MKL_DEBUG_CPU_TYPE"] = value
    code = (
        "import os, bisenet_lib.runtime.paddleseg_compat; "
        "print(os.environ.get('MKL_DEBUG_CPU_TYPE'))"
    )
    child = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    amd = "AuthenticAMD" in Path("/proc/cpuinfo").read_text()
    assert child.stdout.strip() == (value or ("5" if amd else "None"))
