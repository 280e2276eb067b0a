"""What a projection hides: a field that stands twice, of which it hands out the first only.

A projection that leaves fields out hands over the others as they stand, twice where they
stand twice. One that names what it takes doesn't: there the server is asked for the names
beside, and for the whole of those fields of which only parts are taken.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from auto_schema.kernels import arrow, pc
from sources.mongodb import bson_elements as b
from sources.mongodb import bson_json
from sources.mongodb import bson_values as values
from sources.mongodb.bson_elements import Buffer, Fields

KEY = "_id"
HELD = "_smart_sync_held_fields"
"""The field in which the server tells what a document holds."""
TWICE = "a field twice in one document, of which mongodb_projection shows the first"
_IN_ARRAYS = (["$slice"], ["$elemMatch"])


@dataclass(frozen=True, slots=True)
class Taken:
    """Top-level fields that a projection takes whole, and those that it takes parts of."""

    whole: tuple[str, ...]
    parts: tuple[str, ...]


def taken(projection: Mapping[str, Any]) -> Taken | None:
    """What a projection takes; None: it says only what it leaves out.

    >>> taken({"a": 1, "b.c": 1, "_id": 0})
    Taken(whole=('a',), parts=('b',))
    >>> taken({"a": 0}), taken({"_id": 0}), taken({"a": {"$slice": 1}})
    (None, None, None)
    """
    rest = {name: value for name, value in projection.items() if name != KEY}
    if not any(map(_takes, rest.values())) and not (not rest and projection.get(KEY)):
        return None
    whole = [name for name, value in rest.items() if _is_flag(value) and "." not in name]
    parts = list(_inner(rest))
    if projection.get(KEY, 1):
        whole.append(KEY)
    return Taken(tuple(whole), tuple(dict.fromkeys(parts)))


def _is_flag(value: object) -> bool:
    return isinstance(value, bool | int | float)


def _takes(value: object) -> bool:
    """Whether one entry makes a projection one that names what it takes."""
    if isinstance(value, dict):
        words = [name for name in value if name.startswith("$")]
        if words:
            return words[0] not in ("$slice", "$meta")
        return any(map(_takes, value.values()))
    return bool(value) if _is_flag(value) else True


def _inner(rest: Mapping[str, Any]) -> Iterator[str]:
    for name, value in rest.items():
        words = [word for word in value if word.startswith("$")] if isinstance(value, dict) else []
        if _is_flag(value) and "." not in name:
            continue
        if _is_flag(value) or (isinstance(value, dict) and not words) or words[:1] in _IN_ARRAYS:
            yield name.partition(".")[0]
        else:
            yield from _sources(value)


def _sources(expression: object) -> Iterator[str]:
    """The fields that an expression reads."""
    if isinstance(expression, str) and expression.startswith("$"):
        name = expression[len("$$ROOT.") if expression.startswith("$$ROOT.") else 1 :]
        if not name.startswith("$"):
            yield name.partition(".")[0]
    elif isinstance(expression, dict):
        for value in expression.values():
            yield from _sources(value)
    elif isinstance(expression, list):
        for value in expression:
            yield from _sources(value)


def telling(projection: dict[str, Any]) -> dict[str, Any]:
    """The same projection, with what it would hide."""
    fields = taken(projection)
    if fields is None:
        return projection
    chosen = {"$in": ["$$f.k", {"$literal": [*fields.whole, *fields.parts]}]}
    every = {"$filter": {"input": {"$objectToArray": "$$ROOT"}, "as": "f", "cond": chosen}}
    whole = {"$cond": [{"$in": ["$$f.k", {"$literal": [*fields.parts]}]}, "$$f.v", None]}
    held = {"$map": {"input": every, "as": "f", "in": {"k": "$$f.k", "v": whole}}}
    return projection | {HELD: held}


def hidden(buffer: Buffer, fields: Fields) -> dict[int, str]:
    """The rows whose document holds a field twice, and that field (empty: none is told)."""
    elements, _ = fields.dense(HELD.encode())
    if not (elements.type == b.ARRAY).any():
        return {}
    rows = np.flatnonzero(elements.type == b.ARRAY)
    arrays = elements.take(rows)
    items, lengths = b.items_of(buffer, arrays.start, arrays.start + arrays.size)
    of_row = np.repeat(rows, lengths)
    pairs = b.complete_fields(buffer, items.start, items.start + items.size)
    names = values.text(buffer, pairs.dense(b"k")[0])
    counted = arrow.table({"row": of_row, "name": names}).group_by(["row", "name"])
    counted = counted.aggregate([([], "count_all")])
    several = counted.filter(pc.greater(counted.column("count_all"), 1)).to_pylist()
    twice = {group["row"]: group["name"] for group in several}
    buffer.faults.clear()
    bson_json.texts(buffer, pairs.dense(b"v")[0])
    for place, _ in buffer.faults:
        item = int(np.searchsorted(items.start, place, side="right")) - 1
        twice.setdefault(int(of_row[item]), names[item].as_py())
    buffer.faults.clear()
    return twice
