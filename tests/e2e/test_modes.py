"""A further mode of publishing is one value: planned, printed, run and told like the others."""

from dataclasses import replace

import pytest

from smart_sync import modes
from smart_sync.publish_sql import insert_select

SOURCE = {"postgresql_query": "SELECT * FROM orders"}


def asks_for_new_ones(_, target):
    return "rows that are there stay as they are" if target.exists else ""


def insert_new_ones(plan):
    new = f"id NOT IN (SELECT id FROM {plan.destination.sql})"
    staged = plan.run.staging.table.sql
    return (
        f"DECLARE missing INT64 DEFAULT (SELECT COUNT(*) FROM {staged} WHERE {new});\n"
        f"{insert_select(plan)}\nWHERE {new};\nSELECT missing AS expected;"
    )


NEW_ONES = replace(
    modes.APPEND,
    name="new_ones",
    reason=asks_for_new_ones,
    statement=insert_new_ones,
    why_staged=lambda *_: "keys are looked for in the table",
    rows_expected=modes.MERGE.rows_expected,
)
"""A toy: rows whose key is not there yet."""


@pytest.fixture
def orders(sql, monkeypatch):
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, name text)")
    sql("INSERT INTO orders VALUES (1, 'a'), (2, 'b')")
    monkeypatch.setattr(modes, "MODES", (NEW_ONES, *modes.MODES))
    return sql


def test_a_further_mode_is_printed_run_and_counted(sync, orders):
    sync.ok(**SOURCE)
    orders("UPDATE orders SET name = 'changed'")
    orders("INSERT INTO orders VALUES (3, 'c')")
    plan = sync.ok(**SOURCE, plan_only="true").out
    assert "table        new_ones: rows that are there stay as they are" in plan
    assert "    | DECLARE missing INT64" in plan
    sync.ok(**SOURCE)
    assert sync.rows() == [(1, "a"), (2, "b"), (3, "c")]
    told = sync.history()[-1]
    assert (told["mode"], told["rows_staged"], told["rows_published"]) == ("new_ones", 3, 1)


def test_a_further_mode_that_publishes_other_rows_than_it_told_is_a_mismatch(
    sync, orders, monkeypatch
):
    sync.ok(**SOURCE)
    orders("INSERT INTO orders VALUES (3, 'c')")
    wrong = replace(NEW_ONES, rows_expected=modes.APPEND.rows_expected)
    monkeypatch.setattr(modes, "MODES", (wrong, *modes.MODES))
    assert sync(**SOURCE).code == 8
    assert sync.history()[-1]["status"] == "published_mismatch"
