"""MongoDB as a value: how to connect, and the exact find command of each split.

The window is joined to the operator's query with $and. `$gt` and `$lte` compare within
one type only, so documents whose cursor is of another type would never match any window:
they are asked for, too, and refused aloud where the rows are made.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Self

from bson import Int64, ObjectId

from auto_schema.mongodb_types import CODES
from auto_schema.schema import Column
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.extended_json import Document, parse, shown
from sources.mongodb.projection import HELD, telling
from sources.mongodb.rows import UUID_ORDERS, Layout, top_level
from sources.values import CursorValue, Extract, Split, Window

KEY = "_id"
MOST_LEFT_OUT = 500
"""Fields that the server is told to leave out; more of them come, and are left out here."""

BRACKETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "timestamptz": ("date",),
        "objectId": ("objectId",),
        "int8": ("int", "long"),
    }
)
"""Cursor type → the BSON types that a window of it holds.

MongoDB compares integers with doubles and decimals, too, which no column of integers holds.
https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/
"""
NOTHING = ("null", "undefined")
FIRST_DATE = datetime(1, 1, 1, tzinfo=UTC)
LAST_DATE = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
"""What BigQuery can hold, to the millisecond."""


@dataclass(frozen=True, slots=True)
class MongodbStatement:
    """One query on one collection, read range by range of _id.

    Attributes:
        query: the operator's filter as canonical Extended JSON, placeholders bound.
        columns: what is read of each document, and in which form.
        left_out: fields that nothing may hold.
        extract: the window around the query, where there is one.
        cursor_type: of its cursor; empty without a window.
        at: a replica set's time after the window was chosen; None: the server is no set.
        has_snapshot: whether all splits can read one snapshot of that time.
        uuid_representation: of the connection string, for legacy UUIDs.
        nested: the columns that lie within documents.
        keeps_places: whether documents can be read in an order that no change of them moves.
        collection_id: what another collection or view of the same name doesn't have.
    """

    connection: MongodbConnection
    query: str = "{}"
    columns: tuple[Column, ...] = ()
    left_out: tuple[str, ...] = ()
    extract: Extract = field(default_factory=Extract)
    cursor_type: str = ""
    at: tuple[int, int] | None = None
    has_snapshot: bool = False
    uuid_representation: str = ""
    nested: tuple[str, ...] = ()
    collection_id: str = ""
    keeps_places: bool = False

    @property
    def place(self) -> str:
        """Where the rows come from, without secrets."""
        return self.connection.place

    @property
    def layout(self) -> Layout:
        """How documents become rows."""
        order = UUID_ORDERS.get(self.uuid_representation)
        return Layout(self.columns, (*self.left_out, HELD), order, self.nested)

    def with_columns(self, columns: tuple[Column, ...], left_out: tuple[str, ...] = ()) -> Self:
        """The same source, reading these columns and never those fields."""
        return replace(self, columns=columns, left_out=left_out)

    def filter(self, window: Window | None = None) -> Document:
        """The whole filter: the operator's, and the window around it."""
        cursor, window = self.extract.cursor, window or self.extract.window
        asked: Document = parse(self.query)
        if marking := self.extract.without:
            asked = both(asked, unmarked(marking.column, is_flag=marking.is_flag))
        if cursor is None or window is None:
            return asked
        return both(asked, window_filter(cursor, self.cursor_type, window))

    def projection(self) -> Document | None:
        """The operator's projection, or one without the fields that nothing may hold.

        None of ours says what it takes: a field that stands twice would come once.
        """
        if self.connection.projection:
            return telling(parse(self.connection.projection))
        needed = top_level(self.columns, self.nested)
        plain = [name for name in self.left_out if name and not re.search(r"[.$\0]", name)]
        fields = [name for name in plain if name not in needed][:MOST_LEFT_OUT]
        return dict.fromkeys(fields, 0) or None

    def is_walked(self, split: Split, *, at_once: bool) -> bool:
        """Whether documents are to be read in their places, and not by an index of the server's.

        A document that moves on in such an index while it is read comes twice, or not at all. In a
        window it leaves the window with the change; of one time (`at_once`) nothing moves.
        """
        is_free = split.column is None and self.extract.window is None
        return is_free and self.keeps_places and not at_once and not {KEY}.issuperset(self.filter())

    def statement(self, split: Split) -> str:
        """The find command of a split as mongosh would take it."""
        words = [shown(self.filter())]
        projection = self.projection()
        if projection:
            words.append(shown(projection))
        text = (
            f"db.getCollection({json.dumps(self.connection.collection)}).find({', '.join(words)})"
        )
        for name, bound in (("min", split.lower), ("max", split.upper)):
            if bound is not None:
                text += f".{name}({{_id: {bound}}})"
        is_walked = self.is_walked(split, at_once=self.at is not None and self.has_snapshot)
        text += ".hint({$natural: 1})" if is_walked else ""
        return text + (".hint('_id_')" if split.column else "")


def both(one: Document, other: Document) -> Document:
    """Documents that match two filters."""
    return {"$and": [one, other]} if one else other


def window_filter(cursor: str, kind: str, window: Window) -> Document:
    """Low < cursor <= high, or a cursor of a type that no window can hold."""
    within: Document = {"$lte": as_bson(window.high, kind)}
    if window.low is not None:
        within = {"$gt": as_bson(window.low, kind)} | within
    elif isinstance(window.high, datetime):  # what BigQuery can't hold is counted, and never read
        within = {"$gte": FIRST_DATE} | within
    return {"$or": [{cursor: within}, *outside(cursor, kind)["$or"]]}


def outside(cursor: str, kind: str) -> Document:
    """Documents that no window holds, although they have a cursor."""
    parts = cursor.split(".")
    return {"$or": [{cursor: {"$type": other_types(kind)}}, *arrays_on_way(parts[:-1])]}


def arrays_on_way(parts: Sequence[str]) -> list[Document]:
    """Conditions of arrays on a path: it has many values, or none."""
    return [{".".join(parts[:depth]): {"$type": "array"}} for depth in range(1, len(parts) + 1)]


def unmarked(path: str, *, is_flag: bool) -> Document:
    """Documents that a field doesn't mark as deleted; what is no mark is read, and refused."""
    mark: Document = {path: True} if is_flag else {path: {"$type": "date"}}
    return {"$or": [{"$nor": [mark]}, *arrays_on_way(path.split("."))]}


def other_types(kind: str) -> list[str]:
    """The BSON types that a window of that cursor type never matches, nulls left out."""
    return [name for name in CODES.values() if name not in (*BRACKETS[kind], *NOTHING)]


def kind_of(value: CursorValue) -> str:
    """The kind of cursor that has such values: a key of BRACKETS."""
    if isinstance(value, str):
        return "objectId"
    return "int8" if isinstance(value, int) else "timestamptz"


def as_bson(value: CursorValue, kind: str) -> object:
    """A window's end as MongoDB compares it; dates have milliseconds."""
    if kind == "objectId":
        return ObjectId(str(value))
    if isinstance(value, int):
        return Int64(value)
    if isinstance(value, datetime):
        return value.replace(microsecond=value.microsecond // 1000 * 1000)
    raise TypeError(f"no cursor of MongoDB: {value!r}")


def value_at(document: Any, path: str) -> Any:
    """The value at the end of a path through documents, or None."""
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document
