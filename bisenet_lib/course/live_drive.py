"""A drive that plays in a notebook, and a function of the notebook that is called with each frame.

Another process draws the frames and a thread calls the function, so the kernel stays free. The
page asks for every frame: where none is shown, or the kernel is busy, none is drawn.
Taught in ``06_deployment``.
"""

import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import cv2
import ipywidgets
import numpy as np
from IPython.display import Image, display

from bisenet_lib.course import widgets
from bisenet_lib.data.minicity.drive import FPS, Street
from bisenet_lib.deployment.demo.drawing import LENGTH
from bisenet_lib.errors import InputError

SIZE = (512, 256)
PATIENCE = 5.0
"""Seconds without a page that asks, after which the drawing ends; asking begins it again."""
MEASURED = 2 * FPS
"""Frames that the speed is measured over."""
UNENDING = 10**9
"""Frames: three years."""


def show_drive(
    show: Callable[[np.ndarray], np.ndarray], *, seed: int = 0, size: tuple[int, int] = SIZE
) -> None:
    """Show a frame of a drive and, above it, buttons that start and stop the drive.

    The frame is an ordinary picture, so that a page without a running kernel shows it too.

    Args:
        show: maps a frame, (H, W, 3) uint8 RGB, to the picture to show, of the same form.
        seed: see :func:`bisenet_lib.data.minicity.drive`.
        size: width and height of a frame in pixels.

    Raises:
        InputError: a negative seed, an impossible size, or ``show`` gives no picture.
    """
    Player(show, seed, size)


class Player:
    """The drive of a cell, see :func:`show_drive`.

    Attributes:
        play: the buttons; while it plays, the page counts its value up, which asks for a frame.
        speed: a line with the frames per second.
        number: of the next frame.
        process: draws; None while stopped.
    """

    def __init__(
        self, show: Callable[[np.ndarray], np.ndarray], seed: int, size: tuple[int, int]
    ) -> None:
        self._show, self._numbers = show, (seed, *size)
        self._picture = _jpeg(show(Street(seed, size).shot(0).image))
        self._screen: ipywidgets.Image | None = None
        self._asked = threading.Event()
        self.number = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.speed = ipywidgets.Label("Press play.")
        self.play = ipywidgets.Play(max=UNENDING, interval=1000 // FPS, show_repeat=False)
        self.play._view_count = 0  # from now on the page keeps count
        self.play.observe(self._turn, "playing")
        self.play.observe(self._ask, "value")
        self.play.observe(self._leave, "_view_count")
        display(ipywidgets.HBox([self.play, self.speed]))
        self._shown = display(Image(self._picture), display_id=True)

    def _turn(self, change) -> None:
        if change.new:
            self._screen = ipywidgets.Image(value=self._picture, format="jpeg")
            self._shown.update(self._screen)
            self._ask()
        else:
            self._end(self.process)
            self._shown.update(Image(self._picture))
            assert self._screen is not None, "it was made when the drive began to play"
            self._screen.close()

    def _ask(self, _change=None) -> None:
        if not self.play.playing:
            self.number = 0  # the stop button
            return
        self._asked.set()
        if self.process is None:
            numbers = map(str, (*self._numbers, UNENDING, self.number))
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bisenet_lib.deployment.demo.drawing", *numbers],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # to interrupt the kernel is to interrupt a cell
            )
            self.speed.value = "Building the street ..."
            threading.Thread(target=self._run, args=[self.process], daemon=True).start()

    def _leave(self, change) -> None:
        if change.new == 0:
            self.play.playing = False

    def _end(self, process: subprocess.Popen[bytes] | None) -> None:
        if process is not None:
            process.kill()
            if self.process is process:
                self.process = None

    def _run(self, process: subprocess.Popen[bytes]) -> None:
        ends: deque[float] = deque(maxlen=MEASURED)
        spent: deque[float] = deque(maxlen=MEASURED)
        with process:
            try:
                while self._asked.wait(PATIENCE):
                    self._asked.clear()
                    frame = _next_frame(process)
                    start = time.perf_counter()
                    picture = _jpeg(self._show(frame))
                    ends.append(time.perf_counter())
                    spent.append(ends[-1] - start)
                    if self.process is not process:
                        return
                    assert self._screen is not None, "it was made when the drive began to play"
                    self._screen.value = self._picture = picture
                    self.speed.value = _speed(ends, spent)
                    self.number += 1
            except Exception as error:  # raised in a thread, no learner would see it
                if self.process is process:
                    self.play.playing = False
                    self._shown.update(widgets.explained(error))
            finally:
                self._end(process)


def _speed(ends: Sequence[float], spent: Sequence[float]) -> str:
    """How fast frames come, from the times at which they were done and the seconds of each."""
    milliseconds = 1000 * sum(spent) / len(spent)
    per_second = (len(ends) - 1) / (ends[-1] - ends[0]) if len(ends) > 1 else 0.0
    return f"{per_second:.1f} frames per second, {milliseconds:.0f} ms to segment one"


def _next_frame(process: subprocess.Popen[bytes]) -> np.ndarray:
    """The next frame that a process has drawn, (H, W, 3) uint8, RGB."""
    output, errors = process.stdout, process.stderr
    assert output is not None and errors is not None, "both are pipes"
    header = output.read(LENGTH.size)
    jpeg = output.read(*LENGTH.unpack(header)) if header else b""
    if not jpeg:
        lines = errors.read().decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else "its process was ended"
        raise InputError(f"the drive cannot be drawn: {reason}")
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None, "it has just been encoded"
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)


def _jpeg(picture: np.ndarray) -> bytes:
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.shape[2:] != (3,):
        raise InputError(
            f"a picture to show is {picture.dtype} of shape {picture.shape}; give (H, W, 3) uint8, "
            "RGB"
        )
    return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
