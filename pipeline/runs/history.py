"""I/O. The run history: append-only events.

Each event is an INSERT with deterministic job ids, so that writing it twice writes it
once, and runs for many tables never contend for a row. What it says of earlier runs is asked
for in `past_runs.py`, its table and views are made in `history_tables.py`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import SyncError
from auto_schema.names import quoted
from pipeline.parameters.version import VERSION
from pipeline.runs.instants import instant_of, local_of
from pipeline.runs.outcome import Outcome
from smart_sync.cursor import Cursor
from smart_sync.plan import SyncPlan
from smart_sync.plan_record import plan_record
from smart_sync.request import SyncRequest
from smart_sync.value_text import value_text
from smart_sync.window import WindowPlan
from warehouse.errors import as_target_errors
from warehouse.jobs import JobLabels, query_config, run_job
from warehouse.names import TableRef

BEGUN = "running"
"""The status of a run's first event."""
SEQUENCE = {BEGUN: 0, "publishing": 1}
FINAL = 2
UNDONE = FINAL + 1
"""Of the event behind a run's last that says it was rolled back: then that is its newest."""
Field = tuple[str, str]
Append = Callable[[bigquery.Client, TableRef, dict[str, Any]], bool]
"""`append`, or what does the same for many runs at a time."""
JSON, PLAN = "JSON", "plan"
"""A type, and the column of it that only a run's first event has: it is large."""
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
    ("started_at", "TIMESTAMP"),
    ("window_start_at", "TIMESTAMP"),
    ("window_end_at", "TIMESTAMP"),
    ("window_start_local", "DATETIME"),
    ("window_end_local", "DATETIME"),
    ("timings", JSON),
    ("cpu_seconds", "FLOAT64"),
    ("peak_memory_bytes", "INT64"),
    (PLAN, JSON),
)
"""The history's columns; docs/history.md says what each holds."""


def event_row(plan: SyncPlan, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """One event of a run as a row of the history, without the plan that its first one keeps."""
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
        "started_at": plan.run.launched_at,
        **_window_times(window, cursor),
        "timings": outcome.seconds or None,
        "cpu_seconds": outcome.cpu_seconds,
        "peak_memory_bytes": outcome.peak_memory_bytes,
        PLAN: None,
    }


def _window_times(window: WindowPlan | None, cursor: Cursor | None) -> dict[str, datetime | None]:
    """Both ends of a window as instants, and as what a column without a zone holds."""
    if window is None or cursor is None:
        return {}
    ends = {"start": window.window.low, "end": window.window.high}
    at = {name: instant_of(end, cursor, window.time_zone) for name, end in ends.items()}
    return {
        **{f"window_{name}_at": instant for name, instant in at.items()},
        **{f"window_{name}_local": local_of(end, cursor) for name, end in ends.items()},
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
    values = ", ".join(
        f"({', '.join(_taken(f'@{name}{mark}', kind) for name, kind in FIELDS)})" for mark in marks
    )
    parameters = [
        _parameter(f"{name}{mark}", kind, row.get(name))
        for mark, row in zip(marks, rows, strict=True)
        for name, kind in FIELDS
    ]
    return f"INSERT INTO {table.sql} ({names}) VALUES {values}", parameters


_AS_TEXT = {
    JSON: "PARSE_JSON({}, wide_number_mode => 'round')",
    "FLOAT64": "CAST({} AS FLOAT64)",
}
"""Types whose parameters are texts: JSON refuses numbers that a double doesn't hold exactly, and
the client library sends a double as a number, where the API takes texts."""


def _taken(parameter: str, kind: str) -> str:
    """A parameter as its column takes it."""
    return _AS_TEXT.get(kind, "{}").format(parameter)


def _parameter(name: str, kind: str, value: Any) -> bigquery.ScalarQueryParameter:
    if kind not in _AS_TEXT:
        return bigquery.ScalarQueryParameter(name, kind, value)
    text = None if value is None else json.dumps(value, default=str, sort_keys=True)
    return bigquery.ScalarQueryParameter(name, "STRING", text)


def write_event(
    client: bigquery.Client, plan: SyncPlan, outcome: Outcome, write: Append = append
) -> bool:
    """Append one event; the same event twice is one row. See `append`."""
    row = event_row(plan, outcome, datetime.now(UTC))
    if outcome.status == BEGUN:
        row[PLAN] = plan_record(plan)
    return write(client, plan.run.history_table, row)


def event_job_id(run_id: str, seq: int, attempt: int) -> str:
    """The id of the job that writes an event.

    >>> event_job_id("r", 2, 1), event_job_id("r", 2, 2)
    ('sync_r_event_2', 'sync_r_event_2_2')
    """
    first = f"sync_{run_id}_event_{seq}"
    return first if attempt == 1 else f"{first}_{attempt}"
