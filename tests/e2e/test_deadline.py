"""max_run_minutes: a run that takes longer is stopped before anything of it is published."""

from datetime import timedelta

import pytest

from auto_schema.errors import LimitReachedError
from pipeline.parameters import request_of
from pipeline.publish import publisher
from pipeline.runs import deadline

PACE = (
    "CREATE OR REPLACE FUNCTION public.pace() RETURNS float8 LANGUAGE sql VOLATILE AS 'SELECT {}'"
)
SLOWLY, AT_ONCE = PACE.format("0.3::float8"), PACE.format("0::float8")
ROWS = f"""
CREATE TABLE orders (id int8 PRIMARY KEY, updated_at timestamptz);
INSERT INTO orders SELECT g, '2024-05-01'::timestamptz + g * interval '1 s'
FROM generate_series(1, 40) AS g;
{SLOWLY}
"""
TABLE = {"source_table_for_schema": "orders", "batch_size": "1"}
SLOW = {
    "postgresql_query": "SELECT id, updated_at, pg_sleep(public.pace() + id * 0)::text AS z"
    " FROM orders",
    "batch_size": "1",
}
"""As slow as the source says."""


@pytest.fixture
def seconds(monkeypatch):
    """max_run_minutes counts seconds."""
    monkeypatch.setattr(request_of, "A_MINUTE", timedelta(seconds=1))


def test_a_run_that_takes_too_long_is_stopped_and_publishes_nothing(sync, sql, seconds):
    sql(ROWS)
    done = sync(**SLOW, max_run_minutes="4")
    assert done.code == 12, done.err
    last = done.err.splitlines()[-1]
    assert "LimitReachedError: the run took too long" in last
    assert "max_run_minutes" in last
    (run,) = sync.history()
    assert (run["status"], run["exit_code"], run["rows_published"]) == ("failed", 12, 0)
    assert "max_run_minutes" in run["error"]
    assert run["rows_read"] < 40  # it was stopped amid the rows, not only before they are published
    assert "t" not in sync.tables()


def test_the_graphs_readers_stop_it_too(sync, sql, seconds):
    """As on Dataflow, where no launcher is there any more."""
    sql(ROWS)
    done = sync(**SLOW, max_run_minutes="6", runner="DirectRunner")
    assert done.code == 12, done.err
    (run,) = sync.history()
    assert (run["status"], run["exit_code"], run["rows_published"]) == ("failed", 12, 0)
    assert "t" not in sync.tables()


def test_of_many_tables_the_one_that_takes_too_long_is_stopped(sync, sql, seconds):
    sql(ROWS)
    sql("CREATE TABLE lines (id int8 PRIMARY KEY)")
    sql("INSERT INTO lines VALUES (5)")
    slow = SLOW["postgresql_query"]
    text = f"""
tables:
  public.lines: {{}}
  public.orders: {{postgresql_query: "{slow}", batch_size: 1, max_run_minutes: 4}}
"""
    done = sync(tables=text, destination_bigquery_table=None)
    assert done.code in (10, 12), done.err
    assert "max_run_minutes=" in done.out + done.err
    assert sync.rows("id", "lines") == [(5,)]
    assert "orders" not in sync.tables()


def test_its_lock_is_given_back_and_the_next_run_brings_each_row_once(sync, sql, seconds):
    sql(ROWS)
    assert sync(**SLOW, max_run_minutes="4").code == 12
    sql(AT_ONCE)
    sync.ok(**SLOW)  # 6 would say that the lock is held
    assert [row[0] for row in sync.rows("id")] == list(range(1, 41))


def test_a_run_in_time_is_as_without_a_limit(sync, sql):
    sql(ROWS)
    sync.ok(**TABLE, max_run_minutes="10")
    assert len(sync.rows("id")) == 40


def test_what_was_read_in_time_but_not_published_is_not_published(sync, sql, monkeypatch):
    """The clock passes while rows are staged: the one job is not sent."""
    sql(ROWS)
    publishes = []

    def over(run):
        if publishes:
            raise LimitReachedError("the run took too long", run.run_id, "", "raise it.")

    monkeypatch.setattr(deadline, "check_deadline", over)
    monkeypatch.setattr(
        "pipeline.publish.publisher.Publisher._check_sums", lambda *_: publishes.append(1)
    )
    done = sync(**TABLE)
    assert (done.code, publishes) == (12, [1]), done.err
    assert "t" not in sync.tables()


def test_a_run_that_was_stopped_is_gone_on_with(sync, sql, seconds):
    """Of splits that were staged whole none is read again."""
    sql(ROWS)
    smart = {
        "enable_smart_sync": "true",
        "smart_sync_timestamp_column": "updated_at",
        "num_splits": "4",
        "max_source_connections": "1",
        "postgresql_query": SLOW["postgresql_query"],
        "batch_size": "1",
    }
    done = sync(**smart, max_run_minutes="6")
    assert done.code == 12, done.err
    sql(AT_ONCE)
    sync.ok(**smart)
    assert [row[0] for row in sync.rows("id")] == list(range(1, 41))
    assert len({run["run_id"] for run in sync.history()}) >= 2


def test_a_step_that_is_repeated_late_finds_what_it_published(sync, sql, monkeypatch):
    """As on Dataflow, where a worker dies behind the publishing job: it has published in time."""
    sql(ROWS)
    sync.ok(**TABLE, write_disposition="WRITE_TRUNCATE")
    publish = publisher.Publisher.publish

    def twice(self, staged, failures):
        assert publish(self, staged, failures).status == "succeeded"
        monkeypatch.setattr(deadline, "check_deadline", late)
        return publish(self, staged, failures)

    def late(run):
        raise LimitReachedError("the run took too long", run.run_id, "", "raise it.")

    monkeypatch.setattr(publisher.Publisher, "publish", twice)
    sync.ok(**TABLE, write_disposition="WRITE_TRUNCATE")
    assert len(sync.rows("id")) == 40
