"""What the destination must hold for a value of PostgreSQL, by a model of the hunt's own.

It knows the value as psql shows it, its type and the destination's column; it shares no code
with the program, nor with the program's own proof.
"""

import json
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from google.cloud import bigquery


class _Mark:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


DEAD = _Mark("a dead letter")
"""No column of that type can hold the value."""

LEGACY = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}


@dataclass(frozen=True, eq=False)
class JsonText:
    """An array in a column of text: equal to each JSON text of these items."""

    items: Any

    def __eq__(self, other: object) -> bool:
        if isinstance(other, JsonText):
            return bool(self.items == other.items)
        try:
            return isinstance(other, str) and bool(found_json(json.loads(other)) == self.items)
        except ValueError:
            return False


def expected(text: str | None, kind: str, field: bigquery.SchemaField) -> Any:
    """The value that must stand in the field, or DEAD.

    Args:
        text: as PostgreSQL's own output function writes it; None: NULL.
        kind: the name of the base type in pg_type; an array's begins with `_`.
        field: the destination's column.
    """
    if field.mode == "REPEATED":
        return _repeated(text, kind, field)
    if text is None:
        return None
    name = LEGACY.get(field.field_type, field.field_type)
    if name == "JSON" and kind.startswith("_"):
        return _json_array(text, kind)
    if name == "STRING" and kind.startswith("_"):
        items = _json_array(text, kind)
        return items if items is DEAD else JsonText(items)
    if name == "STRING" and kind in WRITTEN:
        return JsonText(_json(text, kind))
    try:
        return FORMS[name](text, kind)
    except (ValueError, InvalidOperation, OverflowError):
        return DEAD


def found(value: Any) -> Any:
    """A value as BigQuery's client hands it over, in a form that compares exactly."""
    if isinstance(value, bool) or value is None or isinstance(value, str | bytes):
        return value
    if isinstance(value, int | float):
        return repr(value + 0.0) if isinstance(value, float) else value
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, list):
        return [found(item) for item in value]
    if isinstance(value, dict):
        return {name: found(item) for name, item in value.items()}
    return value


def found_json(value: Any) -> Any:
    """A value of a JSON column; JSON knows one kind of number."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return repr(float(value))
    if isinstance(value, list):
        return [found_json(item) for item in value]
    return {name: found_json(item) for name, item in value.items()}


def _number(value: Decimal) -> str:
    """The local BigQuery keeps BIGNUMERIC as a double: 15 digits are compared."""
    return f"{value:.14e}" if value else "0"


def _integer(text: str, kind: str) -> int:
    return int(text)


def _float(text: str, kind: str) -> str:
    value = float(text)
    if kind == "float4":
        value = struct.unpack("f", struct.pack("f", value))[0]
    return repr(value + 0.0)  # the local BigQuery writes 0.0 and -0.0 of a column as one of them


def _bool(text: str, kind: str) -> bool:
    return {"t": True, "f": False}[text]


def _decimal(text: str, kind: str) -> str:
    if kind == "money":
        text = text.replace("$", "").replace(",", "")
    value = Decimal(text)
    if not value.is_finite():
        raise ValueError(text)
    digits = value.normalize().as_tuple()
    before = len(digits.digits) + int(digits.exponent)
    if before > 38 or -int(digits.exponent) > 38:
        raise ValueError(text)
    return _number(value)


def _bytes(text: str, kind: str) -> bytes:
    return bytes.fromhex(text.removeprefix("\\x"))


def _date(text: str, kind: str) -> date:
    if text.endswith(" BC"):
        raise ValueError(text)
    return date.fromisoformat(text)


def _stamp(text: str, kind: str) -> datetime:
    if text.endswith(" BC"):
        raise ValueError(text)
    if len(text) == 10:
        text += " 00:00:00"
    return datetime.fromisoformat(text.removesuffix("+00"))


def _time(text: str, kind: str) -> time:
    return time.fromisoformat(text)


_LONE = re.compile("[\ud800-\udfff]")


def _pair(text: str) -> str:
    """A composite of an integer, a text and a float, as PostgreSQL writes it, as JSON."""
    parts = re.findall(r'(?:^|,)("(?:[^"\\]|""|\\.)*"|[^,]*)', text[1:-1], re.DOTALL)
    number, words, real = (None if part == "" else part for part in parts)
    if words and words[0] == '"':
        words = re.sub(r'""|\\(.)', lambda m: m[1] or '"', words[1:-1], flags=re.DOTALL)
    real = json.dumps(real) if real in ("NaN", "Infinity", "-Infinity") else real or "null"
    return f'{{"n": {number or "null"}, "t": {json.dumps(words)}, "x": {real}}}'


def _sparse(text: str) -> str:
    """pgvector's sparsevec as JSON."""
    numbers, _, dimensions = text[1:].partition("}/")
    elements = re.sub("([0-9]+):", r'"\1": ', numbers)
    return f'{{"dimensions": {dimensions}, "elements": {{{elements}}}}}'


_PAIR_OF_TEXTS = re.compile(r'"((?:[^"\\]|\\.)*)"=>(?:(NULL)|"((?:[^"\\]|\\.)*)")', re.DOTALL)


def _store(text: str) -> str:
    """hstore: an object of texts."""

    def plain(quoted: str) -> str:
        return re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)

    pairs = _PAIR_OF_TEXTS.findall(text)
    return json.dumps({plain(key): None if null else plain(value) for key, null, value in pairs})


WRITTEN: Mapping[str, Callable[[str], str]] = {
    "pair": _pair,
    "sparsevec": _sparse,
    "hstore": _store,
}
"""Types that arrive as JSON, with how it is written."""


def _json(text: str, kind: str) -> Any:
    if kind in WRITTEN:
        text = WRITTEN[kind](text)
    elif kind not in ("json", "jsonb"):
        return text
    value = json.loads(text, parse_int=_json_number, parse_float=_json_number)
    if _LONE.search(json.dumps(value, ensure_ascii=False)):
        raise ValueError(text)
    return value


def _json_number(text: str) -> str:
    """As JSON's parsers read it; one that neither 64 bits nor a double hold is a dead letter."""
    value = float(text)
    whole = re.fullmatch("-?[0-9]{1,20}", text) and -(2**63) <= int(text) < 2**64
    exact = whole or Decimal(text) == Decimal(repr(value)) if abs(value) != float("inf") else False
    if not exact:
        raise ValueError(text)
    return repr(float(int(text)) if re.fullmatch("-?0+", text) else value)


def _string(text: str, kind: str) -> str:
    return text


FORMS: Mapping[str, Callable[[str, str], Any]] = {
    "INT64": _integer,
    "FLOAT64": _float,
    "BOOL": _bool,
    "NUMERIC": _decimal,
    "BIGNUMERIC": _decimal,
    "STRING": _string,
    "BYTES": _bytes,
    "DATE": _date,
    "DATETIME": _stamp,
    "TIMESTAMP": _stamp,
    "TIME": _time,
    "JSON": _json,
}


def _repeated(text: str | None, kind: str, field: bigquery.SchemaField) -> Any:
    if text is None:
        return []
    if kind in ("vector", "halfvec"):
        return [_float(item, "float4") for item in text[1:-1].split(",")]
    items = array_items(text)
    if any(item is None or isinstance(item, list) for item in items):
        return DEAD
    one = bigquery.SchemaField(field.name, field.field_type)
    made = [expected(item, kind[1:], one) for item in items]
    return DEAD if any(item is DEAD for item in made) else made


_NUMBERS = ("int2", "int4", "int8", "float4", "float8", "numeric", "oid")


def _json_array(text: str, kind: str) -> Any:
    def one(item: Any) -> Any:
        if isinstance(item, list):
            return [one(inner) for inner in item]
        if item is None:
            return None
        if kind[1:] in _NUMBERS:
            if item in ("NaN", "Infinity", "-Infinity"):
                return item
            return _json_number(item) if "float" not in kind else repr(float(item))
        if kind[1:] in ("json", "jsonb", *WRITTEN):
            return _json(item, kind[1:])
        if kind[1:] == "bool":
            return item == "t"
        return item.replace(" ", "T", 1) if kind.startswith("_timestamp") else item

    try:
        return one(array_items(text))
    except ValueError:
        return DEAD


_TOKEN = re.compile(r'[{},]|"(?:[^"\\]|\\.)*"|(?:[^{},"\\]|\\.)+', re.DOTALL)


def array_items(text: str) -> list[Any]:
    """An array as PostgreSQL writes it: lists of texts and None; bounds are left out.

    >>> array_items('[5:6]={7,"a\\\\"b"}'), array_items("{{1,NULL},{}}")
    (['7', 'a"b'], [['1', None], []])
    """
    stack: list[list[Any]] = [[]]
    for token in _TOKEN.findall(re.sub(r"^(\[-?\d+:-?\d+\])+=", "", text)):
        if token == "{":
            stack.append([])
        elif token == "}":
            whole = stack.pop()
            stack[-1].append(whole)
        elif token == "NULL":
            stack[-1].append(None)
        elif token != ",":
            stack[-1].append(re.sub(r"\\(.)", r"\1", token[1:-1] if token[0] == '"' else token))
    result: list[Any] = stack[0][0]
    return result
