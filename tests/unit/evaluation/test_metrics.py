"""Scores by hand, and against cityscapesscripts' own scorer on the same files."""

import math

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as official  # noqa: N813
from PIL import Image

from bisenet_lib.data import labels
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation import metrics

TRUTH = np.array([[0, 0, 1], [0, 1, 1], [2, 2, 255]], np.uint8)
PREDICTION = np.array([[0, 1, 1], [0, 1, 1], [2, 0, 0]], np.uint8)


def test_three_by_three_by_hand():
    """IoU: class 0 is 2/(2+1+1), class 1 is 3/(3+1), class 2 is 1/2, class 3 is absent."""
    matrix = metrics.confusion_matrix(TRUTH, PREDICTION, 4)
    assert matrix.tolist() == [[2, 1, 0, 0], [0, 3, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    scores = metrics.Scores(matrix, 1, ("a", "b", "c", "d"))
    assert scores.iou[:3].tolist() == [0.5, 0.75, 0.5]
    assert math.isnan(scores.iou[3])
    assert scores.absent == ["d"]
    assert scores.miou == pytest.approx(1.75 / 3)
    assert scores.pixel_accuracy == 6 / 8
    assert "In neither truth nor prediction: d." in scores.table()
    assert scores.as_dict()["iou"]["d"] is None


def test_nothing_counted_is_nan_not_a_crash():
    scores = metrics.Scores(np.zeros((2, 2), np.int64), 0, ("a", "b"))
    assert math.isnan(scores.miou)
    assert math.isnan(scores.pixel_accuracy)
    assert scores.as_dict()["miou"] is None


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        (np.full((2, 2), 4), np.zeros((2, 2), int), "the truth holds the value 4.*Take a network"),
        (np.zeros((2, 2), int), np.full((2, 2), 255), "the prediction holds the value 255"),
        (np.zeros((2, 2), int), np.full((2, 2), -1), "the prediction holds the value -1"),
        (np.zeros((2, 2), int), np.zeros((2, 3), int), r"\(2, 2\) pixels, the prediction \(2, 3"),
    ],
)
def test_what_cannot_be_counted_is_refused(truth, prediction, message):
    with pytest.raises(InputError, match=message):
        metrics.confusion_matrix(truth, prediction, 4)


@pytest.fixture
def files(tmp_path):
    """Truth with all 34 ids, void among them; predictions of trained classes, some absent."""
    rng = np.random.default_rng(0)
    ids = np.array([one.id for one in labels.CLASSES if one.name not in ("train", "rider")])
    pairs = []
    for number in range(3):
        truth = rng.integers(0, 34, (40, 60)).astype(np.uint8)
        truth[truth == labels.name2label["train"].id] = 0
        prediction = rng.choice(ids, truth.shape).astype(np.uint8)
        right = rng.random(truth.shape) < 0.4
        prediction = np.where(right & np.isin(truth, ids), truth, prediction)
        names = (tmp_path / f"truth_{number}.png", tmp_path / f"prediction_{number}.png")
        Image.fromarray(truth).save(names[0])
        Image.fromarray(prediction).save(names[1])
        pairs.append(names)
    return pairs


def test_equal_to_cityscapesscripts_to_the_last_digit(files, monkeypatch, tmp_path):
    for name, value in {"evalInstLevelScore": False, "quiet": True, "JSONOutput": True}.items():
        monkeypatch.setattr(official.args, name, value)
    monkeypatch.setattr(official.args, "exportFile", str(tmp_path / "official.json"))
    expected = official.evaluateImgLists(
        [str(one[1]) for one in files], [str(one[0]) for one in files], official.args
    )

    table = labels.id_to_train_id()
    matrix = sum(
        metrics.confusion_matrix(
            table[np.asarray(Image.open(t))], table[np.asarray(Image.open(p))], 19
        )
        for t, p in files
    )
    scores = metrics.Scores(matrix, len(files))

    assert scores.absent == ["train"]
    for name, value in zip(labels.CLASS_NAMES, scores.iou.tolist(), strict=True):
        theirs = expected["classScores"][name]
        assert value == theirs or (math.isnan(value) and math.isnan(theirs))
    assert scores.miou == expected["averageScoreClasses"]
