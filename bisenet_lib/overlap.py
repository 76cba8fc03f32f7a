"""Work that overlaps: threads read and write while this one computes."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int = 2
) -> Generator[Result, None, None]:
    """Apply ``function`` to the items in threads, a few items ahead of who takes the results.

    Two of them make a pipeline: ``ahead(write, map(compute, ahead(read, paths)))`` reads and
    writes in threads and computes in this one. Closed, it waits for what its threads are at.

    Args:
        function: called in a thread.
        items: taken in this thread, one by one.
        threads: how many; with one the function is called in the order of the items.

    Yields:
        The results, in the order of the items.

    Raises:
        Exception: what the function raised, when its result is due.
    """
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
