"""The numbers behind the figures, for those who can't see them and for paper. Pure.

End tags that HTML lets a writer leave out are left out: a page has a thousand rows.
"""

from collections.abc import Callable, Iterable, Sequence

from pipeline.report import words
from pipeline.report.figures import Line
from pipeline.report.told import Period, Told, lags_of, longest_of, sums_of
from pipeline.report.words import brief, number, short, size
from smart_sync.hosts import run_dollars

MOST_ROWS = 1000
"""Of all destinations' tables together."""
MOST_OF_ONE = 14
"""Rows of a destination's table."""
UNKNOWN = "–"
Column = tuple[str, Callable[[float], str], Line]
"""Its heading, how its values are written, and the values."""


def table_of_all(told: Sequence[Told], period: Period) -> str:
    """A row for each span, of all destinations together."""
    return _details(_columns(told, period), period)


def table_of(one: Told, period: Period, destinations: int) -> str:
    """A row for some days, of one of so many destinations."""
    coarse = period.coarser(min(MOST_OF_ONE, MOST_ROWS // destinations))
    alone: list[Column] = [
        ("Longest run", brief, longest_of(one, coarse)),
        ("Lag", brief, lags_of(one, coarse)),
    ]
    return _details([*_columns([one], coarse), *alone], coarse)


def _columns(told: Sequence[Told], period: Period) -> list[Column]:
    sums = {
        name: sums_of(told, period, name)
        for name in ("runs", "failed", "rows_published", "rows_dead", "checks_failed", "seconds")
    }
    return [
        ("Runs", number, sums["runs"]),
        ("Failed", number, sums["failed"]),
        ("Rows", short, sums["rows_published"]),
        ("Dead letters", number, sums["rows_dead"]),
        ("Failed checks", number, sums["checks_failed"]),
        ("Time", brief, sums["seconds"]),
        ("Dollars", words.dollars, [run_dollars(one) for one in sums["seconds"]]),
        ("Bytes", size, sums_of(told, period, "bytes_staged")),
    ]


def _details(columns: Sequence[Column], period: Period) -> str:
    heads = "".join(f"<th>{title}" for title, _, _ in columns)
    rows = zip(period.starts, *(_told(form, line) for _, form, line in columns), strict=True)
    body = "".join(f"<tr><th>{words.short_day(day)}<td>{'<td>'.join(v)}" for day, *v in rows)
    spans = "day" if period.days == 1 else f"{period.days} days"
    return (
        f"<details><summary>Numbers by {spans}</summary>"
        f"<table><tr><th>From{heads}{body}</table></details>"
    )


def _told(form: Callable[[float], str], line: Line) -> Iterable[str]:
    return (UNKNOWN if value is None else form(value) for value in line)


def each(period: Period) -> str:
    """What a span is, behind a title."""
    return "a day" if period.days == 1 else f"in {period.days} days"
