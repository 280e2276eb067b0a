"""What a run may alter of columns that are there, and what it needs of them."""

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.bigquery_types import SCALES, BigqueryType
from auto_schema.conform import conform
from auto_schema.errors import SchemaError
from auto_schema.evolve import (
    AddColumn,
    Alteration,
    Conflict,
    CurrentField,
    Evolution,
    conflict_error,
    diff,
)
from auto_schema.schema import Column, TableSchema
from auto_schema.widening import WIDENINGS, How, fitted, is_made, widened
from smart_sync.altering import altering, inexact_faults
from tests.factories import (
    COLUMNS,
    DESTINATION,
    a_plan,
    a_request,
    a_source_column,
    a_target,
    some_facts,
    some_fields,
)

EVOLVES = Evolution(evolves=True)


def kinds() -> st.SearchStrategy[BigqueryType]:
    """Types that may be widened, with parameters that BigQuery allows, or without."""
    numeric = st.sampled_from(sorted(SCALES)).flatmap(
        lambda name: (
            st.tuples(st.integers(0, 29), st.integers(0, SCALES[name]))
            .filter(any)
            .map(lambda two: BigqueryType(name, parameters=(two[0] + two[1], two[1])))
        )
    )
    texts = st.builds(
        lambda name, length: BigqueryType(name, parameters=(length,)),
        st.sampled_from(["STRING", "BYTES"]),
        st.integers(1, 100),
    )
    plain = st.sampled_from(
        ["INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC", "STRING", "BYTES", "DATE"]
    )
    return st.one_of(numeric, texts, plain.map(BigqueryType))


def column_of(kind: BigqueryType) -> Column:
    return Column("c", "c", kind.display, "{c}", kind.arrow, kind.name, declared=kind.parameters)


def field_of(kind: BigqueryType, mode: str = "NULLABLE") -> CurrentField:
    return CurrentField("c", kind.name, mode, "", kind)


def holds(outer: BigqueryType, inner: BigqueryType) -> bool:
    """Whether a type has room for all that another declares."""
    if outer.name != inner.name:
        return is_made(inner.name, outer.name)
    if not outer.parameters:
        return True
    if not inner.parameters:
        return False
    if outer.name not in SCALES:
        return outer.parameters[0] >= inner.parameters[0]
    before = outer.parameters[0] - outer.scale >= inner.parameters[0] - inner.scale
    return before and outer.scale >= inner.scale


@given(kinds(), kinds())
def test_what_is_widened_has_room_for_both_and_then_stays(there, wanted):
    after = widened(there, column_of(wanted))
    if after is None:
        return
    assert holds(after, there)
    assert holds(after, wanted)
    assert widened(after, column_of(wanted)) is None
    once_more = fitted(column_of(wanted), after, evolves=True)
    assert once_more == fitted(column_of(wanted), after, evolves=False)


@given(kinds(), kinds())
def test_after_its_alterations_a_table_has_no_difference(there, wanted):
    column = fitted(column_of(wanted), there, evolves=True)
    changes = diff({"c": field_of(there, "REQUIRED")}, TableSchema((column,)), EVOLVES)
    if any(isinstance(change, Conflict) for change in changes):
        return
    after = next((c.kind for c in changes if isinstance(c, Alteration) and c.kind), there)
    assert diff({"c": field_of(after)}, TableSchema((column,)), EVOLVES) == ()


@given(kinds(), st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=9))
def test_integers_go_into_a_wider_column_exactly_or_are_refused(there, numbers):
    column = fitted(column_of(BigqueryType("INT64")), there, evolves=False)
    batch = pa.record_batch([pa.array(numbers, pa.int64())], names=["c"])
    conformed = conform(batch, TableSchema((column,)))
    dead = conformed.dead.num_rows if conformed.dead else 0
    got = conformed.batch.column("c").to_pylist()
    assert len(got) + dead == len(numbers)
    if there.name not in ("INT64", "NUMERIC", "BIGNUMERIC", "FLOAT64"):
        return  # a conflict of types: nothing is published
    fit = [n for n in numbers if _fits(n, there)]
    assert [int(value) for value in got] == fit


def _fits(number: int, there: BigqueryType) -> bool:
    if there.name == "FLOAT64":
        return abs(number) <= 2**53
    return (
        not there.parameters
        or len(str(abs(number))) <= there.parameters[0] - there.scale
        or (number == 0)
    )


@pytest.mark.parametrize("rule", WIDENINGS, ids=lambda rule: f"{rule.before}-{rule.after}")
def test_each_line_of_the_table_is_altered_or_refused_with_statements(rule):
    column = column_of(BigqueryType(rule.after))
    there = {"c": field_of(BigqueryType(rule.before))}
    (change,) = diff(there, TableSchema((column,)), EVOLVES)
    if rule.how is How.BY_HAND:
        assert isinstance(change, Conflict)
        assert rule.cast.format(c="`c`") in change.by_hand
        assert not change.evolves
        return
    assert isinstance(change, Alteration)
    assert change.action == f"SET DATA TYPE {rule.after}"
    assert change.is_conditional is (rule.how is How.IF_EXACT)
    (refused,) = diff(there, TableSchema((column,)))
    assert isinstance(refused, Conflict)
    assert refused.evolves


def test_a_text_keeps_how_it_is_compared():
    kind = BigqueryType("STRING", parameters=(3,))
    field = CurrentField("c", "STRING", "NULLABLE", "", kind, "und:ci")
    (change,) = diff({"c": field}, TableSchema((column_of(BigqueryType("STRING")),)), EVOLVES)
    assert altering(DESTINATION, change) == (
        f'ALTER TABLE {DESTINATION.sql} ALTER COLUMN `c` SET DATA TYPE STRING COLLATE "und:ci"'
    )


def test_a_key_is_relaxed_only_where_its_type_grows():
    key, column = field_of(BigqueryType("INT64"), "REQUIRED"), column_of(BigqueryType("INT64"))
    may = Evolution(evolves=True, never_null=frozenset({"c"}))
    assert diff({"c": key}, TableSchema((column,)), may) == ()
    wider = column_of(BigqueryType("NUMERIC"))
    changes = diff({"c": key}, TableSchema((wider,)), may)
    assert [change.action for change in changes] == ["DROP NOT NULL", "SET DATA TYPE NUMERIC"]


def test_a_column_that_is_gone_or_new_is_as_without_evolve():
    gone = CurrentField("gone", "STRING")
    changes = diff({"gone": gone}, TableSchema((column_of(BigqueryType("DATE")),)), EVOLVES)
    assert [type(change) for change in changes] == [AddColumn]


def test_integers_that_no_double_holds_are_counted_in_the_refusal():
    columns = (*COLUMNS, a_source_column("n", "float8"))
    fields = (*some_fields(), CurrentField("n", "INT64", "NULLABLE", "", BigqueryType("INT64")))
    request, target = a_request(evolution="evolve"), a_target(fields=fields)
    plan = a_plan(request, columns=columns, target=target)
    (alteration,) = plan.changes.altered
    facts = some_facts(request, columns=columns, target=target)
    facts = replace(facts, inexact={"n": 1234})
    (fault,) = inexact_faults(request, facts, (alteration,))
    assert isinstance(fault, SchemaError)
    assert "1,234 integers are there that FLOAT64 doesn't hold exactly" in fault.why


def record(*fields):
    return BigqueryType("STRUCT", fields=fields)


def refusal(there, wanted):
    column = replace(column_of(wanted), bigquery=wanted.display, shape=wanted)
    field = replace(field_of(there), bigquery=there.display)
    return conflict_error("p.d.t", "`p.d.t`", diff({"c": field}, TableSchema((column,)))).fix


def test_fields_that_a_record_lacks_at_its_end_are_added_by_a_command_that_is_named():
    a, b = ("a", BigqueryType("INT64"), ""), ("b", BigqueryType("STRING"), "")
    within, more = (("x", replace(record(*f), is_array=True), "") for f in ((a,), (a, b)))
    fix = refusal(record(within), record(more))
    assert "write the new c.x.b as NULLABLE at the end of its record" in fix
    assert "bq update p:d.t schema.json" in fix
    assert "c.x.b and c.b as NULLABLE at the end of their records" in refusal(
        record(within), record(more, b)
    )
    others = [(record(within, b), record(more)), (record(b), record(a, b)), (record(a), a[1])]
    assert not any("bq update" in refusal(there, wanted) for there, wanted in others)
