"""What stands for a server: tables by name, and lines over which they are read."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator

import pyarrow as pa

TABLES: dict[str, pa.Table] = {}
readers: Counter[int] = Counter()
"""Line → reads that are open."""
cuts: Counter[int] = Counter()
"""Line → how often it was cut."""


@contextlib.contextmanager
def reading(line: int) -> Iterator[Callable[[], bool]]:
    """A read over a line; yields whether it goes on."""
    before = cuts[line]
    readers[line] += 1
    try:
        yield lambda: cuts[line] == before
    finally:
        readers[line] -= 1
