"""A drive in a notebook: a still picture first, frames while a page asks, nothing left behind."""

import os
import signal
import threading
import time

import cv2
import numpy as np
import psutil
import pytest
from IPython.display import HTML, Image
from jupyter_client.manager import start_new_kernel

from bisenet_lib.course import live_drive
from bisenet_lib.data.minicity.drive import Street
from bisenet_lib.errors import InputError

pytestmark = pytest.mark.slow

SIZE = (64, 32)
SECONDS = 60


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, and what took its place later."""
    pictures = []

    class Shown:
        update = staticmethod(pictures.append)

    def display(what, display_id=None):
        if display_id:
            pictures.append(what)
        return Shown if display_id else None

    monkeypatch.setattr(live_drive, "display", display)
    return pictures


@pytest.fixture
def running():
    """Gives the processes and threads that run since the test began."""
    before = {*processes(), *threading.enumerate()}
    return lambda: {*processes(), *threading.enumerate()} - before


@pytest.fixture
def player(shown, running):
    player = live_drive.Player(lambda frame: 255 - frame, 1, SIZE)
    yield player
    player.play.playing = False
    wait(lambda: not running())


def processes():
    return psutil.Process().children(recursive=True)


def wait(reached, each=lambda: None):
    until = time.monotonic() + SECONDS
    while not reached():
        assert time.monotonic() < until, "waited in vain"
        each()
        time.sleep(0.02)


def tick(player):
    """What the page does while it plays."""
    player.play.value += 1


def pixels(data):
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), 1), cv2.COLOR_BGR2RGB)


def difference(one, other):
    return np.abs(one.astype(int) - other).mean()


def test_without_a_page_there_is_a_still_picture_and_nothing_runs(player, shown, running):
    (still,) = shown
    street = Street(1, SIZE)
    first, tenth = (difference(pixels(still.data), 255 - street.shot(n).image) for n in (0, 10))
    assert first < tenth / 2
    assert not running()


def test_frames_come_in_order_until_it_is_stopped_and_go_on_after_that(player, shown, running):
    street = Street(1, SIZE)
    player.play.playing = True
    assert shown[-1] is player._screen
    wait(lambda: player.number >= 3, lambda: tick(player))
    assert "frames per second" in player.speed.value and "ms" in player.speed.value
    player.play.playing = False
    wait(lambda: not running())
    last, number = shown[-1], player.number
    assert isinstance(last, Image), "a page without a kernel shows the last frame too"
    truth = [255 - street.shot(n).image for n in (number - 1, number + 4)]
    assert difference(pixels(last.data), truth[0]) < difference(pixels(last.data), truth[1])
    player.play.playing = True
    wait(lambda: player.number > number, lambda: tick(player))
    again = pixels(player._screen.value)
    followed, first = (difference(again, 255 - street.shot(n).image) for n in (number, 0))
    assert followed < first / 2


def test_no_frame_is_drawn_that_no_page_asks_for(player, monkeypatch, running):
    monkeypatch.setattr(live_drive, "PATIENCE", 0.5)
    player.play.playing = True
    wait(lambda: not running())
    number = player.number
    assert number <= 1 and player.play.playing
    wait(lambda: player.number > number, lambda: tick(player))


def test_it_stops_when_its_last_view_is_gone(player, running):
    player.play._view_count = 1
    player.play.playing = True
    assert running()
    player.play._view_count = 0
    assert not player.play.playing


def test_what_the_function_raises_is_shown_and_ends_it(player, shown, running):
    def fails(frame):
        raise InputError("no network there")

    player._show = fails
    player.play.playing = True
    wait(lambda: not player.play.playing, lambda: tick(player))
    assert isinstance(shown[-1], HTML) and "no network there" in shown[-1].data
    wait(lambda: not running())


def test_a_drawing_that_dies_is_told(player, shown, running):
    player.play.playing = True
    wait(lambda: player.number >= 1, lambda: tick(player))
    (drawing,) = (one for one in running() if isinstance(one, psutil.Process))
    drawing.kill()
    wait(lambda: not player.play.playing, lambda: tick(player))
    assert "the drive cannot be drawn" in shown[-1].data


@pytest.mark.parametrize("wrong", [np.zeros((4, 4)), np.zeros((4, 4), np.uint8), None])
def test_a_function_that_gives_no_picture(wrong, shown):
    with pytest.raises(InputError, match=r"give \(H, W, 3\) uint8"):
        live_drive.show_drive(lambda frame: wrong, size=SIZE)


PLAYS = """
from bisenet_lib.course import live_drive
player = live_drive.Player(lambda frame: frame, 1, (64, 32))
player.play.playing = True
"""


def test_a_drive_survives_an_interrupt_of_the_kernel_and_ends_with_it():
    manager, client = start_new_kernel()
    try:
        assert client.execute_interactive(PLAYS, timeout=SECONDS)["content"]["status"] == "ok"
        kernel = psutil.Process(manager.provisioner.pid)
        drawing = next(one for one in kernel.children() if "drawing" in " ".join(one.cmdline()))
        manager.interrupt_kernel()
        ask = "while player.number < 3: player.play.value += 1; time.sleep(0.02)"
        code = f"import time\n{ask}"
        assert client.execute_interactive(code, timeout=SECONDS)["content"]["status"] == "ok"
        assert drawing.is_running()
        os.kill(kernel.pid, signal.SIGKILL)
        wait(lambda: not drawing.is_running() or drawing.status() == psutil.STATUS_ZOMBIE)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
