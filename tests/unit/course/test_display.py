"""The progress of a run: what it says of the time left, in any width, and in a log."""

import io
import time

import pytest
from rich.console import Console

from bisenet_lib.course import display
from bisenet_lib.course.display import Display, seconds_left

COURSE = [10.0, 20.0, 30.0, 40.0]


def test_the_time_left_is_what_the_notebooks_took_before():
    assert seconds_left(COURSE, [], 4) == (96, False)
    assert seconds_left(COURSE, [10, 20], 0) == (70, False)
    assert seconds_left(COURSE, [10, 20, 30, 40], 0) == (0, False)


def test_what_has_run_corrects_the_rest_and_the_more_the_longer_it_took():
    after_one, _ = seconds_left(COURSE, [20], 0)
    after_two, _ = seconds_left(COURSE, [20, 40], 0)
    assert 90 < after_one < 2 * 90
    assert after_one / 90 < after_two / 70 < 2
    assert seconds_left([1000.0, 1000.0], [500], 0)[0] == pytest.approx(500, rel=0.05)


def test_a_notebook_that_takes_longer_takes_no_time_from_the_others():
    assert seconds_left(COURSE, [10, 20], 500) == (40, True)


def test_a_notebook_of_unknown_time_makes_it_at_least():
    assert seconds_left([10.0, 0.0, 30.0], [], 0) == (40, True)
    assert seconds_left([0.0, 10.0], [500], 0) == (10, False)
    assert seconds_left([0.0], [], 7) == (0, True)


@pytest.mark.parametrize("width", [1, 7, 20, 40, 80, 200])
def test_two_lines_fit_a_terminal_of_any_width(width):
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    shown = Display(console, COURSE)
    for title in ("00_start_here", "01_[bold]dataset"):
        with shown.notebook(title, 54) as progress:
            progress.cell = 21
            with console.capture() as drawn:
                console.print(shown)
    lines = drawn.get().splitlines()
    assert len(lines) == 2
    assert all(len(line) <= width for line in lines)
    if width == 80:
        assert "01_[bold]dataset (2 of 4): cell 21 of 54, peak 0 MB" in lines[0]
        assert "0:00:00, about 0:01:" in lines[1] and lines[1].rstrip().endswith("left")


def test_between_two_notebooks_something_can_be_drawn():
    console = Console(file=io.StringIO(), width=80)
    shown = Display(console, [0.0, 0.0])
    console.print(shown)
    shown.skip()
    shown.skip()
    console.print(shown)
    assert "(1 of 2)" in console.file.getvalue() and "(2 of 2)" in console.file.getvalue()


def test_a_log_gets_short_lines_and_no_drawing(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(display, "QUIET_SECONDS", 0.05)
    log = io.StringIO()
    with (
        display.display(Console(file=log, width=200), [5.0]) as shown,
        shown.notebook("00_start_here", 54) as progress,
    ):
        progress.cell = 3
        shown.tick()
        time.sleep(0.1)
        shown.tick()
        shown.tick()
        progress.cell = 54
    lines = log.getvalue().splitlines()
    assert lines == [
        "00_start_here: cell 3 of 54, 0 s, peak 0 MB",
        "00_start_here: cell 54 of 54, 0 s, peak 0 MB",
    ]
