"""What is read is told as it is read: each batch to who shows it, else a log line at times."""

import logging
import time

PROGRESS = logging.getLogger("smart_sync.progress")
"""At DEBUG a record for each batch, its values as `args`: run, split, attempt, rows, whether that
is all. Whoever shows progress listens there; without one INFO has a line of a split now and then.
"""
EVERY_S = 30.0
LINE = "run=%s split=%d attempt=%d rows=%d%s"
MORE, ALL = "", " done"


class ToldRows:
    """Tells of one attempt at a split; nothing is done per row."""

    __slots__ = ("_at", "_attempt", "_has_told", "_run_id", "_split")

    def __init__(self, run_id: str, split: int, attempt: int) -> None:
        self._run_id, self._split, self._attempt = run_id, split, attempt
        self._at, self._has_told = time.monotonic(), False

    def batch(self, rows: int) -> None:
        """Another batch has come; `rows`: of all so far."""
        if PROGRESS.isEnabledFor(logging.DEBUG):
            PROGRESS.debug(LINE, self._run_id, self._split, self._attempt, rows, MORE)
        elif time.monotonic() - self._at >= EVERY_S:
            self._at, self._has_told = time.monotonic(), True
            PROGRESS.info(LINE, self._run_id, self._split, self._attempt, rows, MORE)

    def end(self, rows: int) -> None:
        """The split was read whole; in the log only after what was told of it before."""
        level = logging.INFO if self._has_told else logging.DEBUG
        PROGRESS.log(level, LINE, self._run_id, self._split, self._attempt, rows, ALL)
