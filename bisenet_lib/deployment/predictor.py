"""A trained network in your own program: needs neither Paddle nor another file from here.

Copy it beside a ``model.onnx`` of `bisenet export`. Taught in ``06_deployment``.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

KEYS = ("mean", "std", "size", "names", "colours")
"""Of the metadata, each as JSON."""
LONGEST_SIDE = 8192
"""Pixels of the size a network may ask for."""
STRIDE = 32
"""Pixels: the deepest stage of the network has a thirty-second of its input's size."""
ENLARGED = 1.5
"""A photograph with fewer pixels than the network was trained for is enlarged by this at most, each
side: then it is large but blurred, and nothing like what the network has learned from. (Measured:
street photographs of 256x144 gave 16.1 % mIoU as they were, 16.3 % at 1.5 and 14.8 % at 2 times
their size; those of 128x72 gave 12.3, 14.8 and 16.1 %.)"""
LONGEST = 2048
"""Pixels, the width of a Cityscapes frame: the longer side of the input, at most, of a network of
which nobody knows for which size it was trained. More needs much memory and gains nothing."""
CPU = "CPUExecutionProvider"
"""What runs the network if nothing else is asked for."""
PHOTO = "photo"
"""In place of a size: every photograph at its own."""


def input_size(
    size: tuple[int, int], trained: tuple[int, int], enlarged: float = ENLARGED
) -> tuple[int, int]:
    """The size at which a network sees a photograph: as many pixels as it was trained for.

    Then a car is about as large as the cars it has learned from, whatever camera it was taken by.

    Args:
        size: (width, height) of the photograph.
        trained: (width, height) of the images the network was trained on.
        enlarged: how many times larger than the photograph each side may become.

    Returns:
        (width, height) in the photograph's proportions, as nearly as multiples of
        :data:`STRIDE` have them; a photograph of the size trained for stays as it is. A panorama
        keeps a height of at least one stride and gets no more pixels for it.
    """
    if size == trained:
        return size
    pixels = trained[0] * trained[1]
    scale = math.sqrt(pixels / (size[0] * size[1]))
    longest = max(1, pixels // STRIDE**2)
    scale = min(scale, enlarged) / STRIDE
    width, height = (STRIDE * min(max(1, math.floor(scale * side + 0.5)), longest) for side in size)
    return width, height


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale pixels: (H, W) or (H, W, C) to (width, height) of ``size``; the mean when shrunk."""
    shrunk = size[0] * size[1] < image.shape[0] * image.shape[1]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrunk else cv2.INTER_LINEAR)


def checked_size(size: Sequence[int] | str | None) -> tuple[int, int] | str | None:
    """Check a size that is asked for.

    Args:
        size: see :class:`Predictor`.

    Returns:
        (width, height), "photo" or None.

    Raises:
        ValueError: it is something else.
    """
    if size is None or (isinstance(size, str) and size == PHOTO):
        return size
    listed = list(size) if isinstance(size, tuple | list) else None
    if listed is None or not _are_numbers(listed, 2, 1, LONGEST_SIDE, (int,)):
        raise ValueError(
            f"size is {size!r}; give width and height, 1 to {LONGEST_SIDE} each, or {PHOTO!r}"
        )
    return listed[0], listed[1]


class Predictor:
    """Segments photographs.

    Args:
        path: an ONNX file that `bisenet export` wrote.
        threads: of ONNX Runtime; 0 takes every core.
        size: (width, height) in place of the one the network was trained for; "photo" shows it
            every photograph at its own size.
        provider: of ONNX Runtime, what runs the network: ``CPUExecutionProvider``, or
            ``CUDAExecutionProvider`` of the package onnxruntime-gpu, and so on.

    Attributes:
        trained: (width, height) of the images it was trained on; None if its file names none.
        names: of the classes.
        colours: (C, 3) uint8, RGB, one a class.

    Raises:
        ValueError: the file's metadata lacks an entry, or has an impossible value; ``size`` is
            none; or the provider is not there, or does not start.
    """

    def __init__(
        self,
        path: str | Path,
        threads: int = 0,
        size: Sequence[int] | str | None = None,
        provider: str = CPU,
    ) -> None:
        there = onnxruntime.get_available_providers()
        if provider not in there:
            raise ValueError(f"provider is {provider!r}; ONNX Runtime has {', '.join(there)} here")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        providers = list(dict.fromkeys([provider, CPU]))  # the CPU does what the other cannot
        self.session: Any = onnxruntime.InferenceSession(
            Path(path).read_bytes(), options, providers=providers
        )
        if self.session.get_providers()[0] != provider:  # it falls back without an error
            raise ValueError(f"{provider} does not start: its driver or libraries are missing")
        about = _about(self.session, path)
        self.trained = None if about["size"] is None else (about["size"][0], about["size"][1])
        self.size = checked_size(size)
        self.names = about["names"]
        self.colours = np.array(about["colours"], np.uint8)
        self.scale = 1 / (255 * np.array(about["std"], np.float32))
        self.shift = np.array(about["mean"], np.float32) / np.array(about["std"], np.float32)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Segment one image.

        Args:
            image: (H, W, 3) uint8, RGB.

        Returns:
            (H, W) uint8 classes.

        Raises:
            ValueError: another shape or type.
        """
        return self.segment(self.prepare(image), image.shape[:2])

    def input_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The (width, height) at which the network sees a photograph of a (width, height)."""
        if isinstance(self.size, str):
            return size
        if self.size is not None:
            return input_size(size, self.size, math.inf)
        if self.trained is not None:
            return input_size(size, self.trained)
        factor = min(1.0, LONGEST / max(size))
        return max(1, round(factor * size[0])), max(1, round(factor * size[1]))

    def explain(self, size: tuple[int, int]) -> str:
        """Say at which size the network sees a photograph of a (width, height), and why."""
        seen = self.input_size(size)
        if self.size is not None:
            why = ", as was asked for"
        elif self.trained is not None:
            why = f", as it was trained for {_shown(self.trained)}"
        else:
            why = ": its file does not say for which size it was trained"
        at = "its own size" if seen == size else _shown(seen)
        return f"{_shown(size)}, seen by the network at {at}{why}"

    def prepare(self, image: np.ndarray, size: tuple[int, int] | None = None) -> np.ndarray:
        """Scale and normalise an image: (H, W, 3) uint8, RGB, to (1, 3, h, w) float32.

        ``size`` is (w, h); without it, it is that of :meth:`input_size`.
        """
        if image.dtype != np.uint8 or image.shape[2:] != (3,) or not image.size:
            raise ValueError(f"an image of {image.shape} {image.dtype}; give (H, W, 3) uint8, RGB")
        height, width = image.shape[:2]
        size = size or self.input_size((width, height))
        pixels = np.empty((1, 3, size[1], size[0]), np.float32)
        for channel in range(3):  # one at a time: together they need much memory
            plane = image[..., channel]
            if tuple(size) != (width, height):
                plane = resized(plane.astype(np.float32), size)
            np.multiply(plane, self.scale[channel], out=pixels[0, channel], dtype=np.float32)
            pixels[0, channel] -= self.shift[channel]
        return pixels

    def segment(self, pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Segment a prepared image, at its first size: (1, 3, h, w) to (H, W) uint8 classes."""
        if pixels.shape[2:] == tuple(size):
            return self.session.run(["classes"], {"image": pixels})[0][0]
        best, classes = np.full(size, -np.inf, np.float32), np.zeros(size, np.uint8)
        logits = self.session.run(["logits"], {"image": pixels})[0][0]
        for number, scores in enumerate(logits):  # one at a time: together they need much memory
            scores = cv2.resize(scores, size[::-1])
            np.copyto(classes, np.uint8(number), where=scores > best)
            np.maximum(best, scores, out=best)
        return classes

    def draw(self, image: np.ndarray, classes: np.ndarray, opacity: float = 0.55) -> np.ndarray:
        """Lay the classes' colours over an image; a class whose colour is black leaves it as it is.

        Args:
            image: (H, W, 3) uint8, RGB.
            classes: (H, W) uint8.
            opacity: of the colours, 0 to 1.

        Returns:
            (H, W, 3) uint8, RGB.
        """
        table = np.zeros((256, 1, 3), np.uint8)
        table[: len(self.colours), 0] = self.colours
        mixed = cv2.addWeighted(
            image, 1 - opacity, cv2.LUT(cv2.merge([classes] * 3), table), opacity, 0
        )
        empty = table.max(axis=(1, 2)) == 0
        if empty[: len(self.colours)].any():
            mixed = np.where(empty[classes][..., np.newaxis], image, mixed)
        return mixed


def _about(session: onnxruntime.InferenceSession, path: str | Path) -> Mapping[str, Any]:
    """What `bisenet export` wrote into the file, checked: the file may come from a stranger."""
    metadata = session.get_modelmeta().custom_metadata_map
    try:
        entries = {key: json.loads(metadata[key]) for key in KEYS}
    except KeyError as error:
        raise ValueError(
            f"{path}: no {error} in its metadata; `bisenet export` writes it"
        ) from error
    size, names, colours = (entries[key] for key in ("size", "names", "colours"))
    named = isinstance(names, list) and 0 < len(names) <= 256
    valid = {
        "mean": _are_numbers(entries["mean"], 3, -1e3, 1e3),
        "std": _are_numbers(entries["std"], 3, 1e-6, 1e3),
        "size": size is None or _are_numbers(size, 2, 1, LONGEST_SIDE, (int,)),
        "names": named and all(isinstance(entry, str) and entry.isprintable() for entry in names),
        "colours": named
        and isinstance(colours, list)
        and len(colours) == len(names)
        and all(_are_numbers(entry, 3, 0, 255, (int,)) for entry in colours),
    }
    invalid = [key for key in KEYS if not valid[key]]
    if invalid:
        raise ValueError(
            f"{path}: {invalid[0]} in its metadata cannot be {metadata[invalid[0]]:.80}"
        )
    return entries


def _shown(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _are_numbers(
    values: Any, count: int, low: float, high: float, types: tuple[type, ...] = (int, float)
) -> bool:
    return (
        isinstance(values, list)
        and len(values) == count
        and all(type(value) in types and low <= value <= high for value in values)
    )
