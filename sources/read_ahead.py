"""ReadAhead: a thread that reads up to a few batches before they are asked for."""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Generic, Protocol, TypeVar

import pyarrow as pa

Item = TypeVar("Item")
AHEAD = 2
"""Batches that wait for the caller at most."""
LONGEST_STOP_S = 60.0
"""A thread that doesn't end by then is left to itself; it keeps no process alive."""


class Watch(Protocol):
    """What is asked while nothing comes: whether to wait on."""

    every_s: float

    def begin(self) -> None:
        """The wait for the next item begins."""

    def look(self) -> None:
        """Raise when it has been too long; called each `every_s`."""


class ReadAhead(Generic[Item]):
    """The items that `read` yields, produced by a thread of their own.

    What it raises is raised where the items are asked for; when these are no longer wanted
    it is closed. With a `watch` a thread that brings nothing is given up when that says so.
    `cancel` ends what the thread waits for, when nothing is wanted any more.
    """

    def __init__(
        self,
        read: Callable[[], Generator[Item, None, None]],
        watch: Watch | None = None,
        cancel: Callable[[], None] | None = None,
    ) -> None:
        self._read, self._watch, self._cancel = read, watch, cancel
        self._given_up = False
        self._queue: queue.Queue[Item | BaseException | None] = queue.Queue(AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._fill, name="read ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        while (item := self._next()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    def _next(self) -> Item | BaseException | None:
        if self._watch is None:
            return self._queue.get()
        self._watch.begin()
        while True:
            try:
                return self._queue.get(timeout=self._watch.every_s)
            except queue.Empty:
                self._given_up = True
                self._watch.look()
                self._given_up = False

    def stop(self) -> None:
        """End the reading; one that was given up, or doesn't end, is left to its thread."""
        self._stopped.set()
        if self._cancel and self._thread.is_alive() and not self._given_up:
            threading.Thread(target=self._cancel, name="cancel", daemon=True).start()
        deadline = time.monotonic() + (0 if self._given_up else LONGEST_STOP_S)
        while time.monotonic() < deadline:
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
