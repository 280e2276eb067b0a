"""keep_snapshots: the table as it was just before a run changes it."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.fault_rules import Rule, answer, job
from tests.orders import SMART
from tests.sync import PROJECT

KEEP = SMART | {"keep_snapshots": "true"}


def before(run):
    return "_sync_before_" + run["run_id"].replace("-", "_")


@pytest.mark.parametrize(
    ("asked", "days"), [("true", 7), ("14d", 14)], ids=["for a week", "for so long"]
)
def test_the_table_before_the_run_is_kept_for_so_long(sync, insert, way, asked, days):
    insert(1, 300)
    sync.ok(**SMART)
    insert(2, 200)
    plan = sync.ok(**SMART, keep_snapshots=asked, plan_only="true").out
    assert f"  snapshot     of the table before: {PROJECT}.{sync.dataset}._sync_before_" in plan
    assert "$0.02 per GiB and month of what is changed or deleted since: at most $0.00" in plan
    sync.ok(**SMART, keep_snapshots=asked)
    run = sync.history()[-1]
    assert run["snapshot"] == f"{PROJECT}.{sync.dataset}.{before(run)}"
    kept = sync.table(before(run))
    assert kept.table_type == "SNAPSHOT"
    assert abs(kept.expires - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=5)
    assert sync.rows("id", before(run)) == [(1,)]
    assert sync.rows("id") == [(1,), (2,)]


def test_there_is_none_where_no_table_is_changed(sync, insert):
    insert(1, 300)
    first = sync.ok(**KEEP)  # it makes the table
    assert "snapshot" not in first.out
    sync.ok(**KEEP)  # and finds nothing new
    assert [run["snapshot"] for run in sync.history()] == [None, None]
    assert not any("_before_" in name for name in sync.tables())


def test_without_a_snapshot_that_was_asked_for_nothing_is_published(sync, insert, faulty):
    insert(1, 300)
    sync.ok(**KEEP)
    insert(2, 200)
    faulty.add(Rule(answer(403, "accessDenied"), **job("snapshot_1")))
    refused = sync(**KEEP)
    assert refused.code == 5
    assert "needs the permission bigquery.tables.deleteSnapshot" in refused.err
    assert sync.rows("id") == [(1,)]
    assert sync.history()[-1]["status"] == "failed"
