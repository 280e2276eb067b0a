"""What the tests' local BigQuery remembers of its tables, and which statements end that."""

import pytest

from tests.local_bigquery.columns import Definitions

TABLE = '"shop"."d1_2"."orders"'


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT * FROM shop.d1_2.orders", 3),
        ('INSERT INTO "shop"."d1_3"."users" VALUES (1)', 3),
        ('INSERT INTO "shop"."d1_2"."ORDERS" VALUES (1)', 4),
        ("SELECT 1; DELETE FROM orders", 4),
        ('CREATE OR REPLACE TABLE "shop"."d1_2"."orders" AS SELECT 1', 4),
        ('DROP SCHEMA "shop"."d1_2" CASCADE', 4),
        ("COMMIT", 4),
        ("ROLLBACK", 4),
    ],
)
def test_rows_are_counted_again_after_what_could_change_them(sql, rows):
    definitions = Definitions()
    assert definitions.rows(TABLE, lambda: 3) == 3
    definitions.follow(sql)
    assert definitions.rows(TABLE, lambda: 4) == rows


def test_rows_that_change_while_they_are_counted_are_counted_again():
    definitions = Definitions()

    def meanwhile() -> int:
        definitions.follow(f"INSERT INTO {TABLE} VALUES (1)")
        return 3

    assert definitions.rows(TABLE, meanwhile) == 3
    assert definitions.rows(TABLE, lambda: 4) == 4


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT * FROM shop.d1_2.orders", {"t"}),
        ("CREATE TEMPORARY TABLE own AS SELECT 1", {"t"}),
        ('CREATE TABLE "p"."d"."u" (a BIGINT)', {"t", "u"}),
        ("COMMIT", {"t", "u"}),
    ],
)
def test_a_dataset_is_listed_again_after_what_could_add_a_table(sql, names):
    definitions = Definitions()
    assert definitions.listed("p", "d", lambda: ["t"]) == {"t"}
    definitions.follow(sql)
    assert definitions.listed("p", "d", lambda: ["t", "u"]) == names
