"""The progress of a run of notebooks: one live display in a terminal, short lines in a log."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import psutil
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

QUIET_SECONDS = 20
"""How often a line tells the progress in a log."""
TRUST_SECONDS = 30.0
"""The expected times count as if they had been kept for so long already: the first notebook is
short, and says little of the others where nothing has been read from the disk yet."""


@dataclass
class Progress:
    """Where a running notebook is, shared with the threads that watch and show it."""

    title: str
    cells: int
    cell: int = 0
    peak_mb: float = 0.0
    processes: set[psutil.Process] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self.began


class Display:
    """Shows where a run of notebooks is. Made by :func:`display`.

    Args:
        console: where it is shown.
        expected: the seconds each notebook of the run is expected to take, in order; 0 where
            that is unknown.
    """

    def __init__(self, console: Console, expected: Sequence[float]) -> None:
        self.console = console
        self.live = console.is_interactive and console.file.isatty()
        self.expected = list(expected)
        self.took: list[float] = []
        self.current: Progress | None = None
        self._began = self._told = time.monotonic()

    @contextmanager
    def notebook(self, title: str, cells: int) -> Iterator[Progress]:
        """Show the next notebook of the run; one line about it stays on the screen.

        Args:
            title: its name.
            cells: how many it has.

        Yields:
            Where it is, to be kept up to date.
        """
        self.current = progress = Progress(title, cells)
        self._told = progress.began
        try:
            yield progress
        finally:
            self.current = None
            self.took.append(progress.seconds)
            self.console.print(_line(progress), highlight=False, markup=False)

    def skip(self) -> None:
        """Count a notebook of the run that need not run again."""
        self.expected[len(self.took)] = 0
        self.took.append(0)

    def tick(self) -> None:
        """Print a line from time to time where no live display can be drawn."""
        if not self.live and self.current and time.monotonic() - self._told > QUIET_SECONDS:
            self._told = time.monotonic()
            self.console.print(_line(self.current), highlight=False, markup=False)

    def __rich__(self) -> Group:
        progress = self.current or Progress("", cells=1)
        count = len(self.expected)
        number = f"({min(len(self.took) + 1, count)} of {count})"
        cell = f"cell {progress.cell} of {progress.cells}, peak {progress.peak_mb:.0f} MB"
        text = f"{progress.title} {number}: {cell}" if progress.title else number
        seconds = time.monotonic() - self._began
        left, longer = seconds_left(self.expected, self.took, progress.seconds)
        done = (len(self.took) + progress.cell / progress.cells) / count
        share = seconds / (seconds + left) if left else done
        below = Table.grid(expand=True, padding=(0, 1))
        below.add_column(ratio=1)
        below.add_column(no_wrap=True, overflow="ellipsis")
        below.add_row(ProgressBar(1, share), f"{_duration(seconds)}{_left(left, longer)}")
        return Group(Text(text, no_wrap=True, overflow="ellipsis"), below)


@contextmanager
def display(console: Console, expected: Sequence[float]) -> Iterator[Display]:
    """Show the progress of a run of notebooks while it runs.

    Args:
        console: a live display is drawn where it is a terminal; elsewhere a line is printed every
            20 seconds.
        expected: see :class:`Display`.

    Yields:
        The display, which each notebook of the run is to be told.
    """
    shown = Display(console, expected)
    if not shown.live:
        yield shown
        return
    with Live(shown, console=console, transient=True, refresh_per_second=2):
        console.show_cursor()  # a killed run cannot bring it back
        yield shown


def seconds_left(
    expected: Sequence[float], took: Sequence[float], elapsed: float
) -> tuple[float, bool]:
    """Estimate the time that a run still takes.

    What the notebooks already run took, against what was expected of them, corrects the rest.

    Args:
        expected: seconds of each notebook of the run; 0 where that is unknown.
        took: seconds of those already run.
        elapsed: seconds that the next one has run.

    Returns:
        Seconds, and whether it takes longer than that: for a notebook of unknown time, or one
        that has run longer than expected.
    """
    measured = [pair for pair in zip(took, expected, strict=False) if pair[1]]
    real = TRUST_SECONDS + sum(seconds for seconds, _ in measured)
    pace = real / (TRUST_SECONDS + sum(seconds for _, seconds in measured))
    current, *later = [pace * seconds for seconds in expected[len(took) :]] or [0.0]
    longer = elapsed > current or 0 in later
    return max(current - elapsed, 0) + sum(later), longer


def _left(seconds: float, longer: bool) -> str:
    if seconds < 1:
        return ""
    return f", {'at least' if longer else 'about'} {_duration(seconds)} left"


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _line(progress: Progress) -> str:
    return (
        f"{progress.title}: cell {progress.cell} of {progress.cells}, "
        f"{progress.seconds:.0f} s, peak {progress.peak_mb:.0f} MB"
    )
