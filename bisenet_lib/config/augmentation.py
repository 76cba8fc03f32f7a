"""Augmentations that PaddleSeg lacks: for photographs of another camera, and for rare classes.

They stand among PaddleSeg's transforms in the ``transforms`` of a ``train_dataset``, before
``Normalize``. As PaddleSeg's they change ``data["img"]``, an (H, W, 3) float32 array of RGB from
0 to 255, and every array that ``data["gt_fields"]`` names, such as ``data["label"]``; they draw
from NumPy's global generator, which is seeded for each sample. PaddleSeg's own tools evaluate and
export with a configuration that names them, since they build no training data then; its
``train.py`` knows none of them. Taught in ``03_training``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeGuard

import cv2
import numpy as np

from bisenet_lib.data.image_io import read_pixels
from bisenet_lib.data.label_io import read_label
from bisenet_lib.runtime import paddleseg_compat  # noqa: F401  (before PaddleSeg, which it mends)

from paddleseg.cvlibs import manager  # isort: skip
from paddleseg.transforms import transforms  # isort: skip

MIDDLE = 127.5
"""Half of the range of values: the recipe's ``Normalize`` makes 0 to 255 to -1 to 1."""


class RandomConvolution:
    """A convolution with random weights, mixed with the image: other textures, the same shapes.

    RandConv, with mixing: Xu et al. 2021, "Robust and Generalizable Visual Representation
    Learning via Random Convolutions" (arXiv:2007.13003). With values from -1 to 1 the result is
    ``a * image + (1 - a) * convolution``, a uniform in 0 to 1, the kernel's weights normal with
    variance 1 / (3 k k); it is clipped to the range of an image.

    Args:
        prob: the probability to change an image.
        kernel_sizes: k is drawn from these odd numbers; a 1x1 convolution mixes colours only.
        mix: False leaves the image itself out (a is 0).

    Raises:
        ValueError: ``prob`` is no probability, or a kernel size is not odd.
    """

    def __init__(
        self, prob: float = 0.5, kernel_sizes: Sequence[int] = (1, 3, 5, 7), mix: bool = True
    ) -> None:
        self.prob = _probability(prob)
        if not _numbers(kernel_sizes) or not all(
            isinstance(k, int) and k > 0 and k % 2 for k in kernel_sizes
        ):
            raise ValueError(f"kernel_sizes is {kernel_sizes!r}; give odd numbers, as [1, 3, 5, 7]")
        self.kernel_sizes, self.mix = tuple(kernel_sizes), mix

    def __call__(self, data: dict[str, Any]) -> dict[str, Any]:
        if _happens(self.prob):
            size = int(np.random.choice(self.kernel_sizes))
            kernel = np.random.normal(0, (3 * size * size) ** -0.5, (3, 3, size, size))
            share = np.random.uniform() if self.mix else 0.0
            data["img"] = convolved(data["img"], kernel, share)
        return data


def convolved(image: np.ndarray, kernel: np.ndarray, share: float) -> np.ndarray:
    """Mix an image with its convolution.

    Args:
        image: (H, W, 3), from 0 to 255.
        kernel: (3, 3, k, k): output channel, input channel, rows, columns.
        share: of the image in the result, 0 to 1.

    Returns:
        (H, W, 3) float32, clipped to 0 to 255. Beyond its edges the image is mirrored.
    """
    mixed = kernel.astype(np.float32) * np.float32(1 - share)
    middle = kernel.shape[-1] // 2
    for channel in range(3):
        mixed[channel, channel, middle, middle] += share  # the image itself is a convolution too
    planes = cv2.split(image.astype(np.float32) - np.float32(MIDDLE))
    result = []
    for of_output in mixed:
        total = cv2.filter2D(planes[0], -1, of_output[0], delta=MIDDLE)
        for plane, one in zip(planes[1:], of_output[1:], strict=True):
            cv2.add(total, cv2.filter2D(plane, -1, one), dst=total)
        result.append(np.clip(total, 0, 255, out=total))
    return cv2.merge(result)


class RandomGamma:
    """Another exposure: values from 0 to 1 to the power of a random gamma.

    Args:
        prob: the probability to change an image.
        max_gamma: gamma is drawn from ``1 / max_gamma`` to this, as often below 1 as above.

    Raises:
        ValueError: ``prob`` is no probability, or ``max_gamma`` is less than 1.
    """

    def __init__(self, prob: float = 0.5, max_gamma: float = 2.0) -> None:
        self.prob, self.max_gamma = _probability(prob), _factor("max_gamma", max_gamma)

    def __call__(self, data: dict[str, Any]) -> dict[str, Any]:
        if _happens(self.prob):
            image = np.clip(data["img"], 0, 255).astype(np.float32) / np.float32(255)
            data["img"] = cv2.pow(image, _around_one(self.max_gamma)) * np.float32(255)
        return data


class RandomWhiteBalance:
    """Another colour of the light: each channel times its own random gain.

    Args:
        prob: the probability to change an image.
        max_gain: gains are drawn from ``1 / max_gain`` to this.

    Raises:
        ValueError: ``prob`` is no probability, or ``max_gain`` is less than 1.
    """

    def __init__(self, prob: float = 0.5, max_gain: float = 1.25) -> None:
        self.prob, self.max_gain = _probability(prob), _factor("max_gain", max_gain)

    def __call__(self, data: dict[str, Any]) -> dict[str, Any]:
        if _happens(self.prob):
            gains = np.array([_around_one(self.max_gain) for _ in range(3)], np.float32)
            data["img"] = np.clip(data["img"].astype(np.float32) * gains, 0, 255)
        return data


class RandomJPEG:
    """The traces of JPEG compression: blocks and smeared colours.

    Args:
        prob: the probability to change an image.
        quality: the lowest and the highest quality, of 1 to 100.

    Raises:
        ValueError: ``prob`` is no probability, or ``quality`` no range of whole numbers.
    """

    def __init__(self, prob: float = 0.5, quality: Sequence[int] = (30, 90)) -> None:
        self.prob = _probability(prob)
        whole = _numbers(quality) and all(isinstance(value, int) for value in quality)
        if not whole or len(quality) != 2 or not 1 <= quality[0] <= quality[1] <= 100:
            raise ValueError(f"quality is {quality!r}; give two of 1 to 100, as [30, 90]")
        self.quality = tuple(quality)

    def __call__(self, data: dict[str, Any]) -> dict[str, Any]:
        if _happens(self.prob):
            quality = np.random.randint(self.quality[0], self.quality[1] + 1)
            pixels = np.clip(np.rint(data["img"]), 0, 255).astype(np.uint8)[..., ::-1]
            _, encoded = cv2.imencode(
                ".jpg", np.ascontiguousarray(pixels), [cv2.IMWRITE_JPEG_QUALITY, quality]
            )
            decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
            data["img"] = np.asarray(decoded, np.float32)
        return data


class RandomResample:
    """A lower resolution: the image made smaller, and as large as before again.

    Args:
        prob: the probability to change an image.
        min_scale: the scale of the smaller image is drawn from this to 1.

    Raises:
        ValueError: ``prob`` is no probability, or ``min_scale`` not above 0 and at most 1.
    """

    def __init__(self, prob: float = 0.5, min_scale: float = 0.4) -> None:
        self.prob = _probability(prob)
        if not _number(min_scale) or not 0 < min_scale <= 1:
            raise ValueError(f"min_scale is {min_scale!r}; give a number above 0 and at most 1")
        self.min_scale = min_scale

    def __call__(self, data: dict[str, Any]) -> dict[str, Any]:
        if _happens(self.prob):
            height, width = data["img"].shape[:2]
            scale = np.random.uniform(self.min_scale, 1)
            small = (max(1, round(width * scale)), max(1, round(height * scale)))
            image = cv2.resize(data["img"], small, interpolation=cv2.INTER_AREA)
            data["img"] = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        return data


class RareClassCrop(transforms.RandomPaddingCrop):
    """PaddleSeg's ``RandomPaddingCrop`` that often chooses a crop with a rare class in it.

    With probability ``prob`` one of the classes that the image has is drawn, then one of its
    pixels, then a crop around that pixel; else any crop, as in nnU-Net (Isensee et al. 2021,
    "oversampling foreground classes", arXiv:1809.10486).

    Args:
        crop_size: (width, height).
        classes: train ids of the rare classes.
        prob: the probability of a crop with one of them, if the image has any.
        im_padding_value: of an image smaller than the crop, below and on the right.
        label_padding_value: of its label.

    Raises:
        ValueError: ``prob`` is no probability, ``classes`` no list of train ids, or ``crop_size``
            not two whole numbers from 1.
    """

    def __init__(
        self,
        crop_size: Sequence[int] = (512, 512),
        classes: Sequence[int] = (),
        prob: float = 0.5,
        im_padding_value: float = 127.5,
        label_padding_value: int = 255,
    ) -> None:
        whole = _numbers(crop_size) and all(isinstance(s, int) and s > 0 for s in crop_size)
        if not whole or len(crop_size) != 2:
            raise ValueError(f"crop_size is {crop_size!r}; give width and height, as [512, 512]")
        super().__init__(crop_size, im_padding_value, label_padding_value)
        self.prob, self.classes = _probability(prob), _train_ids(classes)

    def __call__(self, data: dict[str, Any]) -> dict[str, Any]:
        self._pixel = None
        if _happens(self.prob):
            self._pixel = pixel_of(data["label"], self.classes)
        return super().__call__(data)

    def _get_crop_coordinates(self, origin_size: Sequence[int]) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of a crop of an image of (height, width)."""
        if self._pixel is None:
            return super()._get_crop_coordinates(origin_size)
        top, left = (
            np.random.randint(max(0, place - crop + 1), min(place, max(side - crop, 0)) + 1)
            for place, side, crop in zip(self._pixel, origin_size, self.crop_size, strict=True)
        )
        return left, top, left + self.crop_size[1], top + self.crop_size[0]


def pixel_of(label: np.ndarray, classes: Sequence[int]) -> tuple[int, int] | None:
    """A random pixel of one of the classes, each class of the label as often as another.

    Args:
        label: (H, W) train ids.
        classes: the train ids to look for.

    Returns:
        Row and column; None if the label has none of the classes.
    """
    counts = np.bincount(label.ravel(), minlength=256)
    present = [one for one in classes if counts[one]]
    if not present:
        return None
    chosen = present[np.random.randint(len(present))]
    place = np.flatnonzero(label == chosen)[np.random.randint(counts[chosen])]
    row, column = divmod(int(place), label.shape[1])
    return row, column


class PasteObjects:
    """Objects of rare classes, cut out of other training images and pasted into this one.

    Copy-paste: Ghiasi et al. 2021 (arXiv:2012.07177). From the classes that another image has, one
    is drawn, and then some of its connected regions. Each is mirrored at random and keeps its
    height in the picture, so that it stands where it stood in its own street, but anywhere from
    left to right. Size and colour may be changed by the transforms that follow: this is best the
    first. It reads other files of the data set, which takes as long as reading a sample.

    Args:
        classes: train ids of the classes whose regions are pasted.
        prob: the probability to change an image.
        most: at most this number of objects are pasted.
        min_pixels: smaller regions are left where they are, counted in the size of this image.
        attempts: other images that are searched for such a region.

    Raises:
        ValueError: ``prob`` is no probability, ``classes`` no list of train ids, or another
            number is less than 1.
    """

    def __init__(
        self,
        classes: Sequence[int] = (),
        prob: float = 0.5,
        most: int = 3,
        min_pixels: int = 50,
        attempts: int = 4,
    ) -> None:
        self.classes, self.prob = _train_ids(classes), _probability(prob)
        self.most = _count("most", most)
        self.min_pixels = _count("min_pixels", min_pixels)
        self.attempts = _count("attempts", attempts)
        self.file_list: Sequence[Sequence[str]] = ()
        """(image, label) paths of the data set; :func:`~.datasets.build_dataset` sets it."""

    def __call__(self, data: dict[str, Any]) -> dict[str, Any]:
        if self.file_list and _happens(self.prob):
            size = data["label"].shape[1::-1]
            for _ in range(self.attempts):
                image, label = self.file_list[np.random.randint(len(self.file_list))]
                mask = cv2.resize(read_label(label), size, interpolation=cv2.INTER_NEAREST)
                pieces = self._pieces(mask)
                if pieces:
                    pixels = cv2.resize(read_pixels(Path(image))[..., ::-1], size)
                    self._paste(data, pixels, mask, pieces)
                    break
        return data

    def _pieces(self, label: np.ndarray) -> list[np.ndarray]:
        """The regions of one class, which is drawn from those that the label has regions of."""
        for index in np.random.permutation(len(self.classes)):
            pieces = regions(label, self.classes[index], self.min_pixels)
            if pieces:
                return pieces
        return []

    def _paste(
        self,
        data: dict[str, Any],
        image: np.ndarray,
        label: np.ndarray,
        pieces: list[np.ndarray],
    ) -> None:
        data["img"], data["label"] = data["img"].copy(), data["label"].copy()
        number = np.random.randint(1, self.most + 1)
        for index in np.random.permutation(len(pieces))[:number]:
            rows, columns = np.nonzero(pieces[index])
            width = int(np.ptp(columns)) + 1
            moved = columns - columns.min()
            if np.random.randint(2):
                moved = width - 1 - moved
            moved = moved + np.random.randint(label.shape[1] - width + 1)
            data["img"][rows, moved] = image[rows, columns]
            data["label"][rows, moved] = label[rows, columns]


def regions(label: np.ndarray, train_id: int, min_pixels: int) -> list[np.ndarray]:
    """The connected regions of a class: (H, W) masks.

    Args:
        label: (H, W) uint8.
        train_id: of the class.
        min_pixels: of a region; smaller ones are left out.
    """
    mask = label == train_id
    if np.count_nonzero(mask) < min_pixels:
        return []
    _, numbers, figures, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    areas = figures[:, cv2.CC_STAT_AREA]
    return [numbers == n for n in range(1, len(areas)) if areas[n] >= min_pixels]


OWN = {
    one.__name__: one
    for one in (
        PasteObjects,
        RandomConvolution,
        RandomGamma,
        RandomJPEG,
        RandomResample,
        RandomWhiteBalance,
        RareClassCrop,
    )
}
"""The transforms of this module by name; PaddleSeg's builder finds them too."""
manager.TRANSFORMS.add_component(list(OWN.values()))


def _happens(prob: float) -> bool:
    return np.random.uniform() < prob


def _around_one(most: float) -> float:
    """A random factor from 1 / most to most, uniform in its logarithm."""
    return float(most ** np.random.uniform(-1, 1))


def _number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(values: Any) -> bool:
    return isinstance(values, list | tuple) and bool(values) and all(map(_number, values))


def _probability(prob: Any) -> float:
    if not _number(prob) or not 0 <= prob <= 1:
        raise ValueError(f"prob is {prob!r}; give a probability from 0 to 1")
    return prob


def _factor(name: str, value: Any) -> float:
    if not _number(value) or not 1 <= value < float("inf"):
        raise ValueError(f"{name} is {value!r}; give a number from 1")
    return value


def _count(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} is {value!r}; give a whole number from 1")
    return value


def _train_ids(classes: Any) -> tuple[int, ...]:
    whole = _numbers(classes) and all(isinstance(one, int) for one in classes)
    if not whole or not all(0 <= one < 255 for one in classes):
        raise ValueError(f"classes is {classes!r}; give train ids, as [4, 16, 17]")
    return tuple(classes)
