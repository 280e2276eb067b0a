"""I/O. The collections that MongoDB shows the user."""

from collections.abc import Sequence

from sources.mongodb.client import connected
from sources.mongodb.connection import MongodbConnection
from sources.protocol import of_kind
from sources.tables import SourceTable

SYSTEM = "system."
"""What its own begin with: https://www.mongodb.com/docs/manual/reference/system-collections/."""


def tables(connection: object, schemas: Sequence[str]) -> tuple[SourceTable, ...]:
    """See `Listing.tables`; views are not plain, and `_id` is the key of each collection."""
    del schemas
    connection = of_kind(connection, MongodbConnection)
    with connected(connection) as client:
        listed = list(client[connection.database].list_collections(authorizedCollections=True))
    return tuple(
        SourceTable(found["name"], is_plain=found.get("type") != "view", keys=("_id",))
        for found in sorted(listed, key=lambda found: str(found["name"]))
        if not found["name"].startswith(SYSTEM)
    )
