"""Work on many tables, some at once, in threads that a signal needn't wait for."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

from pipeline.launch.program_end import RUN_THREAD

Item = TypeVar("Item")
Value = TypeVar("Value")


def side_by_side(work: Callable[[Item], Value], items: Sequence[Item], at_once: int) -> list[Value]:
    """What the work gives for each item, in their order.

    Args:
        work: raises nothing.
        items: taken in their order.
        at_once: how many of them are worked on.

    Raises:
        KeyboardInterrupt: a signal came; what is at work ends with the process.

    >>> side_by_side(lambda number: number + 1, [3, 1, 2], 2)
    [4, 2, 3]
    """
    done, waiting = dict[int, Value](), SimpleQueue[tuple[int, Item]]()
    for place, item in enumerate(items):
        waiting.put((place, item))

    def take() -> None:
        with suppress(Empty):
            while True:
                place, item = waiting.get_nowait()
                done[place] = work(item)

    threads = [
        threading.Thread(target=take, name=RUN_THREAD, daemon=True)
        for _ in range(min(at_once, len(items)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [done[place] for place in range(len(items))]
