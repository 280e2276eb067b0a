"""The type table as text: any change of a type shows as a diff of the golden file."""

import os
from pathlib import Path

from auto_schema.postgresql_extensions import EXTENSIONS
from auto_schema.postgresql_table import POSTGRESQL
from auto_schema.postgresql_types import Look, PostgresType, postgresql_column
from auto_schema.type_rules import describe_rules
from auto_schema.warehouse_types import REPEATED

GOLDEN = Path(__file__).with_name("postgresql_types.txt")
HEAD = ("source", "read as", "BigQuery", "loss")

Row = tuple[str, str, str, str]


def _numeric(precision: int | None, scale: int | None) -> PostgresType:
    words = "numeric" if precision is None else f"numeric({precision},{scale})"
    return PostgresType(words, "numeric", "b", False, precision, scale)


def _array(name: str, kind: str = "b") -> PostgresType:
    return PostgresType(f"{name}[]", name, kind, True)


def _place(words: str) -> PostgresType:
    return PostgresType(words, f"postgis.{words.partition('(')[0]}", schema="s")


PLACES = ("geometry(Point,4326)", "geometry(Polygon,4326)", "geography")
FLAT = Look(is_flat=True)
COLUMNS: tuple[tuple[PostgresType, str, Look], ...] = (
    (_numeric(5, 0), "", Look()),
    (_numeric(12, 2), "", Look()),
    (_numeric(3, -2), "", Look()),
    (_numeric(2, 5), "", Look()),
    (_numeric(38, 9), "", Look()),
    (_numeric(39, 9), "", Look()),
    (_numeric(12, 10), "", Look()),
    (_numeric(76, 38), "", Look()),
    (_numeric(39, 0), "", Look()),
    (_numeric(40, 39), "", Look()),
    (_numeric(None, None), "not seen", Look()),
    (_numeric(None, None), "38 and 38 digits seen", Look(38, 38)),
    (_numeric(None, None), "39 digits seen", Look(39, 0)),
    (_numeric(None, None), "39 decimals seen", Look(1, 39)),
    *(
        (_array(name), "flat", FLAT)
        for name in POSTGRESQL
        if name not in ("enum", "range", "multirange")
    ),
    (_array("numeric"), "flat", FLAT),
    (_array("mood", "e"), "flat", FLAT),
    (_array("span", "r"), "flat", FLAT),
    (_array("spans", "m"), "flat", FLAT),
    (_array("int4"), "nested or with NULLs", Look(is_flat=False)),
    (_array("int4"), "not seen", Look()),
    *((PostgresType(name, name, schema="s"), "", Look()) for name in EXTENSIONS),
    *((_array(name), "flat", FLAT) for name in EXTENSIONS),
    (PostgresType("pgmp.mpz", "pgmp.mpz"), "38 digits seen", Look(38, 0)),
    *((_place(words), "all fit", Look(is_geography=True)) for words in PLACES),
    (PostgresType("composite", '"s".row', "c"), "", Look()),
    (PostgresType("composite", '"s".row', "c", has_casts_to_json=True), "with casts", Look()),
    (_array('"s".row', "c"), "flat", FLAT),
    (PostgresType("own", '"s".own'), "", Look()),
    (_array('"s".own'), "flat", FLAT),
    (_array('"s".own'), "not seen", Look()),
)
"""Types whose rule is found by a function, beside the rows of the table itself."""


def _row(kind: PostgresType, seen: str, look: Look) -> Row:
    column = postgresql_column("c", kind, look=look)
    bigquery = f"ARRAY<{column.bigquery}>" if column.mode == REPEATED else column.bigquery
    source = f"{kind.display}, {seen}" if seen else kind.display
    return (source, column.select.format(c="c"), bigquery, column.loss)


def _text() -> str:
    rows: list[Row] = [HEAD, *describe_rules(list(POSTGRESQL.values()))]
    rows += [_row(*column) for column in COLUMNS]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = (
        "  ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]))
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def test_the_type_table_is_the_golden_one():
    text = _text()
    if os.environ.get("REWRITE_GOLDEN") == "1":
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()
