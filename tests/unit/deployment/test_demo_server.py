"""The server of the live demo: who may ask, what may be sent, and how it begins and ends."""

import asyncio
import io
import json
import re
import signal
import socket
import struct
import subprocess
import sys
import zlib
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from PIL import Image
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.websocket import WebSocketClosedError, websocket_connect

from bisenet_lib.cli import demo
from bisenet_lib.deployment.demo import networks, photo
from bisenet_lib.deployment.demo.drive import Drive
from bisenet_lib.deployment.demo.hub import Hub
from bisenet_lib.deployment.demo.messages import pack, unpack
from bisenet_lib.deployment.demo.server import PAGE, addresses, application, codespace_names, listen
from bisenet_lib.errors import InputError

pytestmark = pytest.mark.slow

BISENET = Path(sys.executable).with_name("bisenet")
TOKEN = "a-token_of-this-test"


@pytest.fixture(scope="module")
def network(colour_network, tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "colours.onnx"
    colour_network(path)
    return networks.of_export(path, "colours")


@asynccontextmanager
async def served(network, token="", names=lambda port: ()):
    """A server on a free port; gives its port."""
    sockets = listen("127.0.0.1", 0)
    hub = Hub(network, Drive())
    server = HTTPServer(application(hub, token, names(sockets[0].getsockname()[1])))
    server.add_sockets(sockets)
    try:
        yield sockets[0].getsockname()[1]
    finally:
        server.stop()
        await hub.close()


async def status(port, path, **headers) -> int:
    request = HTTPRequest(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        return (await AsyncHTTPClient().fetch(request)).code
    except HTTPClientError as error:
        return error.code


async def socket_status(port, path, **headers) -> int:
    request = HTTPRequest(f"ws://127.0.0.1:{port}{path}", headers=headers)
    try:
        (await websocket_connect(request)).close()
    except HTTPClientError as error:
        return error.code
    return 101


def test_pages_of_other_names_and_origins_are_refused(network):
    async def ask():
        async with served(network) as port:
            here, evil = f"127.0.0.1:{port}", f"evil.example:{port}"
            return (
                [await status(port, path) for path in ("/", "/main.js", "/style.css", "/nothing")],
                [await status(port, path, Host=evil) for path in ("/", "/main.js", "/socket")],
                await socket_status(port, "/socket"),
                await socket_status(port, "/socket", Origin=f"http://{here}"),
                await socket_status(port, "/socket", Origin=f"http://{evil}", Host=here),
                await socket_status(port, "/socket", Origin=f"http://{evil}", Host=evil),
                await socket_status(port, "/socket", Origin="null"),
                await socket_status(
                    port, "/socket", Origin=f"http://localhost:{port}", Host=f"localhost:{port}"
                ),
            )

    assert asyncio.run(ask()) == ([200, 200, 200, 404], [403] * 3, 101, 101, 403, 403, 403, 101)


def test_a_codespace_shows_the_demo_to_its_owner_alone(network, monkeypatch):
    """Whether its proxy changes the name in Host, in Origin, in neither or in both."""
    monkeypatch.setenv("CODESPACE_NAME", "space")
    monkeypatch.setenv("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN", "app.example")

    async def ask():
        async with served(network, names=codespace_names) as port:
            here, outside = f"localhost:{port}", f"space-{port}.app.example"
            origins = (f"https://{outside}", f"http://{here}", "https://evil.example")
            return (
                [await status(port, "/", Host=host) for host in (here, outside, "evil.example")],
                [
                    await socket_status(port, "/socket", Host=host, Origin=origin)
                    for host in (here, outside)
                    for origin in (*origins, f"https://other-{port}.app.example")
                ],
            )

    assert asyncio.run(ask()) == ([200, 200, 403], [101, 101, 403, 403] * 2)
    monkeypatch.delenv("CODESPACE_NAME")
    assert codespace_names(8765) == ()


def test_with_a_token_every_address_needs_it(network):
    async def ask():
        async with served(network, TOKEN) as port:
            inside = [await status(port, f"/{TOKEN}/{path}") for path in ("", "main.js")]
            outside = [
                await status(port, path)
                for path in ("/", "/main.js", "/wrong/", "/wrong/main.js", f"/{TOKEN[:-1]}/", "/ä/")
            ]
            sockets = [
                await socket_status(port, path, Host="school.example", Origin="https://other")
                for path in (f"/{TOKEN}/socket", "/socket", "/wrong/socket")
            ]
            return inside, outside, sockets

    assert asyncio.run(ask()) == ([200, 200], [403] * 6, [101, 403, 403])


def test_no_file_outside_of_the_page_is_served(network):
    async def ask():
        async with served(network) as port:
            return [
                await status(port, path)
                for path in ("/../server.py", "/%2e%2e/server.py", "//etc/passwd", "/..%2fhub.py")
            ]

    assert set(asyncio.run(ask())) <= {403, 404}


NONSENSE = [
    "{",
    "[]",
    "3",
    '{"do": "fly"}',
    '{"do": "point", "at": [2, 0]}',
    '{"do": "point", "at": "ab"}',
    '{"do": "point", "at": [NaN, 0]}',
    '{"do": "set", "name": "width", "value": 1e300}',
    "[" * 100_000,
    b"",
    b"\xff" * 9,
    pack({"do": "segment", "number": "x", "of": [64, 32]}, b""),
    pack({"do": "segment", "number": 1}, b""),
    *(
        pack({"do": "segment", "number": 1, "of": of}, b"")
        for of in ([64], [0, 32], [64.5, 32], ["64", 32], [10**6, 32], None)
    ),
    pack({"do": "segment"}, b"", b""),
    pack({"do": "explode", "number": 1}, b""),
    pack({}, b""),
]


def test_who_says_what_no_page_says_is_cut_off_and_the_server_lives(network):
    async def ask():
        codes = []
        async with served(network) as port:
            for message in NONSENSE:
                bad = await websocket_connect(f"ws://127.0.0.1:{port}/socket")
                await bad.write_message(message, binary=isinstance(message, bytes))
                while await bad.read_message() is not None:
                    pass
                codes.append(bad.close_code)
            return codes, await status(port, "/")

    assert asyncio.run(ask()) == ([1008] * len(NONSENSE), 200)


def test_more_than_the_largest_file_is_cut_off(network):
    async def ask():
        async with served(network) as port:
            bad = await websocket_connect(f"ws://127.0.0.1:{port}/socket")
            with suppress(WebSocketClosedError):
                await bad.write_message(bytes(photo.MOST_BYTES + (2 << 20)), binary=True)
            while await bad.read_message() is not None:
                pass
            return await status(port, "/")

    assert asyncio.run(ask()) == 200


def encoded(image: np.ndarray, kind: str, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is huge."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(100_000), 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


NOISE = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
BROKEN = {
    "notes.txt": (b"no image at all", "notes.txt: no picture of a kind"),
    "empty.jpg": (b"", "empty.jpg"),
    "cut.jpg": (encoded(NOISE, "JPEG")[:9000], "cut.jpg"),
    "cut.png": (encoded(NOISE, "PNG")[:9000], "cut.png: truncated"),
    "bomb.png": (bomb(60_000, 60_000), "more than 64 million pixels"),
    "large.png": (bomb(9_000, 9_000), "more than 64 million pixels"),
    "fat.bmp": (bytes(photo.MOST_BYTES + 1), "34 MB; at most 34 MB"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_picture_that_cannot_be_taken_is_refused_with_a_sentence(name):
    content, told = BROKEN[name]
    with pytest.raises(InputError) as refusal:
        asyncio.run(photo.as_jpeg(content, name))
    sentence = str(refusal.value)
    assert told in sentence and "Traceback" not in sentence and "/tmp" not in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF"])
def test_a_photo_of_any_kind_becomes_an_upright_jpeg_for_the_screen(kind):
    image = np.zeros((1500, 3000, 3), np.uint8)
    image[:, :1500] = (255, 0, 0)
    options = {}
    if kind == "JPEG":
        exif = Image.Exif()
        exif[0x0112] = 6  # a quarter to the right
        options = {"exif": exif}
    jpeg = asyncio.run(photo.as_jpeg(encoded(image, kind, **options), f"photo.{kind.lower()}"))
    found = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert max(found.shape) == photo.LONGEST
    if kind == "JPEG":
        assert found.shape[:2] == (2048, 1024)
        assert found[100, 500, 2] > 240 and found[-100, 500].max() < 15
    else:
        assert found.shape[:2] == (1024, 2048)
        assert found[500, 100, 2] > 240 and found[500, -100].max() < 15


def test_a_file_s_name_cannot_lead_elsewhere():
    names = {"../../etc/passwd": "passwd", "C:\\photos\\a.jpg": "a.jpg", "": "the file"}
    names |= {"..": "the file", "a\0b\n.png": "ab.png", "x" * 300 + ".jpg": "x" * 76 + ".jpg"}
    assert {name: photo.shown_name(name) for name in names} == names


def test_a_sent_photo_comes_back_and_a_broken_one_gets_a_sentence(network):
    async def send(name, content):
        async with served(network) as port:
            page = await websocket_connect(f"ws://127.0.0.1:{port}/socket")
            header = {"do": "read", "name": name, "number": 4}
            await page.write_message(pack(header, content), binary=True)
            while True:
                message = await page.read_message()
                if isinstance(message, bytes):
                    return unpack(message)
                if json.loads(message)["kind"] == "trouble":
                    return json.loads(message)["text"]

    header, [jpeg] = asyncio.run(send("a.png", encoded(NOISE, "PNG")))
    assert header["kind"] == "picture" and header["number"] == 4
    assert Image.open(io.BytesIO(jpeg)).size == (400, 300)
    assert asyncio.run(send("../a.png", b"nothing")).startswith("a.png: no picture of a kind")


def test_a_taken_port_and_a_strange_host_are_told():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"--port {port}: another program uses it"):
            listen("127.0.0.1", port)
    with pytest.raises(InputError, match="--port 99999"):
        listen("127.0.0.1", 99_999)
    for host in ("192.0.2.1", "no such host"):
        with pytest.raises(InputError, match=f"--host {host}: no address of this computer"):
            listen(host, 0)


def test_addresses_are_such_as_another_computer_can_use():
    assert addresses("127.0.0.1", 80, "") == ["http://127.0.0.1:80/"]
    assert addresses("::1", 80, "") == ["http://[::1]:80/"]
    for address in addresses("0.0.0.0", 80, "secret"):
        assert re.fullmatch(r"http://[0-9.]+:80/secret/", address)


def test_a_browser_in_the_terminal_is_not_opened(monkeypatch):
    tried = []

    class Browser(demo.webbrowser.GenericBrowser):
        def open(self, url, *_options):
            tried.append(url)
            return True

    class Window(Browser):
        pass

    monkeypatch.setattr(demo.webbrowser, "GenericBrowser", Browser)
    monkeypatch.setattr(demo.webbrowser, "get", lambda: Browser("lynx"))
    assert not demo._opened("http://here") and tried == []
    monkeypatch.setattr(demo.webbrowser, "get", lambda: Window("firefox"))
    assert demo._opened("http://here") and tried == ["http://here"]


def test_the_page_asks_nothing_of_another_computer():
    for path in PAGE.iterdir():
        text = path.read_text()
        found = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text)
        assert set(found) <= {"http://www.w3.org"}, path.name
        assert "innerHTML = `" not in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing"], "nothing: not there. Give a run folder"),
        (["{text}"], "notes.onnx: not a network from `bisenet export`"),
        (["{network}", "--port", "{port}"], "another program uses it"),
    ],
)
def test_a_mistake_on_the_command_line_ends_in_a_sentence(
    arguments, told, colour_network, tmp_path
):
    colour_network(tmp_path / "colours.onnx")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        (tmp_path / "notes.onnx").write_text("no network")
        values = {"network": tmp_path / "colours.onnx", "text": tmp_path / "notes.onnx"}
        values["port"] = other.getsockname()[1]
        given = [argument.format(**values) for argument in arguments]
        done = subprocess.run(
            [BISENET, "demo", "--no-browser", *given], capture_output=True, text=True, timeout=120
        )
    assert done.returncode == 1 and told in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_and_leaves_no_process(number, colour_network, tmp_path):
    colour_network(tmp_path / "colours.onnx")
    command = [BISENET, "demo", tmp_path / "colours.onnx", "--no-browser"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        address = demo.stdout.readline().strip()

        async def watch():
            page = await websocket_connect(address.replace("http", "ws") + "socket")
            message = {"do": "watch", "drive": True, "playing": True}
            await page.write_message(json.dumps(message))
            while not isinstance(await page.read_message(), bytes):
                pass
            drawing = psutil.Process(demo.pid).children(recursive=True)
            demo.send_signal(number)
            while await page.read_message() is not None:
                pass
            return drawing

        drawing = asyncio.run(watch())
        assert demo.wait(60) == 0
        assert drawing and not any(process.is_running() for process in drawing)
        assert "Traceback" not in demo.stderr.read()
