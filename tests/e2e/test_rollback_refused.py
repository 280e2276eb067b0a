"""Rollbacks that are refused, by us or by BigQuery, before the table is restored or after it."""

import json
from datetime import datetime, timedelta

from tests.fault_rules import Rule, answer, job
from tests.orders import KEEP, SMART, ids, last
from tests.sync import PROJECT


def test_what_can_not_be_undone_is_told_before_anything_is_written(sync, insert):
    insert(1, 300)
    sync.ok(**SMART, **KEEP)
    sync.ok(**SMART, destination_bigquery_table="other")
    sync.ok(**SMART, **KEEP)
    insert(2, 100)
    dead = "SELECT *, date '20000-01-01' AS day FROM orders"
    assert sync(**SMART | {"postgresql_query": dead}).code == 7
    runs = sync.history()
    by_table = {run["destination"].rpartition(".")[2]: run["run_id"] for run in runs}
    for run_id, words in (
        ("20200101t000000-00000000", "an unknown run"),
        (by_table["other"], "a run of another table"),
        (runs[0]["run_id"], "the run made the table"),
        (runs[2]["run_id"], "it published no row, and changed nothing"),
        (runs[3]["run_id"], "its status is failed, and it published nothing"),
    ):
        refused = sync(**SMART, rollback_run=run_id)
        assert refused.code == 2, words
        assert words in refused.err
        assert len(sync.history()) == 4
        assert ids(sync) == [1]


def test_what_no_longer_can_be_looked_back_to_is_told_before_anything_is_written(
    sync, insert, undo, monkeypatch
):
    insert(1, 300)
    sync.ok(**SMART)
    insert(2, 200)
    sync.ok(**SMART)
    for more in ({"plan_only": "true"}, {}):
        refused = undo(1, **more)
        assert refused.code == 5
        assert "it kept no snapshot, and BigQuery can't look back to it" in refused.err
        assert "sync_start and sync_end with WRITE_MERGE" in refused.err
    late = Later("pipeline.cli.datetime", monkeypatch)
    refused = undo(1)
    assert refused.code == 5
    assert (
        "it kept no snapshot, or one that has expired, and time travel reaches 168" in refused.err
    )
    late.undo()
    assert ids(sync) == [1, 2]
    assert len(sync.history()) == 2


class Later:
    """The launch believes that it is eight days later."""

    def __init__(self, name, patch):
        self._patch = patch
        patch.setattr(name, self)

    def now(self, zone):
        return datetime.now(zone) + timedelta(days=8)

    def undo(self):
        self._patch.undo()


def test_a_table_that_is_not_what_its_snapshot_is_is_told(sync, insert, undo, monkeypatch):
    insert(1, 300)
    sync.ok(**SMART)
    insert(2, 200)
    sync.ok(**SMART, **KEEP)

    def meddle(client, ref, _):
        client.query_and_wait(f"INSERT INTO {ref.sql} (id) VALUES (7)")

    monkeypatch.setattr("pipeline.runs.rollback_end.put_settings_back", meddle)
    told = undo(1)
    assert told.code == 8
    assert "the restored table is not what its snapshot is" in told.err
    assert f"bq cp --restore --force '{PROJECT}:{sync.dataset}._sync_before_" in told.err
    assert last(sync)["status"] == "published_mismatch"
    assert [run["status"] for run in sync.history() if run["seq"] == 3] == ["rolled_back"]


def test_a_refusal_after_the_table_was_restored_is_told_and_mended_by_the_next(
    sync, insert, undo, faulty
):
    insert(1, 300)
    sync.ok(**SMART)
    insert(2, 200)
    sync.ok(**SMART, **KEEP)
    run_id = last(sync)["run_id"]
    rule = faulty.add(Rule(answer(403, "accessDenied"), **job("undone_1_1")))
    told = undo(1)
    assert told.code == 5
    assert "the table is restored, and not all is told" in told.err
    assert "run the same again when BigQuery answers" in told.err
    faulty.remove(rule)
    assert "was rolled back by run" in sync.ok(**SMART, rollback_run=run_id).out
    assert ids(sync) == [1]
    sync.ok(**SMART)
    assert ids(sync) == [1, 2]


def test_what_bigquery_never_takes_after_the_table_was_restored_keeps_no_sync_waiting(
    sync, insert, undo, faulty
):
    insert(1, 300)
    sync.ok(**SMART)
    insert(2, 200)
    sync.ok(**SMART, **KEEP)
    rule = faulty.add(Rule(answer(400, "invalidQuery"), body="AS side"))
    told = undo(1)
    faulty.remove(rule)
    assert told.code == 8
    assert "the table is restored, and BigQuery refused what was to come after it" in told.err
    assert last(sync)["status"] == "rolled_back"
    assert not json.loads(last(sync)["verification"])["rollback"]["is_proven"]
    assert ids(sync) == [1]
    sync.ok(**SMART)
    assert ids(sync) == [1, 2]
