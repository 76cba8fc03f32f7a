"""The same function over many files, in one process or several, with a progress bar."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context, parent_process
from typing import TypeVar

from tqdm.auto import tqdm

from bisenet_lib.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")


def _guarded(function: Callable[[Item], Result], item: Item) -> Result | InputError:
    try:
        return function(item)
    except InputError as error:
        return error


def _end_with_parent() -> None:
    """Let a worker end when its parent is killed; otherwise it would wait for ever."""

    def wait() -> None:
        parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _spawned(
    function: Callable[[Item], Result], items: list[Item], workers: int
) -> Iterator[tuple[Item, Result | InputError]]:
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _end_with_parent)
    try:
        futures: dict[Future, Item] = {
            pool.submit(partial(_guarded, function), item): item for item in items
        }
        for future in as_completed(futures):
            yield futures[future], future.result()
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
        items: its arguments, one a call.
        workers: processes; 1 runs in this process. Workers are spawned, not forked,
            so that this is safe in a notebook and beside native thread pools.
        title: the text beside the progress bar.

    Yields:
        ``(item, result)`` as each finishes, in no fixed order; ``result`` is the
        ``InputError`` if that item raised one, so one bad file neither stops nor
        hides in the rest. Any other exception is a defect: it is raised at once, and
        what has not begun is dropped, as on an interrupt.

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
