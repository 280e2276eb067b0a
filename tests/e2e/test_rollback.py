"""rollback_run: the table is what it was before a run, proven, and the next sync goes on right."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.test_near_history import From
from tests.hook_server import hook_server
from tests.orders import KEEP, MERGE, ORDERS, SMART, all_rows, ids, last
from tests.sync import PROJECT

NEWER = (
    *("columns", "rows_left_out", "batch_id", "frontier", "rows_filtered", "backfill_id"),
    *("resumed_run", "replayed_run", "rolled_back_run", "snapshot"),
)
"""Columns of the history that an older version has not made."""
AGAIN = "the next sync reads the undone rows again"


def test_an_append_is_undone_and_its_rows_come_again(sync, insert, undo):
    insert(1, 300)
    sync.ok(**SMART)
    before = all_rows(sync)
    insert(2, 200)
    sync.ok(**SMART, **KEEP)
    after = all_rows(sync)
    appended = sync.history()[1]

    plan = undo(1, plan_only="true").out
    assert AGAIN in plan
    assert "  rows         2 now, 1 before run" in plan
    assert f"{appended['watermark_after']} now, {appended['watermark_before']} before" in plan
    assert all_rows(sync) == after

    told = undo(1)
    assert told.code == 0, told.err
    assert "rolled_back: 1 undone" in told.out
    assert AGAIN in told.out.splitlines()[-1]
    assert all_rows(sync) == before
    statuses = [run["status"] for run in sync.history()]
    assert sorted(statuses) == ["rolled_back", "rolled_back", "succeeded"]
    run = last(sync)
    assert run["rolled_back_run"] == appended["run_id"]
    assert run["watermark_after"] == appended["watermark_before"]
    assert json.loads(run["verification"])["rollback"]["is_proven"]

    sync.ok(**SMART)
    assert all_rows(sync) == after
    assert last(sync)["window_start"] == appended["window_start"]


def test_the_plan_is_json_for_machines(sync, insert, undo):
    insert(1, 300)
    sync.ok(**SMART)
    insert(2, 200)
    sync.ok(**SMART, **KEEP)
    told = json.loads(undo(1, plan_only="true", plan_format="json").out)
    assert (told["rows_now"], told["rows_before"]) == (2, 1)
    assert [run["rows_published"] for run in told["undone_runs"]] == [1]


@pytest.mark.parametrize(
    "mode",
    [
        MERGE,
        SMART | {"write_disposition": "WRITE_TRUNCATE", "enable_smart_sync": "false"},
    ],
    ids=["merge", "truncate"],
)
def test_rows_that_a_run_changed_or_replaced_are_there_again(sync, sql, insert, undo, mode):
    insert(1, 300)
    sync.ok(**mode, postgresql_query="SELECT * FROM orders")
    before = all_rows(sync)
    sql("UPDATE orders SET updated_at = now() - interval '1 hour'")
    insert(2, 50)
    sync.ok(**mode, **KEEP, postgresql_query="SELECT * FROM orders")
    after = all_rows(sync)
    assert after != before
    told = undo(1)
    assert told.code == 0, told.err
    assert all_rows(sync) == before
    sync.ok(**mode, postgresql_query="SELECT * FROM orders")
    assert all_rows(sync) == after


@pytest.fixture
def three_runs(sync, insert):
    """After the first, each with a snapshot; the newest events of all of them."""
    for number, ago in enumerate((300, 250, 200, 150), 1):
        insert(number, ago)
        sync.ok(**SMART, **KEEP)
    return sync.history()


def test_a_run_with_others_behind_it_is_undone_with_them_or_not_at_all(sync, three_runs, undo):
    names = [run["run_id"] for run in three_runs]
    refused = undo(1)
    assert refused.code == 2
    assert f"2 more runs have published since {names[1]}: {names[2]}, {names[3]}" in refused.err
    assert f"give rollback_to={names[3]}" in refused.err
    refused = undo(1, rollback_to=names[2])
    assert refused.code == 2
    assert f"1 more run has published since {names[2]}: {names[3]}" in refused.err
    assert undo(1, rollback_to=names[0]).code == 2
    assert ids(sync) == [1, 2, 3, 4]
    assert undo(1, rollback_to=names[3]).code == 0
    assert ids(sync) == [1]
    undone = [run["run_id"] for run in sync.history() if run["seq"] == 3]
    assert sorted(undone) == sorted(names[1:])
    assert last(sync)["rolled_back_run"] == names[1]
    sync.ok(**SMART)
    assert ids(sync) == [1, 2, 3, 4]


def test_an_undone_run_is_undone_once(sync, three_runs, undo):
    assert undo(3).code == 0
    undoing = last(sync)["run_id"]
    again = sync.ok(**SMART, rollback_run=three_runs[3]["run_id"])
    assert f"run {three_runs[3]['run_id']} was rolled back by run {undoing}" in again.out
    assert ids(sync) == [1, 2, 3]
    sync.ok(**SMART)
    refused = sync(**SMART, rollback_run=undoing)
    assert refused.code == 2
    assert "it is a rollback itself" in refused.err
    told = undo(2, rollback_to=last(sync)["run_id"])
    assert told.code == 0, told.err  # what was undone before lies between
    assert ids(sync) == [1, 2]


def test_windows_without_a_row_are_undone_with_those_before_them(sync, insert, undo):
    insert(1, 300)
    sync.ok(**SMART)
    insert(2, 200)
    sync.ok(**SMART, **KEEP)
    sync.ok(**SMART)
    plan = undo(1, plan_only="true").out
    assert "and 1 that found no row: their windows are read again" in plan
    assert undo(1).code == 0
    assert [run["status"] for run in sync.history()].count("rolled_back") == 3
    assert undo(2).code == 0  # an undone run: nothing to do


def test_no_undone_window_is_taken_as_read(sync, insert, undo, monkeypatch):
    """A row by hand lies among the undone ones: what the source has below it comes all the same."""
    insert(1, 300)
    sync.ok(**MERGE, smart_sync_margin="2h")
    moment = datetime.now(UTC)
    monkeypatch.setattr("pipeline.launch.beside.NEAR", From(moment))
    insert(2, 100)
    sync.ok(**MERGE, **KEEP, smart_sync_margin="1h")
    insert(3, 50)
    sync.ok(**MERGE, **KEEP)
    newest = last(sync)["run_id"]
    assert undo(1, rollback_to=newest).code == 0
    stamp = datetime.now(UTC) - timedelta(minutes=80)
    by_hand = f"INSERT INTO `{PROJECT}.{sync.dataset}.t` VALUES (9, '{stamp.isoformat()}')"
    sync.client.query_and_wait(by_hand)
    sync.ok(**MERGE)
    assert ids(sync) == [1, 2, 3, 9]


def test_the_webhook_is_told_that_the_rows_come_again(sync, insert, undo):
    insert(1, 300)
    sync.ok(**SMART)
    insert(2, 200)
    sync.ok(**SMART, **KEEP)
    with hook_server() as hook:
        assert undo(1, notify_webhook=hook.url).code == 0
        (text,) = hook.texts
    assert "Smart Sync rolled_back" in text
    assert AGAIN in text


def test_a_table_of_a_launch_of_many_is_undone_by_itself(sync, insert, undo):
    insert(1, 300)
    many = {
        "tables": "tables: {public.orders: {}}\ndefaults: {keep_snapshots: 'true'}",
        "destination_bigquery_table": "t",
    }
    smart = {key: value for key, value in SMART.items() if key != "source_table_for_schema"}
    sync.ok(**smart, **many)
    insert(2, 200)
    sync.ok(**smart, **many)
    run = last(sync)
    assert run["batch_id"]
    assert ids(sync) == [1, 2]
    assert undo(-1).code == 0
    assert ids(sync) == [1]
    sync.ok(**smart, **many)
    assert ids(sync) == [1, 2]
    sync.ok(**smart, **many, rollback_run=last(sync)["run_id"])
    assert ids(sync) == [1]


def test_a_window_that_began_below_the_watermark_is_named(sync, sql):
    sql(ORDERS)
    days = "timestamptz '2024-01-01' + g * interval '1 day' FROM generate_series(1, 9) g"
    sql(f"INSERT INTO orders SELECT g, {days}")
    sync.ok(**MERGE)
    sql("INSERT INTO orders VALUES (10, '2024-01-15')")
    sync.ok(**MERGE, **KEEP, sync_start="2024-01-05", sync_end="2024-01-20")
    sql("INSERT INTO orders VALUES (11, '2024-01-25')")
    sync.ok(**MERGE, **KEEP)
    _, by_hand, smart = (run["run_id"] for run in sync.history())
    words = "began below the watermark, 2024-01-10 00:00:00, where the next sync doesn't begin"
    both = sync.ok(**MERGE, rollback_run=by_hand, rollback_to=smart, plan_only="true").out
    assert words in both
    assert f"once more: {by_hand}\n" in both
    assert "below the watermark" not in sync.ok(**MERGE, rollback_run=smart, plan_only="true").out


def test_a_history_of_an_older_version_is_planned_by_as_it_is(sync, insert, undo):
    insert(1, 300)
    sync.ok(**SMART)
    insert(2, 200)
    sync.ok(**SMART, **KEEP)
    run_id = last(sync)["run_id"]
    history = f"`{PROJECT}.{sync.dataset}.sync_runs`"
    for name in NEWER:
        sync.client.query_and_wait(f"ALTER TABLE {history} DROP COLUMN {name}")
    plan = sync.ok(**SMART, rollback_run=run_id, plan_only="true").out
    assert "MAX(updated_at)" not in plan
    assert "  rows         2 now, 1 before run" in plan
    assert NEWER[0] not in {field.name for field in sync.table("sync_runs").schema}
    sync.ok(**SMART, rollback_run=run_id)
    assert ids(sync) == [1]
    sync.ok(**SMART)
    assert ids(sync) == [1, 2]


def test_the_newest_event_is_the_rollbacks_own(sync, insert, undo):
    """By it alerts and `scheduler status` see how the table stands."""
    insert(1, 300)
    sync.ok(**SMART)
    insert(2, 200)
    sync.ok(**SMART, **KEEP)
    assert undo(1).code == 0
    *_, undone, newest = sync.history()
    assert (undone["seq"], newest["mode"]) == (3, "rollback")
    assert newest["event_time"] > undone["event_time"]
    assert newest["watermark_after"] < undone["watermark_after"]
