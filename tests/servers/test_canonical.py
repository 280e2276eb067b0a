"""Both servers make the same sums of the same rows, and other sums of any others."""

import datetime as dt
import hashlib
import math
import random
import struct
import sys
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg2.extras import execute_values

from auto_schema.canonical import (
    bigquery_row_text,
    bigquery_sums,
    postgresql_row_text,
    postgresql_sums,
)
from auto_schema.postgresql_types import Look, postgresql_column
from auto_schema.schema import Column
from auto_schema.warehouse_types import REPEATED, standard
from sources.postgresql.catalog import profile, session
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.session import opening
from sources.postgresql.source import PostgresqlSource
from sources.postgresql.statement import wrapped
from sources.secrets import Secret
from tests.sync import PROJECT

Sums = tuple[int, ...]
ALL = "SELECT * FROM source"
SEEN = Look(integer_digits=20, scale=10, is_flat=True)


class Sides:
    """A table `source` in PostgreSQL, the table `t` that the product made of it, their sums."""

    def __init__(self, sync: Any, database: Any, dataset: str) -> None:
        self._sync, self._database, self._dataset = sync, database, dataset

    def columns(self, *, published: bool = True) -> list[Column]:
        """As planning sees them, with or without a destination."""
        at = self._database
        connection = PostgresqlConnection(at.host, at.port, at.database, at.user, Secret())
        with session(connection) as opened:
            seen = profile(opened, connection, ALL, schema_table=None)[0].columns
        fields = self._sync.table().schema if published else ()
        current = {field.name: (standard(field.field_type), field.mode) for field in fields}
        return [
            postgresql_column(c.name, c.type, look=SEEN, current=current.get(c.name)) for c in seen
        ]

    def source(self, columns: list[Column], query: str = ALL, names: tuple[str, ...] = ()) -> Sums:
        """The product's SELECT over a query, in a session set up as the readers' are."""
        at = self._database
        connection = PostgresqlConnection(at.host, at.port, at.database, at.user, Secret())
        source = PostgresqlSource(connection, query, names or names_of(columns))
        statement = wrapped(source, postgresql_row_text(columns))
        with psycopg2.connect(at.dsn) as opened, opened.cursor() as cursor:
            for setting in opening():
                cursor.execute(setting)
            cursor.execute(postgresql_sums(statement))
            return tuple(map(int, cursor.fetchone()))

    def staged(self, columns: list[Column], table: str = "") -> Sums:
        """The sums over a table of the local BigQuery, or over a sub-select."""
        table = table or f"`{PROJECT}.{self._dataset}.t`"
        query = bigquery_sums(f"SELECT {bigquery_row_text(columns)} FROM {table} AS s")
        (row,) = self._sync.client.query(query).result()
        return tuple(row)

    def assert_equal(self) -> None:
        """Publish the source, then demand equal sums; a difference names its columns."""
        self._sync.ok(postgresql_query=ALL, write_disposition="WRITE_TRUNCATE")
        columns = self.columns()
        if self.source(columns) != self.staged(columns):
            names = names_of(columns)
            pairs = {c.name: (self.source([c], ALL, names), self.staged([c])) for c in columns}
            wrong = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
            pytest.fail(f"the sums differ in {wrong}")


def names_of(columns: list[Column]) -> tuple[str, ...]:
    return tuple(column.source_name for column in columns)


@pytest.fixture
def sides(sync, database, dataset) -> Sides:
    return Sides(sync, database, dataset)


# --- every type ---------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
INT64 = st.integers(-(2**63), 2**63 - 1)
STAMPS = st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999))
UTC_STAMPS = STAMPS.map(lambda stamp: stamp.replace(tzinfo=dt.UTC))
HARD_TEXTS = ["", "-", ";", "1:a", "-;-", " a  ", "e\u0301😀\uffff", "\"'\\\n\r\t%s{c}", "ä" * 5000]
FIRST, LAST = dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
HARD_STAMPS = [FIRST, FIRST.replace(microsecond=1), LAST, dt.datetime(1969, 12, 31, 23, 59, 59, 1)]
HARD_FLOATS = [0.0, -0.0, 0.1, 5e-324, -5e-324, sys.float_info.min, sys.float_info.max]
HARD_FLOATS += [-sys.float_info.max, math.inf, -math.inf, math.nan, 1.0, 2.0**53, 1 / 3]


def decimals(digits: int, scale: int) -> st.SearchStrategy[Decimal]:
    return st.integers(-(10**digits) + 1, 10**digits - 1).map(lambda n: Decimal(f"{n}e{-scale}"))


FEW_DECIMALS = st.sampled_from([Decimal(text) for text in ("0", "1.5", "100", "-0.5", "-100")])
"""The local BigQuery reads BIGNUMERIC from Parquet as doubles: others have a test of their own."""

TYPES: dict[str, tuple[str, st.SearchStrategy[Any], list[Any]]] = {
    "b": ("bool", st.booleans(), [True, False]),
    "i2": ("int2", st.integers(-(2**15), 2**15 - 1), [-(2**15)]),
    "i4": ("int4", st.integers(-(2**31), 2**31 - 1), [-(2**31)]),
    "i8": ("int8", INT64, [-(2**63), 2**63 - 1, 0]),
    "o": ("oid", st.integers(0, 2**32 - 1), [2**32 - 1]),
    "f4": ("float4", st.floats(width=32), [0.1, 1e-45, math.nan, -math.inf]),
    "f8": ("float8", st.floats(), HARD_FLOATS),
    "n9": ("numeric(38,9)", decimals(38, 9), [Decimal(f"{'9' * 29}.{'9' * 9}"), Decimal("-0.10")]),
    "n2": ("numeric(12,2)", decimals(12, 2), [Decimal(100), Decimal(0), Decimal("-1.5")]),
    "n_neg": ("numeric(5,-3)", decimals(5, -3), [Decimal(12000)]),
    "n10": ("numeric(30,10)", FEW_DECIMALS, []),
    "n_bare": ("numeric", FEW_DECIMALS, [Decimal("1.50000")]),
    "n_text": ("numeric(50,2)", decimals(50, 2), [Decimal("-100.10")]),
    "m": ("money", decimals(12, 2), [Decimal("-12.34")]),
    "t": ("text", TEXTS, HARD_TEXTS),
    "v": ("varchar", TEXTS, HARD_TEXTS),
    "p": ("char(6)", TEXTS, ["", "a", "a  ", "      "]),
    "y": ("bytea", st.binary(max_size=6), [b"", b"\x00\xff"]),
    "d": ("date", st.dates(), [dt.date.min, dt.date.max, dt.date(1969, 12, 31)]),
    "h": ("time", st.times(), [dt.time.min, dt.time.max]),
    "s": ("timestamp", STAMPS, HARD_STAMPS),
    "z": ("timestamptz", UTC_STAMPS, [stamp.replace(tzinfo=dt.UTC) for stamp in HARD_STAMPS]),
    "u": ("uuid", st.uuids().map(str), []),
    "iv": ("interval", st.timedeltas().map(lambda delta: f"{delta.days} days 0.5 s"), []),
    "bs": ("bool[]", st.lists(st.booleans(), max_size=3), [[]]),
    "i8s": ("int8[]", st.lists(INT64, max_size=3), [[], [1, 2], [2, 1], [12]]),
    "f8s": ("float8[]", st.lists(st.floats(), max_size=3), [[], HARD_FLOATS]),
    "n2s": ("numeric(12,2)[]", st.lists(decimals(12, 2), max_size=2), [[Decimal("1.50")]]),
    "ts": ("text[]", st.lists(TEXTS, max_size=3), [[], [""], ["", ""], ["a,b"], ["a", "b"]]),
    "ps": ("char(3)[]", st.lists(st.just("a"), max_size=2), [["a", ""]]),
    "ys": ("bytea[]", st.lists(st.binary(max_size=3), max_size=2), [[b""]]),
    "ds": ("date[]", st.lists(st.dates(), max_size=2), [[dt.date.min]]),
    "ss": ("timestamp[]", st.lists(STAMPS, max_size=2), [HARD_STAMPS]),
    "zs": ("timestamptz[]", st.lists(UTC_STAMPS, max_size=2), []),
}
"""Column → its type, random values, values that must be there; NULLs are mixed in."""

WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example is a whole run; a failure names its columns anyway."""
LISTS = {name: st.lists(st.none() | values, max_size=8) for name, (_, values, _) in TYPES.items()}


def fill(sql: Any, database: Any, lists: dict[str, list[Any]]) -> None:
    """Make `source` anew: each column holds its values in turn, NULL behind the last one."""
    declared = ", ".join(f"{name} {kind}" for name, (kind, _, _) in TYPES.items())
    sql("DROP TABLE IF EXISTS source")
    sql(f"CREATE TABLE source ({declared})")
    count = max(map(len, lists.values()))
    columns = [adapted(values) + [None] * (count - len(values)) for values in lists.values()]
    marks = ", ".join(f"CAST(%s AS {kind})" for kind, _, _ in TYPES.values())
    with psycopg2.connect(database.dsn) as opened, opened.cursor() as cursor:
        rows = list(zip(*columns, strict=True))
        execute_values(cursor, "INSERT INTO source VALUES %s", rows, f"({marks})")


def adapted(values: list[Any]) -> list[Any]:
    """Numbers as text: PostgreSQL reads a bare -0.0 as 0, and has no minus for money."""
    return [str(value) if isinstance(value, float | Decimal) else value for value in values]


@settings(max_examples=2, phases=WITHOUT_SHRINKING, suppress_health_check=list(HealthCheck))
@given(drawn=st.fixed_dictionaries(LISTS))
def test_what_the_product_publishes_has_the_sources_sums(drawn, sides, sql, database):
    fill(sql, database, {name: TYPES[name][2] + drawn[name] for name in TYPES})
    sides.assert_equal()


def test_every_float_is_told_from_its_neighbours(sides, sql):
    bits = random.Random(7)
    values = [struct.unpack(">d", bits.randbytes(8))[0] for _ in range(3000)]
    for exponent in range(-1074, 1024):
        power = math.ldexp(1.0, exponent)
        values += [power, -power, math.nextafter(power, math.inf), math.nextafter(power, 0)]
    values = [value for value in values if not math.isnan(value)] + HARD_FLOATS
    sql("CREATE TABLE source AS SELECT unnest(%s::text[])::float8 AS x", adapted(values))
    sides.assert_equal()
    (column,) = sides.columns()
    texts = sql(f"SELECT {postgresql_row_text([column])} FROM source AS q")
    nan = math.nan in values
    assert len(set(texts)) == len({value for value in values if not math.isnan(value)}) + nan


DECIMALS = ["-0.000000000000000001", "12345678901234567890.123456789012345678", "-0.10", "1e17"]


def test_bignumeric_digits_are_compared_to_the_last(sides, sql):
    sql("CREATE TABLE source AS SELECT unnest(%s::numeric[]) AS n", DECIMALS)
    columns = sides.columns(published=False)
    assert [column.bigquery for column in columns] == ["BIGNUMERIC"]
    staged = " UNION ALL ".join(f"SELECT CAST('{n}' AS BIGNUMERIC) AS n" for n in DECIMALS)
    assert sides.staged(columns, f"({staged})") == sides.source(columns)


def test_json_is_compared_as_the_text_that_is_staged(sides, sync, sql):
    sql("CREATE TABLE source (j json, b jsonb)")
    sql("""INSERT INTO source VALUES ('{"a" :  1.10}', '{"a" :  1.10}'), (NULL, 'null')""")
    sync.ok(postgresql_query=ALL, json_numbers="text")
    columns = [replace(column, bigquery="JSON") for column in sides.columns()]
    assert sides.source(columns) == sides.staged(columns)


# --- what changes the sums ----------------------------------------------------------------

Row = tuple[str | None, str | None, float | None, list[str]]
BASE: list[Row] = [("a", "b", 0.1, ["x", "y"]), ("", None, None, []), ("a", "b", 2.0, [])]
CHANGED: dict[str, list[Row]] = {
    "as it was": BASE,
    "a value changed": [("a", "c", 0.1, ["x", "y"]), *BASE[1:]],
    "the next float": [("a", "b", math.nextafter(0.1, 1), ["x", "y"]), *BASE[1:]],
    "two columns swapped": [("b", "a", 0.1, ["x", "y"]), *BASE[1:]],
    "a border moved": [("ab", "", 0.1, ["x", "y"]), *BASE[1:]],
    "values swapped between rows": [("a", "b", 2.0, ["x", "y"]), BASE[1], ("a", "b", 0.1, [])],
    "a row doubled": [*BASE, BASE[0]],
    "a row twice more": [*BASE, BASE[0], BASE[0]],
    "a row dropped": BASE[1:],
    "one dropped, one doubled": [BASE[0], BASE[0], BASE[2]],
    "NULL for empty": [BASE[0], (None, None, None, []), BASE[2]],
    "empty for NULL": [BASE[0], ("", "", None, []), BASE[2]],
    "the sign of NULL": [BASE[0], ("", "-", None, []), BASE[2]],
    "array in another order": [("a", "b", 0.1, ["y", "x"]), *BASE[1:]],
    "array joined": [("a", "b", 0.1, ["x,y"]), *BASE[1:]],
    "array cut elsewhere": [("a", "b", 0.1, ["", "x,y"]), *BASE[1:]],
    "array of an empty text": [BASE[0], ("", None, None, [""]), BASE[2]],
    "no row": [],
}


def row_text(row: Row) -> str:
    """The text of a row of these tests, by the book."""
    a, b, x, texts = row
    items = ["-" if text is None else f"{len(text)}:{text}" for text in (a, b)]
    items.append("-" if x is None else str(struct.unpack(">q", struct.pack(">d", x))[0]))
    by_comma, by_semicolon = ",".join(texts), ";".join(texts)
    items.append(f"{len(texts)}:{len(by_comma)}:{by_comma}{by_semicolon}")
    return ";".join(items)


def sums_of(rows: list[Row]) -> Sums:
    digests = [hashlib.md5(row_text(row).encode()).hexdigest() for row in rows]
    words = (sum(int(digest[at : at + 8], 16) for digest in digests) for at in (0, 8, 16, 24))
    return (len(rows), *words)


def literal(value: str | float | None, kind: str) -> str:
    text = "NULL" if value is None else f"'{value!r}'" if kind[0] in "fF" else f"'{value}'"
    return f"CAST({text} AS {kind})"


def select(row: Row, text: str, number: str, array: str) -> str:
    a, b, x, texts = row
    items = [literal(a, text), literal(b, text), literal(x, number)]
    elements = ", ".join(literal(value, text) for value in texts)
    items.append(array.format(elements))
    names = ("a", "b", "x", "e")
    return "SELECT " + ", ".join(f"{i} AS {n}" for i, n in zip(items, names, strict=True))


def union(rows: list[Row], *kinds: str) -> str:
    every = " UNION ALL ".join(select(row, *kinds) for row in rows or BASE)
    return every if rows else f"SELECT * FROM ({every}) AS n WHERE 1 = 0"


def test_any_change_of_the_rows_changes_the_sums_on_both_sides(sides, sql):
    source = {
        name: union(rows, "text", "float8", "ARRAY[{}]::text[]") for name, rows in CHANGED.items()
    }
    staged = {
        name: union(rows, "STRING", "FLOAT64", "ARRAY<STRING>[{}]")
        for name, rows in CHANGED.items()
    }
    sql(f"CREATE TABLE source AS {source['as it was']}")
    columns = sides.columns(published=False)
    assert [column.mode for column in columns][3] == REPEATED
    wanted = {name: sums_of(rows) for name, rows in CHANGED.items()}
    assert len(set(wanted.values())) == len(CHANGED)
    assert wanted["no row"] == (0, 0, 0, 0, 0)
    assert {n: sides.source(columns, q) for n, q in source.items()} == wanted
    assert {n: sides.staged(columns, f"({q})") for n, q in staged.items()} == wanted


# --- values that are never staged ---------------------------------------------------------

REFUSED = """
SELECT d::date AS d, d::timestamp AS s, d::timestamptz AS z, '24:00'::time AS h,
  n::numeric AS n, n::numeric(38, 9) AS n9, '{{1,2},{3,NULL}}'::int8[] AS i8s,
  ARRAY[NULL]::text[] AS ts, '1e400'::numeric AS wide
FROM unnest(ARRAY['infinity', '-infinity', '4713-01-01 BC', '4000-01-01 BC', '12345-06-07'],
            ARRAY['NaN', 'NaN', '0', '-0', '1']) AS v(d, n)
UNION ALL SELECT NULL, '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999',
  NULL, 'Infinity', NULL, NULL, NULL, '-Infinity'
"""


def test_values_that_bigquery_refuses_are_no_error_in_postgresql(sides, sql):
    sql(f"CREATE TABLE source AS {REFUSED}")
    columns = sides.columns(published=False)
    assert [column.bigquery for column in columns][:4] == ["DATE", "DATETIME", "TIMESTAMP", "TIME"]
    assert sides.source(columns)[0] == 6


def test_names_with_quotes_percents_and_braces_are_read(sides, sql):
    sql("""CREATE TABLE source ("a""b {c} %" text)""")
    sql("INSERT INTO source VALUES ('x')")
    columns = [replace(column, name="s") for column in sides.columns(published=False)]
    assert sides.source(columns) == sides.staged(columns, "(SELECT 'x' AS s)")
