"""ReadAhead: a thread that reads up to a few batches before they are asked for."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Generic, TypeVar

import pyarrow as pa

Item = TypeVar("Item")
AHEAD = 2
"""Batches that wait for the caller at most."""


class ReadAhead(Generic[Item]):
    """The items that `read` yields, produced by a thread of their own.

    What it raises is raised where the items are asked for; when these are no longer wanted
    it is closed.
    """

    def __init__(self, read: Callable[[], Generator[Item, None, None]]) -> None:
        self._read = read
        self._queue: queue.Queue[Item | BaseException | None] = queue.Queue(AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._fill, name="read ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        while (item := self._queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    def stop(self) -> None:
        """End the reading, whatever it waits for."""
        self._stopped.set()
        while True:
            try:
                self._queue.get_nowait()
            except queue.Empty:
                if not self._thread.is_alive():
                    return
                self._thread.join(0.05)

    def _fill(self) -> None:
        try:
            with closing(self._read()) as items:
                for item in items:
                    if not self._put(item):
                        return
            self._put(None)
        except BaseException as error:  # it is raised by whoever reads the items
            self._put(error)

    def _put(self, item: Item | BaseException | None) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False


def cut(batch: pa.RecordBatch, rows: int | None) -> Iterator[pa.RecordBatch]:
    """A batch in pieces of at most that many rows; None: whole."""
    if rows is None:
        yield batch
        return
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)
