"""The views beside the run history, as SQL. Pure; docs/history.md says what their columns are.

Those of days and lag look at the history's newest partitions only, however old it is.
"""

from pipeline.runs.history import FINAL, UNDONE
from pipeline.tables.naming import views_of
from smart_sync.modes import MODES
from smart_sync.repair import ROLLBACK
from warehouse.names import TableRef

PUBLISHED = (
    "(status IN ('succeeded', 'published_mismatch')"
    " OR status = 'abandoned' AND publish_job IS NOT NULL)"
    f" AND COALESCE(mode, '') != '{ROLLBACK}'"
)
"""What is so of the newest event of a run whose rows are in the table; its last may be older, and
be followed by the one that says that it was rolled back."""
LAG_DAYS, DAILY_DAYS = 30, 90
"""So far back the views look."""
ASIDE = ", ".join(f"'{mode.name}'" for mode in MODES if mode.is_aside)
"""Modes of runs that read no window of the source, nor all of it."""
_IS_SYNC = (
    f"COALESCE(mode, '') != '{ROLLBACK}' AND COALESCE(status, '') NOT IN ('verified', 'differs')"
)
"""Of an event of a run that is neither a rollback nor a mere comparison."""


def latest_query(table: TableRef) -> str:
    """A row for each run: its newest event."""
    return (
        f"SELECT * FROM {table.sql} AS runs WHERE TRUE"
        " QUALIFY ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY seq DESC) = 1"
    )


def batches_query(table: TableRef) -> str:
    """A row for each launch of many tables."""
    return _batches_query(table, _UNDONE_ONES)


def older_batches_query(table: TableRef) -> str:
    """The same as an older version has it."""
    return _batches_query(table, _OLDER_ONES)


_UNDONE_ONES = (
    f"exit_code <> 0 AND seq <= {FINAL}",
    f" AS failed_destinations,\n  COUNTIF(seq = {UNDONE}) AS rolled_back",
)
"""Of the view's text: which runs failed, and how many were rolled back."""
_OLDER_ONES = ("exit_code <> 0", " AS failed_destinations")
"""The same before there were rollbacks."""


def _batches_query(table: TableRef, ends: tuple[str, str]) -> str:
    has_failed, last = ends
    return f"""SELECT batch_id, COUNT(*) AS tables,
  COUNTIF(seq = {FINAL} AND exit_code = 0) AS succeeded,
  COUNTIF(seq = {FINAL} AND exit_code <> 0) AS failed, COUNTIF(seq < {FINAL}) AS unfinished,
  SUM(rows_read) AS rows_read, SUM(rows_published) AS rows_published, SUM(rows_dead) AS rows_dead,
  MAX(event_time) AS last_event,
  ARRAY_AGG(IF({has_failed}, destination, NULL)
    IGNORE NULLS ORDER BY destination){last}
FROM {views_of(table)[0].sql}
WHERE batch_id IS NOT NULL
GROUP BY batch_id"""


def judged_runs(table: TableRef, where: str, more: str, source: str = "") -> str:
    """The newest event of each run: how far it brought rows, and whether it is good or a failure.

    Rows reach as far as the window of a run that is in the table still; of a run that read all
    without a window, as far as its launch.

    Args:
        table: the history.
        where: of its events, as SQL.
        more: further columns.
        source: what stands for the history, as SQL; empty: itself.
    """
    return f"""SELECT *,
      MAX(IF(is_good, event_time, NULL)) OVER (PARTITION BY destination) AS last_success
    FROM (
      SELECT destination, run_id, seq, event_time, status, error, {more},
        {PUBLISHED} AS is_published,
        IF({PUBLISHED}, LEAST(COALESCE(window_end_at,
          IF(cursor_column IS NULL AND mode NOT IN ({ASIDE}), started_at, NULL)), event_time),
          NULL) AS reach,
        seq = {FINAL} AND exit_code = 0 AND {_IS_SYNC} AS is_good,
        seq = {FINAL} AND exit_code <> 0 AND {_IS_SYNC} AS has_failed
      FROM {source or table.sql}
      WHERE {where}
      QUALIFY ROW_NUMBER() OVER (PARTITION BY destination, run_id ORDER BY seq DESC) = 1
    )"""


def lag_query(table: TableRef) -> str:
    """A row for each destination: how far its rows reach, and how its runs end."""
    recent = f"event_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {LAG_DAYS} DAY)"
    return f"""SELECT destination, complete_until,
  TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), complete_until, SECOND) AS lag_seconds,
  last_success, TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), last_success, SECOND) AS seconds_since_success,
  last_event, last_run_id, last_status, last_error, failures_in_a_row
FROM (
  SELECT destination,
    MAX(reach) AS complete_until,
    MAX(last_success) AS last_success,
    MAX(event_time) AS last_event,
    ARRAY_AGG(run_id ORDER BY event_time DESC, run_id DESC LIMIT 1)[OFFSET(0)] AS last_run_id,
    ARRAY_AGG(status ORDER BY event_time DESC, run_id DESC LIMIT 1)[OFFSET(0)] AS last_status,
    ARRAY_AGG(IFNULL(error, '') ORDER BY event_time DESC, run_id DESC LIMIT 1)[OFFSET(0)]
      AS last_error,
    COUNTIF(has_failed AND event_time > IFNULL(last_success, TIMESTAMP '0001-01-01'))
      AS failures_in_a_row
  FROM (
    {judged_runs(table, recent, "started_at")}
  )
  GROUP BY destination
)"""


def success_query(table: TableRef) -> str:
    """A row for each day and destination: how its runs ended; slices of backfills stand apart."""
    return f"""SELECT day, destination,
  COUNTIF(NOT is_slice) AS runs,
  COUNTIF(NOT is_slice AND NOT is_undone AND status = 'succeeded') AS succeeded,
  COUNTIF(NOT is_slice AND NOT is_undone AND status = 'held_back' AND exit_code = 0) AS held_back,
  COUNTIF(NOT is_slice AND NOT is_undone AND exit_code <> 0) AS failed,
  COUNTIF(is_undone) AS rolled_back,
  COUNTIF(is_slice) AS backfill_slices,
  COUNTIF(is_slice AND NOT is_undone AND exit_code <> 0) AS failed_slices,
  SAFE_DIVIDE(COUNTIF(NOT is_slice AND NOT is_undone AND exit_code = 0),
    COUNTIF(NOT is_slice AND NOT is_undone)) AS success_rate
FROM (
  SELECT DATE(event_time) AS day, destination, status, exit_code,
    backfill_id IS NOT NULL AS is_slice, is_undone
  FROM ({_ended(table, "status, exit_code, backfill_id, mode")})
  WHERE {_IS_SYNC}
)
GROUP BY day, destination"""


def volume_query(table: TableRef) -> str:
    """A row for each day and destination: rows of its runs that are in the table still."""
    columns = (
        "status, mode, publish_job, rows_read, rows_published, rows_deleted, rows_dead,"
        " rows_filtered, bytes_staged, cpu_seconds, timings"
    )
    return f"""SELECT DATE(event_time) AS day, destination, COUNT(*) AS runs,
  SUM(rows_read) AS rows_read, SUM(rows_published) AS rows_published,
  SUM(rows_deleted) AS rows_deleted, SUM(rows_dead) AS rows_dead,
  SUM(rows_filtered) AS rows_filtered, SUM(bytes_staged) AS bytes_staged,
  SUM(SAFE_CAST(JSON_VALUE(timings, '$.total') AS FLOAT64)) AS seconds,
  SUM(cpu_seconds) AS cpu_seconds
FROM ({_ended(table, columns)})
WHERE NOT is_undone AND {PUBLISHED}
GROUP BY day, destination"""


def _ended(table: TableRef, columns: str) -> str:
    """The last event of each run, and whether the run was rolled back later."""
    return f"""
    SELECT * FROM (
      SELECT event_time, destination, {columns}, seq,
        MAX(seq) OVER (PARTITION BY destination, run_id) = {UNDONE} AS is_undone
      FROM {table.sql}
      WHERE seq >= {FINAL}
        AND event_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {DAILY_DAYS} DAY)
    ) WHERE seq = {FINAL}
  """
