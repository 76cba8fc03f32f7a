"""The training samples: which image comes when, and how it is augmented.

Both follow from the seed and the position alone, so a resumed run sees exactly the images
it would have seen, however many processes read them. Taught in ``03_training``.
"""

import random
import signal
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bisenet_lib.common.processes import cores
from bisenet_lib.common.signals import leave_signals_to_parent
from bisenet_lib.config.datasets import SegDataset, read_sample
from bisenet_lib.errors import InputError
from bisenet_lib.runtime.paddleseg_compat import paddle
from bisenet_lib.runtime.ranks import ALONE, Ranks

MOST_READERS = 8
Key = tuple[int, int]
"""A sample's position in the whole run, and its index in the data set."""


class Seeded(paddle.io.Dataset):
    """A PaddleSeg data set whose augmentation depends on (seed, position) only.

    Args:
        dataset: a PaddleSeg data set in ``train`` mode.
        seed: the run's seed.
    """

    def __init__(self, dataset: SegDataset, seed: int) -> None:
        super().__init__()
        self.dataset = dataset
        self.seed = seed

    def __len__(self) -> int:
        return len(self.dataset)

    # Paddle's loader passes on any keys that its sampler gives; its types allow numbers only.
    def __getitem__(self, key: Key) -> dict[str, np.ndarray]:  # type: ignore[override]
        """Read and augment one sample.

        Args:
            key: as :class:`batches` gives it.

        Returns:
            ``img`` (3, H, W) float32 and ``label`` (H, W) uint8.

        Raises:
            InputError: the image or label cannot be read; the message names it.
        """
        position, index = key
        # PaddleSeg's transforms draw from both global generators.
        seeds = np.random.SeedSequence((self.seed, position)).generate_state(2)
        random.seed(int(seeds[0]))
        np.random.seed(int(seeds[1]))
        sample = read_sample(self.dataset, index)
        return {"img": sample["img"], "label": sample["label"]}


def readers(num_workers: int | None, place: str, ranks: Ranks = ALONE) -> int:
    """How many processes read images besides the training process.

    A sample of the recipe takes a fifth of a second of one core. A GPU waits for that, so by
    default each of this machine's ranks has its share of the cores; on a CPU training needs
    them itself.

    Args:
        num_workers: the number the user asked for; None leaves the choice to this function.
        place: the device, as :func:`bisenet_lib.runtime.devices.select` gives it.
        ranks: this process among the others.

    Returns:
        The number of processes; with 0 the training process reads.
    """
    if num_workers is not None:
        return num_workers
    return 0 if place == "cpu" else max(1, min(MOST_READERS, cores() // ranks.local_size - 1))


def read_batches(
    dataset: Seeded, keys: Iterable[list[Key]], num_workers: int
) -> Generator[dict[str, paddle.Tensor], None, None]:
    """Read batches, in this process or in others, which the call starts.

    Args:
        dataset: gives a sample for a key.
        keys: the keys of each batch.
        num_workers: processes that read; with 0 this one does, and a bad image is named.

    Yields:
        ``img`` (N, 3, H, W) float32 and ``label`` (N, H, W).

    Raises:
        InputError: an image or label cannot be decoded, or a process that reads was killed.
    """
    if num_workers == 0:
        # Not Paddle's loader: it hangs forever when reading fails in its thread.
        return _read_here(dataset, keys)
    loader = paddle.io.DataLoader(
        dataset,
        batch_sampler=keys,  # type: ignore[arg-type]  # any iterable of lists will do
        num_workers=num_workers,
        worker_init_fn=leave_signals_to_parent,
    )
    handler = signal.getsignal(signal.SIGCHLD)
    batches_of_workers = iter(loader)
    # Paddle's handler raises wherever the program is when a worker dies, even while it saves.
    # Without it the loader notices as well, when it is asked for a batch.
    signal.signal(signal.SIGCHLD, handler or signal.SIG_DFL)
    return _read_in_workers(batches_of_workers)


def _read_here(
    dataset: Seeded, keys: Iterable[list[Key]]
) -> Generator[dict[str, paddle.Tensor], None, None]:
    for batch in keys:
        samples = [dataset[key] for key in batch]
        yield {
            name: paddle.to_tensor(np.stack([sample[name] for sample in samples]))
            for name in ("img", "label")
        }


def _read_in_workers(
    batches_of_workers: Iterator[dict[str, paddle.Tensor]],
) -> Generator[dict[str, paddle.Tensor], None, None]:
    try:
        yield from batches_of_workers
    except (SystemError, RuntimeError) as error:
        raise InputError(
            "a process that reads images has ended: an image cannot be read, or memory ran out. "
            "Run again with --num-workers 0, whose message names the image, or with fewer of them."
        ) from error


@dataclass(frozen=True)
class batches:  # noqa: N801  (used like a generator function)
    """The batches of a run from ``first`` to ``last``: lists of keys, shuffled every epoch.

    The ranks of a data-parallel run each take their part of one total batch, so that they
    together see the images one process with the total batch would see.

    Args:
        samples: images in the data set.
        batch_size: images a batch and rank; an epoch's incomplete last batch is dropped.
        seed: the run's seed.
        first: iterations already done.
        last: iterations of the whole run.
        rank: this process among the others.
        ranks: how many there are.
    """

    samples: int
    batch_size: int
    seed: int
    first: int
    last: int
    rank: int = 0
    ranks: int = 1

    def __len__(self) -> int:
        return self.last - self.first

    def __iter__(self) -> Iterator[list[Key]]:
        for iteration in range(self.first, self.last):
            start = iteration * self.batch_size * self.ranks + self.rank * self.batch_size
            yield list(enumerate(self.indices(iteration + 1), start))

    def indices(self, iteration: int) -> list[int]:
        """The images of this rank in the given iteration (from 1)."""
        epoch, batch = divmod(iteration - 1, self._each)
        start = (batch * self.ranks + self.rank) * self.batch_size
        return _permutation(self.samples, self.seed, epoch)[start : start + self.batch_size]

    def epoch(self, iteration: int) -> int:
        """The epoch, from 1, that the given iteration (from 1) belongs to."""
        return (iteration - 1) // self._each + 1

    @property
    def _each(self) -> int:
        return self.samples // (self.batch_size * self.ranks)


@lru_cache(maxsize=2)
def _permutation(samples: int, seed: int, epoch: int) -> list[int]:
    """The order of the images in an epoch (from 0)."""
    return np.random.default_rng((seed, epoch)).permutation(samples).tolist()
