"""The same function over many files, in one process or several, with a progress bar."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
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
        hides in the rest. Any other exception is a defect and is raised.

    Raises:
        InputError: ``workers`` is less than 1.
    """
    if workers < 1:
        raise InputError(f"workers is {workers}; give 1 or more")
    items = list(items)
    with tqdm(total=len(items), desc=title, disable=len(items) < 2) as bar:
        if workers == 1 or len(items) < 2:
            for item in items:
                yield item, _guarded(function, item)
                bar.update()
            return
        with ProcessPoolExecutor(min(workers, len(items)), get_context("spawn")) as pool:
            futures = {pool.submit(partial(_guarded, function), item): item for item in items}
            for future in as_completed(futures):
                yield futures[future], future.result()
                bar.update()
