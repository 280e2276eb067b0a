"""An older and a newer version of the program on one table and one history."""

from datetime import UTC, datetime, timedelta

import pytest
from google.cloud import bigquery

from pipeline.destination.attempts import PUBLISH, job_id_of
from pipeline.runs.history import FIELDS

SMART = {"enable_smart_sync": "true", "smart_sync_margin": "0s", "source_table_for_schema": "s"}
NEWER = [name for name, _ in FIELDS[-21:]]
OLD_RUN = "20240501t120000-0a1b2c3d"


@pytest.fixture
def rows(sql):
    sql("CREATE TABLE s (id int8 PRIMARY KEY, updated_at timestamptz)")
    sql("INSERT INTO s SELECT n, now() - interval '1 hour' FROM generate_series(1, 3) AS n")


def history(sync):
    """Every event, the oldest first."""
    query = f"SELECT * FROM {sync.dataset}.sync_runs ORDER BY event_time"
    return [dict(row) for row in sync.client.query_and_wait(query)]


def test_a_history_with_columns_of_a_newer_version_is_kept_as_it_is(sync, sql, rows):
    """This program is the older one."""
    sync.ok(**SMART)
    made = sync.table("sync_runs")
    made.schema = [*made.schema, bigquery.SchemaField("newer", "STRING")]
    sync.client.update_table(made, ["schema"])
    newer = f"UPDATE {sync.dataset}.sync_runs SET newer = 'kept' WHERE TRUE"
    sync.client.query_and_wait(newer)
    sql("INSERT INTO s VALUES (4, now() - interval '1 minute')")
    sync.ok(**SMART)
    assert [row[0] for row in sync.rows()] == [1, 2, 3, 4]
    assert sync.table("sync_runs").schema == made.schema
    told = [row["newer"] for row in history(sync)]
    assert told == ["kept"] * 2 + [None] * 2


def test_a_run_that_died_as_an_older_version_is_settled(sync, sql, rows):
    """It wrote an event without the columns that were added since, into a table without them."""
    sync.ok(**SMART)
    for name in NEWER:
        sync.client.query_and_wait(f"ALTER TABLE {sync.dataset}.sync_runs DROP COLUMN {name}")
    (run,) = sync.history()
    older = {name: value for name, value in run.items() if name in ("destination", "job_project")}
    began = datetime.now(UTC) - timedelta(hours=1)
    event = {"run_id": OLD_RUN, "seq": 0, "status": "running", "event_time": began, **older}
    columns = ", ".join(event)
    query = (
        f"INSERT INTO {sync.dataset}.sync_runs ({columns}) VALUES ({', '.join('?' * len(event))})"
    )
    kinds = dict(FIELDS)
    values = [bigquery.ScalarQueryParameter(None, kinds[n], value) for n, value in event.items()]
    sync.client.query_and_wait(query, job_config=bigquery.QueryJobConfig(query_parameters=values))
    sql("INSERT INTO s VALUES (4, now() - interval '1 minute')")
    sync.ok(**SMART, plan_only="true")
    assert NEWER[0] not in {field.name for field in sync.table("sync_runs").schema}
    sync.ok(**SMART)
    assert [row[0] for row in sync.rows()] == [1, 2, 3, 4]
    assert [each.name for each in sync.table("sync_runs").schema[-21:]] == NEWER
    statuses = {each["run_id"]: each["status"] for each in sync.history()}
    assert statuses[OLD_RUN] == "abandoned"
    burnt = sync.client.get_job(job_id_of(OLD_RUN, PUBLISH, 1))
    assert burnt.labels["step"] == "burnt"
    assert {row["rows_left_out"] for row in history(sync) if row["run_id"] == run["run_id"]} == {
        None
    }
