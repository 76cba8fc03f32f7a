"""Run by test_paddleseg_compat in a child process: each case's outcome as one JSON line."""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import paddle
import paddleseg.core
from paddleseg.models.losses import CrossEntropyLoss, OhemCrossEntropyLoss
from paddleseg.utils import metrics

LOGIT = np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype("float32")
LABEL = np.random.default_rng(1).integers(0, 3, (2, 4, 4))
LABEL[0, 0, :2] = 255


def cross_entropy():
    return float(CrossEntropyLoss()(paddle.to_tensor(LOGIT), paddle.to_tensor(LABEL)))


def weighted_cross_entropy():
    loss = CrossEntropyLoss(weight=[1.0, 2.0, 5.0])
    return float(loss(paddle.to_tensor(LOGIT), paddle.to_tensor(LABEL)))


def ohem():
    loss = OhemCrossEntropyLoss(thresh=0.1, min_kept=5)
    return float(loss(paddle.to_tensor(LOGIT), paddle.to_tensor(LABEL)))


def calculate_area():
    prediction = paddle.to_tensor([[[0, 1], [1, 2]]])
    truth = paddle.to_tensor([[[0, 1], [2, 255]]])
    return [area.tolist() for area in metrics.calculate_area(prediction, truth, 3)]


class OneConv(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.conv = paddle.nn.Conv2D(3, 2, 1)

    def forward(self, image):
        return [self.conv(image)]


class TwoImages(paddle.io.Dataset):
    def __getitem__(self, index):
        return {"img": np.ones((3, 8, 8), "float32"), "label": np.zeros((8, 8), "int64")}

    def __len__(self):
        return 2


def train():
    model = OneConv()
    optimizer = paddle.optimizer.SGD(0.1, parameters=model.parameters())
    losses = {"types": [lambda logit, label: logit.mean()], "coef": [1]}
    with tempfile.TemporaryDirectory() as folder:
        paddleseg.core.train(
            model,
            TwoImages(),
            optimizer=optimizer,
            losses=losses,
            save_dir=folder,
            iters=2,
            log_iters=1,
        )
        return (Path(folder) / "iter_2" / "model.pdparams").is_file()


outcomes = {}
for case in (cross_entropy, weighted_cross_entropy, ohem, calculate_area, train):
    try:
        outcomes[case.__name__] = ["ok", case()]
    except Exception as error:
        outcomes[case.__name__] = [type(error).__name__, str(error)]
sys.stdout.write("\n" + json.dumps(outcomes) + "\n")
