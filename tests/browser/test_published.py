"""Slides and site as a visitor has them: whole, searchable, and alone with this computer."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "runs" / "browser"
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
SLIDE = """() => {
    const slide = Reveal.getCurrentSlide().querySelector(".slide");
    const body = slide.querySelector(".body"), code = slide.querySelector("pre");
    const parts = [slide, ...(body ? [body] : [])];
    return {
        over: Math.max(...parts.map(one => Math.max(
            one.scrollHeight - one.clientHeight, one.scrollWidth - one.clientWidth))),
        letters: code ? parseFloat(getComputedStyle(code).fontSize) : null,
        whole: [...slide.querySelectorAll("img")].every(one => one.naturalWidth),
        words: slide.innerText.trim(),
    };
}"""
SMALLEST = 20
"""Letters of code on a slide 720 high, in pixels: smaller ones the last row cannot read."""
CUT = """() => [...document.querySelectorAll("pre")].filter(one => {
    const way = getComputedStyle(one).overflowX;
    const scrolls = one.closest(".cell_output, .highlight-none") && way === "auto";
    return one.scrollWidth > one.clientWidth && !scrolls;
}).map(one => one.innerText)"""
"""Blocks whose lines are cut: code goes on in the next line, what a program printed scrolls."""


def publish(script: str, needed: str, folder: Path) -> Path:
    """What ``make slides`` or ``make site`` leaves."""
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"no {needed}: make test-browser installs it")
    command = [sys.executable, ROOT / "tools" / "publish" / f"{script}.py", folder]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def slides(chromium, tmp_path_factory) -> Path:
    return publish("slides", "sphinx_revealjs", tmp_path_factory.mktemp("slides"))


@pytest.fixture(scope="module")
def site(chromium, tmp_path_factory) -> Path:
    return publish("website", "myst_nb", tmp_path_factory.mktemp("site"))


def links(page) -> list[str]:
    return page.evaluate("() => [...document.querySelectorAll('a[href]')].map(one => one.href)")


@pytest.mark.parametrize("kind", ["slides", "site"])
def test_all_links_lead_somewhere(kind, request, page):
    folder = request.getfixturevalue(kind)
    todo, seen = [(folder / "index.html").as_uri()], set()
    while todo:
        address = todo.pop()
        path = Path(unquote(urlsplit(address).path))
        if urlsplit(address).scheme != "file" or path in seen:
            continue
        seen.add(path)
        assert path.is_file(), f"{address}: no such page"
        if path.suffix == ".html":
            page.goto(address, wait_until="load")
            todo += links(page)
    assert {path.name.partition(".")[0] for path in seen} >= set(NAMES)


def test_every_slide_fits_and_can_be_read(slides, page):
    for name in NAMES:
        page.goto((slides / f"{name}.slides.html").as_uri())
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        total = page.evaluate("Reveal.getTotalSlides()")
        for number in range(total):
            slide = page.evaluate(SLIDE)
            where = f"{name}, slide {number + 1}: {slide}"
            assert slide["over"] <= 0 and slide["whole"] and slide["words"], where
            assert slide["letters"] is None or slide["letters"] >= SMALLEST, where
            if number == total // 2:
                page.screenshot(path=SCREENSHOTS / f"slides_{name}.png")
            page.evaluate("Reveal.next()")
        assert page.evaluate("Reveal.isLastSlide()")


@pytest.mark.parametrize("width", [390, 1024, 1280, 1440, 1920])
def test_no_page_is_wider_than_its_window_and_no_line_of_code_is_cut(site, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    for path in site.rglob("*.html"):
        page.goto(path.as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{path.relative_to(site)} is {wide} wide"
        assert page.evaluate(CUT) == [], path.relative_to(site)


def test_it_opens_with_a_moving_picture_and_a_map_and_leads_to_start_and_demo(site, page):
    page.goto((site / "index.html").as_uri())
    first = page.locator("article img").first
    assert first.get_attribute("src").endswith("drive.webp")
    for name in NAMES:
        stop = page.locator(".stop", has=page.locator(f"a[href='notebooks/{name}.html']"))
        assert stop.locator("img").evaluate("one => one.naturalWidth") > 0
        assert "computer" in stop.inner_text()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((site / "notebooks" / f"{NAMES[0]}.html").as_uri())
    ways = page.locator(".ways a")
    hrefs = [ways.nth(number).get_attribute("href") for number in range(ways.count())]
    assert hrefs == [
        f"{NAMES[0]}.ipynb",
        "../index.html#without-an-installation",
        "../index.html#the-live-demo",
    ]
    assert all(ways.nth(number).is_visible() for number in range(3))
    index = (site / "index.html").read_text()
    assert 'id="without-an-installation"' in index and 'id="the-live-demo"' in index


def test_the_search_finds_a_word_and_the_figures_are_there(site, page):
    page.goto((site / "index.html").as_uri())
    page.screenshot(path=SCREENSHOTS / "site.png")
    page.locator(".sidebar-search").fill("momentum")
    page.keyboard.press("Enter")
    page.locator("#search-results li a", has_text="03 Training").click()
    page.wait_for_function("document.readyState === 'complete'")
    assert "03_training.html" in page.url
    figures = page.evaluate("[...document.images].map(one => one.naturalWidth)")
    assert figures and min(figures) > 0
    page.screenshot(path=SCREENSHOTS / "site_03_training.png", full_page=True)
