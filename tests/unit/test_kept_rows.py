"""What a dead letter keeps of its row comes back bit for bit, whatever its types."""

import json
import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.kept_row import AS_STAGED, Stage, kept_row, noted, packed, unpacked
from auto_schema.staged_row import header, unpacked_staged
from auto_schema.typed_values import ARROW

MICROS = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)
BEYOND = st.integers(-(2**63), 2**63 - 1)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    pa.bool_(): st.booleans(),
    pa.int16(): st.integers(-(2**15), 2**15 - 1),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): BEYOND,
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float32(): st.floats(width=32),
    pa.float64(): st.floats(),
    pa.decimal128(38, 9): st.integers(-(10**38) + 1, 10**38 - 1),
    pa.decimal256(76, 38): st.integers(-(10**76) + 1, 10**76 - 1),
    pa.string(): st.text(),
    pa.large_string(): st.text(),
    pa.binary(): st.binary(),
    pa.binary(12): st.binary(min_size=12, max_size=12),
    pa.date32(): st.integers(-(2**31), 2**31 - 1),
    pa.timestamp("us"): BEYOND,
    pa.timestamp("us", "UTC"): BEYOND,
    pa.timestamp("ms", "UTC"): BEYOND,
    pa.time64("us"): st.integers(0, 86_400_000_000),
}
"""By the type what its storage may hold: also what no calendar and no BigQuery has."""


def array_of(kind: pa.DataType, values: list[Any]) -> Any:
    if pa.types.is_decimal(kind):
        return _decimals(values, kind)
    if pa.types.is_temporal(kind):
        return pa.array(values, pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)
    return pa.array(values, kind)


def _decimals(values: list[Any], kind: Any) -> Any:
    width = kind.bit_width // 8
    data = b"".join((v or 0).to_bytes(width, "little", signed=True) for v in values)
    mask = pa.array([v is not None for v in values])
    valid = mask.buffers()[1]
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(data)])


@st.composite
def columns(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(list(VALUES)))
    values = draw(st.lists(st.none() | VALUES[kind], min_size=3, max_size=3))
    flat = array_of(kind, values)
    if draw(st.booleans()):
        return flat
    return pa.ListArray.from_arrays(pa.array([0, 0, 2, 3], pa.int32()), flat)


@given(st.lists(columns(), min_size=1, max_size=6), st.integers(0, 2))
def test_a_row_that_was_kept_is_the_row_that_arrived(arrays: list[Any], index: int) -> None:
    names = [f"c{number}" for number in range(len(arrays))]
    batch = pa.RecordBatch.from_arrays(arrays, names=names)
    kept = kept_row(batch, index, dict(zip(names, names, strict=True)), {}, ["secret"])
    row = unpacked(kept.text)
    assert kept.stage is Stage.ARRIVED
    assert noted(row) == (frozenset({"secret"}), {})
    assert row.schema.equals(batch.schema)
    for name in names:
        there, here = row.column(name), batch.column(name).slice(index, 1)
        assert bits_of(there) == bits_of(here)


def bits_of(array: Any) -> Any:
    """One value by its bytes, for values that Python has none for."""
    if pa.types.is_list(array.type):
        return (array.is_valid().to_pylist(), [bits_of(v) for v in pieces(array.flatten())])
    if not array[0].is_valid:
        return None
    if pa.types.is_boolean(array.type):
        return array[0].as_py()
    if pa.types.is_string(array.type) or pa.types.is_binary(array.type):
        return array.cast(pa.binary())[0].as_py()
    if pa.types.is_large_string(array.type):
        return array[0].as_py()
    width = array.type.bit_width // 8
    data = array.buffers()[1].to_pybytes()
    return data[array.offset * width : (array.offset + 1) * width]


def pieces(array: Any) -> list[Any]:
    return [array.slice(place, 1) for place in range(len(array))]


def test_bytes_that_are_no_utf8_are_kept_in_a_text() -> None:
    data = pa.py_buffer(b"\xff\xfe")
    offsets = pa.py_buffer((0).to_bytes(4, "little") + (2).to_bytes(4, "little"))
    array = pa.StringArray.from_buffers(1, offsets, data)
    row = unpacked(packed(pa.RecordBatch.from_arrays([array], names=["a"])))
    assert row.column(0).cast(pa.binary())[0].as_py() == b"\xff\xfe"


def test_a_row_of_200_columns_is_kept_in_some_thousand_characters() -> None:
    names = [f"a_column_of_some_name_{number}" for number in range(200)]
    batch = pa.record_batch({name: [number] for number, name in enumerate(names)})
    kept = kept_row(batch, 0, dict(zip(names, names, strict=True)), {}, ())
    assert len(kept.text) < 9_000


@pytest.mark.parametrize("text", ["", "arrow2:", "arrow1:AAAA", "arrow1:!"])
def test_what_was_kept_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a row|[Bb]ase64|padding"):
        unpacked(text)


STAGED: dict[str, tuple[st.SearchStrategy[Any], Any]] = {
    "STRING": (st.text(), str),
    "BOOL": (st.booleans(), lambda v: str(v).lower()),
    "INT64": (BEYOND, str),
    "FLOAT64": (st.floats().map(lambda x: math.nan if math.isnan(x) else x), repr),
    "NUMERIC": (st.decimals(-(10**20), 10**20, places=9), str),
    "BIGNUMERIC": (st.decimals(-(10**30), 10**30, places=38), lambda v: f"{v:f}"),
    "DATE": (st.integers(-719_162, 2_932_896), str),
    "DATETIME": (MICROS, str),
    "TIMESTAMP": (MICROS, str),
    "TIME": (st.integers(0, 86_399_999_999), str),
}


@given(st.data(), st.sampled_from(list(STAGED)), st.booleans())
def test_a_staged_row_comes_back_from_its_texts(data: Any, kind: str, is_repeated: bool) -> None:
    strategy, text_of = STAGED[kind]
    values = data.draw(st.lists(strategy, min_size=1, max_size=3))
    values = values if is_repeated else values[:1]
    texts = [text_of(value) for value in values]
    written = json.dumps(texts) if is_repeated else texts[0]
    row = unpacked_staged(
        header([("c", kind, is_repeated, "masked")], ["gone"]) + json.dumps({"c0": written})
    )
    assert noted(row) == (frozenset({"gone"}), {"c": "masked"})
    array = row.column(AS_STAGED + "c")
    flat = array.flatten() if is_repeated else array
    assert flat.type == ARROW[kind]
    wanted = array_of(ARROW[kind], values) if kind not in ("NUMERIC", "BIGNUMERIC") else None
    if wanted is not None:
        assert [bits_of(v) for v in pieces(flat)] == [bits_of(v) for v in pieces(wanted)]
    else:
        assert flat.to_pylist() == values


def test_nulls_and_empty_lists_come_back_from_a_staged_row() -> None:
    described = [("a", "DATE", False, ""), ("b", "INT64", True, ""), ("c", "BYTES", False, "")]
    row = unpacked_staged(
        header(described, ()) + json.dumps({"c0": None, "c1": None, "c2": "/w=="})
    )
    assert [row.column(n)[0].as_py() for n in range(3)] == [None, [], b"\xff"]
