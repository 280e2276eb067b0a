"""Rows of BigQuery that come late: integers out of order, and tables that show old rows."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from google.cloud import bigquery

from auto_schema.errors import ConfigError
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.inspector import inspecting
from tests.as_it_is import bigquery_as_it_is
from tests.sync import PROJECT, make_client

BY_NUMBER = {
    "enable_smart_sync": "true",
    "smart_sync_timestamp_column": "id",
    "smart_sync_margin": "0s",
    "write_disposition": "WRITE_APPEND",
}
LONG = timedelta(hours=1)


@pytest.fixture(scope="module")
def target(tmp_path_factory, pytestconfig):
    """A local BigQuery that also shows a table as it was; the tests' own doesn't."""
    with bigquery_as_it_is(tmp_path_factory.mktemp("history"), pytestconfig) as server:
        yield server


@pytest.fixture(scope="module")
def client(target):
    return make_client(target)


def highest(target, source, *, table="s", query="", since=None, late=None, auto=False):
    table = "" if query else table
    connection = BigqueryConnection(PROJECT, source, table, PROJECT, target.url, target.grpc)
    with inspecting(connection, query, "", "id") as inspector:
        late = datetime.now(UTC) - since if since else late
        return inspector.integer_cursor("id", wait=True, auto=auto, margin=late)[0]


def test_an_integer_cursor_ends_at_what_the_table_held_before_any_unseen_statement_began(
    run, target, source
):
    run("CREATE TABLE `{s}.s` AS SELECT 5 AS id")
    then = datetime.now(UTC)
    time.sleep(3)  # for the question, which is asked a little after `then`
    run("INSERT INTO `{s}.s` (id) VALUES (20)")  # 10 may come after it, from a longer statement
    assert highest(target, source, since=then) == 5
    assert highest(target, source, late=timedelta(0)) == 20
    assert highest(target, source, late=LONG) is None, "the table wasn't there"
    assert highest(target, source, late=timedelta(0), auto=True) is None


def test_of_a_query_or_a_view_an_integer_cursor_waits_a_minute_at_most(run, target, source):
    run("CREATE TABLE `{s}.s` AS SELECT 5 AS id")
    run("CREATE VIEW `{s}.v` AS SELECT id FROM `{s}.s`")
    second, long = timedelta(seconds=1), timedelta(seconds=61)
    for words in ({"query": "SELECT id FROM s"}, {"table": "v"}):
        started = time.monotonic()
        assert highest(target, source, late=second, **words) == 5
        assert time.monotonic() - started >= second.total_seconds()
        with pytest.raises(ConfigError, match="a run doesn't wait that long"):
            highest(target, source, late=long, **words)


def test_an_integer_cursor_of_a_young_table_is_never_taken_for_safe(sync, run):
    run("CREATE TABLE `{s}.s` AS SELECT 5 AS id")
    sync.ok(**BY_NUMBER)
    assert sync.rows() == []
    plan = sync.ok(**BY_NUMBER, plan_only="true").out
    assert "the source held no value 600s before: nothing yet" in plan


def test_a_table_that_may_show_old_rows_ends_the_window_by_that_much_earlier(
    sync, run, client, source
):
    fields = [bigquery.SchemaField("id", "INT64"), bigquery.SchemaField("at", "TIMESTAMP")]
    table = bigquery.Table(f"{PROJECT}.{source}.s", fields).to_api_repr()
    table["maxStaleness"] = "0-0 0 4:0:0"
    client.create_table(bigquery.Table.from_api_repr(table))
    run("CREATE VIEW `{s}.v` AS SELECT * FROM `{s}.s`")
    smart = {"enable_smart_sync": "true", "smart_sync_timestamp_column": "at"}
    for name in ("s", "v"):
        words = {"source_bigquery_table": name, "plan_only": "true", "plan_format": "json"}
        plan = json.loads(sync.ok(**smart, **words).out)
        reason = plan["window"]["end_reason"]
        assert "15000s" in reason
        assert "s may show rows 4:00:00 late (max_staleness)" in reason
