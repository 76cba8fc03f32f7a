"""What joins drive, network and viewers. Everything here runs in the server's one event loop."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from bisenet_lib.data.minicity.drive import FPS
from bisenet_lib.deployment.demo import photo
from bisenet_lib.deployment.demo.drive import SIZE, Drive
from bisenet_lib.deployment.demo.networks import DemoNetwork
from bisenet_lib.deployment.demo.viewer import Viewer
from bisenet_lib.deployment.demo.worker import Failed, Job, Segmented, Worker
from bisenet_lib.deployment.predictor import ENLARGED, STRIDE
from bisenet_lib.errors import InputError

MOST_VIEWERS = 100
WIDTHS = range(256, 1025, 2 * STRIDE)
"""Pixels of the input's width for a picture like those trained on; what the network was trained for
comes to it, and 0: the picture's own size."""
PACES = (FPS, 3 * FPS, 0)
"""Frames of the drive per second at most: as it was driven, fast, and no limit."""
DRIVE = "drive"
KEPT = 16
"""Pages whose own picture still tells its classes under the pointer: each takes up to 40 MB."""
TOLD = 10
"""Frames of the first lap between two messages about it."""


@dataclass(frozen=True)
class Settings:
    """What all viewers share.

    Args:
        width: see :meth:`bisenet_lib.deployment.demo.networks.DemoNetwork.input_size`.
        engine: the name of one of the network's.
        pace: frames of the drive per second at most; 0 for no limit.
    """

    width: int
    engine: str
    pace: int


class Hub:
    """The demo without its server.

    Args:
        network: shown.
        drive: shared by all who watch it.
        pace: one of :data:`PACES`.

    Attributes:
        viewers: the pages that are open.
        settings: of all of them.
        worker: runs the network.
    """

    def __init__(self, network: DemoNetwork, drive: Drive, pace: int = PACES[1]) -> None:
        self.network, self.drive = network, drive
        self.settings = Settings(network.width, network.engines[0].name, pace)
        self.widths = [*sorted({*WIDTHS, network.trained[0]}), 0]
        self.viewers: set[Viewer] = set()
        self._numbers = itertools.count(1)
        self._own: dict[Viewer, None] = {}
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task] = set()
        self._queued, self._underway, self._due = False, 0, 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._failing = self._loading = False
        self._photos = asyncio.Semaphore(1)
        self.worker = Worker(
            network.predictor,
            network.engines[0].load(),
            lambda job: self._loop.call_soon_threadsafe(self._taken, job),
            lambda result: self._loop.call_soon_threadsafe(self._deliver, result),
        )
        self._start(drive.draw(self._grown))

    async def close(self) -> None:
        """End the drawing and the network."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._loop.run_in_executor(None, self.worker.close)

    def join(self, send: Callable[[str | bytes], None]) -> Viewer:
        """Add a viewer, and tell it about the network.

        Args:
            send: see :class:`bisenet_lib.deployment.demo.viewer.Viewer`.

        Raises:
            InputError: there are too many.
        """
        if len(self.viewers) >= MOST_VIEWERS:
            raise InputError(f"{MOST_VIEWERS} pages are open already. Close one, and reload this.")
        viewer = Viewer(next(self._numbers), send)
        self.viewers.add(viewer)
        viewer.tell(
            kind="hello",
            viewer=viewer.number,
            title=self.network.title,
            classes=self.network.predictor.names,
            palettes=self.network.palettes(),
            engines=[[engine.name, engine.title] for engine in self.network.engines],
            widths=self.widths,
            trained=self.network.trained,
            first=self.network.width,
            enlarged=ENLARGED if self.network.predictor.size is None else None,
            reason=self.network.reason(),
            paces=PACES,
            drive=SIZE,
            most_bytes=photo.MOST_BYTES,
            segmented=self.worker.count,
            settings=asdict(self.settings),
        )
        viewer.tell(**self._lap())
        self._tell_viewers()
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer."""
        self.viewers.discard(viewer)
        self.worker.turns.drop(viewer)
        self._own.pop(viewer, None)
        self._tell_viewers()
        self._feed()

    def hear(self, viewer: Viewer, message: Mapping[str, Any]) -> None:
        """Act on a message of plain values from a page.

        Raises:
            KeyError, TypeError, ValueError: it is none that a page sends.
        """
        match message["do"]:
            case "watch":
                viewer.watching, viewer.playing = bool(message["drive"]), bool(message["playing"])
                viewer.rest()
            case "step":
                self._step(viewer)
            case "drawn":
                viewer.drawn()
            case "point":
                position = message["at"]
                viewer.pointer = None if position is None else _inside(*position)
                viewer.answer()
            case "set":
                self._set(viewer, message["name"], message["value"])
            case other:
                raise ValueError(f"{other!r} cannot be done")
        self._feed()

    def receive(self, viewer: Viewer, header: Mapping[str, Any], content: bytes) -> None:
        """Act on a binary message from a page.

        Raises:
            KeyError, TypeError, ValueError: it is none that a page sends.
        """
        if header["do"] == "segment":
            width, height = header["of"]
            size = self._input(_side(width), _side(height))
            self.worker.turns.put(Job(viewer, int(header["number"]), content, size))
        elif header["do"] == "read":
            name, number = photo.shown_name(str(header["name"])), int(header["number"])
            self._start(self._read(viewer, number, content, name))
        else:
            raise ValueError(f"{header['do']!r} cannot be done")

    async def _read(self, viewer: Viewer, number: int, content: bytes, name: str) -> None:
        if viewer.reading:
            viewer.tell(kind="trouble", text=f"{name}: wait until the one before has been read.")
            return
        viewer.reading = True
        try:
            async with self._photos:
                jpeg = await photo.as_jpeg(content, name)
        except InputError as error:
            viewer.tell(kind="trouble", text=str(error))
        else:
            viewer.show(number, jpeg)
        finally:
            viewer.reading = False

    def _set(self, viewer: Viewer, name: str, value: Any) -> None:
        choices = {
            "width": self.widths,
            "pace": PACES,
            "engine": [engine.name for engine in self.network.engines],
        }
        chosen = choices[name][choices[name].index(value)]
        if name == "engine":
            self._start(self._load(viewer, chosen))
        else:
            self._change(viewer, **{name: chosen})

    def _change(self, viewer: Viewer, **values: Any) -> None:
        self.settings = replace(self.settings, **values)
        self._failing, self._due = False, 0.0
        self._tell_all(kind="settings", by=viewer.number, **asdict(self.settings))
        self._feed()

    async def _load(self, viewer: Viewer, name: str) -> None:
        if self._loading:
            viewer.tell(kind="trouble", text="An engine is being loaded already. Wait for it.")
            viewer.tell(kind="settings", by=None, **asdict(self.settings))
            return
        engine = next(engine for engine in self.network.engines if engine.name == name)
        self._loading = True
        self._tell_all(kind="loading", text=f"{engine.title} is being loaded ...")
        try:
            self.worker.run = await self._loop.run_in_executor(None, engine.load)
        except InputError as error:
            viewer.tell(kind="trouble", text=str(error))
            self._tell_all(kind="settings", by=None, **asdict(self.settings))
        else:
            self._change(viewer, engine=engine.name)
        finally:
            self._loading = False

    def _step(self, viewer: Viewer) -> None:
        """Show the next frame to a viewer that has paused."""
        if viewer.playing:
            return
        viewer.steps = 1
        alone = not any(other.plays for other in self.viewers)
        if alone and not self._underway and viewer.place is not None:
            self.drive.position = viewer.place + 1

    def _feed(self) -> None:
        """Queue the drive's next frame if a viewer wants it and it is drawn."""
        wanting = [viewer for viewer in self.viewers if viewer.wants]
        self.drive.watch(bool(wanting))
        playing = any(viewer.playing for viewer in wanting)
        if self._queued or self._failing or not wanting or (self._underway and not playing):
            return
        wait = self._due - self._loop.time()
        if playing and wait > 0:
            if self._alarm is None:
                self._alarm = self._loop.call_later(wait, self._ring)
            return
        frame = self.drive.take()
        if frame is None:
            if self.drive.fault:
                self._failing = True
                self._tell_all(kind="trouble", text=self.drive.fault)
            return
        if self.settings.pace:
            self._due = max(self._due, self._loop.time() - 0.1) + 1 / self.settings.pace
        self._queued = True
        self._underway += 1
        self.worker.turns.put(Job(DRIVE, *frame, self._input(*SIZE), shared=True))

    def _input(self, width: int, height: int) -> tuple[int, int]:
        return self.network.input_size((width, height), self.settings.width)

    def _grown(self) -> None:
        drawn, period = len(self.drive.frames), self.drive.period
        if drawn % TOLD == 0 or drawn == period:
            self._tell_all(**self._lap())
        self._feed()

    def _lap(self) -> dict[str, Any]:
        return {"kind": "lap", "drawn": len(self.drive.frames), "period": self.drive.period}

    def _ring(self) -> None:
        self._alarm = None
        self._feed()

    def _taken(self, job: Job) -> None:
        if job.source == DRIVE:
            self._queued = False
            self._feed()

    def _deliver(self, result: Segmented | Failed) -> None:
        source = result.job.source
        if source == DRIVE:
            self._underway -= 1
            if isinstance(result, Segmented):
                for viewer in self.viewers:
                    viewer.offer(result)
            elif not self._failing:  # the frames behind it fail in the same way
                self._failing = True
                self._tell_all(kind="trouble", text=result.sentence)
            self._feed()
        elif source in self.viewers:
            if isinstance(result, Failed):
                source.tell(kind="trouble", text=result.sentence, number=result.job.number)
            else:
                self._keep(source)
                source.give(result)

    def _keep(self, viewer: Viewer) -> None:
        self._own.pop(viewer, None)
        self._own[viewer] = None
        if len(self._own) > KEPT:
            oldest = next(iter(self._own))
            del self._own[oldest]
            oldest.shown = None

    def _tell_all(self, **message: Any) -> None:
        for viewer in self.viewers:
            viewer.tell(**message)

    def _tell_viewers(self) -> None:
        self._tell_all(kind="viewers", count=len(self.viewers))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _side(pixels: Any) -> int:
    if type(pixels) is not int or not 0 < pixels <= photo.LONGEST:
        raise ValueError(f"{pixels!r} pixels are no side of a picture")
    return pixels


def _inside(x: float, y: float) -> tuple[float, float]:
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(f"{x}, {y} is not in the picture")
    return float(x), float(y)
