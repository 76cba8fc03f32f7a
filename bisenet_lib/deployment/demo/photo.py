"""Reading a picture that a stranger sent, in a separate process.

``python -m bisenet_lib.deployment.demo.photo NAME`` takes the file from its standard input and
gives a JPEG, upright and of a size for the screen; or a sentence on its standard error. What a
broken file does to a decoder, and what a huge one does to the memory, ends with that process.
"""

import asyncio
import os
import resource
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from bisenet_lib.data.image_io import read_image
from bisenet_lib.errors import InputError

MOST_BYTES = 32 << 20
"""Of a file."""
MOST_PIXELS = 64_000_000
"""Of a picture: what the cameras of phones make, and 200 MB when decoded."""
LONGEST = 2048
"""Pixels of the longer side of what is shown."""
QUALITY = 95
SECONDS = 30
"""A picture that takes longer is given up."""
MEMORY = 4 << 30
"""Bytes of address space; a decoder that wants more fails."""
NICENESS = 5
REFUSED = 3
"""The exit code that a sentence comes with."""


async def as_jpeg(content: bytes, name: str) -> bytes:
    """Read a picture of any of the kinds that `bisenet predict` reads.

    Args:
        content: the file.
        name: what it is called, for messages.

    Returns:
        A JPEG, turned as its EXIF orientation says, at most :data:`LONGEST` pixels a side.

    Raises:
        InputError: the file is too large, no picture, or damaged.
    """
    if len(content) > MOST_BYTES:
        raise InputError(
            f"{name}: {len(content) / 1e6:.0f} MB; at most {MOST_BYTES / 1e6:.0f} MB are taken. "
            "Scale it down, or use `bisenet predict`."
        )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bisenet_lib.deployment.demo.photo", name),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        jpeg, sentence = await asyncio.wait_for(process.communicate(content), SECONDS)
    except TimeoutError as error:
        raise InputError(
            f"{name}: not decoded after {SECONDS} seconds, so it was given up. Save it as JPEG."
        ) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == REFUSED:
        raise InputError(sentence.decode(errors="replace").splitlines()[-1])
    if process.returncode or not jpeg:
        raise InputError(f"{name}: cannot be decoded. Save it as JPEG or PNG, and try that.")
    return jpeg


def shown_name(name: str) -> str:
    """A file's name without what no name should hold, short enough for a message."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(letter for letter in last if letter.isprintable()).strip(". ")
    return plain[-80:] or "the file"


def _for_screen(path: Path) -> bytes:
    try:
        with Image.open(path) as header:
            pixels: float = header.width * header.height
    except UnidentifiedImageError as error:
        raise InputError(
            f"{path}: no picture of a kind that is read here. JPEG, PNG, WebP, TIFF and BMP are, "
            "and videos that the browser can play."
        ) from error
    except Image.DecompressionBombError:
        pixels = float("inf")
    if pixels > MOST_PIXELS:
        raise InputError(
            f"{path}: more than {MOST_PIXELS // 10**6} million pixels. Scale it down, or use "
            "`bisenet predict`."
        )
    image = read_image(path)
    factor = LONGEST / max(image.shape[:2])
    if factor < 1:
        size = [max(1, round(factor * side)) for side in image.shape[1::-1]]
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    bgr = np.ascontiguousarray(image[..., ::-1])
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def main(name: str) -> int:
    """Read the picture on the standard input; gives the exit code."""
    os.nice(NICENESS)
    with suppress(ValueError, OSError):  # not every system has this limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(sys.stdin.buffer.read())
        try:
            sys.stdout.buffer.write(_for_screen(path))
        except InputError as error:
            print(str(error).replace(f"{folder}{os.sep}", ""), file=sys.stderr)
            return REFUSED
        except MemoryError:
            print(f"{name}: needs too much memory. Scale it down.", file=sys.stderr)
            return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
