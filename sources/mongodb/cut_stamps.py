"""How far the pipeline of a view cuts the stamps of a field, or moves or makes them. Pure.

A field is followed from the end of the pipeline to where a stage makes it, and further to the
fields that it is made of.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sources.coarse_stamps import CoarseStamps
from sources.given_stamps import GivenStamps
from sources.mongodb.cut_units import MILLISECOND, moved_by, operator_of, parts_of, unit_of
from sources.mongodb.extended_json import Document

SPECIFIED = frozenset({"$project", "$addFields", "$set"})
NOW = ("$$NOW", "$$CLUSTER_TIME")
CHOOSING = frozenset({"$ifNull", "$cond", "$switch", "$max", "$toDate", "$literal"})
"""Operators that give one of their arguments as it is."""
Stages = Sequence[Document]


def cut_by_views(stages: Stages, path: str, behind: Mapping[str, Stages]) -> CoarseStamps | None:
    """What cuts the stamps of a field furthest, or moves them; None: they are as they were made.

    Args:
        stages: of the view, those of the views below it first.
        path: of the field.
        behind: the same of other views that stages read, by their names.

    >>> hours = {"$set": {"at": {"$dateTrunc": {"date": "$made", "unit": "hour"}}}}
    >>> cut_by_views([hours], "at", {}).unit
    datetime.timedelta(seconds=3600)
    >>> cut_by_views([hours], "made", {})
    """
    return _furthest(_cut(part.value) for part in parts_of_field(stages, path, behind))


def given_by_views(stages: Stages, path: str, behind: Mapping[str, Stages]) -> GivenStamps | None:
    """The stamp that stages give to documents without one in a field; None: none shows.

    >>> given_by_views([{"$set": {"at": {"$ifNull": ["$at", "$$NOW"]}}}], "at", {})
    GivenStamps(by='"$$NOW"', is_now=True)
    """
    for part in parts_of_field(stages, path, behind):
        if part.is_whole and is_constant(part.value):
            return GivenStamps(_shown(part.value), part.value in NOW)
    return None


def parts_of_field(stages: Stages, path: str, behind: Mapping[str, Stages]) -> list["Part"]:
    """All expressions of which a field is made; none of a pipeline that is too deep."""
    try:
        return list(_Look(tuple(stages), behind).of_field(len(stages), path, is_whole=True))
    except RecursionError:
        return []


def named_in(stages: Stages) -> Iterator[str]:
    """The collections and views of which stages take documents, in whatever depth."""
    for stage in stages:
        for name, spec in stage.items():
            if name == "$unionWith" and isinstance(spec, str):
                yield spec
            elif name in ("$lookup", "$graphLookup", "$unionWith"):
                named = (spec.get(word) for word in ("from", "coll"))
                yield from (one for one in named if isinstance(one, str))
                yield from named_in(spec.get("pipeline", ()))
            elif name == "$facet":
                for part in spec.values():
                    yield from named_in(part)


class Part(NamedTuple):
    """An expression on the way from a field to what it is made of.

    Attributes:
        value: it.
        is_whole: whether the field may be just that value, and not what is computed of it.
    """

    value: Any
    is_whole: bool


@dataclass(frozen=True, slots=True)
class _Look:
    """A way up a pipeline.

    Attributes:
        seen: fields that were looked at, each with the number of stages before it.
    """

    stages: tuple[Document, ...]
    behind: Mapping[str, Stages]
    seen: set[tuple[int, str]] = field(default_factory=set)

    def of_field(self, before: int, path: str, *, is_whole: bool) -> Iterator[Part]:
        """What a field is made of as the first stages leave it."""
        if (before, path) in self.seen:
            return
        self.seen.add((before, path))
        for place in range(before - 1, -1, -1):
            name, spec = next(iter(self.stages[place].items()))
            if name in ("$bucket", "$bucketAuto") and path.partition(".")[0] == "_id":
                yield Part({name: spec}, is_whole=False)
                return
            yield from self.of_others(place, name, spec, path)
            expression = made_by(name, spec, path)
            if expression is not None:
                yield from self.of_value(place, *expression, is_whole=is_whole)
                return

    def of_others(self, place: int, name: str, spec: Any, path: str) -> list[Part]:
        """Of a field that comes out of another collection, or of a part of the pipeline."""
        head, _, rest = path.partition(".")
        inner: list[Document] = []
        if name == "$facet" and head in spec:
            inner = [*self.stages[:place], *spec[head]]
        elif name in ("$lookup", "$graphLookup") and spec.get("as") == head:
            inner = [*self.behind.get(spec.get("from"), ()), *spec.get("pipeline", ())]
        elif name == "$unionWith":
            words = {"coll": spec} if isinstance(spec, str) else spec
            inner = [*self.behind.get(str(words.get("coll")), ()), *words.get("pipeline", ())]
            rest = path
        return parts_of_field(inner, rest, self.behind) if inner and rest else []

    def of_value(self, before: int, value: Any, rest: str, *, is_whole: bool) -> Iterator[Part]:
        """What an expression is made of, or a field within it."""
        path = _path(value) if isinstance(value, str) else ""
        if path:
            way = ".".join(filter(None, (path, rest)))
            yield from self.of_field(before, way, is_whole=is_whole)
            return
        operator = operator_of(value) if isinstance(value, Mapping) else ""
        if isinstance(value, Mapping) and rest and not operator:
            expression = _within(value, rest)
            if expression:
                yield from self.of_value(before, *expression, is_whole=is_whole)
            return
        yield Part(value, is_whole)
        is_whole = is_whole and (not operator or operator in CHOOSING)
        for part in parts_of(value):
            yield from self.of_value(before, part, rest, is_whole=is_whole)


def _cut(value: Any) -> CoarseStamps | None:
    """What an expression itself does to a stamp."""
    unit, moved = unit_of(value), moved_by(value)
    if unit is not None and unit > MILLISECOND:
        return CoarseStamps(_shown(value), unit)
    return CoarseStamps(_shown(value), moved, is_moved=True) if moved else None


def _furthest(cuts: Iterable[CoarseStamps | None]) -> CoarseStamps | None:
    """The longest that cuts; where none does, the longest that moves."""
    return max(filter(None, cuts), key=lambda cut: (not cut.is_moved, cut.unit), default=None)


def computed_by(projection: Mapping[str, Any], path: str) -> bool:
    """Whether a projection makes a field in place of taking it.

    >>> computed_by({"meta": {"at": 1}}, "meta.at"), computed_by({"meta.at": "$at"}, "meta.at")
    (False, True)
    """
    expression = _within(projection, path)
    return expression is not None and not _keeps(expression[0])


def made_by(name: str, spec: Any, path: str) -> tuple[Any, str] | None:
    """The expression of which a stage makes a field, and the way into it; None: none."""
    head, _, rest = path.partition(".")
    if name in SPECIFIED:
        return _within(spec, path) if computed_by(spec, path) else None
    if name == "$replaceRoot":
        return spec["newRoot"], path
    if name == "$replaceWith":
        return spec, path
    if name == "$sortByCount" and head == "_id":
        return spec, rest
    if name == "$group" and head in spec:
        return spec[head], rest
    if name in ("$setWindowFields", "$bucket", "$bucketAuto"):
        return _within(spec.get("output", {}), path)
    return None


def _within(spec: Mapping[str, Any], path: str) -> tuple[Any, str] | None:
    """What a document of expressions says of a field, and the way on from there."""
    for key, value in spec.items():
        if key == path:
            return value, ""
        if path.startswith(f"{key}."):
            rest = path[len(key) + 1 :]
            is_nested = isinstance(value, Mapping) and not operator_of(value)
            return _within(value, rest) if is_nested else (value, rest)
    return None


def is_constant(value: Any) -> bool:
    """Whether an expression is the same for all documents: what is written, or the time.

    >>> [is_constant(value) for value in ("$$NOW", 5, "2020", "$at", "$$ROOT.at", None, [5])]
    [True, True, True, False, False, False, False]
    """
    if isinstance(value, str):
        return value in NOW or not value.startswith("$")
    return value is not None and not isinstance(value, (Mapping, list, bool))


def _keeps(value: Any) -> bool:
    """Whether a projection takes a field as it is, or leaves it out."""
    return isinstance(value, (bool, int, float))


def _path(value: str) -> str:
    """The field that a text names; empty: it is none."""
    for root in ("$$ROOT.", "$$CURRENT."):
        if value.startswith(root):
            return value.removeprefix(root)
    return "" if not value.startswith("$") or value.startswith("$$") else value[1:]


def _shown(value: Any) -> str:
    return json.dumps(value, default=str)
