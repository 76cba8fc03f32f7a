"""How much of the network's speed `bisenet demo` brings to a page: frames per second of the drive.

A real server in a process of its own, and a viewer that takes every frame and draws none, in this
one; both share the cores with the network. The drive's first lap is over before the measuring.
"""

import asyncio
import json
import subprocess
import sys
import time

import numpy as np
from eval_bench import SHIPPED, timed
from tornado.websocket import WebSocketClientConnection, websocket_connect

from bisenet_lib.config import configuration
from bisenet_lib.data.labels import CLASS_NAMES
from bisenet_lib.deployment import engines
from bisenet_lib.deployment.demo.messages import unpack
from bisenet_lib.deployment.onnx_runtime import OnnxEngine

SIZES = (512, 1024)
"""Pixels of the longer side of the network's input."""
PERIOD, WARM_UP, FRAMES, ROUNDS = 40, 10, 60, 3
SERVER = f"""
import asyncio, sys
from pathlib import Path
from bisenet_lib.deployment.demo import networks, server
from bisenet_lib.deployment.demo.drive import Drive
network = networks.of_export(Path(sys.argv[1]), "bench")
ready = lambda addresses: print(addresses[0], flush=True)
sockets = server.listen(server.LOOPBACK, None)
asyncio.run(server.serve(network, sockets, ready, drive=Drive(period={PERIOD}), pace=0))
"""


async def _frame(socket: WebSocketClientConnection) -> dict:
    """Take the next frame of the drive, and say so; gives its header."""
    while not isinstance(message := await socket.read_message(), bytes):
        assert message is not None, "the demo has ended"
    await socket.write_message(json.dumps({"do": "drawn"}))
    return unpack(message)[0]


async def _say(socket: WebSocketClientConnection, **message) -> None:
    await socket.write_message(json.dumps(message))


async def _seconds(address: str, width: int) -> float:
    """Seconds a frame at an input size; the page is closed afterwards, so the server rests."""
    socket = await websocket_connect(address)
    await _say(socket, do="set", name="width", value=width)
    await _say(socket, do="watch", drive=True, playing=True)
    while (await _frame(socket))["size"][0] != width:
        pass
    for _ in range(WARM_UP):
        await _frame(socket)
    start = time.perf_counter()
    for _ in range(FRAMES):
        await _frame(socket)
    seconds = (time.perf_counter() - start) / FRAMES
    socket.close()
    return seconds


async def _first_lap(address: str) -> None:
    socket = await websocket_connect(address)
    await _say(socket, do="watch", drive=True, playing=True)
    for _ in range(PERIOD + 1):
        await _frame(socket)
    socket.close()


def rows() -> list[tuple[str, str, str]]:
    """Measure the network alone and the demo in turn, in this run.

    Returns:
        (what, frames a second, ratio and target) of each row.
    """
    settings = configuration.load_config(SHIPPED / "config.yml")
    path = engines.cached_onnx(settings, SHIPPED, CLASS_NAMES)
    engine, rng = OnnxEngine(path), np.random.default_rng(0)
    table = []
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(path)], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            address = server.stdout.readline().strip().replace("http", "ws") + "socket"
            asyncio.run(_first_lap(address))
            for width in SIZES:
                image = rng.random((3, width // 2, width), np.float32)
                rounds = [
                    (
                        timed(lambda image=image: engine.classes(image), 20),
                        asyncio.run(_seconds(address, width)),
                    )
                    for _ in range(ROUNDS)
                ]
                alone, demo = (min(times) for times in zip(*rounds, strict=True))
                table.append(
                    (
                        f"bisenet demo, the drive at {width} x {width // 2}",
                        f"{1 / demo:.1f} frames/s",
                        f"{100 * alone / demo:.0f} % of what the network alone allows, "
                        f"{1 / alone:.1f} (at least 80)",
                    )
                )
        finally:
            server.terminate()
    return table


if __name__ == "__main__":
    for row in rows():
        print("{:<42} {:>15}   {}".format(*row))
