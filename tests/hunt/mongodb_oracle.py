"""What a document must look like at the destination, told without any code of the program's.

BSON is walked here once more, by one value after the other. Where a column's description names
field and form, a value is told in that form; what has no column is looked for in `_extra`.
"""

import base64
import json
import math
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bson.decimal128 import Decimal128
from google.cloud import bigquery

from tests.hunt.exact import is_exact

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = -62135596800000, 253402300799999
FIXED = {0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8}
FIXED |= {0x13: 16, 0x7F: 0, 0xFF: 0}
MARK = re.compile(r'MongoDB field ("(?:[^"\\]|\\.)*") as ([A-Za-z]+(?: text|:[0-9]+)?)', re.DOTALL)
BY_A_DOUBLE = Decimal("1e-15")
"""What the local BigQuery, which loads a BIGNUMERIC as a double, makes of it, at most."""
Value = tuple[int, Any]
"""BSON type, and raw bytes, or of documents and arrays the elements."""


def _every(_: str) -> bool:
    return True


class Refusal(Exception):  # noqa: N818 - no error: a value that a form doesn't hold
    """Why a document may be refused."""


def walk(raw: bytes) -> list[tuple[bytes, Value]]:
    """The elements of a document, in their order, twice where they stand twice."""
    at, found = 4, list[tuple[bytes, Value]]()
    while raw[at]:
        end = raw.index(b"\0", at + 1)
        type_, name, start = raw[at], raw[at + 1 : end], end + 1
        size = _size(type_, raw, start)
        content = raw[start : start + size]
        nested = type_ in (0x03, 0x04)
        found.append((name, (type_, walk(content) if nested else content)))
        at = start + size
    return found


def _size(type_: int, raw: bytes, start: int) -> int:
    if type_ in FIXED:
        return FIXED[type_]
    if type_ == 0x0B:
        middle = raw.index(b"\0", start)
        return raw.index(b"\0", middle + 1) + 1 - start
    (number,) = struct.unpack_from("<i", raw, start)
    return int(number) + {0x02: 4, 0x0D: 4, 0x0E: 4, 0x05: 5, 0x0C: 16}.get(type_, 0)


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Refusal("text that isn't UTF-8") from None


def _names(elements: Sequence[tuple[bytes, Value]]) -> None:
    names = [_text(name) for name, _ in elements]
    if len(set(names)) < len(names):
        raise Refusal("a name twice")


def as_json(value: Value) -> Any:
    """A value as Extended JSON, relaxed."""
    type_, content = value
    if type_ == 0x03:
        _names(content)
        return {_text(name): as_json(inner) for name, inner in content}
    if type_ == 0x04:
        return [as_json(inner) for _, inner in content]
    if type_ == 0x0F:
        (length,) = struct.unpack_from("<i", content, 4)
        scope = as_json((0x03, walk(content[8 + length :])))
        return {"$code": _text(content[8 : 7 + length]), "$scope": scope}
    return _scalar_json(type_, content)


def _scalar_json(type_: int, content: bytes) -> Any:
    if type_ == 0x01:
        number = struct.unpack("<d", content)[0]
        if math.isfinite(number):
            return number
        return {"$numberDouble": str(number).replace("inf", "Infinity").replace("nan", "NaN")}
    if type_ == 0x05:
        return _binary_json(content)
    if type_ == 0x09:
        return {"$date": _date_json(struct.unpack("<q", content)[0])}
    if type_ == 0x0B:
        pattern, options, _ = content.split(b"\0")
        return {"$regularExpression": {"pattern": _text(pattern), "options": _text(options)}}
    if type_ == 0x0C:
        return {"$dbPointer": {"$ref": _text(content[4:-13]), "$id": {"$oid": content[-12:].hex()}}}
    if type_ == 0x11:
        increment, seconds = struct.unpack("<II", content)
        return {"$timestamp": {"t": seconds, "i": increment}}
    if type_ == 0x13:
        return {"$numberDecimal": str(Decimal128.from_bid(content))}
    if type_ in (0x02, 0x0D, 0x0E):
        text = _text(content[4:-1])
        return {0x02: text, 0x0D: {"$code": text}, 0x0E: {"$symbol": text}}[type_]
    plain = {0x10: "<i", 0x12: "<q", 0x08: "?"}
    if type_ in plain:
        return struct.unpack(plain[type_], content)[0]
    words: dict[int, Any] = {0x06: {"$undefined": True}, 0x07: {"$oid": content.hex()}}
    words |= {0x0A: None, 0x7F: {"$maxKey": 1}, 0xFF: {"$minKey": 1}}
    return words[type_]


def _binary_json(content: bytes) -> Any:
    subtype, body = content[4], content[5:]
    if subtype == 2 and len(body) >= 4 and struct.unpack("<i", body[:4])[0] == len(body) - 4:
        body = body[4:]
    return {"$binary": {"base64": base64.b64encode(body).decode(), "subType": f"{subtype:02x}"}}


def _date_json(millis: int) -> Any:
    if not 0 <= millis <= LAST:
        return {"$numberLong": str(millis)}
    stamp = EPOCH + timedelta(milliseconds=millis)
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{millis % 1000:03}Z"


def in_form(value: Value, form: str) -> Any:
    """A value as a column of that form holds it.

    Raises:
        Refusal: it holds no such value.
    """
    type_, content = value
    if form == "json":
        return as_json(value)
    if form == "json text":
        return json.dumps(as_json(value), ensure_ascii=False, sort_keys=True)
    if type_ == 0x0A:
        return None
    if type_ in (0x10, 0x12):
        number = int(_scalar_json(type_, content))
        if form == "int":
            return number
        if form == "double" and int(float(number)) == number:
            return float(number)
        if form == "decimal":
            return Decimal(number)
        if form == "decimal text":
            return str(number)
    if type_ == 0x01 and form == "double":
        return struct.unpack("<d", content)[0]
    if type_ == 0x13 and form.startswith("decimal"):
        text = str(Decimal128.from_bid(content))
        return text if form == "decimal text" else _decimal(Decimal(text))
    if type_ == 0x08 and form == "bool":
        return content != b"\0"
    if type_ == 0x07 and form in ("objectId", "text"):
        return content.hex()
    texts = {0x02: ("string", "symbol", "text"), 0x0E: ("symbol", "text"), 0x0D: ("javascript",)}
    if form in texts.get(type_, ()):
        return _text(content[4:-1])
    if type_ == 0x09 and form == "date":
        millis = struct.unpack("<q", content)[0]
        if FIRST <= millis <= LAST:
            return EPOCH + timedelta(milliseconds=millis)
    if type_ == 0x05 and form == f"binData:{content[4]}":
        return base64.b64decode(_binary_json(content)["$binary"]["base64"])
    if type_ == 0x05 and form in ("uuid", "text") and content[4] == 4 and len(content) == 21:
        digits = content[5:].hex()
        return "-".join(digits[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
    raise Refusal(f"type {type_} in a column of {form}")


def _decimal(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise Refusal("not finite")
    _, digits, exponent = number.normalize().as_tuple()
    if number and (-int(exponent) > 38 or len(digits) + int(exponent) > 38):
        raise Refusal("more digits than BIGNUMERIC")
    return number


@dataclass(frozen=True, slots=True)
class Target:
    """A column of the destination: its name, and the field and form that it says."""

    name: str
    path: str
    form: str
    is_repeated: bool


def target_of(field: bigquery.SchemaField) -> Target | None:
    """What a column holds; None: it says nothing of a field."""
    if field.name == "_extra":
        return Target("_extra", "", "json" if field.field_type == "JSON" else "json text", False)
    found = MARK.match(field.description or "")
    if found is None:
        return None
    path = json.loads(found[1], strict=False)
    return Target(field.name, path, found[2], field.mode == "REPEATED")


def difference(
    raw: bytes,
    targets: Sequence[Target],
    row: Mapping[str, Any],
    shows: Callable[[str], bool] = _every,
) -> str:
    """Where a row is not what a document must look like; empty: nowhere.

    `shows` says whether the parameters let a field through.

    Raises:
        Refusal: the document can't be held at all.
    """
    elements = _looked_at(raw, targets, shows)
    _names(elements)
    rest = {_text(name): value for name, value in elements}
    extra = next((t for t in targets if t.name == "_extra"), None)
    left = row.get("_extra")
    left = json.loads(left) if isinstance(left, str) else left
    for target in (t for t in targets if t.name != "_extra"):
        value = rest.get(target.path)
        there = row[target.name]
        if value is not None and isinstance(left, dict) and target.path in left and not there:
            continue  # of before it got its column
        if value is None:
            if there not in (None, []):
                return f"{target.name} is {there!r:.200}, and the document has none"
            continue
        wanted = _whole(value, target)
        if not same(wanted, there, is_text=target.form == "json text"):
            return f"{target.name} is {there!r:.200}, not {wanted!r:.200}"
        rest.pop(target.path)
    wanted_rest = {name: as_json(value) for name, value in rest.items()}
    if extra is None:
        return ""
    if not same(wanted_rest or None, left or None):
        return f"_extra is {left!r:.300}, not {wanted_rest!r:.300}"
    return ""


def _looked_at(
    raw: bytes, targets: Sequence[Target], shows: Callable[[str], bool]
) -> list[tuple[bytes, Value]]:
    """A document's fields, without those that the parameters leave out.

    Without `_extra` these are all that have no column of their own, whatever their names are.
    """
    held = {target.path for target in targets}
    all_are = any(target.name == "_extra" for target in targets)
    return [
        (name, value)
        for name, value in walk(raw)
        if shows(_lenient(name)) and (all_are or _lenient(name) in held)
    ]


def _lenient(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _whole(value: Value, target: Target) -> Any:
    if not target.is_repeated:
        return in_form(value, target.form)
    if value[0] == 0x0A:
        return []
    if value[0] != 0x04:
        raise Refusal("no array")
    items = [in_form(item, target.form) for _, item in value[1]]
    if any(item is None for item in items):
        raise Refusal("NULL in an array")
    return items


def same(wanted: Any, there: Any, *, is_text: bool = False) -> bool:
    """Whether a value is the one that was wanted; numbers in JSON have no types."""
    if is_text and isinstance(there, str):
        return same(json.loads(wanted), json.loads(there))
    if isinstance(wanted, dict) and isinstance(there, dict):
        return set(wanted) == set(there) and all(same(wanted[n], there[n]) for n in wanted)
    if isinstance(wanted, list) and isinstance(there, list):
        return len(wanted) == len(there) and all(map(same, wanted, there))
    if isinstance(wanted, bool) or isinstance(there, bool):
        return wanted is there
    if isinstance(wanted, float) and isinstance(there, int | float):
        if math.isnan(wanted) or math.isnan(there):
            return math.isnan(wanted) and math.isnan(there)
        return wanted == there
    if isinstance(wanted, Decimal) and isinstance(there, Decimal):  # there it went by a double
        return abs(wanted - there) <= abs(wanted) * BY_A_DOUBLE
    if isinstance(wanted, int) and isinstance(there, float):
        return float(wanted) == there and abs(wanted) > 2**53  # as the local BigQuery rounds
    return bool(wanted == there)


def refusal(
    raw: bytes,
    targets: Sequence[Target],
    shows: Callable[[str], bool] = _every,
    *,
    exactly: bool = False,
) -> str:
    """Why a document can't be held, with json_numbers=exact where `exactly`; empty: it can."""
    by_path = {target.path: target for target in targets if target.name != "_extra"}
    try:
        elements = _looked_at(raw, targets, shows)
        _names(elements)
        for name, value in elements:
            target = by_path.get(_text(name))
            whole = as_json(value) if target is None else _whole(value, target)
            if target is None or target.form == "json":
                _carried(whole)
                if exactly and not is_exact(json.dumps(whole)):
                    raise Refusal("a number that BigQuery prints otherwise")
    except Refusal as why:
        return str(why)
    return ""


def _carried(value: Any) -> None:
    """Numbers that JSON carries: a double's."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            _carried(each)
    elif isinstance(value, int) and not isinstance(value, bool) and int(float(value)) != value:
        raise Refusal("an integer that no double holds")
