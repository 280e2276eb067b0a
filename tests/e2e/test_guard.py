"""Smart sync's contract end to end: held windows, kinds of cursors, watermarks, the query."""

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from google.cloud import bigquery

from pipeline.destination import target as destination
from smart_sync.value_text import counted
from sources.postgresql import clock as postgresql_clock
from tests.sync import PROJECT

EXACT = {"smart_sync_margin": "0s"}
"""No margin: what was committed before the run is read by it."""
TABLE = {"enable_smart_sync": "true", "postgresql_query": "SELECT * FROM orders"}
SMART = {
    "enable_smart_sync": "true",
    "postgresql_base_query": "SELECT * FROM orders WHERE updated_at > '{start_timestamp}'"
    " AND updated_at <= '{end_timestamp}' ORDER BY updated_at",
}
PLAN = {"plan_only": "true"}
STORED = {"timestamptz": "TIMESTAMP", "timestamp": "DATETIME", "date": "DATE"}


@contextlib.contextmanager
def transaction(database, application: str = "billing") -> Iterator[Any]:
    """A cursor in another session's transaction, which is open from here on."""
    opened = psycopg2.connect(database.dsn, application_name=application)
    with contextlib.closing(opened) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        yield cursor


def orders(sql, kind: str = "timestamptz") -> None:
    sql(f"CREATE TABLE orders (id int8, updated_at {kind})")


def published(sync, rows: str) -> None:
    """The destination as earlier runs have left it."""
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t (id INT64, updated_at TIMESTAMP)")
    sync.client.query_and_wait(f"INSERT INTO {sync.dataset}.t VALUES {rows}")


# Held windows


def test_a_window_held_empty_is_told_and_fails_only_past_late_commit_guard_max(sync, sql, database):
    orders(sql)
    with transaction(database, "nightly-report") as report:
        pid = report.connection.info.backend_pid
        sql("INSERT INTO orders VALUES (1, now())")
        sync.ok(**SMART, **EXACT, late_commit_guard="off")
        held = sync.ok(**SMART, **EXACT)
        too_long = sync(**SMART, **EXACT, late_commit_guard_max="0s")
    for text in (held.out, too_long.err):
        assert f"pid {pid} (nightly-report, user {database.user}, open for " in text
    assert held.out.startswith("held_back: ")
    assert too_long.code == 9
    assert "end that session, or set late_commit_guard to a duration" in too_long.err
    assert [(run["status"], run["exit_code"]) for run in sync.history()] == [
        ("succeeded", 0),
        ("held_back", 0),
        ("held_back", 9),
    ]
    assert sync.rows("COUNT(*)") == [(1,)]


def test_a_guard_of_a_duration_leaves_the_newest_rows_to_the_next_run(sync, sql):
    orders(sql)
    sql("INSERT INTO orders VALUES (1, now() - interval '2 h'), (2, now() - interval '30 m')")
    sync.ok(**SMART, late_commit_guard="1h")
    assert sync.rows("id") == [(1,)]
    sync.ok(**SMART, late_commit_guard="10m")
    assert sync.rows("id") == [(1,), (2,)]


# Kinds of cursors


def test_a_date_cursor_waits_for_the_day_to_end_and_skips_no_row(sync, sql):
    orders(sql, "date")
    sql("INSERT INTO orders SELECT g, current_date - g FROM generate_series(3, 5) g")
    sync.ok(**SMART)
    sql("INSERT INTO orders SELECT g, current_date - g FROM generate_series(0, 2) g")
    assert "2 rows read, 2 published" in sync.ok(**SMART).out
    assert sync.rows("id") == [(1,), (2,), (3,), (4,), (5,)]
    assert sync.types()["updated_at"] == "DATE"


@pytest.mark.parametrize(
    ("zone", "said_by"),
    [("America/Bogota", "parameter"), ("Asia/Tokyo", "database")],
)
def test_a_cursor_without_a_zone_is_read_in_its_zones_wall_clock(
    sync, sql, database, zone, said_by
):
    orders(sql, "timestamp")
    wall = f"(now() AT TIME ZONE '{zone}')"
    sql(f"INSERT INTO orders VALUES (1, {wall} - interval '1 min'), (2, {wall} + interval '1 h')")
    parameters = SMART | {"source_timezone": zone}
    if said_by == "database":
        sql(f"ALTER DATABASE {database.database} SET timezone = '{zone}'")
        parameters = SMART
    sync.ok(**parameters)
    assert sync.rows("id") == [(1,)]
    assert sync.types()["updated_at"] == "DATETIME"
    sql(f"INSERT INTO orders VALUES (3, {wall} - interval '30 s')")
    sync.ok(**parameters)
    assert sync.rows("id") == [(1,), (3,)]


def test_a_window_ends_by_the_servers_own_zone_files(sync, sql):
    """In Edmonton those of servers and of this machine may be an hour apart."""
    orders(sql, "timestamp")
    shown = sync.ok(**SMART, **PLAN, source_timezone="America/Edmonton").out
    ends = "SELECT %s::timestamp BETWEEN at - interval '5 min' AND at"
    there = "(SELECT now() AT TIME ZONE 'America/Edmonton' AS at) AS clock"
    (window,) = (line for line in shown.splitlines() if line.startswith("  window "))
    assert sql(f"{ends} FROM {there}", window.partition(", ")[2].partition("]")[0]) == [(True,)]


def test_an_integer_cursor_reads_each_value_once_over_three_runs(sync, sql):
    sql("CREATE TABLE orders (id int8 GENERATED ALWAYS AS IDENTITY, name text)")
    smart = SMART | {
        "smart_sync_timestamp_column": "id",
        "postgresql_base_query": "SELECT * FROM orders"
        " WHERE id > {start_timestamp} AND id <= {end_timestamp}",
    }
    for number in (3, 2, 1):
        sql("INSERT INTO orders (name) SELECT 'n' FROM generate_series(1, %s)", number)
        assert f"{counted(number, 'row')} read, {number} published" in sync.ok(**smart).out
    assert sync.rows("id") == [(n,) for n in range(1, 7)]


def test_an_integer_cursor_waits_and_then_tells_the_transaction_that_stays_open(
    sync, sql, database, monkeypatch
):
    monkeypatch.setattr(postgresql_clock, "WAIT_S", 1.0)
    sql("CREATE TABLE orders (id int8)")
    sql("INSERT INTO orders VALUES (1)")
    with transaction(database) as slow:
        held = sync.ok(**TABLE, smart_sync_timestamp_column="id")
        assert held.out.startswith("held_back: ")
        assert f"pid {slow.connection.info.backend_pid} (billing" in held.out
    assert "t" not in sync.tables()


def test_an_integer_cursor_may_span_all_of_int8(sync, sql):
    sql("CREATE TABLE orders (id int8)")
    sql("INSERT INTO orders VALUES (-9223372036854775808), (0), (9223372036854775807)")
    smart = TABLE | {"smart_sync_timestamp_column": "id", "num_splits": "4"}
    assert "no number of such a type comes after it" in sync(**smart).err
    sync.ok(**smart, accept_source_change="true")
    assert sync.rows("COUNT(*)") == [(3,)]


# What a window leaves out


def test_rows_without_a_cursor_value_are_counted(sync, sql):
    orders(sql)
    sql("INSERT INTO orders VALUES (1, '2024-05-01'), (2, NULL), (3, NULL), (4, NULL)")
    assert "3 rows have NULL in updated_at" in sync.ok(**TABLE, **PLAN).out


@pytest.mark.parametrize("query", [TABLE, SMART], ids=["query", "base_query"])
def test_older_rows_that_a_first_run_leaves_out_are_counted(sync, sql, query):
    orders(sql)
    sql(
        "INSERT INTO orders VALUES (1, now() - interval '50 h'), (2, now() - interval '46 h'),"
        " (3, now() - interval '9 y')"
    )
    parameters = query | {"sync_all_on_empty_table": "false", "fallback_days": "2"}
    shown = sync.ok(**parameters, **PLAN)
    assert "2 rows have a updated_at up to " in shown.out
    sync.ok(**parameters)
    assert sync.rows("id") == [(2,)]


def test_a_watermark_in_the_future_does_not_stop_the_sync(sync, sql):
    orders(sql)
    sql("INSERT INTO orders VALUES (1, '2024-05-01'), (2, '2999-01-01')")
    published(sync, "(1, TIMESTAMP '2024-05-01'), (2, '2999-01-01')")
    sql("INSERT INTO orders VALUES (3, '2024-05-02')")
    shown = sync.ok(**SMART, **PLAN)
    assert "1 row of the destination has updated_at later than now" in shown.out
    assert "2999-01-01" in shown.out
    sync.ok(**SMART)
    assert sync.rows("id") == [(1,), (2,), (3,)]


# The watermark


@pytest.fixture
def many_rows(monkeypatch):
    """Any table has so many rows that its partitions are listed before MAX is asked."""
    monkeypatch.setattr(destination, "CHEAP_ROWS", 0)


@pytest.mark.parametrize(
    ("kind", "size", "partition"),
    [
        ("timestamptz", "DAY", "20240502"),
        ("timestamp", "MONTH", "202405"),
        ("date", "YEAR", "2024"),
    ],
)
def test_only_the_newest_partition_is_asked_for_the_watermark(
    sync, sql, many_rows, kind, size, partition
):
    orders(sql, kind)
    sql("INSERT INTO orders VALUES (1, '2022-05-01'), (2, '2023-05-02'), (3, '2024-05-02')")
    parameters = SMART | {"enable_auto_schema": "true", "partition_type": size}
    column = bigquery.SchemaField("updated_at", STORED[kind])
    columns = (bigquery.SchemaField("id", "INT64"), column)
    table = bigquery.Table(f"{PROJECT}.{sync.dataset}.t", columns)
    table.time_partitioning = bigquery.TimePartitioning(type_=size, field="updated_at")
    sync.client.create_table(table)
    rows = "(1, '2022-05-01'), (2, '2023-05-02'), (3, '2024-05-02')"
    sync.client.query_and_wait(f"INSERT INTO {sync.dataset}.t VALUES {rows}")
    shown = sync.ok(**parameters, **PLAN)
    assert (
        f"MAX(updated_at) of the destination (partition {partition} and later ones, " in shown.out
    )
    assert "(2024-05-02" in shown.out


@pytest.mark.parametrize(("gone", "after", "listed"), [(2, "2024-05-02", 0), (3, "2023-05-02", 1)])
def test_after_rows_were_removed_max_is_looked_for_where_it_was_first(
    sync, sql, many_rows, watched, gone, after, listed
):
    """A list of all partitions costs more than the look into one."""
    orders(sql)
    sql("INSERT INTO orders VALUES (1, '2022-05-01'), (2, '2023-05-02'), (3, '2024-05-02')")
    words = {
        "enable_smart_sync": "true",
        "enable_auto_schema": "true",
        "partition_type": "YEAR",
        "source_table_for_schema": "public.orders",
        "write_disposition": "WRITE_MERGE",
        "merge_keys": "id",
    }
    sync.ok(**words)
    sql("DELETE FROM orders WHERE id = %s", gone)
    before = len(watched.seen)
    sync.ok(**words, delete_missing="hard", max_deleted_percent="100")
    assert sync.history()[-1]["watermark_after"].startswith(after)
    asked = [str(seen.body) for seen in watched.seen[before:]]
    assert sum("PARTITIONS" in body for body in asked) == listed


def test_a_partition_later_than_now_is_passed_over(sync, sql, many_rows):
    orders(sql)
    sql("INSERT INTO orders VALUES (1, '2024-05-01'), (2, '2150-01-01'), (3, NULL)")
    auto = {"enable_auto_schema": "true", "partition_type": "YEAR"}
    sync.ok(**auto, postgresql_query="SELECT * FROM orders")
    shown = sync.ok(**SMART, **auto, **PLAN)
    assert "(partition 2024 and later ones, " in shown.out
    assert "1 row of the destination has updated_at later than now" in shown.out


# The user's query


@pytest.mark.parametrize(
    "where",
    [
        "updated_at > {start_timestamp} AND updated_at <= {end_timestamp}",
        "updated_at BETWEEN '{start_timestamp}' AND '{end_timestamp}'",
        "updated_at::date >= '{start_timestamp}'::date"
        " AND updated_at::date <= '{end_timestamp}'::date",
        "updated_at >= timestamptz '{start_timestamp}' -- AND {end_timestamp}\n"
        " AND updated_at < '{end_timestamp}'::timestamptz + interval '1 day';",
    ],
    ids=["outside_quotes", "between", "by_day", "wider_with_comment"],
)
def test_a_row_arrives_once_however_the_query_says_the_window(sync, sql, where):
    orders(sql)
    smart = SMART | {"postgresql_base_query": f"SELECT * FROM orders WHERE {where}"}
    sql("INSERT INTO orders VALUES (1, '2024-05-01 08:00'), (2, '2024-05-01 09:00:00.5')")
    published(sync, "(1, TIMESTAMP '2024-05-01 08:00:00'), (2, '2024-05-01 09:00:00.5')")
    sql("INSERT INTO orders VALUES (3, '2024-05-01 09:00:00.500001'), (4, '2024-05-01 10:00')")
    assert "2 rows read, 2 published" in sync.ok(**smart).out
    assert sync.rows("id") == [(1,), (2,), (3,), (4,)]
