"""Open Data Contract Standard contracts as checks: read as they are, faults by their place."""

from decimal import Decimal

import pytest

from auto_schema.errors import ManyErrors, SyncError
from pipeline.checks.contract_rules import METRICS, THRESHOLDS
from pipeline.checks.read import read_checks
from smart_sync.check import (
    AcceptedValues,
    Condition,
    Matches,
    Measured,
    Missing,
    NotNull,
    Recent,
    Scope,
    Severity,
    Unique,
    Verdict,
)

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: 5a1f3c52-9d0e-4d5a-8f0c-3f1a2b7c9d10
name: Orders
version: 2.3.0
status: active
domain: sales
description:
  purpose: Orders of the web shop, one row each.
servers:
  - {server: production, type: bigquery, project: shop, dataset: sales}
schema:
  - name: customers
    physicalName: crm_customers
    logicalType: object
    properties:
      - name: id
        logicalType: integer
        quality: [{type: custom, engine: soda, implementation: "..."}]
  - id: orders_obj
    name: orders
    physicalName: shop.sales.Orders_V2
    physicalType: table
    quality:
      - name: enough_orders
        metric: rowCount
        mustBeGreaterThan: 1000
        dimension: completeness
        businessImpact: operational
        schedule: 0 20 * * *
        scheduler: cron
      - type: library
        metric: duplicateValues
        arguments: {properties: [customer, placed_at]}
        mustBe: 0
      - type: text
        description: Orders of tests are never in it.
    properties:
      - name: id
        logicalType: integer
        primaryKey: true
        required: true
        unique: true
        quality:
          - {type: library, rule: nullValues, mustBe: 0, severity: error}
          - {metric: duplicateValues, mustBeLessThan: 1, unit: percent}
      - name: customer
        physicalName: customer_id
        tags: [personal]
        quality:
          - id: most_have_customers
            metric: nullValues
            unit: percent
            mustBeGreaterOrEqualTo: 0.5
            mustBeLessThan: 5
            severity: Warning
      - name: status
        quality:
          - metric: invalidValues
            arguments: {validValues: [placed, shipped, null]}
            mustBeLessThan: 5
            unit: rows
          - metric: missingValues
            arguments: {missingValues: [null, '', 'N/A', 0, 1.50]}
            mustBeBetween: [0, 10]
          - metric: missingValues
            arguments: {missingValues: ['']}
            mustNotBe: 7
      - name: mail
        quality:
          - metric: invalidValues
            arguments: {pattern: '^[^@]+@{{1}'}
            mustNotBeBetween: [10, 20]
      - name: placed_at
        logicalType: timestamp
slaProperties:
  - {property: generalAvailability, value: 2024-01-01}
  - {property: retention, value: 3, unit: y, element: orders.placed_at}
  - {property: Latency, value: 2, unit: d, element: "orders.placed_at, customers.id"}
  - {id: hourly, property: ly, value: 6, unit: hours, element: Orders_V2.customer}
  - {property: latency, value: soon, unit: some, element: customers.id}
support:
  - {channel: '#orders', tool: slack}
"""
HEAD = "{apiVersion: v3.1.0, kind: DataContract, schema: "


def of(text, table="t"):
    return read_checks(text, "contract.yml", table)[0]


def told(text, table="t"):
    with pytest.raises(SyncError) as caught:
        of(text, table)
    return str(caught.value)


def of_column(rule):
    return f"{HEAD}[{{name: t, properties: [{{name: c, quality: [{rule}]}}]}}]}}"


def test_a_contract_is_read_as_it_is():
    checks, tables = read_checks(CONTRACT, "contract.yml", "orders_v2")
    assert tables == ("crm_customers", "orders_v2")
    percent = {"failing": NotNull("customer_id"), "is_percent": True}
    assert {check.name: check.rule for check in checks} == {
        "enough_orders": Measured(Condition(">", Decimal(1000))),
        "duplicateValues_orders_v2_customer_id_placed_at": Unique(("customer_id", "placed_at")),
        "nullValues_orders_v2_id": NotNull("id"),
        "duplicateValues_orders_v2_id": Measured(
            Condition("<", Decimal(1)), Unique(("id",)), is_percent=True
        ),
        "most_have_customers": Measured(Condition(">=", Decimal("0.5")), **percent),
        "most_have_customers_2": Measured(Condition("<", Decimal(5)), **percent),
        "invalidValues_orders_v2_status": AcceptedValues("status", ("placed", "shipped")),
        "missingValues_orders_v2_status": Missing(
            "status", ("", "N/A", "0", "1.50", "1.5"), is_null=True
        ),
        "missingValues_orders_v2_status_2": Missing("status", ("",)),
        "invalidValues_orders_v2_mail": Matches("mail", "^[^@]+@{{1}"),
        "Latency_orders_v2_placed_at": Recent("placed_at", "DAY", 2),
        "hourly": Recent("customer_id", "HOUR", 6),
    }
    assert {check.name for check in checks if check.severity is Severity.WARN} == {
        "most_have_customers",
        "most_have_customers_2",
    }
    assert {check.name for check in checks if check.scope is Scope.TABLE} == {
        "enough_orders",
        "duplicateValues_orders_v2_customer_id_placed_at",
        "duplicateValues_orders_v2_id",
        "Latency_orders_v2_placed_at",
        "hourly",
    }
    assert {check.kind for check in checks} == {*METRICS, "Latency", "ly"}


def test_an_object_is_known_by_its_name_where_no_table_is_called_so():
    assert len(of(CONTRACT, "ORDERS")) == 12
    both = (
        f"{HEAD}[{{name: t, physicalName: other, quality: [{{metric: rowCount, mustBe: 1}}]}},"
        "{name: u, physicalName: t}]}"
    )
    assert of(both) == ()


def test_a_table_that_is_in_no_object_has_no_checks():
    assert read_checks(CONTRACT, "c", "t") == ((), ("crm_customers", "Orders_V2"))


@pytest.mark.parametrize(
    ("threshold", "good", "bad"),
    [
        ("mustBe: 2", (2,), (1, 3)),
        ("mustNotBe: 2", (1, 3), (2,)),
        ("mustBeGreaterThan: 2", (3,), (2,)),
        ("mustBeGreaterOrEqualTo: 2", (2,), (1,)),
        ("mustBeLessThan: 2", (1,), (2,)),
        ("mustBeLessOrEqualTo: 2", (2,), (3,)),
        ("mustBeBetween: [2, 4]", (2, 3, 4), (1, 5)),
        ("mustNotBeBetween: [2, 4]", (1, 5), (2, 3, 4)),
    ],
)
def test_a_check_fails_where_its_threshold_does_not_hold(threshold, good, bad):
    for severity, verdict in (("", Verdict.FAILED), ("info", Verdict.WARNED)):
        rule = f"{{metric: nullValues, {threshold}, severity: '{severity}'}}"
        (check,) = of(of_column(rule))
        assert {check.verdict(Decimal(n)) for n in good} == {Verdict.PASSED}
        assert {check.verdict(Decimal(n)) for n in bad} == {verdict}
    (check,) = of(of_column(f"{{metric: nullValues, {threshold}, unit: percent}}"))
    assert all(check.rule.wanted.holds(Decimal(n)) for n in good)
    assert not any(check.rule.wanted.holds(Decimal(n)) for n in bad)


def test_all_that_is_wrong_is_told_at_once_by_its_place():
    text = """apiVersion: v3.1.0
schema:
  - name: t
    quality:
      - {metric: nullValues, mustBe: 0}
      - {metric: duplicateValues, mustBe: 0}
      - {metric: rowCount, mustBe: 0, unit: percent}
      - {type: sql, query: "SELECT 1", mustBe: 0}
    properties:
      - logicalType: string
      - name: c
        quality:
          - {metric: rowCount, mustBe: 0}
          - {metric: freshness, mustBeLessThan: 24}
          - {type: custom, engine: soda, implementation: x}
          - {description: valid}
          - {metric: nullValues}
          - {metric: nullValues, mustBeLess: 3}
          - {metric: nullValues, mustBe: none}
          - {metric: nullValues, mustBeBetween: [3, 1]}
          - {metric: nullValues, mustBe: 0, unit: permille}
          - {metric: nullValues, mustBe: 0, arguments: {properties: [c]}}
          - {metric: missingValues, mustBe: 0}
          - {metric: invalidValues, mustBe: 0, arguments: {validValues: [a], pattern: a}}
          - {metric: invalidValues, mustBe: 0, arguments: {validValues: [null]}}
      - name: nested
        properties: [{name: inner, quality: [{metric: nullValues, mustBe: 0}]}]
      - name: list
        items: {quality: [{metric: nullValues, mustBe: 0}]}
  - name: u
    quality: [{metric: nonsense}]
slaProperties:
  - {property: latency, value: 4, unit: d}
  - {property: latency, value: 4, unit: d, element: nowhere.c}
  - {property: latency, value: 4, unit: d, element: c}
  - {property: latency, value: 0.5, unit: d, element: t.c}
  - {property: latency, value: 4, unit: m, element: t.c}
"""
    with pytest.raises(ManyErrors) as caught:
        of(text)
    lines = [
        (fault.what, fault.where.removeprefix("contract.yml, ")) for fault in caught.value.errors
    ]
    assert lines == [
        ("a property without a name", "line 10, column 9"),
        ("a metric that doesn't stand here", "line 5, column 18"),
        ("an argument is missing", "line 6, column 18"),
        ("malformed argument", "line 7, column 45"),
        ("a type of rule that is not known", "line 8, column 16"),
        ("a metric that doesn't stand here", "line 13, column 22"),
        ("a metric that is not known", "line 14, column 22"),
        ("a type of rule that is not known", "line 15, column 20"),
        ("a rule without a metric", "line 16, column 13"),
        ("a rule without a threshold", "line 17, column 22"),
        ("unknown argument", "line 18, column 34"),
        ("malformed argument", "line 19, column 42"),
        ("malformed argument", "line 20, column 49"),
        ("malformed argument", "line 21, column 51"),
        ("unknown argument", "line 22, column 57"),
        ("an argument is missing", "line 23, column 22"),
        ("an argument that is not supported", "line 24, column 78"),
        ("an argument that is not supported", "line 25, column 60"),
        ("a rule within a column", "line 27, column 36"),
        ("a rule within a column", "line 29, column 17"),
        ("an argument is missing", "line 33, column 5"),
        ("an element that is in no object", "line 34, column 5"),
        ("an element that is in no object", "line 35, column 5"),
        ("malformed argument", "line 36, column 32"),
        ("malformed argument", "line 37, column 41"),
    ]
    by_line = {fault.where.split(",")[1]: fault for fault in caught.value.errors}
    assert all(name in by_line[" line 14"].fix for name in METRICS)
    assert all(name in by_line[" line 15"].fix for name in METRICS)
    assert all(name in by_line[" line 17"].fix for name in THRESHOLDS)


@pytest.mark.parametrize(
    ("version", "is_known"),
    [("v3.1.0", True), ("v3.0.2", True), ("3.1.0", True), ("v2.2.2", False), ("v4.0.0", False)],
)
def test_versions_that_are_not_known_are_refused(version, is_known):
    text = f"{{apiVersion: {version}, kind: DataContract, schema: []}}"
    if is_known:
        assert of(text) == ()
    else:
        assert "a version of the standard that is not known" in told(text)


def test_a_contract_without_a_version_is_refused():
    assert "no apiVersion" in told("kind: DataContract")


@pytest.mark.parametrize("element", ["c", "t.c", "d.t.c"])
def test_of_one_object_an_element_needs_no_more_than_the_property(element):
    sla = f"[{{property: latency, value: 1, unit: y, element: {element}}}]"
    (check,) = of(f"{HEAD}[{{name: t}}], slaProperties: {sla}}}")
    assert check.rule == Recent("c", "DAY", 365)


def test_the_default_element_is_that_of_agreements_that_name_none():
    sla = "slaDefaultElement: t.c, slaProperties: [{property: latency, value: 9, unit: min}]"
    (check,) = of(f"{HEAD}[{{name: t}}, {{name: u}}], {sla}}}")
    assert check.rule == Recent("c", "MINUTE", 9)
