"""What is told of destinations → one HTML file that loads nothing and runs no script. Pure."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from pipeline.parameters.version import VERSION
from pipeline.report import words
from pipeline.report.figures import HEIGHT, TALL, WIDTH, Line, chart, lines
from pipeline.report.style import STYLE
from pipeline.report.told import SUMMED, Period, Told, lags_of, longest_of, sums_of
from pipeline.report.words import number, short, size, span, text
from pipeline.runs.health import NOTHING, rough

NO_NETWORK = "default-src 'none'; style-src 'unsafe-inline'"
"""A browser then refuses whatever a page would load or run."""


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
        yield from _all(told, period)
        yield from _to_do(told, period.now)
        yield "<section aria-labelledby=h3><h2 id=h3>Destinations</h2><ol>"
        yield from _destinations(told, period)
        yield "</ol></section>"
    else:
        yield "<p>No run in these days.</p>"
    yield f"</main><footer><p>Written by Smart Sync {VERSION}. Days are UTC. Rows are those"
    yield "published by runs that are in the table still. Lag is how long ago a table’s rows"
    yield "were complete. Bytes are those of staged files. Dollars are reckoned, not billed:"
    yield "what the seconds cost as a Cloud Run job of 1 vCPU and 2 GiB, without BigQuery.</p>"
    yield "</footer></body></html>"


def _all(told: Sequence[Told], period: Period) -> Iterator[str]:
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
    yield "</dl><div class=all>"
    yield _figure("Runs", period, told, [("runs", "runs"), ("failed", "bad")], "~s")
    yield _figure("Rows", period, told, [("rows_published", "rows")], "~s")
    yield _figure("Seconds", period, told, [("seconds", "seconds")], "~s")
    yield _figure("Bytes", period, told, [("bytes_staged", "bytes")], "~s")
    yield "</div></section>"


def _figure(
    title: str, period: Period, told: Sequence[Told], series: Sequence[tuple[str, str]], form: str
) -> str:
    values = [(name, color, sums_of(told, period, name)) for name, color in series]
    drawn = chart(period, [(color, line) for _, color, line in values], form)
    said = "; ".join(f"{name.replace('_', ' ')}: {_said(line)}" for name, _, line in values)
    also = "; failed in red" if len(series) > 1 else ""
    return (
        f"<figure><figcaption>{title} <span>{_each(period)}{also}</span></figcaption>"
        f'<svg role=img viewBox="0 0 {WIDTH} {TALL}"><title>{title} {_each(period)}. {said}'
        f"</title>{drawn}</svg></figure>"
    )


def _each(period: Period) -> str:
    return "a day" if period.days == 1 else f"in {period.days} days"


def _said(line: Line) -> str:
    """A line in words."""
    known = [value for value in line if value is not None]
    if not known:
        return "nothing is known"
    return f"{short(min(known))} to {short(max(known))}, last {short(known[-1])}"


def _to_do(told: Sequence[Told], now: datetime) -> Iterator[str]:
    yield "<section aria-labelledby=h2><h2 id=h2>What failed, and what to do next</h2>"
    due = [one for one in told if one.next != NOTHING]
    if not due:
        yield "<p>Nothing: each destination’s newest run went well.</p></section>"
        return
    yield "<ul class=todo>"
    for one in due:
        ago = rough(now - one.last["event_time"])
        times = f", {number(one.failures_in_a_row)} in a row" if one.failures_in_a_row else ""
        yield f"<li><h3><bdi>{text(one.destination)}</bdi></h3>"
        yield f"<p>{text(one.last['status'])} {ago} ago{times}: run {text(one.last['run_id'])}</p>"
        if one.last["error"]:
            yield f"<p class=dim><bdi>{text(one.last['error'])}</bdi></p>"
        yield f"<p><b>Do next:</b> <bdi>{text(one.next)}</bdi></p></li>"
    yield "</ul></section>"


def _destinations(told: Sequence[Told], period: Period) -> Iterator[str]:
    series = [line for one in told for line in _series(one, period)]
    drawn = iter(lines(series))
    for one in told:
        yield _destination(one, period, [next(drawn) for _ in range(KINDS)])


KINDS = 6
"""Lines of each destination."""
EVENTS = (("failed", "e", 2), ("checks_failed", "c", 10), ("rows_dead", "d", 18))
"""What is marked where it happened, its class, and how far down."""


def _series(one: Told, period: Period) -> list[Line]:
    """Rows, the longest run, the lag, and for each of EVENTS 1 where it happened."""
    events = [sums_of([one], period, name) for name, _, _ in EVENTS]
    return [
        sums_of([one], period, "rows_published"),
        longest_of(one, period),
        lags_of(one, period),
        *([1.0 if count else None for count in counts] for counts in events),
    ]


def _destination(one: Told, period: Period, drawn: Sequence[str]) -> str:
    width = period.spans
    rows, longest, lags, *events = _series(one, period)
    rows_path, longest_path, lag_path, *event_paths = drawn
    area = f"{rows_path}L{width - 1},{HEIGHT}L0,{HEIGHT}Z"
    parts = [
        f'<li class="t{" bad" if one.has_failed else ""}"><header><h3><bdi>',
        text(one.destination),
        f"</bdi></h3><span class=chip>{text(one.last['status'])}</span></header>",
        f"<dl class=n>{''.join(_figures(one))}</dl><div class=f>",
        _line(width, f"Rows {_each(period)}", short, rows, f'<path class=r d="{area}"/>'),
        _line(width, "Longest run", span, longest, f'<path class=x d="{longest_path}"/>'),
        _line(width, "Lag", span, lags, f'<path class=l d="{lag_path}"/>'),
        _marked(width, events, event_paths),
        f"</div>{_plan(one)}</li>",
    ]
    return "".join(parts)


def _marked(width: int, events: Sequence[Line], paths: Sequence[str]) -> str:
    """When runs failed, checks failed and rows became dead letters: a line of marks each."""
    counts = [sum(one is not None for one in line) for line in events]
    said = "Spans with failed runs {}, failed checks {}, dead letters {}".format(*counts)
    marks = "".join(
        f'<path class={look} d="{path}" transform="translate(0,{down})"/>'
        for (_, look, down), path in zip(EVENTS, paths, strict=True)
        if path
    )
    return (
        f'<div><svg role=img viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio=none>'
        f"<title>{said}</title>{marks}</svg><p>Failed, checks, dead letters</p></div>"
    )


def _line(width: int, title: str, form: Callable[[float], str], line: Line, paths: str) -> str:
    """A small figure; what it shows is said beside it, and in words to who can't see it."""
    known = [value for value in line if value is not None]
    most = f"most {form(max(known))}" if known else "not known"
    said = f"{most}, least {form(min(known))}, last {form(known[-1])}" if known else most
    return (
        f'<div><svg role=img viewBox="0 0 {max(width - 1, 1)} {HEIGHT}" preserveAspectRatio=none>'
        f"<title>{title}: {said}</title>{paths if known else ''}</svg>"
        f"<p>{title}, {most}</p></div>"
    )


def _figures(one: Told) -> Iterator[str]:
    sums = one.sums
    failed = f", {number(sums['failed'])} failed" if sums["failed"] else ""
    warned = f"{number(sums['checks_warned'])} warned"
    checks = f"{number(sums['checks_failed'])} failed, {warned}"
    told = {
        "Lag": "not known" if one.lag is None else span(one.lag.total_seconds()),
        "Runs": number(sums["runs"]) + failed,
        "Rows": short(sums["rows_published"]),
        "Dead letters": number(sums["rows_dead"]),
        "Checks": checks if sums["checks_failed"] or sums["checks_warned"] else "none failed",
        "Time": span(sums["seconds"]),
        "Bytes": size(sums["bytes_staged"]),
        "Dollars": words.dollars(one.dollars),
    }
    for name, value in told.items():
        yield f"<div><dt>{name}</dt><dd>{value}</dd></div>"


def _plan(one: Told) -> str:
    if not one.plan:
        return ""
    first, *rest = one.plan
    return f"<p class=p><b>Last plan</b> <bdi>{text('. '.join([first, *rest]))}</bdi></p>"
