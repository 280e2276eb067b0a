"""I/O. What the run history says of each destination, day by day: one query over its partitions."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from auto_schema.errors import TargetError
from pipeline.runs.history import FIELDS
from pipeline.runs.views import judged_runs
from warehouse.errors import as_target_errors
from warehouse.names import TableRef

PLANS_BACK = timedelta(days=7)
"""So far back plans are looked for: they are larger than all other columns together."""
_COLUMNS = (
    "exit_code, mode, version, verification, rows_published, rows_dead, bytes_staged,"
    " SAFE_CAST(JSON_VALUE(seconds, '$.total') AS FLOAT64) AS total_s"
)
_NEWEST = "ORDER BY event_time DESC, run_id DESC LIMIT 1)[OFFSET(0)]"
_LINES = ("headline[0]", "headline[1]", "headline[2]", "warnings[0]", "warnings[1]")
"""Of a plan: what is told of it."""


def days_query(table: TableRef, there: Collection[str]) -> str:
    """A row for each destination and day (UTC), in this order; its plan on its newest day.

    `@since`, `@plans_since` and `@destinations` are its parameters; no destinations: all.

    Args:
        table: the history.
        there: the columns that it has; an older version's are fewer, and tell NULL.
    """
    chosen = "(ARRAY_LENGTH(@destinations) = 0 OR destination IN UNNEST(@destinations))"
    lines = ", ".join(
        f"IFNULL(JSON_VALUE(plan, '$.{line}'), '') AS plan_{number}"
        for number, line in enumerate(_LINES)
    )
    told = ", ".join(f"plan_{number}" for number, _ in enumerate(_LINES))
    return f"""SELECT days.*, plan_run_id, {told} FROM (
  SELECT destination, DATE(event_time) AS day, COUNT(*) AS runs, COUNTIF(has_failed) AS failed,
    SUM(IF(is_published, rows_published, 0)) AS rows_published, SUM(rows_dead) AS rows_dead,
    SUM(total_s) AS seconds, MAX(total_s) AS longest_s, SUM(bytes_staged) AS bytes_staged,
    COUNTIF(status IN ('checks_failed', 'published_mismatch', 'differs')) AS checks_failed,
    COUNTIF(verification LIKE '%"verdict": "warned"%') AS checks_warned,
    MAX(reach) AS complete_until, MAX(last_success) AS last_success,
    COUNTIF(has_failed AND event_time > IFNULL(last_success, TIMESTAMP '0001-01-01'))
      AS failed_since,
    MAX(event_time) AS last_event,
    ARRAY_AGG(run_id {_NEWEST} AS last_run_id,
    ARRAY_AGG(IFNULL(status, '') {_NEWEST} AS last_status,
    ARRAY_AGG(IFNULL(exit_code, 0) {_NEWEST} AS last_exit_code,
    ARRAY_AGG(IFNULL(rows_dead, 0) {_NEWEST} AS last_rows_dead,
    ARRAY_AGG(IFNULL(version, '') {_NEWEST} AS last_version,
    ARRAY_AGG(IFNULL(error, '') {_NEWEST} AS last_error,
    ROW_NUMBER() OVER (PARTITION BY destination ORDER BY MAX(event_time) DESC) AS place
  FROM (
    {judged_runs(table, f"event_time >= @since AND {chosen}", _COLUMNS, _source(table, there))}
  )
  GROUP BY destination, DATE(event_time)
) AS days
LEFT JOIN (
  SELECT destination AS planned, run_id AS plan_run_id, {lines}
  FROM {_source(table, there)}
  WHERE event_time >= @plans_since AND {chosen} AND seq = 0 AND plan IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (PARTITION BY destination ORDER BY event_time DESC, run_id DESC) = 1
) AS plans
ON days.place = 1 AND plans.planned = days.destination
ORDER BY destination, day"""


def _source(table: TableRef, there: Collection[str]) -> str:
    """The history with all columns, those that it lacks as NULL."""
    lacked = [f"CAST(NULL AS {kind}) AS {name}" for name, kind in FIELDS if name not in there]
    return f"(SELECT *, {', '.join(lacked)} FROM {table.sql})" if lacked else table.sql


def read_days(
    client: bigquery.Client,
    table: TableRef,
    destinations: Sequence[str],
    since: datetime,
    now: datetime,
) -> list[dict[str, Any]]:
    """The rows of `days_query`, since that moment (included).

    Raises:
        TargetError: there is no such history, BigQuery refused or can't be reached.
    """
    where = f"run history {table}"
    with as_target_errors(where):
        try:
            there = {column.name for column in client.get_table(str(table)).schema}
        except NotFound as error:
            fix = "sync once, or name the dataset and run_history_table that runs write into."
            raise TargetError("no run history", where, "it isn't there", fix) from error
        plans_since = max(since, now - PLANS_BACK)
        parameters = [
            bigquery.ScalarQueryParameter("since", "TIMESTAMP", since),
            bigquery.ScalarQueryParameter("plans_since", "TIMESTAMP", plans_since),
            bigquery.ArrayQueryParameter("destinations", "STRING", list(destinations)),
        ]
        config = bigquery.QueryJobConfig(query_parameters=parameters)
        return [
            dict(row) for row in client.query_and_wait(days_query(table, there), job_config=config)
        ]
