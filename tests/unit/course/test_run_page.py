"""The page of a run: whole in every state, with all that is strange in it escaped."""

import errno
import os
import re
import shlex
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from bisenet_lib.course import run_page
from bisenet_lib.course.run_page import Outcome, Run
from bisenet_lib.errors import InputError

STRANGE = """<script>alert(1)</script> "&' {{ 7 * 7 }} <img src=x onerror=alert(1)>"""
FIRST, SECOND = "00_good", "01 100% #odd?<b>"
VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """What a browser would make of a page: its text, and what it loads and links to."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words, self.addresses, self.tags, self.open = [], [], [], []
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href")]
        assert not [name for name, _ in attributes if name.startswith("on")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "laptop,dataset=my #1 & <i>city"
    for name in (FIRST, SECOND):
        (folder / name).mkdir(parents=True)
        for file in (f"{name}.html", run_page.FIGURE, "kernel.log"):
            (folder / name / file).touch()
    return folder


def made(folder, *outcomes, **options) -> Page:
    run = Run(
        "laptop", "/data/a & <i>city", {"rate": STRANGE}, [FIRST, SECOND], [], outcomes, **options
    )
    written = run_page.write(folder, run)
    source = written.read_text(encoding="utf-8")
    assert not re.findall(r"https?:|url\(|@import", source)
    page = Page(source)
    assert not page.open
    assert not {"script", "i", "b"} & set(page.tags)
    for address in page.addresses:
        if address != "data:,":
            assert not urlsplit(address).scheme
            assert (folder / unquote(urlsplit(address).path)).is_file(), address
    return page


GOOD = Outcome(FIRST, 12.4, 821, f"mIoU {STRANGE}", figure=f"Wrong: {STRANGE}")
BAD = Outcome(SECOND, 3.2, 905, error=f"cell In [5]: KeyError: {STRANGE}\nlast line")


def test_a_finished_run(folder):
    page = made(folder, GOOD, Outcome(SECOND, 3.2, 905, "all right", figure="A street"))
    assert "All 2 notebooks ran to the end." in page.text
    assert f"{FIRST} mIoU {STRANGE} 12 s 821 MB {SECOND} all right 3 s 905 MB" in page.text
    assert "total 16 s 905 MB" in page.text
    assert f"Wrong: {STRANGE}" in page.text and "A street" in page.text
    assert page.tags.count("img") == 2
    assert "rate = <script>alert(1)</script>" in page.text
    assert "go on" not in page.text


def test_a_failed_run_says_what_failed_and_how_to_go_on(folder):
    page = made(folder, GOOD, BAD, ended=True)
    assert f"{SECOND} failed. cell In [5]: KeyError: {STRANGE} last line" in page.text
    assert f"Then go on with: {shlex.join(['bisenet', 'course', 'run', SECOND])}" in page.text
    assert any("kernel.log" in address for address in page.addresses)


def test_a_stopped_run(folder):
    page = made(folder, GOOD, ended=True)
    assert f"Stopped in {SECOND}. Go on with: bisenet course run" in page.text
    assert f"{SECOND} stopped" in page.text
    assert page.tags.count("img") == 1


def test_a_run_at_work_and_what_an_earlier_one_left(folder):
    earlier = {name: Outcome(name, 9.0, 7, "an old result") for name in (SECOND, "02_other")}
    page = made(folder, earlier=earlier)
    assert f"Running {FIRST}." in page.text
    assert f"{FIRST} running" in page.text
    assert f"{SECOND} an old result (an earlier run) 9 s" in page.text
    assert "02_other an old result (an earlier run) 9 s" in page.text
    assert "total 18 s" in page.text


def test_what_is_not_there_is_not_linked(tmp_path):
    page = made(tmp_path / "new", GOOD, BAD, ended=True)
    assert page.addresses == ["data:,"]


def test_a_name_that_is_no_text_is_shown_by_its_bytes(tmp_path):
    name = os.fsdecode(b"stra\xdfe")
    (tmp_path / name).mkdir()
    (tmp_path / name / run_page.FIGURE).touch()
    run = Run("laptop", f"/data/{name}", {}, [name], [], [Outcome(name, 1, 1)])
    page = run_page.write(tmp_path, run).read_text(encoding="utf-8")
    assert "/data/stra\\udcdfe" in page
    assert 'src="stra%DFe/headline.png"' in page


def test_the_page_is_written_whole(folder, monkeypatch):
    made(folder, GOOD)
    before = (folder / run_page.PAGE).read_text()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"index\.html"):
        made(folder, GOOD, BAD)
    assert (folder / run_page.PAGE).read_text() == before
    assert [path.name for path in folder.glob("*.part*")] == []
