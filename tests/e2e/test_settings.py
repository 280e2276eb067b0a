"""Settings of role, database or an earlier session change neither values nor meaning."""

import contextlib
import socket
import threading
from datetime import date

import psycopg2
import pytest

from sources.postgresql.session import opening

HOSTILE = {
    "quote_all_identifiers": "on",
    "DateStyle": "'SQL, DMY'",
    "IntervalStyle": "sql_standard",
    "TimeZone": "'Asia/Kathmandu'",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "idle_in_transaction_session_timeout": "500",
    "gin_fuzzy_search_limit": "1",
    "exit_on_error": "on",
    "statement_timeout": "500",
    "lc_monetary": "'C.utf8'",
}
REPLACED = "WRITE_TRUNCATE"
VALUES = """
SELECT 825373492 AS number, 0.1::float8 + 0.2 AS ratio, ARRAY[0.1::float8 + 0.2, NULL] AS ratios,
  timestamptz '2024-03-04 05:06:07+00' AS stamp, interval '1 day 02:03' AS span,
  ARRAY[interval '1 day 02:03', NULL] AS spans, '\\x0001'::bytea AS raw, money '12.34' AS price,
  tstzrange('2024-03-04 05:06+00', NULL) AS reach, '"Or""ders"'::regclass AS relation,
  '04/03/2024'::date AS day
"""
"""The date's own order of day and month is the role's."""


@pytest.fixture
def hostile(sql, database):
    """Set for the database whatever changes texts; each session from now on has it."""
    sql('CREATE TABLE "Or""ders" (id int)')
    for name, value in HOSTILE.items():
        sql(f"ALTER DATABASE {database.database} SET {name} = {value}")


def test_a_roles_own_settings_change_no_value(sync, hostile):
    sync.ok(postgresql_query=VALUES.replace("\\\\", "\\"), verify="true")
    ((number, ratio, ratios, stamp, span, spans, raw, price, reach, relation, day),) = sync.rows()
    assert (number, ratio, ratios) == (825373492, 0.1 + 0.2, [0.1 + 0.2, None])
    assert (stamp.isoformat(), span) == ("2024-03-04T05:06:07+00:00", "1 day 02:03:00")
    assert (spans, raw, str(price)) == (["1 day 02:03:00", None], b"\x00\x01", "12.34")
    assert reach == '["2024-03-04 05:06:00+00",)'
    assert (relation, str(day)) == ('"Or""ders"', "2024-03-04")


@contextlib.contextmanager
def pooler(database):
    """A front that refuses startup options, as PgBouncer does; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=handle, args=(client,), daemon=True).start()

    def handle(client):
        with client, contextlib.suppress(OSError):
            start = client.recv(4096)
            if b"\0options\0" in start:
                said = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
                client.sendall(b"E" + (len(said) + 4).to_bytes(4) + said)
                return
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(f"{database.host}/.s.PGSQL.{database.port}")
                server.sendall(start)
                back = threading.Thread(target=pump, args=(server, client), daemon=True)
                back.start()
                pump(client, server)
                back.join()

    def pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield str(listener.getsockname()[1])
    finally:
        listener.close()


def test_a_pooler_that_takes_no_startup_options_is_read_whatever_the_role_has_set(
    sync, sql, database
):
    with pooler(database) as port:
        at = {"postgresql_host": "127.0.0.1", "postgresql_port": port}
        plain = {"postgresql_query": "SELECT 1234 AS n", "postgresql_sslmode": "disable"}
        sync.ok(**at, **plain)
        sql(f"ALTER DATABASE {database.database} SET quote_all_identifiers = on")
        sync.ok(**at, **plain, write_disposition="WRITE_TRUNCATE")
    assert sync.rows() == [(1234,)]


def test_what_an_earlier_session_of_a_pool_has_set_is_undone_for_the_transaction(database, sql):
    sql("CREATE SCHEMA other")
    sql(f"ALTER DATABASE {database.database} SET array_nulls = off")
    with contextlib.closing(psycopg2.connect(database.dsn)) as session:
        cursor = session.cursor()
        cursor.execute("SET search_path = other; SET array_nulls = on; SET xmlbinary = hex")
        cursor.execute("SET application_name = 'pool'; SET quote_all_identifiers = on")
        session.commit()
        for statement in opening():
            cursor.execute(statement)
        asked = ("search_path", "array_nulls", "xmlbinary", "application_name")
        wanted = ['"$user", public', "off", "base64", "pool"]
        cursor.execute(f"SELECT {', '.join(f'current_setting({n!r})' for n in asked)}")
        assert list(cursor.fetchone()) == wanted
        cursor.execute("SHOW quote_all_identifiers")
        assert cursor.fetchone() == ("off",)
        session.rollback()
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ("other",)


def test_functions_of_a_users_schema_stand_in_for_none_of_postgresqls_own(sync, sql, database):
    sql("CREATE TABLE s AS SELECT g AS id, ARRAY['a', 'b'] AS tags FROM generate_series(1, 3) g")
    for function in ("array_to_string(text[], text)", "concat_ws(text, text, text)"):
        sql(
            f"CREATE FUNCTION public.{function} RETURNS text"
            " LANGUAGE sql AS $$ SELECT 'hijacked' $$"
        )
    sql("CREATE FUNCTION public.array_ndims(text[]) RETURNS int LANGUAGE sql AS $$ SELECT 2 $$")
    sync.ok(postgresql_query="SELECT * FROM s", verify="true")
    assert sync.rows("COUNT(*)") == [(3,)]
    sql("CREATE FUNCTION public.md5(text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$")
    sql(f"ALTER DATABASE {database.database} SET search_path = public, pg_catalog")
    result = sync(postgresql_query="SELECT * FROM s", verify="true")
    assert result.code == 3
    assert "public.md5" in result.err
    assert "search_path without pg_catalog" in result.err


def test_tables_called_like_a_type_hide_nothing_of_ours(sync, sql, database):
    sql(f"ALTER DATABASE {database.database} SET search_path = public, pg_catalog")
    sql("CREATE TABLE box AS SELECT 1 AS id, date '2024-01-02' AS d, 'x'::text AS name")
    sql("CREATE TABLE path (id int)")
    sql("CREATE TYPE point AS (x int, y int)")
    sync.ok(postgresql_query="SELECT * FROM box")
    assert sync.rows() == [(1, date(2024, 1, 2), "x")]
    sql("CREATE DOMAIN text AS varchar")
    refused = sync(postgresql_query="SELECT * FROM box", destination_bigquery_table="u")
    assert refused.code == 3
    assert "public.text" in refused.err


def test_a_backslash_that_would_be_an_escape_to_the_role_is_refused(sync, sql, database):
    sql(f"ALTER DATABASE {database.database} SET standard_conforming_strings = off")
    result = sync(postgresql_query=r"SELECT 'a\\b' AS c")
    assert result.code == 2
    assert "E'…'" in result.err
    sync.ok(postgresql_query=r"SELECT E'a\\b' AS c, '''' AS d")
    assert sync.rows() == [("a\\b", "'")]


def test_tables_of_a_users_schema_stand_in_for_none_of_the_catalogs(sync, sql, database):
    sql("CREATE TABLE s AS SELECT g AS id FROM generate_series(1, 3) g")
    sql("COMMENT ON TABLE s IS 'three rows'")
    for name in ("pg_class", "pg_namespace", "pg_attribute", "pg_type", "pg_index", "pg_settings"):
        sql(f"CREATE TABLE public.{name} (relname text)")
    sql(f"ALTER DATABASE {database.database} SET search_path = public, pg_catalog")
    sync.ok(postgresql_query="SELECT * FROM s")
    sync.ok(source_table_for_schema="s", enable_auto_schema="true", write_disposition=REPLACED)
    assert sync.rows("COUNT(*)") == [(3,)]


def test_settings_are_the_roles_own_also_where_a_parallel_worker_would_be_asked(
    sync, sql, database
):
    """To a worker reset_val is the server's value, not the role's."""
    (version,) = sql("SELECT current_setting('server_version_num')::int")[0]
    debugging = "debug_parallel_query" if version >= 160000 else "force_parallel_mode"
    for setting in ("quote_all_identifiers = on", f"{debugging} = on", "TimeZone = 'Asia/Tokyo'"):
        sql(f"ALTER DATABASE {database.database} SET {setting}")
    query = "SELECT 1234 AS n, ARRAY['x'] AS texts, timestamp '2024-03-04 05:06:07' AS at"
    smart = {"enable_smart_sync": "true", "smart_sync_timestamp_column": "at"}
    plan = sync.ok(postgresql_query=query, plan_only="true", **smart)
    assert "in Asia/Tokyo" in plan.out
    sync.ok(postgresql_query=query)
    assert sync.rows("n, texts[OFFSET(0)]") == [(1234, "x")]


def test_rows_that_a_policy_would_hide_end_the_run(sync, sql):
    sql("CREATE TABLE s AS SELECT 1 AS a; ALTER TABLE s ENABLE ROW LEVEL SECURITY")
    sql("CREATE ROLE hidden_from LOGIN; GRANT SELECT ON s TO hidden_from")
    try:
        result = sync(postgresql_query="SELECT * FROM s", postgresql_username="hidden_from")
    finally:
        sql("DROP OWNED BY hidden_from; DROP ROLE hidden_from")
    assert result.code == 3
    assert "row-level security" in result.err
    assert "BYPASSRLS" in result.err
    assert sync.tables() == set()


def test_a_question_that_may_not_be_sorted_on_disk_is_left_unanswered_and_rows_are_read(
    sync, sql, database
):
    stamps = "timestamptz '2020-01-01 00:00+00' + g * interval '30 minutes'"
    sql(f"CREATE TABLE s AS SELECT g AS id, {stamps} AS at FROM generate_series(1, 99999) g")
    for setting in ("temp_file_limit = 0", "work_mem = 1024"):
        sql(f"ALTER DATABASE {database.database} SET {setting}")
    words = {"enable_auto_schema": "true", "partition_field": "at", "partition_type": "DAY"}
    sync.ok(postgresql_query="SELECT * FROM s", plan_only="true", **words)
    sync.ok(postgresql_query="SELECT * FROM s WHERE id < 100", **words)
    assert sync.rows("COUNT(*)") == [(99,)]
    refused = sync(postgresql_query="SELECT * FROM s ORDER BY md5(id::text) LIMIT 99000")
    assert refused.code == 3
    assert "raise temp_file_limit" in refused.err


def test_a_roles_timeout_counts_from_the_first_statement_of_a_read_no_more(database):
    """What sets all others takes milliseconds, and there are roles that have no more."""
    with contextlib.closing(psycopg2.connect(database.dsn)) as session:
        cursor = session.cursor()
        cursor.execute("SET statement_timeout = '7s'")
        session.commit()
        cursor.execute(opening()[0])
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
        session.rollback()
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("7s",)
