"""Whole runs that read a standby: behind, interrupted by recovery, promoted amid a read."""

import contextlib

import psycopg2
import pytest

from sources.postgresql import clock
from tests.days import STOP, stopped
from tests.processes import until as until_done
from tests.standby import primary_and_standby, replayed
from tests.sync import reading

ROWS = """
CREATE TABLE orders (id int8 PRIMARY KEY, name text, updated_at timestamptz);
INSERT INTO orders SELECT g, 'v1', now() - interval '1 hour' - g * interval '1 second'
FROM generate_series(1, 2000) g
"""
MERGE = {
    "source_table_for_schema": "public.orders",
    "enable_smart_sync": "true",
    "smart_sync_timestamp_column": "updated_at",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
}
PAIRS = "SELECT json_object_agg(id, name) FROM orders"
AGO = "now() - interval '20 minutes'"


@pytest.fixture
def servers(request):
    """A primary with rows, and a standby that has them."""
    with primary_and_standby(**getattr(request, "param", {})) as (primary, standby):
        primary(ROWS)
        yield primary, standby


def settings(**given):
    return pytest.mark.parametrize("servers", [given], indirect=True)


def names(sync):
    return dict(sync.rows("id, name"))


def of_source(server):
    return {int(key): name for key, name in server(PAIRS).items()}


def test_rows_that_their_transaction_stamped_long_ago_come_from_a_standby(
    sync, servers, monkeypatch
):
    """Its window ended ten minutes back, whoever was still open: they were behind it for good."""
    monkeypatch.setattr(clock, "WAIT_S", 0.5)
    primary, standby = servers
    with contextlib.closing(psycopg2.connect(primary.dsn)) as writer:
        writer.cursor().execute(f"INSERT INTO orders VALUES (3000, 'late', {AGO})")
        primary("INSERT INTO orders VALUES (3001, 'new', now() - interval '11 minutes')")
        replayed(primary, standby)
        held = sync(**MERGE | reading(standby))
        assert held.code == 0
        assert "of the primary has written" in held.out
        writer.commit()
    replayed(primary, standby)
    sync.ok(**MERGE | reading(standby))
    assert len(names(sync)) == 2002


def test_a_standby_is_read_in_splits_verified_compared_and_healed(sync, servers):
    primary, standby = servers
    replayed(primary, standby)
    there = MERGE | reading(standby)
    sync.ok(**there, num_splits="4", verify="true")
    primary("DELETE FROM orders WHERE id <= 20")
    primary(f"UPDATE orders SET name = 'late', updated_at = {AGO} WHERE id = 50")
    replayed(primary, standby)
    sync.ok(**there, delete_missing="hard", verify="true")
    sync.ok(**there, repair="true")
    assert names(sync) == of_source(standby)
    assert [run["rows_deleted"] for run in sync.history()] == [0, 20, 0]
    assert sync.history()[-1]["rows_healed"] == 0


def slow(query):
    """The same rows; whoever reads the last of them waits while `stopped` lasts."""
    return {"source_table_for_schema": None, "postgresql_query": query}


STOPPING = "SELECT * FROM orders WHERE id < 2000 OR stop()"
WAITS = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'advisory'"


@contextlib.contextmanager
def read_amid(servers, start):
    """A run that reads the standby, amid its rows while the block lasts; then it ends well."""
    primary, standby = servers
    primary(STOP)
    replayed(primary, standby)
    with stopped(standby):
        run = start(**MERGE | reading(standby) | slow(STOPPING), num_splits="1")
        until_done(lambda: standby(WAITS))
        yield run
    assert run.wait() == 0, run.output


@settings(max_standby_streaming_delay="0")
def test_a_read_that_recovery_cancels_is_read_again_whole(sync, servers, start):
    primary, standby = servers
    with read_amid(servers, start) as run:
        primary("DELETE FROM orders WHERE id <= 100")
        primary("VACUUM (TRUNCATE) orders")
        replayed(primary, standby)
    assert "conflict with recovery" in run.output
    assert names(sync) == of_source(standby)


def test_a_standby_that_is_promoted_amid_a_read_loses_no_row(sync, servers, start):
    _, standby = servers
    with read_amid(servers, start):
        standby("SELECT pg_promote()")
        standby(f"INSERT INTO orders VALUES (3000, 'after', {AGO})")
    sync.ok(**MERGE | reading(standby))
    assert names(sync) == of_source(standby)


def test_rows_that_a_late_standby_lacks_are_not_deleted(sync, servers):
    """An earlier run has read them of the primary: here they look deleted."""
    primary, standby = servers
    primary("DELETE FROM orders WHERE id = 7")
    replayed(primary, standby)
    standby("SELECT pg_wal_replay_pause()")
    primary("INSERT INTO orders VALUES (7, 'again', now()), (3000, 'new', now())")
    sync.ok(**MERGE | reading(primary), smart_sync_margin="0s")
    primary("DELETE FROM orders WHERE id = 8")
    late = sync(**MERGE | reading(standby), delete_missing="hard")
    assert names(sync) == of_source(primary) | {8: "v1"}
    assert sync.history()[-1]["status"] == "held_back"
    assert "the source shows its rows up to" in late.out


def test_refused_rows_of_a_standby_are_named(sync, servers):
    primary, standby = servers
    primary("CREATE VIEW odd AS SELECT *, 10 / (id - 7) AS part FROM orders")
    replayed(primary, standby)
    there = MERGE | reading(standby) | slow("SELECT * FROM odd")
    result = sync(**there, max_dead_letters="5")
    assert result.code == 0, result.err
    assert len(names(sync)) == 1999


def test_a_standby_is_read_whose_roles_have_serializable_transactions_by_default(sync, servers):
    primary, standby = servers
    primary("ALTER DATABASE postgres SET default_transaction_isolation = serializable")
    replayed(primary, standby)
    sync.ok(**MERGE | reading(standby), verify="true", late_commit_guard="1s")
    assert names(sync) == of_source(primary)
