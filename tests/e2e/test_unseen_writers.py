"""Writers whom no look at open transactions shows: seen otherwise, waited for, or refused."""

import contextlib
import os
import threading
import time
from types import SimpleNamespace

import psycopg2
import pytest

from sources.postgresql import clock as postgresql_clock
from sources.postgresql.connection import APPLICATION_NAME, AS_READER
from tests.e2e.test_guard_holes import wait_until
from tests.writers import EXACT, SMART, lost, stamp

PLAN = {"plan_only": "true"}
WAITS = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = {}"


def test_a_session_that_is_called_like_ours_loses_nothing(sync, sql, begin, write):
    late = begin(f"{APPLICATION_NAME} nightly")
    stamp(late, 11)
    write(1)
    assert f"({APPLICATION_NAME} nightly" in sync.ok(**EXACT, **PLAN).out
    sync.ok(**EXACT)
    late.connection.commit()
    sync.ok(**EXACT)
    assert lost(sync, sql) == []


@pytest.mark.parametrize(("guard", "missing"), [("auto", []), ("off", [11])])
def test_a_transaction_prepared_long_after_it_began_loses_nothing(
    sync, sql, database, begin, write, monkeypatch, guard, missing
):
    """As one that was prepared twenty minutes after its now(), told by the row's stamp."""
    monkeypatch.setattr(postgresql_clock, "WAIT_S", 0.0)
    parameters = EXACT | {"late_commit_guard": guard}
    sql("INSERT INTO orders VALUES (1, now() - interval '1 h'), (2, now() - interval '15 min')")
    late = begin()
    late.execute("INSERT INTO orders VALUES (11, now() - interval '20 min')")
    late.execute("PREPARE TRANSACTION %s", (f"long_{database.database}",))
    first = sync.ok(**parameters)
    assert first.out.startswith("held_back: " if guard == "auto" else "succeeded: 2 rows read")
    if guard == "auto":
        too_long = sync(**parameters, late_commit_guard_max="0s")
        assert too_long.code == 9
        assert "COMMIT PREPARED" in too_long.err
        sync.ok(**parameters | {"late_commit_guard": "30m"})
    sql("COMMIT PREPARED %s", f"long_{database.database}")
    sync.ok(**parameters)
    assert lost(sync, sql) == missing


def test_a_hidden_procedure_that_commits_inside_holds_the_run_back(
    sync, sql, database, monkeypatch, write
):
    role = f"hidden_{os.getpid()}"
    monkeypatch.setattr(postgresql_clock, "WAIT_S", 1.0)
    sql(f"CREATE ROLE {role} LOGIN")
    sql(f"GRANT SELECT ON orders TO {role}")
    sql(
        """CREATE PROCEDURE load() LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM pg_advisory_xact_lock(6);
          COMMIT;
          LOOP
            EXIT WHEN pg_try_advisory_xact_lock(7);
            PERFORM pg_sleep(0.1);
            COMMIT;
          END LOOP;
          INSERT INTO orders VALUES (2, statement_timestamp());
        END $$"""
    )
    sql("SELECT pg_advisory_lock(6), pg_advisory_lock(7)")
    try:
        with contextlib.closing(psycopg2.connect(database.dsn)) as caller:
            caller.autocommit = True
            called = threading.Thread(target=lambda: caller.cursor().execute("CALL load()"))
            called.start()
            wait_until(lambda: sql(WAITS.format(6)))
            write(1)
            sql("SELECT pg_advisory_unlock(6)")
            held = sync.ok(**EXACT, postgresql_username=role)
            sql("SELECT pg_advisory_unlock(7)")
            called.join()
        assert held.out.startswith("held_back: ")
        sync.ok(**EXACT, postgresql_username=role)
        assert lost(sync, sql) == []
    finally:
        sql(f"DROP OWNED BY {role}")
        sql(f"DROP ROLE {role}")


# Rows that come from elsewhere


@pytest.fixture
def shown(sql, write):
    """A materialized view of orders."""
    sql("CREATE MATERIALIZED VIEW shown AS SELECT * FROM orders")
    sql("CREATE VIEW above AS SELECT * FROM shown")


def test_a_materialized_view_needs_a_guard_longer_than_its_refreshes(sync, sql, write, shown):
    smart = SMART | {"postgresql_query": "SELECT * FROM above"}
    refused = sync(**smart)
    assert refused.code == 2
    assert "a materialized view shows rows late" in refused.err
    assert "shown): rows come with its next refresh" in refused.err
    assert "late_commit_guard=2h" in refused.err
    sql("INSERT INTO orders VALUES (1, now() - interval '3 h'), (2, now() - interval '1 h')")
    sql("REFRESH MATERIALIZED VIEW shown")
    sync.ok(**smart, late_commit_guard="2h")
    assert sync.rows("id") == [(1,)]


def test_rows_of_a_function_get_a_fixed_guard_that_the_plan_names(sync, sql, write):
    sql("CREATE FUNCTION late() RETURNS SETOF orders LANGUAGE sql AS 'SELECT * FROM orders'")
    sql("INSERT INTO orders VALUES (1, now() - interval '1 h'), (2, now() - interval '1 min')")
    smart = SMART | {"postgresql_query": "SELECT * FROM late()"}
    told = "late-commit guard: 600s, since function late gives out rows"
    assert told in sync.ok(**smart, **PLAN).out
    sync.ok(**smart)
    assert sync.rows("id") == [(1,)]
    sync.ok(**smart, late_commit_guard="30s")
    assert lost(sync, sql) == []


# A window by hand


def test_a_window_by_hand_is_held_back_while_nothing_shows_when_a_writer_began(
    sync, sql, database, begin, write, monkeypatch
):
    monkeypatch.setattr(postgresql_clock, "WAIT_S", 0.0)
    by_hand = EXACT | {
        "write_disposition": "WRITE_MERGE",
        "merge_keys": "id",
        "sync_start": "2024-01-01",
        "sync_end": "2024-02-01",
    }
    sql("INSERT INTO orders VALUES (1, '2024-01-05'), (2, '2024-01-06')")
    late = begin()
    late.execute("INSERT INTO orders VALUES (11, '2024-01-05')")
    sync.ok(**by_hand)
    late.execute("PREPARE TRANSACTION %s", (f"hand_{database.database}",))
    held = sync.ok(**by_hand)
    assert held.out.startswith("held_back: ")
    assert "COMMIT PREPARED" in held.out
    sql("COMMIT PREPARED %s", f"hand_{database.database}")
    sync.ok(**by_hand)
    assert lost(sync, sql) == []


# Integers


@pytest.fixture
def blocks(sql):
    """Parameters of a table whose numbers the application takes in blocks of 50."""
    sql("CREATE SEQUENCE orders_seq INCREMENT BY 50")
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, name text)")
    sql("CREATE VIEW above AS SELECT id, name FROM orders")
    return EXACT | {"smart_sync_timestamp_column": "id", "postgresql_query": "SELECT * FROM above"}


MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}


@pytest.mark.parametrize(
    ("parameters", "missing"),
    [(MERGE | {"smart_sync_lookback": "50"}, []), ({"late_commit_guard": "off"}, [2])],
    ids=["lookback", "off"],
)
def test_numbers_in_blocks_need_a_lookback_in_numbers(sync, sql, blocks, parameters, missing):
    refused = sync(**blocks)
    assert refused.code == 2
    assert "orders_seq takes 50 values at once" in refused.err
    assert "smart_sync_lookback=N, a count of numbers" in refused.err
    sql("INSERT INTO orders VALUES (1, 'first of A'), (51, 'first of B')")
    sync.ok(**blocks | parameters)
    sql("INSERT INTO orders VALUES (2, 'second of A'), (52, 'second of B')")
    run = sync.ok(**blocks | parameters, **PLAN)
    if not missing:
        assert "minus smart_sync_lookback 50" in run.out
        assert "more than smart_sync_lookback=50 lower are lost" in run.out
    sync.ok(**blocks | parameters)
    assert lost(sync, sql) == missing


def test_numbers_that_no_sequence_gives_out_are_warned_about(sync, sql):
    sql("CREATE TABLE orders (id int8 PRIMARY KEY)")
    sql("INSERT INTO orders VALUES (1)")
    smart = EXACT | {"smart_sync_timestamp_column": "id"}
    assert "no sequence gives out id" in sync.ok(**smart, **PLAN).out
    counted = sync(**EXACT | MERGE, smart_sync_timestamp_column="id", smart_sync_lookback="1h")
    assert (counted.code, "smart_sync_lookback=1000" in counted.err) == (2, True)


SECONDS = {
    "column": "SELECT * FROM orders",
    "query": "SELECT id, floor(extract(epoch FROM at))::int8 AS second FROM orders",
    "renamed": "SELECT id, second AS seconds FROM orders",
}


@pytest.mark.parametrize("name", SECONDS)
def test_rows_of_the_second_that_is_read_arrive_by_the_margin(sync, sql, monkeypatch, name):
    sql(
        "CREATE TABLE orders (id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamp,"
        " second int8 GENERATED ALWAYS AS (floor(extract(epoch FROM at))) STORED)"
    )
    order = "INSERT INTO orders (at) VALUES ('2025-01-01 00:00:00.%s')"
    sql(order % 1)
    second = "seconds" if name == "renamed" else "second"
    words = EXACT | {"smart_sync_timestamp_column": second, "postgresql_query": SECONDS[name]}
    words |= {"smart_sync_margin": "17s", "source_table_for_schema": None}
    waits = list[float]()

    def sleep(seconds):  # the margin is when the second row comes
        waits.append(seconds)
        if seconds == 17:
            sql(order % 2)

    monkeypatch.setattr(postgresql_clock, "time", SimpleNamespace(**vars(time) | {"sleep": sleep}))
    assert f"values of {second} are unique" in sync.ok(**words, **PLAN).out
    sync.ok(**words)
    assert sync.rows("id") == [(row,) for (row,) in sql("SELECT id FROM orders ORDER BY id")]
    assert waits.count(17) == 2


@pytest.mark.parametrize("unique", ["id int8 PRIMARY KEY", "id serial", "id int8 UNIQUE"])
def test_numbers_that_come_once_are_not_waited_for(sync, sql, monkeypatch, unique):
    sql(f"CREATE TABLE orders ({unique}, name text)")
    sql("CREATE VIEW shown AS SELECT id, upper(name) AS name FROM orders")
    sql("INSERT INTO orders VALUES (1, 'a')")
    waits = {"sleep": lambda seconds: pytest.fail("waits") if seconds else None}
    monkeypatch.setattr(postgresql_clock, "time", SimpleNamespace(**vars(time) | waits))
    words = EXACT | {"smart_sync_timestamp_column": "id", "smart_sync_margin": "17s"}
    for query in ("SELECT * FROM orders", "SELECT * FROM shown", "SELECT id AS id FROM orders"):
        asked = words | {"postgresql_query": query, "source_table_for_schema": None}
        assert "are unique" not in sync.ok(**asked, **PLAN).out


def test_numbers_that_begin_again_are_no_cursor(sync, sql):
    sql("CREATE SEQUENCE rounds MAXVALUE 5 CYCLE")
    sql("CREATE TABLE orders (id int8 DEFAULT nextval('rounds'), name text)")
    smart = EXACT | {"smart_sync_timestamp_column": "id"}
    for more in ({}, MERGE | {"smart_sync_lookback": "2"}):
        refused = sync(**smart | more)
        assert (refused.code, "ALTER SEQUENCE rounds NO CYCLE" in refused.err) == (2, True)
    sql("ALTER SEQUENCE rounds NO CYCLE")
    sync.ok(**smart)


def test_numbers_that_fall_are_no_cursor(sync, sql):
    sql("CREATE TABLE orders (id int8 GENERATED ALWAYS AS IDENTITY (INCREMENT BY -1), name text)")
    smart = EXACT | {"smart_sync_timestamp_column": "id"}
    for more in ({}, MERGE | {"smart_sync_lookback": "2"}, {"late_commit_guard": "off"}):
        refused = sync(**smart | more)
        assert refused.code == 2
        assert "gives each row a lower value than the row before (INCREMENT BY)" in refused.err
    sql("CREATE VIEW shown AS SELECT -id AS no, name FROM orders")
    lookback = MERGE | {"merge_keys": "no", "smart_sync_lookback": "2"}
    by_view = {"postgresql_query": "SELECT * FROM shown", "source_table_for_schema": None}
    sync.ok(**EXACT | lookback | by_view | {"smart_sync_timestamp_column": "no"})


def test_numbers_that_began_again_below_the_watermark_are_told(sync, sql):
    sql("CREATE TABLE orders (id int8 GENERATED ALWAYS AS IDENTITY (START 100), name text)")
    sql("INSERT INTO orders (name) VALUES ('first'), ('second')")
    smart = EXACT | {"smart_sync_timestamp_column": "id"}
    assert "began again" not in sync.ok(**smart).out
    assert "began again" not in sync.ok(**smart, **PLAN).out
    sql("TRUNCATE orders")
    assert "began again" not in sync.ok(**smart, **PLAN).out  # emptied, as a queue is
    sql("SELECT setval(pg_get_serial_sequence('orders', 'id'), 1, false)")
    sql("INSERT INTO orders (name) VALUES ('third')")
    told = sync.ok(**smart, **PLAN).out
    assert "id ends at 1 in the source" in told
    assert "no run reads those up to 101" in told
    by_hand = MERGE | {"sync_start": "1", "sync_end": "2"}
    sync.ok(**smart | by_hand)
    assert sync.rows("id") == [(1,), (100,), (101,)]


def test_a_count_behind_a_stamp_is_refused(sync, sql, write):
    refused = sync(**EXACT | MERGE, smart_sync_lookback="60")
    assert refused.code == 2
    assert "smart_sync_lookback=60s" in refused.err


def test_our_own_long_read_of_another_table_holds_no_window(sync, sql, begin, write):
    """A reader of another launch: READ ONLY, and known by its lock."""
    reader = begin("anything")
    reader.connection.rollback()
    reader.execute("SET TRANSACTION READ ONLY")
    reader.execute(AS_READER)
    write(1)
    assert "1 row read" in sync.ok(**EXACT).out


def test_a_continuous_aggregate_of_timescaledb_is_a_materialized_view(sync, sql):
    """As one shows itself in the catalog: a view of a table that a job fills late."""
    kept = '"_timescaledb_internal"."_materialized_hypertable_2"'
    sql("CREATE SCHEMA _timescaledb_internal")
    sql(f"CREATE TABLE {kept} (id int8, updated_at timestamptz)")
    sql(f"CREATE VIEW orders AS SELECT * FROM {kept}")
    refused = sync(**EXACT)
    assert (refused.code, "a materialized view shows rows late" in refused.err) == (2, True)
    sync.ok(**EXACT, late_commit_guard="2h")


def test_of_a_table_that_citus_distributes_other_nodes_write(sync, sql, write):
    """As Citus tells it in a catalog of its own, which stands in for it here."""
    sql(
        "SET allow_system_table_mods = on; CREATE TABLE pg_catalog.pg_dist_partition"
        " (logicalrelid regclass)"
    )
    assert "distributed by Citus" not in sync.ok(**EXACT, **PLAN).out
    sql("INSERT INTO pg_catalog.pg_dist_partition VALUES ('orders')")
    told = sync.ok(**EXACT, **PLAN).out
    assert "600s, since orders is distributed by Citus: who writes through its other nodes" in told
