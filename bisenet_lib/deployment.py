"""Exporting a checkpoint: written, compared with it on real images, and only then put in place.

Taught in ``06_deployment``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bisenet_lib import config, export, parity
from bisenet_lib.errors import InputError
from bisenet_lib.files import folder_written_whole
from bisenet_lib.own_data import names_or_default
from bisenet_lib.photos import check_photograph, find_images, read_pixels

from paddleseg.transforms import Compose  # isort: skip

FORMATS = {"onnx": "model.onnx", "paddle": "paddle"}
"""Each format, and the file or folder it is written to."""
COMPARED = 3
ODD_SIZE = (517, 333)
"""Width and height of one more image: no multiple of the network's 32."""

Reader = Callable[[Path], Mapping[str, Any]]
"""Maps an image file to ``img`` (3, H, W) float32, normalised, and ``trans_info``."""


@dataclass(frozen=True)
class Exported:
    """An export that was put in place.

    Args:
        format: a key of :data:`FORMATS`.
        path: the file or folder.
        size: in bytes.
        parity: how it compares with the checkpoint.
    """

    format: str
    path: Path
    size: int
    parity: parity.Parity

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file; ``size`` in bytes, ``pixels`` a share from 0 to 1."""
        return {**asdict(self), "path": str(self.path)}


def names_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The class names of a configuration, whether its data set is there or not.

    Args:
        settings: a resolved configuration.

    Returns:
        The data set's own ``classes.txt``, Cityscapes' for 19 classes, or numbers.

    Raises:
        InputError: ``classes.txt`` does not fit.
    """
    section = settings.get("val_dataset", settings["train_dataset"])
    return names_or_default(Path(section["dataset_root"]), settings["model"]["num_classes"])


def reader(settings: Mapping[str, Any]) -> Reader:
    """What reads an image as the validation set of a configuration does.

    Args:
        settings: a resolved configuration.

    Returns:
        The function; it raises InputError for a file that is no image.

    Raises:
        InputError: a transform is refused.
    """
    transforms = Compose([config.component(one) for one in export.transforms_of(settings)])

    def read(path: Path) -> Mapping[str, Any]:
        check_photograph(path)
        return transforms({"img": read_pixels(path).astype(np.float32)})

    return read


def real_images(settings: Mapping[str, Any], folder: Path | None = None) -> list[np.ndarray]:
    """A few images as the network sees them, and one of an odd size.

    Args:
        settings: a resolved configuration; its first validation frames are taken.
        folder: images to take instead.

    Returns:
        Up to four of (3, H, W) float32, normalised.

    Raises:
        InputError: there are none; the message says how to give them.
    """
    paths = find_images(folder)[0] if folder else _validation_images(settings)
    images = [reader(settings)(path)["img"] for path in paths[:COMPARED]]
    odd = cv2.resize(images[0].transpose(1, 2, 0), ODD_SIZE).transpose(2, 0, 1)
    return [*images, np.ascontiguousarray(odd)]


def export_checked(
    settings: Mapping[str, Any],
    path: Path,
    folder: Path,
    images: Sequence[np.ndarray],
    formats: Sequence[str] = tuple(FORMATS),
) -> list[Exported]:
    """Export a checkpoint; the folder appears when every format has passed its comparison.

    Args:
        settings: the checkpoint's resolved configuration.
        path: see :func:`bisenet_lib.checkpoint.weights_file`.
        folder: a new or empty folder.
        images: to compare on, see :func:`real_images`.
        formats: keys of :data:`FORMATS`.

    Returns:
        What was written, in the order of the formats.

    Raises:
        InputError: the folder holds something or cannot be written to, the checkpoint does
            not fit, or an export gives other classes than it.
    """
    model = export.load(settings, path)
    with folder_written_whole(folder) as part:
        runs = {}
        for name in formats:
            target = part / FORMATS[name]
            if name == "onnx":
                export.write_onnx(model, target, settings, names_of(settings))
                runs[name] = parity.onnx_file(target)
            else:
                export.write_paddle(model, target, settings)
                runs[name] = parity.paddle_folder(target)
        found = parity.compare(model, runs, images)
        for name in formats:
            parity.check(found[name], Path(folder) / FORMATS[name])
    return [
        Exported(name, path, _size(path), found[name])
        for name in formats
        for path in [Path(folder) / FORMATS[name]]
    ]


def _size(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(one.stat().st_size for one in files)


def _validation_images(settings: Mapping[str, Any]) -> list[Path]:
    try:
        dataset = config.component(settings["val_dataset"])
    except InputError as error:
        raise InputError(
            f"{str(error).rstrip('.')}. An export is compared with its checkpoint on real images: "
            "give the validation set with --dataset DIR, or photographs with --images DIR."
        ) from error
    return [Path(image) for image, _ in dataset.file_list]
