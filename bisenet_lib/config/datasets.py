"""PaddleSeg's data sets: building one, reading a sample, and checking the files before training.

Taught in ``03_training``.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bisenet_lib.config import configuration
from bisenet_lib.config.augmentation import PasteObjects
from bisenet_lib.config.class_names import names_or_default
from bisenet_lib.data.file_lists import check_labelled, count_pairs, read_list
from bisenet_lib.data.image_io import check_image
from bisenet_lib.data.labels import IGNORE
from bisenet_lib.errors import InputError
from bisenet_lib.runtime.ranks import ALONE, Ranks

from paddleseg.transforms import transforms  # isort: skip


class SegDataset(Protocol):
    """What this library uses of a PaddleSeg data set.

    Attributes:
        dataset_root: the folder of the data set.
        file_list: the paths of the image and the label of each sample.
        transforms: PaddleSeg's ``Compose`` of what is done to each image.
        num_classes: labels hold 0 to ``num_classes - 1``.
        ignore_index: the label value that is no class.
    """

    dataset_root: str
    file_list: Sequence[Sequence[str]]
    transforms: Any
    num_classes: int
    ignore_index: int

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> dict[str, Any]: ...


def build_dataset(section: Mapping[str, Any]) -> SegDataset:
    """Make a data set from its section of a configuration.

    Args:
        section: ``train_dataset`` or ``val_dataset``.

    Raises:
        InputError: PaddleSeg refuses its values.
    """
    dataset = configuration.build_component(section)
    steps = dataset.transforms.transforms
    steps[:] = [QuickNormalize.of(step) for step in steps]
    for step in steps:
        if isinstance(step, PasteObjects):
            step.file_list = dataset.file_list
    return dataset


class QuickNormalize(transforms.Normalize):
    """PaddleSeg's ``Normalize`` with bit-identical results, computed channel by channel.

    PaddleSeg computes with float64 along the channels of each pixel, which takes a third of the
    time of reading a sample of the recipe.
    """

    @classmethod
    def of(cls, step: Any) -> Any:
        """This class for a ``Normalize`` whose numbers float32 can hold; other steps unchanged."""
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


def read_sample(dataset: SegDataset, index: int) -> dict[str, Any]:
    """Read and transform one sample of a PaddleSeg data set.

    Args:
        dataset: a PaddleSeg data set with a file list.
        index: of the sample.

    Returns:
        The sample: ``img``, ``label`` and ``trans_info``.

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


def spread(dataset: SegDataset, most: int) -> list[int]:
    """Indices of up to so many samples of a data set, evenly spread from the first to the last."""
    count = min(most, len(dataset))
    return np.linspace(0, len(dataset) - 1, count).round().astype(int).tolist()


def sized(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Write the size of the images of a data set of one's own into a configuration.

    Args:
        settings: a resolved configuration whose data set has been replaced.

    Returns:
        The configuration, its ``image_size`` that of the first training image; unchanged if it
        resizes its images, names no size, or has no file list that can be read.

    Raises:
        InputError: the list or its first image is damaged.
    """
    section, key = settings["train_dataset"], configuration.IMAGE_SIZE
    source = Path(section.get("train_path") or "")
    unsized = {name: value for name, value in settings.items() if name != key}
    resizes = configuration.trained_size(unsized) is not None
    if key not in settings or resizes or not source.is_file():
        return dict(settings)
    pairs = read_list(
        source, Path(section["dataset_root"]), separator=section.get("separator", " ")
    )
    if not pairs:
        return dict(settings)
    return {**settings, key: configuration.as_image_size(check_image(pairs[0][0]))}


def check_dataset(
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
        workers: processes that read the files.
        ranks: this process among the others; each checks its share of the files.

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
        dataset = build_dataset(section)
        source, num_classes = section["dataset_root"], dataset.num_classes
        pairs = [(Path(image), Path(label)) for image, label in dataset.file_list]
    names_or_default(Path(section["dataset_root"]), num_classes)
    if len(pairs) < batch_size:
        largest = len(pairs) // ranks.size
        limit = "" if largest else f" and at most {len(pairs)} processes"
        raise InputError(
            f"{source}: {len(pairs)} images are fewer than one batch of {batch_size}. "
            f"Add images, or give --batch-size {max(largest, 1)}{limit}."
        )
    ignore_index = section.get("ignore_index", IGNORE)
    own_pairs = pairs[ranks.rank :: ranks.size]
    count = partial(count_pairs, own_pairs, num_classes, ignore_index=ignore_index, workers=workers)
    check_labelled(ranks.sum(ranks.together(count)), len(pairs))
