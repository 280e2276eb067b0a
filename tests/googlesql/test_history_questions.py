"""What a plan asks of the run history: GoogleSQL, the local BigQuery and a model agree.

The histories come from seeds; those of one test lie in few tables.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.bigquery import SchemaField

from pipeline.launch.frontier import (
    _DOUBTFUL,
    ANEW,
    BEGINNING,
    _parameters,
    frontier_in,
    frontier_near,
    frontier_question,
    read_frontier,
)
from pipeline.runs import history, past_runs, questions
from smart_sync.cursor import Cursor
from smart_sync.repair import ROLLBACK, ROLLED_BACK
from smart_sync.value_text import value_text
from tests.factories import a_target
from tests.googlesql.both import Both
from tests.googlesql.test_planning_questions import a_value
from tests.googlesql.test_questions import same
from tests.run_histories import (
    KINDS,
    Table,
    carried_rows,
    last,
    published,
    unfinished,
    windows_of,
)
from tests.sync import PROJECT
from warehouse.names import TableRef

RUNS = 9
PUBLISHED = ("succeeded", "published_mismatch")
STATUSES = ("succeeded", *PUBLISHED, "failed", "abandoned", "publishing", "running", "held_back")


def some_events(dice: random.Random, destination: str, kind: str) -> list[dict[str, Any]]:
    """Runs of one destination, one event after the other, some with more than one."""
    events = []
    for number in range(dice.randrange(RUNS)):
        status = dice.choice(STATUSES)
        low, high = sorted(a_value(dice, kind) for _ in "ab")
        event = {
            "run_id": f"r{number}",
            "status": status,
            "seq": history.SEQUENCE.get(status, history.FINAL),
            "event_time": datetime(2025, 7, 1, tzinfo=UTC)
            + timedelta(days=number, seconds=dice.randrange(3600)),
            "destination": destination,
            "mode": dice.choice(["append", "merge", "append", "merge", *ANEW]),
            "cursor_column": dice.choice(["c", "c", "c", "other"]),
            "window_start": dice.choice([None, value_text(low)]),
            "window_end": dice.choice([None, value_text(high), value_text(high)]),
            "watermark_before": dice.choice([None, value_text(low)]),
            "watermark_after": dice.choice([None, value_text(high)]),
            "publish_job": dice.choice([None, "job"]),
        }
        if event["seq"] == history.FINAL:
            earlier = {"status": "publishing", "seq": history.SEQUENCE["publishing"]}
            at = {"event_time": event["event_time"] - timedelta(seconds=1)}
            events.append(event | earlier | at)
        events.append(event)
    dice.shuffle(events)
    return events


@pytest.mark.parametrize("kind", ["timestamptz", "date", "int8"])
def test_the_history_is_read_as_all_its_runs_say(both: Both, dataset: str, kind: str) -> None:
    """The frontier of a few picked runs is that of all; runs in doubt are all named."""
    dice, cursor = random.Random(kind), Cursor("c", "c", kind)
    table = TableRef(PROJECT, dataset, "sync_runs")
    destinations = [TableRef(PROJECT, dataset, f"t{n}") for n in range(4)]
    events = {str(one): some_events(dice, str(one), kind) for one in destinations}
    fields = [SchemaField(*one) for one in history.FIELDS]
    rows = [[event.get(f.name) for f in fields] for some in events.values() for event in some]
    both.hold(str(table), fields, rows)
    for destination in destinations:
        since = dice.choice([None, datetime(2025, 7, 3, tzinfo=UTC)])
        target, some = a_target(made=since), events[str(destination)]
        wanted = frontier_in(windows_of(some, cursor, since or BEGINNING), cursor)

        frontier = same(
            both,
            lambda client, destination=destination, target=target: read_frontier(
                client, table, destination, target, cursor
            ),
        )
        doubtful = same(
            both,
            lambda client, destination=destination, since=since: sorted(
                run["run_id"]
                for run in questions.ask_history(
                    client,
                    table,
                    _DOUBTFUL.format(table=table.sql),
                    _parameters(destination, cursor, since or BEGINNING),
                )
            ),
        )

        assert frontier == wanted
        assert doubtful == sorted(
            event["run_id"]
            for event in last(some, since or BEGINNING)
            if event["cursor_column"] == "c"
            and event["window_end"]
            and (
                event["status"] in ("running", "publishing")
                or (event["status"] == "failed" and event["publish_job"])
            )
        )


def dense_events(dice: random.Random, destination: str) -> list[dict[str, Any]]:
    """A first run of new rows, then windows by hand below it: many touch, some lie apart."""
    events = []
    for number in range(12):
        low, high = (40, 50) if number == 0 else sorted(dice.sample(range(0, 60, 2), 2))
        high = min(high, low + 8)
        events.append(
            {
                "run_id": f"r{number:02}",
                "status": "succeeded",
                "seq": history.FINAL,
                "event_time": datetime(2025, 7, 1 + number, tzinfo=UTC),
                "destination": destination,
                "mode": ANEW[0] if number == 0 else "merge",
                "cursor_column": "c",
                "window_start": value_text(low),
                "window_end": value_text(high),
                "watermark_after": value_text(high),
            }
        )
    return events


def test_windows_that_touch_are_put_together_in_any_order(both: Both, dataset: str) -> None:
    dice, cursor = random.Random("dense"), Cursor("c", "c", "int8")
    table = TableRef(PROJECT, dataset, "sync_runs")
    destinations = [TableRef(PROJECT, dataset, f"t{n}") for n in range(10)]
    events = {str(one): dense_events(dice, str(one)) for one in destinations}
    fields = [SchemaField(*one) for one in history.FIELDS]
    rows = [[event.get(f.name) for f in fields] for some in events.values() for event in some]
    both.hold(str(table), fields, rows)
    lowered = 0
    for destination in destinations:
        some = events[str(destination)]
        wanted = frontier_in(windows_of(some, cursor, BEGINNING), cursor)

        frontier = same(
            both,
            lambda client, destination=destination: read_frontier(
                client, table, destination, a_target(made=None), cursor
            ),
        )

        assert frontier == wanted
        lowered += bool(frontier.floor is not None and frontier.floor < 40 and frontier.apart)
    assert lowered > 2


ASKED = 5
"""How often each history is asked."""


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date", "int8"])
def test_a_near_look_is_told_what_the_model_is(both: Both, dataset: str, kind: str) -> None:
    """Of which tests/unit/test_near_history.py shows that it is all, or found not to be enough."""
    dice, cursor = random.Random(f"near {kind}"), Cursor("c", "c", kind)
    ref, destination = TableRef(PROJECT, dataset, "sync_runs"), TableRef(PROJECT, dataset, "t")
    fields = [SchemaField(*one) for one in history.FIELDS]
    kinds = [one for one in KINDS if "others" not in one]  # which leave nothing to ask for
    for _ in range(ASKED):
        table = Table(dice, cursor)
        (*_, (events, now)) = table.go_on(dice.choices(kinds, k=30))
        told = [one | {"destination": str(destination)} for one in events]
        both.hold(str(ref), fields, [[one.get(f.name) for f in fields] for one in told])
        since, target = now - past_runs.NEAR, a_target(made=table.made)
        beside = {
            "windows": frontier_question(ref, destination, target, cursor, since),
            "written": past_runs.written_question(ref, destination, since),
            "carried": past_runs.carried_question(ref, destination, since),
        }

        def ask(client: Any, since: datetime = since, beside: Any = beside) -> Any:
            return past_runs.known_runs(
                client, ref, destination, beside, recent=since, is_made=True
            )

        runs, answers = same(both, ask)

        open_ended = {run["run_id"] for run in runs if run["seq"] < history.FINAL}
        assert open_ended == unfinished(events, since)
        assert answers["carried"] == [
            {"destination": str(destination), "frontier": one["frontier"]}
            for one in carried_rows(events, since)
        ]
        carried = past_runs.carried_in(answers["carried"], now)
        windows = windows_of(events, cursor, max(since, table.made))
        near, wanted = (
            frontier_near(rows, cursor, table.made, since, carried)
            for rows in (answers["windows"], windows)
        )
        assert near == wanted
        assert frontier_in(answers["windows"], cursor) == frontier_in(windows, cursor)
        assert bool(answers["written"]) == bool(published(events, since))


def test_a_run_that_was_rolled_back_counts_no_more(both: Both, dataset: str) -> None:
    """Neither for the columns that runs wrote, nor for their rows, nor for what they have read."""
    ref, destination = TableRef(PROJECT, dataset, "sync_runs"), TableRef(PROJECT, dataset, "t")
    fields, cursor = [SchemaField(*one) for one in history.FIELDS], Cursor("c", "c", "int8")
    now = datetime.now(UTC).replace(minute=30)

    def event(number: int, seq: int, status: str, days_ago: float, **more: Any) -> dict[str, Any]:
        told = {
            "destination": str(destination),
            "run_id": f"r{number}",
            "seq": seq,
            "status": status,
            "event_time": now - timedelta(days=days_ago),
            "mode": "append",
            "cursor_column": "c",
            "window_end": str(number),
            "columns": f'{{"columns": [["c{number}", "c{number}"]]}}',
            "rows_read": number,
        }
        return told | more

    undone = {"seq": history.UNDONE, "status": ROLLED_BACK}
    rollback = {"mode": ROLLBACK, "cursor_column": None, "window_end": None, "columns": None}
    events = [
        event(1, 2, "succeeded", 4),
        event(2, 2, "succeeded", 3),
        event(3, 2, "published_mismatch", 2),
        event(2, 2, "succeeded", 0.9) | undone,
        event(3, 2, "published_mismatch", 0.9) | undone,
        event(4, 2, "published_mismatch", 0.8, **rollback),
        event(5, 2, ROLLED_BACK, 0.7, **rollback),
    ]
    both.hold(str(ref), fields, [[one.get(f.name) for f in fields] for one in events])
    beside = {
        "written": past_runs.written_question(ref, destination),
        "volumes": past_runs.volumes_question(ref, destination),
    }

    frontier = same(
        both, lambda client: read_frontier(client, ref, destination, a_target(made=None), cursor)
    )
    answers = same(both, lambda client: questions.ask_at_once(client, ref, beside))

    assert (frontier.end, frontier.run_id) == (1, "r1")
    assert [row["columns"] for row in answers["written"]] == [events[0]["columns"]]
    assert [row["rows_read"] for row in answers["volumes"]] == [1]


def test_tables_that_ask_together_are_told_what_each_alone_is(both: Both, dataset: str) -> None:
    """Of other cursors, from other times on; one asks twice, and is answered twice."""
    dice, ref = random.Random("together"), TableRef(PROJECT, dataset, "sync_runs")
    fields = [SchemaField(*one) for one in history.FIELDS]
    names, kinds = [f"t{n}" for n in range(6)], ["timestamptz", "int8"]
    destinations = [TableRef(PROJECT, dataset, name) for name in names]
    events = [
        some_events(dice, str(one), kinds[n % 2]) + dense_events(dice, str(one))[: 6 * (n % 2)]
        for n, one in enumerate(destinations)
    ]
    both.hold(
        str(ref), fields, [[event.get(f.name) for f in fields] for some in events for event in some]
    )
    sinces = [BEGINNING, *(datetime(2025, 7, day, tzinfo=UTC) for day in (2, 3, 5))]
    asked = list[dict[str, Any]]()
    for n, destination in enumerate([*destinations, destinations[0]]):
        since, column = dice.choice(sinces), dice.choice(["c", "c", "other"])
        cursor = Cursor(column, column, kinds[n % 2])
        asked.append(
            {
                "runs": past_runs.past_runs_of(ref, destination, since),
                "windows": frontier_question(ref, destination, a_target(made=None), cursor, since),
                "written": past_runs.written_question(ref, destination, since),
                "number": questions.OneValue(f"SELECT {n}"),
            }
        )

    together = same(both, lambda client: questions.ask_together(client, ref, asked))

    alone = [
        same(both, lambda client, one=one: questions.ask_at_once(client, ref, one)) for one in asked
    ]
    assert together == alone
    assert [one["number"] for one in together] == list(range(7))
    assert sum(bool(one["windows"]) for one in together) > 3
    assert sum(bool(one["written"]) for one in together) > 3
