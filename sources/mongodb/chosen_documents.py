"""Documents that a query, or a view, leaves out by their number, by chance, or for a time. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sources.mongodb.cut_stamps import NOW, Stages, made_by, parts_of_field
from sources.mongodb.extended_json import Document

_BY_NUMBER = frozenset({"$limit", "$sample", "$skip"})
_BY_CHANCE = frozenset({"$rand", "$sampleRate"})
_MULTIPLYING = frozenset({"$unionWith", "$unwind"})
_GROUPING = frozenset({"$group", "$bucket", "$bucketAuto", "$sortByCount"})
_KEEPING = ("$_id", {"$toString": "$_id"})
_CHOOSING = frozenset({"$match", "$redact"})
_EARLIER_FIRST = {"$lt": True, "$lte": True, "$gt": False, "$gte": False}


def gives_some(query: Document, stages: Stages) -> str:
    """Why only some documents come, and others another time; empty: nothing shows that.

    Args:
        query: the operator's filter.
        stages: of the view that it is asked of, those of the views below it first.

    >>> gives_some({"$sampleRate": 0.5}, [])
    '$sampleRate'
    >>> gives_some({}, [{"$sort": {"at": -1}}, {"$limit": 9}])
    '$limit in its view'
    >>> gives_some({}, [{"$lookup": {"from": "a", "as": "b", "pipeline": [{"$limit": 1}]}}])
    ''
    """
    own, seen = _some([{"$match": query}]), _some([*stages, {"$match": query}])
    return own or (f"{seen} in its view" if seen else "")


def _some(stages: Stages) -> str:
    chance = ""
    for stage in stages:
        name, spec = next(iter(stage.items()))
        if name in _BY_NUMBER:
            return str(name)
        chance = chance or next((word for word, _ in _within(spec) if word in _BY_CHANCE), "")
        by_code = (value for word, value in _within(spec) if word == "$where")
        if any("random" in str(code) for code in by_code):
            return "Math.random()"
        if chance and name in _CHOOSING and spec:
            return chance
        parts = [spec] if name == "$unionWith" and isinstance(spec, Mapping) else []
        inner = [part.get("pipeline", ()) for part in parts]
        inner += spec.values() if name == "$facet" else []
        if some := next(filter(None, map(_some, inner)), ""):
            return some
    return ""


def ripening(query: Document, stages: Stages, cursor: str) -> str:
    """The condition that documents come to meet as time goes by; empty: nothing shows one.

    One of the cursor, or of what it is made of, is none: they lie above the watermark then.

    >>> ripening({"$expr": {"$lte": ["$shown_from", "$$NOW"]}}, [], "at")
    '{"$lte": ["$shown_from", "$$NOW"]}'
    >>> ripening({"$expr": {"$gt": ["$$NOW", "$at"]}}, [], "at")
    ''
    >>> later = {"$set": {"at": {"$max": ["$made", "$shown_from"]}}}
    >>> ripening({"$expr": {"$lte": ["$shown_from", "$$NOW"]}}, [later], "at")
    ''
    """
    made_of = {cursor}
    for part in parts_of_field(stages, cursor, {}):
        made_of |= set(_fields(part.value))
    for stage in (*stages, {"$match": query}):
        name, spec = next(iter(stage.items()))
        for word, given in _within(spec) if name in _CHOOSING else ():
            if word in _EARLIER_FIRST and isinstance(given, list) and len(given) == 2:
                earlier, later = given if _EARLIER_FIRST[word] else reversed(given)
                is_late = _tells_now(later) and not _tells_now(earlier)
                if is_late and set(_fields(earlier)) - made_of:
                    return json.dumps({word: given}, default=str)
    return ""


def tells_apart(stages: Stages) -> bool | None:
    """Whether the documents of a view have an _id each; None: nothing speaks against it.

    >>> [tells_apart([stage]) for stage in ({"$unwind": "$a"}, {"$group": {"_id": "$a"}})]
    [False, None]
    >>> tells_apart([{"$set": {"_id": "$sku"}}])
    False
    >>> tells_apart([{"$set": {"_id": {"$toString": "$_id"}}}, {"$match": {"a": 1}}])
    """
    for stage in reversed(stages):
        name, spec = next(iter(stage.items()))
        if name in _MULTIPLYING:
            return False
        if name in _GROUPING:
            return None
        value = made_by(name, spec, "_id")
        if value is not None and value[0] not in _KEEPING:
            return False
    return None


def _within(value: Any) -> Iterator[tuple[str, Any]]:
    """All keys at any depth, each with its value."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield key, one
            yield from _within(one)
    elif isinstance(value, list):
        for one in value:
            yield from _within(one)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for one in value if isinstance(value, list) else ():
        yield from _texts(one)
    for one in value.values() if isinstance(value, Mapping) else ():
        yield from _texts(one)


def _fields(value: Any) -> Iterator[str]:
    """The fields that an expression names."""
    for text in _texts(value):
        path = text.removeprefix("$$ROOT.").removeprefix("$$CURRENT.")
        if path != text or (text.startswith("$") and not text.startswith("$$")):
            yield path.removeprefix("$")


def _tells_now(value: Any) -> bool:
    return any(text in NOW for text in _texts(value))
