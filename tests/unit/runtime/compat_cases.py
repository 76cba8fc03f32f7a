"""Run by test_paddleseg_compat in a child process: each case's outcome as one JSON line."""

import json
import os
import pickle
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import paddle
import paddleseg.core
from paddleseg.cvlibs import manager
from paddleseg.datasets import Dataset
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


def byte_order_mark():
    """A list as an editor of Windows saves it."""
    with tempfile.TemporaryDirectory() as folder:
        pairs = [b"a.png,b.png", b"c.png,d.png", b"", b""]
        (Path(folder) / "val.txt").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(pairs))
        options = {"dataset_root": folder, "val_path": f"{folder}/val.txt", "separator": ","}
        dataset = Dataset("val", transforms=[], num_classes=2, **options)
        return [Path(image).name for image, _ in dataset.file_list]


class MakesFolder:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def pretrained():
    """Whether code in a file given as ``pretrained`` runs."""
    ran = []
    for network in ("BiSeNetV2", "ViT_small_patch16_224"):
        with tempfile.TemporaryDirectory() as folder:
            path, made = Path(folder) / "model.pdparams", Path(folder) / "made"
            path.write_bytes(pickle.dumps({"weight": MakesFolder(str(made))}))
            components = {**manager.MODELS.components_dict, **manager.BACKBONES.components_dict}
            options = {"num_classes": 2} if network == "BiSeNetV2" else {}
            with suppress(Exception):
                components[network](pretrained=str(path), **options)
            ran.append(made.is_dir())
    return ran


def pos_embed():
    """Whether a vision transformer still starts from weights, and with their embedding."""
    network = manager.BACKBONES.components_dict["ViT_small_patch16_224"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pdparams"
        state = {"pos_embed": np.ones((1, 197, 768), "float32")}
        path.write_bytes(pickle.dumps(state))
        return float(network(pretrained=str(path)).pos_embed.mean())


outcomes = {}
CASES = (cross_entropy, weighted_cross_entropy, ohem, calculate_area, train, byte_order_mark)
CASES += (pretrained, pos_embed)
for case in CASES:
    try:
        outcomes[case.__name__] = ["ok", case()]
    except Exception as error:
        outcomes[case.__name__] = [type(error).__name__, str(error)]
sys.stdout.write("\n" + json.dumps(outcomes) + "\n")
