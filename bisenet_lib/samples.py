"""The training samples: which image comes when, and how it is augmented.

Both follow from the seed and the position alone, so a resumed run sees exactly the images
it would have seen, however many processes read them. Taught in ``03_training``.
"""

import random
import signal
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from bisenet_lib import config
from bisenet_lib.errors import InputError
from bisenet_lib.filelists import check_labelled, count_pairs, read_list
from bisenet_lib.labels import IGNORE
from bisenet_lib.machine import cores
from bisenet_lib.own_data import names_or_default
from bisenet_lib.paddleseg_compat import paddle
from bisenet_lib.ranks import ALONE, Ranks
from bisenet_lib.stopping import leave_signals_to_parent

from paddleseg.transforms import transforms  # isort: skip

MOST_READERS = 8
Key = tuple[int, int]
"""A sample's position in the whole run, and its index in the data set."""


class Seeded(paddle.io.Dataset):
    """A PaddleSeg data set whose augmentation depends on (seed, position) only.

    Args:
        dataset: a PaddleSeg data set in ``train`` mode.
        seed: the run's seed.
    """

    def __init__(self, dataset: paddle.io.Dataset, seed: int) -> None:
        super().__init__()
        self.dataset = dataset
        self.seed = seed

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: Key) -> dict[str, np.ndarray]:
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
        words = np.random.SeedSequence((self.seed, position)).generate_state(2)
        random.seed(int(words[0]))
        np.random.seed(int(words[1]))
        sample = read_sample(self.dataset, index)
        return {"img": sample["img"], "label": sample["label"]}


def open_dataset(section: Mapping[str, Any]) -> paddle.io.Dataset:
    """Make a data set from its section of a configuration.

    Args:
        section: ``train_dataset`` or ``val_dataset``.

    Raises:
        InputError: PaddleSeg refuses its values.
    """
    dataset = config.component(section)
    steps = dataset.transforms.transforms
    steps[:] = [QuickNormalize.of(step) for step in steps]
    return dataset


class QuickNormalize(transforms.Normalize):
    """PaddleSeg's ``Normalize``, bit for bit, one channel after the other.

    PaddleSeg's arrays of means run along the channels of each pixel, in float64: a third of the
    time that reading a sample of the recipe takes.
    """

    @classmethod
    def of(cls, step: Callable) -> Callable:
        """This class in place of a ``Normalize`` whose numbers float32 can hold; else the same."""
        if type(step) is not transforms.Normalize:
            return step
        exact = all(float(np.float32(value)) == value for value in (*step.mean, *step.std))
        return cls(step.mean, step.std) if exact else step

    def __call__(self, data: dict[str, Any]) -> dict[str, Any]:
        """Normalise ``img``, (H, W, 3) of 0 to 255."""
        image = np.ascontiguousarray(data["img"].transpose(2, 0, 1), np.float32)
        image /= np.float32(255)
        for channel, mean, std in zip(image, self.mean, self.std, strict=True):
            channel -= np.float32(mean)
            channel /= np.float32(std)
        data["img"] = image.transpose(1, 2, 0)
        return data


def read_sample(dataset: paddle.io.Dataset, index: int) -> dict[str, Any]:
    """Read and transform one sample of a PaddleSeg data set.

    Args:
        dataset: a PaddleSeg data set with a file list.
        index: of the sample.

    Returns:
        What the data set gives: ``img``, ``label`` and ``trans_info``.

    Raises:
        InputError: image or label cannot be decoded; the message names it, or both.
    """
    try:
        return dataset[index]
    except InputError:
        raise
    except (OSError, ValueError, SyntaxError) as error:
        image, label = dataset.file_list[index]
        raise InputError(f"{image} with {label}: {error}. Restore the files.") from error


def readers(num_workers: int | None, place: str, ranks: Ranks = ALONE) -> int:
    """How many processes read images beside the one that trains.

    A sample of the recipe takes a fifth of a second of one core. A GPU waits for that, so by
    default each of this machine's ranks has its share of the cores; on a CPU training needs
    them itself.

    Args:
        num_workers: what was asked for; None leaves the choice here.
        place: the device, as :func:`bisenet_lib.devices.select` gives it.
        ranks: this process among the others.

    Returns:
        The number of processes; with 0 the training process reads.
    """
    if num_workers is not None:
        return num_workers
    return 0 if place == "cpu" else max(1, min(MOST_READERS, cores() // ranks.local_size - 1))


def read_batches(
    dataset: paddle.io.Dataset, keys: Iterable[list[Key]], num_workers: int
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
        # Not Paddle's loader: when reading fails in its thread, it waits for ever.
        return _read_here(dataset, keys)
    loader = paddle.io.DataLoader(
        dataset,
        batch_sampler=keys,
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
    dataset: paddle.io.Dataset, keys: Iterable[list[Key]]
) -> Generator[dict[str, paddle.Tensor], None, None]:
    for batch in keys:
        samples = [dataset[key] for key in batch]
        yield {
            name: paddle.to_tensor(np.stack([one[name] for one in samples]))
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
    return np.random.default_rng((seed, epoch)).permutation(samples).tolist()


def preflight(
    section: Mapping[str, Any],
    batch_size: int = 1,
    *,
    workers: int = 1,
    ranks: Ranks = ALONE,
) -> None:
    """Refuse a data set that would fail or hang later, before anything is built.

    Args:
        section: ``train_dataset`` or ``val_dataset`` of a configuration.
        batch_size: images a batch, over all ranks.
        workers: processes that look at the files.
        ranks: this process among the others; each looks at its share of the files.

    Raises:
        InputError: the list is missing, empty or holds fewer images than a batch (PaddleSeg
            2.8.0 waits forever then), the data set's class names do not fit, an image or label
            is missing, damaged or does not fit, or no pixel of the whole set is labelled.
    """
    if section["type"] == "Dataset":
        mode, root = section.get("mode", "train"), Path(section["dataset_root"])
        source = Path(section.get(f"{mode}_path") or root / f"{mode}.txt")
        separator = section.get("separator", " ")
        pairs = read_list(source, root, separator=separator)
        num_classes = section["num_classes"]
    else:
        dataset = open_dataset(section)
        source, pairs, num_classes = section["dataset_root"], dataset.file_list, dataset.num_classes
    names_or_default(Path(section["dataset_root"]), num_classes)
    if len(pairs) < batch_size:
        largest = len(pairs) // ranks.size
        fewer = "" if largest else f" and at most {len(pairs)} processes"
        raise InputError(
            f"{source}: {len(pairs)} images are fewer than one batch of {batch_size}. "
            f"Add images, or give --batch-size {max(largest, 1)}{fewer}."
        )
    ignore_index = section.get("ignore_index", IGNORE)
    share = pairs[ranks.rank :: ranks.size]
    count = partial(count_pairs, share, num_classes, ignore_index=ignore_index, workers=workers)
    check_labelled(ranks.sum(ranks.together(count)), len(pairs))
