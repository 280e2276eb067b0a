"""The views of lag, success and volume: GoogleSQL, the local BigQuery and a model agree."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.bigquery import SchemaField

from pipeline.runs import history, views
from smart_sync.repair import ROLLBACK, ROLLED_BACK
from tests.googlesql.both import Both
from tests.sync import PROJECT
from warehouse.names import TableRef

STATUSES = ("succeeded", "held_back", "failed", "checks_failed", "abandoned", "published_mismatch")
NOW = datetime.now(UTC).replace(microsecond=0)
Event = dict[str, Any]
SPOILT = ("failed", "checks_failed", "abandoned", "published_mismatch", "differs")


def some_events(dice: random.Random, destination: str) -> list[Event]:
    """Runs of one destination, of each kind."""
    events = []
    for number in range(dice.randrange(1, 14)):
        kind = dice.choice(["sync", "sync", "sync", "slice", "whole", "replay", "verify", "undo"])
        status = dice.choice(STATUSES)
        at = NOW - timedelta(days=dice.choice([0, 1, 2, 40, 100]), seconds=dice.randrange(80_000))
        event = {
            "run_id": f"r{number}",
            "seq": history.FINAL,
            "status": status,
            "event_time": at,
            "started_at": at - timedelta(seconds=90),
            "destination": destination,
            "mode": "append",
            "cursor_column": "c",
            "window_end_at": at - timedelta(hours=dice.randrange(0, 50)),
            "publish_job": dice.choice([None, "job"]),
            "exit_code": int(status in SPOILT),
            "error": "told" if status in SPOILT else None,
            "rows_read": dice.randrange(9),
            "rows_published": dice.randrange(9),
        }
        if kind == "slice":
            event["backfill_id"] = "b"
        if kind in ("whole", "replay"):
            event |= {"cursor_column": None, "window_end_at": None}
            event["mode"] = "replay" if kind == "replay" else "replace"
        if kind == "verify":
            event |= {"status": dice.choice(["verified", "differs"]), "mode": None}
            event["exit_code"] = int(event["status"] == "differs")
        if kind == "undo":
            event |= {
                "mode": ROLLBACK,
                "status": ROLLED_BACK,
                "exit_code": 0,
                "cursor_column": None,
            }
        events.append(event)
        if dice.random() < 0.3:
            earlier = {"seq": 0, "status": "running", "exit_code": 0}
            events.append(event | earlier | {"event_time": at - timedelta(seconds=60)})
        if dice.random() < 0.2 and kind in ("sync", "slice"):
            mark = {"seq": history.UNDONE, "status": ROLLED_BACK}
            events.append(event | mark | {"event_time": at + timedelta(seconds=30)})
        if dice.random() < 0.2:
            running = {"run_id": f"open{number}", "seq": 0, "status": "running", "exit_code": 0}
            events.append(event | running)
    dice.shuffle(events)
    return events


def newest(events: list[Event], days: int) -> list[Event]:
    """The newest event of each run, of the last days."""
    found = dict[str, Event]()
    for one in sorted(events, key=lambda one: one["seq"]):
        if one["event_time"] >= datetime.now(UTC) - timedelta(days=days):
            found[one["run_id"]] = one
    return list(found.values())


def is_published(one: Event) -> bool:
    is_there = one["status"] in ("succeeded", "published_mismatch") or (
        one["status"] == "abandoned" and bool(one["publish_job"])
    )
    return is_there and one["mode"] != ROLLBACK


def is_sync(one: Event) -> bool:
    return one["mode"] != ROLLBACK and one["status"] not in ("verified", "differs")


def lag_of(events: list[Event]) -> tuple[Any, ...]:
    runs = newest(events, views.LAG_DAYS)
    reach = [
        min(one["window_end_at"] or one["started_at"], one["event_time"])
        for one in runs
        if is_published(one) and (one["window_end_at"] or one["mode"] == "replace")
    ]
    ended = [one for one in runs if one["seq"] == history.FINAL and is_sync(one)]
    good = [one["event_time"] for one in ended if not one["exit_code"]]
    last = max(good, default=None)
    failures = [
        one for one in ended if one["exit_code"] and (last is None or one["event_time"] > last)
    ]
    final = max(runs, key=lambda one: (one["event_time"], one["run_id"]))
    return max(reach, default=None), last, final["run_id"], final["status"], len(failures)


def ended(events: list[Event]) -> list[Event]:
    """The last event of each run that has one, with `is_undone`."""
    undone = {one["run_id"] for one in events if one["seq"] == history.UNDONE}
    since = datetime.now(UTC) - timedelta(days=views.DAILY_DAYS)
    return [
        one | {"is_undone": one["run_id"] in undone}
        for one in events
        if one["seq"] == history.FINAL and one["event_time"] >= since
    ]


def days_of(events: list[Event]) -> dict[Any, tuple[Any, ...]]:
    told = dict[Any, tuple[Any, ...]]()
    syncs = [one for one in ended(events) if is_sync(one)]
    for day in {one["event_time"].date() for one in syncs}:
        runs = [one for one in syncs if one["event_time"].date() == day]
        plain = [one for one in runs if "backfill_id" not in one]
        stands = [one for one in plain if not one["is_undone"]]
        good = [one for one in stands if not one["exit_code"]]
        told[day] = (
            len(plain),
            len([one for one in stands if one["status"] == "succeeded"]),
            len([one for one in stands if one["exit_code"]]),
            len([one for one in runs if one["is_undone"]]),
            len(runs) - len(plain),
            len(good) / len(stands) if stands else None,
        )
    return told


def volumes_of(events: list[Event]) -> dict[Any, tuple[int, int]]:
    told = dict[Any, tuple[int, int]]()
    for one in ended(events):
        if is_published(one) and not one["is_undone"]:
            day = one["event_time"].date()
            runs, rows = told.get(day, (0, 0))
            told[day] = runs + 1, rows + one["rows_published"]
    return told


@pytest.mark.parametrize("seed", range(3))
def test_views_say_what_the_model_says(both: Both, dataset: str, seed: int) -> None:
    dice, table = random.Random(f"views {seed}"), TableRef(PROJECT, dataset, "sync_runs")
    events = {f"d{n}": some_events(dice, f"d{n}") for n in range(6)}
    fields = [SchemaField(*one) for one in history.FIELDS]
    rows = [[one.get(f.name) for f in fields] for some in events.values() for one in some]
    both.hold(str(table), fields, rows)

    lag = both.run(
        "SELECT destination, complete_until, last_success, last_run_id, last_status,"
        f" failures_in_a_row FROM ({views.lag_query(table)})"
    )
    rates = both.run(
        "SELECT destination, day, runs, succeeded, failed, rolled_back, backfill_slices,"
        f" success_rate FROM ({views.success_query(table)})"
    )
    volume = both.run(
        f"SELECT destination, day, runs, rows_published FROM ({views.volume_query(table)})"
    )

    assert {row[0]: tuple(row[1:]) for row in lag} == {
        name: lag_of(some) for name, some in events.items() if newest(some, views.LAG_DAYS)
    }
    assert {(row[0], row[1]): tuple(row[2:]) for row in rates} == {
        (name, day): told for name, some in events.items() for day, told in days_of(some).items()
    }
    assert {(row[0], row[1]): tuple(row[2:]) for row in volume} == {
        (name, day): told for name, some in events.items() for day, told in volumes_of(some).items()
    }
