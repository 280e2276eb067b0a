"""The forms by which both databases hash a value, on a real PostgreSQL and on GoogleSQL itself.

Their hashes are held equal in test_row_hashes.py, of whole rows.
"""

import datetime as dt
import random
import string
import struct
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from google.cloud.bigquery import SchemaField
from hypothesis import given
from hypothesis import strategies as st
from psycopg2 import extensions
from psycopg2.extras import execute_values

from auto_schema.canonical import (
    FORMS,
    bigquery_row,
    postgresql_row,
)
from auto_schema.postgresql_types import Look, PostgresType, postgresql_column
from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.seeds import FEW_SEEDS

VALUES = 1_000
"""For each type and example; hard ones come beside them."""
EPOCH = dt.datetime(1970, 1, 1)
DAYS = (dt.date.min - EPOCH.date()).days, (dt.date.max - EPOCH.date()).days
MICROS = 86_400 * 10**6
Make = Callable[[random.Random], Any]


def a_float(source: random.Random) -> float:
    """Any bits: subnormal ones and powers of two more often than by chance."""
    exponent = source.choice([0, 1, 2046, source.randrange(2047), 1023 + source.randrange(-60, 60)])
    mantissa = source.choice([0, 1, 2**52 - 1, source.getrandbits(52), 1 << source.randrange(52)])
    bits = source.getrandbits(1) << 63 | exponent << 52 | mantissa
    return float(struct.unpack("<d", struct.pack("<Q", bits))[0])


def a_decimal(digits: int, scale: int) -> Make:
    def make(source: random.Random) -> Decimal:
        whole = source.randrange(10 ** source.randrange(1, digits + 1))
        text = f"{source.choice(['', '-'])}{whole}e-{source.randrange(scale + 1)}"
        return Decimal(text)

    return make


def a_text(source: random.Random) -> str:
    alphabet = string.printable.replace("\0", "") + "éß\u0301\u2028\ufffe\uffff😀\U0010ffff-;:'\\"
    return "".join(source.choices(alphabet, k=source.randrange(12)))


def a_stamp(source: random.Random) -> dt.datetime:
    micros = source.choice([0, 1, 999_999, source.randrange(10**6)])
    days = source.randrange(DAYS[0], DAYS[1] + 1)
    return EPOCH + dt.timedelta(days, source.randrange(86_400), micros)


def a_time(source: random.Random) -> dt.time:
    return a_stamp(source).time()


def an_instant(source: random.Random) -> dt.datetime:
    return a_stamp(source).replace(tzinfo=dt.UTC)


def a_list(make: Make) -> Make:
    return lambda source: [make(source) for _ in range(source.randrange(4))]


def an_int(source: random.Random) -> int:
    return source.getrandbits(source.randrange(1, 65)) - 2**63


FIRST, LAST = dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)
HARD_FLOATS = [0.0, -0.0, 5e-324, -5e-324, sys.float_info.min, sys.float_info.max, float("nan")]
HARD_FLOATS += [float("inf"), float("-inf"), 2.0**53, 2.0**-1022, 1 / 3, -sys.float_info.max]
TYPES: dict[str, tuple[PostgresType, SchemaField, Make, list[Any]]] = {
    "bool": (
        PostgresType("bool", "bool"),
        SchemaField("v", "BOOL"),
        lambda source: source.random() < 0.5,
        [],
    ),
    "int8": (
        PostgresType("int8", "int8"),
        SchemaField("v", "INT64"),
        an_int,
        [-(2**63), 2**63 - 1, 0],
    ),
    "float8": (PostgresType("float8", "float8"), SchemaField("v", "FLOAT64"), a_float, HARD_FLOATS),
    "numeric": (
        PostgresType("numeric(38,9)", "numeric", precision=38, scale=9),
        SchemaField("v", "NUMERIC"),
        a_decimal(29, 9),
        [Decimal("-0.10"), Decimal(f"-{'9' * 29}.{'9' * 9}"), Decimal("0E-9"), Decimal("1E+28")],
    ),
    "bignumeric": (
        PostgresType("numeric(76,38)", "numeric", precision=76, scale=38),
        SchemaField("v", "BIGNUMERIC"),
        a_decimal(38, 38),
        [Decimal(f"{'9' * 38}.{'9' * 38}"), Decimal("1E-38"), Decimal("-1E+37")],
    ),
    "text": (
        PostgresType("text", "text"),
        SchemaField("v", "STRING"),
        a_text,
        ["", "-", ";", "1:a", " a ", "ä" * 5000, "\uffff"],
    ),
    "bytea": (
        PostgresType("bytea", "bytea"),
        SchemaField("v", "BYTES"),
        lambda source: source.randbytes(source.randrange(9)),
        [b"", b"\x00\xff"],
    ),
    "date": (
        PostgresType("date", "date"),
        SchemaField("v", "DATE"),
        lambda source: a_stamp(source).date(),
        [dt.date.min, dt.date.max],
    ),
    "time": (
        PostgresType("time", "time"),
        SchemaField("v", "TIME"),
        a_time,
        [dt.time.min, dt.time.max],
    ),
    "timestamp": (
        PostgresType("timestamp", "timestamp"),
        SchemaField("v", "DATETIME"),
        a_stamp,
        [FIRST, LAST],
    ),
    "timestamptz": (
        PostgresType("timestamptz", "timestamptz"),
        SchemaField("v", "TIMESTAMP"),
        an_instant,
        [FIRST.replace(tzinfo=dt.UTC), LAST.replace(tzinfo=dt.UTC)],
    ),
    "text[]": (
        PostgresType("text[]", "text", is_array=True),
        SchemaField("v", "STRING", "REPEATED"),
        a_list(a_text),
        [[], ["-"], [""], ["", ""], ["a,b"], ["a", "b"], ["a;b", ","], ["😀", "é" * 99]],
    ),
    "float8[]": (
        PostgresType("float8[]", "float8", is_array=True),
        SchemaField("v", "FLOAT64", "REPEATED"),
        a_list(a_float),
        [HARD_FLOATS],
    ),
}


def test_every_form_is_tried() -> None:
    tried = {field.field_type for _, field, _, _ in TYPES.values()}

    assert tried | {"JSON"} == set(FORMS), "JSON has the form of STRING"


def postgresql_says(
    opened: extensions.connection, kind: PostgresType, column: Any, values: list[Any]
) -> list[Any]:
    with opened, opened.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS q; CREATE TEMP TABLE q (place int, v {kind.display})")
        execute_values(cursor, "INSERT INTO q VALUES %s", list(enumerate(values)), page_size=500)
        cursor.execute(f"SELECT {postgresql_row([column])} FROM q ORDER BY place")
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.parametrize("name", TYPES)
@FEW_SEEDS
@given(seed=st.integers(0, 2**32))
def test_both_sides_write_a_value_alike(
    googlesql: GoogleSql, connected: extensions.connection, name: str, seed: int
) -> None:
    kind, field, make, hard = TYPES[name]
    source = random.Random(seed)
    values = [*hard, *(make(source) for _ in range(VALUES))]
    values += [None] if field.mode != "REPEATED" else []
    column = postgresql_column("v", kind, look=Look(integer_digits=38, scale=38, is_flat=True))
    assert column.bigquery == field.field_type
    table = Table.of([SchemaField("place", "INT64"), field], enumerate(values))

    said = googlesql.query(
        f"SELECT {bigquery_row([column])} FROM `p.d.t` AS s ORDER BY place", {"p.d.t": table}
    ).rows

    pairs = zip(values, postgresql_says(connected, kind, column, values), said, strict=True)
    assert [(value, here, there) for value, here, (there,) in pairs if here != there] == []
