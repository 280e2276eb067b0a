"""Hashes of whole rows, summed whole and by bucket: PostgreSQL, GoogleSQL and Python agree."""

import hashlib
import random
from typing import Any

from google.cloud.bigquery import SchemaField
from psycopg2 import extensions
from psycopg2.extras import execute_values

from auto_schema.canonical import (
    BUCKET_DIGITS,
    bigquery_buckets,
    bigquery_digest,
    bigquery_row,
    bigquery_row_text,
    bigquery_sums,
    postgresql_buckets,
    postgresql_digest,
    postgresql_row,
    postgresql_row_text,
    postgresql_sums,
)
from auto_schema.postgresql_types import Look, PostgresType, postgresql_column
from auto_schema.row_sums import RowSums
from auto_schema.schema import Column
from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.test_canonical_forms import TYPES

ROWS = 800
NAME = "p.d.t"
SEED = 20250722
EQUAL = 3
"""How often the first row is there: sums count it each time."""


def the_columns() -> list[Column]:
    look = Look(integer_digits=38, scale=38, is_flat=True)
    return [
        postgresql_column(f"c{n}", kind, look=look) for n, (kind, *_) in enumerate(TYPES.values())
    ]


def the_rows() -> list[tuple[Any, ...]]:
    """Hard values of all types side by side, then any; each of them NULL at times."""
    source, rows = random.Random(SEED), list[tuple[Any, ...]]()
    for place in range(ROWS):
        row = []
        for _, field, make, hard in TYPES.values():
            value = hard[place] if place < len(hard) else make(source)
            is_null = field.mode != "REPEATED" and source.random() < 0.1
            row.append(None if is_null else value)
        rows.append(tuple(row))
    empty = tuple([] if field.mode == "REPEATED" else None for _, field, _, _ in TYPES.values())
    return [*[rows[0]] * (EQUAL - 1), *rows, empty]


def in_postgresql(opened: extensions.connection, rows: list[tuple[Any, ...]], sql: str) -> Any:
    columns = ", ".join(f"c{n} {kind.display}" for n, (kind, *_) in enumerate(TYPES.values()))
    with opened, opened.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS q ({columns}); TRUNCATE q")
        execute_values(cursor, "INSERT INTO q VALUES %s", rows, page_size=500)
        cursor.execute(sql)
        return cursor.fetchall()


def in_googlesql(engine: GoogleSql, rows: list[tuple[Any, ...]], sql: str) -> Any:
    fields = [
        SchemaField(f"c{n}", field.field_type, field.mode)
        for n, (_, field, *_) in enumerate(TYPES.values())
    ]
    return engine.query(sql, {NAME: Table.of(fields, rows)}).rows


def by_bucket(answer: Any) -> dict[str, RowSums]:
    return {bucket: RowSums.of(figures) for bucket, *figures in answer}


def test_all_that_is_summed_of_rows_is_the_same_everywhere(
    googlesql: GoogleSql, connected: extensions.connection
) -> None:
    columns, rows = the_columns(), the_rows()
    there, here = "SELECT {} FROM q", f"SELECT {{}} FROM `{NAME}` AS s"
    texts = in_postgresql(connected, rows, there.format(postgresql_row(columns)))
    digests = [hashlib.md5(text.encode()).hexdigest() for (text,) in texts]
    assert len(set(digests)) == len(rows) - EQUAL + 1

    sums = in_googlesql(googlesql, rows, bigquery_sums(here.format(bigquery_row_text(columns))))
    assert RowSums.of(sums[0]) == RowSums.of_digests(digests)
    sql = postgresql_sums(there.format(postgresql_row_text(columns)))
    assert in_postgresql(connected, rows, sql) == list(sums)

    buckets = by_bucket(
        in_googlesql(
            googlesql,
            rows,
            bigquery_buckets(here.format(f"{bigquery_digest(columns)} AS digest")),
        )
    )
    by_digits: dict[str, list[str]] = {}
    for digest in digests:
        by_digits.setdefault(digest[:BUCKET_DIGITS], []).append(digest)
    assert buckets == {part: RowSums.of_digests(some) for part, some in by_digits.items()}
    sql = postgresql_buckets(there.format(f"{postgresql_digest(columns)} AS digest"))
    assert by_bucket(in_postgresql(connected, rows, sql)) == buckets


def test_sums_of_no_rows_are_zeros(googlesql: GoogleSql) -> None:
    columns = the_columns()
    select = f"SELECT {bigquery_row_text(columns)} FROM `{NAME}` AS s"

    assert in_googlesql(googlesql, [], bigquery_sums(select)) == ((0, 0, 0, 0, 0),)
    assert (
        in_googlesql(googlesql, [], bigquery_buckets(f"SELECT '' AS digest FROM ({select})")) == ()
    )


def test_no_two_of_many_hard_rows_have_one_text(googlesql: GoogleSql) -> None:
    """Parts of texts that look like the text's own signs, in columns side by side."""
    hard = [None, "", "-", ";", "-;-", "1:a", "0:", "0:;0:", "2:-;", "\uffff", "😀", ";1:a", "1:a;"]
    look = Look(integer_digits=38, scale=38, is_flat=True)
    kind = TYPES["text"][0]
    columns = [postgresql_column(name, kind, look=look) for name in ("a", "b", "c")]
    rows = [(a, b, c) for a in hard for b in hard for c in hard]
    table = Table.of([SchemaField(c.name, "STRING") for c in columns], rows)

    answer = googlesql.query(f"SELECT {bigquery_row(columns)} FROM `{NAME}` AS s", {NAME: table})

    assert len(set(answer.rows)) == len(rows)


def test_no_two_of_many_hard_arrays_have_one_text(
    googlesql: GoogleSql, connected: extensions.connection
) -> None:
    """Elements that hold the signs by which arrays, elements and columns are kept apart."""
    parts = ["", ",", ";", "a", "a,a", "a;a", ";1:1:a", "1:1:a", "0:0:", "a,"]
    hard = [[], *([a] for a in parts), *([a, b] for a in parts for b in parts)]
    look = Look(integer_digits=38, scale=38, is_flat=True)
    columns = [postgresql_column(name, TYPES["text[]"][0], look=look) for name in ("a", "b")]
    rows = [(a, b) for a in hard for b in hard]
    fields = [SchemaField(c.name, "STRING", "REPEATED") for c in columns]

    there = googlesql.query(
        f"SELECT {bigquery_row(columns)} FROM `{NAME}` AS s", {NAME: Table.of(fields, rows)}
    )
    with connected, connected.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE hard (a text[], b text[])")
        execute_values(cursor, "INSERT INTO hard VALUES %s", rows, "(%s::text[], %s::text[])", 500)
        cursor.execute(f"SELECT {postgresql_row(columns)} FROM hard AS q")
        here = cursor.fetchall()

    assert len(set(there.rows)) == len(rows)
    assert sorted(here) == sorted(there.rows)


def test_a_wide_row_is_put_together_in_parts(connected: extensions.connection) -> None:
    """PostgreSQL's functions take at most 100 arguments."""
    names = [f"c{number}" for number in range(1_000)]
    columns = [postgresql_column(name, PostgresType("int4", "int4")) for name in names]
    told = ", ".join(f"nullif({number}, 7) AS {name}" for number, name in enumerate(names))
    with connected, connected.cursor() as cursor:
        cursor.execute(f"SELECT {postgresql_row(columns)} FROM (SELECT {told}) AS q")
        (text,) = cursor.fetchone() or ("",)
    assert text == ";".join("-" if number == 7 else str(number) for number in range(1_000))
