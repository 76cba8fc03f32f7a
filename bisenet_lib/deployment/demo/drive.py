"""The drive that all viewers share: drawn once, by another process, then played from memory."""

import asyncio
import sys
from collections.abc import Callable

from bisenet_lib.data.minicity.drive import PERIOD
from bisenet_lib.deployment.demo.drawing import LENGTH

SEED = 8
"""A bright street with people, crossings and houses of brick."""
SIZE = (512, 256)
"""Width and height: what the shipped network was trained for."""


class Drive:
    """The frames of a drive, one after the other, without an end.

    Args:
        seed: of the street.
        period: frames after which it begins again.

    Attributes:
        frames: JPEG files, as many as are drawn so far.
        position: number of the next frame, from 0.
        fault: why no more are drawn; empty while all is well.
    """

    def __init__(self, seed: int = SEED, period: int = PERIOD) -> None:
        self.seed, self.period = seed, period
        self.frames: list[bytes] = []
        self.position = 0
        self.fault = ""
        self._watched = asyncio.Event()

    def watch(self, watched: bool) -> None:
        """Draw on, or stop after the few frames that fit into the pipe."""
        (self._watched.set if watched else self._watched.clear)()

    def take(self) -> tuple[int, bytes] | None:
        """The number and the JPEG of the next frame; None while it is not drawn yet."""
        complete = len(self.frames) == self.period or (self.fault and self.frames)
        number = self.position % len(self.frames) if complete else self.position
        if number >= len(self.frames):
            return None
        self.position = number + 1
        return number, self.frames[number]

    async def draw(self, grown: Callable[[], None]) -> None:
        """Collect the frames while they are watched, until all are there.

        Args:
            grown: called after each frame, and when there will be no more.
        """
        await self._watched.wait()
        numbers = map(str, (self.seed, *SIZE, self.period))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bisenet_lib.deployment.demo.drawing", *numbers),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the server, which then ends this one
        )
        output, errors = process.stdout, process.stderr
        assert output is not None and errors is not None, "both are pipes"
        try:
            while len(self.frames) < self.period:
                await self._watched.wait()
                (length,) = LENGTH.unpack(await output.readexactly(LENGTH.size))
                self.frames.append(await output.readexactly(length))
                grown()
        except asyncio.IncompleteReadError:
            lines = (await errors.read()).decode(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else "it was ended"
            self.fault = f"The drive could not be drawn to its end: {reason}"
            grown()
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()  # wait() alone would wait for a pipe that nobody empties
