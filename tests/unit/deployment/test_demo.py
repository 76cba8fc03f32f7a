"""The live demo without its server: messages, turns, viewers, and what is segmented for whom."""

import asyncio
import itertools
import json
import re
import struct
import time
import zlib
from contextlib import asynccontextmanager

import cv2
import numpy as np
import pytest

from bisenet_lib.deployment.demo import networks
from bisenet_lib.deployment.demo.drive import Drive
from bisenet_lib.deployment.demo.hub import KEPT, MOST_VIEWERS, Hub
from bisenet_lib.deployment.demo.messages import pack, unpack
from bisenet_lib.deployment.demo.viewer import AT_ONCE, Viewer
from bisenet_lib.deployment.demo.worker import Job, Segmented, Turns, Worker
from bisenet_lib.errors import InputError

COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
PATIENCE = 30


def jpeg(colour, size=(64, 32)) -> bytes:
    image = np.full((size[1], size[0], 3), colour[::-1], np.uint8)
    return cv2.imencode(".jpg", image)[1].tobytes()


@pytest.fixture(scope="module")
def network(colour_network, tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "colours.onnx"
    colour_network(path)
    return networks.of_export(path, "colours")


class Film(Drive):
    """A drive of three frames that are there already: red, green, blue."""

    def __init__(self) -> None:
        super().__init__(period=3)

    async def draw(self, grown) -> None:
        self.frames = [jpeg(colour) for colour in COLOURS]
        grown()


class Page:
    """What a page does: takes messages, and says when it has drawn a frame."""

    def __init__(self, hub: Hub, draws: bool = True) -> None:
        self.hub, self.draws, self.told, self.frames = hub, draws, [], []
        self.viewer = None
        self.viewer = hub.join(self.take)

    def take(self, message) -> None:
        if isinstance(message, str):
            self.told.append(json.loads(message))
            return
        header, parts = unpack(message)
        self.frames.append((header, parts))
        if header.get("shared") and self.draws:
            self.hub._loop.call_soon(self.say, {"do": "drawn"})

    def say(self, message) -> None:
        self.hub.hear(self.viewer, message)

    def watch(self, playing=True) -> None:
        self.say({"do": "watch", "drive": True, "playing": playing})

    def last(self, kind):
        return [message for message in self.told if message["kind"] == kind][-1]


@asynccontextmanager
async def opened(network, drive=None):
    hub = Hub(network, drive or Film(), pace=0)
    try:
        yield hub
    finally:
        await hub.close()


async def until(condition) -> None:
    for _ in range(100 * PATIENCE):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


def test_a_message_comes_back_as_it_was_sent():
    header, parts = unpack(pack({"kind": "frame", "number": 3}, b"image", b"", b"map"))
    assert header["kind"] == "frame" and header["number"] == 3
    assert parts == [b"image", b"", b"map"]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\1\0\0",
        b"\xff\xff\xff\xff{}",
        struct.pack("<I", 2) + b"{}",
        struct.pack("<I", 2) + b"[]",
        pack({}, b"part")[:-1],
        pack({}, b"part") + b"more",
        struct.pack("<I", 14) + b'{"parts":[-1]}',
        struct.pack("<I", 17) + b'{"parts":[true]} ' + b"x",
    ],
)
def test_what_is_no_message_is_refused(message):
    with pytest.raises(ValueError):
        unpack(message)


def test_the_sources_take_turns_and_only_the_newest_job_of_each_waits():
    turns = Turns()
    for source, number in [("a", 1), ("a", 2), ("b", 1), ("a", 3), ("c", 1)]:
        turns.put(Job(source, number, b"", (64, 32)))
    assert [(job.source, job.number) for job in (turns.get() for _ in range(2))] == [
        ("a", 3),
        ("b", 1),
    ]
    turns.put(Job("a", 4, b"", (64, 32)))
    turns.put(Job("b", 2, b"", (64, 32)))
    turns.drop("b")
    assert [turns.get().source for _ in range(2)] == ["c", "a"]
    turns.close()
    assert turns.get() is None


@pytest.mark.parametrize(
    ("options", "size", "width", "expected"),
    [
        ({}, (512, 256), 512, (512, 256)),
        ({}, (1280, 720), 512, (480, 256)),
        ({}, (1280, 720), 256, (256, 128)),
        ({}, (1280, 720), 0, (1280, 720)),
        ({}, (4000, 100), 256, (1024, 32)),
        ({}, (128, 64), 512, (192, 96)),
        ({}, (128, 64), 576, (576, 288)),
        ({"size": (128, 64)}, (512, 256), 128, (128, 64)),
        ({"size": (512, 256)}, (128, 64), 512, (512, 256)),
    ],
)
def test_the_input_has_as_many_pixels_whatever_the_picture(
    network, options, size, width, expected, colour_network, tmp_path
):
    colour_network(tmp_path / "model.onnx")
    network = networks.of_export(tmp_path / "model.onnx", "colours", **options)
    assert network.input_size(size, width) == expected


def test_where_the_input_size_begins(colour_network, tmp_path):
    path = tmp_path / "model.onnx"
    colour_network(path)
    first = networks.of_export(path, "")
    assert (first.width, first.trained) == (512, (512, 256))
    assert first.reason() == "since its file does not say for which size it was trained"
    colour_network(path, size=[300, 200])
    first = networks.of_export(path, "")
    assert (first.width, first.trained) == (300, (300, 200))
    assert first.reason() == "as it was trained for 300x200"
    asked = networks.of_export(path, "", (128, 96))
    assert (asked.width, asked.reason()) == (128, "as was asked for")
    colour_network(path, size=[512, 257])
    half = networks.of_export(path, "")
    assert half.input_size((256, 129), 256) == (256, 129)  # 128.5, as the page rounds it
    own = networks.of_export(path, "", "photo")
    assert (own.width, own.input_size((77, 55), own.width)) == (0, (77, 55))


def test_a_slow_page_gets_the_newest_frame_when_it_is_ready_and_none_it_missed():
    sent = []
    viewer = Viewer(1, sent.append)
    viewer.watching = True
    frames = [Segmented(Job("drive", n, b"", (64, 32)), bytes([n]), None) for n in range(10)]
    for frame in frames:
        viewer.offer(frame)
    assert sent == [b"\0", b"\1"] and AT_ONCE == 2
    assert not viewer.wants
    viewer.drawn()
    assert sent[2:] == [b"\x09"] and viewer.wants
    viewer.drawn()
    viewer.drawn()
    assert len(sent) == 3


def test_a_pixel_s_probabilities_are_the_softmax_of_its_logits():
    logits = np.zeros((3, 2, 4), np.float32)
    logits[:, 1, 3] = np.log([0.2, 0.7, 0.1])
    found = Segmented(Job("drive", 0, b"", (64, 32)), b"", logits).likeliest(0.99, 1.0)
    assert [index for index, _ in found] == [1, 0, 2]
    assert [value for _, value in found] == pytest.approx([0.7, 0.2, 0.1])
    logits[:] = np.nan
    assert all(
        value == 0
        for _, value in Segmented(Job("drive", 0, b"", (64, 32)), b"", logits).likeliest(0, 0)
    )


def test_a_frame_is_segmented_once_for_all_and_a_slow_page_delays_nobody(network):
    async def show():
        async with opened(network) as hub:
            quick, slow = [Page(hub) for _ in range(9)], Page(hub, draws=False)
            for page in (*quick, slow):
                page.watch()
            await until(lambda: min(len(page.frames) for page in quick) >= 60)
            most = max(len(page.frames) for page in quick)
            assert hub.worker.count <= most + 8
            assert len(slow.frames) == AT_ONCE
            return quick[0].frames

    frames = asyncio.run(show())
    for header, [image, deflated] in frames:
        assert image == jpeg(COLOURS[header["number"]])
        classes = np.frombuffer(zlib.decompress(deflated), np.uint8)
        assert header["size"] == [512, 256] and classes.size == 512 * 256
        assert (classes == header["number"]).all()
        assert header["network"] > 0 and header["rest"] > 0
    numbers = [header["number"] for header, _ in frames]
    assert numbers == [n % 3 for n in range(len(numbers))]


def test_nothing_is_drawn_or_segmented_while_nobody_watches(network):
    async def show():
        drive = Drive(period=40)
        async with opened(network, drive) as hub:
            page = Page(hub)
            await asyncio.sleep(0.3)
            assert hub.worker.count == 0 and drive.frames == []
            page.watch()
            await until(lambda: len(page.frames) >= 3)
            hub.leave(page.viewer)
            await until(lambda: not hub._underway)
            before = hub.worker.count, len(drive.frames)
            await asyncio.sleep(1)
            assert (hub.worker.count, len(drive.frames)) in (before, (before[0], before[1] + 1))
            assert len(drive.frames) < drive.period

    asyncio.run(show())


def test_a_picture_of_its_own_goes_back_to_its_page_alone_and_is_served_beside_the_drive(network):
    async def show():
        async with opened(network) as hub:
            watching, sending = Page(hub), Page(hub)
            watching.watch()
            await until(lambda: len(watching.frames) > 3)
            for number in range(1, 6):
                header = {"do": "segment", "number": number, "of": [96, 64]}
                hub.receive(sending.viewer, header, jpeg(COLOURS[1], (96, 64)))
                await until(lambda n=number: len(sending.frames) == n)
            sending.say({"do": "point", "at": [0.5, 0.5]})
            assert all(header["shared"] for header, _ in watching.frames)
            return sending

    page = asyncio.run(show())
    assert [header["number"] for header, _ in page.frames] == [1, 2, 3, 4, 5]
    header, [image, deflated] = page.frames[-1]
    assert not header["shared"] and image == b"" and header["size"] == [160, 96]
    assert set(zlib.decompress(deflated)) == {1}
    answer = page.last("pointer")
    assert answer["number"] == 5 and not answer["shared"]
    assert answer["classes"][0][0] == 1 and answer["classes"][0][1] > 0.7


def test_only_the_newest_pictures_of_the_pages_are_kept(network):
    async def show():
        async with opened(network) as hub:
            pages = [Page(hub) for _ in range(KEPT + 2)]
            for page in pages:
                header = {"do": "segment", "number": 1, "of": [64, 32]}
                hub.receive(page.viewer, header, jpeg(COLOURS[0]))
                await until(lambda page=page: page.frames)
            return [page.viewer.shown is not None for page in pages]

    assert asyncio.run(show()) == [False] * 2 + [True] * KEPT


def test_a_paused_page_goes_on_frame_by_frame(network):
    async def show():
        async with opened(network) as hub:
            page = Page(hub)
            page.watch()
            await until(lambda: len(page.frames) > 4)
            page.watch(playing=False)
            await until(lambda: not hub._underway)
            numbers = [header["number"] for header, _ in page.frames][-1:]
            for _ in range(7):
                page.say({"do": "step"})
                before = len(page.frames)
                await until(lambda b=before: len(page.frames) == b + 1)
                numbers.append(page.frames[-1][0]["number"])
            await until(lambda: not hub._underway)
            assert len(page.frames) == before + 1
            return numbers

    numbers = asyncio.run(show())
    assert all((after - number) % 3 == 1 for number, after in itertools.pairwise(numbers))


def test_settings_are_of_all_pages_and_what_cannot_be_set_is_refused(network):
    async def show():
        async with opened(network) as hub:
            one, other = Page(hub), Page(hub)
            one.say({"do": "set", "name": "width", "value": 256})
            assert other.last("settings")["width"] == 256
            hello = one.last("hello")
            assert (hello["widths"][0], hello["widths"][-1]) == (256, 0)
            assert (hello["trained"], hello["first"], hello["enlarged"]) == ([512, 256], 512, 1.5)
            assert hello["reason"].startswith("since its file does not say")
            assert other.last("settings")["by"] == one.viewer.number
            for name, value in (
                ("width", 10**9),
                ("width", "512"),
                ("pace", 7),
                ("engine", "abacus"),
                ("__class__", 1),
            ):
                with pytest.raises((KeyError, ValueError)):
                    one.say({"do": "set", "name": name, "value": value})
            assert hub.settings.width == 256
            one.watch()
            await until(lambda: one.frames)
            assert one.frames[0][0]["size"] == [256, 128]

    asyncio.run(show())


@pytest.mark.parametrize(
    "content", [b"", b"no image", jpeg(COLOURS[0])[:200], b"\x89PNG\r\n\x1a\n"]
)
def test_a_broken_picture_gets_a_sentence_and_the_worker_lives_on(network, content):
    async def show():
        async with opened(network) as hub:
            page = Page(hub)
            hub.receive(page.viewer, {"do": "segment", "number": 1, "of": [64, 32]}, content)
            await until(lambda: page.told[-1]["kind"] == "trouble")
            assert page.told[-1]["number"] == 1
            assert re.match("The picture|The page sends", page.told[-1]["text"])
            header = {"do": "segment", "number": 2, "of": [64, 32]}
            hub.receive(page.viewer, header, jpeg(COLOURS[0]))
            await until(lambda: page.frames)

    asyncio.run(show())


def test_a_network_that_fails_is_told_once_until_the_settings_change(network):
    def fails(image):
        raise RuntimeError("out of memory")

    async def show():
        async with opened(network) as hub:
            run, hub.worker.run = hub.worker.run, fails
            page = Page(hub)
            page.watch()
            await until(lambda: any(message["kind"] == "trouble" for message in page.told))
            await asyncio.sleep(0.2)
            assert "out of memory" in page.last("trouble")["text"]
            assert sum(message["kind"] == "trouble" for message in page.told) == 1
            hub.worker.run = run
            page.say({"do": "set", "name": "width", "value": 256})
            await until(lambda: page.frames)

    asyncio.run(show())


def test_a_drive_that_cannot_be_drawn_is_told(network, monkeypatch):
    async def show():
        drive = Drive(seed=-1, period=3)
        async with opened(network, drive) as hub:
            page = Page(hub)
            page.watch()
            await until(lambda: page.told[-1]["kind"] == "trouble")
            return page.last("trouble")["text"]

    assert "seed is -1" in asyncio.run(show())


def test_one_page_too_many_is_refused(network):
    async def show():
        async with opened(network) as hub:
            pages = [Page(hub) for _ in range(MOST_VIEWERS)]
            with pytest.raises(InputError, match=f"{MOST_VIEWERS} pages"):
                Page(hub)
            hub.leave(pages[0].viewer)
            assert Page(hub).told[0]["classes"] == ["red", "green", "blue"]

    asyncio.run(show())


def test_the_worker_runs_two_engines_one_after_the_other(network):
    done = []
    worker = Worker(network.predictor, network.engines[0].load(), lambda job: None, done.append)
    worker.turns.put(Job("a", 1, jpeg(COLOURS[2]), (64, 32)))
    while len(done) < 1:
        time.sleep(0.01)
    worker.run = lambda image: (np.full(image.shape[1:], 9, np.uint8), image)
    worker.turns.put(Job("a", 2, jpeg(COLOURS[2]), (64, 32)))
    worker_threads = list(worker._threads)
    while len(done) < 2:
        time.sleep(0.01)
    worker.close()
    assert not any(thread.is_alive() for thread in worker_threads)
    maps = [set(zlib.decompress(unpack(one.message)[1][1])) for one in done]
    assert maps == [{2}, {9}]


def test_palettes_for_any_colour_vision_are_there_for_up_to_nineteen_classes(
    colour_network, tmp_path
):
    for count, names in ((6, {"own", "colour-blind"}), (20, {"own"})):
        path = tmp_path / f"{count}.onnx"
        colour_network(path, [f"class {n}" for n in range(count)], size=[360, 240])
        found = networks.of_export(path, "mine")
        assert set(found.palettes()) == names
        assert all(len(colours) == count for colours in found.palettes().values())
        assert found.width == 360
