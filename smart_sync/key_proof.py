"""Whether the source itself says that the merge keys tell its rows apart. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence

from auto_schema.errors import SchemaError
from auto_schema.names import quoted
from auto_schema.schema import Column, TableSchema
from smart_sync.request import SyncRequest, WriteDisposition
from sources.profile import SourceProfile

PERIODS = ("daterange", "tsrange", "tstzrange")
"""Types of PostgreSQL that hold from when to when."""
CHAR = re.compile(r"character\((\d+)\)")
"""A type whose values have blanks at their end, up to its length, which don't count."""


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
        elif column is not None and (alike := _alike(column)):
            yield (
                f"the merge key {column.name} is a {column.source_type}: to PostgreSQL {alike} are"
                " one key, to BigQuery two, and a row whose key is written otherwise than before is"
                f" added beside the old one. Write {column.source_name} in one way only, or let"
                " repair=true or delete_missing remove such rows"
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


def _alike(column: Column) -> str:
    """Two values that the source takes for one and BigQuery for two; empty: there are none."""
    if column.changed:
        return ""  # a mask, or an expression of the user's own
    if column.source_type.rsplit(".", 1)[-1] == "citext":
        return "'A' and 'a'"
    is_text = column.source_type == "numeric" and column.bigquery == "STRING"
    return "1.0 and 1.00" if is_text else ""


def lengths_of_keys(request: SyncRequest, schema: TableSchema) -> dict[str, int]:
    """How many characters each value of the merge keys has that are char(n) of PostgreSQL."""
    if not request.publishing.write_disposition.is_by_key:
        return {}
    columns = [schema.find(name) for name in request.publishing.merge_keys]
    return {
        column.name: int(told[1])
        for column in columns
        if column is not None and not column.changed
        if (told := CHAR.fullmatch(column.source_type))
    }


def other_lengths(
    request: SyncRequest, wanted: Mapping[str, int], rows: Sequence[Mapping[str, object]]
) -> Iterator[SchemaError]:
    """That rows of the destination hold keys of another length than the source now gives them.

    Args:
        request: whose destination it is.
        wanted: characters of each key.
        rows: some of the destination, with these columns.
    """
    for name, length in wanted.items():
        lengths = {len(value) for row in rows if isinstance(value := row[name], str)}
        if others := lengths - {length}:
            column = quoted(name)
            yield SchemaError(
                "keys of another length",
                f"{request.destination}.{name}",
                f"it is a character({length}) in the source, whose values have blanks at their end"
                f" up to {length} characters, and keys of the destination have {max(others)}: to"
                " BigQuery they are other keys, and each row that comes would be added beside its"
                " old one",
                f"UPDATE {request.destination.sql} SET {column} = RPAD(RTRIM({column}, ' '),"
                f" {length}) WHERE TRUE.",
            )
