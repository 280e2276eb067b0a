"""dbt's properties files as checks: what is known is read as dbt reads it, the rest is told."""

from decimal import Decimal

import pytest

from auto_schema.errors import ManyErrors, SyncError
from pipeline.checks.dbt_tests import TESTS
from pipeline.checks.read import read_checks
from smart_sync.check import (
    AcceptedRange,
    AcceptedValues,
    Condition,
    Expression,
    Matches,
    NotNull,
    NotNullProportion,
    Recent,
    Related,
    RowCount,
    Scope,
    Severity,
    Unique,
    Verdict,
)

PROJECT = """
version: 2

sources:
  - name: app
    freshness: {warn_after: {count: 12, period: hour}}
    tables:
      - name: orders
        columns: [{name: id, tests: [a_test_of_their_own]}]

models:
  - name: dim_users
    columns:
      - name: id
        data_tests: [some_package.some_test]

  - name: Orders
    description: "{{ doc('orders') }}"
    config: {tags: [daily]}
    data_tests:
      - dbt_utils.unique_combination_of_columns:
          combination_of_columns: [customer_id, placed_at]
      - dbt_utils.recency:
          name: orders_are_fresh
          arguments: {datepart: day, field: placed_at, interval: 2}
          config: {severity: warn}
      - dbt_expectations.expect_table_row_count_to_be_between: {min_value: 1}
    columns:
      - name: id
        description: key
        data_tests:
          - unique
          - not_null:
              config:
                where: "placed_at > '2024-01-01'"
                error_if: ">10"
                warn_if: ">= 1"
      - name: status
        tests:
          - accepted_values: {values: ['placed', 'shipped'], quote: true, severity: WARN}
          - accepted_values:
              name: code_is_known
              values: [1, 2]
              quote: false
              enabled: true
      - name: customer_id
        data_tests:
          - relationships: {to: ref('customers'), field: id}
          - relationships:
              arguments: {to: "source('crm', 'people')", field: person}
          - test_name: dbt_utils.not_null_proportion
            name: most_have_customers
            at_least: 0.95
      - name: amount
        data_tests:
          - dbt_utils.accepted_range: {min_value: 0, max_value: "10 * 10", inclusive: false}
          - dbt_utils.expression_is_true: {expression: ">= fee"}
      - name: mail
        data_tests:
          - dbt_expectations.expect_column_values_to_match_regex: {regex: '^[^@]+@', flags: i}
          - not_null: {config: {enabled: false}}
"""


def of(text, table="t"):
    return read_checks(text, "schema.yml", table)[0]


def told(text, table="t"):
    with pytest.raises(SyncError) as caught:
        of(text, table)
    return str(caught.value)


def of_column(test, table="t"):
    return of(f"models: [{{name: t, columns: [{{name: c, data_tests: [{test}]}}]}}]", table)


def test_a_project_is_read_as_it_is():
    checks, models = read_checks(PROJECT, "schema.yml", "orders")
    assert models == ("dim_users", "Orders")
    rules = {check.name: check.rule for check in checks}
    assert rules == {
        "unique_combination_of_columns_orders_customer_id_placed_at": Unique(
            ("customer_id", "placed_at")
        ),
        "orders_are_fresh": Recent("placed_at", "DAY", 2),
        "expect_table_row_count_to_be_between_orders": RowCount(1, None),
        "unique_orders_id": Unique(("id",)),
        "not_null_orders_id": NotNull("id"),
        "accepted_values_orders_status": AcceptedValues("status", ("placed", "shipped")),
        "code_is_known": AcceptedValues("status", ("1", "2"), is_text=False),
        "relationships_orders_customer_id": Related("customer_id", "customers", "id"),
        "relationships_orders_customer_id_2": Related("customer_id", "crm.people", "person"),
        "most_have_customers": NotNullProportion("customer_id", Decimal("0.95")),
        "accepted_range_orders_amount": AcceptedRange("amount", "0", "10 * 10", False),
        "expression_is_true_orders_amount": Expression(">= fee", "amount"),
        "expect_column_values_to_match_regex_orders_mail": Matches("mail", "(?i)^[^@]+@"),
    }
    by_name = {check.name: check for check in checks}
    limited = by_name["not_null_orders_id"]
    assert limited.where == "placed_at > '2024-01-01'"
    assert [limited.verdict(Decimal(n)) for n in (0, 1, 10, 11)] == [
        Verdict.PASSED,
        Verdict.WARNED,
        Verdict.WARNED,
        Verdict.FAILED,
    ]
    assert by_name["accepted_values_orders_status"].severity is Severity.WARN
    assert {name for name, check in by_name.items() if check.scope is Scope.TABLE} == {
        "unique_combination_of_columns_orders_customer_id_placed_at",
        "orders_are_fresh",
        "expect_table_row_count_to_be_between_orders",
        "unique_orders_id",
    }


def test_a_table_that_no_model_names_has_no_checks():
    assert read_checks(PROJECT, "schema.yml", "t") == ((), ("dim_users", "Orders"))


def test_a_model_is_known_by_its_alias():
    text = "models: [{name: m, config: {alias: t}, columns: [{name: c, tests: [not_null]}]}]"
    assert [check.rule for check in of(text)] == [NotNull("c")]
    assert of(text, "m") == ()


def test_all_that_is_wrong_is_told_at_once_by_its_place():
    text = """models:
  - name: t
    data_tests:
      - not_null
      - dbt_utils.equal_rowcount: {compare_model: ref('x')}
    columns:
      - data_tests: [unique]
      - name: c
        data_tests:
          - accepted_values: {valus: [a]}
          - dbt_utils.accepted_range: {min_value: "{{ var('low') }}"}
          - not_null: {config: {severity: fatal, error_if: many}}
          - unique: {config: {fail_calc: max(n)}}
          - dbt_expectations.expect_column_values_to_match_regex: {regex: x, row_condition: a > 1}
"""
    with pytest.raises(ManyErrors) as caught:
        of(text)
    lines = [(fault.what, fault.where) for fault in caught.value.errors]
    assert lines == [
        ("a test that needs a column", "schema.yml, line 4, column 9"),
        ("a test that is not known", "schema.yml, line 5, column 9"),
        ("a column without a name", "schema.yml, line 7, column 9"),
        ("an argument is missing", "schema.yml, line 10, column 13"),
        ("unknown argument", "schema.yml, line 10, column 31"),
        ("Jinja in a test", "schema.yml, line 11, column 51"),
        ("malformed config", "schema.yml, line 12, column 43"),
        ("malformed config", "schema.yml, line 12, column 60"),
        ("an argument that is not supported", "schema.yml, line 13, column 31"),
        ("an argument that is not supported", "schema.yml, line 14, column 78"),
    ]
    unknown = caught.value.errors[1]
    assert all(name in unknown.fix for name in TESTS)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("models: {name: t}", "models is no list"),
        ("models: [{name: t, data_tests: not_null}]", "data_tests is no list"),
        ("models: [{name: t, columns: [{name: c, tests: [[a]]}]}]", "a test without a name"),
        ("models: [{name: t, versions: [{v: 1, columns: [{name: c}]}]}]", "a model's version"),
    ],
)
def test_what_is_no_list_is_told(text, what):
    assert what in told(text)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("!=0", Condition()),
        ("> 10", Condition(">", Decimal(10))),
        ("between 1 and 5", Condition("between", Decimal(1), Decimal(5))),
    ],
)
def test_conditions_are_dbts(written, wanted):
    (check,) = of_column(f'{{not_null: {{config: {{error_if: "{written}"}}}}}}')
    assert check.error_if == wanted


@pytest.mark.parametrize("written", ["> many", "10", "> nan", "between 1 and x", "> 1 or < 0"])
def test_what_is_no_condition_is_refused(written):
    test = f'{{not_null: {{config: {{warn_if: "{written}"}}}}}}'
    assert "malformed config" in told(
        f"models: [{{name: t, columns: [{{name: c, data_tests: [{test}]}}]}}]"
    )


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [("hour", ("HOUR", 3)), ("week", ("DAY", 21)), ("YEAR", ("DAY", 1095))],
)
def test_units_are_those_that_bigquery_takes(unit, wanted):
    test = f"{{dbt_utils.recency: {{datepart: {unit}, field: c, interval: 3}}}}"
    (check,) = of(f"models: [{{name: t, data_tests: [{test}]}}]")
    assert (check.rule.unit, check.rule.number) == wanted


def test_a_unit_that_is_none_is_told_where_it_stands():
    test = "{dbt_utils.recency: {datepart: fortnight, field: c, interval: 3}}"
    text = told(f"models: [{{name: t, data_tests: [{test}]}}]")
    assert "malformed argument" in text
    assert "dbt_utils.recency, datepart: 'fortnight'" in text
