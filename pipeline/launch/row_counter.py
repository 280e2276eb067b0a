"""Rows read so far, the share that is done and the time that is left, of each run at work."""

import logging
import threading
import time
from dataclasses import dataclass, field

from pipeline.execution.told_rows import ALL
from smart_sync.headline import is_estimated
from smart_sync.plan import SyncPlan

LEAST_SHARE = 0.02
"""From here on the time that is left is told; before, it would jump."""


@dataclass(slots=True)
class AtWork:
    """A run that reads.

    Attributes:
        name: of its table.
        splits: all that there are.
        estimate: rows that come, by the source; None: not known.
        began: by the monotonic clock, in seconds.
        before: splits that another run had read.
        rows: by split.
        done: splits that were read whole.
    """

    name: str
    splits: int
    estimate: int | None
    began: float
    before: int = 0
    rows: dict[int, int] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)

    @property
    def total(self) -> int:
        """Rows read so far."""
        return sum(self.rows.values())

    @property
    def share(self) -> float | None:
        """Part that is done, from 0 to 1: by splits, or by the estimate; None: not known."""
        ended = self.before + len(self.done)
        if ended >= max(self.splits, 1):
            return 1.0
        share = ended / self.splits if self.splits > 1 else None
        if self.estimate:
            share = max(share or 0.0, min(self.total / self.estimate, 0.99))
        return share

    def seconds(self) -> float:
        """Since it began."""
        return max(time.monotonic() - self.began, 0.001)

    @property
    def left_s(self) -> float | None:
        """Seconds that reading will still take; None: nobody knows."""
        share = self.share
        if share is None or not LEAST_SHARE <= share < 1:
            return None
        return self.seconds() * (1 - share) / share


class Board(logging.Handler):
    """Sums what readers tell of all runs at work in this process; shows nothing itself.

    Args:
        tables: of the launch, or slices of one.
        noun: what they are called.
    """

    def __init__(self, tables: int = 1, noun: str = "tables") -> None:
        super().__init__(logging.DEBUG)
        self.tables, self.noun, self.ended, self.rows_of_ended = tables, noun, 0, 0
        self.at_work: dict[str, AtWork] = {}
        self.began = time.monotonic()
        self._guard = threading.Lock()

    def begin(self, plan: SyncPlan, name: str = "") -> None:
        """A run goes to work; it is called as its table unless it has a name."""
        reading, name = plan.reading, name or plan.destination.table
        estimate = reading.estimated_rows if is_estimated(plan) else None
        before = reading.split_total - len(reading.splits) if plan.run.taken else 0
        one = AtWork(name, reading.split_total, estimate, time.monotonic(), before)
        with self._guard:
            self.at_work[plan.run.run_id] = one
        self.show()

    def end(self, run_id: str) -> None:
        """It is at work no more, however it ended."""
        with self._guard:
            one = self.at_work.pop(run_id, None)
            if one is not None:
                self.ended += 1
                self.rows_of_ended += one.total
        self.show()

    def emit(self, record: logging.LogRecord) -> None:
        """Take in what a reader tells: see `told_rows.PROGRESS`."""
        if not isinstance(record.args, tuple) or len(record.args) != 5:
            return
        run_id, split, _, rows, end = record.args
        with self._guard:
            one = self.at_work.get(str(run_id))
            if one is None or not isinstance(split, int) or not isinstance(rows, int):
                return
            one.rows[split] = rows
            if end == ALL:
                one.done.add(split)
        self.show()

    @property
    def rows(self) -> int:
        """Rows read so far by all runs."""
        return self.rows_of_ended + sum(one.total for one in list(self.at_work.values()))

    @property
    def rate(self) -> float:
        """Rows per second since the launch began."""
        return self.rows / max(time.monotonic() - self.began, 0.001)

    def show(self) -> None:
        """Overridden: what to do with a new count."""


def left_text(seconds: float | None) -> str:
    """The time that is left, in a few letters.

    >>> left_text(None), left_text(7.4), left_text(125), left_text(7300)
    ('', '8s left', '3m left', '2h 2m left')
    """
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{int(seconds) + 1}s left"
    minutes = int(seconds // 60) + 1
    return f"{minutes}m left" if minutes < 60 else f"{minutes // 60}h {minutes % 60}m left"


def share_text(one: AtWork) -> str:
    """The share in percent, or what comes after it; empty: not known."""
    if one.share is None:
        return ""
    return "publishing" if one.share >= 1 else f"{one.share * 100:.0f}%"
