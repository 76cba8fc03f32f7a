"""One page that is open somewhere: what it watches, and how fast it gets it."""

import json
from collections.abc import Callable
from typing import Any

from bisenet_lib.deployment.demo.messages import pack
from bisenet_lib.deployment.demo.worker import Segmented

AT_ONCE = 2
"""Frames on the way to a page; the next goes out when the page has drawn one of them."""


class Viewer:
    """A page, and the newest frame that waits for it.

    Args:
        number: from 1, in the order they came.
        send: sends it text (str) or a binary message (bytes); never blocks, never raises.

    Attributes:
        watching: it shows the drive, or a frame of it that stands still.
        playing: it goes on by itself.
        steps: frames that it asks for one by one while it is paused.
        reading: a picture it has sent is being read.
        pointer: where on the picture it points, from the left and from the top, 0 to 1.
        shown: what it was sent last.
        place: number of the frame of the drive it was sent last.
    """

    def __init__(self, number: int, send: Callable[[str | bytes], None]) -> None:
        self.number = number
        self.watching, self.playing, self.steps = False, True, 0
        self.reading = False
        self.pointer: tuple[float, float] | None = None
        self.shown: Segmented | None = None
        self.place: int | None = None
        self._send = send
        self._waiting: Segmented | None = None
        self._underway = 0

    @property
    def plays(self) -> bool:
        """Whether it shows the drive, and not a frame that stands still."""
        return self.watching and self.playing

    @property
    def wants(self) -> bool:
        """Whether the drive's next frame would be shown, or wait for a slow page alone."""
        return self.watching and (self.playing or self.steps > 0) and self._waiting is None

    def tell(self, **message: Any) -> None:
        """Send a message of plain values."""
        self._send(json.dumps(message))

    def offer(self, frame: Segmented) -> None:
        """Send a frame of the drive, or keep it, in place of an older one, until it can be sent."""
        if not self.watching or not (self.playing or self.steps):
            return
        self.steps = max(0, self.steps - 1)
        self._waiting = frame
        self._flush()

    def give(self, frame: Segmented) -> None:
        """Send the classes of a picture that the page itself has sent."""
        self.shown = frame
        self._send(frame.message)
        self.answer()

    def show(self, number: int, jpeg: bytes) -> None:
        """Send the picture it has sent itself under a number: upright now, and a JPEG."""
        self._send(pack({"kind": "picture", "number": number}, jpeg))

    def drawn(self) -> None:
        """Note that the page has drawn a frame of the drive."""
        self._underway = max(0, self._underway - 1)
        self._flush()

    def rest(self) -> None:
        """Drop what waits: it was for what the page showed before."""
        self._waiting, self.steps = None, 0

    def answer(self) -> None:
        """Say which classes are under the pointer."""
        if self.pointer and self.shown:
            likeliest = self.shown.likeliest(*self.pointer)
            job = self.shown.job
            self.tell(kind="pointer", number=job.number, shared=job.shared, classes=likeliest)

    def _flush(self) -> None:
        if self._waiting is None or self._underway >= AT_ONCE:
            return
        self.shown, self._waiting = self._waiting, None
        self.place = self.shown.job.number
        self._underway += 1
        self._send(self.shown.message)
        self.answer()
