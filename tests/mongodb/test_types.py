"""Every BSON type end to end: each value arrives unchanged, or its document is a dead letter.

A column is read back as BigQuery's own type, a JSON column as the text that it holds.
"""

import base64
import hashlib
import json
import math
import os
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument

from auto_schema.bson_fields import BsonField, FieldSample
from auto_schema.conform import Checks, Conformed, conform
from auto_schema.mongodb_types import EXTRA, mongodb_column
from auto_schema.schema import TableSchema
from sources.mongodb import bson_elements as b
from sources.mongodb.rows import Layout, batches
from sources.mongodb.sample import sample_of
from tests.mongodb.conftest import Collection
from tests.processes import Program
from tests.sync import Sync
from tests.unit.test_bson import raw_document

ALLOWED = {"max_dead_letters": "100"}
NULLS = ("NULL", "None")
TWICE = "a field twice in one document"
NOT_UTF8 = "bytes that are not UTF-8"
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999000, UTC)
FIRST_MS, LAST_MS = -62135596800000, 253402300799999
ID = bson.ObjectId("0123456789abcdef01234567")
OUTSIDE = "outside the years 1 to 9999"


@dataclass(frozen=True)
class Raw:
    """An element that pymongo doesn't write: its type and the bytes of its value."""

    type: int
    value: bytes = b""


@dataclass(frozen=True)
class Dead:
    """The document is a dead letter for that reason, and the letter shows that value."""

    reason: str
    value: str


Element = tuple[int, bytes]


def element(value: object) -> Element:
    """Type and bytes of a value."""
    if isinstance(value, Raw):
        return value.type, value.value
    raw = bson.encode({"v": value}, codec_options=bson.CodecOptions(uuid_representation=4))
    return raw[4], raw[7:-1]


def document(*members: tuple[str | bytes, object]) -> RawBSONDocument:
    """A document of these members in their order, be they twice or of old types."""
    named = [(n.encode() if isinstance(n, str) else n, *element(v)) for n, v in members]
    return RawBSONDocument(raw_document((type_, name, value) for name, type_, value in named))


def inner(*members: tuple[str | bytes, object]) -> Raw:
    """Such a document as a value."""
    return Raw(b.DOCUMENT, document(*members).raw)


def items(*values: object) -> Raw:
    """Values as an array."""
    return Raw(b.ARRAY, document(*((str(i), value) for i, value in enumerate(values))).raw)


def text(content: bytes) -> bytes:
    """The bytes of a STRING, CODE or SYMBOL."""
    return (len(content) + 1).to_bytes(4, "little") + content + b"\0"


def binary(content: bytes, subtype: int) -> Raw:
    """A BINARY exactly as it is given, also of subtype 2."""
    return Raw(b.BINARY, len(content).to_bytes(4, "little") + bytes([subtype]) + content)


@dataclass(frozen=True)
class Case:
    """Values of one type: what a column of them is, and what arrives of each.

    Attributes:
        bigquery: the column's type as the API says it.
        values: value → (what its column holds, or a Dead; what it is within JSON).
    """

    bigquery: str
    values: Sequence[tuple[object, object, object]]


def _json_case(*values: tuple[object, object]) -> Case:
    return Case("JSON", [(value, expected, expected) for value, expected in values])


def _same(bigquery: str, *values: object) -> Case:
    return Case(bigquery, [(value, value, value) for value in values])


def _bytes_case(subtype: int) -> Case:
    contents = [b"", b"\0", b"\x00\xff" * 9, bytes(range(256))]
    if subtype == 2:
        contents = [len(c).to_bytes(4, "little") + c for c in contents]
    values = []
    for content in contents:
        kept = content[4:] if subtype == 2 else content
        written = {"$binary": {"base64": _base64(kept), "subType": f"{subtype:02x}"}}
        values.append((binary(content, subtype), kept, written))
    return Case("BYTES", values)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _regex(pattern: str, options: str) -> dict[str, Any]:
    return {"$regularExpression": {"pattern": pattern, "options": options}}


TEXTS = (
    "",
    "plain",
    'say "hi" \\ / \n\r\t \x01 \x1f \x7f',
    "a\0b\0",
    "é 🎉 \u2028 \ufeff \U0010ffff \ue000",
    "null",
    "NaN",
    '{"$oid":"0123456789abcdef01234567"}',
    "`x` 'y' ${z} -- ;",
)
TYPES: Mapping[str, Case] = {
    "double": Case(
        "FLOAT",
        [
            *((v, v, v) for v in (0.1, -0.0, 5e-324, 2.225073858507201e-308)),
            *((v, v, v) for v in (1.7976931348623157e308, 1e22, 123456789012345680.0, 2.0)),
            *((v, v, v) for v in (67.174118, 1687473876.057356, 9007199254740993.0, 1e16)),
            (math.nan, math.nan, {"$numberDouble": "NaN"}),
            (Raw(b.DOUBLE, bytes.fromhex("010000000000f0ff")), math.nan, {"$numberDouble": "NaN"}),
            (math.inf, math.inf, {"$numberDouble": "Infinity"}),
            (-math.inf, -math.inf, {"$numberDouble": "-Infinity"}),
        ],
    ),
    "string": _same("STRING", *TEXTS),
    "object": _json_case(
        ({}, {}),
        ({"b": 1, "a": {"": None}}, {"b": 1, "a": {"": None}}),
        ({"a.b": 1, "$c": 2, 'q"\\': 3, "é": [{}]}, {"a.b": 1, "$c": 2, 'q"\\': 3, "é": [{}]}),
    ),
    "array": _json_case(
        ([], []),
        ([1, "x", None, [], {}, [[2.5]]], [1, "x", None, [], {}, [[2.5]]]),
        (Raw(b.ARRAY, document(("7", 1), ("", 2), ("0", 3)).raw), [1, 2, 3]),
    ),
    "binData:0": _bytes_case(0),
    "binData:2": _bytes_case(2),
    "binData:3": _bytes_case(3),
    "binData:4": Case(
        "STRING",
        [
            (
                binary(bytes(range(16)), 4),
                "00010203-0405-0607-0809-0a0b0c0d0e0f",
                {"$binary": {"base64": _base64(bytes(range(16))), "subType": "04"}},
            ),
            (
                binary(b"abc", 4),
                Dead("binData that is no UUID", '{"$binary":{"base64":"YWJj","subType":"04"}}'),
                {"$binary": {"base64": "YWJj", "subType": "04"}},
            ),
        ],
    ),
    "binData:5": _bytes_case(5),
    "binData:6": _bytes_case(6),
    "binData:128": _bytes_case(128),
    "undefined": _json_case((Raw(b.UNDEFINED), {"$undefined": True})),
    "objectId": Case(
        "STRING", [(i, str(i), {"$oid": str(i)}) for i in (ID, bson.ObjectId(bytes(12)))]
    ),
    "bool": _same("BOOLEAN", True, False),
    "date": Case(
        "TIMESTAMP",
        [
            (
                bson.DatetimeMS(0),
                datetime(1970, 1, 1, tzinfo=UTC),
                {"$date": "1970-01-01T00:00:00.000Z"},
            ),
            (
                bson.DatetimeMS(-1),
                datetime(1969, 12, 31, 23, 59, 59, 999000, UTC),
                {"$date": {"$numberLong": "-1"}},
            ),
            (bson.DatetimeMS(FIRST_MS), FIRST, {"$date": {"$numberLong": str(FIRST_MS)}}),
            (bson.DatetimeMS(LAST_MS), LAST, {"$date": "9999-12-31T23:59:59.999Z"}),
            *(
                (bson.DatetimeMS(ms), Dead(why, shown), {"$date": {"$numberLong": str(ms)}})
                for ms, why, shown in (
                    (FIRST_MS - 1, OUTSIDE, ""),
                    (LAST_MS + 1, OUTSIDE, str(LAST_MS + 1)),
                    (-(2**63), "", str(-(2**63))),
                    (2**63 - 1, "", str(2**63 - 1)),
                    (-9222425352054775808, "", "-9222425352054775808"),
                )
            ),
        ],
    ),
    "null": _json_case((None, None)),
    "regex": _json_case(
        (bson.Regex('^a.*"b\\', "imx"), _regex('^a.*"b\\', "imx")),
        (Raw(b.REGEX, b"^\xc3\xa9/\0lsu\0"), _regex("^é/", "lsu")),
        (Raw(b.REGEX, b"\0\0"), _regex("", "")),
    ),
    "dbPointer": _json_case(
        (
            Raw(b.DB_POINTER, text(b'db."c"') + ID.binary),
            {"$dbPointer": {"$ref": 'db."c"', "$id": {"$oid": str(ID)}}},
        )
    ),
    "javascript": Case("STRING", [(bson.Code(code), code, {"$code": code}) for code in TEXTS]),
    "symbol": Case("STRING", [(Raw(b.SYMBOL, text(t.encode())), t, {"$symbol": t}) for t in TEXTS]),
    "javascriptWithScope": _json_case(
        (bson.Code('f("x")\n', {}), {"$code": 'f("x")\n', "$scope": {}}),
        (
            bson.Code("f()", {"x": [ID, {"y": None}]}),
            {"$code": "f()", "$scope": {"x": [{"$oid": str(ID)}, {"y": None}]}},
        ),
    ),
    "int": _same("INTEGER", 0, -1, 2**31 - 1, -(2**31)),
    "timestamp": _json_case(
        *(
            (bson.Timestamp(t, i), {"$timestamp": {"t": t, "i": i}})
            for t, i in ((1, 0), (1_700_000_000, 7), (2**32 - 1, 2**32 - 1))
        )
    ),
    "long": Case(
        "INTEGER",
        [(bson.Int64(n), n, n) for n in (0, 2**53 + 1, 2**63 - 1, -(2**63), -(2**53) - 1)],
    ),
    "decimal": Case(
        "BIGNUMERIC",
        [
            (bson.Decimal128(n), Decimal(n), {"$numberDecimal": n})
            for n in ("0", "1.5", "-0.25", "1024", "0E-20", "1.50", "-3E+2")
        ],
    ),
    "decimal of all digits": Case(
        "STRING",
        [
            (bson.Decimal128(n), n, {"$numberDecimal": n})
            for n in (
                "1234567890123456789012345678901234",
                "-0.1234567890123456789012345678901234",
                "9.999999999999999999999999999999999E+6144",
                "1E-6176",
                "NaN",
                "Infinity",
                "-Infinity",
                "-0",
                "-0E+3",
                "1.10",
            )
        ],
    ),
    "minKey": _json_case((bson.MinKey(), {"$minKey": 1})),
    "maxKey": _json_case((bson.MaxKey(), {"$maxKey": 1})),
}
"""BSON type → its values, extremes among them."""


def exact(value: object) -> str:
    """A value so that only the very same one is equal: `1` is not `1.0`, `0.0` not `-0.0`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {exact(value[k])}" for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(exact, value)) + "]"
    return repr(value.normalize() + 0) if isinstance(value, Decimal) else repr(value)


def column_of(sync: Sync, name: str, kind: str) -> dict[Any, str]:
    """_id → what the column holds; of JSON the text, taken as JSON."""
    if kind != "JSON":
        return {key: exact(value) for key, value in sync.rows(f"_id, `{name}`")}
    rows = sync.rows(f"_id, TO_JSON_STRING(`{name}`), `{name}` IS NULL")
    return {key: "NULL" if null else exact(json.loads(text_)) for key, text_, null in rows}


def letters(sync: Sync) -> dict[Any, tuple[str, str, str]]:
    """_id → column, reason and value of its dead letter."""
    if "t_dead_letters" not in sync.tables():
        return {}
    rows = sync.rows("JSON_VALUE(raw_row, '$._id'), column_name, reason, value", "t_dead_letters")
    return {int(key): (column, reason, value) for key, column, reason, value in rows}


def field(name: str) -> str:
    """A case's field."""
    return "v_" + re.sub(r"\W", "_", name)


def test_each_value_of_every_type_arrives_unchanged_or_is_a_dead_letter(
    sync: Sync, docs: Collection
) -> None:
    wanted: dict[str, dict[int, str]] = {name: {} for name in TYPES}
    dead: dict[int, tuple[str, Dead]] = {}
    documents = []
    for name, case in TYPES.items():
        for value, expected, _ in case.values:
            at = len(documents)
            documents.append(document(("_id", at), (field(name), value)))
            if isinstance(expected, Dead):
                dead[at] = (field(name), expected)
            else:
                wanted[name][at] = exact(expected)
    docs.insert_many(documents)
    sync.ok(**ALLOWED)
    types = sync.types()
    assert field("null") not in types
    assert {n: types[field(n)] for n in TYPES if n != "null"} == {
        n: case.bigquery for n, case in TYPES.items() if n != "null"
    }
    wanted["null"] = {at: exact({field("null"): None}) for at in wanted["null"]}
    for name, case in TYPES.items():
        found = column_of(sync, field(name) if name != "null" else EXTRA, case.bigquery)
        assert {at: text_ for at, text_ in found.items() if text_ not in NULLS} == wanted[name]
    assert len(sync.rows("_id")) == len(documents) - len(dead)
    told = letters(sync)
    assert {at: told[at][0] for at in told} == {at: column for at, (column, _) in dead.items()}
    for at, (_, expected) in dead.items():
        assert expected.reason in told[at][1]
        assert expected.value in told[at][2]


def test_each_value_of_every_type_arrives_unchanged_within_a_document(
    sync: Sync, docs: Collection
) -> None:
    values = [(value, json_) for case in TYPES.values() for value, _, json_ in case.values]
    docs.insert_many(
        document(("_id", at), ("n", inner(("v", value), ("l", items(value, 1)))))
        for at, (value, _) in enumerate(values)
    )
    sync.ok(**ALLOWED)
    assert letters(sync) == {}
    wanted = {at: exact({"v": json_, "l": [json_, 1]}) for at, (_, json_) in enumerate(values)}
    assert column_of(sync, "n", "JSON") == wanted


def test_a_text_of_five_megabytes_arrives_in_a_column_and_in_json(
    sync: Sync, docs: Collection
) -> None:
    long = 'é"\0\n' * 1_000_000
    docs.insert_one({"_id": 1, "s": long, "n": {"s": long}, "l": ["", long]})
    sync.ok()
    ((plain, nested, listed),) = sync.rows("s, TO_JSON_STRING(n), l")
    for arrived in (plain, json.loads(nested)["s"], listed[1]):
        assert hashlib.sha256(arrived.encode()).digest() == hashlib.sha256(long.encode()).digest()
    assert listed[0] == ""


def staged(*documents: RawBSONDocument) -> Conformed:
    """What is staged of documents, all of them sampled."""
    raw = b"".join(one.raw for one in documents)
    samples = sample_of([raw]).fields
    columns = [mongodb_column(name, BsonField(sample)) for name, sample in samples.items()]
    columns.append(mongodb_column(EXTRA, BsonField(FieldSample({"object": 1}))))
    (batch,) = batches(raw, Layout(tuple(columns)))
    checks = Checks(utf8=True, json_numbers="")
    return conform(batch, TableSchema(tuple(columns)), checks)


def staged_values(*values: object) -> list[str]:
    """What is staged of the values of one field."""
    result = staged(*(document(("v", value)) for value in values))
    assert result.dead is None
    return [exact(value) for value in result.batch.column("v").to_pylist()]


def test_decimals_are_staged_to_their_last_digit() -> None:
    """The local BigQuery takes BIGNUMERIC from Parquet as doubles: so what is staged is read."""
    texts = (
        "1234567890123456789012345678901234",
        "-0.1234567890123456789012345678901234",
        "9999999999999999999999999999999999E+4",
        "1E-38",
        "12345678901234567.12345678901234567",
    )
    assert staged_values(*map(DEC, texts)) == [exact(Decimal(n)) for n in texts]


def test_uuids_are_staged_each_as_itself_however_many_there_are() -> None:
    many = [uuid.UUID(int=n) for n in (0, 2**128 - 1, 2**127 + 5)]
    assert staged_values(*many) == [repr(str(one)) for one in many]


def test_zeros_keep_their_sign_where_they_are_staged() -> None:
    """The local BigQuery makes one zero of both."""
    assert staged_values(-0.0, 0.0, 1.5) == ["-0.0", "0.0", "1.5"]
    assert staged_values(-0.0, 0.0, "x") == ["'-0.0'", "'0.0'", "'\"x\"'"]


def test_a_long_beyond_doubles_is_staged_as_itself_beside_doubles() -> None:
    """The local BigQuery takes a JSON that is one bare number as a double."""
    longs = [2**53 + 1, -(2**63), 2**63 - 1]
    values = [1.5, *map(bson.Int64, longs)]
    assert staged_values(*values) == ["'1.5'", *(f"'{n}'" for n in longs)]


def test_the_whole_document_of_a_dead_letter_is_json_whatever_its_bytes_are() -> None:
    """The local BigQuery takes `\\xff` within JSON; BigQuery itself refuses the statement."""
    bad = Raw(b.STRING, text(b'<\xff\\">'))
    good = [document(("v", binary(bytes(16), 4)))] * 2
    told = staged(*good, document(("v", binary(b"abc", 4)), ("s", bad), ("n", inner(("s", bad)))))
    assert told.dead is not None
    (letter,) = told.dead.to_pylist()
    assert letter["column_name"] == "v"
    assert json.loads(letter["raw_row"]).keys() == {"v", "s", "n"}


DEC = bson.Decimal128
U = binary(bytes(range(16)), 4)
UUID_TEXT = "00010203-0405-0607-0809-0a0b0c0d0e0f"
UUID_JSON = {"$binary": {"base64": _base64(bytes(range(16))), "subType": "04"}}
NOON = datetime(2025, 7, 22, 12, tzinfo=UTC)
NOON_JSON = {"$date": "2025-07-22T12:00:00.000Z"}
MIXED: Mapping[str, tuple[str, Sequence[tuple[object, object]]]] = {
    "int, long": ("INTEGER", [(1, 1), (bson.Int64(2**62), 2**62)]),
    "int, double": ("FLOAT", [(1, 1.0), (1.5, 1.5), (-(2**31), -(2.0**31))]),
    "long, double": ("FLOAT", [(bson.Int64(2**53), 2.0**53), (-0.0, -0.0)]),
    "decimal, int, long": ("BIGNUMERIC", [(DEC("1.5"), Decimal("1.5")), (2, Decimal(2))]),
    "decimal, double": ("JSON", [(DEC("1.50"), {"$numberDecimal": "1.50"}), (1.0, 1.0)]),
    "wide, int": (
        "STRING",
        [(DEC("1E+40"), "1E+40"), (7, "7"), (bson.Int64(2**63 - 1), f"{2**63 - 1}")],
    ),
    "nan, long": ("STRING", [(DEC("NaN"), "NaN"), (bson.Int64(-1), "-1")]),
    "string, symbol": ("STRING", [("a", "a"), (Raw(b.SYMBOL, text(b"b")), "b")]),
    "string, int": ("JSON", [("5", "5"), (5, 5)]),
    "string, null": ("STRING", [("5", "5"), (None, None)]),
    "string, undefined": ("JSON", [("5", "5"), (Raw(b.UNDEFINED), {"$undefined": True})]),
    "string, objectId": ("JSON", [(str(ID), str(ID)), (ID, {"$oid": str(ID)})]),
    "uuid, objectId": ("JSON", [(U, UUID_JSON), (ID, {"$oid": str(ID)})]),
    "uuid, string": ("JSON", [(U, UUID_JSON), (UUID_TEXT, UUID_TEXT)]),
    "date, string": ("JSON", [(NOON, NOON_JSON), ("2025", "2025")]),
    "date, timestamp": (
        "JSON",
        [(NOON, NOON_JSON), (bson.Timestamp(1, 1), {"$timestamp": {"t": 1, "i": 1}})],
    ),
    "bool, int": ("JSON", [(True, True), (1, 1)]),
    "subtypes": (
        "JSON",
        [
            (binary(b"a", s), {"$binary": {"base64": "YQ==", "subType": f"{s:02x}"}})
            for s in (0, 5, 128)
        ],
    ),
    "object, array, null": ("JSON", [({"a": 1}, {"a": 1}), ([1], [1]), (None, None)]),
    "keys": ("JSON", [(bson.MinKey(), {"$minKey": 1}), (bson.MaxKey(), {"$maxKey": 1}), (0, 0)]),
    "code": (
        "JSON",
        [(bson.Code("f"), {"$code": "f"}), (bson.Code("f", {}), {"$code": "f", "$scope": {}})],
    ),
    "ints": ("INTEGER[]", [([1, bson.Int64(2**62)], [1, 2**62]), ([], [])]),
    "doubles": ("FLOAT[]", [([1.5, 2], [1.5, 2.0]), ([-0.0, 5e-324], [-0.0, 5e-324])]),
    "longer doubles": ("JSON", [([1.5, bson.Int64(2**53 + 1)], [1.5, 2**53 + 1]), ([1], [1])]),
    "strings": ("STRING[]", [(["", "a\0", "null"], ["", "a\0", "null"])]),
    "bools": ("BOOLEAN[]", [([True, False], [True, False])]),
    "dates": ("TIMESTAMP[]", [([NOON, bson.DatetimeMS(FIRST_MS)], [NOON, FIRST])]),
    "objectIds": ("STRING[]", [([ID], [str(ID)])]),
    "uuids": ("STRING[]", [([uuid.UUID(UUID_TEXT)], [UUID_TEXT])]),
    "decimals": ("JSON", [([DEC("1.10")], [{"$numberDecimal": "1.10"}])]),
    "binaries": ("JSON", [([b"a"], [{"$binary": {"base64": "YQ==", "subType": "00"}}])]),
    "with null": ("JSON", [([1, None, 2], [1, None, 2]), ([None], [None])]),
    "nested": ("JSON", [([[1], [2, []]], [[1], [2, []]])]),
    "documents": ("JSON", [([{"a": 1}, {}], [{"a": 1}, {}])]),
    "mixed items": ("JSON", [([1, "x"], [1, "x"]), (["y"], ["y"])]),
    "empty": ("JSON", [([], []), ([], [])]),
    "array, null": ("JSON", [([1], [1]), (None, None)]),
    "array, scalar": ("JSON", [([1], [1]), (1, 1)]),
    "long array": ("INTEGER[]", [(list(range(5000)), list(range(5000))), ([-1], [-1])]),
}
"""Types in one field → the column that holds them all, and what it holds of each."""


def _held(kind: str, value: object) -> str:
    """The local BigQuery takes a JSON that is one bare integer as a double."""
    return exact(float(value) if kind == "JSON" and type(value) is int else value)


def test_a_field_of_many_types_is_staged_as_json_that_keeps_each_value() -> None:
    for name, (kind, values) in MIXED.items():
        if kind == "JSON":
            result = staged(*(document(("v", value)) for value, _ in values))
            texts = result.batch.column("v").to_pylist()
            wanted = [exact(expected) for _, expected in values]
            assert [exact(json.loads(one)) for one in texts] == wanted, name


def test_a_field_of_many_types_gets_the_narrowest_column_that_keeps_each_value(
    sync: Sync, docs: Collection
) -> None:
    most = max(len(values) for _, values in MIXED.values())
    for at in range(most):
        present = ((field(n), v[at][0]) for n, (_, v) in MIXED.items() if at < len(v))
        docs.insert_one(document(("_id", at), *present))
    sync.ok()
    types = sync.types()
    assert {n: types[field(n)] for n in MIXED} == {n: kind for n, (kind, _) in MIXED.items()}
    for name, (kind, values) in MIXED.items():
        missing = {"JSON": "NULL"}.get(kind, "[]" if kind.endswith("[]") else "None")
        wanted = dict.fromkeys(range(most), missing)
        wanted |= {at: _held(kind, expected) for at, (_, expected) in enumerate(values)}
        assert column_of(sync, field(name), kind) == wanted, name


TYPED = {
    "i": 1,
    "f": 1.5,
    "d": DEC("1.5"),
    "t": NOON,
    "bo": True,
    "by": b"a",
    "u": U,
    "s": "x",
    "o": ID,
    "l": [1, 2],
    "ls": ["a"],
}
REFUSED: Sequence[tuple[str, object, str, str]] = (
    ("i", "1", "string", '"1"'),
    ("i", 1.0, "double", "1.0"),
    ("i", True, "bool", "true"),
    ("i", DEC("1"), "decimal", '{"$numberDecimal":"1"}'),
    ("i", [1], "array", "[1]"),
    ("i", Raw(b.UNDEFINED), "undefined", '{"$undefined":true}'),
    ("f", bson.Int64(2**53 + 1), "a long that no double holds exactly", "9007199254740993"),
    ("f", DEC("1.5"), "decimal", '{"$numberDecimal":"1.5"}'),
    ("d", DEC("NaN"), "NaN is no number", '{"$numberDecimal":"NaN"}'),
    ("d", DEC("-Infinity"), "-Infinity is no number", '{"$numberDecimal":"-Infinity"}'),
    ("d", DEC("1E+38"), "more digits than BIGNUMERIC", '{"$numberDecimal":"1E+38"}'),
    ("d", DEC("1E-39"), "more digits than BIGNUMERIC", '{"$numberDecimal":"1E-39"}'),
    ("d", 1.5, "double", "1.5"),
    ("t", bson.Timestamp(1, 1), "timestamp", '{"$timestamp":{"t":1,"i":1}}'),
    ("t", "2025-07-22", "string", '"2025-07-22"'),
    ("t", bson.DatetimeMS(LAST_MS + 1), OUTSIDE, ""),
    ("bo", 0, "int", "0"),
    ("by", binary(b"a", 5), "subtype", '{"$binary":{"base64":"YQ==","subType":"05"}}'),
    ("u", binary(b"short", 4), "UUID", "c2hvcnQ="),
    ("l", [1, "x"], "string", '[1,"x"]'),
    ("l", [1, None], "NULL element", ""),
    ("l", [1, 1.5], "double", "[1,1.5]"),
    ("l", 1, "int", "1"),
    ("l", "12", "string", '"12"'),
    ("l", [[1]], "array", "[[1]]"),
    ("l", {"0": 1}, "object", '{"0":1}'),
    ("ls", [ID], "objectId", str(ID)),
)
"""Column, a value that it can't hold, and what its dead letter says and shows."""


def test_a_value_that_its_column_cannot_hold_is_a_dead_letter_and_the_others_arrive(
    sync: Sync, docs: Collection
) -> None:
    docs.insert_one(document(("_id", -1), *TYPED.items()))
    sync.ok()
    docs.delete_many({})
    docs.insert_many(
        document(("_id", at), *(TYPED | {column: value}).items())
        for at, (column, value, _, _) in enumerate(REFUSED)
    )
    docs.insert_one(document(("_id", -2), *TYPED.items()))
    docs.insert_one({"_id": -3})
    sync.ok(**ALLOWED)
    told = letters(sync)
    assert {at: told[at][0] for at in told} == dict(enumerate(row[0] for row in REFUSED))
    for at, (_, _, reason, value) in enumerate(REFUSED):
        assert reason in told[at][1], REFUSED[at]
        assert value in told[at][2], REFUSED[at]
    rows = sync.rows(", ".join(f"`{name}`" for name in ("_id", *TYPED)), order="_id DESC")
    good = (1, 1.5, Decimal("1.5"), NOON, True, b"a", UUID_TEXT, "x", str(ID), [1, 2], ["a"])
    assert rows == [(-1, *good), (-2, *good), (-3, *[None] * 9, [], [])]


def test_a_field_twice_in_a_document_is_a_dead_letter_that_keeps_both_values(
    sync: Sync, docs: Collection
) -> None:
    pair = (("a", "first"), ("a", "second"))
    docs.insert_many(
        [
            document(("_id", 1), *pair),
            document(("_id", 2), ("n", inner(*pair))),
            document(("_id", 3), ("l", items(inner(*pair)))),
            document(("_id", 4), ("n", inner(("m", inner(("x", items(inner(*pair)))))))),
            document(("_id", 5), ("n", Raw(b.CODE_WITH_SCOPE, _scoped(inner(*pair))))),
            document(("_id", 6), ("a", "fine"), ("n", inner(("a", 1), ("A", 2)))),
        ]
    )
    sync.ok(**ALLOWED)
    told = letters(sync)
    assert {at: told[at][:2] for at in told} == {
        1: ("a", TWICE),
        2: ("n", TWICE),
        3: ("l", TWICE),
        4: ("n", TWICE),
        5: ("n", TWICE),
    }
    assert sync.rows("_id, a") == [(6, "fine")]
    raws = sync.rows("CONCAT(value, TO_JSON_STRING(raw_row))", "t_dead_letters")
    assert all("first" in raw and "second" in raw for (raw,) in raws)


def _scoped(scope: Raw) -> bytes:
    body = text(b"f()") + scope.value
    return (len(body) + 4).to_bytes(4, "little") + body


def test_bytes_that_are_not_utf8_among_optional_fields_are_a_dead_letter() -> None:
    bad = Raw(b.STRING, text(b"<\xff>"))
    result = staged(
        document(("n", inner(("s", bad)))), document(("n", inner(("t", "x")))), document(("n", 1))
    )
    assert result.batch.num_rows == 2
    assert result.dead is not None
    assert result.dead.column("reason").to_pylist() == [NOT_UTF8]


def test_bytes_that_are_not_utf8_are_dead_letters_and_spoil_no_other(
    sync: Sync, docs: Collection
) -> None:
    bad = Raw(b.STRING, text(b"<\xff>"))
    docs.insert_one({"_id": 0, "s": "x", "n": {}, "l": ["x"], "i": 1, "c": bson.Code("f")})
    sync.ok()
    docs.delete_many({})
    docs.insert_many(
        [
            document(("_id", 1), ("s", bad)),
            document(("_id", 2), ("n", inner(("s", bad)))),
            document(("_id", 3), ("l", items("x", bad))),
            document(("_id", 4), ("n", Raw(b.REGEX, b"\xff\0\0"))),
            document(("_id", 5), ("c", Raw(b.CODE, text(b"\xff")))),
            document(("_id", 6), (b"\xff", 1)),
            document(("_id", 7), ("n", inner((b"\xff", 1)))),
            document(("_id", 8), ("i", "no int"), ("s", bad)),
            document(("_id", 9), ("i", 9), ("s", "é")),
        ]
    )
    sync.ok(**ALLOWED)
    assert sync.rows("_id, i, s") == [(0, 1, "x"), (9, 9, "é")]
    told = letters(sync)
    columns = {1: "s", 2: "n", 3: "l", 4: "n", 5: "c", 6: EXTRA, 7: "n", 8: "i"}
    assert {at: told[at][0] for at in told} == columns
    assert {told[at][1] for at in (1, 2, 3, 4, 5)} == {NOT_UTF8}


def test_a_dead_letter_keeps_its_doubles_as_they_are(
    sync: Sync, docs: Collection, sent_jobs: list[dict[str, Any]]
) -> None:
    """The local BigQuery rounds in both modes, so what counts is the statement that was sent.

    Real BigQuery's PARSE_JSON refuses 67.174118 unless it is told to round.
    """
    docs.insert_many([{"_id": i, "v": [1]} for i in range(3)])
    sync.ok()
    docs.insert_one({"_id": 9, "v": 67.174118, "w": 1687473876.057356})
    sync.ok(**ALLOWED)
    assert letters(sync)[9][0] == "v"
    queries = [job["configuration"].get("query", {}).get("query", "") for job in sent_jobs]
    parses = [call for text_ in queries for call in re.findall(r"PARSE_JSON\(.*\)", text_)]
    assert parses
    rounding = re.compile(r"wide_number_mode ?=> ?'round'")
    assert all(rounding.search(call) for call in parses)


def test_a_document_whose_numbers_bigquery_prints_otherwise_is_a_dead_letter_if_asked(
    sync: Sync, docs: Collection
) -> None:
    docs.insert_one({"_id": 1, "v": {"at": 0.1, "n": 67.17411800000002}})
    docs.insert_one({"_id": 2, "v": {"at": [0.1, 67.174118]}})
    docs.insert_one({"_id": 3, "v": {"at": "67.174118"}, "w": 67.174118})
    sync.ok(**ALLOWED, json_numbers="exact")
    told = letters(sync)
    assert list(told) == [2]
    assert told[2][0] == "v"
    assert "would print otherwise (json_numbers=double" in told[2][1]
    assert [row[0] for row in sync.rows("_id")] == [1, 3]


DEEPEST = 178
"""https://www.mongodb.com/docs/manual/reference/limits/ says 100, the server stores 180."""


def test_a_document_as_deep_as_the_server_takes_arrives(sync: Sync, docs: Collection) -> None:
    deep: Any = 1
    for level in range(DEEPEST):
        deep = {"a": deep} if level % 2 else [deep]
    docs.insert_many([{"_id": 1, "n": deep}, {"_id": 2, "n": {}}])
    sync.ok()
    assert column_of(sync, "n", "JSON") == {1: exact(deep), 2: "{}"}


def test_a_field_twice_within_a_deep_document_is_a_dead_letter(
    sync: Sync, docs: Collection
) -> None:
    deep = inner(("a", 1), ("a", 2))
    for _ in range(DEEPEST - 1):
        deep = inner(("d", deep))
    docs.insert_many([document(("_id", 1), ("n", deep)), document(("_id", 2), ("n", 5))])
    sync.ok(**ALLOWED)
    assert letters(sync)[1][:2] == ("n", TWICE)
    assert sync.rows("_id") == [(2,)]


def test_binary_of_subtype_2_with_a_wrong_inner_length_is_kept_whole(
    sync: Sync, docs: Collection, tmp_path: Path
) -> None:
    """In a process of its own, since a fault here ends the whole process."""
    contents = {1: b"\x01\x02", 2: b"", 3: b"abcdefgh", 4: b"\x09\0\0\0abc"}
    docs.insert_many(
        document(("_id", at), (where, binary(content, 2)))
        for at, content in contents.items()
        for where, at in (("v", at), ("n", at + 10))
    )
    docs.insert_many(
        [
            document(("_id", 5), ("v", binary(b"\x03\0\0\0abc", 2))),
            document(("_id", 15), ("n", binary(b"\x03\0\0\0abc", 2))),
            document(("_id", 16), ("n", "so that n is JSON")),
        ]
    )
    log = tmp_path / "log"
    program = Program(sync.argv(**ALLOWED), dict(os.environ), log)
    assert program.wait() == 0, program.output[-2000:]
    assert letters(sync) == {}
    arrived, nested = dict(sync.rows("_id, v")), column_of(sync, "n", "JSON")
    for at, content in contents.items():
        assert arrived[at] == content, at
        written = {"$binary": {"base64": _base64(content), "subType": "02"}}
        assert nested[at + 10] == exact(written), at
