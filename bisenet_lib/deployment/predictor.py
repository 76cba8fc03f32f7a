"""A trained network in your own program: needs neither Paddle nor another file from here.

Copy it beside a ``model.onnx`` of `bisenet export`. Taught in ``06_deployment``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

KEYS = ("mean", "std", "size", "names", "colours")
"""Of the metadata, each as JSON."""
LONGEST_SIDE = 8192
"""Pixels of the size a network may ask for."""


class Predictor:
    """Segments photographs.

    Args:
        path: an ONNX file that `bisenet export` wrote.
        threads: of ONNX Runtime; 0 takes every core.
        longest: the longer side, in pixels, that larger images are scaled down to for the
            network; 0 leaves them as they are. A size the network was made for goes before it.

    Attributes:
        names: of the classes.
        colours: (C, 3) uint8, RGB, one a class.

    Raises:
        ValueError: the file's metadata lacks an entry, or has an impossible value.
    """

    def __init__(self, path: str | Path, threads: int = 0, longest: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            Path(path).read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        about = _about(self.session, path)
        self.longest = longest
        self.size, self.names = about["size"], about["names"]
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

    def prepare(self, image: np.ndarray, size: tuple[int, int] | None = None) -> np.ndarray:
        """Scale and normalise an image: (H, W, 3) uint8, RGB, to (1, 3, h, w) float32.

        ``size`` is (w, h); without it, it is that of the network, or of ``longest``.
        """
        if image.dtype != np.uint8 or image.shape[2:] != (3,):
            raise ValueError(f"an image of {image.shape} {image.dtype}; give (H, W, 3) uint8, RGB")
        height, width = image.shape[:2]
        size = size or self.size
        if size is None:
            factor = min(1, self.longest / max(height, width)) if self.longest else 1
            size = max(1, round(width * factor)), max(1, round(height * factor))
        pixels = np.empty((1, 3, size[1], size[0]), np.float32)
        for channel in range(3):  # one at a time: together they need much memory
            plane = image[..., channel]
            if tuple(size) != (width, height):
                plane = cv2.resize(plane.astype(np.float32), tuple(size))
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


def _are_numbers(
    values: Any, count: int, low: float, high: float, types: tuple[type, ...] = (int, float)
) -> bool:
    return (
        isinstance(values, list)
        and len(values) == count
        and all(type(value) in types and low <= value <= high for value in values)
    )
