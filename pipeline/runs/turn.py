"""I/O. A table's turn in a launch of many, which may come long after its lock was taken.

Nobody renews the lock of a table that waits: the launcher has gone, and no worker has come to it.
So a run whose turn it is takes its own lapsed lock again, where nobody came between. Whoever had
would have settled it: its publishing id burnt, its end in the history. One with another history
knows nothing of the run: what it did shows in the destination.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import RunInProgressError
from pipeline.destination.target import read_table
from pipeline.runs.history import SEQUENCE
from pipeline.runs.lock import Lock
from pipeline.runs.past_runs import runs_since
from smart_sync.facts import DatasetFacts
from smart_sync.plan import SyncPlan

LOGGER = logging.getLogger("smart_sync")
Row = Mapping[str, Any]
ANY_CLOCK = timedelta(days=1)
"""By more no machine's clock is behind that of the launch."""


def take_turn(plan: SyncPlan, client: bigquery.Client, lock: Lock) -> Row | None:
    """See that a run still holds its table, or may hold it again.

    Returns:
        None: it does. Else how the run has ended: its element is processed once more, or another
        run has settled it.

    Raises:
        RunInProgressError: another run holds the table, or has begun since, or the destination
            has been changed while nobody held the lock.
        TargetError: BigQuery refused or can't be reached.
    """
    try:
        lock.check()
    except RunInProgressError as error:
        LOGGER.warning("%s: %s", plan.destination, error.why)
    else:
        return None
    ended = _end_of(plan, _events(plan, client))
    if ended is None:
        ended = _take_again(plan, client, lock)
    return ended


def _take_again(plan: SyncPlan, client: bigquery.Client, lock: Lock) -> Row | None:
    """Hold the lapsed lock again; looked at once more under it, since someone may have had it.

    Raises:
        RunInProgressError: another run holds it, has begun since, or has changed the destination.
    """
    lock.acquire()
    is_held = False
    try:
        lock.check()
        events = _events(plan, client)
        ended = _end_of(plan, events)
        why = "" if ended else came_between(events, plan.run.run_id) or _changed(plan, client)
        if why:
            raise lost(plan, why)
        is_held = ended is None
        return ended
    finally:
        if not is_held:
            lock.release()


def came_between(events: Sequence[Row], run_id: str) -> str:
    """Why a run may not go on with its plan; empty: nothing has changed since it was made.

    Args:
        events: the newest of each run of the destination.
        run_id: whose turn it is.
    """
    own = next((event for event in events if event["run_id"] == run_id), None)
    if own is None:
        return "its event running is not in the history"
    for event in events:
        is_other = event["run_id"] != run_id and event["plan_fingerprint"] is not None
        if is_other and event["event_time"] > own["event_time"]:
            return f"its lease was over and run {event['run_id']} has worked on the table"
    return ""


def _changed(plan: SyncPlan, client: bigquery.Client) -> str:
    """Why the plan may not be done, by the destination; empty: it is as it was planned for.

    Whoever has published may tell it in another history, or in none.
    """
    seen, run = plan.seen, plan.run
    now = read_table(client, plan.destination, DatasetFacts(run.location)).state
    if now == seen:
        return ""
    return f"its lease was over and somebody has changed the table: it was {seen}; it is {now}"


def lost(plan: SyncPlan, why: str) -> RunInProgressError:
    """A run that may not go on."""
    return RunInProgressError(
        "lock lost",
        f"table {plan.destination}, run {plan.run.run_id}",
        why,
        "nothing more is published by this run; run again. If launches wait for long before they"
        " come to a table, raise lock_lease.",
    )


def _events(plan: SyncPlan, client: bigquery.Client) -> list[dict[str, Any]]:
    since = plan.run.launched_at - ANY_CLOCK
    return runs_since(client, plan.run.history_table, plan.destination, since)


def _end_of(plan: SyncPlan, events: Sequence[Row]) -> Row | None:
    """The run's own event behind `running`, if there is one."""
    own = (event for event in events if event["run_id"] == plan.run.run_id)
    return next((event for event in own if int(event["seq"]) > SEQUENCE["running"]), None)
