"""Segmenting photographs: overlays to look at, and labels for further use.

Neither Paddle nor a data set is needed. Taught in ``06_deployment``.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm.auto import tqdm

from bisenet_lib.common.atomic_files import written_whole
from bisenet_lib.common.parallel import ahead
from bisenet_lib.common.processes import cores
from bisenet_lib.data.image_files import SUFFIXES, find_images, output_names, siblings
from bisenet_lib.data.image_io import Size, read_image
from bisenet_lib.data.label_io import write_classes
from bisenet_lib.data.labels import CLASS_NAMES, colour_table
from bisenet_lib.deployment import runtimes
from bisenet_lib.deployment.predictor import Predictor, checked_size
from bisenet_lib.errors import InputError

QUALITY = 90
"""Of the overlays, as JPEG."""
TOLD = 3
"""Sizes of photographs that are told apart in words."""


@dataclass
class Tally:
    """What was segmented, and how long it took.

    Args:
        predictor: the network.
        frames: segmented so far.
        network_seconds: in the network alone.
        seconds: in all: reading, network, drawing and writing, which overlap.
        problems: files that could not be read.
        sizes: how many had which (width, height).
    """

    predictor: Predictor
    frames: int = 0
    network_seconds: float = 0.0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    sizes: Counter[Size] = field(default_factory=Counter)
    _pixels: np.ndarray = field(default_factory=lambda: np.zeros(256, np.int64))

    def segment(self, image: np.ndarray) -> np.ndarray:
        """Segment one image, and count it: (H, W, 3) uint8, RGB, to (H, W) uint8 classes."""
        pixels = self.predictor.prepare(image)
        started = time.perf_counter()
        classes = self.predictor.segment(pixels, image.shape[:2])
        self.network_seconds += time.perf_counter() - started
        self.frames += 1
        self.sizes[image.shape[1], image.shape[0]] += 1
        return classes

    def count(self, classes: np.ndarray) -> None:
        """Add the classes of one image to the shares."""
        self._pixels += np.bincount(classes.ravel(), minlength=256)

    def shares(self) -> dict[str, float]:
        """Share of all pixels by class name, largest first, without those not seen."""
        shares = self._pixels[: len(self.predictor.names)] / max(1, self._pixels.sum())
        order = [index for index in np.argsort(-shares, kind="stable") if shares[index]]
        return {self.predictor.names[index]: float(shares[index]) for index in order}

    def seen(self, source: Path) -> list[str]:
        """Say at which sizes the network saw what it was shown, a sentence for each size."""
        said = []
        for size, count in self.sizes.most_common(TOLD):
            what = source.absolute().name if len(self.sizes) == 1 else f"{count} of {self.frames}"
            said.append(f"{what}: {self.predictor.explain(size)}{self._otherwise(size)}")
        others = len(self.sizes) - TOLD
        if others > 0:
            said.append(f"and {others} other size{'s' * (others > 1)} in the same way")
        return said

    def _otherwise(self, size: Size) -> str:
        own = self.predictor.input_size(size) == size
        return "" if own or self.predictor.size else "; --size photo for its own"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        sizes = [
            {"size": size, "seen": self.predictor.input_size(size), "frames": count}
            for size, count in self.sizes.most_common()
        ]
        return {
            "frames": self.frames,
            "seconds": self.seconds,
            "network_seconds": self.network_seconds,
            "trained_size": self.predictor.trained,
            "sizes": sizes,
            "shares": self.shares(),
            "problems": self.problems,
        }


def open_predictor(
    path: Path,
    *,
    size: Sequence[int] | str | None = None,
    colour_blind: bool = False,
    engine: str = "onnx",
    runs: Path | None = None,
) -> Predictor:
    """Open an ONNX file for photographs.

    Args:
        path: a file that `bisenet export` wrote.
        size: see :class:`bisenet_lib.deployment.predictor.Predictor`.
        colour_blind: draw in colours that stay apart with any colour-vision deficiency.
        engine: what runs it, a key of :data:`bisenet_lib.deployment.runtimes.RUNTIMES`. Any but
            ``onnx`` compares its classes of the first photograph with it.
        runs: the file that the engine runs, if it is another, as one of 8-bit integers is.

    Raises:
        InputError: no such file, or none of that kind; a size that is none; colours that are not
            there; or an engine that this computer does not have.
    """
    try:
        checked = checked_size(size)
    except ValueError as error:
        raise InputError(f"--{error}") from error
    try:
        predictor = Predictor(str(path), cores(), checked)
    except Exception as error:  # ONNX Runtime's exceptions have no common class
        raise runtimes.not_an_export(Path(path), error) from error
    if engine != "onnx":
        session = runtimes.open_session(runs or path, engine)
        predictor.session = runtimes.CheckedSession(session, engine, predictor.session)
    if colour_blind:
        if tuple(predictor.names) != CLASS_NAMES:
            raise InputError(
                f"{path}: has {len(predictor.names)} classes of its own; the colour-blind colours "
                "are of the 19 classes of Cityscapes. Leave out --colour-blind."
            )
        predictor.colours = colour_table("colour-blind")[: len(CLASS_NAMES)]
    return predictor


def predict_images(predictor: Predictor, source: Path, output: Path) -> Tally:
    """Segment an image, or every image of a folder and of the folders below it.

    Reading, network and writing overlap. A damaged file does not stop the others. A photograph
    of 100 million pixels takes 2.5 GB of memory, a folder of them twice that.

    Args:
        predictor: the network.
        source: an image or a folder.
        output: where ``overlays/NAME.jpg`` and ``labels/NAME.png`` go; a palette PNG whose
            index is the class. NAME is of :func:`bisenet_lib.data.image_files.output_names`; a
            single image is called as it would be among the images beside it.

    Returns:
        The tally; its problems name the files that could not be read, and the pictures of
        other kinds and the videos in the folder.

    Raises:
        InputError: there is no image, or the output cannot be written.
    """
    source, output = Path(source), Path(output)
    folder = source if source.is_dir() else source.parent
    paths, unread = find_images(source, apart_from=output) if source.is_dir() else ([source], [])
    named = paths if source.is_dir() else siblings(source, SUFFIXES)
    names = dict(zip(named, output_names(named, folder), strict=True))
    tally, started = Tally(predictor, problems=unread), time.perf_counter()

    def segmented() -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        bar = tqdm(paths, "segmenting", unit="image", disable=len(paths) < 2)
        images = ahead(_read_or_refuse, paths, threads=1)  # large ones fill the memory
        for path, image in zip(bar, images, strict=True):
            if isinstance(image, InputError):
                tally.problems.append(str(image))
            else:
                yield names[path], image, tally.segment(image)

    def write(item: tuple[str, np.ndarray, np.ndarray]) -> np.ndarray:
        name, image, classes = item
        _write_jpeg(output / "overlays" / f"{name}.jpg", predictor.draw(image, classes))
        write_classes(output / "labels" / f"{name}.png", classes, len(predictor.names))
        return classes

    for classes in ahead(write, segmented()):
        tally.count(classes)
    tally.seconds = time.perf_counter() - started
    return tally


def _read_or_refuse(path: Path) -> np.ndarray | InputError:
    try:
        return read_image(path)
    except InputError as error:
        return error


def _write_jpeg(path: Path, image: np.ndarray) -> None:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    with written_whole(path) as part:
        part.write_bytes(encoded.tobytes())
