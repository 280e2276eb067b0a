"""What publishing does to the destination, and how rows get there; each choice with its reason."""

from enum import StrEnum

from auto_schema.schema import TableSchema
from smart_sync.facts import Target
from smart_sync.read_plan import BigqueryReading
from smart_sync.request import SyncRequest, WriteDisposition


class Mode(StrEnum):
    """How publishing changes the destination."""

    CREATE = "create"
    APPEND = "append"
    REPLACE = "replace"
    REBUILD = "rebuild"
    MERGE = "merge"
    PARTITIONS = "replace_partitions"


class Way(StrEnum):
    """How rows get into the destination: of staged files, or of the source itself."""

    LOAD = "load"
    STATEMENT = "statement"
    QUERY = "query"
    COPY = "copy"

    @property
    def is_staged(self) -> bool:
        """Whether rows are staged before they are published."""
        return self in (Way.LOAD, Way.STATEMENT)


def choose_mode(request: SyncRequest, target: Target) -> tuple[Mode, str]:
    """What publishing does to the destination, and why; the first row that fits wins."""
    if not target.exists:
        return Mode.CREATE, "the table is missing"
    if request.publishing.delete_existing_table:
        return Mode.REBUILD, "delete_existing_table=true"
    if request.publishing.write_disposition is WriteDisposition.TRUNCATE:
        if request.replaces_partitions:
            return Mode.PARTITIONS, "write_disposition=WRITE_TRUNCATE within sync_start, sync_end"
        return Mode.REPLACE, "write_disposition=WRITE_TRUNCATE"
    if request.publishing.write_disposition is WriteDisposition.MERGE:
        keys = ", ".join(request.publishing.merge_keys)
        return Mode.MERGE, f"write_disposition=WRITE_MERGE on {keys}"
    return Mode.APPEND, f"write_disposition={request.publishing.write_disposition}"


def choose_way(
    request: SyncRequest, schema: TableSchema, *, swaps: bool, widened_aside: bool
) -> tuple[Way, str]:
    """Whether files are loaded straight into the table, and why not.

    Args:
        request: what the operator asked for.
        schema: the planned one.
        swaps: the table is rebuilt with another layout.
        widened_aside: columns are added to a table that has others of its own.
    """
    for kind in dict.fromkeys(c.bigquery.split("<")[0] for c in schema if c.needs_sql):
        names = ", ".join(c.name for c in schema if c.bigquery.split("<")[0] == kind)
        return Way.STATEMENT, f"BigQuery loads no {kind} from Parquet ({names})"
    if not request.run.temp_location.startswith("gs://"):
        return Way.STATEMENT, "temp_location is a local folder: each file is a load job of its own"
    if widened_aside:
        why = "columns are added to a table that has others of its own"
        return Way.STATEMENT, why
    if request.publishing.verify:
        return Way.STATEMENT, "verify=true hashes the staged rows in BigQuery"
    if request.publishing.write_disposition is WriteDisposition.MERGE:
        return Way.STATEMENT, "WRITE_MERGE compares rows by their keys"
    if request.replaces_partitions:
        return Way.STATEMENT, "rows of the window are deleted and inserted in one transaction"
    if swaps:
        return Way.STATEMENT, "the table is rebuilt with another layout"
    return Way.LOAD, "one load job of all files"


def way_in_place(request: SyncRequest, reading: BigqueryReading) -> tuple[Way, str]:
    """How rows go from table to table inside BigQuery."""
    if not reading.copy_reason:
        return Way.COPY, "the source is taken whole"
    if request.publishing.verify or request.publishing.write_disposition is WriteDisposition.MERGE:
        return Way.STATEMENT, "rows are compared before they are published"
    return Way.QUERY, f"one statement over the source: {reading.copy_reason}"
