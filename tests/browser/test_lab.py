"""The notebooks in JupyterLab as a learner has them: run in the browser, explorers moved."""

import json
import re
import secrets
import time
import urllib.request
from pathlib import Path

import numpy as np
import psutil
import pytest
from conftest import new_page
from PIL import Image

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
QUICK = {"01_dataset", "02_architecture"}
"""Opened by every ``make test``: both have an explorer, and neither trains."""
SCREENSHOTS = ROOT / "runs" / "browser"
MINUTES = 10
MOVES = 4
"""Of an explorer; with the first comes what the browser has put off until then."""

STATE = """() => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    const kernel = panel?.sessionContext?.session?.kernel;
    const cells = [...(panel?.content?.model?.cells ?? [])].map(cell => cell.toJSON());
    return {status: kernel?.status, cells};
}"""
CHANGED = """([number, before]) => {
    const cell = document.querySelector(`[data-windowed-list-index="${number}"]`);
    const picture = cell?.querySelector(".jp-RenderedImage img");
    return picture?.complete && picture.src !== before;
}"""
KERNEL_TOLD = """async () => {
    const panel = window.jupyterapp.shell.currentWidget;
    const kernel = panel.sessionContext.session.kernel;
    await Promise.all([kernel.info, kernel.spec, panel.context.ready, panel.revealed]);
}"""
"""After it JupyterLab has compared the notebook's metadata with the kernel's."""
SCROLL = """async number => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = number;
    await notebook.scrollToItem(number, "start");
}"""


@pytest.fixture(params=[path.stem for path in PATHS])
def name(request) -> str:
    """Of a notebook."""
    if request.param not in QUICK and not request.config.getoption("--all-notebooks", False):
        pytest.skip("make test-browser opens it")
    return request.param


@pytest.fixture
def run(page, lab):
    """Open a notebook and run all its cells, through the menu; gives the cells as they then are."""

    def open_and_run(name: str) -> list[dict]:
        page.goto(lab.address(f"lab/tree/notebooks/{name}.ipynb"))
        page.wait_for_function(f"({STATE})().status === 'idle'", timeout=60_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        until = time.monotonic() + 60 * MINUTES
        while time.monotonic() < until:
            state = page.evaluate(STATE)
            code = [cell for cell in state["cells"] if cell["cell_type"] == "code"]
            errors = [out for cell in code for out in cell["outputs"] if "ename" in out]
            assert not errors, f"{errors[0]['ename']}: {errors[0]['evalue']}"
            if state["status"] == "idle" and all(cell["execution_count"] for cell in code):
                return state["cells"]
            page.wait_for_timeout(200)
        raise AssertionError(f"{name} was not done in {MINUTES} minutes")

    yield open_and_run
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def explorers(cells: list[dict]) -> list[int]:
    """The numbers of the cells that call ``explore``."""
    calls = [re.search(r"(?<!def )\bexplore\(", "".join(cell["source"])) for cell in cells]
    return [number for number, call in enumerate(calls) if call]


def test_all_cells_run_and_the_explorers_move(name, run, page):
    cells = run(name)
    figures = [n for n, cell in enumerate(cells) if "image/png" in str(cell.get("outputs"))]
    assert figures
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for number in explorers(cells):
        seconds = ", ".join(f"{move(page, number, turn):.2f}" for turn in range(MOVES))
        print(f"{name}, cell {number}: moves took {seconds} s")
        page.screenshot(path=SCREENSHOTS / f"{name}_{number}.png")
    if not explorers(cells):
        page.evaluate(SCROLL, figures[-1])
        page.screenshot(path=SCREENSHOTS / f"{name}.png")


def test_opening_a_notebook_changes_nothing(name, page, lab):
    path = lab.folder / "kept" / f"{name}.ipynb"
    before = path.read_bytes()
    page.goto(lab.address(f"lab/tree/kept/{name}.ipynb"))
    page.wait_for_function(f"({STATE})().status === 'idle'", timeout=60_000)
    page.evaluate(KERNEL_TOLD)
    page.wait_for_timeout(1000)  # for what comes of itself later
    panel = "window.jupyterapp.shell.currentWidget"
    assert page.evaluate(f"{panel}.content.model.dirty") is False
    page.evaluate(f"{panel}.sessionContext.shutdown()")
    assert path.read_bytes() == before


def move(page, number: int, turn: int) -> float:
    """Use a control of an explorer, and wait until its figure has changed; gives the seconds."""
    page.evaluate(SCROLL, number)
    cell = page.locator(f'.jp-Notebook-cell[data-windowed-list-index="{number}"]')
    picture = cell.locator(".jp-RenderedImage img").first
    picture.wait_for()
    before, began = picture.get_attribute("src"), time.monotonic()
    slider, choice = cell.locator(".noUi-handle").first, cell.locator("select").first
    if slider.count():
        last = slider.get_attribute("aria-valuenow") == slider.get_attribute("aria-valuemax")
        slider.focus()
        page.keyboard.press("ArrowLeft" if last else "ArrowRight")
    elif choice.count():
        other = (choice.evaluate("one => one.selectedIndex") + 1) % choice.locator("option").count()
        choice.select_option(index=other)
    else:
        with page.expect_file_chooser() as chooser:
            cell.locator(".widget-upload").click()
        photograph = ("street.png", "errors.png")[turn % 2]
        began = time.monotonic()
        chooser.value.set_files(ROOT / "notebooks" / "images" / photograph)
    page.wait_for_function(CHANGED, arg=[number, before])
    return time.monotonic() - began


SEED = 1000 + secrets.randbelow(10**6)
"""Of a street that nobody else draws, which tells its process from others."""
LIVE = [
    f"live_drive.show_drive(lambda frame: 255 - frame, seed={SEED}, size=(256, 128))",
    "print(6 * 7)",
    f"""def fails_later(frame, calls=[]):
    calls.append(1)
    assert len(calls) < 4, "enough of it"
    return frame
live_drive.show_drive(fails_later, seed={SEED}, size=(256, 128))""",
]


def drawings() -> list[psutil.Process]:
    """The processes that draw the drive."""
    words = ["bisenet_lib.deployment.demo.drawing", str(SEED)]
    processes = psutil.process_iter(["cmdline"])
    return [one for one in processes if (one.info["cmdline"] or [])[2:4] == words]


def wait_for_no_drawing(page) -> None:
    until = time.monotonic() + 60
    while drawings():
        assert time.monotonic() < until, "the drive is still drawn"
        page.wait_for_timeout(100)


def test_a_drive_plays_and_stops_beside_other_cells(lab, run, page, notebook_writer):
    first = "from bisenet_lib.course import live_drive"
    notebook_writer(lab.folder / "notebooks" / "live.ipynb", LIVE, first)
    run("live")
    cells = [page.locator(f'.jp-Notebook-cell[data-windowed-list-index="{n}"]') for n in (1, 2, 3)]
    playing, still = "img.widget-image", ".jp-RenderedImage img"
    speed = cells[0].locator(".widget-label")
    pause_or_play, stop = (cells[0].locator(".widget-play button").nth(n) for n in range(2))
    assert cells[0].locator(still).is_visible() and not drawings()

    pause_or_play.click()
    speed.filter(has_text="frames per second").wait_for()
    source = cells[0].locator(playing).get_attribute("src")
    page.wait_for_function(
        "([where, before]) => document.querySelector(where)?.src !== before",
        arg=[playing, source],
    )
    assert not cells[0].locator(still).count()
    cells[1].locator(".jp-InputArea-editor").click()
    page.keyboard.press("Control+Enter")
    cells[1].locator(".jp-InputArea-prompt", has_text="[5]").wait_for()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "live.png")
    assert drawings()
    stop.click()
    cells[0].locator(still).wait_for()
    wait_for_no_drawing(page)
    assert not cells[0].locator(playing).count()

    pause_or_play.click()
    cells[0].locator(playing).wait_for()
    assert drawings()
    cells[0].locator(".jp-InputArea-editor").click()
    page.keyboard.press("Control+Enter")  # its buttons are gone, and with them the drive
    cells[0].locator(still).wait_for()
    wait_for_no_drawing(page)

    cells[2].locator(".widget-play button").first.click()
    cells[2].get_by_text("AssertionError: enough of it").wait_for(timeout=60_000)
    wait_for_no_drawing(page)


PHOTOGRAPH = (240, 160)
APPLE = [(30, 20), (110, 20), (110, 90), (30, 90)]


@pytest.fixture
def photographs(lab, notebook_writer):
    """Two photographs, the second labelled in LabelMe, and the notebook ``labelling`` for them."""
    folder = lab.folder / "photographs"
    folder.mkdir()
    for name in "ab":
        Image.new("RGB", PHOTOGRAPH, "peru").save(folder / f"{name}.jpg")
    point = {"label": "plate", "shape_type": "point", "points": [[9, 9]], "flags": {"odd": True}}
    box = {"label": "plate", "shape_type": "rectangle", "points": [[150, 90], [230, 150]]}
    about = {"imagePath": "b.jpg", "imageWidth": 240, "imageHeight": 160, "reviewer": "Zoë"}
    (folder / "b.json").write_text(json.dumps({**about, "shapes": [point, box]}))
    cells = ['widget.label("../photographs", ["plate", "apple"])']
    first = "from bisenet_lib.course.labeller import widget"
    notebook_writer(lab.folder / "notebooks" / "labelling.ipynb", cells, first)
    return folder


def test_objects_are_outlined_corrected_and_saved_in_the_labeller(run, page, photographs):
    run("labelling")
    canvas, progress = page.locator(".labeller canvas"), page.locator(".labeller .count")
    progress.filter(has_text="1 of 2 labelled").wait_for()
    page.locator(".jp-RenderedImage img").wait_for(state="detached")
    box = canvas.bounding_box()
    origin, extent = np.array([box["x"], box["y"]]), np.array([box["width"], box["height"]])
    scale = (extent / PHOTOGRAPH).min()

    def at(point, zoom=1.0):
        """Where a pixel is on the screen; the photograph's middle is that of the canvas."""
        from_middle = np.subtract(point, np.divide(PHOTOGRAPH, 2))
        return (origin + extent / 2 + zoom * scale * from_middle).tolist()

    def saved(name):
        data = json.loads((photographs / f"{name}.json").read_text())
        return data, [np.array(shape["points"]) for shape in data["shapes"]]

    cells = len(page.evaluate(STATE)["cells"])
    page.mouse.click(*at(APPLE[0]))
    for key in "d2d":  # "d d" deletes a cell where JupyterLab hears it
        page.keyboard.press(key)
    for corner in [*APPLE[1:], APPLE[0]]:
        page.mouse.click(*at(corner))
    page.keyboard.press("s")
    progress.filter(has_text=re.compile("^2 of 2 labelled$")).wait_for()
    data, shapes = saved("a")
    assert [shape["label"] for shape in data["shapes"]] == ["apple"]
    assert shapes[0] == pytest.approx(np.array(APPLE), abs=0.7)

    page.keyboard.press("e")
    page.mouse.click(*at((70, 50)))
    page.mouse.move(*at(APPLE[2]))
    page.mouse.down()
    page.mouse.move(*at((130, 120)), steps=4)
    page.mouse.up()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "labeller.png")
    page.keyboard.press("n")
    progress.filter(has_text=re.compile("^2 of 2 labelled$")).wait_for()
    page.locator(".labeller option:checked", has_text="b.jpg").wait_for(state="attached")
    assert saved("a")[1][0][2] == pytest.approx((130, 120), abs=0.7)

    before = saved("b")[0]
    page.keyboard.press("d")
    page.keyboard.press("+")
    for corner in [(100, 60), (140, 60), (140, 100), (120, 120)]:
        page.mouse.click(*at(corner, zoom=1.25))
    for key in ("z", "Enter", "s"):
        page.keyboard.press(key)
    progress.filter(has_text=re.compile("^2 of 2 labelled$")).wait_for()
    until = time.monotonic() + 20
    while len(saved("b")[1]) < 3:
        assert time.monotonic() < until, "not saved"
        page.wait_for_timeout(50)
    data, shapes = saved("b")
    assert data["shapes"][:2] == before["shapes"] and data["reviewer"] == "Zoë"
    assert shapes[2] == pytest.approx(np.array([(100, 60), (140, 60), (140, 100)]), abs=0.7)
    page.screenshot(path=SCREENSHOTS / "labeller_zoomed.png")
    assert len(page.evaluate(STATE)["cells"]) == cells


def test_the_overlay_of_a_video_plays(lab, run, page, notebook_writer, colour_network):
    """In the page of a notebook, and as a file that the browser opens."""
    folder = lab.folder / "videos"
    folder.mkdir()
    colour_network(folder / "model.onnx")
    cells = [
        'film("../videos/drive.mp4", frames=12, size=(128, 64))',
        """predictor = photographs.open_predictor("../videos/model.onnx")
video.predict_video(predictor, "../videos/drive.mp4", "../videos")""",
        'Video("../videos/drive_overlay.mp4", embed=True)',
    ]
    first = """from IPython.display import Video
from bisenet_lib.data.minicity import film
from bisenet_lib.deployment import photographs, video"""
    notebook_writer(lab.folder / "notebooks" / "video.ipynb", cells, first)
    run("video")
    assert played(page) == pytest.approx([128, 64, 1.2])
    with new_page(page.context.browser) as other:
        for name in ("drive", "drive_overlay"):
            other.goto((folder / f"{name}.mp4").as_uri())
            assert played(other) == pytest.approx([128, 64, 1.2])


def played(page) -> list[float]:
    """Play the video of a page to its end; gives width, height, and the seconds it took in it."""
    video = page.locator("video")
    video.evaluate("video => { video.muted = true; void video.play(); }")
    page.wait_for_function("() => document.querySelector('video').ended", timeout=60_000)
    return video.evaluate("one => [one.videoWidth, one.videoHeight, one.currentTime]")


def test_jupyterlab_asks_for_no_news_and_no_updates(lab):
    def answer(path):
        request = urllib.request.Request(lab.url + path)
        request.add_header("Authorization", f"token {lab.token}")
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    assert answer("lab/api/news")["news"] == []
    assert answer("lab/api/update")["notification"] is None
