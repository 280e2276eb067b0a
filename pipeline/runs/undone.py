"""I/O. Runs that a rollback has undone: each gets one more event, behind its last.

So its newest event says it, in the history as in `sync_runs_latest`: who asks for the newest event
of each run finds it neither published nor succeeded. What such a run has left elsewhere, as marks
on dead letters, counts only while the run isn't among `undone_runs`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from google.cloud import bigquery

from pipeline.runs.history import UNDONE, insertion
from pipeline.runs.joint_events import MOST_EVENTS
from smart_sync.repair import ROLLED_BACK
from warehouse.errors import as_target_errors
from warehouse.jobs import JobLabels, query_config, run_job
from warehouse.names import TableRef

Row = Mapping[str, Any]


def undone_runs(history: TableRef) -> str:
    """A query for the ids of all runs that were rolled back, of every destination.

    >>> undone_runs(TableRef("p", "d", "sync_runs"))
    'SELECT run_id FROM `p.d.sync_runs` WHERE seq = 3'
    """
    return f"SELECT run_id FROM {history.sql} WHERE seq = {UNDONE}"


def mark_undone(
    client: bigquery.Client, history: TableRef, runs: Sequence[Row], by: str, at: datetime
) -> None:
    """Say of runs that they are rolled back; done twice it is done once.

    Args:
        client: of BigQuery.
        history: of these runs.
        runs: the last event of each, in the same order each time.
        by: the run that has undone them.
        at: when, by a clock that is behind none of their events.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    rows = [_mark(run, by, at) for run in runs]
    for number, first in enumerate(range(0, len(rows), MOST_EVENTS), 1):
        sql, parameters = insertion(history, rows[first : first + MOST_EVENTS])
        labels = JobLabels(by, f"undone_{number}")
        send = partial(_send, client, sql, query_config(labels, parameters))
        with as_target_errors(f"run history {history}"):
            run_job(client, partial(_job_id, labels), labels, send)


def _mark(run: Row, by: str, at: datetime) -> dict[str, Any]:
    told = {"seq": UNDONE, "status": ROLLED_BACK, "event_time": at, "frontier": None}
    return {**run, **told, "error": f"rolled back by run {by}"}


def _job_id(labels: JobLabels, attempt: int) -> str:
    return f"sync_{labels.run_id}_{labels.step}_{attempt}"


def _send(client: bigquery.Client, sql: str, config: Any, job_id: str) -> Any:
    return client.query(sql, config, job_id=job_id, job_retry=None)
