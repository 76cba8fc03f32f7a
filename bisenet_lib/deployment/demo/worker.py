"""Threads that keep the network busy: one prepares images, one runs it, one packs its output."""

import io
import logging
import queue
import threading
import time
import zlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from PIL import Image

from bisenet_lib.deployment.demo.messages import pack
from bisenet_lib.deployment.demo.networks import Segmenter
from bisenet_lib.deployment.predictor import Predictor
from bisenet_lib.errors import InputError

LONGEST = 4096
"""Pixels of the longer side of an image that is taken."""


@dataclass(frozen=True)
class Job:
    """An image to segment.

    Args:
        source: whose turn it is; the newest job of a source replaces one that still waits.
        number: by which its sender knows it.
        jpeg: the image.
        size: width and height of the network's input.
        shared: it is for all who watch the drive; the message to the page holds the JPEG too.
    """

    source: Hashable
    number: int
    jpeg: bytes
    size: tuple[int, int]
    shared: bool = False


@dataclass(frozen=True)
class Segmented:
    """An image and its classes.

    Args:
        job: the image.
        message: for the page: a header, the JPEG if it is ``shared``, and the deflated classes.
        logits: (C, H, W) float32.
    """

    job: Job
    message: bytes
    logits: np.ndarray

    def likeliest(self, x: float, y: float, count: int = 3) -> list[tuple[int, float]]:
        """The classes a pixel most likely has, each with its softmax probability.

        Args:
            x: from the left, 0 to 1.
            y: from the top, 0 to 1.
            count: of classes.
        """
        _, height, width = self.logits.shape
        row, column = min(int(y * height), height - 1), min(int(x * width), width - 1)
        logits = self.logits[:, row, column].astype(np.float64)
        likely = np.exp(logits - logits.max())
        likely = np.nan_to_num(likely / likely.sum())
        return [(int(k), float(likely[k])) for k in np.argsort(-likely, kind="stable")[:count]]


@dataclass(frozen=True)
class Failed:
    """An image that could not be segmented, and a sentence that says why."""

    job: Job
    sentence: str


class Turns:
    """The newest job of each source; the sources take turns."""

    def __init__(self) -> None:
        self._jobs: dict[Hashable, Job] = {}
        self._changed = threading.Condition()
        self._closed = False

    def put(self, job: Job) -> None:
        """Add a job; one of the same source that still waits gives its place to it."""
        with self._changed:
            self._jobs[job.source] = job
            self._changed.notify()

    def drop(self, source: Hashable) -> None:
        """Remove the waiting job of a source."""
        with self._changed:
            self._jobs.pop(source, None)

    def get(self) -> Job | None:
        """Wait for a job; None when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed)
            if self._closed:
                return None
            return self._jobs.pop(next(iter(self._jobs)))

    def close(self) -> None:
        """End all waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def read_jpeg(jpeg: bytes) -> np.ndarray:
    """Decode a JPEG of the drive, or one that a page has made.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        InputError: it is none, is damaged, or larger than :data:`LONGEST`.
    """
    try:
        with Image.open(io.BytesIO(jpeg)) as header:
            kind, size = header.format, header.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError("The picture that arrived is no JPEG.") from error
    if kind != "JPEG" or max(size) > LONGEST:
        raise InputError(f"The page sends no {kind} of {size[0]} x {size[1]} pixels.")
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError("The picture that arrived is damaged.")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)


@dataclass(frozen=True)
class _Work:
    """A job on its way through the threads, and the seconds it took in each."""

    job: Job
    image: np.ndarray
    logits: np.ndarray | None = None
    network: float = 0.0
    rest: float = 0.0


class Worker:
    """Segments the jobs that are put into its turns.

    Args:
        predictor: prepares images.
        run: the network; may be replaced at any time.
        taken: called when a job leaves the turns, in a thread.
        done: called with each result, in a thread.

    Attributes:
        turns: where jobs are put.
        count: images segmented so far.
    """

    def __init__(
        self,
        predictor: Predictor,
        run: Segmenter,
        taken: Callable[[Job], object],
        done: Callable[[Segmented | Failed], object],
    ) -> None:
        self.predictor, self.run = predictor, run
        self.turns, self.count = Turns(), 0
        self._taken, self._done = taken, done
        self._prepared: queue.Queue = queue.Queue(1)
        self._segmented: queue.Queue = queue.Queue(1)
        stages = (
            (self._next, self._prepare, self._prepared.put),
            (self._prepared.get, self._segment, self._segmented.put),
            (self._segmented.get, self._pack, self._end),
        )
        self._threads = [
            threading.Thread(target=self._stage, args=stage, daemon=True) for stage in stages
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Finish what is being segmented, and end the threads."""
        self.turns.close()
        for thread in self._threads:
            thread.join()

    def _stage(
        self,
        get: Callable[[], Any],
        work: Callable[[Any], object],
        put: Callable[[Any], object],
    ) -> None:
        while (item := get()) is not None:
            job = item if isinstance(item, Job) else item.job
            try:
                put(work(item))
            except InputError as error:
                self._done(Failed(job, str(error)))
            except Exception as error:  # one image must not end the demo
                logging.exception("an image could not be segmented")
                self._done(Failed(job, f"The network failed: {type(error).__name__}: {error}"))
        put(None)

    def _next(self) -> Job | None:
        job = self.turns.get()
        if job is not None:
            self._taken(job)
        return job

    def _end(self, result: Segmented | None) -> None:
        if result is not None:
            self._done(result)

    def _prepare(self, job: Job) -> _Work:
        start = time.perf_counter()
        image = read_jpeg(job.jpeg)
        pixels = self.predictor.prepare(image, job.size)[0]
        return _Work(job, pixels, rest=time.perf_counter() - start)

    def _segment(self, work: _Work) -> _Work:
        start = time.perf_counter()
        classes, logits = self.run(work.image)
        network = time.perf_counter() - start
        self.count += 1
        return replace(work, image=classes, logits=logits, network=network)

    def _pack(self, work: _Work) -> Segmented:
        start, job = time.perf_counter(), work.job
        assert work.logits is not None, "it has been through the network"
        deflated = zlib.compress(work.image.data, 1)
        rest = work.rest + time.perf_counter() - start
        header = {
            "kind": "frame",
            "shared": job.shared,
            "number": job.number,
            "size": work.image.shape[::-1],
            "network": round(1000 * work.network, 2),
            "rest": round(1000 * rest, 2),
        }
        message = pack(header, job.jpeg if job.shared else b"", deflated)
        return Segmented(job, message, work.logits)
