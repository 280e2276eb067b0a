"""volume_check: whether a run brings about as many rows as earlier ones of the same hours. Pure.

By median and spread, which a few odd runs move little. Of windows of time it is rows per hour of
window that are compared: one that follows an outage is longer, and brings more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from smart_sync.cursor import Cursor
from smart_sync.frontier import parse_value
from smart_sync.window import WindowPlan
from sources.values import CursorValue

LEAST_RUNS = 7
SPREADS = 5
"""So many spreads away from the median is odd."""
NORMAL = 1.4826
"""The standard deviation of normal values by their median absolute deviation."""
LEAST_SHARE, MOST_TIMES = 0.5, 2.0
"""More than half and less than twice the median is never odd."""


@dataclass(frozen=True, slots=True)
class PastVolume:
    """What an earlier run read: its rows, and the hours of its window; None: of no time."""

    rows: int
    hours: float | None = None


@dataclass(frozen=True, slots=True)
class VolumePlan:
    """How many rows a run is expected to read.

    Attributes:
        ends: whether the run ends when it reads others; else that is told.
        runs: earlier ones of the same hours that were compared.
        low, high: rows, both included; without enough runs there is no such range.
        is_never_zero: whether all of those runs read rows.
    """

    ends: bool
    runs: int
    low: float = 0.0
    high: float = float("inf")
    is_never_zero: bool = False

    @property
    def is_known(self) -> bool:
        """Whether there are enough runs to compare."""
        return self.runs >= LEAST_RUNS

    @property
    def text(self) -> str:
        """The expectation in words."""
        if not self.is_known:
            return f"not judged: {self.runs} runs of these hours so far, {LEAST_RUNS} are needed"
        least = max(self.low, 1) if self.is_never_zero else self.low
        return f"{least:,.0f} to {self.high:,.0f} rows, by {self.runs} runs of these hours"

    def is_odd(self, rows: int) -> bool:
        """Whether a run should not have read so many rows."""
        if not self.is_known:
            return False
        return not self.low <= rows <= self.high or (rows == 0 and self.is_never_zero)


def past_volumes(
    rows: Iterable[Mapping[str, Any]], cursor: Cursor | None
) -> tuple[PastVolume, ...]:
    """Earlier runs of the history that read what this one reads: windows of its cursor, or all."""
    volumes = list[PastVolume]()
    for row in rows:
        if cursor is None:
            if row["window_end"] is None:
                volumes.append(PastVolume(row["rows_read"]))
            continue
        ends = [parse_value(row[name], cursor) for name in ("window_start", "window_end")]
        if row["cursor_column"] == cursor.source_name and None not in ends:
            volumes.append(PastVolume(row["rows_read"], hours_between(*ends)))
    return tuple(volumes)


def hours_between(low: CursorValue | None, high: CursorValue | None) -> float | None:
    """The length of a window of time in hours; None: it isn't one, or has no length.

    >>> hours_between(date(2025, 7, 1), date(2025, 7, 2)), hours_between(1, 5)
    (24.0, None)
    """
    if not (isinstance(low, date) and isinstance(high, date)):  # a datetime is a date, too
        return None
    hours = (high - low).total_seconds() / 3600
    return hours if hours > 0 else None


def plan_volume(past: Iterable[PastVolume], window: WindowPlan | None, *, ends: bool) -> VolumePlan:
    """What to expect of a run with this window.

    Args:
        past: earlier runs of the same hours.
        window: of the run; None: it has none.
        ends: as of the plan.
    """
    hours = hours_between(window.window.low, window.window.high) if window else None
    like = [one for one in past if (one.hours is None) == (hours is None)]
    if len(like) < LEAST_RUNS:
        return VolumePlan(ends, len(like))
    rates = [one.rows / (one.hours or 1.0) for one in like]
    middle = median(rates)
    spread = NORMAL * median(abs(rate - middle) for rate in rates)
    low = max(0.0, min(middle - SPREADS * spread, LEAST_SHARE * middle))
    high = max(middle + SPREADS * spread, MOST_TIMES * middle)
    length = hours or 1.0
    never = all(one.rows for one in like)
    return VolumePlan(ends, len(like), low * length, high * length, never)
