"""Splits, lost connections, batches and connections: every row once, however it is read."""

import contextlib
import json
import logging
import threading
import time

import psycopg2
import pytest

from tests.sync import GRAPH

ROWS = 1000
STAMPS = {
    "timestamptz": "timestamptz '2024-05-01 12:00+00' + (g / 100) * interval '1 hour'",
    "timestamp": "timestamp '2024-05-01 12:00' + (g / 100) * interval '0.000001 s'",
    "date": "date '2024-05-01' + (g / 100)::int",
    "int8": "(g / 100)::int8 * 9007199254740993 - 4611686018427387904",
}
SLOW = "SELECT id, repeat('x', 1000000) AS pad, length(pg_sleep(0.03)::text) AS n FROM s"
"""A megabyte per row: 16 rows are a batch, so that rows flow long before the end."""
SESSIONS = """
SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'bigquery-smart-sync 2%'
AND state = 'active' AND query LIKE 'COPY%pg_sleep%'
"""


@pytest.mark.parametrize("kind", STAMPS)
def test_splits_by_any_cursor_give_every_row_once_and_the_next_run_none_again(sync, sql, kind):
    sql(f"CREATE TABLE s AS SELECT g AS id, {STAMPS[kind]} AS c FROM generate_series(1, {ROWS}) g")
    parameters = {
        "enable_smart_sync": "true",
        "postgresql_query": "SELECT * FROM s ORDER BY id DESC",
        "smart_sync_timestamp_column": "c",
        "num_splits": "5",
    }
    plan = json.loads(sync.ok(**parameters, plan_only="true", plan_format="json").out)
    assert plan["splits"]["count"] == 5
    assert "ORDER BY" not in plan["sql"][0]
    assert f"{ROWS:,} rows read, {ROWS:,} published" in sync.ok(**parameters).out
    assert sync.rows("COUNT(*), COUNT(DISTINCT id), SUM(id)") == [(ROWS, ROWS, ROWS * 1001 // 2)]
    sync.ok(**parameters)
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(ROWS, ROWS)]


KEYS = {
    "int8": "g * 1000003 % 1009 - 500",
    "text": "chr(65 + g % 26 + 32 * (g % 2)) || E'\\'\\\\ ß' || g",
    "uuid": "md5(g::text)::uuid",
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("analyzed", [True, False], ids=["analyzed", "not analyzed"])
def test_splits_by_a_unique_key_give_every_row_of_the_table_once(sync, sql, kind, analyzed):
    sql(f"CREATE TABLE s (k {kind} PRIMARY KEY, v int8)")
    sql(f"INSERT INTO s SELECT {KEYS[kind]}, g FROM generate_series(1, {ROWS}) g")
    if analyzed:
        sql("ANALYZE s")
    splits = 5 if analyzed or kind == "int8" else 1
    parameters = {
        "postgresql_query": "SELECT v, k FROM s",
        "write_disposition": "WRITE_TRUNCATE",
        "num_splits": "5",
    }
    plan = json.loads(sync.ok(**parameters, plan_only="true", plan_format="json").out)
    assert plan["splits"]["count"] == splits, plan["splits"]
    if splits == 1:
        assert "k has values for 1 only" in plan["splits"]["reason"]
    sync.ok(**parameters)
    assert sync.rows("COUNT(*), COUNT(DISTINCT k)") == [(ROWS, ROWS)]
    assert [row[0] for row in sync.rows("v")] == list(range(1, ROWS + 1))


UNSPLIT = {
    "SELECT * FROM s LIMIT 7": "the query has LIMIT",
    "SELECT * FROM s OFFSET 1": "the query has OFFSET",
    "SELECT id FROM s GROUP BY id": "the query has GROUP BY",
    "SELECT id FROM s UNION SELECT id + 100 FROM s": "set operation",
    "SELECT DISTINCT id FROM s": "the query has DISTINCT",
    "SELECT id, row_number() OVER (ORDER BY id) AS n FROM s": "the query has a window function",
    "SELECT max(id) AS id FROM s": "the query has an aggregate",
    "SELECT id, generate_series(1, 2) AS n FROM s": "set-returning function",
    "WITH w AS (SELECT * FROM s) SELECT * FROM w": "the query has a WITH clause",
    "SELECT s.id FROM s JOIN s AS o ON o.id = s.id": "no unique NOT NULL key",
}


def test_queries_that_cannot_be_split_say_why_in_the_plan(sync, sql):
    sql("CREATE TABLE s AS SELECT g AS id FROM generate_series(1, 20) g")
    sql("ALTER TABLE s ADD PRIMARY KEY (id)")
    for query, reason in UNSPLIT.items():
        plan = sync.ok(postgresql_query=query, num_splits="5", plan_only="true").out
        line = next(line for line in plan.splitlines() if line.startswith("  splits"))
        assert "splits       1 (one split: " in line, query
        assert reason in line, query


def test_a_window_function_is_read_over_the_whole_table(sync, sql):
    sql("CREATE TABLE s AS SELECT g AS id FROM generate_series(1, 100) g")
    sql("ALTER TABLE s ADD PRIMARY KEY (id)")
    query = "SELECT id, row_number() OVER (ORDER BY id DESC) AS n FROM s"
    sync.ok(postgresql_query=query, num_splits="5")
    assert sync.rows("COUNT(*), COUNTIF(id + n = 101)") == [(100, 100)]


@contextlib.contextmanager
def beside(run, over):
    """Run a loop in a thread until the block ends; `over` tells it to stop."""
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def terminating(database, sync, times):
    """End the reader's session, each time after it has staged rows; the pids ended."""
    ended, over = [], threading.Event()

    def run():
        with contextlib.closing(psycopg2.connect(database.dsn)) as admin:
            admin.autocommit = True
            cursor = admin.cursor()
            while not over.wait(0.02) and len(ended) < times:
                if len(list(sync.temp.rglob("rows-*.parquet"))) <= len(ended):
                    continue
                cursor.execute(SESSIONS)
                for (pid,) in cursor.fetchall():
                    cursor.execute("SELECT pg_terminate_backend(%s)", (pid,))
                    ended.append(pid)
                time.sleep(0.3)

    with beside(run, over):
        yield ended


def test_a_connection_lost_amid_the_rows_is_read_again_without_doubling(
    sync, sql, database, caplog
):
    sql("CREATE TABLE s AS SELECT g AS id FROM generate_series(1, 48) g")
    with terminating(database, sync, 1) as ended:
        result = sync.ok(postgresql_query=SLOW)
    assert len(ended) == 1
    assert "split=0 attempt=0 lost its connection" in caplog.text
    assert "48 rows read, 48 published" in result.out
    assert sync.rows("COUNT(*), COUNT(DISTINCT id), MIN(LENGTH(pad))") == [(48, 48, 1_000_000)]
    assert not list(sync.temp.rglob("*.parquet"))


ENDED = ("terminating connection", "server closed the connection")
"""What a client is told of its session's end: the server's last word, if it still came through."""


def test_a_connection_that_is_lost_each_time_ends_with_3_and_publishes_nothing(sync, sql, database):
    sql("CREATE TABLE s AS SELECT g AS id FROM generate_series(1, 48) g")
    old = f"CREATE TABLE {sync.dataset}.t AS SELECT 7 AS id, 'old' AS pad, 1 AS n"
    sync.client.query_and_wait(old)
    with every_session_ended(database) as ended:
        result = sync(
            postgresql_query=SLOW,
            write_disposition="WRITE_TRUNCATE",
            max_retries="1",
        )
    assert result.code == 3, result.err
    assert len(ended) == 2
    assert "SourceUnreachableError: source unreachable" in result.err
    assert any(said in result.err for said in ENDED), result.err
    assert sync.rows("id, pad") == [(7, "old")]
    failed = sync.history()[-1]
    assert (failed["status"], failed["exit_code"], failed["rows_published"]) == ("failed", 3, 0)


@contextlib.contextmanager
def every_session_ended(database):
    """End each reading session soon after its query began; the pids ended."""
    ended, over = [], threading.Event()

    def run():
        with contextlib.closing(psycopg2.connect(database.dsn)) as admin:
            admin.autocommit = True
            cursor = admin.cursor()
            while not over.wait(0.02):
                cursor.execute(f"{SESSIONS} AND now() - query_start > interval '0.7 s'")
                for (pid,) in cursor.fetchall():
                    cursor.execute("SELECT pg_terminate_backend(%s)", (pid,))
                    if pid not in ended:
                        ended.append(pid)

    with beside(run, over):
        yield ended


def test_batch_size_bounds_the_rows_of_a_batch(sync, sql, caplog):
    sql("CREATE TABLE s AS SELECT g AS id FROM generate_series(1, 25) g")
    logger = logging.getLogger("smart_sync.progress")
    logger.addHandler(caplog.handler)
    try:
        sync.ok(postgresql_query="SELECT * FROM s", batch_size="10")
    finally:
        logger.removeHandler(caplog.handler)
    progress = [r.getMessage() for r in caplog.records if r.name == "smart_sync.progress"]
    read = [line.partition(" split=0 attempt=0 ")[2] for line in progress]
    assert read == ["rows=10", "rows=20", "rows=25", "rows=25 done"]
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(25, 25)]


@pytest.mark.parametrize(
    ("runner", "allowed", "planned", "opened"),
    [(None, 3, 2, 2), (None, 1, 1, 1), (GRAPH, 2, 2, 1)],
)
def test_no_more_connections_are_open_than_allowed(
    sync, sql, database, runner, allowed, planned, opened
):
    """In this process a table has two lanes; Beam's local runner reads split by split."""
    sql("CREATE TABLE s (id int8 PRIMARY KEY)")
    sql("INSERT INTO s SELECT g FROM generate_series(1, 60) g")
    parameters = {
        "postgresql_query": "SELECT id, length(pg_sleep(0.01)::text) AS n FROM s",
        "num_splits": "6",
        "max_source_connections": str(allowed),
        "runner": runner,
    }
    plan = json.loads(sync.ok(**parameters, plan_only="true", plan_format="json").out)
    assert (plan["splits"]["count"], plan["splits"]["connections"]) == (6, planned)
    counts, over = [], threading.Event()

    def look():
        with contextlib.closing(psycopg2.connect(database.dsn)) as admin:
            admin.autocommit = True
            cursor = admin.cursor()
            while not over.wait(0.01):
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND application_name LIKE 'bigquery-smart-sync%'"
                )
                counts.append(cursor.fetchone()[0])

    thread = threading.Thread(target=look)
    thread.start()
    sync.ok(**parameters)
    over.set()
    thread.join()
    assert max(counts) == opened
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(60, 60)]


def test_views_and_partitioned_tables_are_read_by_their_name(sync, sql):
    sql("CREATE TABLE parted (id int8, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)")
    sql("CREATE TABLE p1 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')")
    sql("CREATE TABLE p2 PARTITION OF parted FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')")
    sql("INSERT INTO parted SELECT g, date '2024-01-01' + g FROM generate_series(0, 49) g")
    sql("CREATE VIEW seen AS SELECT id * 2 AS twice, day FROM parted WHERE id < 10")
    sql("CREATE MATERIALIZED VIEW kept AS SELECT count(*) AS n FROM parted")
    sql("ANALYZE")
    counts = {"parted": (50, 0), "seen": (10, 0), "public.kept": (1, 49)}
    for name, (rows, first) in counts.items():
        table = name.split(".")[-1]
        sync.ok(
            source_table_for_schema=name,
            destination_bigquery_table=table,
            num_splits="5",
            enable_auto_schema="true",
        )
        assert len(sync.rows(table=table)) == rows
        assert sync.rows(table=table)[0][0] == first or table == "kept"
    smart = {
        "source_table_for_schema": "parted",
        "enable_smart_sync": "true",
        "smart_sync_timestamp_column": "day",
        "num_splits": "5",
        "destination_bigquery_table": "smart",
    }
    sync.ok(**smart)
    sql("INSERT INTO parted VALUES (50, '2024-02-20')")
    assert "1 row read, 1 published" in sync.ok(**smart).out
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)", "smart") == [(51, 51)]


def test_quoted_names_of_schema_table_and_columns_are_read(sync, sql):
    sql('CREATE SCHEMA "My Shop"')
    sql(
        'CREATE TABLE "My Shop"."Or""ders" ("Id" int8 PRIMARY KEY, "first-name" text, "%s{x}" int8)'
    )
    sql('INSERT INTO "My Shop"."Or""ders" SELECT g, $$o\'b$$, -g FROM generate_series(1, 99) g')
    mappings = {"first-name": "first_name", "%s{x}": "x"}
    sync.ok(
        source_table_for_schema='"My Shop"."Or""ders"',
        transformation_config=json.dumps({"field_mappings": mappings}),
        num_splits="5",
    )
    assert sync.types() == {"Id": "INTEGER", "first_name": "STRING", "x": "INTEGER"}
    assert sync.rows("COUNT(DISTINCT Id), SUM(x), MAX(first_name)") == [(99, -4950, "o'b")]


def test_without_any_index_a_table_is_read_in_one_and_the_plan_says_why(sync, sql):
    sql("CREATE TABLE heap (id int8, updated_at timestamptz)")
    shown = sync.ok(enable_smart_sync="true", source_table_for_schema="heap", plan_only="true").out
    assert "one split: no index begins with updated_at, so each would scan the table" in shown
