"""Widening keeps every value: asked of GoogleSQL and of a table of the local BigQuery."""

import random
from decimal import Decimal
from typing import Any

import pytest
from google.cloud.bigquery import SchemaField

from auto_schema.bigquery_types import BigqueryType
from auto_schema.evolve import Alteration, CurrentField
from auto_schema.widening import LAST_EXACT, WIDENINGS, How, Widening
from smart_sync.altering import altering, exact_question, inexact
from tests.factories import a_target
from tests.googlesql.both import Both, filled
from tests.sync import PROJECT
from warehouse.names import TableRef

MADE = [rule for rule in WIDENINGS if rule.how is not How.BY_HAND]
NINES = Decimal("9999999999999999999.999999999")
ENDS: dict[str, list[Any]] = {
    "INT64": [0, 1, -1, 2**63 - 1, -(2**63), LAST_EXACT, -LAST_EXACT],
    "NUMERIC": [Decimal(0), NINES, -NINES, Decimal("1e-9"), Decimal("-1e-9")],
}
"""Of NUMERIC what the local BIGNUMERIC holds, too."""


def altered(rule: Widening) -> Alteration:
    field = CurrentField("v", rule.before, shape=BigqueryType(rule.before))
    return Alteration(field, BigqueryType(rule.after), "")


def some_values(rule: Widening) -> list[Any]:
    dice = random.Random(rule.before + rule.after)
    if rule.before == "INT64":
        most = LAST_EXACT if rule.how is How.IF_EXACT else 2**63 - 1
        values = [dice.randint(-most, most) >> dice.randrange(60) for _ in range(200)]
        return [*values, *(value for value in ENDS["INT64"] if abs(value) <= most)]
    values = [Decimal(dice.randint(-(10**27), 10**27)).scaleb(-9) for _ in range(200)]
    return [*values, *ENDS["NUMERIC"]]


@pytest.mark.parametrize("rule", MADE, ids=lambda rule: f"{rule.before}-{rule.after}")
def test_a_widened_column_holds_every_value_that_it_held(
    both: Both, dataset: str, rule: Widening
) -> None:
    values = some_values(rule)
    table = TableRef(PROJECT, dataset, "t")
    fields = [SchemaField("id", "INT64"), SchemaField("v", rule.before)]
    both.hold(str(table), fields, list(enumerate(values)))
    as_wide = both.run(f"SELECT id, CAST(v AS {rule.after}) AS v FROM {table.sql} ORDER BY id")
    assert as_wide == list(enumerate(values))
    both.client.query_and_wait(altering(table, altered(rule)))
    after = both.client.query_and_wait(f"SELECT id, v FROM {table.sql} ORDER BY id")
    assert [tuple(row) for row in after] == list(enumerate(values))
    assert both.client.get_table(str(table)).schema[1].field_type in (rule.after, "FLOAT")


def test_integers_beyond_doubles_are_counted_at_both_ends(both: Both, dataset: str) -> None:
    (rule,) = (one for one in MADE if one.how is How.IF_EXACT)
    table, target = TableRef(PROJECT, dataset, "t"), a_target(rows=None)
    beyond = [LAST_EXACT + 1, -LAST_EXACT - 1, 2**63 - 1, -(2**63)]
    rows = list(enumerate([0, None, LAST_EXACT, -LAST_EXACT, *beyond]))
    both.run(filled(str(table), "id INT64, v INT64", rows))
    (answer,) = both.run(exact_question(table, target, (altered(rule),)))
    assert inexact((altered(rule),), answer) == {"v": len(beyond)}
