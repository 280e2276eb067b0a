"""What a launch changes in its process is put back when the last of them has ended.

A program may do with its process as it likes; a library stands in somebody else's.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LOGGERS = ("apache_beam", "sqlglot", "smart_sync.progress")
"""Whose levels a run sets."""
_TURN = threading.Lock()
_AT_WORK: list[object] = []
_FOUND: list[tuple[dict[str, str], dict[str, int]]] = []


@contextmanager
def untouched() -> Iterator[None]:
    """Put back libpq's variables and loggers' levels behind the block.

    Where blocks of other threads are still at work, behind the last of them.
    """
    work = object()
    with _TURN:
        if not _AT_WORK:
            levels = {name: logging.getLogger(name).level for name in LOGGERS}
            libpqs = {name: text for name, text in os.environ.items() if name.startswith("PG")}
            _FOUND[:] = [(libpqs, levels)]
        _AT_WORK.append(work)
    try:
        yield
    finally:
        with _TURN:
            _AT_WORK.remove(work)
            if not _AT_WORK:
                _put_back(*_FOUND.pop())


def _put_back(environ: dict[str, str], levels: dict[str, int]) -> None:
    """Of variables only what is gone: what the caller has set meanwhile stays."""
    for name, value in environ.items():
        os.environ.setdefault(name, value)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
