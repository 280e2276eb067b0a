"""Tables of another server, by postgres_fdw: each row once, and faults that say where they are."""

import contextlib
from dataclasses import replace

import psycopg2
import pytest

FAR = """
CREATE EXTENSION postgres_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw
  OPTIONS (host '{0.host}', port '{0.port}', dbname '{0.database}');
CREATE USER MAPPING FOR CURRENT_USER SERVER far
  OPTIONS (user '{1}', password_required 'false')
"""
ROWS = """
CREATE TABLE s (id int8 PRIMARY KEY, name text, at timestamptz);
INSERT INTO s SELECT g, 'far', timestamptz '2024-01-01 00:00+00' + g * interval '1 hour'
FROM generate_series(1, 2000) g
"""
SMART = {
    "postgresql_query": "SELECT * FROM s",
    "enable_smart_sync": "true",
    "smart_sync_timestamp_column": "at",
    "verify": "true",
    "num_splits": "4",
}
PARTITIONED = """
CREATE TABLE s (id int8, name text, at timestamptz) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE s1 PARTITION OF s FOR VALUES FROM (0) TO (3000) SERVER far
  OPTIONS (table_name 's');
CREATE TABLE s2 PARTITION OF s FOR VALUES FROM (3000) TO (9999);
INSERT INTO s2 SELECT g, 'near', '2024-01-01 00:00+00' FROM generate_series(3001, 3500) g
"""
INHERITED = """
CREATE TABLE s (id int8 PRIMARY KEY, name text, at timestamptz);
CREATE FOREIGN TABLE s1 () INHERITS (s) SERVER far OPTIONS (table_name 's');
INSERT INTO s SELECT g, 'near', '2024-01-01 00:00+00' FROM generate_series(3001, 3500) g
"""
IMPORTED = "IMPORT FOREIGN SCHEMA public LIMIT TO (s) FROM SERVER far INTO public"


@pytest.fixture
def far(database):
    """Another database of the server, with rows; called with SQL, it is said there."""
    name = f"{database.database}_far"
    with contextlib.closing(psycopg2.connect(database.dsn)) as admin:
        admin.autocommit = True
        admin.cursor().execute(f"CREATE DATABASE {name}")
        with contextlib.closing(psycopg2.connect(replace(database, database=name).dsn)) as there:
            there.autocommit = True
            there.cursor().execute(ROWS)
            yield there.cursor().execute
        admin.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def mapped(sql, database, far):
    """The other database is a foreign server of the test's."""
    there = replace(database, database=f"{database.database}_far")
    sql(FAR.format(there, database.user))


@pytest.mark.parametrize("table", [PARTITIONED, INHERITED], ids=["partitioned", "inherited"])
def test_a_table_that_is_foreign_in_part_comes_whole_each_row_once(sync, sql, mapped, table):
    sql(table)
    sync.ok(**SMART)
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(2500, 2500)]


def test_what_is_gone_at_the_foreign_server_is_deleted_here(sync, sql, mapped, far):
    sql(IMPORTED)
    merge = {"write_disposition": "WRITE_MERGE", "merge_keys": "id", "delete_missing": "hard"}
    sync.ok(**SMART, **merge)
    far("DELETE FROM s WHERE id < 10")
    sync.ok(**SMART, **merge)
    assert sync.rows("COUNT(*), MIN(id)") == [(1991, 10)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ALTER TABLE s RENAME name TO title", 'column "name" does not exist'),
        ("ALTER TABLE s RENAME TO other", 'relation "public.s" does not exist'),
    ],
    ids=["column", "table"],
)
def test_a_foreign_table_that_is_another_at_its_server_is_told_as_that(
    sync, sql, mapped, far, change, told
):
    sql(IMPORTED)
    far(change)
    result = sync(**SMART)
    assert result.code == 3
    assert f"its foreign server says: {told}. To mend" in result.err
    assert "IMPORT FOREIGN SCHEMA anew" in result.err
