"""The measured peak is that of a real product of matrices."""

import numpy as np

from bisenet_lib import peak


def test_the_product_is_numpys():
    left, right = np.random.default_rng(0).random((2, 48, 48), np.float32)
    assert np.allclose(peak.product(48)(left, right), left @ right, rtol=1e-5)


def test_the_faster_of_the_two_libraries_counts(monkeypatch):
    seconds = iter([0.5, 0.25])
    monkeypatch.setattr(peak, "_fastest", lambda task: next(seconds))
    assert peak.peak(16) == 16**3 / 0.25
