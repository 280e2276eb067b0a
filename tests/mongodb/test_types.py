"""Every BSON type end to end: each value arrives unchanged, or its document is a dead letter.

A column is read back as BigQuery's own type, a JSON column as the text that it holds.
"""

import base64
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import bson
import pytest
from bson.raw_bson import RawBSONDocument

from auto_schema.bson_types import BsonField, mongodb_column
from auto_schema.conform import Checks, conform
from auto_schema.schema import TableSchema
from sources import bson_elements as b
from sources.mongodb_rows import Layout, batches
from sources.mongodb_sample import sample_of
from tests.mongodb.conftest import Collection
from tests.processes import Program
from tests.sync import Sync
from tests.unit.test_bson import raw_document

ALLOWED = {"max_dead_letters": "100"}
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
            *((v, v, v) for v in (0.1, -0.0, 0.0, 5e-324, 2.225073858507201e-308)),
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
    "objectId": Case("STRING", [(i, str(i), {"$oid": str(i)}) for i in (ID, bson.ObjectId(bytes(12)))]),
    "bool": _same("BOOLEAN", True, False),
    "date": Case(
        "TIMESTAMP",
        [
            (bson.DatetimeMS(0), datetime(1970, 1, 1, tzinfo=UTC), {"$date": "1970-01-01T00:00:00.000Z"}),
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
    "symbol": Case(
        "STRING", [(Raw(b.SYMBOL, text(t.encode())), t, {"$symbol": t}) for t in TEXTS]
    ),
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
            for t, i in ((0, 0), (1_700_000_000, 7), (2**32 - 1, 2**32 - 1))
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


@pytest.mark.parametrize("name", TYPES)
def test_each_value_of_a_type_arrives_unchanged_or_is_a_dead_letter(
    sync: Sync, docs: Collection, name: str
) -> None:
    case = TYPES[name]
    docs.insert_one({"_id": -1, "other": "the rest arrives"})
    for at, (value, _, _) in enumerate(case.values):
        docs.insert_one(document(("_id", at), ("v", value)))
    sync.ok(**ALLOWED)
    told = letters(sync)
    wanted = {}
    for at, (_, expected, _) in enumerate(case.values):
        if isinstance(expected, Dead):
            column, reason, shown = told.pop(at)
            assert column == "v"
            assert expected.reason in reason
            assert expected.value in shown
        else:
            wanted[at] = exact(expected)
    assert told == {}
    if name == "null":
        (row,) = sync.rows("TO_JSON_STRING(_extra)", order="_id DESC LIMIT 1")
        assert json.loads(row[0]) == {"v": None}
        return
    assert sync.types()["v"] == case.bigquery
    missing = "NULL" if case.bigquery == "JSON" else exact(None)
    assert column_of(sync, "v", case.bigquery) == {-1: missing} | wanted


@pytest.mark.parametrize("name", TYPES)
def test_each_value_within_a_document_arrives_unchanged(
    sync: Sync, docs: Collection, name: str
) -> None:
    values = TYPES[name].values
    for at, (value, _, _) in enumerate(values):
        docs.insert_one(document(("_id", at), ("n", inner(("v", value), ("l", items(value, 1))))))
    sync.ok(**ALLOWED)
    assert letters(sync) == {}
    wanted = {at: exact({"v": json_, "l": [json_, 1]}) for at, (_, _, json_) in enumerate(values)}
    assert column_of(sync, "n", "JSON") == wanted
