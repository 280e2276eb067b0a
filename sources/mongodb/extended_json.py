"""Extended JSON: what the operator writes and what plans show, and its placeholders."""

import json
import re
from collections import Counter
from datetime import datetime
from typing import Any

from bson import json_util
from bson.binary import UuidRepresentation
from bson.codec_options import DatetimeConversion

from sources.values import CursorValue

Document = dict[str, Any]


_OPTIONS: dict[str, Any] = {
    "uuid_representation": UuidRepresentation.UNSPECIFIED,
    "tz_aware": True,
    "datetime_conversion": DatetimeConversion.DATETIME_AUTO,
}
CANONICAL = json_util.CANONICAL_JSON_OPTIONS.with_options(**_OPTIONS)
RELAXED = json_util.RELAXED_JSON_OPTIONS.with_options(**_OPTIONS)


def parse(text: str) -> Any:
    """Extended JSON, canonical or relaxed, as BSON values.

    Raises:
        ValueError, TypeError: it isn't.
    """
    return json_util.loads(text, json_options=CANONICAL)


def named_twice(text: str) -> str:
    """A name that an object of JSON has twice, of which parsers keep the last; empty: none.

    >>> named_twice('{"$or": [{"a": 1}], "b": {"$or": [2]}, "$or": [{"c": 1}]}')
    '$or'
    >>> named_twice('{"$or": [{"a": 1}, {"a": 2}]}')
    ''
    """
    twice = list[str]()

    def hook(pairs: list[tuple[str, Any]]) -> None:
        names = Counter(name for name, _ in pairs)
        twice.extend(name for name, count in names.items() if count > 1)

    json.loads(text, object_pairs_hook=hook)
    return next(iter(twice), "")


def written(value: object) -> str:
    """A BSON value as canonical Extended JSON: `parse` gives it back."""
    return json_util.dumps(value, json_options=CANONICAL)


def shown(value: object) -> str:
    """A BSON value as people read it."""
    return json_util.dumps(value, json_options=RELAXED, ensure_ascii=False)


START, END = "{start_timestamp}", "{end_timestamp}"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\{(?:start|end)_timestamp\}')
LOWEST_INT64 = -(2**63)


def placeholders(query: str) -> set[str]:
    """Which of the two placeholders a query holds."""
    return {mark for mark in (START, END) if mark in query}


def bind(query: str, low: CursorValue | None, high: CursorValue) -> str:
    """Put the window's ends into a query's placeholders.

    Inside a text stands the bare value, a date in ISO form; outside an Extended JSON value.

    >>> from datetime import datetime, UTC
    >>> low, high = datetime(2025, 7, 22, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    >>> bind('{"a": {"$gt": {"$date": "{start_timestamp}"}}}', low, high)
    '{"a": {"$gt": {"$date": "2025-07-22T00:00:00.000Z"}}}'
    >>> bind('{"a": {"$lte": {end_timestamp}}}', low, high)
    '{"a": {"$lte": {"$date": "2026-01-01T00:00:00.000Z"}}}'
    """
    ends = {START: low, END: high}

    def put(match: re.Match[str]) -> str:
        token = match.group()
        if token in ends:
            return _json_value(ends[token])
        for mark, value in ends.items():
            token = token.replace(mark, _bare(value))
        return token

    return _TOKEN.sub(put, query)


def _bare(value: CursorValue | None) -> str:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return str(LOWEST_INT64 if value is None else value)


def _json_value(value: CursorValue | None) -> str:
    if isinstance(value, datetime):
        return f'{{"$date": "{_bare(value)}"}}'
    return f'{{"$oid": "{value}"}}' if isinstance(value, str) else _bare(value)
