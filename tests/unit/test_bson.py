"""Raw BSON → columns and JSON: whole arrays and one by one say the same, and lose nothing."""

import decimal
import json
from collections.abc import Iterable
from typing import Any

import bson
import numpy as np
import pyarrow as pa
import pytest
from bson.codec_options import DatetimeConversion
from bson.json_util import JSONMode, JSONOptions, loads
from bson.raw_bson import RawBSONDocument
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.dead_letters import RAW_ROW, REFUSED_COLUMN, REFUSED_REASON
from auto_schema.mongodb_types import EXTRA, FORMS
from auto_schema.schema import Column
from sources.mongodb import bson_elements as b
from sources.mongodb import bson_json
from sources.mongodb.bson_elements import MOST_STEPS
from sources.mongodb.rows import Layout, batches

pytestmark = pytest.mark.usefixtures("each_bson_decoder")
OPTIONS = JSONOptions(
    json_mode=JSONMode.RELAXED,
    uuid_representation=0,
    datetime_conversion=DatetimeConversion.DATETIME_MS,
)
SCALARS: dict[str, Any] = {
    "int": 1,
    "negative": -(2**31),
    "long": bson.Int64(2**62),
    "double": 1.5,
    "whole": 2.0,
    "tiny": 5e-324,
    "huge": 1.7976931348623157e308,
    "minus zero": -0.0,
    "nan": float("nan"),
    "infinite": float("-inf"),
    "text": 'say "hi"\n\\ \x00 \x1f é 🎉',
    "empty": "",
    "id": bson.ObjectId("0123456789abcdef01234567"),
    "true": True,
    "none": None,
    "decimal": bson.Decimal128("1.10"),
    "decimal nan": bson.Decimal128("NaN"),
    "bytes": b"\x00\xff",
    "md5": bson.Binary(b"x" * 16, 5),
    "old": bson.Binary(b"abc", 2),
    "uuid": bson.Binary(bytes(range(16)), 4),
    "regex": bson.Regex('^a.*"b', "imx"),
    "code": bson.Code("f('x')"),
    "scoped": bson.Code("f(x)", {"x": [1, {"y": None}]}),
    "stamp": bson.Timestamp(1700000000, 7),
    "date": bson.DatetimeMS(1_700_000_000_123),
    "old date": bson.DatetimeMS(-62135596800001),
    "last date": bson.DatetimeMS(253402300799999),
    "later date": bson.DatetimeMS(253402300800000),
    "first": bson.MinKey(),
    "last": bson.MaxKey(),
    "ref": bson.DBRef("c", 5),
    "document": {"a": {"b": {}}, "": 1, "a.b": 2, "$x": 3},
    "array": [1, "x", [], {}, None, [[2.5]]],
    "no items": [],
}


def raw_document(elements: Iterable[tuple[int, bytes, bytes]]) -> bytes:
    """A document of (type, name, value bytes)."""
    body = b"".join(bytes([type_]) + name + b"\0" + value for type_, name, value in elements)
    return (len(body) + 5).to_bytes(4, "little") + body + b"\0"


def texts(data: bytes) -> list[str]:
    """Each document as JSON, by whole arrays."""
    buffer = b.Buffer(data)
    return bson_json.document_texts(buffer, *buffer.documents()).to_pylist()


def one_by_one(data: bytes) -> list[str]:
    """Each document as JSON, element by element."""
    buffer = b.Buffer(data)
    starts, ends = buffer.documents()
    places = zip(starts.tolist(), ends.tolist(), strict=True)
    return [bson_json.one_document(buffer, start, end).decode() for start, end in places]


def canonical(text: str) -> bytes:
    """The BSON that an Extended JSON text stands for."""
    return bson.encode(loads(text, json_options=OPTIONS))


def column(name: str, form: str, mode: str = "NULLABLE") -> Column:
    """A planned column of that form."""
    rule = FORMS[form.partition(":")[0]]
    kind = pa.list_(rule.arrow) if mode == "REPEATED" else rule.arrow
    return Column(name, name, form, form, kind, rule.bigquery, mode)


@pytest.mark.parametrize("name", SCALARS)
def test_a_value_of_each_type_is_the_json_that_mongodbs_own_tools_read_back(name: str) -> None:
    data = bson.encode({"v": SCALARS[name]}) * 3
    written = texts(data)
    assert written == one_by_one(data)
    back = canonical(written[0])
    wanted = bson.encode({"v": SCALARS[name]})
    if name in ("long", "negative", "int"):
        assert json.loads(written[0])["v"] == SCALARS[name]
    else:
        assert back == wanted


def test_symbol_pointer_and_undefined_keep_their_types() -> None:
    data = raw_document(
        [
            (b.SYMBOL, b"s", b"\x03\0\0\0ab\0"),
            (b.DB_POINTER, b"p", b"\x02\0\0\0c\0" + bytes(12)),
            (b.UNDEFINED, b"u", b""),
        ]
    )
    expected = {
        "s": {"$symbol": "ab"},
        "p": {"$dbPointer": {"$ref": "c", "$id": {"$oid": "0" * 24}}},
        "u": {"$undefined": True},
    }
    assert [json.loads(text) for text in texts(data)] == [expected]
    assert texts(data) == one_by_one(data)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.binary(max_size=9)
    | st.builds(bson.ObjectId, st.binary(min_size=12, max_size=12))
    | st.builds(bson.DatetimeMS, st.integers(-(2**62), 2**62)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abc.$é", max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)
documents = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "c", "long name of it"]), values), max_size=12
)


@given(documents)
def test_whole_arrays_write_what_one_by_one_writes(many: list[dict[str, Any]]) -> None:
    data = b"".join(map(bson.encode, many))
    assert list(map(json.loads, texts(data))) == list(map(json.loads, one_by_one(data)))


@given(documents)
def test_nothing_of_a_document_is_lost_between_columns_and_extra(
    many: list[dict[str, Any]],
) -> None:
    data = b"".join(map(bson.encode, many))
    layout = Layout((column("a", "int"), column("b", "json"), column(EXTRA, "json")))
    rows = [row for batch in batches(data, layout) for row in batch.to_pylist()]
    assert len(rows) == len(many)
    for row, document in zip(rows, many, strict=True):
        if row.get(RAW_ROW) is not None:
            assert (row[REFUSED_COLUMN], type(document["a"])) != ("a", int)
            assert json.loads(row[RAW_ROW]) == json.loads(one_by_one(bson.encode(document))[0])
            continue
        whole = json.loads(row[EXTRA] or "{}")
        whole |= {"a": row["a"]} if row["a"] is not None else {}
        whole |= {"b": json.loads(row["b"])} if row["b"] is not None else {}
        kept = {name: value for name, value in document.items() if (name, value) != ("a", None)}
        assert whole == json.loads(one_by_one(bson.encode(kept))[0])


def test_documents_that_differ_in_every_field_are_walked_one_by_one() -> None:
    many = [{f"k{i}_{j}": j for j in range(3)} | {"id": i, "last": str(i)} for i in range(200)]
    data = b"".join(map(bson.encode, many))
    layout = Layout((column("id", "int"), column("last", "string"), column(EXTRA, "json")))
    rows = [row for batch in batches(data, layout) for row in batch.to_pylist()]
    assert [(row["id"], row["last"]) for row in rows] == [(i, str(i)) for i in range(200)]
    assert json.loads(rows[7][EXTRA]) == {"k7_0": 0, "k7_1": 1, "k7_2": 2}
    assert list(map(json.loads, texts(data))) == many


def test_an_array_of_any_length_and_with_any_keys_is_read_in_order() -> None:
    long = list(range(b.MOST_STEPS + 50))
    odd = raw_document([(b.INT32, b"", b"\x05\0\0\0"), (b.INT32, b"7", b"\x06\0\0\0")])
    data = b"".join(
        (
            bson.encode({"v": [1, 2]}),
            bson.encode({"v": long}),
            raw_document([(b.ARRAY, b"v", odd)]),
            bson.encode({"v": []}),
            bson.encode({}),
        )
    )
    batch = batches(data, Layout((column("v", "int", "REPEATED"),)))[0]
    assert batch.column("v").to_pylist() == [[1, 2], long, [5, 6], [], []]
    assert [json.loads(text) for text in texts(data)[1:3]] == [{"v": long}, {"v": [5, 6]}]


@pytest.mark.parametrize("length", [MOST_STEPS - 1, MOST_STEPS, MOST_STEPS + 1])
def test_an_array_as_long_as_is_walked_in_step_is_read_whole(length: int) -> None:
    data = bson.encode({"a": list(range(length)), "d": {"a": list(range(length))}})
    (batch,) = batches(data * 2 + bson.encode({"a": []}), Layout((column("a", "int", "REPEATED"),)))
    assert batch.column("a").to_pylist() == [list(range(length))] * 2 + [[]]
    assert json.loads(texts(data)[0])["d"]["a"] == list(range(length))
    wide = bson.encode({f"f{number}": number for number in range(length)})
    assert json.loads(texts(wide)[0]) == {f"f{number}": number for number in range(length)}


def test_a_field_twice_in_a_document_is_refused_wherever_it_stands() -> None:
    one = (b.INT32, b"a", b"\x01\0\0\0")
    inner = raw_document([one, one])
    data = b"".join(
        (
            bson.encode({"a": 1, "b": {"a": 1}}),
            raw_document([one, one]),
            raw_document([one, (b.DOCUMENT, b"b", inner)]),
            raw_document([one, (b.DOCUMENT, b"x", inner)]),
            bson.encode({"a": 2}),
        )
    )
    layout = Layout((column("a", "int"), column("b", "json"), column(EXTRA, "json")))
    rows = batches(data, layout)[0].to_pylist()
    reason = "a field twice in one document"
    told = [(row[REFUSED_COLUMN], row[REFUSED_REASON]) for row in rows]
    assert told == [(None, None), ("a", reason), ("b", reason), (EXTRA, reason), (None, None)]
    assert rows[4]["a"] == 2


def test_a_field_without_a_name_twice_is_refused_and_one_on_the_way_to_the_cursor() -> None:
    unnamed, at = (b.INT32, b"", b"\x01\0\0\0"), (b.INT32, b"at", b"\x01\0\0\0")
    (batch,) = batches(raw_document([unnamed, unnamed]), Layout((column("", "int"),)))
    assert batch.column(REFUSED_REASON).to_pylist() == ["a field twice in one document"]
    good, bad = raw_document([at]), raw_document([at, at])
    data = b"".join(
        raw_document([(b.DOCUMENT, b"m", inner) for inner in many])
        for many in ([good], [good, good], [bad])
    )
    (batch,) = batches(data, Layout((column("m.at", "int"),), nested=("m.at",)))
    assert batch.column(REFUSED_COLUMN).to_pylist() == [None, "m.at", "m.at"]


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("int", bson.Int64(2**63 - 1), 2**63 - 1),
        ("double", bson.Int64(2**53), 2.0**53),
        ("double", bson.Int64(2**62), 2.0**62),
        ("decimal text", bson.Decimal128("1.100"), "1.100"),
        ("decimal text", bson.Decimal128("NaN"), "NaN"),
        ("decimal text", 7, "7"),
        ("objectId", bson.ObjectId("0123456789abcdef01234567"), "0123456789abcdef01234567"),
        ("uuid", bson.Binary(bytes(range(16)), 4), "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        ("binData:5", bson.Binary(b"abc", 5), b"abc"),
        ("binData:2", bson.Binary(b"abc", 2), b"abc"),
        ("javascript", bson.Code("f()"), "f()"),
        ("text", bson.ObjectId("0123456789abcdef01234567"), "0123456789abcdef01234567"),
    ],
)
def test_a_form_holds_the_value_exactly(form: str, value: object, expected: object) -> None:
    data = bson.encode({"v": value}) + bson.encode({}) + bson.encode({"v": None})
    batch = batches(data, Layout((column("v", form),)))[0]
    assert REFUSED_COLUMN not in batch.schema.names
    assert batch.column("v").to_pylist() == [expected, None, None]


@pytest.mark.parametrize(
    ("form", "value", "reason"),
    [
        ("int", 1.0, "double, where the column holds int"),
        ("double", bson.Int64(2**53 + 1), "a long that no double holds exactly"),
        ("string", 5, "int, where the column holds string"),
        ("decimal", bson.Decimal128("Infinity"), "Infinity is no number that BIGNUMERIC holds"),
        ("decimal", bson.Decimal128("1E+40"), "1E+40 has more digits than BIGNUMERIC"),
        ("binData:0", bson.Binary(b"x", 5), "binData of another subtype"),
        ("uuid", bson.Binary(bytes(16), 3), "binData that is no UUID of subtype 4"),
        ("bool", "true", "string, where the column holds bool"),
        ("date", bson.Timestamp(1, 1), "timestamp, where the column holds date"),
    ],
)
def test_a_form_refuses_what_it_cant_hold(form: str, value: object, reason: str) -> None:
    batch = batches(
        bson.encode({"v": None}) + bson.encode({"v": value}), Layout((column("v", form),))
    )
    rows = batch[0].to_pylist()
    assert rows[0][REFUSED_REASON] is None
    assert rows[1]["v"] is None
    assert rows[1][REFUSED_REASON].startswith(reason)
    assert list(json.loads(rows[1][RAW_ROW])) == ["v"]


decimal_texts = st.one_of(
    st.decimals(-(10**27), 10**27, places=6).map(str),
    st.tuples(st.integers(-(10**34) + 1, 10**34 - 1), st.integers(-60, 40)).map(
        lambda parts: f"{parts[0]}E{parts[1]}"
    ),
)


@given(st.lists(decimal_texts, max_size=8))
def test_decimals_arrive_to_the_last_digit(many: list[str]) -> None:
    written = [bson.Decimal128(text) for text in many]
    data = b"".join(bson.encode({"v": value}) for value in written)
    rows = [
        row
        for batch in batches(data, Layout((column("v", "decimal"),)))
        for row in batch.to_pylist()
    ]
    for row, value in zip(rows, written, strict=True):
        if row["v"] is None:
            with decimal.localcontext(prec=40):
                _, figures, exponent = value.to_decimal().normalize().as_tuple()
            assert int(exponent) < -38 or len(figures) + int(exponent) > 38, value
        else:
            assert row["v"] == value.to_decimal()


@pytest.mark.parametrize(
    ("representation", "expected"),
    [
        ("javaLegacy", "07060504-0302-0100-0f0e-0d0c0b0a0908"),
        ("csharpLegacy", "03020100-0504-0706-0809-0a0b0c0d0e0f"),
        ("pythonLegacy", "00010203-0405-0607-0809-0a0b0c0d0e0f"),
    ],
)
def test_a_legacy_uuid_is_read_as_the_connection_string_says(
    representation: str, expected: str
) -> None:
    from sources.mongodb.rows import UUID_ORDERS

    layout = Layout((column("v", "uuid"),), uuid_order=UUID_ORDERS[representation])
    data = bson.encode({"v": bson.Binary(bytes(range(16)), 3)})
    assert batches(data, layout)[0].column("v").to_pylist() == [expected]


def test_a_nested_field_can_be_a_column_beside_its_document() -> None:
    many = [{"m": {"at": bson.DatetimeMS(5)}}, {"m": 3}, {}, {"m": {}}]
    data = b"".join(map(bson.encode, many))
    columns = (column("m", "json"), column("m.at", "date"), column(EXTRA, "json"))
    layout = Layout(columns, nested=("m.at",))
    batch = batches(data, layout)[0]
    assert batch.column("m.at").cast(pa.int64()).to_pylist() == [5, None, None, None]
    assert batch.column(EXTRA).null_count == 4


def test_fields_that_nothing_may_hold_stay_out_of_extra_and_of_dead_letters() -> None:
    data = bson.encode({"a": 1, "ssn": "123", "new": 2}) + bson.encode({"a": "x", "ssn": "123"})
    layout = Layout((column("a", "int"), column(EXTRA, "json")), left_out=("ssn",))
    rows = batches(data, layout)[0].to_pylist()
    assert json.loads(rows[0][EXTRA]) == {"new": 2}
    assert json.loads(rows[1][RAW_ROW]) == {"a": "x"}


def test_text_that_is_not_utf8_is_left_for_the_check_and_breaks_nothing() -> None:
    bad = raw_document([(b.STRING, b"s", b'\x03\0\0\0\xff"\0'), (b.INT32, b"\xff", bytes(4))])
    layout = Layout((column("s", "string"), column(EXTRA, "json")))
    batch = batches(bad + bson.encode({"s": "fine"}), layout)[0]
    with pytest.raises(pa.ArrowInvalid):
        batch.column("s").validate(full=True)
    assert batch.column(REFUSED_REASON).to_pylist() == ["a field name that is not UTF-8", None]


@pytest.mark.parametrize("cut", [3, 7, -1, -6])
def test_a_malformed_batch_is_an_error(cut: int) -> None:
    data = bson.encode({"a": 1, "b": "text"})
    with pytest.raises(b.MalformedBsonError):
        texts(data[:cut])


@pytest.mark.parametrize(
    ("type_", "form", "count", "rest"),
    [
        (b.STRING, "string", 0, b""),
        (b.BINARY, "binData:0", -1, b"\0"),
        (b.BINARY, "binData:0", -4, b""),
    ],
)
def test_a_value_shorter_than_nothing_is_malformed(
    type_: int, form: str, count: int, rest: bytes
) -> None:
    value = count.to_bytes(4, "little", signed=True) + rest[: max(0, 5 + count - 4)]
    good = raw_document([(b.INT32, b"v", bytes(4))])
    data = good + raw_document([(type_, b"v", value)]) + good
    with pytest.raises(b.MalformedBsonError):
        batches(data, Layout((column("v", form),)))


@given(st.binary(max_size=60))
def test_random_bytes_never_run_away(noise: bytes) -> None:
    data = (len(noise) + 5).to_bytes(4, "little") + noise + b"\0"
    try:
        written = texts(data)
    except (b.MalformedBsonError, ValueError):
        return
    assert len(written) == 1


def test_raw_documents_are_what_pymongo_hands_over() -> None:
    raw = RawBSONDocument(bson.encode({"a": 1}))
    assert texts(raw.raw) == ['{"a":1}']
    assert np.array_equal(b.Buffer(raw.raw).documents()[0], [0])
