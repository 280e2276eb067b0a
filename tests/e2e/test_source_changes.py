"""A source that changes between plan, splits and statements: refused, or read as planned."""

import contextlib
import threading
import time

import psycopg2
import pytest

import pipeline.launch.sync
from auto_schema.errors import SourceChangedError, SourceUnreachableError
from auto_schema.postgresql_types import postgresql_column
from auto_schema.row_sums import RowSums
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.inspector import inspecting
from sources.secrets import Secret
from sources.values import Extract, Split

PEOPLE = "CREATE TABLE s AS SELECT g AS id, 'first' || g AS name, g || '@x' AS email"
ALL = {"postgresql_query": "SELECT * FROM s"}


@pytest.fixture
def after_planning(sql, monkeypatch):
    """Run SQL between plan and read."""
    original = pipeline.launch.sync._work

    def change(*statements):
        def work(*args, **more):
            for statement in statements:
                sql(statement)
            return original(*args, **more)

        monkeypatch.setattr(pipeline.launch.sync, "_work", work)

    return change


CHANGES = {
    "ALTER TABLE s DROP COLUMN name, ADD COLUMN middle_name text": ["column q.name does not exist"],
    "ALTER TABLE s ADD COLUMN more int": ["'more' is new"],
    "ALTER TABLE s ALTER COLUMN id TYPE text": ["'id' is now of type text"],
    "ALTER TABLE s DROP COLUMN name, ADD COLUMN name text": ["another order"],
    "DROP TABLE s": ['relation "s" does not exist'],
}


@pytest.mark.parametrize(("number", "change"), list(enumerate(CHANGES)))
def test_columns_that_change_after_the_plan_end_the_run_before_anything_is_published(
    sync, sql, after_planning, number, change
):
    sql(f"{PEOPLE} FROM generate_series(1, 9) g")
    after_planning(change)
    result = sync(**ALL, verify="true" if number == 0 else "false")
    assert result.code == 4, result.err
    assert "SourceChangedError" in result.err
    assert all(said in result.err for said in CHANGES[change]), result.err
    assert "run it again" in result.err
    assert "t" not in sync.tables()


@pytest.fixture
def source(database):
    """A query as a plan holds it."""

    def make(query):
        at = database
        connection = PostgresqlConnection(at.host, at.port, at.database, at.user, Secret())
        with inspecting(connection, query, "", "") as inspector:
            made = inspector.source(Extract(run_id="r"))
            columns = tuple(postgresql_column(c.name, c.type) for c in inspector.profile.columns)
        return made.with_columns(columns)

    return make


def rows_and_sums(source):
    """How many rows a read yields, and how many its own sums count."""
    items = list(source.read(Split(0)))
    sums = [item.rows for item in items if isinstance(item, RowSums)]
    return sum(item.num_rows for item in items if not isinstance(item, RowSums)), sums


SWAP = "ALTER TABLE s RENAME TO before; ALTER TABLE other RENAME TO s"


@pytest.mark.parametrize("swap", [SWAP, f"DROP TABLE s; {PEOPLE} FROM generate_series(1, 9) g"])
def test_no_two_splits_read_two_tables_of_one_name(sql, source, swap):
    """As dbt swaps a model that it has built: each key range is of another table."""
    sql(f"{PEOPLE} FROM generate_series(1, 9) g")
    sql("CREATE TABLE other (LIKE s)")
    planned = source("SELECT * FROM s")
    low, high = Split(0, "id", None, 5, by_key=True), Split(1, "id", 5, None, by_key=True)
    assert sum(batch.num_rows for batch in planned.read(low)) == 4
    sql("VACUUM s")
    assert sum(batch.num_rows for batch in planned.read(high)) == 5
    sql(swap)
    for split in (low, high):
        with pytest.raises(SourceChangedError, match="another has its name"):
            list(planned.read(split))
    assert rows_and_sums(planned)[0] in (0, 9)  # all rows at once are of one table


REFILLED = {
    "emptied": (f"{PEOPLE} FROM generate_series(1, 9) g", "TRUNCATE s"),
    "emptied and filled": (
        f"{PEOPLE} FROM generate_series(1, 9) g",
        "TRUNCATE s; INSERT INTO s SELECT g, 'second', '' FROM generate_series(1, 9) g",
    ),
    "a view that is refreshed": (
        "CREATE MATERIALIZED VIEW s AS SELECT g AS id FROM generate_series(1, 9) g",
        "REFRESH MATERIALIZED VIEW s",
    ),
    "a partition": (
        "CREATE TABLE s (id int) PARTITION BY RANGE (id);"
        "CREATE TABLE s1 PARTITION OF s FOR VALUES FROM (1) TO (5);"
        "CREATE TABLE s2 PARTITION OF s FOR VALUES FROM (5) TO (99);"
        "INSERT INTO s SELECT generate_series(1, 9)",
        "TRUNCATE s2",
    ),
    "a child": (
        "CREATE TABLE s (id int); CREATE TABLE child () INHERITS (s);"
        "INSERT INTO s SELECT generate_series(1, 4);"
        "INSERT INTO child SELECT generate_series(5, 9)",
        "TRUNCATE child",
    ),
}


@pytest.mark.parametrize("how", REFILLED)
def test_no_two_splits_read_a_table_before_and_after_it_was_emptied(sql, source, how):
    """Rows that it has before and after were in neither of them."""
    made, refilled = REFILLED[how]
    sql(made)
    planned = source("SELECT * FROM s")
    low, high = Split(0, "id", None, 5, by_key=True), Split(1, "id", 5, None, by_key=True)
    assert sum(batch.num_rows for batch in planned.read(low)) == 4
    sql(refilled)
    for split in (low, high):
        with pytest.raises(SourceChangedError, match="was emptied or written anew"):
            list(planned.read(split))
    rows_and_sums(planned)  # all rows at once are as they are now


@pytest.mark.parametrize("splits", [1, 3])
def test_a_run_of_one_split_reads_what_is_there_and_one_of_several_ends(
    sync, sql, after_planning, splits
):
    sql(f"{PEOPLE} FROM generate_series(1, 9) g; ALTER TABLE s ADD PRIMARY KEY (id); ANALYZE s")
    after_planning("TRUNCATE s; INSERT INTO s SELECT g, 'second', '' FROM generate_series(1, 9) g")
    result = sync(**ALL, num_splits=str(splits))
    if splits == 1:
        assert sync.rows("DISTINCT name") == [("second",)], result.err
        return
    assert result.code == 4, result.err
    assert "s was emptied or written anew" in result.err
    assert "t" not in sync.tables()


def test_partitions_may_come_and_go_between_splits(sql, source):
    sql("CREATE TABLE s (id int) PARTITION BY RANGE (id)")
    for low in (0, 10, 20):
        sql(f"CREATE TABLE s{low} PARTITION OF s FOR VALUES FROM ({low}) TO ({low + 10})")
    sql("INSERT INTO s SELECT generate_series(0, 29)")
    planned = source("SELECT * FROM s")
    low, high = Split(0, "id", None, 10, by_key=True), Split(1, "id", 10, None, by_key=True)
    assert sum(batch.num_rows for batch in planned.read(low)) == 10
    sql("CREATE TABLE s30 PARTITION OF s FOR VALUES FROM (30) TO (40)")
    sql("ALTER TABLE s DETACH PARTITION s10; DROP TABLE s20")
    sql("INSERT INTO s VALUES (31)")
    assert sum(batch.num_rows for batch in planned.read(high)) == 1


@pytest.mark.parametrize("proves", [False, True], ids=["read", "proven"])
def test_a_table_that_is_written_anew_while_a_read_waits_is_read_whole(
    sql, database, source, proves
):
    """COPY takes its snapshot before its locks: to it such a table would be empty."""
    sql("CREATE TABLE s AS SELECT g AS id, 'a' AS name FROM generate_series(1, 50) g")
    planned = source("SELECT * FROM s")
    planned = planned.with_proof(digests=False) if proves else planned
    with contextlib.closing(psycopg2.connect(database.dsn)) as writer:
        cursor = writer.cursor()
        cursor.execute("ALTER TABLE s ALTER COLUMN name TYPE text USING upper(name)")
        commit = threading.Thread(target=_commit_when_waited_for, args=(writer, sql))
        commit.start()
        try:
            found = rows_and_sums(planned)
        except SourceUnreachableError:
            assert proves
            found = rows_and_sums(planned)
        commit.join()
    assert found == (50, [50] if proves else [])


def _commit_when_waited_for(writer, sql):
    while not sql("SELECT 1 FROM pg_locks WHERE NOT granted"):
        time.sleep(0.02)
    time.sleep(0.05)
    writer.commit()
