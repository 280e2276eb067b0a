"""I/O. A rebuild that broke off between its two renames: the old table gets its name back.

The publishing script builds beside and renames twice; each attempt goes on where the one
before stopped. What even the last attempt left, the next launch finds by the run's name.
"""

import logging
import re
from collections.abc import Iterator

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from auto_schema.names import quoted
from pipeline.destination.listing import tables_of
from pipeline.runs.past_runs import read_outcome
from smart_sync.modes import REBUILD
from smart_sync.staging import staging_of
from warehouse.errors import as_target_errors
from warehouse.jobs import JobLabels, query_config
from warehouse.names import TableRef

LOGGER = logging.getLogger("smart_sync")
ASIDE = re.compile(r"_sync_(?:old|new)_([0-9]{8}t[0-9]{6})_([0-9a-f]{8})")


def put_back(client: bigquery.Client, history: TableRef, destination: TableRef) -> None:
    """Undo or end what broken rebuilds of this table left; its lock is held.

    A table set aside is ours only if its name holds a run that the history knows as a
    rebuild of this destination.

    Raises:
        TargetError: BigQuery refused or can't be reached; then nothing may be read.
    """
    for run_id in broken_rebuilds(client, history, destination):
        _settle(client, destination, run_id)


def broken_rebuilds(
    client: bigquery.Client, history: TableRef, destination: TableRef
) -> Iterator[str]:
    """The runs whose rebuilds of this table left another beside it; nothing is changed.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    there = tables_of(client, destination.project, destination.dataset)
    matches = [ASIDE.fullmatch(one.table) for one in there]
    for run_id in sorted({f"{match[1]}-{match[2]}" for match in matches if match}):
        run = read_outcome(client, history, destination, run_id)
        if run and run["mode"] == REBUILD.name:
            yield run_id


def _settle(client: bigquery.Client, destination: TableRef, run_id: str) -> None:
    staging = staging_of("", destination, run_id)
    old, new = staging.old_table, staging.new_table
    with as_target_errors(f"table {destination}, set aside by run {run_id}"):
        is_there, has_old, has_new = (_is_there(client, t) for t in (destination, old, new))
        if has_old and has_new and is_there:
            LOGGER.warning("%s is neither %s nor %s: all are left alone", destination, old, new)
            return
        if has_old and not is_there:
            LOGGER.warning("%s gets its name back from %s", destination, old)
            sql = f"ALTER TABLE {old.sql} RENAME TO {quoted(destination.table)}"
            client.query(sql, query_config(JobLabels(run_id, "put_back"))).result()
        for table in (old, new):
            client.delete_table(str(table), not_found_ok=True)


def _is_there(client: bigquery.Client, table: TableRef) -> bool:
    try:
        client.get_table(str(table))
    except NotFound:
        return False
    return True
