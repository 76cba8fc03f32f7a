"""Configurations for other classes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bisenet_lib.config import configuration
from bisenet_lib.config.adapting import adapted, class_weights

DATA = Path(__file__).parents[3] / "data" / "minicity" / "gtFine" / "train"


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        ([100, 25, 25], [0.6, 1.2, 1.2]),  # a quarter of the pixels: twice the weight
        ([100, 25, 0], [0.6, 1.2, 1.2]),  # none of it: as the rarest that there is
        ([7], [1.0]),
        ([0, 0], [1.0, 1.0]),
    ],
)
def test_a_class_weighs_the_root_of_its_share_and_all_weigh_one_on_average(pixels, expected):
    assert class_weights(pixels) == expected


@pytest.mark.skipif(not DATA.is_dir(), reason="no data/minicity: make minicity")
def test_the_weights_of_minicity_fast_are_those_of_minicity():
    labels = [np.asarray(Image.open(path)) for path in DATA.glob("*/*_gtFine_labelTrainIds.png")]
    if not labels:
        pytest.skip("data/minicity is not converted: bisenet convert data/minicity")
    pixels = sum(np.bincount(label.ravel(), minlength=256) for label in labels)[:19]
    (loss,) = configuration.load_config("minicity_fast")["loss"]["types"]
    assert class_weights(pixels) == pytest.approx(loss["weight"], abs=0.02)


def test_the_weights_of_19_classes_become_those_of_the_new_ones():
    """They stayed, and the loss then failed with 6 classes."""
    settings = configuration.load_config("minicity_fast")
    assert len(settings["loss"]["types"][0]["weight"]) == 19
    changed = adapted(settings, [100, 25, 25], None)
    assert changed["loss"]["types"][0]["weight"] == [0.6, 1.2, 1.2]
    assert len(settings["loss"]["types"][0]["weight"]) == 19, "the given one is as it was"
    mixed = {"type": "MixedLoss", "coef": [1, 1]}
    mixed["losses"] = [{"type": "CrossEntropyLoss", "weight": [1.0] * 19}, {"type": "DiceLoss"}]
    changed = adapted({**settings, "loss": {"types": [mixed], "coef": [1]}}, [4, 1], None)
    assert changed["loss"]["types"][0]["losses"][0]["weight"] == [0.67, 1.33]
    assert "weight" not in changed["loss"]["types"][0]["losses"][1]
