"""I/O. Events of a launch of many tables: those that wait for each other go in one INSERT.

Each is durable before its writer goes on, and is one row, as by `append`. For that the ids of joint
jobs are numbered, and a number is used only after the job before it is seen DONE. Whoever has to
know that none arrives any more uses up the next number, as it does with a publishing job's:
from then on each event of that launch has a job of its own.
"""

import hashlib
import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud import bigquery

from auto_schema.errors import SyncError, TargetError
from pipeline.destination.attempts import BURNT, burn
from pipeline.runs.group_commit import GroupCommit
from pipeline.runs.history import append, insertion
from warehouse.errors import as_target_errors
from warehouse.jobs import JobLabels, query_config
from warehouse.names import TableRef

LOGGER = logging.getLogger("smart_sync")
EVENTS = "events"
MOST_EVENTS = 100
"""Of one INSERT: 5,000 of the 10,000 parameters that BigQuery takes.

https://cloud.google.com/bigquery/quotas#query_jobs
"""
MOST_CHARACTERS = 4_000_000
"""Of one INSERT's texts; a request may have 10 MB."""
Key = tuple[str, int]
"""Run and sequence number of an event."""


def joint_job_id(batch_id: str, table: TableRef, number: int) -> str:
    """The id of a launch's joint job; each of its histories has numbers of its own.

    >>> joint_job_id("b", TableRef("p", "d", "sync_runs"), 1)
    'sync_b_events_5738a13f_1'
    """
    mark = hashlib.sha256(str(table).encode()).hexdigest()[:8]
    return f"sync_{batch_id}_{EVENTS}_{mark}_{number}"


@dataclass(frozen=True, slots=True)
class _Event:
    client: bigquery.Client
    row: dict[str, Any]

    @property
    def key(self) -> Key:
        return self.row["run_id"], self.row["seq"]


class JointEvents:
    """The events of one launch's runs, written by many threads."""

    def __init__(self, batch_id: str) -> None:
        self._batch_id = batch_id
        self._histories: dict[tuple[str, str, TableRef], _JointHistory] = {}
        self._turn = threading.Lock()
        self._is_closed = False

    def append(self, client: bigquery.Client, table: TableRef, row: dict[str, Any]) -> bool:
        """Append an event as `history.append` does, perhaps with those of other runs.

        Where the location of jobs isn't known yet, nor are their ids: then by itself.
        """
        if not client.location:
            return append(client, table, row)
        place = (client.project, client.location, table)
        with self._turn:
            if place not in self._histories:
                self._histories[place] = _JointHistory(self._batch_id, table, self._is_closed)
            history = self._histories[place]
        return history.append(_Event(client, row))

    def close(self) -> None:
        """Write no event jointly any more; what is on its way has arrived after this, or never."""
        with self._turn:
            self._is_closed = True
            histories = list(self._histories.values())
        for history in histories:
            history.close()


class _JointHistory:
    """One history table, and where its jobs run."""

    def __init__(self, batch_id: str, table: TableRef, is_closed: bool) -> None:
        self._batch_id, self._table, self._is_closed = batch_id, table, is_closed
        self._labels = JobLabels(batch_id, EVENTS)
        self._group = GroupCommit(self._alone, self._together, MOST_EVENTS)
        self._turn = threading.Lock()
        self._number = 1
        self._sent: Sequence[_Event] = ()
        """By the job of that number, until it is seen DONE."""
        self._written: set[Key] = set()
        self._doubtful: set[Key] = set()

    @property
    def _job_id(self) -> str:
        return joint_job_id(self._batch_id, self._table, self._number)

    def append(self, event: _Event) -> bool:
        if event.key in self._written:
            return False
        if event.key in self._doubtful:
            fix = "run again when BigQuery answers."
            raise TargetError("an event may be on its way", self._job_id, "", fix)
        if self._is_closed:  # and waits for no request that is still in flight
            return self._alone(event)
        return self._group.ask(event)

    def _alone(self, event: _Event) -> bool:
        return append(event.client, self._table, event.row)

    def _together(self, events: Sequence[_Event]) -> list[bool] | None:
        if sum(len(str(value)) for e in events for value in e.row.values()) > MOST_CHARACTERS:
            return None
        with self._turn:
            if self._is_closed:
                return None
            self._sent, job_id = events, self._job_id
        sql, parameters = insertion(self._table, [event.row for event in events])
        config, client = query_config(self._labels, parameters), events[0].client
        try:
            client.query(sql, config, job_id=job_id, job_retry=None).result()
            self._stands(events)
        except Exception as error:  # whatever it is: the job itself is asked
            LOGGER.info("%s: events are written one by one: %s", job_id, error)
            if not self._settled(events, job_id):
                return None
        return [True] * len(events)

    def _stands(self, events: Sequence[_Event]) -> None:
        with self._turn:
            self._written |= {event.key for event in events}
            self._sent, self._number = (), self._number + 1

    def _settled(self, events: Sequence[_Event], job_id: str) -> bool:
        """Whether the job ended well; if not, nothing of it arrives any more.

        Raises:
            TargetError: nobody can tell. No number is used after this one.
        """
        try:
            with as_target_errors(f"run history {self._table}, job {job_id}"):
                job = _used_up(events[0].client, self._batch_id, job_id)
        except Exception:
            with self._turn:
                self._is_closed = True
                self._doubtful |= {event.key for event in events}
            raise
        if job is None or job.labels.get("step") == BURNT:
            with self._turn:
                self._is_closed = True
            return False
        if job.error_result:
            with self._turn:
                self._sent, self._number = (), self._number + 1
            return False
        self._stands(events)
        return True

    def close(self) -> None:
        with self._turn:
            self._is_closed = True
            events, job_id = self._sent, self._job_id
        if events:
            try:
                self._settled(events, job_id)
            except SyncError as error:
                LOGGER.warning("%s", error)


def _used_up(client: bigquery.Client, batch_id: str, job_id: str, **place: Any) -> Any:
    """None: the id is used up for nothing, now; else the job that has it, DONE.

    Raises:
        GoogleAPICallError: the job doesn't end, or nobody knows.
    """
    if burn(client, batch_id, job_id, **place):
        return None
    job = client.get_job(job_id, **place)
    if job.state != "DONE":
        with suppress(GoogleAPICallError):
            job.result()
        job = client.get_job(job_id, **place)
        if job.state != "DONE":
            raise TargetError("job still runs", job_id, "", "run again.")
    return job


def fence_events(client: bigquery.Client, table: TableRef, run: Mapping[str, Any]) -> None:
    """Let no event of a dead run arrive any more with those of its launch's other runs.

    What has arrived stands. A launch that still lives writes the events of its other runs one by
    one from then on.

    Args:
        client: of whoever fences it.
        table: the history.
        run: an event of it, with the batch_id of its launch.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    batch_id = run["batch_id"]
    place: dict[str, Any] = {
        "project": run.get("job_project"),
        "location": run.get("job_location"),
    }

    def is_used(number: int) -> bool:
        with suppress(NotFound):
            client.get_job(joint_job_id(batch_id, table, number), **place)
            return True
        return False

    with as_target_errors(f"run {run['run_id']}, events of launch {batch_id}"):
        last, free = 0, 1
        while is_used(free):
            last, free = free, free * 2
        while free - last > 1:  # numbers are used without a gap
            middle = (last + free) // 2
            last, free = (middle, free) if is_used(middle) else (last, middle)
        number = max(last, 1)
        while True:
            job = _used_up(client, batch_id, joint_job_id(batch_id, table, number), **place)
            if job is None or job.labels.get("step") == BURNT:
                return
            number += 1
