"""What a plan warns of or advises where a lawful choice has a price that is easily missed."""

from auto_schema.schema import TableSchema
from auto_schema.warehouse_types import PARTITION_TYPES
from smart_sync.facts import Facts
from smart_sync.request import SyncRequest, WriteDisposition
from smart_sync.source_labels import SOURCE, source_labels


def doubling_warning(request: SyncRequest, facts: Facts) -> str:
    """That a plain append writes rows again which an earlier run has written; empty: it doesn't."""
    target, appends = facts.target, request.publishing.write_disposition is WriteDisposition.APPEND
    if request.window.smart_sync or not appends or request.replaces or not target.exists:
        return ""
    mine = dict(source_labels(facts.profile)).get(SOURCE)
    if target.rows == 0 or mine is None or dict(target.labels).get(SOURCE) != mine:
        return ""
    rows = "rows" if target.rows is None else f"{target.rows:,} rows"
    return (
        f"{request.destination} already holds {rows} of this source, and WRITE_APPEND without smart"
        " sync adds all that the query delivers once more: what is there already will be there"
        " twice. Set enable_smart_sync=true for only what is new, WRITE_TRUNCATE to replace, or"
        " WRITE_MERGE with merge_keys"
    )


def merge_layout_note(request: SyncRequest, facts: Facts, schema: TableSchema) -> str:
    """That merges cost less where the partition column of a row never moves; empty: it may not."""
    merges = request.publishing.write_disposition is WriteDisposition.MERGE
    cursor, partitioning = facts.cursor, schema.partitioning
    is_made = not facts.target.exists or request.publishing.delete_existing_table
    if not merges or cursor is None or partitioning is None or not is_made:
        return ""
    if partitioning.field.casefold() != cursor.name.casefold():
        return ""
    fit = [c.name for c in schema if c.bigquery in PARTITION_TYPES and not c.is_repeated]
    others = ", ".join(name for name in fit if name.casefold() != cursor.name.casefold())
    others = f"perhaps {others}" if others else "such as created_at"
    keys = ",".join(request.publishing.merge_keys)
    return (
        f"the table is partitioned by {cursor.name}, which moves with each update: a merge then"
        " looks for the older version of a row in another partition. A column that stays as it was"
        f" made ({others}) as partition_field and clustering_fields={keys}"
        " read fewer bytes"
    )
