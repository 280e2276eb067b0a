"""Many tables as one job, by the launcher's own way: main.py, the bucket, BigQuery."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

import pipeline.launch.many_job
from tests.discovery import errors
from tests.graph.jobs import GRAPH, JOB, found_in
from tests.secret_manager import secret_manager
from tests.sync import HISTORY, PASSWORD, PROJECT

EVERY = """
defaults: {enable_smart_sync: true, write_disposition: WRITE_MERGE, merge_keys: auto}
tables: {public.orders: , public.many: {num_splits: 3}}
"""
TABLES = {"source_table_for_schema": None, "destination_bigquery_table": None, "tables": EVERY}
NAME = "projects/demo-project/secrets/s/versions/7"


@pytest.fixture(scope="session")
def launched(launches):
    launched = launches.run("postgresql", "append", "two", **TABLES)
    assert launched.code == 0, launched.said
    return launched


def test_many_tables_become_one_job_which_is_valid(launched):
    last = launched.said.splitlines()[-1]
    assert last.startswith("launched 2 tables as launch "), launched.said
    assert errors("dataflow.v1b3", "Job", launched.job) == []
    assert launched.top_steps == {"Sync tables", "End the launch"}
    assert launched.job["labels"]["batch_id"] == last.rpartition(" ")[2]
    assert "destination" not in launched.job["labels"]


def test_each_table_waits_under_its_lock_with_its_run_in_the_history(launched, launches, client):
    dataset = launches.dataset("two")
    tables = {table.table_id for table in client.list_tables(dataset)}
    assert tables == HISTORY | {
        "sync_batches",
        "sync_batches_latest",
        "_sync_lock_orders",
        "_sync_lock_many",
    }
    sql = f"SELECT run_id, status, batch_id FROM {dataset}.sync_runs"
    runs = {run_id: (status, batch) for run_id, status, batch in client.query_and_wait(sql)}
    assert set(runs.values()) == {("running", launched.job["labels"]["batch_id"])}
    for name in ("orders", "many"):
        lock = client.get_table(f"{PROJECT}.{dataset}._sync_lock_{name}")
        assert lock.labels["state"] == "held"
        assert lock.labels["run_id"] in runs
        assert lock.expires > datetime.now(UTC) + timedelta(minutes=20)


def test_a_plain_password_is_in_the_graph_alone(launched):
    assert set(launched.places_of(PASSWORD)) == {GRAPH}


@pytest.mark.parametrize("stored", [False, True])
def test_a_secret_by_name_is_nowhere_and_plans_may_lie_in_the_bucket(
    launches, monkeypatch, data_folder, stored
):
    if stored:
        monkeypatch.setattr(pipeline.launch.many_job, "MOST_BY_VALUE", 0)
    with secret_manager({NAME: PASSWORD}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        launched = launches.run("postgresql", "append", **TABLES, postgresql_password=NAME)
    assert launched.code == 0, launched.said
    assert launched.places_of(PASSWORD) == {}
    batch_id = launched.job["labels"]["batch_id"]
    files = [path for path in data_folder.rglob("*") if path.is_file() and batch_id in str(path)]
    assert len([path for path in files if path.name == "plans"]) == stored
    for path in files:
        assert found_in(path.read_bytes(), PASSWORD) == []
    text = NAME.encode()
    assert stored == any(text in path.read_bytes() for path in files)
    assert stored != bool(launched.places_of(NAME))


ROWS = r"2 of 2 tables, (how many rows is not known|about [\d,]+ rows)"
"""Whichever the server has come to: it looks at new tables when it likes (autovacuum)."""


def test_a_plan_of_many_tables_through_the_launcher_leaves_nothing_at_all(launches, client):
    launched = launches.run("postgresql", "plan_only", "shown", **TABLES)
    assert launched.code == 0, launched.said
    assert re.search(ROWS, launched.said)
    assert JOB in launched.files
    assert list(client.list_tables(launches.dataset("shown"))) == []


LACKING = {"enable_smart_sync": "true", "smart_sync_timestamp_column": "nowhere"}


def test_a_table_that_can_not_be_planned_is_told_at_the_jobs_end(launches):
    tables = json.dumps({"tables": {"public.orders": {}, "public.many": LACKING}})
    launched = launches.run("postgresql", "append", **TABLES | {"tables": tables})
    assert launched.code == 0, launched.said
    assert launched.places_of("public.many")[GRAPH]
    (failed,) = [line for line in launched.said.splitlines() if line.startswith("public.many ")]
    assert failed.split()[1] == "failed"


def test_where_no_table_can_be_planned_there_is_no_job(launches):
    tables = json.dumps({"tables": {"public.many": LACKING}})
    launched = launches.run("postgresql", "append", **TABLES | {"tables": tables})
    assert launched.code != 0
    assert JOB not in launched.files
    assert launched.said.splitlines()[-1].startswith("smart-sync: SomeFailedError: 1 of 1 table")
