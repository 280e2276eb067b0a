"""I/O. Raw documents for the schema: how they are chosen, and asked for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymongo.errors

from auto_schema.errors import SourceRefusedError
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.errors import TRANSIENT_CODES, UNAUTHORIZED_CODE
from sources.mongodb.evidence import needs_an_index
from sources.mongodb.extended_json import Document, parse
from sources.mongodb.server import estimated_count
from sources.mongodb.statement import KEY

TIMEOUT_MS = 120_000
NEWEST_SHARE = 10
"""One document in so many of the sample is of the newest by _id: these have the new fields."""


def raw_sample(
    collection: Any, connection: MongodbConnection, asked: Document, kind: str
) -> tuple[list[bytes], str]:
    """Raw documents for the schema, and a note of how they were chosen.

    Args:
        collection: a handle on it.
        connection: with the projection, and how many documents are looked at.
        asked: the operator's filter, over all time.
        kind: collection, view or timeseries.

    Raises:
        SourceRefusedError: the server doesn't take the filter, or the projection.
    """
    started = time.monotonic()
    count = estimated_count(collection, connection) if kind == "collection" else None
    with _refusing(connection.place):
        if needs_an_index(asked):
            how = f"the first {connection.sample_size:,} documents of the query"
            pieces = _first(collection, connection, asked)
        else:
            pipelines, how = _pipelines(connection, asked, kind, count)
            pieces = _aggregated(collection, pipelines)
    size = sum(map(len, pieces))
    took = f"{size / 1e6:,.1f} MB in {time.monotonic() - started:.1f} s"
    return [raw for raw in pieces if raw], f"the schema is what {how} show ({took})"


def _pipelines(
    connection: MongodbConnection, asked: Document, kind: str, count: int | None
) -> tuple[list[list[Document]], str]:
    """What is aggregated: all documents, or a sample and the newest; and that in words.

    Args:
        connection: with the projection, and how many documents are looked at.
        asked: the operator's filter.
        kind: what is read; only a collection has newest documents by its key.
        count: of its documents; None: not known.
    """
    size = connection.sample_size
    project = [{"$project": parse(connection.projection)}] if connection.projection else []
    match = [{"$match": asked}] if asked else []
    if count is not None and count <= size:
        return [[*match, *project]], f"all {count:,} documents"
    sample: list[Document] = [{"$sample": {"size": size}}, *match, *project]
    how = f"{size:,} documents by $sample"
    if kind != "collection":
        return [sample], how
    newest = max(size // NEWEST_SHARE, 1)
    latest: list[Document] = [{"$sort": {KEY: -1}}, *match, {"$limit": newest}, *project]
    return [sample, latest], f"{how} and the {newest:,} newest by _id"


def _aggregated(collection: Any, pipelines: list[list[Document]]) -> list[bytes]:
    return [
        raw
        for pipeline in pipelines
        for raw in collection.aggregate_raw_batches(
            pipeline, maxTimeMS=TIMEOUT_MS, allowDiskUse=True
        )
    ]


def _first(collection: Any, connection: MongodbConnection, asked: Document) -> list[bytes]:
    """The first documents of a query that no pipeline takes."""
    projection = parse(connection.projection) if connection.projection else None
    size = connection.sample_size
    return list(collection.find_raw_batches(asked, projection, limit=size, max_time_ms=TIMEOUT_MS))


@contextmanager
def _refusing(place: str) -> Iterator[None]:
    """What the server says against the operator's words becomes an error that says so."""
    try:
        yield
    except pymongo.errors.OperationFailure as error:
        if error.code in TRANSIENT_CODES or error.code == UNAUTHORIZED_CODE:
            raise
        raise SourceRefusedError(
            "sample refused",
            place,
            str(error.details.get("errmsg") if error.details else error),
            "correct mongodb_query and mongodb_projection; they have to run as in mongosh, the"
            ' projection in $project, too: {"$slice": ["$items", 2]} in place of {"$slice": 2},'
            " $filter in place of $elemMatch.",
        ) from error
