"""Segmenting a video, frame by frame. Taught in ``06_deployment``."""

import itertools
import os
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import cv2
import numpy as np
from tqdm.auto import tqdm

from bisenet_lib.common.atomic_files import utf8_path, written_whole
from bisenet_lib.common.parallel import ahead
from bisenet_lib.common.processes import said_nothing
from bisenet_lib.data import film_io
from bisenet_lib.data.image_files import SUFFIXES, VIDEOS, output_names, siblings
from bisenet_lib.data.image_io import check_pixels
from bisenet_lib.deployment.photographs import Tally
from bisenet_lib.deployment.predictor import Predictor
from bisenet_lib.errors import InputError

FPS = 25.0
"""Frames per second of a video that does not name its own."""


def predict_video(predictor: Predictor, source: Path, output: Path) -> Tally:
    """Segment a video. Reading, network and writing overlap.

    Args:
        predictor: the network.
        source: a video of any kind that FFmpeg decodes.
        output: where ``NAME_overlay.mp4`` goes, H.264 with the video's size (an odd width or
            height loses a pixel) and frames per second, without sound. NAME has the suffix where
            two videos differ in that alone.

    Returns:
        The tally. If the video breaks off, its problem names the frame, and the overlay ends
        there.

    Raises:
        InputError: no video, not one frame of it can be decoded, or the output cannot be
            written.
    """
    source = Path(source)
    videos = siblings(source, VIDEOS)
    name = output_names(videos, source.parent)[videos.index(source)]
    target = Path(output) / f"{name}_overlay.mp4"
    tally, started = Tally(predictor), time.perf_counter()
    with _opened(source) as capture, closing(_frames(capture)) as frames:
        declared = max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        first = next(frames, None)
        if first is None:
            raise InputError(f"{source}: not one frame of it can be decoded. Take another copy.")
        bar = tqdm(itertools.chain([first], frames), "segmenting", declared or None, unit="frame")
        with written_whole(target) as part:
            fps = capture.get(cv2.CAP_PROP_FPS)
            size = first.shape[1::-1]
            with film_io.film_writer(part, fps if fps > 0 else FPS, size) as add:

                def write(item: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
                    add(predictor.draw(*item))
                    return item[1]

                segmented = ((frame, tally.segment(frame)) for frame in bar)
                with closing(ahead(write, segmented, threads=1)) as written:
                    for classes in written:
                        tally.count(classes)
            _check_written(part, target, tally.frames)
    if _breaks_off(tally.frames, declared):
        tally.problems.append(
            f"{source}: breaks off after frame {tally.frames} of {declared}; {target} ends there. "
            "Take another copy of the video."
        )
    tally.seconds = time.perf_counter() - started
    return tally


def _breaks_off(frames: int, declared: int) -> bool:
    """Whether frames are missing; a container without an index only estimates how many it has."""
    return declared - frames > max(2, declared // 100)


@contextmanager
def _opened(path: Path) -> Iterator[cv2.VideoCapture]:
    if not path.is_file():
        raise InputError(f"{path}: no such image, folder or video")
    # OpenCV reads it at its first video; this module itself says what FFmpeg would say of damage.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    with utf8_path(path) as plain, said_nothing():
        capture = cv2.VideoCapture(str(plain), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise InputError(
            f"{path}: no image ({', '.join(SUFFIXES)}), and no video that can be decoded. It is "
            "damaged or cut off, or of another kind: take another copy, or convert it."
        )
    try:
        width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        check_pixels(path, (width, height))
        yield capture
    finally:
        capture.release()


def _frames(capture: cv2.VideoCapture) -> Generator[np.ndarray, None, None]:
    """Frames, (H, W, 3) uint8, RGB, up to the first that cannot be decoded.

    Close it before the capture is released: its thread may still be reading.
    """

    def read(_number: int) -> np.ndarray | None:
        success, frame = capture.read()
        return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB) if success else None

    with closing(ahead(read, itertools.count(), threads=1)) as frames:
        yield from itertools.takewhile(lambda frame: frame is not None, frames)


def _check_written(part: Path, target: Path, frames: int) -> None:
    """Check what OpenCV does not report: whether the disk was full."""
    with utf8_path(part) as plain, said_nothing():
        written = cv2.VideoCapture(str(plain), cv2.CAP_FFMPEG)
        count = int(written.get(cv2.CAP_PROP_FRAME_COUNT)) if written.isOpened() else 0
        written.release()
    if count != frames:
        raise InputError(
            f"{target}: {count} of {frames} frames could be written. Free space on the disk, or "
            "choose another folder."
        )
