"""Running a network with ONNX Runtime on the CPU. Taught in ``06_deployment``."""

from pathlib import Path

import numpy as np

from bisenet_lib.common.onnx_session import cpu_session
from bisenet_lib.errors import InputError


class OnnxEngine:
    """A network from an ONNX file, as :func:`bisenet_lib.deployment.export.write_onnx` makes it.

    Args:
        path: the file.
        threads: of its kernels; every core by default.

    Raises:
        InputError: no such file, or not such a network.
    """

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        try:
            self.session = cpu_session(Path(path).read_bytes(), threads)
        except Exception as error:  # ONNX Runtime's exceptions have no common class
            last = str(error).strip().splitlines()[-1]
            raise InputError(f"{path}: not a network in ONNX ({last})") from error
        names = {output.name for output in self.session.get_outputs()}
        if not {"logits", "classes"} <= names:
            raise InputError(
                f"{path}: has the outputs {', '.join(sorted(names))}; make the file with "
                "`bisenet export`, which gives logits and classes"
            )

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
