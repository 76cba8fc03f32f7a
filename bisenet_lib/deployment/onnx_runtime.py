"""Running a network from an ONNX file. Taught in ``06_deployment``."""

from pathlib import Path

import numpy as np

from bisenet_lib.deployment import runtimes


class OnnxEngine:
    """A network from an ONNX file, as :func:`bisenet_lib.deployment.export.write_onnx` makes it.

    Args:
        path: the file.
        threads: of its kernels; every core by default.
        engine: what runs it, a key of :data:`bisenet_lib.deployment.runtimes.RUNTIMES`.

    Raises:
        InputError: see :func:`bisenet_lib.deployment.runtimes.open_session`.
    """

    def __init__(self, path: Path, *, threads: int | None = None, engine: str = "onnx") -> None:
        self.name = engine
        self.session: runtimes.Session = runtimes.open_session(path, engine, threads)

    def classes(self, image: np.ndarray) -> np.ndarray:
        """Segment an image.

        Args:
            image: (3, H, W) float32, normalised.

        Returns:
            (H, W) uint8 classes.
        """
        return self._run(["classes"], image)[0]

    def logits(self, image: np.ndarray) -> np.ndarray:
        """The network's output for an image.

        Args:
            image: (3, H, W) float32, normalised.

        Returns:
            (C, H, W) float32.
        """
        return self._run(["logits"], image)[0]

    def both(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """:meth:`classes` and :meth:`logits` of an image."""
        classes, logits = self._run(["classes", "logits"], image)
        return classes, logits

    def _run(self, outputs: list[str], image: np.ndarray) -> list[np.ndarray]:
        return [batch[0] for batch in self.session.run(outputs, {"image": image[np.newaxis]})]
