"""The forms as text: each type has one, and names are quoted wherever they stand."""

import pyarrow as pa
import pytest

from auto_schema.canonical import (
    FORMS,
    Form,
    bigquery_row,
    bigquery_row_text,
    bigquery_sums,
    compared,
    excluded,
    losses,
    postgresql_row,
    postgresql_row_text,
    postgresql_sums,
)
from auto_schema.postgresql_extensions import COMPOSITE, COMPOSITE_TEXT, EXTENSIONS, OWN_TEXT
from auto_schema.postgresql_table import POSTGRESQL
from auto_schema.postgresql_types import Look, PostgresType, postgresql_column
from auto_schema.schema import Column
from auto_schema.warehouse_types import NUMERIC_TYPES, REPEATED


def a_column(bigquery: str = "INT64", **rest) -> Column:
    words = {"name": "c", "source_name": "c", "source_type": "", "select": "{c}"} | rest
    return Column(arrow=pa.string(), bigquery=bigquery, **words)


def test_every_type_of_the_type_table_has_a_form():
    rules = [*POSTGRESQL.values(), *EXTENSIONS.values(), COMPOSITE, COMPOSITE_TEXT, OWN_TEXT]
    planned = {rule.bigquery for rule in rules} | set(NUMERIC_TYPES)
    assert planned == set(FORMS)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("side", ["postgresql", "bigquery"])
def test_a_template_holds_the_value_and_no_other_brace(form: Form, side: str):
    text = getattr(form, side)
    assert "{c}" in text
    assert not set(text.replace("{c}", "").replace("{1}", "")) & set("{}")


def test_only_floats_have_different_values_that_are_written_alike():
    assert {kind for kind, form in FORMS.items() if form.loss} == {"FLOAT64"}
    columns = [a_column("STRING", name="s"), a_column("FLOAT64", name="x")]
    assert losses(columns) == (("x", "the sign of zero"),)


def test_a_column_without_a_form_is_named_and_left_out_on_both_sides():
    columns = (a_column(), a_column("GEOGRAPHY", name="place"))
    assert compared(columns) == columns[:1]
    ((name, why),) = excluded(columns)
    assert name == "place"
    assert "GEOGRAPHY" in why
    assert postgresql_row_text(columns) == postgresql_row_text(columns[:1])
    assert bigquery_row_text(columns) == bigquery_row_text(columns[:1])


def test_rows_without_a_comparable_column_have_the_empty_text():
    assert postgresql_row_text(()) == "'' AS row_text"
    assert bigquery_row_text(()) == "'' AS row_text"


def test_names_are_each_sides_own_and_quoted():
    column = a_column(name="große", source_name='a"b {c} %')
    assert 'q."a""b {c} %"' in postgresql_row_text([column])
    assert "s.`große`" in bigquery_row_text([column])


def test_the_source_is_read_as_copy_reads_it():
    column = postgresql_column("o", PostgresType("oid", "oid"))
    assert '(q."o"::int8)::text' in postgresql_row_text([column])
    column = postgresql_column("j", PostgresType("jsonb", "jsonb"))
    assert 'length(pg_catalog.concat(q."j")), \':\', q."j"' in postgresql_row_text([column])


def test_arrays_are_counted_and_written_in_their_order():
    kind = PostgresType("float8[]", "float8", is_array=True)
    column = postgresql_column("u", kind, look=Look(is_flat=True))
    assert column.mode == REPEATED
    text = postgresql_row_text([column])
    assert 'coalesce(pg_catalog.cardinality(q."u"), 0)' in text
    assert 'unnest(q."u") WITH ORDINALITY AS u(element, place) ORDER BY u.place' in text
    text = bigquery_row_text([column])
    assert "UNNEST(s.`u`) AS element WITH OFFSET AS place ORDER BY place" in text


def test_arrays_of_texts_are_joined_by_two_signs_and_taken_apart_nowhere():
    """A query for each row took most of a repair's time."""
    kind = PostgresType("uuid[]", "uuid", is_array=True)
    column = postgresql_column("u", kind, look=Look(is_flat=True))
    assert column.mode == REPEATED
    said = {'q."u"::text[]': postgresql_row([column]), "s.`u`": bigquery_row([column])}
    for value, text in said.items():
        assert "SELECT" not in text
        assert [f"to_string({value}, '{sign}')" in text.casefold() for sign in ",;"] == [True] * 2


@pytest.mark.parametrize("sums", [postgresql_sums, bigquery_sums])
def test_a_comment_at_the_end_of_the_rows_swallows_nothing(sums):
    text = sums("SELECT x -- why")
    assert "SELECT x -- why\n)" in text
    assert [text.count(f"word{number}") for number in (1, 2, 3, 4, 5)] == [1, 1, 1, 1, 0]
