"""I/O. Tells a webhook how a run ended: failures, the recovery after them, warnings; or all runs.

Whatever becomes of it, the run ends as it did: what fails here is a warning.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from google.api_core.exceptions import Conflict
from google.cloud import bigquery

from auto_schema.errors import OutcomeUnknownError, RunInProgressError, SyncError
from pipeline.errors.lookup import see_text
from pipeline.parameters.abrupt_end import internal_error
from pipeline.parameters.webhook import Webhook
from pipeline.runs.history import SEQUENCE, planning_failure
from pipeline.runs.outcome import changed_text
from pipeline.runs.past_runs import ended_before
from pipeline.runs.told_checks import told_checks
from pipeline.runs.webhook import send
from smart_sync.repair import ROLLED_BACK
from smart_sync.request import SyncRequest
from smart_sync.rollback_text import AGAIN
from smart_sync.value_text import counted
from warehouse.errors import as_target_errors
from warehouse.jobs import JobLabels, find_job, query_config
from warehouse.names import TableRef

LOGGER = logging.getLogger("smart_sync")
LONGEST_ERROR = 1_000
"""Characters of an error that a message shows."""
Row = Mapping[str, Any]


def body(row: Row, before: Row | None = None) -> bytes:
    """The message as JSON that Slack takes, and what takes Slack's.

    It holds `text` alone: receivers may refuse keys that they don't know.

    Args:
        row: the run's last event, as the history has it.
        before: the failed run from which this one is the recovery.
    """
    return json.dumps({"text": escaped("\n".join(_lines(row, before)))}).encode()


def escaped(text: str) -> str:
    """Text in which nothing is a link or a mention.

    https://api.slack.com/reference/surfaces/formatting#escaping

    >>> escaped("<!channel> & co")
    '&lt;!channel&gt; &amp; co'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _rows(row: Row) -> str:
    """What became of its rows."""
    rows = f"{counted(row['rows_read'] or 0, 'row')} read, {row['rows_published'] or 0:,} published"
    rows += changed_text(row)
    if row["rows_dead"]:
        rows += f", {counted(row['rows_dead'], 'dead letter')}"
    if row.get("rows_filtered"):
        rows += f", {row['rows_filtered']:,} filtered out"
    return rows


def _lines(row: Row, before: Row | None) -> Iterator[str]:
    status = "recovered" if before else row["status"]
    status = f"ended while {status}" if status in SEQUENCE else status
    yield f"Smart Sync {status}: {row['destination']}, {_rows(row)}"
    yield f"run: {row['run_id']}"
    if before:
        yield f"run before: {before['run_id']}, {before['status']}, exit code {before['exit_code']}"
    yield f"exit code: {row['exit_code']}"
    seconds = json.loads(row.get("seconds") or "{}").get("total")
    if seconds is not None:
        yield f"seconds: {seconds:g}"
    if row.get("window_end"):
        low = row["window_start"] or "-∞"
        yield f"window: ({low}, {row['window_end']}] of {row['cursor_column']}"
    yield f"version: {row['version']}"
    if checks := told_checks(row):
        yield f"checks: {checks}"
    if row["status"] == ROLLED_BACK:
        yield f"undone: run {row['rolled_back_run']} and all since; {AGAIN}"
    yield from _error_lines(row)


def _error_lines(row: Row) -> Iterator[str]:
    if row["error"]:
        yield f"error: {_cut(row['error'])}"
        if address := see_text(row["error"]):
            yield f"see: {address}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"


def tell_end(webhook: Webhook | None, client: bigquery.Client, history: TableRef, row: Row) -> None:
    """Tell how a run ended, where that is asked for.

    A failed report is tried again, on Dataflow four times: a job that does nothing, under
    an id of the run, marks that it was told. Where a worker dies between the two, or
    BigQuery doesn't answer, the same may be told twice.
    """
    if webhook is None:
        return
    try:
        occasion = _occasion(webhook, client, history, row)
        if occasion is None or _was_told(client, row["run_id"]):
            return
        tell(webhook, occasion)
        _mark(client, row["run_id"])
    except Exception as error:  # a good run stays good, whatever it is
        _warn(str(error) if isinstance(error, SyncError) else type(error).__name__)


def tell_failure(
    webhook: Webhook | None, request: SyncRequest, run_id: str, error: Exception
) -> None:
    """Tell what ended a launch, or a run before its report.

    Not that another run works on the table; an outcome that is unknown was told by the report.
    """
    if webhook is None or isinstance(error, RunInProgressError | OutcomeUnknownError):
        return
    told = error if isinstance(error, SyncError) else internal_error(type(error).__name__)
    tell(webhook, body(planning_failure(request, run_id, told, datetime.now(UTC))))


def _occasion(
    webhook: Webhook, client: bigquery.Client, history: TableRef, row: Row
) -> bytes | None:
    """What there is to say of a run, if anything."""
    always = row["exit_code"] or row["status"] == ROLLED_BACK or told_checks(row)
    if always or webhook.every_run:
        return body(row)
    if row["status"] == "held_back":
        return None
    before = ended_before(client, history, row)
    return body(row, before) if before and before["exit_code"] else None


def tell_once(webhook: Webhook, client: bigquery.Client, name: str, body: bytes) -> None:
    """Send a message under a name, unless that was done before: its step may be tried again."""
    try:
        if not _was_told(client, name):
            tell(webhook, body)
            _mark(client, name)
    except Exception as error:  # what was told, was
        _warn(str(error) if isinstance(error, SyncError) else type(error).__name__)


def tell(webhook: Webhook, body: bytes) -> None:
    """Send a message; what keeps it from arriving is a warning."""
    why_not = send(webhook, body)
    if why_not:
        _warn(why_not)


def _warn(why: str) -> None:
    LOGGER.warning("notify_webhook could not be told how the run ended: %s", why)


def _mark_id(run_id: str) -> str:
    return f"sync_{run_id}_told"


def _was_told(client: bigquery.Client, run_id: str) -> bool:
    try:
        with as_target_errors(f"job {_mark_id(run_id)}"):
            return find_job(client, _mark_id(run_id)) is not None
    except SyncError:
        return False  # rather twice than never


def _mark(client: bigquery.Client, run_id: str) -> None:
    try:
        with as_target_errors(f"job {_mark_id(run_id)}"), suppress(Conflict):
            config = query_config(JobLabels(run_id, "told"))
            client.query("SELECT 1", config, job_id=_mark_id(run_id), job_retry=None)
    except SyncError as error:
        LOGGER.warning("how the run ended may be told once more: %s", error)
