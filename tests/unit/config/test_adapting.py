"""Configurations for other classes."""

import pytest

from bisenet_lib.config import configuration
from bisenet_lib.config.adapting import adapted, class_weights


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        ([100, 25, 400], [1.0, 2.0, 0.5]),
        ([100, 0, 25, 400], [1.0, 2.0, 2.0, 0.5]),  # none of it: as the rarest that there is
        ([7], [1.0]),
        ([0, 0], [1.0, 1.0]),
    ],
)
def test_a_class_weighs_the_root_of_the_median_share_to_its_own(pixels, expected):
    assert class_weights(pixels) == expected


def test_the_weights_of_19_classes_become_those_of_the_new_ones():
    """They stayed, and the loss then failed with 6 classes."""
    settings = configuration.load_config("minicity_fast")
    assert len(settings["loss"]["types"][0]["weight"]) == 19
    changed = adapted(settings, [100, 25, 400], None)
    assert changed["loss"]["types"][0]["weight"] == [1.0, 2.0, 0.5]
    assert len(settings["loss"]["types"][0]["weight"]) == 19, "the given one is as it was"
    mixed = {"type": "MixedLoss", "coef": [1, 1]}
    mixed["losses"] = [{"type": "CrossEntropyLoss", "weight": [1.0] * 19}, {"type": "DiceLoss"}]
    changed = adapted({**settings, "loss": {"types": [mixed], "coef": [1]}}, [4, 1], None)
    assert changed["loss"]["types"][0]["losses"][0]["weight"] == [0.79, 1.58]
    assert "weight" not in changed["loss"]["types"][0]["losses"][1]
