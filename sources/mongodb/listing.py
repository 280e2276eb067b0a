"""I/O. The collections that MongoDB shows the user."""

from collections.abc import Sequence
from dataclasses import replace

from sources.mongodb.client import connected
from sources.mongodb.connection import MongodbConnection
from sources.protocol import of_kind
from sources.tables import SourceTable

SYSTEM = "system."
"""What its own begin with: https://www.mongodb.com/docs/manual/reference/system-collections/."""


def tables(connection: object, schemas: Sequence[str]) -> tuple[SourceTable, ...]:
    """See `Listing.tables`; views are not plain, and `_id` is the key of each collection.

    Not of views and time series, which may show one `_id` many times:
    https://www.mongodb.com/docs/manual/core/timeseries-collections/.
    """
    del schemas
    connection = replace(of_kind(connection, MongodbConnection), collection="")
    with connected(connection) as client:
        database = client[connection.database]  # both words together: what the user may read
        listed = list(database.list_collections(nameOnly=True, authorizedCollections=True))
    return tuple(
        SourceTable(
            told["name"],
            is_plain=told.get("type") != "view",
            keys=("_id",) if told.get("type") == "collection" else (),
        )
        for told in sorted(listed, key=lambda told: str(told["name"]))
        if not told["name"].startswith(SYSTEM)
    )
