"""What the tests' local BigQuery remembers of its tables, and which statements end that."""

import pytest

from tests.local_bigquery.columns import Definitions, Transaction

TABLE = '"shop"."d1_2"."orders"'


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT * FROM shop.d1_2.orders", 3),
        ('INSERT INTO "shop"."d1_3"."users" VALUES (1)', 3),
        ('INSERT INTO "shop"."d1_2"."my_orders" VALUES (1)', 3),
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


REQUIRED = 'CREATE TABLE "shop"."d1_2"."orders" ("id" BIGINT NOT NULL)'


@pytest.mark.parametrize(
    ("amid", "rows"),
    [
        ([], 3),
        (['INSERT INTO "shop"."d1_3"."users" VALUES (1)'], 3),
        (['UPDATE "shop"."d1_2"."orders" SET a = 1', "SELECT 1"], 4),
        (['ALTER TABLE "shop"."d1_2"."orders" ADD COLUMN b BIGINT'], 4),
    ],
)
def test_the_end_of_a_transaction_is_heeded_by_the_tables_that_it_named(amid, rows):
    definitions, transaction = Definitions(), Transaction()
    definitions.follow("BEGIN TRANSACTION", transaction)
    for sql in amid:
        definitions.follow(sql, transaction)
    assert definitions.rows(TABLE, lambda: 3) == 3  # as others see it meanwhile
    assert definitions.required(TABLE, lambda: ["id"]) == {"id"}
    definitions.follow("COMMIT", transaction)
    assert definitions.rows(TABLE, lambda: 4) == rows
    assert definitions.required(TABLE, list) == ({"id"} if rows == 3 else set())
    definitions.follow("COMMIT", transaction)  # of one whose beginning nobody saw
    assert definitions.rows(TABLE, lambda: 5) == 5


def test_a_table_that_is_made_without_required_columns_is_not_asked_for_them():
    definitions = Definitions()
    definitions.follow('CREATE TABLE "shop"."d1_2"."orders" ("id" BIGINT)')
    assert definitions.required(TABLE, lambda: ["asked"]) == set()
    definitions.follow(f"ALTER TABLE {TABLE} ALTER COLUMN id SET NOT NULL")
    assert definitions.required(TABLE, lambda: ["id"]) == {"id"}


@pytest.mark.parametrize(("sql", "is_done"), [(REQUIRED, True), (REQUIRED[:-10] + ")", False)])
def test_one_that_has_some_or_was_there_before_is_asked_for_them(sql, is_done):
    definitions = Definitions()
    definitions.follow(sql, is_done=is_done)
    assert definitions.required(TABLE, lambda: ["id"]) == {"id"}
