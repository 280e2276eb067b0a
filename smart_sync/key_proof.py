"""Whether the source itself says that the merge keys tell its rows apart. Pure."""

from collections.abc import Iterator

from auto_schema.schema import TableSchema
from smart_sync.request import SyncRequest, WriteDisposition
from sources.profile import SourceProfile

PERIODS = ("daterange", "tsrange", "tstzrange")
"""Types of PostgreSQL that hold from when to when."""


def unproven_keys(
    request: SyncRequest, schema: TableSchema, profile: SourceProfile
) -> Iterator[str]:
    """That rows of the source may have one key, and become one row.

    Rows of one key whose cursor is one too are refused when they are merged; of others the newest
    stays, as is right where a table keeps each change, and a loss where a key is half a key.
    """
    asked = request.publishing.write_disposition
    columns = [schema.find(name) for name in request.publishing.merge_keys]
    for column in columns if asked.is_by_key else ():
        if column is not None and column.source_type in PERIODS:
            yield (
                f"the merge key {column.name} is a {column.source_type}: when a period is closed,"
                " its key is another, and the row with the open one stays beside it. Merge by a"
                " column that stays as it is, or let repair=true or delete_missing remove such rows"
            )
    if not asked.is_by_key or profile.told_apart is None:
        return
    brought = {column.source_name for column in columns if column}
    if any(set(unique) <= brought for unique in profile.told_apart):
        return
    named = ", ".join(request.publishing.merge_keys)
    known = " or ".join(", ".join(unique) for unique in profile.told_apart[:3])
    stays = ", of which only the newest stays" if asked is WriteDisposition.MERGE else ""
    is_so = f"it does by {known}" if known else "it has no unique index over all of them"
    instead = f"merge by {known}" if known else "add to merge_keys what tells them apart"
    yield (
        f"nothing in the source says that {named} tells its rows apart ({is_so}): rows with one"
        f" {named} are taken for versions of one row{stays}. Where they aren't, {instead}"
    )
