"""This process among the others of a data-parallel run: its rank and the world size.

``paddle.distributed.launch`` starts the processes and tells each its rank in the environment;
a process started alone is rank 0 of 1, and exchanges nothing.
Taught in ``04_multi_gpu``.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import psutil

from bisenet_lib.common.processes import exit_after
from bisenet_lib.common.signals import LAUNCHER, LOST
from bisenet_lib.errors import InputError
from bisenet_lib.runtime.paddleseg_compat import paddle

MESSAGES_FAILED = re.compile(r"gloo|[nbfx]ccl|tcp|socket|connect|timeout|peer", re.IGNORECASE)
"""Words in the errors of gloo, NCCL and similar libraries when another process does not answer."""
WORD_SECONDS = 5
"""The time between two exchanges of ranks that wait for each other; gloo gives up after 30 s."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class Ranks:
    """The place of this process among all of them.

    Args:
        rank: its number, from 0.
        size: how many processes there are (the world size).
        local_size: how many of them are on this machine.
    """

    rank: int = 0
    size: int = 1
    local_size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is rank 0, which alone writes files and shows progress."""
        return self.rank == 0

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Add an array over all ranks (all-reduce); every rank gets the sum."""
        if self.size == 1:
            return values
        tensor = paddle.to_tensor(values)
        with lost_ranks(self):
            paddle.distributed.all_reduce(tensor)
            return tensor.numpy()

    def any(self, flag: bool) -> bool:
        """Whether any rank says yes; every rank gets the same answer."""
        return bool(self.sum(np.array([flag], np.int32))[0])

    def together(self, work: Callable[[], Result]) -> Result:
        """Do work that takes each rank a different time, and return when all ranks have finished.

        Gloo, which connects ranks on a CPU, gives up when another rank is 30 s late for an
        exchange, and Paddle cannot change that. So all ranks exchange a number every few seconds
        until the last one has finished. NCCL and similar libraries wait half an hour.

        Args:
            work: done in a thread; it must not exchange anything between ranks itself.

        Returns:
            What ``work`` returned on this rank.

        Raises:
            Exception: what ``work`` raised on this rank, at once.
        """
        if self.size == 1 or paddle.distributed.get_backend() != "GLOO":
            return work()
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(work)
            while True:
                wait([future], timeout=WORD_SECONDS)
                if future.done() and future.exception() is not None:
                    return future.result()
                if self.sum(np.array([future.done()], np.int32))[0] == self.size:
                    return future.result()

    def data_parallel(self, model: paddle.nn.Layer) -> paddle.nn.Layer:
        """The network whose backward pass leaves the mean gradient of all ranks."""
        return model if self.size == 1 else paddle.DataParallel(model)

    def average_statistics(self, model: paddle.nn.Layer) -> None:
        """Give every rank the mean of all ranks' running statistics.

        On a CPU each rank's batch norm follows its own images. Without this the ranks would
        evaluate different networks, and a resumed run would differ from an undisturbed one.
        """
        if self.size == 1:
            return
        # Paddle keeps them as parameters that are not trained.
        statistics = [tensor for tensor in model.parameters() if tensor.stop_gradient]
        sums = self.sum(np.concatenate([tensor.numpy().ravel() for tensor in statistics]))
        ends = np.cumsum([tensor.size for tensor in statistics])[:-1]
        for tensor, mean in zip(statistics, np.split(sums / self.size, ends), strict=True):
            tensor.set_value(mean.reshape(tensor.shape).astype(np.float32))


ALONE = Ranks()


def here() -> Ranks:
    """The place that the launcher wrote into the environment, without connecting to the others."""
    names = (("PADDLE_TRAINER_ID", 0), ("PADDLE_TRAINERS_NUM", 1), ("PADDLE_LOCAL_SIZE", 1))
    return Ranks(*(int(os.environ.get(name) or default) for name, default in names))


def join() -> Ranks:
    """Connect to the other ranks, if there are any, and let this one end with its launcher.

    Raises:
        InputError: the others cannot be reached.
    """
    ranks = here()
    if ranks.size > 1 and not paddle.distributed.is_initialized():
        _end_with_launcher()
        with lost_ranks(ranks):
            paddle.distributed.init_parallel_env()
    return ranks


@contextmanager
def lost_ranks(ranks: Ranks) -> Iterator[None]:
    """Turn a failed exchange into an InputError about the lost rank; other errors pass."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        if ranks.size == 1 or not MESSAGES_FAILED.search(str(error)):
            raise
        last = str(error).strip().splitlines()[-1]
        late = ": it was more than 30 s late" if "TIMEOUT" in last else ""
        raise InputError(
            f"rank {ranks.rank} {LOST}{late}; look at that one's log ({last})"
        ) from error


def _end_with_launcher() -> None:
    launcher = os.environ.get(LAUNCHER)
    if launcher is None:
        return

    def wait() -> None:
        while psutil.pid_exists(int(launcher)):
            time.sleep(1)

    exit_after(wait)
