"""writers() and numbers() on a real PostgreSQL: what the guard can't see, told by the catalog."""

import contextlib
import os
import time
from dataclasses import replace

import psycopg2
import pytest

from sources.postgresql.catalog import profile, reading, session
from sources.postgresql.writers import numbers, with_writers, writers
from sources.writers import Numbers
from tests.servers.test_clock import connection_to

LONGEST_S = 60.0
ROWS = "(id int8, updated_at timestamptz)"
ELSEWHERE = (
    "CREATE FOREIGN DATA WRAPPER elsewhere",
    "CREATE SERVER far FOREIGN DATA WRAPPER elsewhere",
)


@pytest.fixture
def ours(database):
    with session(connection_to(database)) as opened:
        yield opened


@pytest.fixture
def found(ours, sql):
    """What is found of a query, after these statements."""

    def find(query, *statements):
        for statement in statements:
            sql(statement)
        with reading(ours) as cursor:
            return writers(cursor, query)

    return find


@pytest.mark.parametrize(
    ("query", "statements", "name"),
    [
        ("SELECT * FROM f", (f"CREATE FOREIGN TABLE f {ROWS} SERVER far",), "f"),
        (
            "SELECT * FROM above",
            (
                f"CREATE FOREIGN TABLE f {ROWS} SERVER far",
                "CREATE VIEW v AS SELECT * FROM f",
                "CREATE VIEW above AS SELECT 1 AS id WHERE EXISTS (SELECT FROM v)",
            ),
            "f",
        ),
        (
            "SELECT * FROM whole",
            (
                f"CREATE TABLE whole {ROWS} PARTITION BY RANGE (id)",
                "CREATE FOREIGN TABLE part PARTITION OF whole DEFAULT SERVER far",
            ),
            "part",
        ),
        (
            "SELECT * FROM parent",
            (
                f"CREATE TABLE parent {ROWS}",
                "CREATE TABLE child () INHERITS (parent)",
                "CREATE FOREIGN TABLE grandchild () INHERITS (child) SERVER far",
            ),
            "grandchild",
        ),
        (
            'SELECT 1 FROM t, LATERAL (SELECT * FROM "F") x',
            (f"CREATE TABLE t {ROWS}", f'CREATE FOREIGN TABLE "F" {ROWS} SERVER far'),
            '"F"',
        ),
    ],
    ids=["named", "behind_views", "partition", "inheritance", "lateral"],
)
def test_a_foreign_table_is_found_wherever_it_stands(found, query, statements, name):
    seen = found(query, *ELSEWHERE, *statements)
    assert seen.unseen == (f"{name} is a foreign table: who writes on its server isn't shown",)


def test_tables_of_the_server_are_seen_and_the_look_leaves_nothing_behind(found, ours, sql):
    sql(f"CREATE TABLE t {ROWS}")
    sql("CREATE VIEW v AS SELECT * FROM t WHERE id > 1 AND lower('A') = 'a'")
    for _ in range(2):
        seen = found("SELECT v.id, generate_series(1, 2) FROM v")
        assert (seen.unseen, seen.refreshed, seen.stopped) == ((), (), ())
        assert len(seen.read) == 2
    with ours.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    "query", ["SELECT * FROM late()", 'SELECT ("late" ()).*', "SELECT * FROM v"]
)
def test_a_function_that_gives_out_rows_hides_what_it_reads(found, query):
    seen = found(
        query,
        f"CREATE TABLE t {ROWS}",
        "CREATE FUNCTION late() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t'",
        "CREATE VIEW v AS SELECT * FROM late()",
    )
    assert seen.unseen == ("function late gives out rows: what it reads isn't shown",)


def test_a_materialized_view_is_found_behind_a_view(found):
    seen = found(
        "SELECT * FROM v",
        f"CREATE TABLE t {ROWS}",
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM t",
        "CREATE VIEW v AS SELECT * FROM m",
    )
    assert (seen.refreshed, seen.unseen) == (("m",), ())


AGAIN = ", and brings rows with older stamps when it runs again: start it, or drop it"


def test_a_subscription_is_told_and_one_that_feeds_the_table_but_does_not_run_stops(found, sql):
    name = f"s_{os.getpid()}"
    sql(f"CREATE TABLE t {ROWS}")
    sql(f"CREATE TABLE other {ROWS}")
    sql(
        f"CREATE SUBSCRIPTION {name} CONNECTION 'host=127.0.0.1 port=1 dbname=none'"
        " PUBLICATION p WITH (connect = false)"
    )
    try:
        assert found("SELECT * FROM t").unseen == ()
        sql(
            "SET allow_system_table_mods = on; INSERT INTO pg_subscription_rel"
            " SELECT oid, 't'::regclass, 'r', NULL FROM pg_subscription WHERE subname = %s",
            name,
        )
        assert found("SELECT * FROM t").stopped == (f"subscription {name} is disabled{AGAIN}",)
        assert found("SELECT * FROM other").stopped == ()
        sql(f"ALTER SUBSCRIPTION {name} ENABLE")
        seen = found("SELECT * FROM t")
        assert seen.stopped == (f"subscription {name} has no living worker{AGAIN}",)
        assert "subscribes to logical replication" in seen.unseen[0]
        assert "subscribes to logical replication" in found("SELECT * FROM other").unseen[0]
    finally:
        sql(f"ALTER SUBSCRIPTION {name} DISABLE")
        sql(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")
        sql(f"DROP SUBSCRIPTION {name}")


def test_rows_that_another_replication_replays_are_told(found, sql):
    """As of pglogical or BDR, which have no subscription in the catalog."""
    name, asked = f"pgl_shop_{os.getpid()}", "SELECT * FROM t"
    sql(f"CREATE TABLE t {ROWS}")
    assert found(asked).unseen == ()
    sql("SELECT pg_replication_origin_create(%s)", name)
    try:
        (why,) = found(asked).unseen
    finally:
        sql("SELECT pg_replication_origin_drop(%s)", name)
    assert f"replication origin {name}" in why


PARALLEL = """
SELECT pid FROM pg_stat_subscription WHERE subname = %s AND leader_pid IS NOT NULL
AND (SELECT count(*) FROM t) = 5000
"""


def test_a_subscription_that_runs_is_waited_for_a_fixed_time(found, database, postgresql, sql):
    name, source = f"runs_{os.getpid()}", f"source_{os.getpid()}"
    sql(f"CREATE TABLE t {ROWS}")
    with contextlib.closing(psycopg2.connect(postgresql.dsn)) as admin:
        admin.autocommit = True
        admin.cursor().execute(f"CREATE DATABASE {source}")
    with contextlib.closing(psycopg2.connect(replace(postgresql, database=source).dsn)) as other:
        other.autocommit = True
        cursor = other.cursor()
        cursor.execute(f"CREATE TABLE t {ROWS}; CREATE PUBLICATION p FOR TABLE t")
        cursor.execute(f"ALTER DATABASE {source} SET logical_decoding_work_mem = '64kB'")
        cursor.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (name,))
        sql(
            f"CREATE SUBSCRIPTION {name} CONNECTION 'host={database.host} port={database.port}"
            f" user={database.user} dbname={source}' PUBLICATION p"
            " WITH (create_slot = false, copy_data = false)"
        )
        try:
            deadline = time.monotonic() + LONGEST_S
            while found("SELECT * FROM t").stopped:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert "subscribes to logical replication" in found("SELECT * FROM t").unseen[0]
            if sql("SHOW server_version_num")[0][0] >= "160000":
                sql(f"ALTER SUBSCRIPTION {name} SET (streaming = parallel)")
                cursor.execute("INSERT INTO t (id) SELECT generate_series(1, 5000)")
                while not sql(PARALLEL, name):  # they stay, for the next large transaction
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
                assert found("SELECT * FROM t").stopped == ()
        finally:
            sql(f"ALTER SUBSCRIPTION {name} DISABLE")
            sql(f"DROP SUBSCRIPTION {name}")
    with contextlib.closing(psycopg2.connect(postgresql.dsn)) as admin:
        admin.autocommit = True
        admin.cursor().execute(f"DROP DATABASE {source} WITH (FORCE)")


# Integer cursors


@pytest.fixture
def number(ours, database, sql):
    """How a query's column `id` gets its values, after these statements."""

    def find(query, *statements):
        for statement in statements:
            sql(statement)
        described, _ = profile(ours, connection_to(database), query, schema_table=None)
        with reading(ours) as cursor:
            return numbers(cursor, described.column("id"), writers(cursor, query).read)

    return find


TABLE, VIEW = "SELECT * FROM t", "SELECT * FROM v"
SHOWN = "CREATE VIEW v AS SELECT id, id + 1 AS next FROM t"


@pytest.mark.parametrize("query", [TABLE, VIEW, "SELECT next AS id FROM v"])
@pytest.mark.parametrize(
    "column",
    ["id bigserial", "id int8 GENERATED BY DEFAULT AS IDENTITY", "id int8 DEFAULT nextval('n')"],
    ids=["serial", "identity", "default"],
)
def test_values_one_by_one_are_told_and_blocks_of_them_too(number, sql, query, column):
    sql("CREATE SEQUENCE n")
    sql(f"CREATE TABLE t ({column})")
    sql(SHOWN)
    renamed = "next" in query  # of which nothing says that it is unique
    assert number(query) == replace(numbers_of(), may_repeat=renamed)
    name = "n" if "'n'" in column else "t_id_seq"
    by_session, at_once = "each session takes", f"whoever asks sequence {name} takes"
    for change, why in [
        ("CACHE 20", f"{by_session} 20 values at once from sequence {name} (CACHE)"),
        ("INCREMENT BY 50 CACHE 1", f"{at_once} 50 values at once (INCREMENT BY)"),
    ]:
        fix = f"ALTER SEQUENCE {name} INCREMENT BY 1 CACHE 1"
        seen = number(query, f"ALTER SEQUENCE {name} {change}")
        assert seen == replace(numbers_of(why, fix), may_repeat=renamed)
    seen = number(query, f"ALTER SEQUENCE {name} INCREMENT BY -1 MAXVALUE 9 RESTART 9")
    falls = Numbers(falls=name)
    by_view = numbers_of(f"{at_once} -1 values at once (INCREMENT BY)", fix)  # of which column?
    assert seen == replace(falls if query == TABLE else by_view, may_repeat=renamed)


def numbers_of(blocks="", fix=""):
    return Numbers(blocks, fix)


def test_a_sequence_that_only_the_application_knows_is_found(number):
    assert not number(TABLE, "CREATE TABLE t (id int8 PRIMARY KEY)").is_told
    seen = number(TABLE, "CREATE SEQUENCE t_seq INCREMENT BY 50")
    assert "t_seq takes 50 values at once" in seen.blocks


@pytest.mark.parametrize(
    "table",
    [
        "hibernate_sequences (sequence_name varchar, next_val int8)",
        "hibernate_sequences (sequence_name varchar, sequence_next_hi_value int4)",
        "hibernate_unique_key (next_hi int4)",
        "sequence (seq_name varchar(50), seq_count numeric(38))",
        '"OPENJPA_SEQUENCE_TABLE" (id int2, sequence_value int8)',
    ],
)
def test_a_table_of_blocks_is_found(number, table):
    seen = number(TABLE, "CREATE TABLE t (id int8)", f"CREATE TABLE {table}")
    assert f"blocks of numbers from the table {table.split(' ')[0]}" in seen.blocks


def test_a_table_that_is_only_called_like_one_is_none(number):
    dna = "CREATE TABLE sequence (id int8, name text, bases text)"
    assert number(TABLE, "CREATE TABLE t (id int8)", dna) == Numbers(is_told=False, may_repeat=True)


def test_children_that_count_for_themselves_are_found(number):
    seen = number(
        TABLE,
        "CREATE TABLE t (id bigserial)",
        "CREATE TABLE child () INHERITS (t)",
        "CREATE SEQUENCE own",
        "ALTER TABLE child ALTER id SET DEFAULT nextval('own')",
    )
    assert seen.blocks == "its values come from several sequences (own, t_id_seq)"


def test_a_cursor_of_stamps_has_no_numbers(ours, database, sql):
    sql(f"CREATE TABLE t {ROWS}")
    described, _ = profile(ours, connection_to(database), TABLE, schema_table=None)
    assert with_writers(ours, described, TABLE, "updated_at").numbers == numbers_of()
    assert not with_writers(ours, described, TABLE, "id").numbers.is_told
