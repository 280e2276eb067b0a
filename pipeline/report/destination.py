"""One destination on the page: how it stands, its figures, their numbers, its last plan. Pure."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from pipeline.report import words
from pipeline.report.figures import HEIGHT, SHAPE, Line, lines
from pipeline.report.tables import each, table_of
from pipeline.report.told import Period, Told, lags_of, sums_of
from pipeline.report.words import number, short, size, span, text
from pipeline.runs.health import NOTHING, rough
from smart_sync.hosts import run_dollars

EVENTS = (("failed", "e", 2), ("checks_failed", "c", 7), ("rows_dead", "d", 12))
"""What is marked where it happened, its class, and how far down."""
MOST_OFF = 0.07
"""By how much a small figure may be narrower or wider than it is shown."""
Drawn = tuple[Line, str]
"""A line's values, and its path."""


def destinations(told: Sequence[Told], period: Period) -> Iterator[str]:
    """Each of them."""
    series = [_series(one, period) for one in told]
    drawn = iter(lines([line for every in series for line in every]))
    for place, (one, every) in enumerate(zip(told, series, strict=True)):
        paths = [(line, next(drawn)) for line, _ in every]
        yield _destination(one, place, len(told), period, paths)


def look_of(one: Told) -> str:
    """The class of what failed, or waits for somebody."""
    return "bad" if one.has_failed else "" if one.next == NOTHING else "due"


def _series(one: Told, period: Period) -> list[tuple[Line, float]]:
    """Rows, time, bytes, the lag, and for each of EVENTS its height where it happened."""
    sums: list[tuple[Line, float]] = [
        (sums_of([one], period, name), 0) for name in ("rows_published", "seconds", "bytes_staged")
    ]
    events: list[tuple[Line, float]] = [
        ([float(HEIGHT - down) if n else None for n in sums_of([one], period, name)], HEIGHT)
        for name, _, down in EVENTS
    ]
    return [*sums, (lags_of(one, period), 0), *events]


def _destination(one: Told, place: int, of: int, period: Period, drawn: Sequence[Drawn]) -> str:
    (rows, of_rows), (seconds, of_seconds), (sizes, of_sizes), (lags, of_lags), *events = drawn
    ago = rough(period.now - one.last["event_time"])
    width = period.spans
    return "".join(
        [
            f"<li{f' class={look} id=t{place}' if (look := look_of(one)) else ''}>",
            f"<header><h3><bdi>{text(one.destination)}</bdi></h3>",
            f"<i class=chip>{text(one.last['status'])}</i><i>{ago} ago</i></header>",
            f"<dl class=n>{''.join(_standing(one, period.now))}</dl><div class=f>",
            _figure(width, f"Rows {each(period)}", short, rows, _area(of_rows)),
            _figure(width, f"Time {each(period)}", _priced, seconds, _area(of_seconds)),
            _figure(width, f"Bytes {each(period)}", size, sizes, _area(of_sizes)),
            _figure(width, "Lag", span, lags, f'<path d="{of_lags}"/>'),
            _marked(width, events),
            f"</div>{_plan(one)}{table_of(one, period, of)}",
        ]
    )


def _priced(seconds: float) -> str:
    return f"{span(seconds)} ({words.dollars(run_dollars(seconds))})"


def _area(path: str) -> str:
    """A line, and what lies below it."""
    return f'<path d="{path}V{HEIGHT}H0z"/>'


def _figure(width: int, title: str, form: Callable[[float], str], line: Line, paths: str) -> str:
    """A small figure, and below it what it shows in words."""
    known = [value for value in line if value is not None]
    said = f"most {form(max(known))}, last {form(known[-1])}" if known else "not known"
    return f"<p>{_svg(max(width - 1, 1), paths if known else '')}<b>{title}</b> {said}"


def _marked(width: int, events: Sequence[Drawn]) -> str:
    """When runs failed, checks failed and rows became dead letters: a line of marks each."""
    counts = [sum(one is not None for one in line) for line, _ in events]
    marks = "".join(
        f'<path class={look} d="{path}"/>'
        for (_, look, _), (_, path) in zip(EVENTS, events, strict=True)
        if path
    )
    names = ("failed runs", "failed checks", "dead letters")
    said = ", ".join(f"<i>{name}</i> {count}" for name, count in zip(names, counts, strict=True))
    return f"<p>{_svg(width, marks)}<b>Days with</b> {said}"


def _svg(width: int, drawn: str) -> str:
    """What is drawn for eyes alone: words and numbers stand beside it.

    With few points it is stretched; with many it is about as wide as it is shown.
    """
    is_wide = abs(width / HEIGHT / SHAPE - 1) < MOST_OFF
    stretched = "" if is_wide else " preserveAspectRatio=none"
    return f"<svg viewBox=0,0,{width},{HEIGHT}{stretched} role=none>{drawn}</svg>"


def _standing(one: Told, now: datetime) -> Iterator[str]:
    """How it stands now, and its sums."""
    sums = one.sums
    failed = f", {number(sums['failed'])} failed" if sums["failed"] else ""
    checks = [f"{number(sums[f'checks_{how}'])} {how}" for how in ("failed", "warned")]
    told = {
        "Lag": "not known" if one.lag is None else span(one.lag.total_seconds()),
        "Runs": number(sums["runs"]) + failed,
        "Rows": short(sums["rows_published"]),
        "Dead letters": number(sums["rows_dead"]),
        "Checks": ", ".join(told for told in checks if told[0] != "0") or "none failed",
        "Time": span(sums["seconds"]),
        "Bytes": size(sums["bytes_staged"]),
        "Dollars": words.dollars(one.dollars),
    }
    for name, value in told.items():
        yield f"<dt>{name}<dd>{value}"


def _plan(one: Told) -> str:
    if not one.plan:
        return ""
    return f"<p class=p><b>Last plan</b> <bdi>{text('. '.join(one.plan))}</bdi>"
