"""Standbys that are behind for long, or for ever: one that replays late, one of several by a name.

A load that was killed has read another server of that name, which had more.
"""

import contextlib

import psycopg2
import pytest

from demo.servers import PostgresqlServer
from tests.days import lapse, runs
from tests.resumes import (
    HALF,
    LOAD,
    ROWS,
    TABLE,
    manifests,
    stopped_whole,
    stopping,
    taken_over,
)
from tests.standby import primary_and_standby, replayed
from tests.sync import reading
from tests.tcp_proxy import tcp_proxy

WORDS = LOAD | {"write_disposition": "WRITE_MERGE", "merge_keys": "id", "smart_sync_margin": "0s"}
AGO = "INSERT INTO s VALUES (%s, 'late', now() - interval '%s seconds')"


@pytest.fixture
def name(sync):
    """A name that leads to one server and then to another."""
    sync.defaults["runner"] = None
    with contextlib.ExitStack() as stack:

        def lead(server):
            proxy = stack.enter_context(tcp_proxy("127.0.0.1", server.port))
            there = PostgresqlServer("127.0.0.1", proxy.port, server.user, server.database)
            sync.defaults |= reading(there)
            return proxy

        yield lead


def sql_of(server):
    def sql(text, *values):
        with contextlib.closing(psycopg2.connect(server.dsn)) as connection:
            cursor = connection.cursor()
            cursor.execute(text, values or None)
            connection.commit()
            return cursor.fetchall() if cursor.description else []

    return sql


def die(sync, start, server):
    """A load of the primary that is killed with half of it staged; its id."""
    with stopping(server, HALF):
        run = start(**WORDS)
        stopped_whole(sql_of(server), sync, run, HALF)
        run.kill()
    lapse(sync)
    return runs(sync)[-1]["run_id"]


def ids(sync):
    return [key for (key,) in sync.rows("id")]


def test_a_load_is_not_gone_on_with_by_a_standby_that_has_less(sync, start, name, caplog):
    """What it lacks of the dead run's window would lie below the next one."""
    with primary_and_standby() as (primary, standby):
        primary(TABLE)
        primary(AGO % (3000, 90))
        replayed(primary, standby)
        standby("SELECT pg_wal_replay_pause()")
        primary(AGO % (2000, 120))
        proxy = name(primary)
        die(sync, start, primary)
        proxy.lead_to("127.0.0.1", standby.port)
        sync.ok(**WORDS)
        assert "one of now at" in caplog.text
        standby("SELECT pg_wal_replay_resume()")
        proxy.lead_to("127.0.0.1", primary.port)
        sync.ok(**WORDS)
        assert ids(sync) == [*range(1, ROWS + 1), 2000, 3000]


def test_a_load_waits_for_a_standby_that_is_behind_by_nobody_knows_how_much(sync, start, name):
    """What was staged waits with it, and nothing is read anew."""
    late = {"recovery_min_apply_delay": "1h"}
    with primary_and_standby(TABLE, **late) as (primary, standby):
        proxy = name(primary)
        dead, staged = die(sync, start, primary), manifests(sync)
        proxy.lead_to("127.0.0.1", standby.port)
        for more in ({}, {"plan_only": "true"}):
            result = sync(**WORDS | more)
            assert (result.code, manifests(sync)) == (3, staged), result.err
            assert "a standby that may be older than what is to be resumed" in result.err
        proxy.lead_to("127.0.0.1", primary.port)
        sync.ok(**WORDS)
        (row,) = [run for run in runs(sync) if run["resumed_run"] == dead]
        assert taken_over(row)["splits_taken_over"] == staged
        assert ids(sync) == [*range(1, ROWS + 1)]


def test_a_standby_that_replays_late_brings_nothing_back(sync, name):
    """A run has read the primary meanwhile, and removed what is gone there."""
    late = {"recovery_min_apply_delay": "4s"}
    words = WORDS | {"postgresql_query": "SELECT * FROM s", "num_splits": "2"}
    with primary_and_standby(TABLE, **late) as (primary, standby):
        proxy = name(standby)
        primary(AGO % (2000, 1200))
        held = sync(**words)
        assert held.code == 0
        assert "let it catch up (one that is fed from an archive" in held.out
        replayed(primary, standby)
        sync.ok(**words)
        assert ids(sync) == [*range(1, ROWS + 1), 2000]
        primary("DELETE FROM s WHERE id = 2000")
        primary(AGO % (3000, 0))
        proxy.lead_to("127.0.0.1", primary.port)
        sync.ok(**words, delete_missing="hard", max_deleted_percent="100")
        there = [*range(1, ROWS + 1), 3000]
        assert ids(sync) == there
        proxy.lead_to("127.0.0.1", standby.port)
        for more in ({"delete_missing": "hard"}, {"repair": "true"}):
            late = sync(**words | more)
            assert "the source shows its rows up to" in late.out
            assert (late.code, ids(sync)) == (0, there)
        replayed(primary, standby)
        sync.ok(**words, repair="true")
        assert ids(sync) == there
