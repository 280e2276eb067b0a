"""What stands against checks before BigQuery is asked."""

from dataclasses import replace

import pytest

from smart_sync.check import (
    AcceptedRange,
    AcceptedValues,
    Check,
    Condition,
    Expression,
    Matches,
    Measured,
    NotNull,
    Recent,
    Related,
    Unique,
)
from smart_sync.check_faults import check_faults
from smart_sync.check_plan import check_lines
from smart_sync.check_text import text_fault
from tests.factories import a_plan, a_request, a_source_column

COLUMNS = (
    a_source_column("id", "int8"),
    a_source_column("raw", "bytea"),
    a_source_column("extra", "jsonb"),
    a_source_column("updated_at", "timestamptz"),
)


def faults(*checks):
    plan = a_plan(columns=COLUMNS)
    return [
        (fault.what, fault.where) for fault in check_faults(a_request(checks=checks), plan.schema)
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "a",
        "a > 1 -- ) it's",
        'a > 1 # ( " ',
        "a /* ; ( ' */ > 1",
        "a IN (SELECT b FROM `we(ird`.t WHERE c = ')')",
        'a = \'\'\'it\'s ( \'\'\' OR a = """ ) "" """',
        r"a = r'\'(' OR a = '\\' OR a = ''",
        "a = '' OR b[OFFSET(0)] = \"\"",
    ],
)
def test_an_expression_may_hold_what_the_language_has(sql):
    assert text_fault(sql) == ""


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("TRUE) OR (TRUE", "closes"),
        ("a > 1)", "closes"),
        ("(a > 1", "not closed"),
        ("a[1)", "closes"),
        ("a = 'x", "not closed"),
        ("a = '''x''", "not closed"),
        ("a = 'x\n'", "not closed"),
        ("a = `x", "not closed"),
        ("TRUE /* all", "not closed"),
        ("TRUE /* /* */ ) OR (TRUE -- */", "closes"),
        ("TRUE; DROP TABLE t", "';'"),
        (" -- nothing", "nothing in it"),
    ],
)
def test_a_text_that_ends_what_stands_around_it_is_refused(sql, why):
    assert why in text_fault(sql)


@pytest.mark.parametrize(
    ("check", "place"),
    [
        (Check("c", "k", NotNull("id"), where="TRUE) OR (TRUE"), "where"),
        (Check("c", "k", Expression("id > 0) OR (TRUE")), "expression"),
        (Check("c", "k", AcceptedRange("id", "(1", "2)")), "min_value"),
        (Check("c", "k", AcceptedRange("id", "1", "2)) OR ((TRUE")), "max_value"),
        (Check("c", "k", AcceptedValues("id", ("1", "2) AND id IN (3"), is_text=False)), "values"),
    ],
)
def test_every_text_of_sql_must_stand_alone(check, place):
    assert ("SQL that is no expression", f"check c, {place}") in faults(check)


def test_what_can_never_be_asked_is_told_of_all_checks_at_once():
    checks = (
        Check("a", "unique", Unique(("extra",))),
        Check("b", "accepted_values", AcceptedValues("raw", ("x",))),
        Check("c", "regex", Matches("raw", "x")),
        Check("d", "regex", Matches("id", "(")),
        Check("e", "relationships", Related("id", "a.b.c.d", "id")),
        Check("f", "not_null", NotNull("idd")),
        Check("g", "accepted_values", AcceptedValues("raw", ("b'x'",), is_text=False)),
        Check("i", "duplicateValues", Measured(Condition(), Unique(("extra",)))),
        Check("j", "recency", Recent("updated_at", "DAY", 800_000)),
        Check("k", "recency", Recent("updated_at", "MICROSECOND", 800_000_000_000)),
        Check("h", "accepted_values", AcceptedValues("id", (") OR (", "'"))),
    )
    assert faults(*checks) == [
        ("values that can't be compared", "check a, column 'extra'"),
        ("values that are no text", "check b, column 'raw'"),
        ("values that are no text", "check c, column 'raw'"),
        ("a regular expression that RE2 doesn't know", "check d"),
        ("no name of a table", "check e"),
        ("a check of an unknown column", "check f, column 'idd'"),
        ("values that can't be compared", "check i, column 'extra'"),
        ("an interval before all time", "check j"),
    ]


def test_an_expression_in_place_of_a_column_is_answered_with_what_does_it():
    """dbt takes any SQL as `column_name`, which some use for keys of several columns."""
    check = Check("u", "unique", Unique(("concat(id, '-', raw)",)))
    (fault,) = check_faults(a_request(checks=(check,)), a_plan(columns=COLUMNS).schema)
    assert "unique_combination_of_columns" in fault.fix


def test_what_checks_read_of_tables_is_shown_with_its_price():
    plan = a_plan(columns=COLUMNS)
    checked = replace(plan.publishing, checks=(Check("n", "not_null", NotNull("id")),))
    plan = replace(plan, publishing=replace(checked, checks_bytes=2**40))
    assert any(
        "bytes of tables that are there, about $6.2500" in line for line in check_lines(plan)
    )
