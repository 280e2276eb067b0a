"""What becomes of values by whole columns, held against plain Python value by value."""

import math
import struct
from decimal import Context, Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_schema import decimal_texts, masks
from auto_schema.casts import CASTS
from auto_schema.masks import is_maskable, masked
from auto_schema.reshaping import Passage, Reshaper, Reshaping
from auto_schema.row_filter import ORDERED, RowFilter, takes
from auto_schema.row_filter import Test as RowTest
from auto_schema.schema import Column, TableSchema
from auto_schema.transform import Mask
from auto_schema.transform_text import COMPARISONS, METHODS, NULLS, SETS
from auto_schema.typed_values import ARROW
from tests import plain_transformations as plain
from tests.plain_transformations import REFUSED, VALUES

WIDE = Context(prec=38)


def bits(value):
    """Doubles by their bits but for NaN, of which any is as good."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else struct.pack("<d", value)
    return value


def column(values, kind, cut=0):
    return pa.array([*values[:cut], *values], ARROW[kind]).slice(cut)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("BIGNUMERIC", "7.876653384662442e+49"),
        ("BIGNUMERIC", "-3347258757e32"),
        ("NUMERIC", "-19946e+28"),
        ("NUMERIC", "7959964517787905e17"),
    ],
)
def test_a_number_that_is_too_large_by_its_power_is_none(kind, text):
    """Arrow wraps these, so that what is left looks like another number."""
    values = pa.array([text, "1.5e3", None])
    found, bad = CASTS["STRING", kind].convert(values, ARROW[kind])
    assert found.to_pylist() == [None, Decimal(1500), None]
    assert bad.to_pylist() == [True, False, False]
    doubles = pa.array([float(text), 1500.0, None])
    found, bad = CASTS["FLOAT64", kind].convert(doubles, ARROW[kind])
    assert found.to_pylist() == [None, Decimal(1500), None]
    assert bad.to_pylist() == [True, False, False]


def test_a_clock_further_from_utc_than_googlesql_knows_is_no_timestamp():
    zones = ["+14", "-14:00", "+13:59", "+14:01", "-15", "+23:59", "+01:60"]
    texts = [f"2025-01-05 10:00:00{zone}" for zone in zones]
    wanted = ARROW["TIMESTAMP"]
    found, bad = CASTS["STRING", "TIMESTAMP"].convert(pa.array(texts), wanted)
    assert bad.to_pylist() == [False, False, False, True, True, True, True]
    taken = [plain.cast(text, "STRING", "TIMESTAMP") for text in texts[:3]]
    assert found.to_pylist() == [*taken, None, None, None, None]


@pytest.mark.parametrize("pair", CASTS, ids="-".join)
@given(st.data())
def test_a_cast_gives_what_plain_python_gives_or_refuses(pair, data):
    source, target = pair
    values = data.draw(st.lists(st.none() | VALUES[source], max_size=6))
    cut = data.draw(st.integers(0, len(values)))

    array, bad = CASTS[pair].convert(column(values, source, cut), ARROW[target])

    assert array.type == ARROW[target]
    refused = [False] * len(values) if bad is None else bad.to_pylist()
    found = [REFUSED if no else value for no, value in zip(refused, array.to_pylist(), strict=True)]
    wanted = [plain.cast(value, source, target) for value in values]
    assert list(map(bits, found)) == list(map(bits, wanted))
    assert all(value is None for no, value in zip(refused, array.to_pylist(), strict=True) if no)


@pytest.mark.parametrize("kind", ["NUMERIC", "BIGNUMERIC"])
@given(st.data())
def test_decimals_have_the_same_texts_with_and_without_c(kind, data):
    values = data.draw(st.lists(st.none() | VALUES[kind], max_size=6))
    cut = data.draw(st.integers(0, len(values)))
    units = column(values, kind, cut)
    found, _ = CASTS[kind, "STRING"].convert(units, pa.string())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decimal_texts, "compiled", None)
        wanted, _ = CASTS[kind, "STRING"].convert(units, pa.string())
    found.validate(full=True)
    assert found.equals(wanted)


@given(st.lists(st.none() | st.integers(1 - 10**38, 10**38 - 1)), st.integers(0, 38))
def test_decimals_of_any_scale_have_their_texts(units, scale):
    values = [None if one is None else Decimal(one).scaleb(-scale, WIDE) for one in units]
    array = pa.array(values, pa.decimal128(38, scale))
    found, _ = CASTS["NUMERIC", "STRING"].convert(array, pa.string())
    wanted = [None if one is None else plain.cast(one, "NUMERIC", "STRING") for one in values]
    assert found.to_pylist() == wanted


def test_texts_of_values_that_lie_outside_of_their_bytes_are_refused():
    for words in ((b"\0" * 16, 0, 2, 0), (b"\0" * 16, -1, 1, 0), (b"\0" * 16, 0, 1, 39)):
        with pytest.raises(ValueError, match="outside of their bytes"):
            decimal_texts.compiled.decimals(*words)


MASKABLE = [(kind, method) for kind in ARROW for method in METHODS if is_maskable(kind, method)]


@pytest.mark.parametrize("pair", MASKABLE, ids="-".join)
@pytest.mark.parametrize("compiled", [True, False])
@given(st.data())
def test_a_mask_gives_what_plain_python_gives(pair, compiled, data):
    kind, method = pair
    values = data.draw(st.lists(st.none() | VALUES[kind], max_size=6))
    cut, salt = data.draw(st.integers(0, len(values))), data.draw(st.text(max_size=80))
    salt = salt.encode("utf-8", "ignore").decode()
    with pytest.MonkeyPatch.context() as patch:
        if not compiled:
            patch.setattr(masks, "compiled", None)
            patch.setattr(decimal_texts, "compiled", None)
        found = masked(column(values, kind, cut), kind, method, salt.encode())

    assert found.to_pylist() == [plain.masked(value, kind, method, salt) for value in values]


def test_what_has_no_text_is_hidden_whole_only():
    kinds = {kind for kind in (*ARROW, "JSON", "GEOGRAPHY") if not is_maskable(kind, "last4")}
    assert kinds == {"FLOAT64", "BYTES", "JSON", "GEOGRAPHY"}
    assert all(is_maskable(kind, method) for kind in kinds for method in ("redact", "null"))


def operators(kind):
    return [o for o in (*COMPARISONS, *SETS, *NULLS) if o != "==" and takes(kind, o)]


@pytest.mark.parametrize("kind", [*sorted(ORDERED), "BOOL"])
@given(st.data())
def test_a_filter_keeps_what_plain_python_keeps(kind, data):
    values = data.draw(st.lists(st.none() | VALUES[kind], min_size=1, max_size=6))
    there = [value for value in values if value is not None]
    drawn = st.sampled_from(there) | VALUES[kind] if there else VALUES[kind]
    parts = []
    for _ in range(data.draw(st.integers(1, 2))):
        part = []
        for _ in range(data.draw(st.integers(1, 2))):
            operator = data.draw(st.sampled_from(operators(kind)))
            count = (
                0 if operator in NULLS else data.draw(st.integers(1, 3 * (operator in SETS) or 1))
            )
            asked = tuple(
                data.draw(VALUES[kind] if values == [None] else drawn) for _ in range(count)
            )
            part.append(RowTest("v", operator, asked))
        parts.append(tuple(part))
    batch = pa.RecordBatch.from_arrays([column(values, kind)], names=["v"])

    found = RowFilter(tuple(parts)).kept(batch).to_pylist()

    said = [
        [("v", t.operator, t.values if t.operator in SETS else (*t.values, None)[0]) for t in part]
        for part in parts
    ]
    wanted = [plain.kept({"v": value}, said) for value in values]
    assert found == wanted


@pytest.mark.parametrize("pair", CASTS, ids="-".join)
@settings(max_examples=25)
@given(st.data())
def test_cast_default_and_mask_follow_each_other_as_plain_python_has_them(pair, data):
    source, target = pair
    values = data.draw(st.lists(st.none() | VALUES[source], max_size=6))
    default = data.draw(st.none() | VALUES[target])
    methods = [method for method in METHODS if is_maskable(target, method)]
    method = data.draw(st.none() | st.sampled_from(methods))
    kind = "STRING" if method not in (None, "null") else target
    published = Column("v", "v", "", "", ARROW[kind], kind)
    mask = None if method is None else Mask(method)
    passage = Passage(published, source, target, default, mask)
    arriving = TableSchema((Column("v", "v", "", "", ARROW[source], source),))
    reshaper = Reshaper(Reshaping(arriving, (passage,)), TableSchema((published,)))

    reshaped = reshaper.reshape({"v": column(values, source)}, len(values))

    refused = [False] * len(values)
    for name, where, _ in reshaped.refused:
        assert name == "v"
        refused = where.to_pylist()
    pairs = zip(refused, reshaped.arrays[0].to_pylist(), strict=True)
    found = [REFUSED if no else value for no, value in pairs]
    wanted = []
    for value in values:
        value = plain.cast(value, source, target)
        value = default if value is None else value
        value = abs(value) if value == 0 and isinstance(value, Decimal) else value  # NUMERIC's zero
        if value is not REFUSED and method is not None:
            value = plain.masked(value, target, method, "")
        wanted.append(value)
    assert list(map(bits, found)) == list(map(bits, wanted))


@pytest.mark.parametrize("kind", ARROW)
@settings(max_examples=25)
@given(st.data())
def test_a_constant_stands_in_every_row(kind, data):
    value = data.draw(st.none() | VALUES[kind])
    rows = data.draw(st.integers(0, 5))
    published = Column("k", "", "constant", "", ARROW[kind], kind)
    passage = Passage(published, constant=value)
    reshaper = Reshaper(Reshaping(TableSchema(()), (passage,)), TableSchema((published,)))
    (array,) = reshaper.reshape({}, rows).arrays
    assert array.type == ARROW[kind]
    assert list(map(bits, array.to_pylist())) == [bits(value)] * rows
