"""rollback_run without a snapshot: by BigQuery's time travel, which the tests' own doesn't have."""

import json
import time
from datetime import timedelta

import pytest

from pipeline.launch import rows_of_others
from tests.as_it_is import bigquery_as_it_is
from tests.orders import ORDERS, SMART, all_rows, ids
from tests.sync import PROJECT, make_client


@pytest.fixture(scope="module")
def target(tmp_path_factory, pytestconfig):
    """A local BigQuery that also shows a table as it was."""
    with bigquery_as_it_is(tmp_path_factory.mktemp("travel"), pytestconfig) as server:
        yield server


@pytest.fixture(scope="module")
def client(target):
    return make_client(target)


@pytest.fixture
def orders(sync, sql):
    """Three runs without a snapshot; the rows after each."""
    sql(ORDERS)
    rows = []
    for number, ago in enumerate((300, 200, 100), 1):
        sql("INSERT INTO orders VALUES (%s, now() - %s::interval)", number, f"{ago} min")
        sync.ok(**SMART)
        rows.append(all_rows(sync))
        time.sleep(0.05)
    return rows


def runs(sync):
    return [run["run_id"] for run in sync.history()]


def test_the_table_is_what_it_was_before_the_run_and_the_next_sync_goes_on(
    sync, orders, monkeypatch
):
    """Nor is a rollback of a later run somebody else's change; and several are undone at once."""
    _, middle, newest = runs(sync)
    plan = sync.ok(**SMART, rollback_run=newest, plan_only="true").out
    assert "  from         time travel: the table as of " in plan
    assert "  rows         3 now, 2 before run" in plan
    assert len(sync.history()) == 3
    sync.ok(**SMART, rollback_run=newest)
    assert all_rows(sync) == orders[1]
    run = sync.history()[-1]
    assert json.loads(run["verification"])["rollback"]["is_proven"]
    assert sync.table(run["snapshot"].rpartition(".")[2]).table_type == "SNAPSHOT"
    job = sync.client.get_job(sync.history()[1]["publish_job"])
    own = 0.9 * (sync.table().modified - job.ended)  # so that it isn't that run's change either
    monkeypatch.setattr(rows_of_others, "AFTERWARDS", own)
    monkeypatch.setattr(rows_of_others, "WRITTEN", timedelta(0))
    assert "somebody else" not in sync.ok(**SMART, rollback_run=middle, plan_only="true").out
    sync.ok(**SMART)
    assert all_rows(sync) == orders[2]
    sync.ok(**SMART, rollback_run=middle, rollback_to=runs(sync)[-1])
    assert all_rows(sync) == orders[0]


@pytest.fixture
def by_hand(sync):
    """A statement on the table by somebody else, who isn't quicker than a clock tells."""

    def by_hand(statement):
        time.sleep(rows_of_others.WRITTEN.total_seconds() + 0.1)
        sync.client.query_and_wait(statement.format(f"`{PROJECT}.{sync.dataset}.t`"))
        time.sleep(0.05)

    return by_hand


def test_what_others_added_between_undone_runs_or_since_is_not_thrown_away(
    sync, sql, orders, by_hand, monkeypatch
):
    by_hand("INSERT INTO {} (id) VALUES (9)")
    sql("INSERT INTO orders VALUES (4, now() - interval '50 min')")
    sync.ok(**SMART)
    _, second, third, fourth = runs(sync)
    both = {"rollback_run": second, "rollback_to": fourth}
    refused = sync(**SMART, **both)
    assert refused.code == 5
    assert f"between the runs {third} and {fourth} somebody else has added rows" in refused.err
    assert "3 after the one, 4 before the other" in refused.err
    assert ids(sync) == [1, 2, 3, 4, 9]
    by_hand("DELETE FROM {} WHERE id = 9")
    sync.ok(**SMART, rollback_run=fourth)
    assert ids(sync) == [1, 2, 3, 9]
    refused = sync(**SMART, rollback_run=third)
    assert refused.code == 5
    assert "rows of others would be lost" in refused.err
    assert "it had 3 rows then, and has 4 now" in refused.err
    assert ids(sync) == [1, 2, 3, 9]
    by_hand("DELETE FROM {} WHERE id = 9")
    changed = sync.table()
    changed.description = "so that the local BigQuery knows that it was changed"
    sync.client.update_table(changed, ["description"])
    monkeypatch.setattr(rows_of_others, "AFTERWARDS", timedelta(0))
    plan = sync.ok(**SMART, rollback_run=third, plan_only="true").out
    assert "WARNING      somebody else has changed the table" in plan
    sync.ok(**SMART, rollback_run=third)
    assert all_rows(sync) == orders[1]
