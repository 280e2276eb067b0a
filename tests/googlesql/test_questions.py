"""What runs ask of BigQuery about rows, by the product's own functions: both answer the same."""

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from google.cloud import bigquery

from auto_schema.evolve import CurrentField
from pipeline.destination.target import (
    highest_in,
    highest_question,
    read_watermark,
    rows_above,
)
from pipeline.launch.frontier import frontier_in, frontier_question, read_frontier
from pipeline.runs import history, past_runs
from pipeline.runs.views import latest_query
from smart_sync.cursor import CURSOR_KINDS, Cursor
from smart_sync.facts import Target, WrittenColumn
from smart_sync.frontier import Frontier
from smart_sync.stale_columns import StaleColumns
from smart_sync.value_text import value_text
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.source import BigquerySource
from sources.bigquery.statement import bound
from sources.values import CursorValue, Extract, Split, Window
from tests.factories import a_target
from tests.googlesql.both import Both, filled
from tests.sync import PROJECT
from warehouse.names import TableRef

MICRO = timedelta(microseconds=1)
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)
NOON = datetime(2025, 7, 22, 12, tzinfo=UTC)


def naive(stamp: datetime) -> datetime:
    return stamp.replace(tzinfo=None)


VALUES: dict[str, list[Any]] = {
    "timestamptz": [FIRST, FIRST + MICRO, NOON - MICRO, NOON, NOON + MICRO, LAST - MICRO, LAST],
    "timestamp": [naive(FIRST), naive(NOON) - MICRO, naive(NOON), naive(NOON) + MICRO, naive(LAST)],
    "date": [date.min, date(999, 12, 31), date(2025, 7, 21), date(2025, 7, 22), date.max],
    "int8": [-(2**63), -1, 0, 2**53, 2**53 + 1, 2**63 - 1],
}


def same(both: Both, ask: Callable[[bigquery.Client], Any]) -> Any:
    """What a function of the product makes of GoogleSQL's answers, and of the local one's."""
    here, there = (ask(cast("bigquery.Client", client)) for client in both.clients)
    assert here == there
    return here


@pytest.fixture
def destination(dataset: str) -> TableRef:
    return TableRef(PROJECT, dataset, "orders")


def a_cursor(kind: str) -> Cursor:
    return Cursor("c", "c", kind)


def with_cursors(both: Both, table: TableRef, kind: str, values: list[Any]) -> Target:
    stored = CURSOR_KINDS[kind]
    both.run(filled(str(table), f"c {stored}", [(value,) for value in values]))
    return a_target(fields=(CurrentField("c", stored),), rows=len(values))


@pytest.mark.parametrize("kind", VALUES)
def test_the_watermark_is_the_latest_value_up_to_now(
    both: Both, destination: TableRef, kind: str
) -> None:
    values, cursor = VALUES[kind], a_cursor(kind)
    target = with_cursors(both, destination, kind, [*values, None, values[0]])
    for place, now in enumerate(values):
        answer = same(
            both,
            lambda client, now=now: (lambda mark: (mark.value, mark.future_rows, mark.highest))(
                read_watermark(client, destination, target, cursor, now)
            ),
        )
        assert answer == (now, len(values) - 1 - place, values[-1])
        for low in range(place):
            within = same(
                both,
                lambda client, ends=(values[low], now): rows_above(
                    client, destination, target, cursor, ends
                ),
            )
            assert within == place - low


@pytest.mark.parametrize("kind", VALUES)
def test_the_highest_value_is_asked_beside_others_and_is_the_watermark_up_to_its_own_time(
    both: Both, destination: TableRef, kind: str
) -> None:
    values, cursor = VALUES[kind], a_cursor(kind)
    target = with_cursors(both, destination, kind, [*values, None])
    question = highest_question(destination, target, cursor)
    ((one, highest),) = both.run(f"SELECT 1, ({question})")
    known = highest_in(highest)
    for now in (None, *values):
        more = {} if now in (None, values[-1]) else {"highest": known}
        mark = same(
            both,
            lambda client, now=now, more=more: read_watermark(
                client, destination, target, cursor, now, **more
            ),
        )
        wanted = values[-1] if now is None else now
        assert (one, mark.value) == (1, wanted)
        assert mark.future_rows == len(values) - 1 - values.index(wanted)
    for now in (None, values[-1]):
        never: Any = None  # nobody is asked
        assert read_watermark(never, destination, target, cursor, now, highest=known) == known


def test_the_watermark_of_nothing_but_null(both: Both, destination: TableRef) -> None:
    target = with_cursors(both, destination, "timestamptz", [None])
    for now in (NOON, None):
        mark = same(
            both,
            lambda client, now=now: (
                read_watermark(client, destination, target, a_cursor("timestamptz"), now).value
            ),
        )
        assert mark is None


# --- windows in place ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", VALUES)
def test_windows_side_by_side_take_each_row_once(
    both: Both, destination: TableRef, kind: str
) -> None:
    """(low, high] for all pairs of neighbours, and the first one open downwards."""
    values = VALUES[kind]
    with_cursors(both, destination, kind, [*values, *values, None])
    connection = BigqueryConnection(PROJECT, destination.dataset, destination.table, PROJECT)
    ends: list[CursorValue | None] = [None, *values]
    parts = []
    for low, high in zip(ends, values, strict=False):
        extract = Extract("c", Window(low, high))
        source = BigquerySource(connection, filter_column="c", extract=extract)
        parts.append(f"SELECT {len(parts)} AS part, c FROM (\n{source.statement(Split(0))}\n)")

    rows = both.run("\nUNION ALL\n".join(parts))

    assert sorted(rows) == sorted([*enumerate(values), *enumerate(values)])


def test_a_query_gets_its_window_as_literals(both: Both, destination: TableRef) -> None:
    values = VALUES["timestamptz"]
    with_cursors(both, destination, "timestamptz", values)
    where = "WHERE c > '{start_timestamp}' AND c <= '{end_timestamp}'"
    query = f"SELECT c FROM `{destination}` {where}"

    for low, high in itertools.pairwise(values):
        assert both.run(bound(query, low, high)) == [(high,)]


# --- the history --------------------------------------------------------------------------


def an_event(number: int, status: str = "succeeded", **more: Any) -> dict[str, Any]:
    """An event of run `number`, which read the hour before noon of day `number`."""
    end = datetime(2025, 7, number, 12, tzinfo=UTC)
    return {
        "run_id": f"r{number:02}",
        "seq": history.SEQUENCE.get(status, history.FINAL),
        "status": status,
        "event_time": end + timedelta(minutes=5),
        "destination": f"{PROJECT}.d.orders",
        "mode": "append",
        "cursor_column": "c",
        "window_start": value_text(end - timedelta(hours=1)),
        "window_end": value_text(end),
        "watermark_after": value_text(end - timedelta(minutes=1)),
    } | more


WRITTEN = (WrittenColumn("a", "A"),)
EVENTS = [
    an_event(1, mode="create"),
    an_event(2, "running"),
    an_event(2, "publishing"),
    an_event(2),
    an_event(3, "failed", publish_job="j"),
    an_event(4, mode="replace", window_start=None),
    an_event(5, window_end=value_text(datetime(2025, 8, 1, tzinfo=UTC))),
    an_event(6, "abandoned", publish_job="j"),
    an_event(7, "abandoned", window_end=value_text(LAST)),
    an_event(8, destination="another", window_end=value_text(LAST)),
    an_event(9, cursor_column="another", window_end=value_text(LAST)),
    an_event(
        10,
        "published_mismatch",
        window_start=value_text(FIRST),
        columns=StaleColumns(written=WRITTEN).record,
    ),
    an_event(11, "running"),
    an_event(12, "publishing", publish_job="j"),
    an_event(13, "held_back", exit_code=0, publish_job=None),
    an_event(14, "verified", mode=None, window_end=None),
]


@pytest.fixture
def recorded(both: Both, dataset: str) -> TableRef:
    table = TableRef(PROJECT, dataset, "sync_runs")
    columns = ", ".join(f"`{name}` {kind}" for name, kind in history.FIELDS)
    rows = [[event.get(name) for name, _ in history.FIELDS] for event in EVENTS]
    both.run(filled(str(table), columns, rows))
    return table


def test_the_frontier_is_what_published_runs_read(both: Both, recorded: TableRef) -> None:
    destination = TableRef(PROJECT, "d", "orders")
    for cursor, made in ((Cursor("c", "c", "timestamptz"), None), (Cursor("c", "c", "int8"), None)):
        target = a_target(made=made)
        frontier = same(
            both,
            lambda client, cursor=cursor, target=target: read_frontier(
                client, recorded, destination, target, cursor
            ),
        )
        if cursor.is_integer:
            assert frontier == Frontier()
        else:
            assert (frontier.end, frontier.run_id) == (datetime(2025, 8, 1, tzinfo=UTC), "r05")
            assert frontier.event_time == EVENTS[11]["event_time"]


def test_the_history_says_the_newest_event_of_each_run(both: Both, recorded: TableRef) -> None:
    view = latest_query(recorded)

    rows = both.run(f"SELECT run_id, seq, status FROM (\n{view}\n)")

    newest = {event["run_id"]: event for event in EVENTS}
    assert sorted(rows) == [
        (run_id, event["seq"], event["status"]) for run_id, event in sorted(newest.items())
    ]


def test_what_is_asked_of_past_runs(
    both: Both, recorded: TableRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = TableRef(PROJECT, "d", "orders")
    monkeypatch.setattr(past_runs, "LOOK_BACK", timedelta(days=3650))

    past = same(both, lambda client: past_runs.past_runs(client, recorded, destination))
    assert [run["run_id"] for run in past] == ["r11", "r12", "r14"]
    known = same(both, lambda client: past_runs.known_runs(client, recorded, destination))
    assert known == (past, {})
    target, cursor = a_target(made=None), Cursor("c", "c", "timestamptz")
    beside = {
        "windows": frontier_question(recorded, destination, target, cursor),
        "written": past_runs.written_question(recorded, destination),
    }
    together = same(
        both, lambda client: past_runs.known_runs(client, recorded, destination, beside)
    )
    frontier = same(
        both, lambda client: read_frontier(client, recorded, destination, target, cursor)
    )
    assert together[0] == past
    assert len(together[1]["windows"]) > 1
    assert frontier_in(together[1]["windows"], cursor) == frontier
    assert past_runs.written_in(together[1]["written"]) == WRITTEN
    for verdict, before in (("succeeded", "r10"), ("verified", None)):
        run = {"run_id": "r14", "destination": str(destination), "status": verdict}
        ended = same(both, lambda client, run=run: past_runs.ended_before(client, recorded, run))
        assert (ended and ended["run_id"]) == before
    since = EVENTS[0]["event_time"]
    outcome = same(
        both, lambda client: past_runs.read_outcome(client, recorded, destination, "r02", since)
    )
    assert outcome["status"] == "succeeded"
    assert (
        same(both, lambda client: past_runs.written_columns(client, recorded, destination))
        == WRITTEN
    )
