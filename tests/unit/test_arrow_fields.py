"""Columns and values of somebody's own batches: BigQuery has them, or they are refused."""

import datetime

import pyarrow as pa
import pytest

from auto_schema.errors import SyncError
from pipeline.api.arrow_fields import against, resources_of
from pipeline.api.arrow_values import check_values

FAR = 253402300800  # seconds: the year 10000


@pytest.mark.parametrize(
    "kind",
    [pa.time64("ns"), pa.timestamp("ns"), pa.uint64(), pa.float16(), pa.null(), pa.duration("s")],
)
@pytest.mark.parametrize("inside", [lambda k: k, pa.list_, lambda k: pa.struct([("x", k)])])
def test_a_type_whose_values_would_be_changed_is_refused(kind, inside):
    with pytest.raises(SyncError, match="type without a match"):
        resources_of(pa.schema([("a", inside(kind))]))


@pytest.mark.parametrize("fields", [[("a", pa.int64()), ("A", pa.int64())]])
@pytest.mark.parametrize("inside", [pa.schema, lambda f: pa.schema([("s", pa.struct(f))])])
def test_columns_that_only_capitals_tell_apart_are_refused(fields, inside):
    with pytest.raises(SyncError, match="a column stands twice"):
        resources_of(inside(fields))


def column(name, kind, **more):
    return {"name": name, "type": kind, "mode": "NULLABLE", **more}


AMOUNT = column("a", "NUMERIC", precision="10", scale="2")
WHOLE = column("a", "BIGNUMERIC", precision="10")
OF_STRUCT = [column("s", "RECORD", fields=[column("x", "INTEGER"), column("y", "STRING")])]


@pytest.mark.parametrize(
    ("kind", "there", "told"),
    [
        (pa.decimal128(10, 3), AMOUNT, "would round"),
        (pa.list_(pa.decimal128(10, 3)), AMOUNT | {"mode": "REPEATED"}, "would round"),
        (pa.decimal128(38, 10), WHOLE, r"BIGNUMERIC\(10, 0\)"),
        (pa.decimal128(10, 2), AMOUNT, ""),
        (pa.decimal128(10, 3), column("a", "NUMERIC"), ""),
    ],
)
def test_a_column_that_would_round_is_refused(kind, there, told):
    schema = pa.schema([("a", kind)])
    if not told:
        against(schema, [there], "t")
        return
    with pytest.raises(SyncError, match=told):
        against(schema, [there], "t")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ([("x", pa.string())], r"'s\.x'.*STRING.*INTEGER"),
        ([("x", pa.int64()), ("z", pa.int64())], r"doesn't have.*'s\.z'"),
        ([("X", pa.int64())], ""),
    ],
)
def test_columns_within_columns_are_compared_as_well(fields, told):
    schema = pa.schema([("s", pa.struct(fields))])
    if not told:
        against(schema, OF_STRUCT, "t")
        return
    with pytest.raises(SyncError, match=told):
        against(schema, OF_STRUCT, "t")


VALUES = [
    (pa.timestamp("us", "UTC"), FAR * 1_000_000, FAR * 1_000_000 - 1),
    (pa.timestamp("us"), -62135596800000001, -62135596800000000),
    (pa.timestamp("ms"), FAR * 1_000, FAR * 1_000 - 1),
    (pa.timestamp("s", "Europe/Berlin"), FAR, FAR - 1),
    (pa.timestamp("s"), 2**62, 0),
    (pa.date32(), 2932897, 2932896),
    (pa.time64("us"), 86_400_000_000, 86_399_999_999),
]


@pytest.mark.parametrize(("kind", "bad", "good"), VALUES)
@pytest.mark.parametrize("inside", ["itself", "list", "struct"])
def test_a_value_that_no_query_could_read_is_refused(kind, bad, good, inside):
    def batch(value):
        values = pa.array([0, value, None], pa.int64() if kind.bit_width == 64 else pa.int32())
        values = values.view(kind)
        if inside == "list":
            values = pa.ListArray.from_arrays([0, 2, 2], values)
        elif inside == "struct":
            values = pa.StructArray.from_arrays([values], ["x"])
        return pa.record_batch({"a": values})

    check_values(batch(good))
    with pytest.raises(SyncError, match=r"a value that BigQuery can't hold \(column 'a'\)"):
        check_values(batch(bad))


def test_a_list_that_holds_null_is_refused_and_an_empty_or_missing_one_is_not():
    lists = pa.list_(pa.string())
    check_values(pa.record_batch({"a": pa.array([["x"], [], None], lists)}))
    check_values(pa.record_batch({"a": pa.array([["x"], ["y", None]], lists)}).slice(0, 1))
    with pytest.raises(SyncError, match="a list holds NULL"):
        check_values(pa.record_batch({"a": pa.array([["x", None]], lists)}))


def test_usual_values_pass():
    check_values(
        pa.RecordBatch.from_pylist(
            [{"n": 1, "t": datetime.datetime(2025, 1, 1), "x": {"y": 1.5}, "l": ["a"]}]
        )
    )
