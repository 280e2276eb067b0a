"""I/O. Keys that are missing at the source, into a table that the script reads, if they are many.

Few go with the script, which saves a table and a load. A run that dies needs neither: whoever comes
next compares the keys anew.
"""

import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud import bigquery

from auto_schema.errors import VerificationError
from pipeline.destination.elements import StagedFile
from pipeline.destination.folder import Folder
from pipeline.destination.jobs import load_into_existing, make_staging_table
from smart_sync.plan import SyncPlan

FIELDS = (
    bigquery.SchemaField("key_text", "STRING"),
    bigquery.SchemaField("is_back", "BOOL"),
)


def load_missing_keys(client: bigquery.Client, plan: SyncPlan, folder: Folder) -> None:
    """Put the plan's keys where its script looks for them, unless they come with it.

    Raises:
        TargetError: BigQuery or the folder refused, or can't be reached.
        VerificationError: not all of them arrived.
    """
    missing = plan.publishing.missing
    if missing is None or not missing.needs_table:
        return
    rows = pq.read_metadata(pa.BufferReader(missing.file)).num_rows
    folder.create("missing.parquet", missing.file)
    file = StagedFile(folder.uri("missing.parquet"), rows, len(missing.file))
    table = plan.run.staging.missing_table
    make_staging_table(client, table, FIELDS)
    loaded = load_into_existing(client, plan, table, [file], "missing")
    if loaded != rows:
        raise VerificationError(
            "loaded keys differ from those that are missing",
            f"staging table {table}",
            f"{rows} planned, {loaded} loaded",
            "run again; nothing was published. If it repeats, report it as a bug.",
        )
