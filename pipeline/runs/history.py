"""I/O. The run history: append-only events, and a view with one row per run.

Each event is an INSERT with deterministic job ids, so that writing it twice writes it
once, and runs for many tables never contend for a row.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from auto_schema.errors import SyncError
from auto_schema.names import quoted
from pipeline.parameters.version import VERSION
from pipeline.runs.outcome import Outcome
from smart_sync.facts import WrittenColumn
from smart_sync.plan import SyncPlan
from smart_sync.request import SyncRequest
from smart_sync.stale_columns import read_record
from smart_sync.value_text import value_text
from warehouse.errors import as_target_errors
from warehouse.jobs import JobLabels, query_config, run_job
from warehouse.names import TableRef

SEQUENCE = {"running": 0, "publishing": 1}
FINAL = 2
VERDICTS = ("verified", "differs")
"""How a verify_only ends."""
LOOK_BACK = timedelta(days=30)
"""Unfinished runs are looked for so far back; each launch settles those it finds."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
Field = tuple[str, str]
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
)


def event_row(plan: SyncPlan, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """One event of a run as a row of the history."""
    window = plan.window
    low = window.window.low if window else None
    return {
        "run_id": plan.run.run_id,
        "seq": SEQUENCE.get(outcome.status, FINAL),
        "status": outcome.status,
        "event_time": now,
        "destination": str(plan.destination),
        "data_source": plan.reading.data_source,
        "source": plan.reading.source.place,
        "mode": str(plan.publishing.mode),
        "cursor_column": plan.cursor.source_name if plan.cursor else None,
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
    }


def planning_failure(
    request: SyncRequest, run_id: str, error: SyncError, now: datetime
) -> dict[str, Any]:
    """The only event of a run that failed before it had a plan."""
    return _single_row(request, run_id, "failed", error, now)


def verified_row(
    request: SyncRequest, run_id: str, figures: Mapping[str, object], error: SyncError | None
) -> dict[str, Any]:
    """The only event of a verify_only: `verified`, or `differs`."""
    status = "differs" if error else "verified"
    row = _single_row(request, run_id, status, error, datetime.now(UTC))
    return row | {"verification": json.dumps(figures, sort_keys=True)}


def _single_row(
    request: SyncRequest, run_id: str, status: str, error: SyncError | None, now: datetime
) -> dict[str, Any]:
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
    }


def make_tables(client: bigquery.Client, table: TableRef) -> None:
    """Make the history and its view where they are missing, and columns that it lacks."""
    with as_target_errors(f"run history {table}"):
        existing = _made(client, _history(table))
        there = {column.name for column in existing.schema}
        missing = [column for column in _schema() if column.name not in there]
        if missing:
            existing.schema = [*existing.schema, *missing]
            existing._properties.pop(
                "etag", None
            )  # no If-Match: adding the same twice is adding once
            client.update_table(existing, ["schema"])
    make_view(client, table)  # also when a run died between the two


def make_view(client: bigquery.Client, table: TableRef) -> None:
    """Make the history's view where it is missing."""
    with as_target_errors(f"run history {table}"):
        _made(client, _latest(table))


def _made(client: bigquery.Client, table: bigquery.Table) -> bigquery.Table:
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
    view = bigquery.Table(str(table.sibling(f"{table.table}_latest")))
    view.view_query = (
        f"SELECT * FROM {table.sql} AS runs WHERE TRUE"
        " QUALIFY ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY seq DESC) = 1"
    )
    return view


def write_event(client: bigquery.Client, plan: SyncPlan, outcome: Outcome) -> bool:
    """Append one event; the same event twice is one row. See `append`."""
    return append(client, plan.run.history_table, event_row(plan, outcome, datetime.now(UTC)))


def append(client: bigquery.Client, table: TableRef, row: dict[str, Any]) -> bool:
    """Append an event; of a run's last events the first to arrive stands.

    Returns:
        Whether this very row is known to stand; False: perhaps one that was sent before.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    labels = JobLabels(row["run_id"], f"event_{row['seq']}")
    parameters = [bigquery.ScalarQueryParameter(n, kind, row.get(n)) for n, kind in FIELDS]
    names = ", ".join(quoted(name) for name, _ in FIELDS)
    values = ", ".join(f"@{name}" for name, _ in FIELDS)
    sql = f"INSERT INTO {table.sql} ({names}) VALUES ({values})"
    config, taken = query_config(labels, parameters), list[str]()

    def send(job_id: str) -> Any:
        job = client.query(sql, config, job_id=job_id, job_retry=None)
        taken.append(job_id)
        return job

    with as_target_errors(f"run history {table}"):
        job = run_job(client, partial(event_job_id, row["run_id"], row["seq"]), labels, send)
    return job.job_id in taken


def event_job_id(run_id: str, seq: int, attempt: int) -> str:
    """The id of the job that writes an event.

    >>> event_job_id("r", 2, 1), event_job_id("r", 2, 2)
    ('sync_r_event_2', 'sync_r_event_2_2')
    """
    first = f"sync_{run_id}_event_{seq}"
    return first if attempt == 1 else f"{first}_{attempt}"


def ask_history(
    client: bigquery.Client,
    table: TableRef,
    sql: str,
    parameters: Sequence[Any],
    *,
    may_be_missing: bool = False,
) -> list[dict[str, Any]]:
    """Rows of a query over the run history.

    Args:
        client: of BigQuery.
        table: the history, for the message.
        sql: the query, with named parameters.
        parameters: of the client library.
        may_be_missing: before the first run, as in a plan_only, there is no history: no rows.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    config = bigquery.QueryJobConfig(query_parameters=list(parameters))
    with as_target_errors(f"run history {table}"):
        try:
            return [dict(row) for row in client.query_and_wait(sql, job_config=config)]
        except NotFound:
            if not may_be_missing:
                raise
            return []


def unfinished_runs(
    client: bigquery.Client, table: TableRef, destination: TableRef
) -> list[dict[str, Any]]:
    """The newest events of the destination's runs that have none of their last.

    The history is made where it is missing, and columns that it lacks; one that knows the
    destination and has them all has said so with this very answer. The view is made, too.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    runs = past_runs(client, table, destination, may_be_missing=True)
    if not runs or any(name not in run for run in runs for name, _ in FIELDS):
        make_tables(client, table)
        runs = past_runs(client, table, destination)
    else:
        make_view(client, table)
    return [run for run in runs if run["seq"] < FINAL]


def past_runs(
    client: bigquery.Client,
    table: TableRef,
    destination: TableRef,
    *,
    may_be_missing: bool = False,
) -> list[dict[str, Any]]:
    """The newest events of the destination's unfinished runs, and of its newest run of all.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    since = datetime.now(UTC) - LOOK_BACK
    sql = (
        f"SELECT * FROM {table.sql} AS runs"
        " WHERE destination = @destination AND event_time >= @since"
        " QUALIFY ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY seq DESC) = 1"
        f" AND (seq < {FINAL} OR ROW_NUMBER() OVER (ORDER BY event_time DESC, seq DESC) = 1)"
        " ORDER BY run_id"
    )
    parameters = [
        bigquery.ScalarQueryParameter("destination", "STRING", str(destination)),
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", since),
    ]
    return ask_history(client, table, sql, parameters, may_be_missing=may_be_missing)


def ended_before(
    client: bigquery.Client, table: TableRef, run: Mapping[str, Any]
) -> dict[str, Any] | None:
    """How the destination's run before that one ended, well or badly.

    One that was held back did neither. A sync is seen beside syncs only, and a
    verify_only beside its like.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    sql = (
        f"SELECT run_id, status, exit_code FROM {table.sql} AS runs"
        " WHERE destination = @destination AND event_time >= @since AND run_id != @run_id"
        f" AND seq = {FINAL} AND NOT (status = 'held_back' AND exit_code = 0)"
        " AND (status IN ('verified', 'differs')) = @verifies"
        " ORDER BY event_time DESC LIMIT 1"
    )
    parameters = [
        bigquery.ScalarQueryParameter("destination", "STRING", run["destination"]),
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", datetime.now(UTC) - LOOK_BACK),
        bigquery.ScalarQueryParameter("run_id", "STRING", run["run_id"]),
        bigquery.ScalarQueryParameter("verifies", "BOOL", run["status"] in VERDICTS),
    ]
    return next(iter(ask_history(client, table, sql, parameters)), None)


def written_columns(
    client: bigquery.Client, table: TableRef, destination: TableRef
) -> tuple[WrittenColumn, ...]:
    """What the destination's last run that published says it wrote; none where no run says.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    sql = (
        f"SELECT * FROM {table.sql} AS runs WHERE destination = @destination"
        f" AND seq = {FINAL} AND (status IN ('succeeded', 'published_mismatch')"
        " OR status = 'abandoned' AND publish_job IS NOT NULL)"
        " ORDER BY event_time DESC LIMIT 1"
    )
    parameters = [bigquery.ScalarQueryParameter("destination", "STRING", str(destination))]
    rows = ask_history(client, table, sql, parameters, may_be_missing=True)
    return read_record(rows[0].get("columns") or "{}") if rows else ()


def read_outcome(
    client: bigquery.Client,
    table: TableRef,
    destination: TableRef,
    run_id: str,
    since: datetime = BEGINNING,
) -> dict[str, Any] | None:
    """The newest event of a run, or None.

    Args:
        client: of BigQuery.
        table: the history.
        destination: of the run; with `since` it spares a look at all other runs' events.
        run_id: the run.
        since: before its first event, by whatever clock that was stamped.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    sql = (
        f"SELECT * FROM {table.sql} AS runs WHERE run_id = @run_id"
        " AND destination = @destination AND event_time >= @since ORDER BY seq DESC LIMIT 1"
    )
    parameters = [
        bigquery.ScalarQueryParameter("run_id", "STRING", run_id),
        bigquery.ScalarQueryParameter("destination", "STRING", str(destination)),
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", since),
    ]
    return next(iter(ask_history(client, table, sql, parameters)), None)
