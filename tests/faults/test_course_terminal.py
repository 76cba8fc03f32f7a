"""The course in a real terminal: a live display, a page, and the terminal as it was before."""

import re
import shlex
import signal
import termios
from html import unescape

import pexpect
import pytest
from processes import BISENET, environment, run

from bisenet_lib.course.parameters import name_of

PARAMETERS = """profile: str = "smoke"
dataset: str = ""
run_dir: str = ""
wait: float = 0.0  # seconds"""
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class Course:
    """Two notebooks, and the command that runs them."""

    def __init__(self, home, writer):
        self.home = home
        self.folder = home / "my #1 runs"
        (home / "city" / "leftImg8bit").mkdir(parents=True)
        writer(home / "notebooks" / "00_first.ipynb", ["first = 1"], PARAMETERS)
        self.fault = home / "notebooks" / "fault"
        cells = [
            "import time; time.sleep(wait)",
            "from pathlib import Path; assert not Path('fault').exists(), '<b>the fault'",
        ]
        writer(home / "notebooks" / "01_second.ipynb", cells, PARAMETERS)
        (home / "notebooks" / "times.json").write_text(
            '{"smoke": {"00_first": {"seconds": 3}, "01_second": {"seconds": 900}}}'
        )

    def words(self, *more):
        where = ["--notebooks", self.home / "notebooks", "--cityscapes", self.home / "city"]
        words = ["course", "run", "--profile", "smoke", *where, "--runs-dir", self.folder, *more]
        return list(map(str, words))

    def page(self, **parameters):
        named = {"dataset": str(self.home / "city"), **parameters}
        return self.folder / f"smoke,{name_of(named)}" / "index.html"


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, words, width):
        env = environment() | {"TERM": "xterm-256color"}
        for name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
            env.pop(name, None)
        self.child = pexpect.spawn(
            str(BISENET), words, env=env, dimensions=(24, width), encoding="utf-8", timeout=90
        )
        self.settings = termios.tcgetattr(self.child.child_fd)
        self.seen = ""

    def wait_for(self, pattern):
        self.child.expect(pattern)
        self.seen += self.child.before + (self.child.after if pattern != pexpect.EOF else "")

    def end(self):
        """Its exit code, and what is on the screen last; the terminal must be as it was."""
        self.wait_for(pexpect.EOF)
        assert termios.tcgetattr(self.child.child_fd) == self.settings
        self.child.close()
        assert self.seen.rfind(SHOW) > self.seen.rfind(HIDE)
        assert "\x1b[?1049" not in self.seen, "the other screen"
        return self.child.exitstatus, self.seen.split()[-1]


@pytest.fixture
def course(tmp_path, notebook_writer):
    return Course(tmp_path, notebook_writer)


def text(page):
    """The words of a page."""
    return " ".join(
        unescape(re.sub(r"<style>.*</style>|<[^>]*>", "", page.read_text(), flags=re.S)).split()
    )


def test_a_failed_run_says_how_to_go_on_and_the_command_does(course):
    course.fault.touch()
    narrow = Terminal(course.words(), width=20)
    code, last = narrow.end()
    assert code == 1
    assert last == course.page().as_uri()
    shown = text(course.page())
    assert "01_second failed. cell In [4]: AssertionError: <b>the fault" in shown
    command = re.search("Then go on with: (bisenet course run 01_second .*) The shell", shown)[1]
    assert f"Go on with: {command}" in narrow.seen

    course.fault.unlink()
    wide = Terminal(shlex.split(command)[1:], width=100)
    wide.wait_for(r"01_second \(1 of 1\): cell \d of 4, peak \d+ MB")
    wide.wait_for(r"0:00:\d\d, about 0:1\d:\d\d left")
    code, last = wide.end()
    assert code == 0
    assert last == course.page().as_uri()
    assert "The notebook ran to the end." in text(course.page())
    assert "00_first (an earlier run)" in text(course.page())


def test_ctrl_c_leaves_the_terminal_and_a_page_that_says_how_to_go_on(course):
    terminal = Terminal(course.words("01", "-p", "wait=600"), width=60)
    terminal.wait_for(r"01_second \(1 of 1\): cell 3")
    terminal.child.send("\x03")
    code, _ = terminal.end()
    assert code == 130
    assert "Traceback" not in terminal.seen
    page = course.page(wait=600.0)
    assert page.as_uri() in terminal.seen
    assert "Stopped in 01_second. Go on with: bisenet course run 01_second" in text(page)
    assert "-p wait=600.0" in text(page)


def test_a_killed_run_leaves_the_cursor_and_a_page(course):
    terminal = Terminal(course.words("01", "-p", "wait=600"), width=60)
    terminal.wait_for(r"01_second \(1 of 1\): cell 3")
    terminal.child.kill(signal.SIGKILL)
    terminal.end()
    assert "Running 01_second." in text(course.page(wait=600.0))
    assert "If the run has ended" in text(course.page(wait=600.0))


def test_a_log_has_no_drawing_in_it(course):
    code, printed = run(*course.words("00"), env={"FORCE_COLOR": "1"})
    assert code == 0
    assert "00_first: cell 3 of 3" in printed
    assert "(1 of 1)" not in printed and "\x1b[?25" not in printed and "\x1b[2K" not in printed
    assert printed.splitlines()[-1] == course.page().as_uri()
