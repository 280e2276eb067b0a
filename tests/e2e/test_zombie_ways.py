"""A run of each way into a table that is suspended with its publishing on the way, and taken over.

What it had planned is old by then: of two rows one is newer, one is there again.
"""

import pytest

from tests.days import TABLE, lapse
from tests.fault_rules import job
from tests.processes import Gate

SMART = {
    "enable_smart_sync": "true",
    "enable_auto_schema": "true",
    "source_table_for_schema": "public.s",
    "smart_sync_timestamp_column": "changed",
    "smart_sync_margin": "0s",
}
MERGE = SMART | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
BY_HAND = {"sync_start": "2024-01-05", "sync_end": "2024-01-08"}
WHOLE = {"source_table_for_schema": "public.s", "write_disposition": "WRITE_TRUNCATE"}
HISTORY = SMART | {"write_disposition": "WRITE_HISTORY", "merge_keys": "id"}
MISSING = {"delete_missing": "hard", "max_deleted_percent": "100"}
WAYS = {
    "merge": (MERGE, {}),
    "whole table": (WHOLE, {}),
    "partitions": (SMART | {"write_disposition": "WRITE_TRUNCATE"}, BY_HAND),
    "missing rows removed": (MERGE, MISSING),
    "missing rows marked": (MERGE, MISSING | {"delete_missing": "soft"}),
    "repair": (MERGE, {"repair": "true"} | MISSING),
    "slices": (MERGE, BY_HAND | {"backfill_by": "day"}),
    "versions": (HISTORY, {}),
    "versions that end": (HISTORY, {"hard_deletes": "invalidate", "max_deleted_percent": "100"}),
}


def now_by(source):
    return dict(source("SELECT id, name FROM s"))


def current(sync, given):
    where = " WHERE _sync_is_current" if "HISTORY" in given["write_disposition"] else ""
    rows = sync.client.query_and_wait(f"SELECT id, name FROM {sync.dataset}.t{where}")
    pairs = [tuple(row) for row in rows]
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


def falls_asleep(proxy, start, parameters, step="publish_1"):
    """It is suspended where it has sent its publishing, which comes only later."""
    gate = Gate(proxy, **job(step))
    run = start(**parameters)
    gate.wait(run)
    run.suspend()
    return run, gate


@pytest.mark.parametrize(("given", "more"), WAYS.values(), ids=list(WAYS))
def test_a_run_that_was_taken_over_changes_nothing_when_it_wakes(
    sync, sql, start, proxy, given, more
):
    sql(TABLE)
    sync.ok(**WHOLE if given is SMART else given)
    sql("DELETE FROM s WHERE id = 5")
    sql("UPDATE s SET name = 'old' WHERE id = 6")
    if "sync_start" not in more:
        sql("UPDATE s SET changed = now() - interval '1 hour' WHERE id = 6")
    zombie, gate = falls_asleep(proxy, start, given | more)
    lapse(sync)
    sql("INSERT INTO s VALUES (5, 'again', '2024-01-06')")
    sql("UPDATE s SET name = 'new' WHERE id = 6")
    if "sync_start" not in more:
        sql("UPDATE s SET changed = now() - interval '1 minute' WHERE id IN (5, 6)")
    anew = {"backfill_id": "anew"} if "backfill_by" in more else {}
    sync.ok(**given | more | anew)
    there = current(sync, given)
    assert there == now_by(sql)
    gate.open()
    zombie.resume()
    assert zombie.wait() != 0, zombie.output
    assert current(sync, given) == there


def test_a_rollback_that_was_taken_over_restores_nothing_when_it_wakes(sync, sql, start, proxy):
    sql(TABLE)
    sync.ok(**MERGE)
    sql("UPDATE s SET name = 'bad', changed = now() - interval '1 hour' WHERE id = 6")
    sync.ok(**MERGE, keep_snapshots="true")
    bad = sync.history()[-1]["run_id"]
    zombie, gate = falls_asleep(proxy, start, MERGE | {"rollback_run": bad})
    lapse(sync)
    sql("UPDATE s SET name = 'new', changed = now() - interval '1 minute' WHERE id = 6")
    sync.ok(**MERGE)
    gate.open()
    zombie.resume()
    assert zombie.wait() != 0, zombie.output
    assert current(sync, MERGE) == now_by(sql)
    assert {run["run_id"]: run["status"] for run in sync.history()}[bad] == "succeeded"
