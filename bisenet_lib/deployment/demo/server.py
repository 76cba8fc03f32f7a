"""The server of the demo: page and WebSocket, on this computer alone unless told otherwise."""

import asyncio
import errno
import hmac
import ipaddress
import json
import os
import secrets
import signal
import socket
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from tornado import netutil, web, websocket
from tornado.httpserver import HTTPServer

from bisenet_lib.deployment.demo import photo
from bisenet_lib.deployment.demo.drive import Drive
from bisenet_lib.deployment.demo.hub import PACES, Hub
from bisenet_lib.deployment.demo.messages import unpack
from bisenet_lib.deployment.demo.networks import DemoNetwork
from bisenet_lib.errors import InputError

PAGE = Path(__file__).with_name("page")
LOOPBACK = "127.0.0.1"
PORTS = range(8765, 8865)
"""Tried in turn where no port is asked for."""
SECONDS = 20
"""Between two pings; a page that does not answer one is dropped."""
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; media-src blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Permissions-Policy": "camera=(self), fullscreen=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class _Guarded(web.RequestHandler):
    """Answers only requests that are allowed.

    With a token in the address, those that know the token. Without one, pages that this
    computer's user has opened under this computer's name: a page from elsewhere may use a name
    that leads to this computer (DNS rebinding), or call this address from its own.
    """

    def set_default_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        token = self.settings["token"]
        first_part = self.request.path.split("/")[1]
        if token and not hmac.compare_digest(first_part.encode(), token.encode()):
            raise web.HTTPError(403, reason="The address lacks its token")
        host = self.request.host
        is_local = _is_here(urlsplit(f"//{host}").hostname) or host in self.settings["forwarded"]
        if not token and not is_local:
            raise web.HTTPError(403, reason="Not the name of this computer")

    def write_error(self, status_code: int, **_options: Any) -> None:
        text = {
            403: "This address is not complete, or not of this computer. Copy the whole address "
            "that `bisenet demo` has printed.",
            404: "Nothing is here. The demo is at the address that `bisenet demo` has printed.",
        }
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(text.get(status_code, "The demo could not answer this.") + "\n")


class _Page(_Guarded, web.StaticFileHandler):
    """The files of the page."""

    def set_extra_headers(self, path: str) -> None:
        self.set_default_headers()


class _Nothing(_Guarded):
    """Any other address."""

    def get(self) -> None:
        raise web.HTTPError(404)


class _Socket(_Guarded, websocket.WebSocketHandler):
    """The connection of one page."""

    viewer = None

    def check_origin(self, origin: str) -> bool:
        """Let in pages of this very server; those who know the token may come through a proxy."""
        known = bool(self.settings["token"]) or super().check_origin(origin)
        return known or urlsplit(origin).netloc in self.settings["forwarded"]

    def open(self, *_path: str) -> None:
        """Greet the page."""
        self.set_nodelay(True)
        try:
            self.viewer = self.settings["hub"].join(self._send)
        except InputError as error:
            self._send(json.dumps({"kind": "trouble", "text": str(error)}))
            self.close(1013)

    def on_message(self, message: str | bytes) -> None:
        """Act on a message of the page; a message that no page sends closes the connection."""
        if self.viewer is None:
            return
        hub = self.settings["hub"]
        try:
            if isinstance(message, str):
                hub.hear(self.viewer, json.loads(message))
            else:
                header, [content] = unpack(message)
                hub.receive(self.viewer, header, content)
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
            self.close(1008, "not a message of the demo")

    def on_close(self) -> None:
        """Forget the page."""
        if self.viewer is not None:
            self.settings["hub"].leave(self.viewer)

    def _send(self, message: str | bytes) -> None:
        if self.ws_connection is not None and not self.ws_connection.is_closing():
            sent = self.write_message(message, binary=isinstance(message, bytes))
            sent.add_done_callback(lambda done: done.exception())  # the page may have been closed


def _is_here(name: str | None) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False


def codespace_names(port: int) -> Collection[str]:
    """The hosts under which a GitHub codespace shows a port to its owner; elsewhere none.

    Its proxy may change the name in one of the headers Host and Origin alone.
    """
    name = os.environ.get("CODESPACE_NAME")
    domain = os.environ.get("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN")
    return (f"{name}-{port}.{domain}", f"localhost:{port}") if name and domain else ()


def application(hub: Hub, token: str = "", forwarded: Collection[str] = ()) -> web.Application:
    """The pages and the WebSocket of a demo.

    Args:
        hub: the demo.
        token: first part of every address; empty for a server that only this computer reaches.
        forwarded: other names of this computer, that need no token.
    """
    root = "/[^/]+" if token else ""
    return web.Application(
        [
            (f"{root}/socket", _Socket),
            (f"{root}/(.*)", _Page, {"path": str(PAGE), "default_filename": "index.html"}),
            (".*", _Nothing),
        ],
        hub=hub,
        token=token,
        forwarded=forwarded,
        websocket_ping_interval=SECONDS,
        websocket_max_message_size=photo.MOST_BYTES + (1 << 20),
        log_function=lambda _handler: None,
    )


def listen(host: str, port: int | None) -> list[socket.socket]:
    """Take a port.

    Args:
        host: name or address of this computer, or 0.0.0.0.
        port: None takes the first of :data:`PORTS` that is free.

    Raises:
        InputError: it is taken, not allowed, or the host is not this computer.
    """
    if port is not None and not 0 <= port < 1 << 16:
        raise InputError(f"--port {port}: a port is a number up to 65535.")
    for number in PORTS if port is None else [port]:
        try:
            return netutil.bind_sockets(number, host)
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise InputError(
                    f"--host {host}: no address of this computer. Give 0.0.0.0 for all of them, or "
                    f"leave it out for this computer alone ({LOOPBACK})."
                ) from error
            if port is not None:
                taken = error.errno == errno.EADDRINUSE
                reason = "another program uses it" if taken else error.strerror
                raise InputError(
                    f"--port {port}: {reason}. Give another, or leave --port out: the first free "
                    f"one from {PORTS[0]} is taken."
                ) from error
    raise InputError(f"no port from {PORTS[0]} to {PORTS[-1]} is free; give another with --port.")


def addresses(host: str, port: int, token: str) -> list[str]:
    """Where a browser finds the demo.

    Args:
        host: as for :func:`listen`.
        port: that was taken.
        token: see :func:`application`.
    """
    names = [host]
    if host in ("0.0.0.0", "::"):
        family = socket.AF_INET if host == "0.0.0.0" else socket.AF_INET6
        cards = [
            address
            for card in psutil.net_if_addrs().values()
            for address in card
            if address.family == family
        ]
        names = [
            address.address.partition("%")[0] for address in cards if not _is_here(address.address)
        ]
    names = [f"[{name}]" if ":" in name else name for name in names or [LOOPBACK]]
    return [f"http://{name}:{port}/{token}{'/' if token else ''}" for name in names]


async def serve(
    network: DemoNetwork,
    sockets: Sequence[socket.socket],
    ready: Callable[[Sequence[str]], None],
    *,
    host: str = LOOPBACK,
    drive: Drive | None = None,
    pace: int = PACES[1],
) -> None:
    """Show a network until Ctrl-C or SIGTERM.

    Args:
        network: shown.
        sockets: from :func:`listen`.
        ready: called with the addresses once the page can be opened.
        host: that the sockets listen at; any but this computer's own names gets a token into
            its address.
        drive: to show; None takes the first.
        pace: see :class:`bisenet_lib.deployment.demo.hub.Settings`.
    """
    token = "" if _is_here(host) else secrets.token_urlsafe(16)
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    hub = Hub(network, drive or Drive(), pace)
    port = sockets[0].getsockname()[1]
    pages = application(hub, token, codespace_names(port))
    server = HTTPServer(pages, max_body_size=1 << 16)
    server.add_sockets(sockets)
    try:
        ready(addresses(host, port, token))
        await ended.wait()
    finally:
        server.stop()
        await hub.close()
