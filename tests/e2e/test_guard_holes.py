"""Late commits that a simple look at open transactions would not see, or see for ever."""

import contextlib
import os
import re
import threading
import time

import psycopg2

from sources.postgresql import clock as postgresql_clock
from tests.writers import EXACT, lost

STAMPED = "CREATE TABLE orders (id int8, updated_at timestamptz)"
LONGEST_S = 60.0


def wait_until(holds):
    deadline = time.monotonic() + LONGEST_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_leaked_session_that_keeps_new_rows_out_is_told_past_late_commit_guard_max(
    sync, sql, begin
):
    sql(STAMPED)
    sql("INSERT INTO orders VALUES (1, now())")
    leaked = begin("leaky-pool")
    sql("INSERT INTO orders VALUES (2, now())")
    sync.ok(**EXACT, late_commit_guard_max="0s")
    result = sync(**EXACT, late_commit_guard_max="0s")
    assert result.code == 9
    assert "leaky-pool" in result.err
    leaked.connection.commit()
    sync.ok(**EXACT)
    assert lost(sync, sql) == []


def test_a_lower_integer_of_a_prepared_transaction_is_waited_for(
    sync, sql, database, begin, monkeypatch
):
    sql("CREATE TABLE orders (id int8 GENERATED ALWAYS AS IDENTITY, name text)")
    integers = EXACT | {"smart_sync_timestamp_column": "id"}
    monkeypatch.setattr(postgresql_clock, "WAIT_S", 0.0)
    late = begin()
    late.execute("INSERT INTO orders (name) VALUES ('low')")
    late.execute("PREPARE TRANSACTION %s", (f"low_{database.database}",))
    late.connection.close()
    sql("INSERT INTO orders (name) VALUES ('high')")
    assert "held_back" in sync.ok(**integers).out
    sql("COMMIT PREPARED %s", f"low_{database.database}")
    sync.ok(**integers)
    assert lost(sync, sql) == []


def test_a_procedure_that_commits_and_stamps_by_statement_timestamp_loses_nothing(
    sync, sql, database
):
    sql(STAMPED)
    sql(
        """CREATE PROCEDURE load() LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM pg_advisory_xact_lock(6);
          COMMIT;
          INSERT INTO orders VALUES (2, statement_timestamp());
          PERFORM pg_advisory_xact_lock(7);
          COMMIT;
        END $$"""
    )
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = {}"
    sql("SELECT pg_advisory_lock(6), pg_advisory_lock(7)")
    with contextlib.closing(psycopg2.connect(database.dsn, application_name="loader")) as caller:
        caller.autocommit = True
        called = threading.Thread(target=lambda: caller.cursor().execute("CALL load()"))
        called.start()
        wait_until(lambda: sql(waiting.format(6)))
        sql("INSERT INTO orders VALUES (1, now())")
        sql("SELECT pg_advisory_unlock(6)")
        wait_until(lambda: sql(waiting.format(7)))
        sync.ok(**EXACT)
        sql("SELECT pg_advisory_unlock(7)")
        called.join()
    sync.ok(**EXACT)
    assert lost(sync, sql) == []


def test_a_server_zone_that_is_only_an_offset_is_the_servers_to_reckon_with(sync, sql, database):
    sql("CREATE TABLE orders (id int8, updated_at timestamp)")
    sql(f"ALTER DATABASE {database.database} SET timezone = '-5'")
    ends = [
        re.search(r"00:00:00, ([0-9: -]+):", sync.ok(**EXACT, **more, plan_only="true").out)[1]
        for more in ({}, {"source_timezone": "Etc/GMT+5"})
    ]
    assert ends[0] <= ends[1] <= sql("SELECT localtimestamp::text")[0][0]


def test_a_transaction_of_today_does_not_hold_a_date_cursor(sync, sql, begin):
    sql("CREATE TABLE orders (id int8, updated_at date)")
    sql("INSERT INTO orders VALUES (1, current_date - 1), (2, current_date)")
    sync.ok(**EXACT)
    begin("same-day")
    assert sync(**EXACT, late_commit_guard_max="0s").code == 0


def test_an_autovacuum_worker_is_no_hidden_writer(sql, database):
    role = f"av_{os.getpid()}"
    working = (
        "SELECT 1 FROM pg_stat_activity"
        " WHERE backend_type = 'autovacuum worker' AND datname = current_database()"
    )
    sql(
        "CREATE TABLE big (id int, x text) WITH (autovacuum_vacuum_cost_delay=100,"
        " autovacuum_vacuum_cost_limit=1, autovacuum_vacuum_threshold=0,"
        " autovacuum_vacuum_scale_factor=0)"
    )
    sql("INSERT INTO big SELECT g, repeat('x', 500) FROM generate_series(1, 30000) g")
    sql("DELETE FROM big")
    sql(f"CREATE ROLE {role} LOGIN")
    sql("ALTER SYSTEM SET autovacuum_naptime = '1s'")
    sql("SELECT pg_reload_conf()")
    weak = f"host={database.host} port={database.port} user={role} dbname={database.database}"
    try:
        with contextlib.closing(psycopg2.connect(weak)) as opened:
            opened.autocommit = True
            wait_until(lambda: sql(working))
            assert postgresql_clock.open_transactions(opened.cursor()) == ()
    finally:
        sql("ALTER SYSTEM RESET autovacuum_naptime")
        sql("SELECT pg_reload_conf()")
        sql(f"DROP ROLE {role}")
