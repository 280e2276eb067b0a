"""I/O. The run history: append-only events, and a view with one row per run.

Each event is an INSERT with deterministic job ids, so that writing it twice writes it
once, and runs for many tables never contend for a row. What it says of earlier runs is asked
for in `past_runs.py`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from auto_schema.errors import SyncError
from auto_schema.names import quoted
from pipeline.parameters.version import VERSION
from pipeline.runs.outcome import Outcome
from pipeline.tables.naming import views_of
from smart_sync.plan import SyncPlan
from smart_sync.request import SyncRequest
from smart_sync.value_text import value_text
from warehouse.errors import as_target_errors
from warehouse.jobs import JobLabels, query_config, run_job
from warehouse.names import TableRef

SEQUENCE = {"running": 0, "publishing": 1}
FINAL = 2
UNDONE = FINAL + 1
"""Of the event behind a run's last that says it was rolled back: then that is its newest."""
Field = tuple[str, str]
Append = Callable[[bigquery.Client, TableRef, dict[str, Any]], bool]
"""`append`, or what does the same for many runs at a time."""
FIELDS: tuple[Field, ...] = (
    ("run_id", "STRING"),
    ("seq", "INT64"),
    ("status", "STRING"),
    ("event_time", "TIMESTAMP"),
    ("destination", "STRING"),
    ("data_source", "STRING"),
    ("source", "STRING"),
    ("mode", "STRING"),
    ("cursor_column", "STRING"),
    ("window_start", "STRING"),
    ("window_end", "STRING"),
    ("watermark_before", "STRING"),
    ("watermark_after", "STRING"),
    ("rows_read", "INT64"),
    ("rows_dead", "INT64"),
    ("rows_staged", "INT64"),
    ("rows_published", "INT64"),
    ("bytes_staged", "INT64"),
    ("seconds", "STRING"),
    ("verification", "STRING"),
    ("publish_job", "STRING"),
    ("job_project", "STRING"),
    ("job_location", "STRING"),
    ("staging_folder", "STRING"),
    ("exit_code", "INT64"),
    ("error", "STRING"),
    ("plan_fingerprint", "STRING"),
    ("version", "STRING"),
    ("columns", "STRING"),
    ("rows_left_out", "INT64"),
    ("batch_id", "STRING"),
    ("frontier", "STRING"),
    ("rows_filtered", "INT64"),
    ("backfill_id", "STRING"),
    ("resumed_run", "STRING"),
    ("replayed_run", "STRING"),
    ("rolled_back_run", "STRING"),
    ("snapshot", "STRING"),
    ("rows_deleted", "INT64"),
    ("rows_healed", "INT64"),
    ("compared", "STRING"),
)


def event_row(plan: SyncPlan, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """One event of a run as a row of the history."""
    is_sync = not plan.publishing.mode.is_aside
    window, cursor = (plan.window, plan.cursor) if is_sync else (None, None)
    low = window.window.low if window else None
    seq = SEQUENCE.get(outcome.status, FINAL)
    return {
        "run_id": plan.run.run_id,
        "seq": seq,
        "status": outcome.status,
        "event_time": now,
        "destination": str(plan.destination),
        "data_source": plan.reading.data_source,
        "source": plan.reading.source.place,
        "mode": str(plan.publishing.mode),
        "cursor_column": cursor.source_name if cursor else None,
        "window_start": None if low is None else value_text(low),
        "window_end": value_text(window.window.high) if window else None,
        "watermark_before": (
            value_text(window.watermark) if window and window.watermark is not None else None
        ),
        "watermark_after": outcome.watermark_after or None,
        "rows_read": outcome.rows_read,
        "rows_dead": outcome.rows_dead,
        "rows_staged": outcome.rows_staged,
        "rows_published": outcome.rows_published,
        "bytes_staged": outcome.bytes_staged,
        "verification": outcome.verification or None,
        "seconds": json.dumps(outcome.seconds, sort_keys=True),
        "publish_job": outcome.publish_job or None,
        "job_project": plan.run.job_project,
        "job_location": plan.run.location,
        "staging_folder": plan.run.staging.folder,
        "exit_code": outcome.exit_code,
        "error": outcome.message or None,
        "plan_fingerprint": plan.fingerprint,
        "version": VERSION,
        "columns": plan.changes.stale.record,
        "rows_left_out": plan.reading.left_out,
        "batch_id": plan.run.batch_id or None,
        "frontier": None if seq else plan.run.carried or None,
        "rows_filtered": outcome.rows_filtered,
        **{name: value or None for name, value in asdict(plan.run.repair).items()},
        "snapshot": outcome.snapshot or None,
        "rows_deleted": outcome.rows_deleted,
        "rows_healed": outcome.rows_healed,
        "compared": outcome.compared or None,
    }


def planning_failure(
    request: SyncRequest, run_id: str, error: SyncError, now: datetime
) -> dict[str, Any]:
    """The only event of a run that failed before it had a plan."""
    return plain_row(request, run_id, "failed", error, now)


def verified_row(
    request: SyncRequest, run_id: str, figures: Mapping[str, object], error: SyncError | None
) -> dict[str, Any]:
    """The only event of a verify_only: `verified`, or `differs`."""
    status = "differs" if error else "verified"
    row = plain_row(request, run_id, status, error, datetime.now(UTC))
    return row | {"verification": json.dumps(figures, sort_keys=True)}


def plain_row(
    request: SyncRequest, run_id: str, status: str, error: SyncError | None, now: datetime
) -> dict[str, Any]:
    """An event of a run without a plan for its rows: its last, unless another seq is given."""
    return {
        "run_id": run_id,
        "seq": FINAL,
        "status": status,
        "event_time": now,
        "destination": str(request.destination),
        "data_source": request.data_source,
        "rows_read": 0,
        "rows_dead": 0,
        "rows_staged": 0,
        "rows_published": 0,
        "exit_code": error.exit_code if error else 0,
        "error": error.text if error else None,
        "version": VERSION,
        "batch_id": request.run.batch_id or None,
    }


def make_tables(client: bigquery.Client, table: TableRef) -> bool:
    """Make the history and its view where they are missing, and columns that it lacks.

    Returns:
        Whether the history lacked columns.
    """
    with as_target_errors(f"run history {table}"):
        existing = make_table(client, _history(table))
        there = {column.name for column in existing.schema}
        missing = [column for column in _schema() if column.name not in there]
        if missing:
            existing.schema = [*existing.schema, *missing]
            existing._properties.pop(
                "etag", None
            )  # no If-Match: adding the same twice is adding once
            client.update_table(existing, ["schema"])
    make_view(client, table)  # also when a run died between the two
    return bool(missing)


def make_view(client: bigquery.Client, table: TableRef) -> None:
    """Make the history's view where it is missing."""
    with as_target_errors(f"run history {table}"):
        make_table(client, _latest(table))


def make_batches_view(client: bigquery.Client, table: TableRef) -> None:
    """Make the view of launches of many tables: a row for each launch.

    One that is there keeps its text, unless an older version has made it, whose columns are fewer.
    """
    view = bigquery.Table(str(views_of(table)[1]))
    view.view_query = _batches_query(table, _UNDONE_ONES)
    with as_target_errors(f"run history {table}"):
        there = make_table(client, view)
        if _words(there.view_query) == _words(_batches_query(table, _OLDER_ONES)):
            there.view_query = view.view_query
            there._properties.pop("etag", None)  # mending the same twice is mending once
            client.update_table(there, ["view_query"])


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


def _words(text: str | None) -> list[str]:
    return (text or "").split()


def make_table(client: bigquery.Client, table: bigquery.Table) -> bigquery.Table:
    """The table, made where it is missing."""
    try:
        return client.get_table(table.reference)
    except NotFound:
        return client.create_table(table, exists_ok=True)


def _schema() -> list[bigquery.SchemaField]:
    return [bigquery.SchemaField(name, kind) for name, kind in FIELDS]


def _history(table: TableRef) -> bigquery.Table:
    resource = bigquery.Table(str(table), schema=_schema())
    resource.time_partitioning = bigquery.TimePartitioning(field="event_time")
    resource.clustering_fields = ["destination", "run_id"]
    resource.description = "Events of Smart Sync runs, append-only."
    return resource


def _latest(table: TableRef) -> bigquery.Table:
    view = bigquery.Table(str(views_of(table)[0]))
    view.view_query = (
        f"SELECT * FROM {table.sql} AS runs WHERE TRUE"
        " QUALIFY ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY seq DESC) = 1"
    )
    return view


def append(client: bigquery.Client, table: TableRef, row: dict[str, Any]) -> bool:
    """Append an event; of a run's last events the first to arrive stands.

    Returns:
        Whether this very row is known to stand; False: perhaps one that was sent before.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    labels = JobLabels(row["run_id"], f"event_{row['seq']}")
    sql, parameters = insertion(table, [row])
    config, taken = query_config(labels, parameters), list[str]()

    def send(job_id: str) -> Any:
        job = client.query(sql, config, job_id=job_id, job_retry=None)
        taken.append(job_id)
        return job

    with as_target_errors(f"run history {table}"):
        job = run_job(client, partial(event_job_id, row["run_id"], row["seq"]), labels, send)
    return job.job_id in taken


def insertion(
    table: TableRef, rows: Sequence[Mapping[str, Any]]
) -> tuple[str, list[bigquery.ScalarQueryParameter]]:
    """The INSERT of events, and its parameters."""
    names = ", ".join(quoted(name) for name, _ in FIELDS)
    marks = [f"_{number}" if number else "" for number in range(len(rows))]
    values = ", ".join(f"({', '.join(f'@{name}{mark}' for name, _ in FIELDS)})" for mark in marks)
    parameters = [
        bigquery.ScalarQueryParameter(f"{name}{mark}", kind, row.get(name))
        for mark, row in zip(marks, rows, strict=True)
        for name, kind in FIELDS
    ]
    return f"INSERT INTO {table.sql} ({names}) VALUES {values}", parameters


def write_event(
    client: bigquery.Client, plan: SyncPlan, outcome: Outcome, write: Append = append
) -> bool:
    """Append one event; the same event twice is one row. See `append`."""
    return write(client, plan.run.history_table, event_row(plan, outcome, datetime.now(UTC)))


def event_job_id(run_id: str, seq: int, attempt: int) -> str:
    """The id of the job that writes an event.

    >>> event_job_id("r", 2, 1), event_job_id("r", 2, 2)
    ('sync_r_event_2', 'sync_r_event_2_2')
    """
    first = f"sync_{run_id}_event_{seq}"
    return first if attempt == 1 else f"{first}_{attempt}"
