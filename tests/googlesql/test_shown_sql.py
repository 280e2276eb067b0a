"""The SQL of the documents: GoogleSQL takes what is for BigQuery, PostgreSQL runs its own."""

import re

import pytest
from google.cloud.bigquery import SchemaField

from tests.blocks import of
from tests.googlesql.catalog import Table
from tests.googlesql.engine import GoogleSql
from tests.googlesql.rehearsal import rehearse

RUN_ELSEWHERE = {"docs/history.md"}
"""Their names are known to a history: tests/e2e/test_history_columns.py asks them."""
SLICES = "dataset.sync_runs_latest"


def table(*columns: str) -> Table:
    """A table without rows."""
    parted = (column.split() for column in columns)
    return Table.of([SchemaField(name, kind, mode) for name, kind, mode in parted], [])


def nullable(**kinds: str) -> Table:
    return table(*(f"{name} {kind} NULLABLE" for name, kind in kinds.items()))


VERSIONS = {
    "_sync_valid_from": "TIMESTAMP",
    "_sync_valid_to": "TIMESTAMP",
    "_sync_is_current": "BOOL",
}
STAGED = {
    "id": "INT64",
    "customer_id": "INT64",
    "status": "STRING",
    "phone": "STRING",
    "amount": "NUMERIC",
    "rate": "NUMERIC",
    "is_test": "BOOL",
    "created_at": "TIMESTAMP",
    "updated_at": "TIMESTAMP",
}
ORDERS = {"id": "INT64", "updated_at": "TIMESTAMP"}
TABLES = {
    "shop.orders": nullable(**ORDERS, deleted_at="TIMESTAMP"),
    "shop.orders_history": nullable(**ORDERS, **VERSIONS),
    "shop.customers": nullable(id="INT64", email="STRING"),
    "dims.customers": nullable(customer_id="INT64", country="STRING"),
    "staged": table(*(f"{n} {k} NULLABLE" for n, k in STAGED.items()), "lines STRING REPEATED"),
    SLICES: nullable(
        backfill_id="STRING", status="STRING", window_start="STRING", window_end="STRING"
    ),
}
WITH_VERSIONS = TABLES | {"shop.orders": nullable(**ORDERS, **VERSIONS)}
SHOWN = [block for block in of("sql") if block.page not in RUN_ELSEWHERE]


@pytest.mark.parametrize("block", of("sql"), ids=str)
def test_it_is_googlesql(googlesql: GoogleSql, block) -> None:
    assert googlesql.parse(re.sub(r"\n\n--", ";\n--", block.text))


@pytest.mark.parametrize("block", SHOWN, ids=str)
def test_what_it_names_is_as_the_page_has_it(googlesql: GoogleSql, block) -> None:
    script = re.sub(r"\n\n--", ";\n--", block.text)
    is_filled = script.startswith("UPDATE")
    found = rehearse(googlesql, script, WITH_VERSIONS if is_filled else TABLES)
    assert [(one.line, one.message) for one in found] == []
