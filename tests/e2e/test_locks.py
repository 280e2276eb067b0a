"""Locks at launch are waited for; what no waiting helps says what is really the matter."""

import contextlib
import threading

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


UNREADABLE = {
    "CREATE MATERIALIZED VIEW s AS SELECT 1 AS id WITH NO DATA": "REFRESH MATERIALIZED VIEW",
    "CREATE SEQUENCE n; CREATE VIEW s AS SELECT nextval('n') AS id": "nextval()",
    "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER remote FOREIGN DATA WRAPPER w;"
    " CREATE FOREIGN TABLE s (id int) SERVER remote": "CREATE SERVER's options",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'could not connect to"
    """ server "remote"' USING ERRCODE = '08001'; END $$; CREATE VIEW s AS SELECT f() AS id""": (
        "CREATE SERVER's options"
    ),
}


@pytest.mark.parametrize("made", UNREADABLE, ids=lambda made: made[7:24])
def test_what_cannot_be_read_is_told_with_its_own_mend(sync, sql, made):
    sql(made)
    result = sync(**ALL, max_retries="0")
    assert result.code == 3
    assert UNREADABLE[made] in result.err
    assert "correct the query" not in result.err
    assert "postgresql_host" not in result.err
