"""I/O. The end of a rollback whose copy job is done: settings, proof, marks, its last event.

All of it follows from its first event, so that the next launch brings to its end what a rollback
that died has restored; doing it twice is doing it once.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import bigquery

from auto_schema.errors import TargetError, VerificationError
from auto_schema.row_sums import RowSums
from pipeline.destination.settings import put_settings_back
from pipeline.runs.history import FINAL
from pipeline.runs.lock import Lock
from pipeline.runs.questions import ask_history
from pipeline.runs.undone import mark_undone
from smart_sync.carried import carrying_nothing
from smart_sync.predicate import ROWS, SEVERAL
from smart_sync.repair import ROLLED_BACK
from smart_sync.rollback_sql import highest, same_rows
from smart_sync.value_text import value_text
from warehouse.errors import as_target_errors
from warehouse.names import TableRef

LOGGER = logging.getLogger("smart_sync")
TOLD = "rollback"
"""Under which a rollback's first event tells, as its verification, what it does."""
TICK = timedelta(microseconds=1)


def end_rollback(
    client: bigquery.Client, history: TableRef, run: Mapping[str, Any], job: Any, lock: Lock
) -> dict[str, Any]:
    """Do what is left once the table is restored.

    Args:
        client: of BigQuery.
        history: of the run.
        run: its first event.
        job: its copy job, done.
        lock: of the table, held by whoever ends it.

    Returns:
        The run's last event, which is not written yet.

    Raises:
        RunInProgressError: the lock is lost: by now the table is another run's, which has settled
            this one, so that it isn't compared.
        TargetError: BigQuery refused or can't be reached; the next launch tries again.
    """
    told = json.loads(run["verification"])[TOLD]
    destination, snapshot = (TableRef(*told[name].rsplit(".", 2)) for name in ("table", "source"))
    sums, watermark = None, ""
    refusals = list[TargetError]()
    lock.check()
    with _noting(refusals):
        put_settings_back(client, destination, _unsure(told["settings"]))
    with _noting(refusals):
        sums = _sums(client, snapshot, destination, told["filter"])
    with _noting(refusals):
        watermark = _watermark(client, destination, told)
    lock.check()
    undone, newest = _undone(client, history, run, told)
    at = max(datetime.now(UTC), newest + TICK)
    differs = sums is not None and sums[0] != sums[1]
    error = _differs(run, snapshot, destination, sums) if sums and differs else None
    error = error or _unproven(run, snapshot, destination, refusals)
    mark_undone(client, history, undone, run["run_id"], at)
    figures: dict[str, Any] = {"undone": told["undone"], "is_proven": bool(sums) and not differs}
    if sums:
        figures |= {"snapshot": sums[0].figures, "table": sums[1].figures}
    return {
        **run,
        "seq": FINAL,
        "status": "published_mismatch" if differs else ROLLED_BACK,
        "event_time": at + TICK,  # behind the marks: it is the newest of all
        "watermark_after": watermark or None,
        "verification": json.dumps({TOLD: figures}, sort_keys=True),
        "publish_job": job.job_id,
        "exit_code": error.exit_code if error else 0,
        "error": error.text if error else None,
        "frontier": carrying_nothing(lock.clock.now()),
    }


def _unsure(settings: dict[str, Any]) -> dict[str, Any]:
    """The same, but for what is left out of the rows: the runs that are undone had noted theirs."""
    labels = settings["table"].get("labels", {})
    if ROWS in labels:
        labels[ROWS] = SEVERAL
    return settings


@contextmanager
def _noting(refusals: list[TargetError]) -> Iterator[None]:
    """Note what BigQuery refuses for good: the table is restored, and others wait for its lock."""
    try:
        yield
    except TargetError as refusal:
        if not isinstance(refusal.__cause__, (NotFound, BadRequest)):
            raise
        LOGGER.warning("the table is restored, but: %s", refusal)
        refusals.append(refusal)


def _sums(
    client: bigquery.Client, snapshot: TableRef, table: TableRef, field: str
) -> tuple[RowSums, RowSums]:
    """What the rows of both add up to."""
    with as_target_errors(f"rows of {snapshot} and {table}"):
        rows = list(client.query_and_wait(same_rows(snapshot, table, field)))
    one, other = (RowSums.of(tuple(row.values())[1:]) for row in rows)
    return one, other


def _undone(
    client: bigquery.Client, history: TableRef, run: Mapping[str, Any], told: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], datetime]:
    """The last events of the runs that are undone, and the time of the newest event of all."""
    parameters = [
        bigquery.ScalarQueryParameter("destination", "STRING", run["destination"]),
        bigquery.ScalarQueryParameter("since", "TIMESTAMP", datetime.fromisoformat(told["since"])),
        bigquery.ArrayQueryParameter("undone", "STRING", told["undone"]),
    ]
    where = f"FROM {history.sql} AS runs WHERE destination = @destination AND event_time >= @since"
    last = f"SELECT * {where} AND run_id IN UNNEST(@undone) AND seq = {FINAL} ORDER BY run_id"
    undone = ask_history(client, history, last, parameters)
    newest = f"SELECT MAX(event_time) AS newest {where}"
    (row,) = ask_history(client, history, newest, parameters[:2])
    return undone, row["newest"]


def _watermark(client: bigquery.Client, table: TableRef, told: Mapping[str, Any]) -> str:
    """MAX of the cursor as it is now; empty: the table has no row, or the runs had no cursor."""
    if not told["cursor"]:
        return ""
    with as_target_errors(f"MAX({told['cursor']}) of {table}"):
        (row,) = client.query_and_wait(highest(table, told["cursor"], told["filter"]))
    return "" if row.highest is None else value_text(row.highest)


def _differs(
    run: Mapping[str, Any], snapshot: TableRef, table: TableRef, sums: tuple[RowSums, RowSums]
) -> VerificationError:
    before, after = (one.figures for one in sums)
    return VerificationError(
        "the restored table is not what its snapshot is",
        f"table {table}, run {run['run_id']}",
        f"snapshot {before}, table {after} (rows and four sums of their digests)",
        f"look who else writes the table, then restore it once more with"
        f" `bq cp --restore --force '{snapshot.bq}' '{table.bq}'`.",
    )


def _unproven(
    run: Mapping[str, Any], snapshot: TableRef, table: TableRef, refusals: Sequence[TargetError]
) -> VerificationError | None:
    """That BigQuery takes a request never; one of a table that somebody has dropped is no fault."""
    told = [str(one) for one in refusals if isinstance(one.__cause__, BadRequest)]
    if not told:
        return None
    return VerificationError(
        "the table is restored, and BigQuery refused what was to come after it",
        f"table {table}, run {run['run_id']}",
        "; ".join(told),
        f"look whether its labels, descriptions and policy tags are as they were, and compare it"
        f" with {snapshot} yourself.",
    )
