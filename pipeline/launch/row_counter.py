"""Rows read so far and the share that is done, summed out of the reader's lines."""

import logging
import re
import threading
import time

from smart_sync.plan import SyncPlan

_LINE = re.compile(r"split=(\d+) attempt=(\d+) rows=(\d+)( done)?$")


class RowCounter(logging.Handler):
    """Sums the rows of all splits out of the reader's lines; silent otherwise."""

    def __init__(self, plan: SyncPlan) -> None:
        super().__init__()
        self.plan = plan
        self._rows: dict[str, int] = {}
        self._done: set[str] = set()
        self._began = time.monotonic()
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        match = _LINE.match(record.getMessage())
        if match is None:
            return
        with self._guard:
            self._rows[match[1]] = int(match[3])
            if match[4]:
                self._done.add(match[1])
        self.show()

    @property
    def rows(self) -> int:
        """Rows read so far."""
        return sum(self._rows.values())

    @property
    def share(self) -> float:
        """Part that is done, from 0 to 1: by splits, or by the estimate within the only one."""
        total = self.plan.reading.split_total or 1
        share = len(self._done) / total
        estimate = self.plan.reading.estimated_rows
        if estimate:
            share = max(share, min(self.rows / estimate, 0.99))
        return 1.0 if len(self._done) == total else share

    @property
    def rate(self) -> float:
        """Rows per second since the start."""
        return self.rows / max(time.monotonic() - self._began, 0.001)

    def show(self) -> None:
        """Overridden: what to do with a new count."""
