"""The process behind a running notebook: started, watched and, with all its children, ended."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.client import KernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from rich.console import Console

__all__ = ["Progress", "kernel", "watched"]

QUIET_SECONDS = 20
"""How often a line tells of the progress where no live line can be drawn (a log file)."""


@dataclass
class Progress:
    """Where a running notebook is, shared with the thread that watches it."""

    cell: int = 0
    peak_mb: float = 0.0
    processes: set[psutil.Process] = field(default_factory=set)


class _Kernel(KernelManager):
    """A kernel of this very Python, whatever kernel specs the user has."""

    def __init__(self) -> None:
        super().__init__(
            kernel_name="python3",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            client_class="jupyter_client.asynchronous.AsyncKernelClient",
        )
        self.clients: list[KernelClient] = []

    def client(self, **options: Any) -> KernelClient:
        self.clients.append(super().client(**options))
        return self.clients[-1]


@contextmanager
def kernel(folder: Path, log: Path) -> Iterator[KernelManager]:
    """A kernel started in ``folder``; its native output goes to ``log``, off the screen."""
    manager = _Kernel()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with log.open("w") as out:
        env = {**os.environ, "PATH": path}
        manager.start_kernel(cwd=str(folder), env=env, stdout=out, stderr=out)
        try:
            yield manager
        finally:
            for client in manager.clients:
                client.stop_channels()
            manager.shutdown_kernel(now=True)


@contextmanager
def watched(pid: int, title: str, cells: int, console: Console) -> Iterator[Progress]:
    """Show progress and sample the memory of a process tree; end what is left of the tree."""
    progress, over, started = Progress(), threading.Event(), time.monotonic()

    def line() -> str:
        seconds = time.monotonic() - started
        return (
            f"{title}: cell {progress.cell} of {cells}, "
            f"{seconds:.0f} s, peak {progress.peak_mb:.0f} MB"
        )

    def watch() -> None:
        told = started
        while not over.wait(0.2):
            _sample(pid, progress)
            status.update(line())
            if not console.is_terminal and time.monotonic() - told > QUIET_SECONDS:
                told = time.monotonic()
                console.print(line(), highlight=False)

    watcher = threading.Thread(target=watch, daemon=True)
    with console.status(line()) as status:
        watcher.start()
        try:
            yield progress
        finally:
            over.set()
            watcher.join()
            for process in progress.processes:
                if process.pid != pid:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
    console.print(line(), highlight=False)


def _sample(pid: int, progress: Progress) -> None:
    try:
        parent = psutil.Process(pid)
        tree = [parent, *parent.children(recursive=True)]
        progress.processes |= set(tree)
        total = sum(process.memory_info().rss for process in tree) / 1e6
        progress.peak_mb = max(progress.peak_mb, total)
    except psutil.NoSuchProcess:
        """A process that ended between being listed and being asked."""
