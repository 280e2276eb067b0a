"""The statements that publish, as golden files hold them, run by the reference implementation."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from google.cloud.bigquery import SchemaField

from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import GoogleSqlError
from tests.googlesql.scripts import Session

GOLDEN = Path(__file__).parents[1] / "golden"
ORDERS = "my-project.shop.orders"
STAGED = "my-project.shop._sync_staging_20250722t150000_3f9a0c1d"
START = [SchemaField("id", "INT64"), SchemaField("amount", "NUMERIC")]
END = SchemaField("updated_at", "TIMESTAMP")
TAGS, EXTRA = SchemaField("tags", "JSON"), SchemaField("extra", "JSON")
TEXTS = [SchemaField("tags", "STRING"), SchemaField("extra", "STRING")]
NAMED = [SchemaField("id", "INT64"), SchemaField("name", "STRING"), END]


def at(day: int) -> dt.datetime:
    return dt.datetime(2025, 7, day, 12, tzinfo=dt.UTC)


def published(engine: GoogleSql, name: str, tables: dict[str, Table]) -> Session:
    session = Session(engine, tables)
    session.run((GOLDEN / f"publish_{name}.sql").read_text())
    return session


def merged(engine: GoogleSql, held: list[Any], staged: list[Any]) -> Session:
    tables = {
        ORDERS: Table.of([*START, TAGS, END], held),
        STAGED: Table.of([*START, *TEXTS, END], staged),
    }
    return published(engine, "merge_json", tables)


def test_a_merge_keeps_the_newest_of_each_key(googlesql: GoogleSql) -> None:
    held = [
        (1, Decimal(1), "[]", at(1)),
        (2, Decimal(2), "[]", at(20)),
        (3, None, None, None),
        (4, None, None, at(4)),
    ]
    staged = [
        (1, Decimal("1.5"), '{"b":1,"a":[0.1]}', None, at(10)),
        (1, Decimal("1.4"), None, None, at(9)),
        (2, Decimal("2.5"), None, "1", at(19)),
        (3, Decimal("3.5"), None, "null", at(3)),
        (5, None, "1e2", None, at(5)),
    ]

    session = merged(googlesql, held, staged)

    rows = sorted(session.tables[ORDERS].rows, key=lambda row: int(row[0]))
    assert [column.name for column in session.tables[ORDERS].columns] == [
        "id",
        "amount",
        "tags",
        "updated_at",
        "extra",
    ]
    assert rows == [
        (1, Decimal("1.5"), '{"a":[0.1],"b":1}', at(10), None),
        (2, Decimal(2), "[]", at(20), None),
        (3, Decimal("3.5"), None, at(3), "null"),
        (4, None, None, at(4), None),
        (5, None, "100.0", at(5), None),
    ]
    assert session.answers[-1].dicts == [{"expected": 3}]


def test_a_merge_of_nothing_changes_nothing(googlesql: GoogleSql) -> None:
    session = merged(googlesql, [(1, None, None, at(1))], [])

    assert session.tables[ORDERS].rows == ((1, None, None, at(1), None),)
    assert session.answers[-1].value == 0


def test_a_merge_refuses_rows_that_differ(googlesql: GoogleSql) -> None:
    staged = [(1, None, "1", None, at(1)), (1, None, "2", None, at(1))]

    with pytest.raises(GoogleSqlError, match=r"same updated_at differ.*sha256 [0-9a-f]{12} "):
        merged(googlesql, [], staged)


def test_a_merge_refuses_a_key_that_is_held_twice(googlesql: GoogleSql) -> None:
    with pytest.raises(GoogleSqlError, match="holds a key more than once"):
        merged(googlesql, [(1, None, None, at(1))] * 2, [(1, None, None, None, at(2))])


def test_an_append(googlesql: GoogleSql) -> None:
    tables = {
        ORDERS: Table.of([*START, TAGS, END], [(1, None, None, at(1))]),
        STAGED: Table.of([*START, *TEXTS, END], [(2, None, '"x"', "[1]", at(2))]),
    }

    session = published(googlesql, "append_json", tables)

    assert session.tables[ORDERS].rows == (
        (1, None, None, at(1), None),
        (2, None, '"x"', at(2), "[1]"),
    )


def test_an_append_of_exact_json_refuses_what_would_be_printed_otherwise(
    googlesql: GoogleSql,
) -> None:
    held = Table.of([*START, TAGS, END], [])
    taken = (2, None, "[67.17411800000001,0.1]", "18446744073709551615", at(2))
    staged = Table.of([*START, *TEXTS, END], [taken])

    session = published(googlesql, "append_exact_json", {ORDERS: held, STAGED: staged})

    assert session.tables[ORDERS].rows == ((*taken[:3], at(2), taken[3]),)
    refused = staged.with_rows([(3, None, "67.174118", None, at(3))])
    with pytest.raises(GoogleSqlError, match="round-trip"):
        published(googlesql, "append_exact_json", {ORDERS: held, STAGED: refused})


def test_a_first_sync(googlesql: GoogleSql) -> None:
    rows = [(2, Decimal("0.1"), '{"a":1}', None, at(2))]
    tables = {STAGED: Table.of([*START, *TEXTS, END], rows)}

    session = published(googlesql, "first_sync", tables)

    assert list(map(repr, session.tables[ORDERS].columns)) == [
        "id INT64",
        "amount NUMERIC",
        "tags JSON",
        "extra JSON",
        "updated_at TIMESTAMP",
    ]
    assert session.tables[ORDERS].rows == tuple(rows)


def test_a_rebuild_puts_the_new_table_in_place(googlesql: GoogleSql) -> None:
    rows = [(2, Decimal("0.1"), None, None, at(2))]
    tables = {
        ORDERS: Table.of(NAMED, [(1, "old", at(1))]),
        STAGED: Table.of([*START, *TEXTS, END], rows),
    }

    session = published(googlesql, "rebuild_with_swap", tables)

    assert sorted(session.tables) == [STAGED, ORDERS]
    assert session.tables[ORDERS].rows == tuple(rows)


def test_replace_all(googlesql: GoogleSql) -> None:
    tables = {
        ORDERS: Table.of(NAMED, [(1, "old", at(1))]),
        STAGED: Table.of(NAMED, [(2, "new", at(2))]),
    }

    assert published(googlesql, "replace_all", tables).tables[ORDERS].rows == ((2, "new", at(2)),)


def test_write_empty(googlesql: GoogleSql) -> None:
    held, staged = Table.of(NAMED, [(1, "old", None)]), Table.of(NAMED, [(2, "new", at(2))])
    empty = published(googlesql, "write_empty", {ORDERS: held.with_rows(()), STAGED: staged})

    assert empty.tables[ORDERS].rows == staged.rows
    with pytest.raises(GoogleSqlError, match="is not empty"):
        published(googlesql, "write_empty", {ORDERS: held, STAGED: staged})
