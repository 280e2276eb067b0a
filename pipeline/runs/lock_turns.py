"""One change of a lock at a time within this process.

A run's lock is renewed by threads while its report gives it back. Of two changes that saw the same
state BigQuery takes one, by If-Match; here the second isn't even sent before the first has its
answer, whatever answers. For workers in processes of their own If-Match stands alone.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

LONGEST_WAIT_S = 10.0
"""Then a change is sent all the same, and If-Match decides: nobody waits for one that hangs."""
_GUARD = threading.Lock()
_TURNS: "WeakValueDictionary[tuple[str, str], _Turn]" = WeakValueDictionary()


class _Turn:
    """Whose turn it is, as long as somebody asks."""

    def __init__(self) -> None:
        self.taken = threading.RLock()


@contextmanager
def turn_of(table: str, run_id: str) -> Iterator[None]:
    """Keep this process's other changes of a run's lock waiting until the block ends.

    Args:
        table: the lock's, as `project.dataset.table`.
        run_id: whose lock it is.
    """
    with _GUARD:
        turn = _TURNS.setdefault((table, run_id), _Turn())
    is_taken = turn.taken.acquire(timeout=LONGEST_WAIT_S)
    try:
        yield
    finally:
        if is_taken:
            turn.taken.release()
