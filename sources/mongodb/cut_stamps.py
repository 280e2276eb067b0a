"""How far the pipeline of a view cuts the stamps of a field, seconds included. Pure.

A field is followed from the end of the pipeline to where a stage makes it, and further to the
fields that it is made of.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sources.coarse_stamps import CoarseStamps
from sources.mongodb.cut_units import MILLISECOND, operator_of, parts_of, unit_of
from sources.mongodb.extended_json import Document
from sources.time_units import UNITS

SPECIFIED = frozenset({"$project", "$addFields", "$set"})
Stages = Sequence[Document]


def cut_by_views(stages: Stages, path: str, behind: Mapping[str, Stages]) -> CoarseStamps | None:
    """What cuts the stamps of a field furthest; None: nothing, they have their milliseconds.

    Args:
        stages: of the view, those of the views below it first.
        path: of the field.
        behind: the same of other views that stages read, by their names.

    >>> hours = {"$set": {"at": {"$dateTrunc": {"date": "$made", "unit": "hour"}}}}
    >>> cut_by_views([hours], "at", {}).unit
    datetime.timedelta(seconds=3600)
    >>> cut_by_views([hours], "made", {})
    """
    try:
        return _Look(tuple(stages), behind).of_field(len(stages), path)
    except RecursionError:
        return None


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


@dataclass(frozen=True, slots=True)
class _Look:
    """A way up a pipeline.

    Attributes:
        seen: fields that were looked at, each with the number of stages before it.
    """

    stages: tuple[Document, ...]
    behind: Mapping[str, Stages]
    seen: set[tuple[int, str]] = field(default_factory=set)

    def of_field(self, before: int, path: str) -> CoarseStamps | None:
        """What cuts a field as the first stages leave it."""
        if (before, path) in self.seen:
            return None
        self.seen.add((before, path))
        for place in range(before - 1, -1, -1):
            name, spec = next(iter(self.stages[place].items()))
            if name in ("$bucket", "$bucketAuto") and path.partition(".")[0] == "_id":
                return CoarseStamps(_shown({name: spec}), UNITS["DAY"])
            others = self.of_others(place, name, spec, path)
            expression = _made(name, spec, path)
            if expression is not None:
                return _furthest((others, self.of_value(place, *expression)))
            if others is not None:
                return _furthest((others, self.of_field(place, path)))
        return None

    def of_others(self, place: int, name: str, spec: Any, path: str) -> CoarseStamps | None:
        """What cuts a field that comes out of another collection, or of a part of the pipeline."""
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
        return cut_by_views(inner, rest, self.behind) if inner and rest else None

    def of_value(self, before: int, value: Any, rest: str) -> CoarseStamps | None:
        """What cuts the value of an expression, or a field within it."""
        if isinstance(value, str):
            path = _path(value)
            return self.of_field(before, ".".join(filter(None, (path, rest)))) if path else None
        if isinstance(value, Mapping) and rest and not operator_of(value):
            expression = _within(value, rest)
            return self.of_value(before, *expression) if expression else None
        unit = unit_of(value)
        own = None if unit is None or unit <= MILLISECOND else CoarseStamps(_shown(value), unit)
        return _furthest((own, *(self.of_value(before, part, rest) for part in parts_of(value))))


def _furthest(cuts: Iterable[CoarseStamps | None]) -> CoarseStamps | None:
    return max(filter(None, cuts), key=lambda cut: cut.unit, default=None)


def computed_by(projection: Mapping[str, Any], path: str) -> bool:
    """Whether a projection makes a field in place of taking it.

    >>> computed_by({"meta": {"at": 1}}, "meta.at"), computed_by({"meta.at": "$at"}, "meta.at")
    (False, True)
    """
    expression = _within(projection, path)
    return expression is not None and not _keeps(expression[0])


def _made(name: str, spec: Any, path: str) -> tuple[Any, str] | None:
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
