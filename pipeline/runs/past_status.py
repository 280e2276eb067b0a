"""I/O. How each destination of a run history does: one query over its newest partitions."""

from datetime import datetime
from typing import Any

from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import bigquery

from auto_schema.errors import TargetError
from pipeline.runs.views import judged_runs
from warehouse.errors import as_target_errors
from warehouse.names import TableRef

RECENT = 30
"""Runs of each destination that are told."""
_OF_ALL = "OVER (PARTITION BY destination)"


def status_query(table: TableRef) -> str:
    """The newest runs of each destination, each with what is so of all of them.

    `@since` and `@destinations` are its parameters; no destinations: all.
    """
    columns = "started_at, exit_code, rows_read, rows_published, rows_dead, mode"
    where = (
        "event_time >= @since"
        " AND (ARRAY_LENGTH(@destinations) = 0 OR destination IN UNNEST(@destinations))"
    )
    return f"""SELECT * FROM (
  SELECT destination, run_id, status, seq, event_time, error, {columns},
    last_success, COUNT(*) {_OF_ALL} AS runs,
    SUM(IF(is_published, rows_published, 0)) {_OF_ALL} AS rows_in_all,
    MAX(reach) {_OF_ALL} AS complete_until,
    COUNTIF(has_failed AND event_time > IFNULL(last_success, TIMESTAMP '0001-01-01')) {_OF_ALL}
      AS failures_in_a_row,
    ROW_NUMBER() OVER (PARTITION BY destination ORDER BY event_time DESC, run_id DESC) AS place
  FROM (
    {judged_runs(table, where, columns)}
  )
)
WHERE place <= {RECENT}
ORDER BY destination, place"""


def read_status(
    client: bigquery.Client, table: TableRef, destinations: list[str], since: datetime
) -> list[dict[str, Any]]:
    """The rows of `status_query`.

    Raises:
        TargetError: there is no such history, an older version has made it, BigQuery refused or
            can't be reached.
    """
    parameters = [
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", since),
        bigquery.ArrayQueryParameter("destinations", "STRING", destinations),
    ]
    config = bigquery.QueryJobConfig(query_parameters=parameters)
    where = f"run history {table}"
    with as_target_errors(where):
        try:
            return [
                dict(row) for row in client.query_and_wait(status_query(table), job_config=config)
            ]
        except NotFound as error:
            fix = "sync once, or name the dataset and run_history_table that runs write into."
            raise TargetError("no run history", where, "it isn't there", fix) from error
        except BadRequest as error:
            if "window_end_at" not in str(error) and "started_at" not in str(error):
                raise
            fix = "sync once with this version, which adds the columns that it lacks."
            raise TargetError("an older run history", where, "it lacks columns", fix) from error
