"""What PostgreSQL does, run by itself: docs/behaviours.md says what of ours meets it."""

import contextlib
import datetime as dt
import io
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import psycopg2
import psycopg2.errors
import pytest

from demo.servers import PostgresqlServer

Ask = Callable[..., list[tuple[Any, ...]]]
SINCE_18 = 180_000
SINCE_15 = 150_000


@contextlib.contextmanager
def session(dsn: str) -> Iterator[Ask]:
    """A session whose transactions are begun and ended by what it is asked."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True

        def ask(text: str, *values: Any) -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(text, values or None)
                return cursor.fetchall() if cursor.description else []

        yield ask


@pytest.fixture(scope="module")
def dsn(postgresql: PostgresqlServer) -> Iterator[str]:
    """A database for all of them."""
    name = f"behaviours_{os.getpid()}"
    with session(postgresql.dsn) as admin:
        admin(f"CREATE DATABASE {name}")
        yield PostgresqlServer(postgresql.host, postgresql.port, postgresql.user, name).dsn
        admin(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def ask(dsn: str) -> Iterator[Ask]:
    with session(dsn) as asked:
        yield asked


@pytest.fixture
def other(dsn: str) -> Iterator[Ask]:
    with session(dsn) as asked:
        yield asked


@pytest.fixture(scope="module")
def version(ask: Ask) -> int:
    return int(ask("SHOW server_version_num")[0][0])


def test_stamps_by_now_become_visible_out_of_their_order(ask, other):
    ask("CREATE TABLE stamped (who text, at timestamptz DEFAULT now())")
    other("BEGIN")
    other("INSERT INTO stamped VALUES ('began first')")
    ask("INSERT INTO stamped VALUES ('began later')")
    assert ask("SELECT who FROM stamped") == [("began later",)]
    other("COMMIT")
    assert [who for (who,) in ask("SELECT who FROM stamped ORDER BY at")] == [
        "began first",
        "began later",
    ]


def test_a_prepared_transaction_shows_when_it_was_prepared_not_when_it_began(ask, other):
    other("BEGIN")
    ((began,),) = other("SELECT now()")
    other("CREATE TABLE of_a_prepared_one ()")
    other("PREPARE TRANSACTION 'kept'")
    ((prepared,),) = ask("SELECT prepared FROM pg_prepared_xacts WHERE gid = 'kept'")
    ask("ROLLBACK PREPARED 'kept'")
    assert prepared > began


def test_now_moves_at_each_commit_of_a_procedure_and_statement_timestamp_does_not(ask):
    ask("CREATE TABLE steps (began timestamptz, called timestamptz)")
    step = "INSERT INTO steps VALUES (now(), statement_timestamp());"
    ask(f"CREATE PROCEDURE walk() LANGUAGE plpgsql AS $$ BEGIN {step} COMMIT; {step} END $$")
    ask("CALL walk()")
    (first, called), (second, called_again) = ask("SELECT * FROM steps ORDER BY began")
    assert first < second
    assert called == called_again


def test_a_role_sees_who_holds_a_transaction_but_not_since_when(ask, other):
    ask("CREATE ROLE who_looks")
    other("BEGIN")
    ((pid,),) = other("SELECT pg_backend_pid()")
    other("SELECT 1")
    ask("SET ROLE who_looks")
    looks = (
        ask("SELECT xact_start FROM pg_stat_activity WHERE pid = %s", pid),
        ask("SELECT count(*) FROM pg_locks WHERE locktype = 'virtualxid' AND pid = %s", pid),
    )
    ask("RESET ROLE")
    ask("DROP ROLE who_looks")
    assert looks == ([(None,)], [(1,)])


def test_preparing_a_query_locks_the_tables_behind_its_views(ask):
    ask("CREATE TABLE behind (a int)")
    ask("CREATE VIEW before AS SELECT * FROM behind")
    ask("BEGIN")
    ask("PREPARE looked AS SELECT * FROM before")
    locked = ask(
        "SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'behind'::regclass"
    )
    ask("ROLLBACK")
    ask("DEALLOCATE looked")
    assert locked == [("AccessShareLock",)]


def test_a_table_written_anew_is_empty_to_an_older_snapshot(ask, other):
    ask("CREATE TABLE rewritten AS SELECT 1 AS a")
    other("BEGIN ISOLATION LEVEL REPEATABLE READ")
    other("SELECT 1")
    ask("ALTER TABLE rewritten ALTER a TYPE bigint")
    assert other("SELECT count(*) FROM rewritten") == [(0,)]
    assert ask("SELECT count(*) FROM rewritten") == [(1,)]
    other("ROLLBACK")


def test_a_sequence_with_a_cache_gives_numbers_out_of_their_order(ask, other):
    ask("CREATE SEQUENCE blocks CACHE 10")
    numbers = [asked("SELECT nextval('blocks')")[0][0] for asked in (ask, other, ask)]
    assert numbers == [1, 11, 2]


def test_not_null_may_stand_in_the_catalog_over_nulls(ask, version):
    ask("CREATE TABLE loose (k int)")
    ask("INSERT INTO loose VALUES (NULL)")
    claim = "ALTER TABLE loose ADD CONSTRAINT later NOT NULL k NOT VALID"
    if version < SINCE_18:
        with pytest.raises(psycopg2.errors.SyntaxError):
            ask(claim)
        return
    ask(claim)
    told = "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'loose'::regclass AND attnum = 1"
    assert ask(told) == [(True,)]
    assert ask("SELECT count(*) FROM loose WHERE k IS NULL") == [(1,)]


def test_a_primary_key_holds_for_a_parent_and_not_for_its_children(ask):
    ask("CREATE TABLE parent (k int PRIMARY KEY)")
    ask("CREATE TABLE child () INHERITS (parent)")
    ask("INSERT INTO parent VALUES (1)")
    ask("INSERT INTO child VALUES (1), (1)")
    assert ask("SELECT k FROM parent") == [(1,), (1,), (1,)]


def test_a_policy_hides_rows_in_silence_unless_row_security_is_off(ask):
    ask("CREATE TABLE guarded AS SELECT 1 AS a")
    ask("ALTER TABLE guarded ENABLE ROW LEVEL SECURITY")
    ask("CREATE ROLE who_is_hidden_from")
    ask("GRANT SELECT ON guarded TO who_is_hidden_from")
    ask("SET ROLE who_is_hidden_from")
    try:
        assert ask("SELECT count(*) FROM guarded") == [(0,)]
        ask("SET row_security = off")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask("SELECT count(*) FROM guarded")
    finally:
        ask("RESET ROLE")
        ask("RESET row_security")
        ask("DROP OWNED BY who_is_hidden_from")
        ask("DROP ROLE who_is_hidden_from")


def test_a_function_of_the_users_hides_one_of_postgresqls_behind_it(ask):
    ask("CREATE FUNCTION public.abbrev(inet) RETURNS text LANGUAGE sql AS $$ SELECT 'ours' $$")
    ask("SET search_path = public, pg_catalog")
    try:
        hidden = ask("SELECT abbrev(inet '10.0.0.1'), pg_catalog.abbrev(inet '10.0.0.1')")
    finally:
        ask("RESET search_path")
    assert hidden == [("ours", "10.0.0.1")]


def test_a_stamp_without_fractions_is_rounded_up_into_the_future(ask):
    ((rounded,),) = ask("SELECT timestamp '2024-01-01 12:00:00.5'::timestamp(0)")
    assert rounded == dt.datetime(2024, 1, 1, 12, 0, 1)


def test_infinity_is_a_stamp_like_any_other_and_the_highest(ask):
    query = "SELECT max(v)::text FROM (VALUES (timestamp 'infinity'), ('9999-12-31')) AS t(v)"
    assert ask(query) == [("infinity",)]


def test_a_time_may_be_24_00(ask):
    assert ask("SELECT time '24:00' > time '23:59:59.999999'") == [(True,)]


def test_cet_is_a_zone_with_a_summer_and_an_offset_without_one(ask):
    ask("SET TimeZone = 'CET'")
    try:
        query = "SELECT extract(hour FROM {0}), extract(hour FROM {0} AT TIME ZONE 'CET')"
        hours = ask(query.format("timestamptz '2025-07-01 12:00+00'"))
    finally:
        ask("RESET TimeZone")
    assert hours == [(14, 13)]


def test_offset_zero_is_planned_for_one_process_and_a_quoted_one_for_several(dsn):
    with session(dsn) as ask:  # its settings end with it
        ask("CREATE TABLE offsets AS SELECT n FROM generate_series(1, 2000) AS n; ANALYZE offsets")
        ask("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0")
        ask("SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2")
        query = "EXPLAIN SELECT sum(length(t)) FROM (SELECT md5(n::text) AS t FROM offsets {}) AS s"
        plans = [str(ask(query.format(offset))) for offset in ("OFFSET 0", "OFFSET '0'")]
        ask("DROP TABLE offsets")
    assert ["Partial Aggregate" in plan for plan in plans] == [False, True]


def test_nan_equals_nan_and_is_greater_than_infinity(ask):
    query = "SELECT v = v, v > 'Infinity'::float8 FROM (VALUES ('NaN'::float8)) AS t(v)"
    assert ask(query) == [(True, True)]


def test_the_text_of_a_double_depends_on_the_session(ask):
    ask("SET extra_float_digits = 0")
    try:
        short = ask("SELECT (0.1::float8 + 0.2::float8)::text")
    finally:
        ask("RESET extra_float_digits")
    assert short == [("0.3",)]
    assert ask("SELECT (0.1::float8 + 0.2::float8)::text") == [("0.30000000000000004",)]


def test_a_backslash_is_an_escape_where_a_setting_says_so(ask):
    ask("SET standard_conforming_strings = off; SET escape_string_warning = off")
    try:
        length = ask(r"SELECT length('a\nb')")
    finally:
        ask("RESET standard_conforming_strings; RESET escape_string_warning")
    assert (length, ask(r"SELECT length('a\nb')")) == ([(3,)], [(4,)])


def test_a_numeric_may_have_a_scale_below_zero(ask, version):
    if version < SINCE_15:
        with pytest.raises(psycopg2.errors.InvalidParameterValue):
            ask("SELECT 12345::numeric(5,-3)")
        return
    assert ask("SELECT 12345::numeric(5,-3)") == [(Decimal(12000),)]


def test_an_address_has_more_than_one_text(ask):
    query = "SELECT a::text, abbrev(a), to_jsonb(a) #>> '{}' FROM (SELECT inet '10.0.0.1' AS a) t"
    assert ask(query) == [("10.0.0.1/32", "10.0.0.1", "10.0.0.1")]


def test_a_type_has_more_texts_than_its_own(ask):
    ask(
        "CREATE TYPE own;"
        "CREATE FUNCTION i(cstring) RETURNS own AS 'textin' LANGUAGE internal IMMUTABLE STRICT;"
        "CREATE FUNCTION o(own) RETURNS cstring AS 'textout' LANGUAGE internal IMMUTABLE STRICT;"
        "CREATE TYPE own (INPUT = i, OUTPUT = o, LIKE = text);"
        "CREATE FUNCTION f(own) RETURNS text AS $$ SELECT 'another' $$ LANGUAGE sql;"
        "CREATE FUNCTION j(own) RETURNS json AS $$ SELECT '1'::json $$ LANGUAGE sql;"
        "CREATE CAST (own AS text) WITH FUNCTION f(own);"
        "CREATE CAST (own AS json) WITH FUNCTION j(own)"
    )
    shown = "concat(c), c::text, to_json(c)::text, to_json(ROW(c))::text, to_json(ARRAY[c])::text"
    (row,) = ask(f"SELECT {shown} FROM (SELECT own 'x' AS c) AS t")
    assert row == ("x", "another", "1", '{"f1":1}', "[1]")


def test_char_is_padded_by_copy_and_stripped_by_a_cast(ask, dsn):
    assert ask("SELECT length('abc'::char(5)::text)") == [(3,)]
    copied = io.StringIO()
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.copy_expert("COPY (SELECT 'abc'::char(5)) TO STDOUT", copied)
    assert copied.getvalue() == "abc  \n"


@pytest.mark.parametrize("text", [r'"\ud83d"', r'"\u0000"', "1e200000"])
def test_json_keeps_what_jsonb_refuses(ask, text):
    assert ask("SELECT %s::json::text", text) == [(text,)]
    with pytest.raises(psycopg2.DataError):
        ask("SELECT %s::jsonb", text)
