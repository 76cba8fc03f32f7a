"""The process behind a running notebook: started, watched and, with all its children, ended."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.client import KernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

__all__ = ["Progress", "kernel", "watched"]


@dataclass
class Progress:
    """Where a running notebook is, shared with the threads that watch and show it."""

    title: str
    cells: int
    cell: int = 0
    peak_mb: float = 0.0
    processes: set[psutil.Process] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self.began


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
def watched(pid: int, progress: Progress, tick: Callable[[], None]) -> Iterator[None]:
    """Sample the memory of a process tree; at the end, end what is left of the tree.

    Args:
        pid: the parent of the tree.
        progress: its ``peak_mb`` and ``processes`` are kept up to date.
        tick: called after each sample, from the thread that takes them.
    """
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            _sample(pid, progress)
            tick()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        for process in progress.processes:
            if process.pid != pid:
                with suppress(psutil.NoSuchProcess):
                    process.kill()


def _sample(pid: int, progress: Progress) -> None:
    try:
        parent = psutil.Process(pid)
        tree = [parent, *parent.children(recursive=True)]
        progress.processes |= set(tree)
        total = sum(process.memory_info().rss for process in tree) / 1e6
        progress.peak_mb = max(progress.peak_mb, total)
    except psutil.NoSuchProcess:
        """A process that ended between being listed and being asked."""
