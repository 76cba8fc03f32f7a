"""What one rank does by itself; several are in tests/faults/test_distributed.py."""

import numpy as np
import pytest

from bisenet_lib.errors import InputError
from bisenet_lib.runtime.ranks import ALONE, Ranks, here, lost_ranks


def test_alone_nothing_is_sent():
    values = np.arange(3)
    assert ALONE.sum(values) is values
    assert ALONE.any(True) is True and ALONE.any(False) is False
    assert ALONE.first


def test_the_launcher_says_which_rank_this_is(monkeypatch):
    assert here() == ALONE
    monkeypatch.setenv("PADDLE_TRAINER_ID", "3")
    monkeypatch.setenv("PADDLE_TRAINERS_NUM", "4")
    assert here() == Ranks(3, 4)
    assert not here().first


@pytest.mark.parametrize(
    ("ranks", "message", "raised"),
    [
        (Ranks(0, 2), "[gloo] Connection closed by peer", InputError),
        (Ranks(0, 2), "NCCL error: remote process exited", InputError),
        (Ranks(0, 2), "Out of memory error on GPU 0", RuntimeError),
        (ALONE, "a socket of the loader", RuntimeError),
    ],
)
def test_only_a_lost_rank_is_called_one(ranks, message, raised):
    with pytest.raises(raised) as caught, lost_ranks(ranks):
        raise RuntimeError(message)
    assert ("has lost another rank" in str(caught.value)) is (raised is InputError)
