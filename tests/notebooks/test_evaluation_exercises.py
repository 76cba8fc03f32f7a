"""What the library and OpenCV compute is right in the exercises of 05."""

import cv2
import numpy as np
from cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling import args as scorer

from bisenet_lib.course.exercises import check
from bisenet_lib.evaluation import metrics
from bisenet_lib.evaluation.cityscapes_benchmark import Counter


def test_miou_is_that_of_the_library(capsys):
    check("05.miou", lambda matrix: metrics.Scores(matrix, 1, range(len(matrix))).miou)
    assert capsys.readouterr().out == "05.miou: right.\n"


def test_iou_is_that_of_the_library(capsys):
    def answer(truth, prediction, number):
        matrix = metrics.confusion_matrix(truth, prediction, 3)
        return metrics.Scores(matrix, 1, range(3)).iou[number]

    check("05.iou", answer)
    assert capsys.readouterr().out == "05.iou: right.\n"


def test_iiou_is_that_of_the_benchmark(capsys, monkeypatch):
    monkeypatch.setitem(scorer.avgClassSize, "car", 50)
    car, wall, building = 26, 12, 11
    truth = np.repeat([car, car, wall], [80, 20, 10]).astype(np.uint8)
    instances = np.repeat([26000, 26001, wall], [80, 20, 10]).astype(np.uint16)
    prediction = np.repeat([car, building, car], [40, 40, 30]).astype(np.uint8)
    counter = Counter()
    counter.add(*(one[np.newaxis] for one in (truth, instances, prediction)))
    check("05.iiou", counter.scores().class_iiou["car"])
    assert capsys.readouterr().out == "05.iiou: right.\n"


def test_a_band_is_what_erosion_takes_away(capsys):
    def band(mask, width):
        kept = cv2.erode(
            np.pad(mask, width).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=width
        )
        return mask & (kept[width:-width, width:-width] == 0)

    def answer(truth, prediction, width):
        one, other = band(truth, width), band(prediction, width)
        return (one & other).sum() / (one | other).sum()

    check("05.boundary", answer)
    assert capsys.readouterr().out == "05.boundary: right.\n"
