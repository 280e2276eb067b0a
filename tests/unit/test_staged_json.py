"""The guard over staged JSON texts, which tests/googlesql/test_json_texts.py holds to GoogleSQL."""

import pyarrow as pa
import pytest

from auto_schema.conform import Checks
from auto_schema.schema import Column, TableSchema
from pipeline.destination.elements import SplitBatch
from pipeline.runs.outcome import Failure
from pipeline.steps import conform
from tests.staged_json import fault

DEEP = "[" * 5000 + "]" * 5000
SCHEMA = TableSchema((Column("j", "j", "json", "{c}", pa.string(), "JSON"),))


@pytest.mark.parametrize("text", ["[1,]", "NaN", '{"a":-Infinity}', "1e400", "01", "", "{'a':1}"])
def test_what_is_no_json_is_told(text):
    assert fault(text)


@pytest.mark.parametrize("text", ["null", " 1.5e308\n", '"\\ud83d"', '{"a":1,"a":2}', DEEP])
def test_what_the_local_bigquery_judges_itself_is_left_to_it(text):
    assert not fault(text)


def test_a_run_that_lets_such_a_text_through_fails():
    batch = pa.RecordBatch.from_arrays([pa.array(['{"a":NaN}', "1"])], names=["j"])
    element = SplitBatch(0, 1, batch)

    failure = conform.conformed_or_failure(element, SCHEMA, Checks(json_numbers="text"))

    assert isinstance(failure, Failure)
    assert "NaN is no JSON" in str(failure)
