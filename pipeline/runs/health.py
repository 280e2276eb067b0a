"""What a destination's newest runs say of it, and what is to be done next. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from auto_schema.errors import InternalError
from pipeline.errors.lookup import how_to_read, see_text

MEND = "To mend: "
STILL = timedelta(hours=24)
"""Longer no run is at work unnoticed: most likely it is dead."""
NOTHING = "nothing"
HEIGHTS, BARS = "▁▂▃▄▅▆▇█", 12
"""Of a bar, from the lowest; and how many runs are drawn."""
_ROUGH = ((86_400, "d"), (3_600, "h"), (60, "min"))


@dataclass(frozen=True, slots=True)
class Health:
    """One destination.

    Attributes:
        destination: `project.dataset.table`.
        last: its newest run, as the history tells it.
        recent: its newest runs, that one first.
        lag: how long ago its rows were complete; None: they tell no time.
        next: what is to be done.
    """

    destination: str
    last: Mapping[str, Any]
    recent: tuple[Mapping[str, Any], ...]
    lag: timedelta | None
    next: str

    @property
    def has_failed(self) -> bool:
        """Whether its newest run that has ended did so with a fault."""
        return bool(self.last["failures_in_a_row"]) or bool(self.last["exit_code"])


def healths(rows: Iterable[Mapping[str, Any]], now: datetime) -> list[Health]:
    """Each destination of the rows of `status_query`, in their order."""
    tables = list[Health]()
    for destination, of_one in groupby(rows, key=lambda row: str(row["destination"])):
        recent = tuple(of_one)
        last = recent[0]
        until = last["complete_until"]
        lag = None if until is None else max(now - until, timedelta(0))
        tables.append(Health(destination, last, recent, lag, next_thing(last, now)))
    return tables


def next_thing(run: Mapping[str, Any], now: datetime) -> str:
    """What is to be done after a destination's newest run.

    >>> next_thing({"status": "failed", "exit_code": 2, "error": "what. To mend: do it."}, now=None)
    'do it.'
    """
    status, run_id = run["status"], run.get("run_id")
    if status in ("running", "publishing"):
        old = now - run["event_time"] > STILL
        return "run again: it is settled first, if it is dead" if old else "wait until it ends"
    if status == "rolled_back":
        return "run again when what was wrong is mended: its rows come once more"
    if run["exit_code"]:
        return _mends(str(run["error"] or "")) or _without_mend(run)
    if run["rows_dead"]:
        return f"mend its {run['rows_dead']:,} dead letters, then replay_dead_letters={run_id}"
    return NOTHING


def reading(run: Mapping[str, Any]) -> str:
    """Where the error of a newest run is explained, and how it is printed; empty: nowhere.

    >>> reading({"exit_code": 2, "error": "half a login (postgresql_password). To mend: do it."})
    'docs/errors.md#half-a-login (smart-sync --help=half-a-login)'
    """
    return how_to_read(str(run["error"] or "")) if run["exit_code"] else ""


def address(run: Mapping[str, Any]) -> str:
    """The address alone, as a run's last line has it."""
    return see_text(str(run["error"] or "")) if run["exit_code"] else ""


def without_mend(error: str) -> str:
    """What a message says of one fault, without what is to be done; all of several faults."""
    return error.partition(MEND)[0].rstrip() if error.count(MEND) == 1 else error


def _mends(error: str) -> str:
    """What a message says is to be done: of each of its lines, where it tells several faults."""
    told = (line.partition(MEND)[2] for line in error.splitlines())
    return " ".join(mend for mend in told if mend)


def _without_mend(run: Mapping[str, Any]) -> str:
    if run["exit_code"] == InternalError.exit_code:
        return f"report it as a bug, with the traceback in the log of run {run.get('run_id')}"
    return "run again"


def document(tables: Iterable[Health]) -> list[dict[str, Any]]:
    """The same as JSON-ready values; times are ISO 8601 in UTC."""
    names = ("run_id", "status", "exit_code", "started_at", "event_time")
    rows = ("rows_read", "rows_published", "rows_dead")
    return [
        {
            "destination": one.destination,
            "last_run": {name: _plain(one.last[name]) for name in (*names, *rows, "error")},
            "complete_until": _plain(one.last["complete_until"]),
            "lag_seconds": None if one.lag is None else round(one.lag.total_seconds()),
            "last_success": _plain(one.last["last_success"]),
            "failures_in_a_row": one.last["failures_in_a_row"],
            "runs": one.last["runs"],
            "rows_published": one.last["rows_in_all"],
            "next": one.next,
            "see": address(one.last),
            "recent_runs": [
                {name: _plain(run[name]) for name in (*names, *rows)} for run in one.recent
            ],
        }
        for one in tables
    ]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def table_of(
    tables: Iterable[Health], now: datetime, *, has_lines: bool
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The same for a table: its headings, and a row for each.

    Args:
        tables: the destinations.
        now: when they are looked at.
        has_lines: whether rows of the newest runs are drawn, for eyes.
    """
    line = ("rows of runs",) if has_lines else ()
    headings = ("destination", "status", "last run", "lag", "rows", *line, "failures", "next")
    rows = [
        (
            one.destination,
            str(one.last["status"]),
            f"{rough(now - one.last['event_time'])} ago",
            "–" if one.lag is None else rough(one.lag),
            f"{one.last['rows_published'] or 0:,}",
            *((bars([run["rows_published"] or 0 for run in reversed(one.recent)]),) * has_lines),
            str(one.last["failures_in_a_row"] or "–"),
            " See ".join(filter(None, (one.next, reading(one.last)))),
        )
        for one in tables
    ]
    return headings, rows


def bars(values: Sequence[int]) -> str:
    """A bar for each of the last values, the highest of the highest.

    >>> bars([0, 1, 4, 8]), bars([0, 0]), bars(range(40)) == bars(range(40))[-BARS:]
    ('▁▁▄█', '▁▁', True)
    """
    shown = values[-BARS:]
    most = max(shown, default=0) or 1
    return "".join(HEIGHTS[max(0, -(-value * len(HEIGHTS) // most) - 1)] for value in shown)


def rough(span: timedelta) -> str:
    """A duration in one unit.

    >>> rough(timedelta(hours=26)), rough(timedelta(seconds=90)), rough(timedelta(seconds=9))
    ('26 h', '1 min', '9 s')
    """
    seconds = max(int(span.total_seconds()), 0)
    for unit, name in _ROUGH:
        if seconds >= 2 * unit or (seconds >= unit and name == "min"):
            return f"{seconds // unit} {name}"
    return f"{seconds} s"
