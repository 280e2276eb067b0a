"""I/O. What a MongoDB shows before the window is known: collection, indexes, sampled fields."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from auto_schema.bson_fields import BsonField, FieldSample
from auto_schema.errors import ConfigError, SourceRefusedError, shown
from auto_schema.mongodb_types import EXTRA
from auto_schema.open_fields import MOST_FIELDS
from sources.mongodb.behind import stages_of
from sources.mongodb.chosen_documents import gives_some, ripening, tells_apart
from sources.mongodb.client import AfterTime, Client, describe, indexes
from sources.mongodb.column_rules import MongodbColumns
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.cut_stamps import computed_by, cut_by_views, given_by_views, named_in
from sources.mongodb.evidence import needs_an_index
from sources.mongodb.extended_json import Document, bind, parse
from sources.mongodb.marks import with_marks
from sources.mongodb.raw_sample import raw_sample
from sources.mongodb.rows import UUID_ORDERS
from sources.mongodb.sample import Sample, sample_of
from sources.mongodb.server import Server, server_id, shard_key
from sources.mongodb.source import MongodbSource
from sources.mongodb.statement import KEY
from sources.profile import Cuts, SourceIdentity, SourceProfile, Texts
from sources.values import SourceColumn
from sources.writers import Numbers

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
_MIXING = frozenset(
    ["$bucket", "$bucketAuto", "$densify", "$facet", "$fill", "$graphLookup", "$group"],
).union(
    ["$lookup", "$setWindowFields", "$sortByCount", "$unionWith"],
)
"""Stages of a view by which a document depends on others."""
_SHAPING = frozenset(["$addFields", "$project", "$set", "$unset"])
"""Stages that leave no document out."""


def profile_of(
    client: Client, source: MongodbSource, server: Server, described: Document, cursor: str
) -> tuple[SourceProfile, tuple[str, ...]]:
    """What there is to know without the window, and the nested fields that are read.

    The source is one of now, where the server tells times: a member that lags behind would know
    nothing of new fields.
    """
    connection, query = source.connection, source.query
    database = client[connection.database]
    kind = str(described.get("type", "collection"))
    asked = parse(bind(query, FIRST, LAST)) if "{" in query else {}
    concern = AfterTime(source.at) if source.at else None
    collection = database.get_collection(connection.collection, read_concern=concern)
    pieces, how = raw_sample(collection, connection, asked, kind)
    paths = tuple(dict.fromkeys(name for name in (cursor, connection.marks) if "." in name))
    sample = sample_of(pieces, paths, legacy_uuids=server.uuid_representation in UUID_ORDERS)
    sample, unseen = with_marks(sample, collection, connection.marks, asked)
    _refuse_cursor(cursor, connection, sample)
    is_one = kind == "collection"
    whole = _whole_indexes(database, connection.collection) if is_one else []
    indexed = tuple(dict.fromkeys(next(iter(index["key"])) for index in whole))
    shown_by = stages_of(database, described)
    stages = shown_by if cursor else ()
    fields = _fields(sample)
    sharded_by = shard_key(database, connection.collection, server) if is_one else (KEY,)
    profile = SourceProfile(
        _columns(fields, sample, cursor, connection.marks),
        MongodbColumns(),
        is_open=True,
        is_unseen=not sample.documents,
        identity=SourceIdentity(
            f"mongodb/{connection.database}",
            server_id(client),
            (connection.collection,),
            (source.collection_id,),
            tuple(str(stage) for stage in shown_by if not _SHAPING & set(stage)),
            source.collection_id if cursor and is_one else "",
        ),
        cuts=_cuts(kind, asked, indexed),
        told_apart=_told_apart(kind, whole, database, described, sharded_by),
        texts=Texts(are_checked=False, json_is_exact=True),
        notes=(
            how,
            *_cursor_notes(described, cursor, indexed, stages),
            *_field_notes(fields, sample),
            *_shard_notes(sharded_by),
            *unseen,
        ),
    )
    profile = replace(profile, some=gives_some(asked, shown_by))
    column = profile.column(cursor)
    return _with_stamps(profile, database, column, asked, stages), sample.nested


def _cuts(kind: str, asked: Document, indexed: tuple[str, ...]) -> Cuts:
    if kind == "collection" and not needs_an_index(asked):
        return Cuts(key=KEY, by_key_only=True, indexed=indexed)
    reason = f"a {kind} or a query that can't be cut by _id"
    return Cuts(reason, by_key_only=True, indexed=indexed)


def _fields(sample: Sample) -> tuple[SourceColumn, ...]:
    """The fields that hold anything."""
    return tuple(
        SourceColumn(name, BsonField(field, is_nested=name in sample.nested))
        for name, field in sample.fields.items()
        if field.types and name != EXTRA
    )


def _columns(
    fields: tuple[SourceColumn, ...], sample: Sample, cursor: str, marks: str
) -> tuple[SourceColumn, ...]:
    """The fields, those that are needed and have no value yet, and what takes all others."""
    extra = SourceColumn(EXTRA, BsonField(FieldSample({"object": 1})))
    seen, unseen = {field.name for field in fields}, dict[str, SourceColumn]()
    if marks and marks not in seen:
        date = BsonField(FieldSample({"date": 0}), is_nested=marks in sample.nested)
        unseen[marks] = SourceColumn(marks, date)
    if cursor and not sample.documents:
        unseen[cursor] = SourceColumn(cursor, BsonField(known_as="TIMESTAMP"))
    return (*fields, *unseen.values(), extra)


def _refuse_cursor(cursor: str, connection: MongodbConnection, sample: Sample) -> None:
    """Refuse a cursor that no query can be asked by.

    Raises:
        ConfigError: the projection computes it, or its very name has a dot.
    """
    if cursor and computed_by(parse(connection.projection or "{}"), cursor):
        raise ConfigError(
            "computed cursor",
            f"smart_sync_timestamp_column {shown(cursor)}",
            "mongodb_projection computes it, and a window can't be asked of it",
            "name a stored field.",
        )
    if "." in cursor and cursor not in sample.nested:
        raise ConfigError(
            "cursor field with a dot in its name",
            f"smart_sync_timestamp_column {shown(cursor)}",
            "MongoDB's queries take the dot for the way into a document",
            "choose another cursor, or rename the field in MongoDB.",
        )


def _field_notes(fields: tuple[SourceColumn, ...], sample: Sample) -> Iterator[str]:
    if len(fields) > MOST_FIELDS:
        yield (
            f"{len(fields):,} fields were seen: {MOST_FIELDS:,} get columns: those that have one"
            f" or that a parameter names, then the most frequent; the others stay in {EXTRA}"
        )
    if not sample.documents:
        yield f"no document was found, so all fields go into {EXTRA}"


def _shard_notes(sharded_by: tuple[str, ...] | None) -> Iterator[str]:
    if sharded_by is None:
        yield (
            f"mongos doesn't show this account the shard key, and {KEY} is unique over all shards"
            " only where it is that key alone: grant the role read on the database config"
        )


def _cursor_notes(
    described: Document, cursor: str, indexed: tuple[str, ...], stages: tuple[Document, ...]
) -> Iterator[str]:
    """That windows are read without an index, and what comes late or changes unseen."""
    if cursor and cursor not in indexed:
        yield f"no index begins with {cursor}: each run reads the whole collection"
    options = described.get("options", {})
    if cursor and cursor == options.get("timeseries", {}).get("timeField"):
        yield (
            f"{cursor} is the time of who measured, and measurements come late: smart_sync_margin"
            " has to be longer than that"
        )
    if mixing := sorted(_MIXING & {next(iter(stage)) for stage in stages}):
        yield (
            f"the view has {', '.join(mixing)}: what changes in it without a newer {cursor} is not"
            f" seen. Let {cursor} be the newest stamp of all that goes into a document, or sync"
            " with WRITE_TRUNCATE"
        )


def _with_stamps(
    profile: SourceProfile,
    database: Any,
    cursor: SourceColumn | None,
    asked: Document,
    stages: tuple[Document, ...],
) -> SourceProfile:
    """The profile, with what query and view make of the cursor, also in views that stages read."""
    if cursor is None:
        return profile
    profile = replace(profile, ripening=ripening(asked, stages, cursor.name))
    if cursor.type.cursor_type == "int8":
        is_unique = (cursor.name,) in (profile.told_apart or ())
        return replace(profile, numbers=Numbers(may_repeat=not is_unique))
    if cursor.type.cursor_type != "timestamptz":
        return profile
    behind = dict[str, tuple[Document, ...]]()
    left = list(named_in(stages))
    while left:
        name = left.pop()
        if name not in behind:
            behind[name] = stages_of(database, describe(database, name) or {})
            left.extend(named_in(behind[name]))
    return replace(
        profile,
        coarse=cut_by_views(stages, cursor.name, behind),
        given=given_by_views(stages, cursor.name, behind),
    )


def _whole_indexes(database: Any, collection: str) -> list[Document]:
    """The indexes over all documents."""
    return [
        index
        for index in indexes(database, collection)
        if not {"partialFilterExpression", "sparse"} & set(index)
    ]


def _told_apart(
    kind: str,
    whole: list[Document],
    database: Any,
    described: Document,
    sharded_by: tuple[str, ...] | None,
) -> tuple[tuple[str, ...], ...] | None:
    """See `SourceProfile.told_apart`; a view may deliver a document more than once.

    Two shards may hold documents of one _id, unless it is the very shard key.
    """
    if kind == "view":
        return () if tells_apart(stages_of(database, described)) is False else None
    if kind != "collection":
        return ()
    unique = (tuple(index["key"]) for index in whole if index.get("unique"))
    keys = () if sharded_by is None else (tuple(dict.fromkeys((KEY, *sharded_by))),)
    return (*keys, *unique)


def described_by(database: Any, connection: MongodbConnection) -> Document:
    """The collection or view as the server describes it."""
    description = describe(database, connection.collection)
    if description is None:
        raise SourceRefusedError(
            "unknown collection",
            connection.place,
            f"the database {shown(connection.database)} has no collection"
            f" {shown(connection.collection)} that the user may see",
            "check mongodb_database and mongodb_collection; names are case-sensitive.",
        )
    return description
