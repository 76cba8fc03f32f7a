"""A trained network in a program of one's own: needs neither Paddle nor another file from here.

Copy it beside a ``model.onnx`` of `bisenet export`. Taught in ``06_deployment``.
"""

import json

import cv2
import numpy as np
import onnxruntime


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
        ValueError: the file says nothing about images and classes.
    """

    def __init__(self, path: str, threads: int = 0, longest: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        kept = self.session.get_modelmeta().custom_metadata_map
        try:
            about = {key: json.loads(kept[key]) for key in ("mean", "std", "names", "colours")}
            self.size = json.loads(kept["size"])
        except KeyError as error:
            raise ValueError(
                f"{path}: no {error} in its metadata; `bisenet export` writes it"
            ) from error
        self.longest = longest
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
        if tuple(size) != (width, height):
            image = cv2.resize(image.astype(np.float32), tuple(size))
        pixels = np.empty((1, 3, *image.shape[:2]), np.float32)
        for channel in range(3):
            one = pixels[0, channel]
            np.multiply(image[..., channel], self.scale[channel], out=one, dtype=np.float32)
            one -= self.shift[channel]
        return pixels

    def segment(self, pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Segment a prepared image, at its first size: (1, 3, h, w) to (H, W) uint8 classes."""
        if pixels.shape[2:] == tuple(size):
            return self.session.run(["classes"], {"image": pixels})[0][0]
        best, classes = np.full(size, -np.inf, np.float32), np.zeros(size, np.uint8)
        logits = self.session.run(["logits"], {"image": pixels})[0][0]
        for number, one in enumerate(logits):  # one at a time: together they need much memory
            one = cv2.resize(one, size[::-1])
            np.copyto(classes, np.uint8(number), where=one > best)
            np.maximum(best, one, out=best)
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
        empty = ~table.any(axis=(1, 2))
        if empty[: len(self.colours)].any():
            mixed = np.where(empty[classes][..., np.newaxis], image, mixed)
        return mixed
