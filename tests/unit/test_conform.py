"""conform(): whole columns cast and checked, and exactly the bad rows set aside."""

import datetime as dt
import hashlib
import json
from decimal import Decimal, localcontext
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_schema import json_numbers
from auto_schema.conform import Checks, Conformed, conform
from auto_schema.dead_letters import dimensions_of
from auto_schema.errors import SourceChangedError
from auto_schema.limits import LETTER_BYTES
from auto_schema.ranges import MAX_DATE_DAYS, MAX_MICROS, MIN_DATE_DAYS, MIN_MICROS
from auto_schema.raw_row import DAY_MICROS
from auto_schema.schema import Column, TableSchema
from auto_schema.warehouse_types import REPEATED

MICROS, UTC_MICROS = pa.timestamp("us"), pa.timestamp("us", "UTC")


def a_column(name: str, arrow: pa.DataType, bigquery: str = "STRING") -> Column:
    mode = REPEATED if pa.types.is_list(arrow) else "NULLABLE"
    return Column(name, name, "", "{c}", arrow, bigquery, mode)


def of(array: Any, wanted: pa.DataType, *, checks: Checks | None = None, **kind: str) -> Conformed:
    """Conform one column `c` beside an `id` that numbers its rows."""
    batch = pa.RecordBatch.from_arrays(
        [pa.array(range(len(array)), pa.int64()), array], ["id", "c"]
    )
    columns = (a_column("id", pa.int64(), "INT64"), a_column("c", wanted, **kind))
    result = conform(batch, TableSchema(columns), checks)
    result.batch.validate(full=True)
    assert result.batch.schema == TableSchema(columns).staged.arrow
    assert result.batch.num_rows + len(letters(result)) == len(array)
    return result


def letters(result: Conformed) -> list[dict[str, Any]]:
    return result.dead.to_pylist() if result.dead is not None else []


def dead_ids(result: Conformed) -> list[int]:
    return [int(json.loads(letter["raw_row"])["id"]) for letter in letters(result)]


def good_ids(result: Conformed) -> list[int]:
    return result.batch.column("id").to_pylist()


def as_arrow(numbers: list[int | None], kind: pa.DataType) -> pa.Array:
    width = pa.int32() if pa.types.is_date32(kind) else pa.int64()
    return pa.array(numbers, width).view(kind)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        (MICROS, MIN_MICROS, MAX_MICROS),
        (UTC_MICROS, MIN_MICROS, MAX_MICROS),
        (pa.date32(), MIN_DATE_DAYS, MAX_DATE_DAYS),
        (pa.time64("us"), 0, DAY_MICROS - 1),
    ],
)
def test_both_ends_of_a_range_are_held_and_their_neighbours_refused(kind, low, high):
    extreme = 2**31 - 1 if pa.types.is_date32(kind) else 2**63 - 1
    numbers = [low, high, None, low - 1, high + 1, -extreme - 1, extreme]
    scalar = of(as_arrow(numbers, kind), kind)
    assert good_ids(scalar) == [0, 1, 2]
    assert dead_ids(scalar) == [3, 4, 5, 6]
    lists = pa.ListArray.from_arrays(pa.array(range(8), pa.int32()), as_arrow(numbers, kind))
    repeated = of(lists, pa.list_(kind))
    assert good_ids(repeated) == [0, 1]
    assert dead_ids(repeated) == [2, 3, 4, 5, 6]


def test_the_ends_of_the_range_are_bigquerys():
    assert as_arrow([MIN_MICROS, MAX_MICROS], MICROS).to_pylist() == [
        dt.datetime(1, 1, 1),
        dt.datetime(9999, 12, 31, 23, 59, 59, 999999),
    ]
    assert as_arrow([MIN_DATE_DAYS, MAX_DATE_DAYS], pa.date32()).to_pylist() == [
        dt.date.min,
        dt.date.max,
    ]


DECIMALS = st.one_of(
    st.none(),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-999, max_value=999).map(
        lambda value: f"{value:f}"
    ),
    st.sampled_from(["1000.00", "1.234", "nan", "inf", "", "abc", "-1000", "1e2x"]),
)


def _holds(text: str | None) -> bool:
    """Whether decimal(5, 2) holds it."""
    if text is None:
        return True
    try:
        value = Decimal(text)
    except ArithmeticError:
        return False
    return value.is_finite() and abs(value) < 1000 and value == round(value, 2)


@given(st.lists(DECIMALS, max_size=60), st.data())
def test_bisecting_finds_exactly_the_bad_rows_and_keeps_order_and_values(texts, data):
    start = data.draw(st.integers(0, len(texts)))
    end = data.draw(st.integers(start, len(texts)))
    array = pa.array(texts, pa.string()).slice(start, end - start)
    result = of(array, pa.decimal128(5, 2), bigquery="NUMERIC")
    part = texts[start:end]
    good = [index for index, text in enumerate(part) if _holds(text)]
    assert good_ids(result) == good
    assert dead_ids(result) == [index for index in range(len(part)) if index not in good]
    assert result.batch.column("c").to_pylist() == [
        None if part[i] is None else Decimal(part[i]) for i in good
    ]
    for letter, index in zip(letters(result), dead_ids(result), strict=True):
        assert (letter["column_name"], letter["value"]) == ("c", part[index])
        assert "2 after the point" in letter["reason"]


LISTS = st.lists(
    st.one_of(st.none(), st.lists(st.one_of(st.none(), st.integers(-3, 9)), max_size=4)),
    max_size=30,
)


def _list_is_good(value: list[int | None] | None) -> bool:
    return value is None or all(x is not None and 0 <= x < 8 for x in value)


@given(LISTS, st.data())
def test_lists_are_judged_by_their_own_elements_in_any_slice(lists, data):
    start = data.draw(st.integers(0, len(lists)))
    end = data.draw(st.integers(start, len(lists)))
    times = [v and [x if x is None else x * DAY_MICROS // 8 for x in v] for v in lists]
    kind = pa.list_(pa.time64("us"))
    array = pa.array(times, pa.list_(pa.int64())).cast(kind).slice(start, end - start)
    result = of(array, kind)
    part = lists[start:end]
    good = [index for index, value in enumerate(part) if _list_is_good(value)]
    assert good_ids(result) == good
    assert dead_ids(result) == [i for i in range(len(part)) if i not in good]
    numbers = result.batch.column("c").cast(pa.list_(pa.int64())).to_pylist()
    assert numbers == [times[start + i] or [] for i in good]


def test_what_lies_under_a_null_list_is_not_looked_at():
    values = pa.array([1, 2, None, 4, 5], pa.int64())
    offsets = pa.array([0, 1, 3, 5], pa.int32())
    array = pa.ListArray.from_arrays(offsets, values, mask=pa.array([False, True, False]))
    result = of(array, pa.list_(pa.int64()))
    assert result.batch.column("c").to_pylist() == [[1], [], [4, 5]]
    late = pa.ListArray.from_arrays(
        offsets, pa.array([1, 2, 3, 4, None]), mask=pa.array([False, True, False])
    )
    assert dead_ids(of(late, pa.list_(pa.int64()))) == [2]
    assert dead_ids(of(late.slice(1), pa.list_(pa.int64()))) == [1]


def test_extension_values_inside_sliced_lists_are_read_from_their_storage():
    kind = pa.opaque(pa.string(), "numeric", "PostgreSQL")
    values = pa.ExtensionArray.from_storage(kind, pa.array(["1.5", "2", "nan", "4"]))
    array = pa.ListArray.from_arrays(pa.array([0, 1, None, 2, 3, 4], pa.int32()), values)
    wanted = pa.list_(pa.decimal128(3, 1))
    arrived = of(array, wanted).batch.column("c").to_pylist()
    assert arrived == [[Decimal("1.5")], [Decimal(2)], [], [Decimal(4)]]
    assert dead_ids(of(array, wanted)) == [3]
    assert dead_ids(of(array.slice(1), wanted)) == [2]
    assert dead_ids(of(array.slice(3, 1), wanted)) == [0]


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (pa.string(), pa.decimal128(5, 2)),
        (pa.list_(pa.int32()), pa.list_(pa.int64())),
        (pa.list_(pa.list_(pa.int32())), pa.list_(pa.int64())),
        (pa.list_(pa.int32()), pa.int64()),
    ],
)
def test_no_rows_in_are_no_rows_out(raw, wanted):
    result = of(pa.array([], raw), wanted)
    assert result.batch.num_rows == 0
    assert result.dead is None


def test_empty_lists_of_a_type_that_cannot_be_cast_are_empty_lists():
    array = pa.array([[], []], pa.list_(pa.list_(pa.int32())))
    assert of(array, pa.list_(pa.int64())).batch.column("c").to_pylist() == [[], []]


def test_a_batch_of_nulls_stays_one():
    for kind in (MICROS, pa.date32(), pa.time64("us"), pa.decimal256(76, 38), pa.string()):
        assert of(pa.nulls(3, kind), kind).batch.column("c").null_count == 3


def test_a_batch_without_dead_letters_has_none():
    assert of(pa.array([1, 2], pa.int32()), pa.int64()).dead is None


def test_a_batch_of_bad_rows_only_leaves_none():
    result = of(pa.array(["nan"] * 5), pa.decimal128(5, 2))
    assert result.batch.num_rows == 0
    assert dead_ids(result) == [0, 1, 2, 3, 4]


def test_dimensions_beside_an_array_make_dead_letters_and_do_not_stay():
    schema = TableSchema((a_column("c", pa.list_(pa.int64()), "INT64"),))
    batch = pa.RecordBatch.from_arrays(
        [pa.array([[1], [1, 2], [], None]), pa.array([1, 2, 0, 0], pa.int32())],
        ["c", dimensions_of("c")],
    )
    result = conform(batch, schema)
    assert result.batch.to_pylist() == [{"c": [1]}, {"c": []}, {"c": []}]
    (letter,) = letters(result)
    assert letter["reason"] == "array of more than one dimension"
    assert json.loads(letter["raw_row"]) == {"c": ["1", "2"]}


def test_the_first_refused_column_in_the_schemas_order_names_the_letter():
    schema = TableSchema((a_column("b", pa.decimal128(3, 0)), a_column("a", pa.date32())))
    batch = pa.RecordBatch.from_arrays(
        [as_arrow([2**31 - 1, 2**31 - 1, 0], pa.date32()), pa.array(["x", "1", "y"])], ["a", "b"]
    )
    result = conform(batch, schema)
    assert [letter["column_name"] for letter in letters(result)] == ["b", "a", "b"]
    assert result.batch.num_rows == 0


def test_the_hash_of_a_letter_depends_on_its_row_and_on_nothing_else():
    first, second, third = letters(of(pa.array(["x"] * 3), pa.int64()))
    again = letters(of(pa.array(["1", "x", "x"]), pa.int64()))[0]
    assert first["row_hash"] != second["row_hash"]
    assert again["row_hash"] == second["row_hash"]
    assert len(third["row_hash"]) == 64


def _invalid_utf8(values: list[bytes | None]) -> pa.Array:
    binary = pa.array(values, pa.binary())
    return pa.StringArray.from_buffers(
        len(binary), binary.buffers()[1], binary.buffers()[2], binary.buffers()[0]
    )


@given(st.lists(st.one_of(st.none(), st.binary(max_size=4)), max_size=40), st.data())
def test_bytes_that_are_not_utf8_are_found_where_the_plan_asks(values, data):
    start = data.draw(st.integers(0, len(values)))
    array = _invalid_utf8(values).slice(start)

    def is_text(value: bytes | None) -> bool:
        try:
            return value is None or value.decode() is not None
        except UnicodeDecodeError:
            return False

    result = of(array, pa.string(), checks=Checks(utf8=True))
    good = [index for index, value in enumerate(values[start:]) if is_text(value)]
    assert good_ids(result) == good
    assert all("UTF-8" in letter["reason"] for letter in letters(result))


def test_bytes_that_are_not_utf8_are_found_inside_lists():
    values = _invalid_utf8([b"a", b"\xe9", b"b"])
    array = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3], pa.int32()), values)
    for each, bad in ((array, [1]), (array.slice(1), [0]), (array.slice(2), [])):
        result = of(each, pa.list_(pa.string()), checks=Checks(utf8=True))
        assert dead_ids(result) == bad
    (letter,) = letters(of(array, pa.list_(pa.string()), checks=Checks(utf8=True)))
    assert "UTF-8" in letter["reason"]


def test_the_letter_of_24_00_says_24_00():
    (letter,) = letters(of(as_arrow([DAY_MICROS], pa.time64("us")), pa.time64("us")))
    assert letter["value"] == "24:00:00"


def test_a_letters_value_is_cut_and_its_raw_row_is_not():
    (letter,) = letters(of(pa.array(["x" * 5000]), pa.int64()))
    assert len(letter["value"]) == 1000
    assert len(json.loads(letter["raw_row"])["c"]) == 5000


JSON_SAFE = (
    "1",
    "-0",
    "-0.0",
    "67.174118",
    "1687473876.057356",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "1e22",
    "1E-7",
    "1.7976931348623157e308",
    "5e-324",
    "100000000000000000000",
    "0.10000000000000000000",
    "1" + "0" * 308,
)
JSON_REFUSED = (
    "0.1234567890123456789",
    "18446744073709551617",
    "-9223372036854775809",
    "9007199254740993.0",
    "1e400",
    "-1E+400",
    "1e-400",
    "1" + "0" * 309,
    "1" + "0" * 5000,
    "1" * 5000,
    "0." + "0" * 400 + "1",
    "1e99999999999999999999",
)
AROUND = ("{}", "[{}]", "[1,{}]", '{{"a":{}}}', '{{"a": {}}}', "[\n{}\t]", " {} ")


def test_json_numbers_that_survive_are_let_pass_wherever_they_stand():
    texts = [around.format(number) for number in JSON_SAFE for around in AROUND]
    assert json_numbers.refused(pa.array(texts)) == {}


@pytest.mark.parametrize("number", JSON_REFUSED, ids=lambda number: f"{number[:22]}_{len(number)}")
def test_json_numbers_that_would_change_are_refused_wherever_they_stand(number):
    texts = pa.array([None, "1", *(around.format(number) for around in AROUND)])
    assert list(json_numbers.refused(texts)) == list(range(2, len(texts)))
    assert list(json_numbers.refused(texts.slice(2))) == list(range(len(AROUND)))


HALF_PAIRS = (
    r"\ud83d",
    r"\ude00",
    r"\uD83Dx",
    r"\ud83d\ud83d\ude00",
    r"\ude00\ud83d",
    r"\ud83d\n",
    "\\udBff ",
)
WHOLE = (r"\ud83d\ude00", r"\\ud83d", r"\u00e9\uD83D\uDE00\uffff", r"\\\\ude00", "\\u0000", "d83d")


def test_half_a_surrogate_pair_in_json_is_a_dead_letter_and_a_whole_one_is_not():
    halves = pa.array([None, *(f'{{"a": ["x{text}"]}}' for text in HALF_PAIRS)])
    assert list(json_numbers.refused(halves)) == list(range(1, len(halves)))
    assert json_numbers.refused(pa.array([f'"{text}"' for text in WHOLE])) == {}


UNKNOWN = pa.array([b"1234", b"5678"])
OTHER_FORMS = (
    (UNKNOWN, pa.int64()),
    (UNKNOWN, pa.string()),
    (pa.array([[b"1"]]), pa.list_(pa.int64())),
    (pa.array([1, 2]), MICROS),
    (pa.array([1, 2], MICROS), pa.timestamp("us", "UTC")),
    (pa.ExtensionArray.from_storage(pa.opaque(pa.binary(), "inet", "x"), UNKNOWN), pa.binary()),
    (pa.array([1.0]), pa.int64()),
    (pa.array([True]), pa.int64()),
)


@pytest.mark.parametrize(("raw", "wanted"), OTHER_FORMS, ids=lambda each: str(each)[:20])
def test_a_column_in_a_form_that_was_not_planned_is_refused_before_any_cast(raw, wanted):
    with pytest.raises(SourceChangedError, match="another form"):
        of(raw, wanted)


def test_digits_inside_json_strings_are_no_numbers():
    texts = ['"0.1234567890123456789"', '{"a: 1e400": ", 12345678901234567.8"}', r'"\": 1e400"']
    assert json_numbers.refused(pa.array(texts)) == {}


@given(
    st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.text(max_size=5),
            st.integers(-(2**63), 2**64 - 1),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_what_a_json_writer_makes_of_doubles_and_64_bit_integers_is_never_refused(value):
    assert json_numbers.refused(pa.array([json.dumps(value)])) == {}


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**25), max_value=10**25))
def test_a_json_number_is_refused_if_and_only_if_its_value_would_change(value):
    text = f"{value:f}"
    is_integer = "." not in text and -(2**63) <= int(text) < 2**64
    survives = is_integer or Decimal(text) == Decimal(repr(float(text)))
    assert (json_numbers.refused(pa.array([f"[{text}]"])) == {}) is survives


def test_json_deeper_than_500_levels_is_refused_and_brackets_in_strings_do_not_count():
    deep = ["[" * n + "]" * n for n in (500, 501)]
    texts = pa.array([*deep, '"' + "[" * 600 + '"', "[" + "[]," * 600 + "1]"])
    assert list(json_numbers.refused(texts)) == [1]


@pytest.mark.parametrize(("levels", "reasons"), [(500, {}), (501, {0: json_numbers.DEPTH_REASON})])
def test_the_shortest_json_that_is_too_deep_is_looked_at(levels, reasons):
    assert json_numbers.refused(pa.array(["[" * levels + "]" * levels, None]), "double") == reasons


def test_very_deep_json_with_a_candidate_number_is_refused_for_its_depth():
    text = "[" * 100_000 + "1e5" + "]" * 100_000
    assert "500 levels" in json_numbers.refused(pa.array([text]))[0]


def test_json_numbers_are_only_looked_at_in_json_columns_where_the_plan_says_so():
    array = pa.array(["1e400"])
    assert dead_ids(of(array, pa.string(), bigquery="JSON")) == [0]
    assert dead_ids(of(array, pa.string(), bigquery="STRING")) == []
    unlooked_at = Checks(json_numbers="")
    assert dead_ids(of(array, pa.string(), bigquery="JSON", checks=unlooked_at)) == []


PRINTED = (
    "67.17411800000001",
    "0.1",
    "1.10",
    "-0.0",
    "1e22",
    "9007199254740993",
    "1.5e-7",
    "12.3456",
)
PRINTED_OTHERWISE = ("67.174118", "-67.174118", "1e23", "0.2002386475503002", "9007199254740993.0")


@pytest.mark.parametrize("number", PRINTED)
def test_exact_json_numbers_are_let_pass_wherever_they_stand(number):
    texts = pa.array([None, "1", *(around.format(number) for around in AROUND)])
    assert json_numbers.refused(texts, "exact") == {}


@pytest.mark.parametrize("number", PRINTED_OTHERWISE)
def test_json_numbers_that_bigquery_prints_otherwise_are_refused_wherever_they_stand(number):
    texts = pa.array([None, "1", *(around.format(number) for around in AROUND)])
    reasons = json_numbers.refused(texts, "exact")
    assert list(reasons) == list(range(2, len(texts)))
    assert set(reasons.values()) == {json_numbers.EXACT_REASON}
    assert list(json_numbers.refused(texts.slice(2), "exact")) == list(range(len(AROUND)))


def test_digits_inside_json_strings_are_no_exact_numbers_and_other_faults_are_found_too():
    strings = ['"67.174118"', '{"at 67.174118": ", 67.174118"}', r'"\": 67.174118"', '"1.2345.6"']
    assert json_numbers.refused(pa.array(strings), "exact") == {}
    faulty = [r'["\ud83d"]', "[" * 501 + "67.174118" + "]" * 501]
    reasons = json_numbers.refused(pa.array(faulty), "exact")
    assert reasons == {0: json_numbers.SURROGATE_REASON, 1: json_numbers.DEPTH_REASON}


def test_very_deep_json_with_a_doubtful_number_is_refused_for_its_depth():
    text = "[" * 100_000 + "67.174118" + "]" * 100_000
    assert json_numbers.refused(pa.array([text]), "exact") == {0: json_numbers.DEPTH_REASON}


def test_exact_json_numbers_make_dead_letters_in_json_columns():
    array = pa.array(["67.174118", "0.1"])
    exact = Checks(json_numbers="exact")
    assert dead_ids(of(array, pa.string(), bigquery="JSON")) == []
    assert dead_ids(of(array, pa.string(), bigquery="STRING", checks=exact)) == []
    (letter,) = letters(of(array, pa.string(), bigquery="JSON", checks=exact))
    assert letter["reason"] == json_numbers.EXACT_REASON
    assert "json_numbers=double" in letter["reason"]
    assert "json_numbers=text" in letter["reason"]


def test_a_row_over_bigquerys_limit_is_a_dead_letter_that_names_its_largest_column():
    lists = pa.array([["a" * 10], ["b" * 400, "c" * 700], None, ["d"] * 3])
    found = of(lists, pa.list_(pa.string()), checks=Checks(row_bytes=1000))
    assert found.batch.column("id").to_pylist() == [0, 2, 3]
    (letter,) = found.dead.to_pylist()
    assert letter["column_name"] == "c"
    assert letter["reason"] == "a row of 1,108 bytes, the most is 1,000"
    texts = pa.array(["x" * 999, None, "y" * 1000, "z" * 10])
    found = of(texts, pa.string(), checks=Checks(row_bytes=1000))
    assert found.batch.column("id").to_pylist() == [1, 3]
    whole = of(texts, pa.string(), checks=Checks(row_bytes=10**6))
    assert whole.dead is None


def test_a_dead_letter_of_a_huge_row_is_cut_and_keeps_the_rows_own_hash():
    long = "x" * (LETTER_BYTES + 1)
    letters = of(pa.array([long, "y"]), pa.string(), checks=Checks(row_bytes=10**6)).dead
    (letter,) = letters.to_pylist()
    row = json.loads(letter["raw_row"])
    assert row["id"] == "0"
    assert row["c"] == "x" * 1000 + "… (cut)"
    whole = json.dumps({"id": "0", "c": long}, sort_keys=True)
    assert letter["row_hash"] == hashlib.sha256(whole.encode()).hexdigest()


@settings(deadline=None)
@given(st.data())
def test_a_decimal_that_is_rescaled_is_itself_or_refused(data):
    """Arrow's own cast wraps numbers of many digits where the scale grows."""
    kinds = [pa.decimal128(38, 0), pa.decimal128(38, 9), pa.decimal128(20, 2)]
    kinds += [pa.decimal256(76, 0), pa.decimal256(76, 38), pa.decimal256(40, 10)]
    kind, wanted = data.draw(st.sampled_from(kinds)), data.draw(st.sampled_from(kinds))
    most = 10**kind.precision - 1
    units = data.draw(st.lists(st.integers(-most, most), min_size=1, max_size=5))
    with localcontext(prec=200):
        values = [Decimal(unit).scaleb(-kind.scale) for unit in units]
        limit = Decimal(10) ** (wanted.precision - wanted.scale)
        fits = [abs(v) < limit and v == round(v, wanted.scale) for v in values]
    column = Column("a", "a", "numeric", "{c}", wanted, "NUMERIC")
    batch = pa.RecordBatch.from_arrays([pa.array(values, kind)], names=["a"])
    conformed = conform(batch, TableSchema((column,)))
    expected = [value for value, is_held in zip(values, fits, strict=True) if is_held]
    assert conformed.batch.column("a").to_pylist() == expected


@pytest.mark.parametrize(
    ("units", "kind", "wanted"),
    [
        (2290577810768128624123761552804776538, pa.decimal128(38, 0), pa.decimal128(38, 9)),
        (-41910106216042357732644645485269, pa.decimal128(38, 0), pa.decimal128(38, 9)),
        (int("26865811443340121042496974279354067230433754448858" + "8"), None, None),
    ],
)
def test_a_decimal_that_arrow_would_wrap_is_refused(units, kind, wanted):
    kind, wanted = kind or pa.decimal256(76, 0), wanted or pa.decimal256(76, 38)
    values = pa.array([Decimal(units), Decimal(5)], kind)
    column = Column("a", "a", "numeric", "{c}", wanted, "NUMERIC")
    batch = pa.RecordBatch.from_arrays([values], names=["a"])
    conformed = conform(batch, TableSchema((column,)))
    assert conformed.batch.column("a").to_pylist() == [Decimal(5)]
    assert conformed.dead is not None


def test_a_decimal_with_more_places_than_its_column_is_refused():
    values = pa.array(["1.25", "1.255", None, "2"]).cast(pa.decimal128(38, 9))
    result = of(values, pa.decimal128(5, 2), bigquery="NUMERIC")
    assert result.batch.column("c").to_pylist() == [Decimal("1.25"), None, Decimal(2)]
    assert dead_ids(result) == [1]
