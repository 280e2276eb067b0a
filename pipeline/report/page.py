"""What is told of destinations → one HTML file that loads nothing and runs no script. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from pipeline.parameters.version import VERSION
from pipeline.report import words
from pipeline.report.destination import destinations, look_of
from pipeline.report.figures import TALL, WIDTH, chart
from pipeline.report.style import STYLE
from pipeline.report.tables import each, table_of_all
from pipeline.report.told import SUMMED, Period, Told, sums_of
from pipeline.report.words import number, short, size, span, text
from pipeline.runs.health import NOTHING, reading, rough, without_mend
from smart_sync.hosts import HOUR_S, run_dollars

NO_NETWORK = "default-src 'none'; style-src 'unsafe-inline'"
"""A browser then refuses whatever a page would load or run."""
UNITS = (("hours", 2 * HOUR_S, HOUR_S), ("minutes", 120, 60), ("seconds", 0, 1))
"""Of time in a chart: its name, from which maximum it is used, and its seconds."""


def page(told: Sequence[Told], period: Period, history: str) -> str:
    """The page.

    Args:
        told: the destinations, in their order.
        period: the days that it tells of.
        history: the history's table.
    """
    return "\n".join([*_head(period, history), *_body(told, period, history), ""])


def _head(period: Period, history: str) -> Iterator[str]:
    yield "<!DOCTYPE html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{NO_NETWORK}">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield f"<title>Smart Sync: {text(history)}, {words.day(period.now)}</title>"
    yield f"<style>{STYLE}</style></head><body>"


def _body(told: Sequence[Told], period: Period, history: str) -> Iterator[str]:
    yield f"<header><h1>Sync report</h1><p class=dim>{words.day(period.first)} to "
    yield f"{words.moment(period.now)} UTC, of <bdi>{text(history)}</bdi></p></header><main>"
    if told:
        yield from _all(told)
        yield from _to_do(told, period.now)
        yield from _days(told, period)
        yield "<section aria-labelledby=h4><h2 id=h4>Destinations</h2><ol>"
        yield from destinations(told, period)
        yield "</ol></section>"
    else:
        yield "<p>No run in these days.</p>"
    yield f"</main><footer><p>Written by Smart Sync {VERSION}. Days are UTC. Rows are those"
    yield "published by runs that are in the table still. Lag is how long ago a table’s rows"
    yield "were complete. Bytes are those of staged files. Dollars are reckoned, not billed:"
    yield "what the seconds cost as a Cloud Run job of 1 vCPU and 2 GiB, without BigQuery.</p>"
    yield "</footer></body></html>"


def _all(told: Sequence[Told]) -> Iterator[str]:
    sums = {name: sum(one.sums[name] for one in told) for name in SUMMED}
    failing = sum(one.has_failed for one in told)
    tiles = (
        ("Destinations", number(len(told)), False),
        ("Failing now", number(failing), failing),
        ("Runs", number(sums["runs"]), False),
        ("Failed runs", number(sums["failed"]), sums["failed"]),
        ("Rows", short(sums["rows_published"]), False),
        ("Dead letters", number(sums["rows_dead"]), sums["rows_dead"]),
        ("Failed checks", number(sums["checks_failed"]), sums["checks_failed"]),
        ("Time", span(sums["seconds"]), False),
        ("Bytes", size(sums["bytes_staged"]), False),
        ("Dollars", words.dollars(sum(one.dollars for one in told)), False),
    )
    yield "<section aria-labelledby=h1><h2 id=h1>In all</h2><dl class=sum>"
    for name, value, is_bad in tiles:
        look = ' style="color:var(--bad)"' if is_bad else ""
        yield f"<div><dt>{name}</dt><dd{look}>{value}</dd></div>"
    yield "</dl></section>"


def _to_do(told: Sequence[Told], now: datetime) -> Iterator[str]:
    yield "<section aria-labelledby=h2><h2 id=h2>What failed, and what to do next</h2>"
    due = [(place, one) for place, one in enumerate(told) if one.next != NOTHING]
    if not due:
        yield "<p>Nothing: each destination’s newest run went well.</p></section>"
        return
    yield "<ul class=todo>"
    for place, one in due:
        ago = rough(now - one.last["event_time"])
        failures = one.failures_in_a_row
        times = f", {number(failures)} in a row" if failures > 1 else ""
        yield f"<li class={look_of(one)}><h3><a href=#t{place}><bdi>"
        yield f"{text(one.destination)}</bdi></a></h3>"
        yield f"<p>{text(one.last['status'])} {ago} ago{times}: run {text(one.last['run_id'])}</p>"
        if one.last["error"]:
            yield f"<p class=dim><bdi>{text(without_mend(one.last['error']))}</bdi></p>"
        see = reading(one.last)
        more = f" See <bdi>{text(see)}</bdi>" if see else ""
        yield f"<p><b>Do next:</b> <bdi>{text(one.next)}</bdi>{more}</p></li>"
    yield "</ul></section>"


def _days(told: Sequence[Told], period: Period) -> Iterator[str]:
    seconds = sums_of(told, period, "seconds")
    unit, length = next((name, one) for name, least, one in UNITS if max(seconds) >= least)
    hours = [value / length for value in seconds]
    price = f"{words.dollars(run_dollars(HOUR_S))} an hour"
    failed = sums_of(told, period, "failed")
    runs, rows, sizes = (
        sums_of(told, period, name) for name in ("runs", "rows_published", "bytes_staged")
    )
    yield "<section aria-labelledby=h3><h2 id=h3>Over time</h2><div class=all>"
    marked = "; red: with failed ones" if any(failed) else ""
    drawn = chart(period, [("runs", runs), ("bad", failed)], "~s", marked=failed, is_whole=True)
    yield _figure("Runs", each(period) + marked, f"{_said(runs)}; failed: {_said(failed)}", drawn)
    drawn = chart(period, [("rows", rows)], "~s", is_whole=True)
    yield _figure("Rows", each(period), _said(rows), drawn)
    drawn = chart(period, [("seconds", hours)], "~g")
    yield _figure("Time", f"{each(period)}, in {unit}; {price}", _said(hours), drawn)
    drawn = chart(period, [("bytes", sizes)], "~s", is_whole=True)
    yield _figure("Bytes", each(period), _said(sizes), drawn)
    yield f"</div>{table_of_all(told, period)}</section>"


def _figure(title: str, of: str, said: str, drawn: str) -> str:
    return (
        f"<figure><figcaption>{title} <span>{of}</span></figcaption>"
        f'<svg role=img viewBox="0 0 {WIDTH} {TALL}"><title>{title} {of}: {said}'
        f"</title>{drawn}</svg></figure>"
    )


def _said(line: Sequence[float]) -> str:
    """A line in words."""
    return f"{short(min(line))} to {short(max(line))}, last {short(line[-1])}"
