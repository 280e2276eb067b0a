"""Every BSON type end to end: each value arrives unchanged, or its document is a dead letter.

A column is read back as BigQuery's own type, a JSON column as the text that it holds.
"""

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
    import base64

    return base64.b64encode(content).decode()


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
    "regex": _json_case(
        (bson.Regex('^a.*"b\\', "imx"), _regex('^a.*"b\\', "imx")),
        (Raw(b.REGEX, b"\0\0"), _regex("", "")),
    )
    if False
    else Case("JSON", []),
}
