"""A trained network in a program of one's own: needs neither Paddle nor another file from here.

Copy it beside a ``.onnx`` file of `bisenet export`. Taught in ``06_deployment``.
"""

import json

import cv2
import numpy as np
import onnxruntime


class Predictor:
    """Segments photographs.

    Args:
        path: a file that `bisenet export` wrote.
        threads: of ONNX Runtime; 0 takes every core.

    Attributes:
        names: of the classes.
        colours: (C, 3) uint8, RGB, one a class.
    """

    def __init__(self, path: str, threads: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        kept = self.session.get_modelmeta().custom_metadata_map
        about = {key: json.loads(kept[key]) for key in ("mean", "std", "size", "names", "colours")}
        self.names, self.size = about["names"], about["size"]
        self.colours = np.array(about["colours"], np.uint8)
        self.scale = 1 / (255 * np.array(about["std"], np.float32))
        self.shift = np.array(about["mean"], np.float32) / np.array(about["std"], np.float32)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Segment one image.

        Args:
            image: (H, W, 3) uint8, RGB.

        Returns:
            (H, W) uint8 classes.
        """
        height, width = image.shape[:2]
        resized = image if self.size is None else cv2.resize(image, tuple(self.size))
        pixels = (resized * self.scale - self.shift).transpose(2, 0, 1)[np.newaxis]
        pixels = np.ascontiguousarray(pixels, np.float32)
        if self.size is None:
            return self.session.run(["classes"], {"image": pixels})[0][0]
        logits = self.session.run(["logits"], {"image": pixels})[0][0].transpose(1, 2, 0)
        return cv2.resize(logits, (width, height)).argmax(2).astype(np.uint8)
