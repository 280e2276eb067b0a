"""Locks at launch are waited for; what no waiting helps says what is really the matter."""

import contextlib
import threading
from dataclasses import replace

import psycopg2
import pytest

ALL = {"postgresql_query": "SELECT * FROM s"}


def test_a_lock_that_outlasts_a_try_is_tried_again_and_the_run_succeeds(
    sync, sql, database, monkeypatch, caplog
):
    monkeypatch.setattr("sources.postgresql.catalog.DESCRIBE_LOCK_MS", 200)
    sql("CREATE TABLE s AS SELECT g AS id FROM generate_series(1, 5) g")
    with contextlib.closing(psycopg2.connect(database.dsn)) as other:
        other.cursor().execute("LOCK TABLE s IN ACCESS EXCLUSIVE MODE")
        freed = threading.Timer(1.0, other.rollback)
        freed.start()
        sync.ok(**ALL)
        freed.join()
        assert "source locked, tried again" in caplog.text
        assert sync.rows("COUNT(*)") == [(5,)]
        other.cursor().execute("LOCK TABLE s IN ACCESS EXCLUSIVE MODE")
        result = sync(**ALL, max_retries="0")
    assert result.code == 3
    assert "correct the query" not in result.err
    assert "until the session that holds the lock has ended" in result.err
    assert "max_retries" in result.err


@pytest.mark.parametrize("is_launch", [False, True])
def test_a_source_without_room_for_a_session_is_asked_again(sync, sql, database, caplog, is_launch):
    role = f"narrow_{sync.dataset}"
    sql("CREATE TABLE s AS SELECT g AS id FROM generate_series(1, 5) g")
    sql(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1; GRANT SELECT ON s TO {role}")
    sync.defaults["postgresql_username"] = role
    words = ALL | {"max_source_connections": "1"}
    if is_launch:
        sync.defaults["destination_bigquery_table"] = None
        words = {"tables": "tables: {public.s: {destination_bigquery_table: t}}"}
    mine = replace(database, user=role).dsn
    with contextlib.closing(psycopg2.connect(mine)) as other:
        result = sync(**words, max_retries="0")
        freed = threading.Timer(1.0, other.close)
        freed.start()
        sync.ok(**words)
        freed.join()
    sql(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert "source full, tried again" in caplog.text
    assert sync.rows("COUNT(*)") == [(5,)]
    assert result.code == 3
    assert "max_source_connections" in result.err
    assert "firewall" not in result.err


UNREADABLE = {
    "CREATE MATERIALIZED VIEW s AS SELECT 1 AS id WITH NO DATA": "REFRESH MATERIALIZED VIEW",
    "CREATE SEQUENCE n; CREATE VIEW s AS SELECT nextval('n') AS id": "nextval()",
    "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER remote FOREIGN DATA WRAPPER w;"
    " CREATE FOREIGN TABLE s (id int) SERVER remote": "CREATE SERVER's options",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'could not connect to"
    """ server "remote"' USING ERRCODE = '08001'; END $$; CREATE VIEW s AS SELECT f() AS id""": (
        "CREATE SERVER's options"
    ),
    "CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'out of shared memory'"
    " USING ERRCODE = '53200', HINT = 'You might need to increase max_locks_per_transaction.';"
    " END $$; CREATE VIEW s AS SELECT g() AS id": "a higher max_locks_per_transaction",
}


@pytest.mark.parametrize("made", UNREADABLE, ids=lambda made: made[7:24])
def test_what_cannot_be_read_is_told_with_its_own_mend(sync, sql, made):
    sql(made)
    result = sync(**ALL, max_retries="0")
    assert result.code == 3
    assert UNREADABLE[made] in result.err
    assert "correct the query" not in result.err
    assert "postgresql_host" not in result.err
