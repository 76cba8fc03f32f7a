"""How training samples are read: as PaddleSeg does, and by how many processes."""

import numpy as np
import pytest

from bisenet_lib.config import configuration
from bisenet_lib.config.datasets import QuickNormalize, build_dataset
from bisenet_lib.runtime.ranks import ALONE, Ranks
from bisenet_lib.training import data_loading
from bisenet_lib.training.data_loading import Seeded, batches, read_batches


@pytest.mark.parametrize("split", ["train_dataset", "val_dataset"])
def test_samples_equal_paddlesegs_bit_for_bit(tiny, split):
    section = configuration.load_config(tiny)[split]
    ours, paddlesegs = (
        Seeded(build_dataset(section), 0),
        Seeded(configuration.build_component(section), 0),
    )
    kinds = [type(step) for step in ours.dataset.transforms.transforms]
    assert QuickNormalize in kinds
    for position in range(4):
        key = (position, position % len(paddlesegs))
        np.testing.assert_array_equal(ours[key]["img"], paddlesegs[key]["img"])
        np.testing.assert_array_equal(ours[key]["label"], paddlesegs[key]["label"])


def test_numbers_that_float32_cannot_hold_are_left_to_paddleseg():
    step = configuration.build_component({"type": "Normalize", "mean": [0.485, 0.456, 0.406]})
    assert QuickNormalize.of(step) is step


def test_processes_read_the_same_samples(tiny):
    dataset = build_dataset(configuration.load_config(tiny)["train_dataset"])
    read = [
        [batch["img"].numpy() for batch in read_batches(Seeded(dataset, 0), keys, workers)]
        for workers in (0, 2)
        for keys in [batches(len(dataset), 2, seed=0, first=0, last=3)]
    ]
    np.testing.assert_array_equal(*read)


@pytest.mark.parametrize(
    ("asked", "place", "ranks", "expected"),
    [
        (None, "cpu", ALONE, 0),
        (None, "gpu:0", ALONE, 8),
        (None, "gpu:3", Ranks(3, 8, 4), 3),
        (None, "gpu:0", Ranks(0, 32, 32), 1),
        (0, "gpu:0", ALONE, 0),
        (3, "cpu", ALONE, 3),
    ],
)
def test_a_gpu_gets_its_share_of_the_cores_as_readers(monkeypatch, asked, place, ranks, expected):
    monkeypatch.setattr(data_loading, "cores", lambda: 16)
    assert data_loading.readers(asked, place, ranks) == expected
