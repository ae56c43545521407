"""Work on many files at once, answered in order, a few ahead, and ended cleanly when nobody wants the rest."""
from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from segcore.errors import FormatError, ImageError, ProjectError

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2
"""Tasks per thread that may wait to be asked for: bounds memory."""


def in_order(work: Callable[[Item], Result],
             items: Sequence[Item]) -> Generator[tuple[Item, Result | ImageError | ProjectError | FormatError]]:
    """Yield (item, work(item)) for each item in order; an item that cannot be converted comes with its error instead.

    Every other error ends the work. Close the generator to stop early; it waits for the tasks that have begun.
    """
    # More threads than cores: half of the time is spent waiting for the disk.
    threads = min(8, 2 * (os.cpu_count() or 1))
    pool = ThreadPoolExecutor(threads, thread_name_prefix="format")
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    todo = iter(items)
    try:
        while True:
            while len(waiting) < AHEAD * threads and (item := next(todo, None)) is not None:
                waiting.append((item, pool.submit(work, item)))
            if not waiting:
                return
            item, future = waiting.popleft()
            try:
                result: Result | ImageError | ProjectError | FormatError = future.result()
            except (ImageError, ProjectError, FormatError) as error:
                result = error
            yield item, result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
