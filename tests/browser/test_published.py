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
SHOWS = """() => {
    const slide = Reveal.getCurrentSlide();
    const pictures = [...slide.querySelectorAll("img")];
    return slide.innerText.trim() || pictures.some(one => one.naturalWidth);
}"""
SMALLEST = 0.6
"""Below this a slide cannot be read from the back of a classroom."""


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


def test_every_slide_fits_and_shows_something(slides, page):
    for name in NAMES:
        page.goto((slides / f"{name}.slides.html").as_uri())
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        total = page.evaluate("Reveal.getTotalSlides()")
        assert total >= 10
        for number in range(total):
            size = page.evaluate("parseFloat(Reveal.getCurrentSlide().style.zoom)")
            assert size >= SMALLEST, f"{name}, slide {number + 1}: shown at {size:.2f}"
            assert page.evaluate(SHOWS), f"{name}, slide {number + 1} is empty"
            if number == total // 2:
                page.screenshot(path=SCREENSHOTS / f"slides_{name}.png")
            page.evaluate("Reveal.next()")
        assert page.evaluate("Reveal.isLastSlide()")


@pytest.mark.parametrize("width", [420, 1024, 1280, 1440, 1920])
def test_no_page_is_wider_than_its_window(site, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    for path in site.rglob("*.html"):
        page.goto(path.as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{path.relative_to(site)} is {wide} wide"


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
