"""Writing films that browsers play: H.264 (``.mp4``), animated WebP or GIF.

Taught in ``06_deployment``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from bisenet_lib.common.atomic_files import utf8_path
from bisenet_lib.errors import InputError

FILM_SUFFIXES = (".mp4", ".webp", ".gif")
Write = Callable[[np.ndarray], None]
"""Takes one frame, (H, W, 3) uint8, RGB."""


@contextmanager
def film_writer(path: Path, fps: float, size: tuple[int, int]) -> Iterator[Write]:
    """Write a film frame by frame.

    Args:
        path: the file; its suffix decides the kind, see :data:`FILM_SUFFIXES`.
        fps: frames per second.
        size: width and height in pixels; an odd one loses a pixel in H.264.

    Yields:
        The function that takes the frames.

    Raises:
        InputError: another suffix, or frames of that size and rate cannot be encoded.
        OSError: the file cannot be written.
    """
    kind = Path(path).suffix.lower()
    if kind not in FILM_SUFFIXES:
        raise InputError(f"{path}: no film; its name must end in {', '.join(FILM_SUFFIXES)}")
    with (_h264 if kind == ".mp4" else _pictures)(path, fps, size) as write:
        yield write


@contextmanager
def _h264(path: Path, fps: float, size: tuple[int, int]) -> Iterator[Write]:
    width, height = (side - side % 2 for side in size)
    cannot = f"a film of {size[0]}x{size[1]} at {fps:g} frames/s cannot be encoded"
    if not width or not height:
        raise InputError(f"{cannot}; it needs two pixels each way")
    try:
        options = {"movflags": "+faststart"}
        with (
            utf8_path(path) as utf8,
            av.open(str(utf8), "w", format="mp4", options=options) as film,
        ):
            stream = film.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.options = {"crf": "23", "preset": "veryfast"}

            def write(frame: np.ndarray) -> None:
                pixels = np.ascontiguousarray(frame[:height, :width])
                film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))

            yield write
            film.mux(stream.encode())
    except av.error.FFmpegError as error:
        if isinstance(error, OSError) and error.errno:
            raise OSError(error.errno, error.strerror) from error
        raise InputError(f"{cannot} ({error})") from error


@contextmanager
def _pictures(path: Path, fps: float, _size: tuple[int, int]) -> Iterator[Write]:
    frames: list[Image.Image] = []
    yield lambda frame: frames.append(Image.fromarray(frame))
    if frames:
        first, *rest = frames
        options: dict[str, Any] = (
            {"quality": 60, "method": 4} if path.suffix.lower() == ".webp" else {}
        )
        duration = round(1000 / fps)
        first.save(path, save_all=True, append_images=rest, duration=duration, loop=0, **options)
