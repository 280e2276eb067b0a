"""The history's days → what the report tells of each destination. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from pipeline.runs.health import address, next_thing
from smart_sync.hosts import run_dollars

MOST_SPANS = 92
"""Points of a figure; more days than these are put together, some to a point."""
WEEK = 7
SUMMED = (
    *("runs", "failed", "rows_published", "rows_dead", "bytes_staged"),
    *("checks_failed", "checks_warned", "seconds"),
)
"""Figures of a day that are added up."""


@dataclass(frozen=True, slots=True)
class Period:
    """The days that a report tells of, both included, cut into spans of as many days each.

    Attributes:
        first: the first day (UTC).
        now: when it was made; its day is the last one.
        days: of a span; the last may have fewer.
    """

    first: date
    now: datetime
    days: int = 1

    @classmethod
    def of(cls, since: datetime, now: datetime) -> "Period":
        """From the day of `since` to that of `now`."""
        first = since.astimezone(UTC).date()
        count = (now.astimezone(UTC).date() - first).days + 1
        return cls(first, now, -(-count // MOST_SPANS))

    @property
    def spans(self) -> int:
        """How many spans there are."""
        return (self.now.astimezone(UTC).date() - self.first).days // self.days + 1

    @property
    def starts(self) -> list[date]:
        """The first day of each span."""
        return [self.first + timedelta(days=n * self.days) for n in range(self.spans)]

    def coarser(self, rows: int) -> "Period":
        """The same days in at most so many spans, of whole weeks where they are longer than one."""
        count = (self.now.astimezone(UTC).date() - self.first).days + 1
        days = max(self.days, -(-count // max(rows, 1)))
        return replace(self, days=days if days == self.days else -(-days // WEEK) * WEEK)

    def span_of(self, day: date) -> int:
        """The number of the span in which a day lies; clocks of machines differ."""
        return min((day - self.first).days // self.days, self.spans - 1)

    def end_of(self, span: int) -> datetime:
        """When a span ends: the last one now."""
        day = self.first + timedelta(days=(span + 1) * self.days)
        return min(datetime.combine(day, time(), UTC), self.now)


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a destination.

    Attributes:
        destination: `project.dataset.table`.
        days: the rows of `days_query`, the oldest first.
        last: its newest run.
        sums: of all days, by the names of SUMMED.
        lag: how long ago its rows were complete; None: they tell no time.
        failures_in_a_row: runs that failed since the last good one.
        next: what is to be done.
        plan: the lines of its last plan, then its warnings; none: it is older, or unknown.
        plan_run_id: the run that made it.
    """

    destination: str
    days: Sequence[Mapping[str, Any]]
    last: Mapping[str, Any]
    sums: Mapping[str, float]
    lag: timedelta | None
    failures_in_a_row: int
    next: str
    plan: tuple[str, ...] = ()
    plan_run_id: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether its newest run that has ended did so with a fault."""
        return bool(self.failures_in_a_row or self.last["exit_code"])

    @property
    def dollars(self) -> float:
        """What its seconds would cost as a Cloud Run job, by its list price; reckoned."""
        return run_dollars(self.sums["seconds"])


def told_of(rows: Iterable[Mapping[str, Any]], now: datetime) -> list[Told]:
    """Each destination of the rows of `days_query`: those that have failed first."""
    destinations = [
        _told(name, list(days), now)
        for name, days in groupby(rows, key=lambda row: str(row["destination"]))
    ]
    return sorted(destinations, key=lambda one: (not one.has_failed, one.destination))


def _told(destination: str, days: Sequence[Mapping[str, Any]], now: datetime) -> Told:
    newest = days[-1]
    names = ("run_id", "status", "exit_code", "rows_dead", "version", "error")
    last = {name: newest[f"last_{name}"] for name in names}
    last |= {"event_time": newest["last_event"]}
    until = max((row["complete_until"] for row in days if row["complete_until"]), default=None)
    return Told(
        destination,
        days,
        last,
        {name: sum(row[name] or 0 for row in days) for name in SUMMED},
        None if until is None else max(now - until, timedelta(0)),
        sum(row["failed_since"] for row in days),
        next_thing(last, now),
        tuple(newest[f"plan_{number}"] for number in range(5) if newest.get(f"plan_{number}")),
        newest["plan_run_id"] or "",
    )


def sums_of(told: Iterable[Told], period: Period, name: str) -> list[float]:
    """A figure of each span, of all these destinations together."""
    sums = [0.0] * period.spans
    for one in told:
        for row in one.days:
            sums[period.span_of(row["day"])] += row[name] or 0
    return sums


def longest_of(one: Told, period: Period) -> list[float | None]:
    """Seconds of the longest run of each span; None: there was none."""
    longest: list[float | None] = [None] * period.spans
    for row in one.days:
        span, seconds = period.span_of(row["day"]), row["longest_s"]
        if seconds is not None:
            longest[span] = max(longest[span] or 0.0, seconds)
    return longest


def lags_of(one: Told, period: Period) -> list[float | None]:
    """How long ago rows were complete when each span ended, in seconds; None: nobody knows."""
    reached: list[datetime | None] = [None] * period.spans
    for row in one.days:
        if row["complete_until"]:
            span = period.span_of(row["day"])
            reached[span] = max(reached[span] or row["complete_until"], row["complete_until"])
    lags, until = list[float | None](), None
    for span, one_reached in enumerate(reached):
        until = max((end for end in (until, one_reached) if end), default=None)
        lag = None if until is None else (period.end_of(span) - until).total_seconds()
        lags.append(None if lag is None else max(lag, 0.0))
    return lags


def document(told: Sequence[Told], period: Period, history: str) -> dict[str, Any]:
    """The same as JSON-ready values; times are ISO 8601 in UTC."""
    return {
        "history": history,
        "since": period.first.isoformat(),
        "until": period.now.isoformat(),
        "destinations": [
            {
                "destination": one.destination,
                "has_failed": one.has_failed,
                "last_run": _plain(one.last),
                "lag_seconds": None if one.lag is None else round(one.lag.total_seconds()),
                "failures_in_a_row": one.failures_in_a_row,
                "next": one.next,
                "see": address(one.last),
                **{name: _rounded(one.sums[name]) for name in SUMMED},
                "dollars": round(one.dollars, 4),
                "plan": {"run_id": one.plan_run_id, "lines": one.plan} if one.plan else None,
                "days": [_day(row) for row in one.days],
            }
            for one in told
        ],
    }


def _day(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("day", *SUMMED, "longest_s", "complete_until")
    told = {name: _rounded(value) for name, value in _plain({n: row[n] for n in names}).items()}
    return told | {"dollars": round(run_dollars(row["seconds"] or 0), 4)}


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
    }
