"""Processes that read images for the one that trains."""

import multiprocessing
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bisenet_lib.errors import InputError
from bisenet_lib.runtime.paddleseg_compat import paddle
from bisenet_lib.training.data_loading import read_batches

pytestmark = pytest.mark.slow


class Numbers(paddle.io.Dataset):
    def __getitem__(self, key):
        return {"img": np.full((3, 2, 2), key, "float32"), "label": np.zeros((2, 2), "uint8")}

    def __len__(self):
        return 1000


def test_a_killed_reader_is_reported_when_a_batch_is_asked_for():
    """Not by a handler of SIGCHLD, which raises anywhere; and ranks ask from another thread."""
    handler = signal.getsignal(signal.SIGCHLD)
    others = multiprocessing.active_children()
    batches = read_batches(Numbers(), [[number] for number in range(1000)], 1)
    assert signal.getsignal(signal.SIGCHLD) == handler
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(next, batches).result()
    assert first["img"].numpy().max() == 0
    [reader] = [child for child in multiprocessing.active_children() if child not in others]
    reader.kill()
    with pytest.raises(InputError, match="a process that reads images has ended"):
        list(batches)
