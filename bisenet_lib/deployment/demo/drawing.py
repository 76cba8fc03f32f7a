"""The program that draws a drive.

``python -m bisenet_lib.deployment.demo.drawing SEED WIDTH HEIGHT FRAMES [FIRST]``

It writes each frame to its standard output, as a JPEG with its length before it. It waits while
nobody reads, so a drive that is not watched costs nothing. FIRST is the number of the first frame,
by default 0.
"""

import os
import struct
import sys
from contextlib import suppress

import cv2

from bisenet_lib.data.minicity.drive import Street

LENGTH = struct.Struct("<I")
"""Of a frame in bytes, before it."""
QUALITY = 90
NICENESS = 10
"""The network goes first where both want the same core."""


def main(seed: int, width: int, height: int, frames: int, first: int = 0) -> None:
    """Draw frames of a drive, see :func:`bisenet_lib.data.minicity.drive`."""
    os.nice(NICENESS)
    cv2.setNumThreads(1)
    street = Street(seed, (width, height))
    for number in range(first, first + frames):
        image = cv2.cvtColor(street.shot(number).image, cv2.COLOR_RGB2BGR)
        _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        sys.stdout.buffer.write(LENGTH.pack(len(jpeg)) + jpeg.tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # the server has ended
        main(*map(int, sys.argv[1:]))
