"""The measured peak is that of a real product of matrices."""

import numpy as np

from bisenet_lib.network import profiling


def test_the_product_is_numpys():
    left, right = np.random.default_rng(0).random((2, 48, 48), np.float32)
    assert np.allclose(profiling.product(48)(left, right), left @ right, rtol=1e-5)


def test_the_faster_of_the_two_libraries_counts(monkeypatch):
    seconds = iter([0.5, 0.25])
    monkeypatch.setattr(profiling, "_fastest", lambda task: next(seconds))
    assert profiling.peak(16) == 16**3 / 0.25
