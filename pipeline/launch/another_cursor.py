"""I/O. Whether runs so far have told by another column what is new.

MAX of this run's column says nothing of what they have read: a row that was written since the last
of them may lie below it, and no window would ever read it.
"""

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from auto_schema.errors import TargetError, shown
from pipeline.runs.past_runs import BEGINNING
from pipeline.runs.questions import ask_history
from pipeline.runs.views import ASIDE, PUBLISHED
from smart_sync.cursor import Cursor
from smart_sync.facts import Target
from smart_sync.request import SyncRequest, WriteDisposition
from smart_sync.stale_columns import read_record

_NEWEST = f"""
SELECT run_id, cursor_column, columns, window_end FROM (
  SELECT run_id, cursor_column, columns, window_end, event_time, mode, status, publish_job
  FROM {{table}} AS runs WHERE destination = @destination AND event_time >= @since
  QUALIFY ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY seq DESC) = 1
) WHERE {PUBLISHED} AND COALESCE(mode, '') NOT IN ({ASIDE})
ORDER BY event_time DESC LIMIT 1
"""
"""The newest run whose rows are in the table; one that read all had no window."""


def warn_of_another_cursor(
    request: SyncRequest, client: bigquery.Client, target: Target, cursor: Cursor
) -> str:
    """Refuse a cursor by which no run has read the table so far, where others did by another.

    Args:
        request: the run's.
        client: of the job project.
        target: the destination, which has rows.
        cursor: by which no run has read, as the history says.

    Returns:
        A warning, where it is accepted; empty: there is nothing to tell.

    Raises:
        TargetError: the last run read by another column; or BigQuery refuses.
    """
    if request.window.by_hand or request.missing.heals or request.backfills:
        return ""
    parameters = [
        bigquery.ScalarQueryParameter("destination", "STRING", str(request.destination)),
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", target.made or BEGINNING),
    ]
    sql = _NEWEST.format(table=request.history_table.sql)
    rows = ask_history(client, request.history_table, sql, parameters, unless=(NotFound,))
    if not rows or not rows[0]["window_end"] or _is_renamed(rows[0], cursor):
        return ""
    run, other = rows[0]["run_id"], shown(rows[0]["cursor_column"] or "")
    mine = shown(cursor.source_name)
    if request.publishing.accept_source_change:
        return (
            f"the runs so far have read by {other}, the last of them {run}; the window starts at"
            f" MAX({cursor.name}) all the same, since accept_source_change=true: rows that were"
            f" written since that run and lie below are not read"
        )
    raise TargetError(
        "another cursor than that of the runs so far",
        f"table {request.destination}, smart_sync_timestamp_column={mine}",
        f"the runs so far have read by {other}, the last of them {run}. MAX of {mine} says nothing"
        " of what they have read: rows that were written since, or changed without moving"
        f" {other}, may lie below it and would be read by no window",
        _fix(request, mine),
    )


def _is_renamed(run: dict[str, str | None], cursor: Cursor) -> bool:
    """Whether the column of the destination is the one that the run's cursor went into."""
    if run["cursor_column"] == cursor.source_name:
        return True
    written = read_record(run["columns"] or "{}")
    names = {one.name for one in written if one.source_name == run["cursor_column"]}
    return cursor.name in names


def _fix(request: SyncRequest, mine: str) -> str:
    whole = "load the table anew by it (delete_existing_table=true for one run)"
    if request.publishing.write_disposition is WriteDisposition.MERGE:
        whole = (
            "read all rows by keys once more: one run with repair=true where rows can be compared,"
            " or with sync_start=1900-01-01 and sync_end of just now; one with"
            " enable_smart_sync=false only while nobody writes, since it waits for no transaction"
            " that is open"
        )
    return (
        f"go on by the column of before, or {whole}. If you know that no row was written since that"
        f" lies below MAX of {mine}, or it is the same column under another name, one run with"
        " accept_source_change=true goes on from there."
    )
