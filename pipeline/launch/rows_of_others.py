"""I/O. Whether others have changed a table beside the runs that are to be undone.

What they have added would be lost with those runs. It is seen by counting the table as it was
after each of them and before the next, by time travel: no run of ours changes it in between.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud import bigquery

from auto_schema.errors import TargetError
from pipeline.destination.attempts import job_id_of
from smart_sync.repair import ROLLBACK
from smart_sync.rollback import Row, Undoing
from smart_sync.rollback_sql import count_rows
from warehouse.errors import as_target_errors
from warehouse.names import TableRef

AFTERWARDS = timedelta(minutes=1)
"""So soon after its job a run is done with the table's labels."""
WRITTEN = timedelta(seconds=1)
"""So soon after the end of a job, which is told in milliseconds, its rows are surely seen."""
MOST_GAPS = 20
"""Between so many runs rows are counted: each count is a query, and BigQuery takes no query of one
table at two moments."""


def job_of(client: bigquery.Client, run: Row, job_id: str = "") -> Any:
    """A job of a run, or the one that published; None: BigQuery knows it no more."""
    place: dict[str, Any] = {"project": run["job_project"], "location": run["job_location"]}
    job_id = job_id or run["publish_job"]
    with as_target_errors(f"job {job_id}"):
        try:
            return client.get_job(job_id, **place)
        except NotFound:
            return None


def begin_of(client: bigquery.Client, run: Row) -> datetime | None:
    """When the table was last as it was before a run, by BigQuery's clock; None: not known."""
    job = job_of(client, run)
    altered = job_of(client, run, job_id_of(run["run_id"], "alter_0", 1)) if job else None
    return min((one.created for one in (job, altered) if one is not None), default=None)


def counted(
    client: bigquery.Client, ref: TableRef, field: str, as_of: datetime | None = None
) -> int:
    """Rows of the table as it is, or was.

    Raises:
        GoogleAPICallError: BigQuery can't look back so far.
    """
    moment = None if as_of is None else round(as_of.timestamp() * 1000)
    return int(next(iter(client.query_and_wait(count_rows(ref, field, moment)))).row_count)


def of_others(
    client: bigquery.Client,
    undoing: Undoing,
    known: Sequence[Row],
    table: bigquery.Table,
    field: str,
) -> Iterator[str]:
    """That somebody else has changed the table, where it doesn't show what is lost with it.

    Args:
        client: of BigQuery.
        undoing: the runs that are undone.
        known: the newest events of all runs of the table since.
        table: as it is.
        field: the partition column that queries must name; empty: none.

    Raises:
        TargetError: it has rows that no run of ours brought.
    """
    ref = TableRef(table.project, table.dataset_id, table.table_id)
    yield from _between(client, undoing.changing, ref, field)
    yield from _since(client, undoing.changing[-1], known, table, field)


def _between(
    client: bigquery.Client, runs: Sequence[Row], ref: TableRef, field: str
) -> Iterator[str]:
    """What was added between two runs that are undone."""
    pairs = list(pairwise(runs))
    for earlier, later in reversed(pairs[-MOST_GAPS:]):
        before, after = job_of(client, earlier), begin_of(client, later)
        if before is None or after is None:
            break
        then = min(before.ended + WRITTEN, after)
        try:
            had, has = (counted(client, ref, field, moment) for moment in (then, after))
        except GoogleAPICallError:
            break
        if has > had:
            told = f"between the runs {earlier['run_id']} and {later['run_id']} somebody else has"
            told += f" added rows: it had {had:,} after the one, {has:,} before the other"
            raise _lost(ref, told)
    else:
        if len(pairs) <= MOST_GAPS:
            return
    yield "rows that others have added between these runs are lost, and not all could be looked for"


def _since(
    client: bigquery.Client, newest: Row, known: Sequence[Row], table: bigquery.Table, field: str
) -> Iterator[str]:
    """What was added after the newest run."""
    job = job_of(client, newest)
    if job is None or job.ended is None:
        return
    ref = TableRef(table.project, table.dataset_id, table.table_id)
    is_ours = table.modified is None or table.modified <= _last_of_ours(client, job, known)
    told = "somebody else has changed the table"
    if not is_ours:
        told += f", last {table.modified:%Y-%m-%d %H:%M:%S} UTC"
    told += f", since run {newest['run_id']} ended"
    try:
        then, now = (counted(client, ref, field, one) for one in (job.ended + WRITTEN, None))
    except GoogleAPICallError:
        if not is_ours:
            yield f"{told}; how many rows it had then is not known: what others added is lost"
        return
    if now > then:
        raise _lost(ref, f"{told}: it had {then:,} rows then, and has {now:,} now")
    if not is_ours:
        yield f"{told}; what they changed in rows is lost, too"


def _last_of_ours(client: bigquery.Client, job: Any, known: Sequence[Row]) -> datetime:
    """Until when our own runs have changed the table, also those that undid later ones."""
    undone = [run for run in known if run["mode"] == ROLLBACK and run["publish_job"]]
    last = max(undone, key=lambda run: run["event_time"], default=None)
    restored = job_of(client, last) if last else None
    ends = [one.ended for one in (job, restored) if one is not None and one.ended is not None]
    return max(ends) + AFTERWARDS


def _lost(ref: TableRef, why: str) -> TargetError:
    return TargetError(
        "rows of others would be lost",
        f"table {ref}",
        why,
        f"keep a copy with `bq cp '{ref.bq}' '{ref.bq}_kept'`, delete the rows that others"
        " added, and run again.",
    )
