"""Checks of a contract: GoogleSQL, the local BigQuery and a loop over rows judge alike."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from pipeline.checks.contract_rules import THRESHOLDS
from pipeline.checks.read import read_checks
from smart_sync.check import AcceptedValues, Scope, Unique, Verdict
from smart_sync.check_sql import checks_query
from tests.googlesql.both import Both
from tests.googlesql.engine import GoogleSql
from tests.googlesql.test_checks import (
    NAMES,
    Row,
    afterwards,
    doubled,
    hold,
    planned,
    some_tables,
)

Rows = list[tuple[Row, bool]]
"""Each with whether the run brings it."""
HOLDS: Mapping[str, Callable[[Decimal, Sequence[Decimal]], bool]] = {
    "mustBe": lambda number, ends: number == ends[0],
    "mustNotBe": lambda number, ends: number != ends[0],
    "mustBeGreaterThan": lambda number, ends: number > ends[0],
    "mustBeGreaterOrEqualTo": lambda number, ends: number >= ends[0],
    "mustBeLessThan": lambda number, ends: number < ends[0],
    "mustBeLessOrEqualTo": lambda number, ends: number <= ends[0],
    "mustBeBetween": lambda number, ends: ends[0] <= number <= ends[1],
    "mustNotBeBetween": lambda number, ends: not ends[0] <= number <= ends[1],
}
RULES: Sequence[tuple[str, str, dict[str, Any], Callable[[Row], bool]]] = (
    ("nullValues", "code", {}, lambda row: row["code"] is None),
    ("nullValues", "select", {}, lambda row: row["select"] is None),
    ("missingValues", "code", {"missingValues": ["", "a"]}, lambda row: row["code"] in ("", "a")),
    ("missingValues", "code", {"missingValues": [None]}, lambda row: row["code"] is None),
    (
        "missingValues",
        "select",
        {"missingValues": [None, 0, 2.0]},
        lambda row: row["select"] in (None, 0, 2),
    ),
    (
        "invalidValues",
        "code",
        {"validValues": ["\\", ")", None]},
        lambda row: row["code"] not in ("\\", ")", None),
    ),
    ("invalidValues", "select", {"validValues": [1, 3.0]}, lambda row: row["select"] in (0, 2)),
    (
        "invalidValues",
        "code",
        {"pattern": r"^[a\\]?$"},
        lambda row: row["code"] not in ("a", "\\", "", None),
    ),
)
WAYS = ("append", "merge by the cursor", "replace")
ROUNDS, EACH = 2, 40
"""How often a way is tried, and with how many rules."""


@dataclass(frozen=True)
class Wanted:
    """A rule, and what it says of rows."""

    said: dict[str, Any]
    column: str
    number: Callable[[Rows], int]

    def verdict(self, rows: Rows) -> Verdict:
        (name,) = THRESHOLDS.keys() & self.said.keys()
        limits = self.said[name]
        ends = [Decimal(str(end)) for end in (limits if isinstance(limits, list) else [limits])]
        number = Decimal(self.number(rows))
        if self.said["unit"] == "percent":
            if not rows:
                return Verdict.PASSED
            number = number * 100 / len(rows)
        return Verdict.PASSED if HOLDS[name](number, ends) else Verdict.FAILED


def a_wanted(dice: random.Random) -> Wanted:
    unit = dice.choice(["rows", "percent"])
    ends = sorted(dice.sample([0, 20, 25, 50, 100] if unit == "percent" else [0, 1, 2, 2.5, 4], 2))
    threshold = dice.choice([*THRESHOLDS])
    said = {"unit": unit, threshold: ends if threshold.endswith("Between") else ends[0]}
    match dice.randrange(4):
        case 0:
            return Wanted({**said, "unit": "rows", "metric": "rowCount"}, "", len)
        case 1:
            names = dice.sample(NAMES, dice.randint(1, 2))
            said |= {"metric": "duplicateValues"}
            rule, column = Unique(tuple(names)), names[0] if len(names) == 1 else ""
            if not column:
                said |= {"arguments": {"properties": names}}
            return Wanted(said, column, lambda rows: len(doubled(rule, rows)))
        case _:
            metric, column, arguments, fails = dice.choice(RULES)
            said |= {"metric": metric, "arguments": arguments}
            return Wanted(said, column, lambda rows: sum(fails(row) for row, _ in rows))


def contract_of(wanted: Sequence[Wanted]) -> str:
    """JSON, which is YAML."""
    rules = [{**one.said, "name": f"c{number}"} for number, one in enumerate(wanted)]
    under = {
        name: [rule for one, rule in zip(wanted, rules, strict=True) if one.column == name]
        for name in ("", *NAMES)
    }
    properties = [{"name": name, "quality": under[name]} for name in NAMES]
    orders = {"name": "orders", "quality": under[""], "properties": properties}
    return json.dumps({"apiVersion": "v3.1.0", "kind": "DataContract", "schema": [orders]})


@pytest.mark.parametrize("way", WAYS)
def test_a_contract_is_judged_as_a_loop_over_the_rows_judges_it(
    both: Both, dataset: str, way: str
) -> None:
    dice, plan = random.Random(way), planned(way, dataset)
    for _ in range(ROUNDS):
        held, staged = some_tables(dice, plan)
        if not plan.publishing.mode.is_new:
            hold(both, str(plan.destination), NAMES, held)
        hold(both, str(plan.run.staging.table), NAMES, staged)
        wanted = [a_wanted(dice) for _ in range(EACH)]
        checks, _ = read_checks(contract_of(wanted), "contract.yml", "orders")
        plan = replace(plan, publishing=replace(plan.publishing, checks=checks))
        whole = afterwards(plan, held, staged)

        ((_, *told),) = both.run(checks_query(plan))

        for check, failures in zip(checks, told, strict=True):
            rows = whole if check.scope is Scope.TABLE else [(row, True) for row in staged]
            one = wanted[int(check.name.removeprefix("c"))]
            assert check.verdict(Decimal(failures)) is one.verdict(rows), (check, failures)


NUMBERS = ("1", "100", "1e3", "0", "1.50", "2.0", "-0.5", "123456.7")
TYPES = ("INT64", "NUMERIC", "BIGNUMERIC", "FLOAT64")


@pytest.mark.parametrize("written", NUMBERS)
def test_a_number_is_found_as_the_text_that_bigquery_makes_of_it(
    googlesql: GoogleSql, written: str
) -> None:
    """Whatever the type of the column is that holds it."""
    rule = {"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": ["@"]}}
    columns = [{"name": "c", "quality": [rule]}]
    contract = {"apiVersion": "v3.1.0", "schema": [{"name": "t", "properties": columns}]}
    text = json.dumps(contract).replace('"@"', written)
    ((check,), _) = read_checks(text, "contract.yml", "t")
    is_whole = Decimal(written) % 1 == 0
    types = [kind for kind in TYPES if is_whole or kind != "INT64"]
    casts = ", ".join(f"CAST(CAST({written} AS {kind}) AS STRING)" for kind in types)
    (found,) = googlesql.query(f"SELECT {casts}").rows
    assert isinstance(check.rule, AcceptedValues)
    assert {*found} <= {*check.rule.values}
