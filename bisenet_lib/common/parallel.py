"""Work in parallel: the same function over many files, and threads that read and write ahead."""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from types import FrameType
from typing import TypeVar

from tqdm.auto import tqdm

from bisenet_lib.common.processes import exit_after
from bisenet_lib.errors import InputError, refuse

Item = TypeVar("Item")
Result = TypeVar("Result")
MOST_AT_ONCE = 8
"""Items sent to a worker at a time, at most: the progress bar moves in steps of this size."""
JUST_UNDER_32_MB = 31 << 20
"""The largest block that moves glibc's thresholds (``man mallopt``, M_MMAP_THRESHOLD)."""


def ahead(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int = 2
) -> Generator[Result, None, None]:
    """Apply ``function`` to the items in threads, a few items ahead of the results that are read.

    Two of them make a pipeline: ``ahead(write, map(compute, ahead(read, paths)))`` reads and
    writes in threads and computes in this one. Closing it waits for the calls in progress.

    Args:
        function: called in a thread.
        items: read in this thread, one by one.
        threads: how many; with one the function is called in the order of the items.

    Yields:
        The results, in the order of the items.

    Raises:
        Exception: what the function raised, when its result is due.
    """
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _guarded(function: Callable[[Item], Result], item: Item) -> Result | InputError:
    try:
        return function(item)
    except InputError as error:
        return error


def _all_guarded(
    function: Callable[[Item], Result], items: list[Item]
) -> list[tuple[Item, Result | InputError]]:
    try:
        return [(item, _guarded(function, item)) for item in items]
    except SystemExit:
        os._exit(1)  # the pool would treat it as a result, and send more items


def _begin_worker() -> None:
    """Let a worker keep freed memory, and end quietly on Ctrl-C or when its parent is killed.

    glibc gives blocks of an image's size back to the system at once, which then clears them
    for the next image. Once a larger block was freed, glibc keeps them. This saves a sixth of the
    time of converting a label.
    """
    bytearray(JUST_UNDER_32_MB)
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(1))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, _leave_item)

    parent = parent_process()
    assert parent is not None, "a worker has a parent"
    exit_after(parent.join)


def _leave_item(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    sys.exit(1)


@contextmanager
def _interrupt_held_back() -> Iterator[None]:
    """Delay Ctrl-C inside the block: workers that are just starting would print a traceback.

    Workers inherit the signal mask. In this process the mask is not enough: another thread may
    receive the signal, and Python then interrupts the main thread. So a handler records the
    signal, and it is raised again after the block.
    """
    received: list[int] = []
    in_main = threading.current_thread() is threading.main_thread()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    if in_main:
        handler = signal.signal(signal.SIGINT, lambda number, _frame: received.append(number))
    try:
        yield
    finally:
        if in_main:
            signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if received:
            signal.raise_signal(signal.SIGINT)


def _spawned(
    function: Callable[[Item], Result], items: list[Item], workers: int
) -> Iterator[tuple[Item, Result | InputError]]:
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin_worker)
    try:
        # Sending one item at a time would cost this process a tenth of a core or more.
        size = max(1, min(MOST_AT_ONCE, len(items) // (workers * 16)))
        batches = [items[start : start + size] for start in range(0, len(items), size)]
        with _interrupt_held_back():
            futures = [pool.submit(_all_guarded, function, batch) for batch in batches]
        for future in as_completed(futures):
            yield from future.result()
    except BrokenProcessPool as error:
        raise InputError(
            f"workers is {workers}: one of them was killed, most often for lack of memory. "
            "Run it again with fewer; what is done stays done."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def each(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int = 1,
    title: str = "",
) -> Iterator[tuple[Item, Result | InputError]]:
    """Apply ``function`` to every item, showing progress.

    Args:
        function: a module-level function (it is sent to the workers by name).
        items: its arguments, one for each call.
        workers: processes; 1 runs in this process. Workers are spawned, not forked,
            so that this is safe in a notebook and beside native thread pools.
        title: the text beside the progress bar.

    Yields:
        ``(item, result)`` as each finishes, in no fixed order; ``result`` is the
        ``InputError`` if that item raised one, so that one bad file does not stop the
        others. Any other exception is a defect: it is raised at once, and items that
        have not begun are dropped, as on an interrupt.

    Raises:
        InputError: ``workers`` is less than 1, or a worker was killed.
    """
    if workers < 1:
        raise InputError(f"workers is {workers}; give 1 or more")
    items = list(items)
    workers = min(workers, len(items))
    if workers > 1:
        results = _spawned(function, items, workers)
    else:
        results = ((item, _guarded(function, item)) for item in items)
    with tqdm(total=len(items), desc=title, disable=len(items) < 2) as bar:
        for result in results:
            yield result
            bar.update()


def every(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int = 1,
    title: str = "",
) -> list[Result]:
    """Apply ``function`` to every item; if some raise an ``InputError``, raise all of them as one.

    Args:
        function: see :func:`each`.
        items: its arguments, one for each call; hashable, and no two equal.
        workers: see :func:`each`.
        title: see :func:`each`.

    Returns:
        The results, in the order of the items.

    Raises:
        InputError: some items raised one: up to ten of their messages, and the number of others.
    """
    items = list(items)
    results = dict(each(function, items, workers=workers, title=title))
    errors = [result for result in results.values() if isinstance(result, InputError)]
    refuse(sorted(map(str, errors)), len(items))
    done = {item: result for item, result in results.items() if not isinstance(result, InputError)}
    return [done[item] for item in items]
