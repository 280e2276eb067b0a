"""Splits of PostgreSQL: whatever the catalog claims, every row lies in exactly one."""

import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_schema.errors import ConfigError, SourceRefusedError
from smart_sync.splits import make_splits
from sources.postgresql.statement import split_ranges
from sources.values import Window
from tests.contract.conftest import OfPostgresql
from tests.contract.planning import Reading, reading_of

Sql = Callable[..., Any]
WINDOW = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
EMPLOYEES = "CREATE TABLE emp (id int PRIMARY KEY, boss int);"
EMPLOYEES += "INSERT INTO emp SELECT g, nullif(g / 10, 0) FROM generate_series(1, 500) g; ANALYZE;"
HEADS = "LEFT JOIN emp m ON m.id = e.boss"


@pytest.fixture
def planned(database: Any, sql: Sql) -> Callable[..., Reading]:
    """The plan of a query in five splits."""

    def made(query: str, *, window: Window | None = None, **words: Any) -> Reading:
        if window:
            words |= {"smart_sync": True, "cursor": "c"}
        words = {"schema_table": "", "num_splits": 5} | words
        return reading_of(OfPostgresql(database, sql).request(query=query, **words), window)

    return made


@pytest.fixture
def read(planned: Callable[..., Reading], sql: Sql) -> Callable[..., Reading]:
    """The same, whose splits together are exactly the query's rows."""

    def made(query: str, **words: Any) -> Reading:
        reading = planned(query, **words)
        whole = Counter(tuple(row) for row in sql(query))
        found = Counter(tuple(row.values()) for row in reading.rows())
        lost, doubled = whole - found, found - whole
        assert (len(lost), len(doubled)) == (0, 0), (
            reading.plan.reading.split_reason,
            lost,
            doubled,
        )
        return reading

    return made


def _where_it_can(claim: str) -> str:
    """A claim that servers before PostgreSQL 18 have no words for; their rows are the same."""
    return f"DO $$ BEGIN EXECUTE '{claim}'; EXCEPTION WHEN syntax_error THEN NULL; END $$;"


NULLABLE = {
    "a child without the parent's NOT NULL": (
        "CREATE TABLE t (id int, v int); CREATE UNIQUE INDEX ON t (id);"
        + _where_it_can("ALTER TABLE t ADD CONSTRAINT given NOT NULL id NO INHERIT")
        + "CREATE TABLE child () INHERITS (t);"
        "INSERT INTO t SELECT g, g FROM generate_series(1, 99) g;"
        "INSERT INTO child SELECT nullif(g % 3, 0), g FROM generate_series(1, 99) g; ANALYZE;"
    ),
    "a NOT NULL that was never validated": (
        "CREATE TABLE t (id int, v int); CREATE UNIQUE INDEX ON t (id);"
        "INSERT INTO t SELECT nullif(g, g / 9 * 9), g FROM generate_series(1, 99) g; ANALYZE;"
        + _where_it_can("ALTER TABLE t ADD CONSTRAINT given NOT NULL id NOT VALID")
    ),
}


@pytest.mark.parametrize("case", NULLABLE)
def test_a_row_without_a_key_lies_in_one_split(case, sql, read):
    sql(NULLABLE[case])
    sql("UPDATE pg_attribute SET attnotnull = true WHERE attrelid = 't'::regclass AND attnum = 1")
    assert read("SELECT * FROM t").plan.reading.split_total == 5


def test_no_split_reads_more_of_a_large_table_than_its_own_rows(sql, planned):
    """Not the first one either, which takes rows without a key as well.

    With little memory for a bitmap the table counts as large, as one of gigabytes does.
    """
    sql("CREATE TABLE t (id int PRIMARY KEY, v text)")
    sql("INSERT INTO t SELECT g, repeat('x', 300) FROM generate_series(1, 100000) g")
    sql("ANALYZE t")
    plan = planned("SELECT * FROM t").plan
    assert plan.reading.split_total == 5
    for split in plan.reading.splits:
        read = plan.reading.source.statement(split)
        steps = [line for (line,) in sql(f"SET work_mem = '64kB'; EXPLAIN {read}")]
        assert not [step for step in steps if "Seq Scan" in step], (split, steps)


EMPLOYEES = """
CREATE TABLE emp (id int PRIMARY KEY, boss int, c timestamptz);
INSERT INTO emp SELECT g, nullif(g / 10, 0), timestamptz '2024-01-01 00:00+00' + g * interval '1h'
FROM generate_series(1, 300) g;
CREATE INDEX ON emp (c);
ANALYZE emp;
CREATE TABLE small (id int PRIMARY KEY, c timestamptz);
INSERT INTO small SELECT id, c FROM emp WHERE id < 9;
CREATE VIEW ten AS SELECT * FROM emp ORDER BY random() LIMIT 10;
CREATE SEQUENCE s;
CREATE FUNCTION first_ten(int) RETURNS bool LANGUAGE sql VOLATILE AS $$ SELECT random() < 2 $$;
CREATE FUNCTION counted(emp) RETURNS float8 LANGUAGE sql VOLATILE AS $$ SELECT random() $$;
CREATE AGGREGATE "Last One" (int) (sfunc = int4larger, stype = int);
"""
ONE = {
    "SELECT b.id FROM (SELECT m.id FROM emp e LEFT JOIN emp m ON m.id = e.boss) b": "no unique",
    "SELECT id, g FROM generate_series(1, 400) g LEFT JOIN emp ON id = g": "set-returning",
    "SELECT id, x FROM (VALUES (1), (2), (9000)) v(x) LEFT JOIN emp ON id = x": "more than tables",
    "SELECT a.id FROM emp a, emp b WHERE b.id = 1": "no unique",
    "SELECT id FROM emp, ROWS FROM (generate_series(1, 2), generate_series(1, 3)) AS r": "set-ret",
    "SELECT id FROM emp, LATERAL (SELECT 1 AS x) y": "LATERAL",
    "SELECT id FROM emp WHERE id IN (SELECT id FROM small ORDER BY id LIMIT 3)": "LIMIT",
    "SELECT id FROM emp WHERE id = (SELECT max(id) FROM small)": "aggregate",
    "SELECT id, (SELECT id FROM small ORDER BY id FETCH FIRST ROW ONLY) AS x FROM emp": "LIMIT",
    "SELECT id FROM emp WHERE id IN (SELECT DISTINCT ON (c) id FROM small ORDER BY c)": "DISTINCT",
    "SELECT id FROM emp WHERE EXISTS (SELECT 1 FROM emp e TABLESAMPLE SYSTEM (100))": "TABLESAMPLE",
    "SELECT id FROM emp WHERE id > ALL (SELECT 1 UNION SELECT 2)": "set operation",
    "SELECT jsonb_agg(id)::text AS j FROM emp": "aggregate",
    "SELECT range_agg(int4range(id, id, '[]'))::text AS r FROM emp": "range_agg(), an aggregate",
    'SELECT "Last One"(id) AS x FROM emp': "Last One(), an aggregate",
    'SELECT id, jsonb_object_keys(\'{"a": 1, "b": 2}\') AS k FROM emp': "set-returning",
    "SELECT id FROM ten WHERE id < 0": "reads ten, a view",
    "SELECT id FROM pg_sequences, emp WHERE false": "pg_sequences, a view",
    "SELECT id FROM emp WHERE first_ten(id) OR true": "calls first_ten(), which is VOLATILE",
    "SELECT id FROM emp e WHERE e.counted IS NOT NULL": "calls counted(), which is VOLATILE",
    "SELECT id FROM emp WHERE random /* at */ () < 2": "calls random(), which is VOLATILE",
    "SELECT last_value FROM s": "reads s, which is no table",
}


def test_a_query_whose_parts_might_not_be_one_whole_is_read_in_one(sql, planned):
    sql(EMPLOYEES)
    for query, why in ONE.items():
        plan = planned(query).plan
        assert (plan.reading.split_total, why in plan.reading.split_reason) == (1, True), (
            query,
            plan.reading.split_reason,
        )


MANY = (
    "SELECT * FROM emp ORDER BY id DESC",
    "SELECT id AS limit, emp.boss AS offset, c FROM ONLY emp WHERE boss IS DISTINCT FROM 3",
    "SELECT id, c::timestamp with time zone AS at FROM (SELECT * FROM emp WHERE now() > c) AS x",
    "SELECT id, length(pg_sleep(0)::text) AS n FROM emp WHERE c IS NOT NULL",
    "SELECT upper(substring(id::text FROM 1 FOR 2)) AS v, id FROM emp WHERE id IN (1, 2, 99)",
    "SELECT id, '\\; LIMIT 1' AS v FROM emp -- LIMIT 2",
)


def test_a_plain_query_of_one_table_is_cut_by_its_key(sql, read):
    sql(EMPLOYEES)
    for query in MANY:
        assert read(query).plan.reading.split_total == 5, query


def test_a_cursor_that_is_computed_cuts_nothing(sql, read, planned):
    sql(EMPLOYEES)
    for query in (
        "SELECT boss, now() - interval '1 day' + id * interval '1 us' AS c FROM emp",
        "SELECT boss, coalesce(c, c) AS c FROM emp",
    ):
        reason = planned(query, window=WINDOW).plan.reading.split_reason
        assert reason == "one split: c is computed, and could differ in each"
    by_key = read("SELECT id, coalesce(c, c) AS c FROM emp", window=WINDOW).plan
    assert [split.column for split in by_key.reading.splits] == ["id"] * 5
    joined = read("SELECT e.c, small.id FROM emp e JOIN small ON e.id > small.id", window=WINDOW)
    assert [split.column for split in joined.plan.reading.splits] == ["c"] * 5


def test_a_table_with_a_foreign_child_is_read_in_one(sql, read):
    sql("CREATE FOREIGN DATA WRAPPER none; CREATE SERVER other FOREIGN DATA WRAPPER none")
    sql("CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id)")
    sql("CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (id)")
    sql("CREATE TABLE t2 PARTITION OF t1 FOR VALUES FROM (0) TO (9)")
    sql("INSERT INTO t SELECT generate_series(0, 8); ANALYZE t")
    assert read("SELECT * FROM t").plan.reading.split_total == 5
    sql("ALTER TABLE t DROP CONSTRAINT t_pkey; CREATE UNIQUE INDEX ON t2 (id)")
    sql("CREATE FOREIGN TABLE f PARTITION OF t FOR VALUES FROM (9) TO (99) SERVER other")
    with pytest.raises(SourceRefusedError, match="no handler"):
        read("SELECT * FROM t")


TEXTS = [
    f"{letter}{n:03}{tail}" for n in range(60) for letter, tail in ("aA", "Ba", "c\\", "-'", "ßé")
]


def _claim_histogram(sql: Sql, table: str, values: list[str]) -> None:
    """Make the catalog say that these, in this order, are the histogram of a table's column k."""
    sql("CREATE TABLE false_order (k text)")
    for often, value in enumerate(reversed(values), 2):  # MCVs stand by frequency
        sql("INSERT INTO false_order SELECT %s FROM generate_series(1, %s)", value, often)
    sql("ALTER TABLE false_order ALTER k SET STATISTICS 1000")
    sql("ANALYZE false_order")
    sql(
        f"DELETE FROM pg_statistic WHERE starelid = '{table}'::regclass AND staattnum = 1;"
        " UPDATE pg_statistic SET starelid = %s::regclass, stakind1 = 2, stanumbers1 = NULL,"
        " stakind2 = 0, stakind3 = 0 WHERE starelid = 'false_order'::regclass",
        table,
    )


COLLATIONS = """
SELECT quote_ident(collname) FROM pg_collation
WHERE collnamespace = 'pg_catalog'::regnamespace AND collencoding IN (-1, 6)
AND collname IN ('C', 'C.utf8', 'default', 'de-x-icu', 'en_US.utf8')
"""


def test_texts_are_cut_bytewise_whatever_order_collation_and_histogram_claim(sql, read):
    for (collation,) in sql(COLLATIONS):
        sql(f"CREATE TABLE t (k text COLLATE {collation} PRIMARY KEY, v int)")
        sql("INSERT INTO t SELECT k, n FROM unnest(%s) WITH ORDINALITY AS u(k, n)", TEXTS)
        _claim_histogram(sql, "t", TEXTS[5:95:7])
        reading = read("SELECT * FROM t")
        assert reading.plan.reading.split_total == 5
        bounds = [bound.encode() for bound in reading.evidence.bounds]
        assert bounds == sorted(text.encode() for text in TEXTS[5:95:7])
        sql("DROP TABLE t, false_order")


@pytest.mark.parametrize("kind", ["varchar(9)", "uuid"])
def test_other_keys_of_texts_are_cut_as_well(kind, sql, read):
    value = "md5(g::text)::uuid" if kind == "uuid" else "left(md5(g::text), 9)"
    sql(f"CREATE TABLE t (k {kind} PRIMARY KEY, v int)")
    sql(f"INSERT INTO t SELECT {value}, g FROM generate_series(1, 300) g; ANALYZE t")
    assert read("SELECT * FROM t").plan.reading.split_total == 5


def test_texts_in_a_librarys_order_are_cut_only_when_asked_for(sql, planned):
    sql('CREATE TABLE t (k text COLLATE "C.utf8" PRIMARY KEY)')
    sql("INSERT INTO t SELECT md5(g::text) FROM generate_series(1, 1000) g")
    sql("ANALYZE t")
    assert (
        "the order of k is a library's"
        in planned("SELECT * FROM t", num_splits=0).plan.reading.split_reason
    )
    assert planned("SELECT * FROM t").plan.reading.split_total == 5


SETTINGS = {
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "DateStyle": "'SQL, DMY'",
    "IntervalStyle": "sql_standard",
    "TimeZone": "'Asia/Tokyo'",
    "quote_all_identifiers": "on",
    "transform_null_equals": "on",
}
KEYS: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
    | st.sampled_from(
        ["\\", "'", "\\'", "' OR true --", "\\\\'; ", "E'", "", "ß", "\U0001f600", "aB", "Ab"]
    ),
    "int8": st.integers(-(2**63), 2**63 - 1),
    "date": st.dates(),
    "timestamp": st.datetimes(),
    "timestamptz": st.datetimes().map(lambda stamp: stamp.replace(tzinfo=UTC)),
    "uuid": st.uuids().map(str),
}


@pytest.mark.parametrize("kind", KEYS)
def test_any_splits_hold_any_row_once_under_any_setting(kind, database):
    keys = st.lists(KEYS[kind] | st.none(), max_size=30)
    with contextlib.closing(psycopg2.connect(database.dsn)) as connection:
        cursor = connection.cursor()
        for name, value in SETTINGS.items():
            cursor.execute(f"SET {name} = {value}")

        @given(keys, st.sets(KEYS[kind], min_size=1, max_size=9))
        @settings(max_examples=60)
        def hold(rows, bounds):
            bounds = sorted(bounds, key=lambda bound: bound.encode() if kind == "text" else bound)
            splits = make_splits("k", bounds, by_key=True)
            collation = "C" if kind == "text" else ""
            ranges = [within for split in splits for within in split_ranges(split, collation)]
            said = ", ".join(f"({' AND '.join(within)}) IS TRUE" for within in ranges)
            cursor.execute(
                f"SELECT k::text, ARRAY[{said}] FROM unnest(%(rows)s::{kind}[]) AS q(k)".replace(
                    "%", "%%"
                ).replace("%%(rows)s", "%(rows)s"),
                {"rows": rows},
            )
            for key, found in cursor.fetchall():
                assert found.count(True) == 1, (key, bounds, found)

        hold()


def test_bounds_mean_the_same_under_any_setting_of_the_database(database, sql, read, planned):
    sql("CREATE TABLE t (k text PRIMARY KEY, d date UNIQUE NOT NULL, v timestamptz)")
    hostile = [
        "\\",
        "' OR true --",
        "\\'; SELECT 1 --",
        "\\\\' OR k > E'\\'",
        "$$",
        "\\x41",
        "A",
        "ß",
        "",
    ]
    sql(
        "INSERT INTO t SELECT k, date '2024-01-01' + n::int * 9, now() FROM"
        " unnest(%s) WITH ORDINALITY AS u(k, n); ANALYZE t",
        hostile,
    )
    names = {name: value for name, value in SETTINGS.items() if name != "quote_all_identifiers"}
    for name, value in names.items():
        sql(f"ALTER DATABASE {database.database} SET {name} = {value}")
    assert read("SELECT k, v FROM t", num_splits=9).plan.reading.split_total == 9
    assert read("SELECT d, v FROM t").plan.reading.split_total == 5
    hidden = "SELECT d FROM t WHERE k <> '\\' AND '' = '' --'"
    with pytest.raises(ConfigError, match="backslash"):
        planned(hidden)


FAR = {
    "date": ("0001-01-01", "9999-12-31", "infinity", "-infinity", "0044-03-15 BC", "5874897-01-01"),
    "timestamp": (
        "0001-01-01",
        "9999-12-31 23:59:59.999999",
        "infinity",
        "-infinity",
        "4713-01-01 BC",
    ),
    "timestamptz": (
        "0001-01-01 00:00+14",
        "9999-12-31 23:59-12",
        "infinity",
        "-infinity",
        "0044-03-15 BC",
    ),
}


@pytest.mark.parametrize("analyzed", [True, False], ids=["analyzed", "not analyzed"])
@pytest.mark.parametrize("kind", FAR)
def test_far_dates_and_times_are_no_obstacle_to_cutting(kind, analyzed, sql, planned):
    sql(f"CREATE TABLE t (k {kind} PRIMARY KEY, c {kind})")
    sql(f"INSERT INTO t SELECT k, k FROM unnest(%s::text[]::{kind}[]) k", list(FAR[kind]))
    near = "date '2024-01-01' + g * interval '1 day'"
    sql(f"INSERT INTO t SELECT {near}, {near} FROM generate_series(1, 100) g")
    if analyzed:
        sql("ANALYZE t")
    reading = planned("SELECT k, 1 AS one FROM t")
    assert reading.plan.reading.split_total == 5
    assert sum(batch.num_rows for batch in reading.batches()) == 100 + len(FAR[kind])
    if analyzed:
        assert sum(bound.year == 2024 for bound in reading.evidence.bounds) > 90
    ends = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
    if kind == "timestamp":
        ends = (ends[0].replace(tzinfo=None), ends[1].replace(tzinfo=None))
    window = Window(*(end.date() if kind == "date" else end for end in ends))
    cut = planned("SELECT k, c FROM t", window=window)
    assert sum(batch.num_rows for batch in cut.batches()) == 100 + (kind == "date")


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("numeric", "1.5", {"INT64": 1, "BIGNUMERIC": 1500}),
        ("int[]", "'{7}'", {"INT64": 1 + 762, "JSON": 138}),  # as many as a SELECT has room for
    ],
)
def test_any_number_of_columns_is_looked_at_and_read(kind, value, wanted, sql, planned):
    sql("CREATE TABLE t (id int PRIMARY KEY)")
    sql("INSERT INTO t VALUES (1), (2)")
    count = sum(wanted.values()) - 1
    columns = ", ".join(f"{value}::{kind} AS c{n}" for n in range(count))
    reading = planned(f"SELECT id, {columns} FROM t", num_splits=1)
    assert Counter(column.bigquery for column in reading.plan.schema) == wanted
    (batch,) = reading.batches()
    assert reading.conformed(batch).num_rows == 2
