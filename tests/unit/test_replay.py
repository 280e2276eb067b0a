"""What a replay takes of a run's letters, and what forbids it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from auto_schema.kept_row import AS_STAGED, Stage
from smart_sync.replay import Letter, PastRun, ReplayFacts, ReplayPlan, plan_replay
from sources.dead_letters import is_up_to
from warehouse.names import TableRef

TABLE = TableRef("p", "d", "t")
BEGAN = datetime(2025, 7, 1, tzinfo=UTC)
LETTER = Letter("h1", "note", "too long", Stage.ARRIVED, True, "", "a", "a", 10)


def a_run(name: str, hour: int, start: str = "", **words: Any) -> PastRun:
    ended = BEGAN + timedelta(hours=hour)
    run = PastRun(name, "succeeded", "append", ended, start, "", has_published=True)
    return replace(run, **words)


def planned(
    *letters: Letter, runs: tuple[PastRun, ...] = (a_run("a", 0),), by_key: bool = False
) -> tuple[ReplayPlan, list[str]]:
    undone = tuple(run.run_id for run in runs if run.status == "rolled_back")
    facts = ReplayFacts(letters, {run.run_id: run for run in runs}, undone)
    plan, faults = plan_replay("a", TABLE, facts, by_key=by_key)
    return plan, [fault.what for fault in faults]


def test_a_row_is_taken_once_whatever_its_letters():
    plan, faults = planned(LETTER, replace(LETTER, column="day"), replace(LETTER, row_hash="h2"))
    assert (plan.rows, plan.not_whole, faults) == (2, 0, [])


def test_a_row_is_whole_when_one_of_its_letters_keeps_it():
    plan, _ = planned(LETTER, replace(LETTER, reason="old", stage="", is_whole=False))
    assert (plan.rows, plan.not_whole) == (1, 0)


@pytest.mark.parametrize("stage", ["", *Stage])
def test_each_row_that_is_not_whole_is_told_with_its_reason(stage):
    plan, faults = planned(replace(LETTER, stage=stage, is_whole=False))
    assert (plan.rows, plan.not_whole, faults) == (0, 1, [])
    assert plan.counts[0].why_not


def test_letters_that_were_taken_are_counted_and_not_taken_again():
    plan, faults = planned(replace(LETTER, replayed_by="r"))
    assert (plan.rows, plan.replayed, faults) == (0, 1, [])


@pytest.mark.parametrize("by_key", [True, False])
@pytest.mark.parametrize(
    ("words", "what"),
    [
        ({"has_published": False, "status": "failed"}, "letters of a run that has not published"),
        ({"has_published": False, "status": "rolled_back"}, "letters of a run that has not"),
        ({"mode": "backfill_columns"}, "letters of rows that are not whole"),
    ],
)
def test_letters_of_a_run_whose_window_is_not_passed_are_refused(by_key, words, what):
    _, faults = planned(LETTER, runs=(a_run("a", 0, **words),), by_key=by_key)
    assert len(faults) == 1
    assert faults[0].startswith(what)


def test_a_run_that_the_history_does_not_know_is_refused():
    assert planned(LETTER, runs=())[1] == ["letters of a run that has not published"]


def test_without_keys_a_later_run_without_a_window_is_refused_and_by_key_it_is_not():
    runs = (a_run("a", 0), a_run("b", 1))
    assert planned(LETTER, runs=runs)[1] == ["rows that may be in the table already"]
    assert planned(LETTER, runs=runs, by_key=True)[1] == []


@pytest.mark.parametrize(
    "words",
    [{"has_published": False}, {"mode": "replay"}, {"mode": "backfill_columns"}],
    ids=["failed", "replay", "columns"],
)
def test_a_later_run_that_brought_no_row_stands_against_none(words):
    assert planned(LETTER, runs=(a_run("a", 0), a_run("b", 1, **words)))[1] == []


def test_without_keys_rows_count_up_to_where_the_first_later_window_begins():
    runs = (
        a_run("a", 2),
        a_run("before", 1, "2025-01-01 00:00:00"),
        a_run("b", 3, "2025-07-02 10:00:00.5"),
        a_run("c", 4, "2025-07-02 10:00:00"),
    )
    plan, faults = planned(LETTER, runs=runs)
    assert (plan.read_up_to, faults) == ("2025-07-02 10:00:00", [])
    numbers = (a_run("a", 0), a_run("b", 1, "90"), a_run("c", 2, "100"))
    assert planned(LETTER, runs=numbers)[0].read_up_to == "90"


def test_what_a_failed_replay_has_found_is_no_second_letter_of_a_row():
    ghost = replace(LETTER, row_hash="h2", first_run="r")
    failed, done = a_run("r", 1, mode="replay"), a_run("r", 1, mode="replay")
    failed = replace(failed, has_published=False, status="failed")
    plan, _ = planned(LETTER, ghost, runs=(a_run("a", 0), failed))
    assert (plan.rows, plan.void) == (1, ("r",))
    plan, _ = planned(LETTER, ghost, runs=(a_run("a", 0), done))
    assert (plan.rows, plan.void) == (2, ())


@pytest.mark.parametrize(
    ("value", "end", "is_behind"),
    [
        (5, "5", True),
        (6, "5", False),
        (100, "90", False),
        (None, "5", True),
        (date(2025, 7, 2), "2025-07-02", True),
        (date(2025, 7, 3), "2025-07-02", False),
        (datetime(2025, 7, 2, 10, tzinfo=UTC), "2025-07-02 10:00:00", True),
        (datetime(2025, 7, 2, 10, 0, 0, 1, tzinfo=UTC), "2025-07-02 10:00:00", False),
        (datetime(2025, 7, 2, 9, 59, 59, 999_999), "2025-07-02 10:00:00", True),
        ("64b7f0a2c3d4e5f6a7b8c9d0", "64b7f0a2c3d4e5f6a7b8c9d0", True),
        ("64b7f0a2c3d4e5f6a7b8c9d1", "64b7f0a2c3d4e5f6a7b8c9d0", False),
    ],
)
@pytest.mark.parametrize("prefix", ["", AS_STAGED])
def test_a_cursor_is_compared_as_its_type_is_ordered(prefix, value, end, is_behind):
    row = pa.record_batch({f"{prefix}at": [value]})
    assert is_up_to(row, "at", end) is is_behind


def test_a_row_whose_cursor_is_unknown_or_beyond_the_calendar_is_not_behind():
    assert not is_up_to(pa.record_batch({"id": [1]}), "at", "5")
    beyond = pa.array([2**62], pa.int64()).view(pa.timestamp("us"))
    assert not is_up_to(pa.record_batch({"at": beyond}), "at", "2025-07-02")
