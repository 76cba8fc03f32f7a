"""The live demo in a real browser: the drive, a camera, a photo, a video, and what breaks them.

The network gives each pixel the class of its strongest channel, so a green photo is all green.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import ROOT, new_page
from tornado.websocket import websocket_connect

BISENET = Path(sys.executable).with_name("bisenet")
SCREENSHOTS = ROOT / "runs" / "browser"
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
SECONDS = 60
WIDTHS = {"wide": (1440, 900), "phone": (390, 844)}
SHOWN = "() => Number(document.getElementById('stage').dataset.frame ?? -1)"


@contextmanager
def running(model, *options):
    """`bisenet demo`; gives its address."""
    command = [BISENET, "demo", model, "--no-browser", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        try:
            yield demo.stdout.readline().strip()
        finally:
            demo.terminate()


@pytest.fixture(scope="module")
def model(colour_network, tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "colours.onnx"
    colour_network(path)
    return path


@pytest.fixture(scope="module")
def demo(chromium, model):
    with running(model) as address:
        yield address


def picture(colour, size=(320, 240)) -> np.ndarray:
    return np.full((size[1], size[0], 3), colour[::-1], np.uint8)


@pytest.fixture(scope="module")
def camera(launch, tmp_path_factory):
    """A browser whose camera films a red wall."""
    clip = tmp_path_factory.mktemp("clip") / "red.y4m"
    planes = cv2.cvtColor(picture(RED), cv2.COLOR_BGR2YUV_I420).tobytes()
    clip.write_bytes(b"YUV4MPEG2 W320 H240 F20:1 Ip A1:1 C420jpeg\n" + 20 * (b"FRAME\n" + planes))
    browser = launch(
        "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={clip}"
    )
    yield browser
    browser.close()


def write_video(path: Path, codec: str) -> Path:
    fourcc = cv2.VideoWriter_fourcc(*codec)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, 10, (320, 240))
    for _ in range(20):
        writer.write(picture(BLUE))
    writer.release()
    return path


def wait_until_shown(page) -> None:
    page.wait_for_selector("#stage.filled", timeout=1000 * SECONDS)


def wait_for_class(page, name, share="100 %") -> None:
    """Until the legend says so."""
    page.wait_for_function(
        """([name, share]) => [...document.querySelectorAll("#classes li")].some(one =>
        one.querySelector("span").textContent === name &&
        one.querySelector("b").textContent === share)""",
        arg=[name, share],
        timeout=1000 * SECONDS,
    )


def wait_for_notice(page, *words) -> str:
    page.wait_for_function(
        """words => words.every(word =>
        document.getElementById("notices").textContent.includes(word))""",
        arg=list(words),
        timeout=1000 * SECONDS,
    )
    return page.locator("#notices").inner_text()


def wait_for_frames(page, count=3) -> None:
    wait_until_shown(page)
    seen = set()
    until = time.monotonic() + SECONDS
    while len(seen) < count:
        assert time.monotonic() < until, "the picture does not move"
        seen.add(page.evaluate(SHOWN))
        page.wait_for_timeout(20)


def segmented(address) -> int:
    """Images that the server has segmented so far."""

    async def ask():
        socket = await websocket_connect(address.replace("http", "ws") + "socket")
        hello = json.loads(await socket.read_message())
        socket.close()
        return hello["segmented"]

    with ThreadPoolExecutor(1) as other:  # Playwright's own loop runs in this thread
        return other.submit(asyncio.run, ask()).result()


def drop(page, name, content: bytes, kind: str) -> None:
    page.evaluate(
        """([name, bytes, type]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name, { type }));
            for (const event of ["dragover", "drop"])
                document.body.dispatchEvent(
                    new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        [name, list(content), kind],
    )


def test_the_drive_moves_and_its_speed_is_measured(demo, page):
    page.goto(demo)
    wait_for_frames(page, 6)
    page.wait_for_function("() => Number(document.getElementById('fps').textContent) > 0")
    for figure in ("network", "rest"):
        assert float(page.locator(f"#{figure}").inner_text()) > 0
    assert page.locator("#size-value").inner_text() == "512 \N{MULTIPLICATION SIGN} 256"
    shares = page.locator("#classes b").all_inner_texts()
    assert any(re.fullmatch(r"\d+ %", share) for share in shares)


def test_the_class_and_its_probability_are_under_the_pointer(demo, page):
    page.goto(demo)
    wait_for_frames(page)
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    page.wait_for_function("() => document.querySelectorAll('#readout p').length === 3")
    lines = page.locator("#readout p").all_inner_texts()
    shares = [int(re.search(r"(\d+) %", line)[1]) for line in lines]
    assert {line.split()[0] for line in lines} == {"red", "green", "blue"}
    assert shares == sorted(shares, reverse=True) and 98 <= sum(shares) <= 102
    page.mouse.move(5, 5)
    page.wait_for_selector("#readout", state="hidden")


def test_all_keys_of_a_talk(demo, page):
    page.goto(demo)
    wait_for_frames(page)

    def value(script):
        return page.evaluate(script)

    page.keyboard.press("Space")
    assert page.locator("#pause").inner_text() == "Go on"
    page.wait_for_timeout(1500)
    before = value(SHOWN)
    page.wait_for_timeout(500)
    assert value(SHOWN) == before
    for number in (1, 2):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"() => ({SHOWN})() === {before + number}")
    page.keyboard.press("d")
    assert value("document.getElementById('divider').ariaValueNow") == "0"
    page.keyboard.press("]")
    assert value("document.getElementById('divider').ariaValueNow") == "5"
    before = page.locator("#opacity-value").inner_text()
    page.keyboard.press("o")
    assert page.locator("#opacity-value").inner_text() != before
    page.keyboard.press("p")
    assert page.locator("#palettes [aria-pressed=true]").inner_text() == "Colour-blind"
    page.keyboard.press("2")
    pressed = "[...document.querySelectorAll('#classes button')].map(one => one.ariaPressed)"
    assert value(pressed) == ["true", "false", "true"]
    page.keyboard.press("a")
    page.keyboard.press("a")
    assert value(pressed) == ["true"] * 3
    page.keyboard.press("+")  # while it is paused: the same picture, segmented again
    page.wait_for_selector("#stage[data-size='576x288']")
    page.keyboard.press("-")
    page.wait_for_selector("#stage[data-size='512x256']")
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => document.querySelectorAll('#readout p').length === 3")
    page.wait_for_function("() => document.getElementById('spoken').textContent.includes('%')")
    page.keyboard.press("Escape")
    page.wait_for_selector("#readout", state="hidden")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement?.id === 'show'")
    page.keyboard.press("f")
    page.wait_for_function("() => !document.fullscreenElement")
    page.keyboard.press("Space")
    wait_for_frames(page)


def test_every_control_is_reached_by_tab_has_a_name_and_shows_the_focus(demo, page):
    page.goto(demo)
    wait_for_frames(page)
    missing = page.evaluate(
        "[...document.querySelectorAll('button, select, input:not([hidden]), [tabindex]')]"
        ".filter(one => one.checkVisibility({visibilityProperty: true}) && !one.disabled)"
        ".map(one => (one.dataset.reach = one.id || one.innerText))"
    )
    reached = set()
    for _ in range(3 * len(missing)):
        page.keyboard.press("Tab")
        name, label, outlined = page.evaluate(
            """() => {
                const one = document.activeElement;
                const outline = [one, one.firstElementChild].filter(Boolean).some(
                    each => getComputedStyle(each).outlineStyle === "solid");
                const label = one.ariaLabel || one.innerText || one.labels?.[0]?.innerText;
                return [one.dataset.reach ?? "", label, outline];
            }"""
        )
        if name:
            assert label.strip() and outlined, name
            reached.add(name)
    assert reached == set(missing)


def test_no_control_is_cut_off_on_a_telephone_or_a_large_screen(demo, chromium):
    for width, height in WIDTHS.values():
        with new_page(chromium, viewport={"width": width, "height": height}) as page:
            page.goto(demo)
            wait_until_shown(page)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide == width
            right = page.evaluate(
                "Math.max(...[...document.querySelectorAll('button, select, input')]"
                ".map(one => one.getBoundingClientRect().right))"
            )
            assert right <= width


def test_the_camera_is_segmented_for_its_page_alone(demo, camera):
    with new_page(camera, permissions=["camera"]) as page:
        page.goto(demo)
        wait_until_shown(page)
        page.get_by_role("button", name="Camera").click()
        page.wait_for_selector("#stage[data-size='416x320']", timeout=1000 * SECONDS)
        wait_for_class(page, "red")
        wait_for_frames(page, 6)
        page.keyboard.press("Space")
        page.wait_for_timeout(1000)
        before = page.evaluate(SHOWN)
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"() => ({SHOWN})() > {before}")
        page.keyboard.press("s")
        page.wait_for_selector("#stage[data-size='512x256']", timeout=1000 * SECONDS)


def test_a_camera_that_is_refused_or_absent_says_what_to_do(demo, camera, page):
    with new_page(camera) as refused:
        refused.goto(demo)
        wait_until_shown(refused)
        refused.get_by_role("button", name="Camera").click()
        assert "Allow it" in wait_for_notice(refused, "did not give this page the camera")
        wait_for_frames(refused)  # the drive goes on
    page.context.grant_permissions(["camera"])
    page.goto(demo)
    wait_until_shown(page)
    page.get_by_role("button", name="Camera").click()
    assert "drop a photo" in wait_for_notice(page, "No camera was found")
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
    page.get_by_role("button", name="Camera").click()
    assert "localhost" in wait_for_notice(page, "https")


def test_a_photo_is_segmented_again_when_the_input_size_changes(demo, page):
    page.goto(demo)
    wait_until_shown(page)
    photo = cv2.imencode(".png", picture(GREEN, (900, 600)))[1].tobytes()
    page.locator("#file").set_input_files(
        [{"name": "field.png", "mimeType": "image/png", "buffer": photo}]
    )
    wait_for_class(page, "green")
    assert page.locator("#stage").get_attribute("data-size") == "448x288"
    why = page.locator("#size-why").inner_text()
    assert why.startswith("900 × 600, seen by the network at 448 × 288, since its file does")  # noqa: RUF001
    page.locator("#size").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#stage[data-size='384x256']")
    page.locator("#size").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#stage[data-size='448x288']")
    drop(page, "wall.jpg", cv2.imencode(".jpg", picture(RED))[1].tobytes(), "image/jpeg")
    wait_for_class(page, "red")


def test_a_panorama_is_segmented_at_the_largest_input_size(demo, page):
    page.goto(demo)
    wait_until_shown(page)
    photo = cv2.imencode(".png", picture(GREEN, (1280, 24)))[1].tobytes()
    page.locator("#file").set_input_files(
        [{"name": "field.png", "mimeType": "image/png", "buffer": photo}]
    )
    wait_for_class(page, "green")
    page.locator("#size").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#stage[data-size='5280x96']")


def test_a_video_is_played_and_one_that_cannot_be_names_what_reads_it(demo, page, tmp_path):
    page.goto(demo)
    wait_until_shown(page)
    page.locator("#file").set_input_files(write_video(tmp_path / "sea.webm", "VP80"))
    wait_for_class(page, "blue")
    wait_for_frames(page, 6)
    page.keyboard.press("Space")
    page.wait_for_timeout(1000)
    before = page.evaluate(SHOWN)
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => ({SHOWN})() > {before}")
    for path in (write_video(tmp_path / "old.mp4", "mp4v"), tmp_path / "broken.webm"):
        if not path.exists():
            path.write_bytes(bytes(5000))
        page.locator("#file").set_input_files(path)
        wait_for_notice(page, path.name, "cannot play it", "bisenet predict")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("notes.txt", b"no picture", "no picture of a kind that is read here"),
        ("cut.jpg", cv2.imencode(".jpg", picture(GREEN))[1].tobytes()[:700], "cut.jpg"),
        ("bomb.png", None, "more than 64 million pixels"),
        ("fat.png", bytes(34 << 20), "36 MB; at most 34 MB"),
    ],
)
def test_a_broken_upload_gets_a_sentence_and_the_drive_goes_on(demo, page, name, content, told):
    if content is None:
        content = cv2.imencode(".png", np.zeros((8001, 8001), np.uint8))[1].tobytes()
        assert len(content) < 1 << 20
    page.goto(demo)
    wait_until_shown(page)
    page.locator("#file").set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": content}]
    )
    assert name in wait_for_notice(page, told)
    wait_for_frames(page)
    page.locator("#notices button").click()
    assert page.locator("#notices").inner_text() == ""


def test_ten_pages_share_every_frame_and_closed_ones_cost_nothing(demo, chromium):
    counts = [0] * 10
    with ExitStack() as stack:
        for number in range(len(counts)):
            small = {"width": 390, "height": 400}  # drawing is slow without a graphics card
            page = stack.enter_context(new_page(chromium, viewport=small))

            def count(data, number=number):
                counts[number] += isinstance(data, bytes)

            page.on("websocket", lambda socket, count=count: socket.on("framereceived", count))
            page.goto(demo)
            wait_until_shown(page)
        before, began = list(counts), segmented(demo)
        page.wait_for_timeout(4000)
        got = [after - before for after, before in zip(counts, before, strict=True)]
        done = segmented(demo) - began
        assert min(got) > 0 and max(got) <= done + 4, (got, done)
    time.sleep(3)
    before = segmented(demo)
    time.sleep(2)
    assert segmented(demo) == before


def test_a_hidden_page_stops_the_work(demo, page):
    page.goto(demo)
    wait_for_frames(page)
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", { value: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    page.wait_for_timeout(3000)
    before = segmented(demo)
    page.wait_for_timeout(2000)
    assert segmented(demo) == before


def test_the_page_says_when_the_demo_has_ended_and_comes_back_with_it(model, page):
    with running(model) as demo:
        page.goto(demo)
        wait_until_shown(page)
    page.wait_for_selector("body.lost")
    assert "start bisenet demo again" in page.locator("#empty").inner_text()
    with running(model, "--port", re.search(r":(\d+)/", demo)[1]):
        page.wait_for_selector("body:not(.lost)", timeout=1000 * SECONDS)
        wait_for_frames(page)


def test_with_a_token_the_whole_page_works(model, page):
    with running(model, "--host", "0.0.0.0") as address:
        port, token = re.fullmatch(r"http://[^/]+:(\d+)/([\w-]{20,})/", address).groups()
        page.goto(f"http://127.0.0.1:{port}/{token}/")
        wait_for_frames(page)


def test_pictures_to_look_at(chromium, camera, request, tmp_path):
    if not request.config.getoption("--all-notebooks", False):
        pytest.skip("make test-browser makes them")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    street = ROOT / "notebooks" / "images" / "street.png"
    with running(ROOT / "data" / "checkpoints" / "bisenetv2_minicity") as demo:
        for name, (width, height) in WIDTHS.items():
            size = {"width": width, "height": height}
            with new_page(camera, viewport=size, permissions=["camera"]) as page:

                def shoot(what, page=page, name=name):
                    page.screenshot(path=SCREENSHOTS / f"demo_{what}_{name}.png")

                page.goto(demo)
                wait_for_frames(page)
                page.hover("#canvas", position={"x": width / 5, "y": 100})
                page.wait_for_selector("#readout p")
                shoot("drive")
                page.get_by_role("button", name="Camera").click()
                page.wait_for_selector("#stage[data-size='416x320']", timeout=1000 * SECONDS)
                shoot("camera")
                page.locator("#file").set_input_files(street)
                page.wait_for_selector("body[data-source=photo] #stage.filled")
                page.wait_for_timeout(3000)
                shoot("photo")
                page.locator("#file").set_input_files(write_video(tmp_path / "a.webm", "VP80"))
                page.wait_for_selector("body[data-source=video]")
                page.wait_for_timeout(3000)
                shoot("video")
                page.locator("#file").set_input_files(ROOT / "README.md")
                wait_for_notice(page, "README.md")
                shoot("notice")
                page.keyboard.press("?")
                shoot("keys")
