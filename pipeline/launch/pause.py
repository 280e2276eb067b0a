"""A table whose runs fail again and again is left alone until somebody has looked at it.

No one watches: each launch looks at how the runs before it ended, and needs no right for that
which it hasn't anyway.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import LimitReachedError, SyncError
from pipeline.launch.shared import Shared
from pipeline.runs.history import planning_failure
from pipeline.runs.history_tables import make_tables
from pipeline.runs.last_ends import last_ends
from smart_sync.request import SyncRequest

LOGGER = logging.getLogger("smart_sync")
LOOK_BACK = timedelta(days=400)
"""So far back runs are counted: of a monthly schedule a year."""
LONGEST = 300
"""Characters of the newest run's error that are told."""


class PausedError(LimitReachedError):
    """A table that isn't looked at until somebody says so: no run of it has begun."""


@contextmanager
def pausing(request: SyncRequest, run_id: str, shared: Shared) -> Iterator[None]:
    """Look whether the table is paused; what fails in the block counts as a failed run, too.

    Otherwise a launch that fails before it has the table's lock stands in no history: a source
    that is out of reach would never be counted.

    Raises:
        PausedError: it is.
        SyncError: what the block raised.
    """
    if not request.run.pause.failures:
        yield
        return
    asking = shared.client(request, None)
    location = shared.dataset(asking, request.destination).location
    client = shared.client(request, location)
    check_pause(client, request)
    try:
        yield
    except SyncError as error:
        row = planning_failure(request, run_id, error, datetime.now(UTC))
        try:
            make_tables(client, request.history_table)
            shared.write(client, request.history_table, row)
        except SyncError as fault:
            LOGGER.warning("the failure could not be counted: %s", fault)
        raise


def check_pause(client: bigquery.Client, request: SyncRequest) -> None:
    """Go on when one of the last runs ended well, or nobody wants to know.

    Raises:
        PausedError: they failed, as many as pause_after_failures says.
        TargetError: BigQuery refused or can't be reached.
    """
    pause = request.run.pause
    if not pause.failures:
        return
    since = pause.since or datetime.now(UTC) - LOOK_BACK
    table, destination = request.history_table, request.destination
    ends = last_ends(client, table, destination, since, pause.failures)
    if len(ends) == pause.failures and all(is_failed(end) for end in ends):
        raise paused(request, ends)


def is_failed(end: Mapping[str, Any]) -> bool:
    """Whether a run's last event says that somebody has to do something."""
    return bool(end["exit_code"])


def paused(request: SyncRequest, ends: Sequence[Mapping[str, Any]]) -> PausedError:
    """What a launch says that doesn't begin."""
    newest = ends[0]
    error = " ".join(str(newest["error"] or "").split())
    error = error if len(error) <= LONGEST else error[: LONGEST - 1] + "…"
    last = "run" if len(ends) == 1 else f"{len(ends)} runs"
    why = (
        f"pause_after_failures={request.run.pause.failures}, and the last {last} failed,"
        f" run {newest['run_id']} with exit code {newest['exit_code']}: {error}"
    )
    fix = (
        "mend that, then `smart-sync schedules resume NAME`; or run once with"
        " pause_after_failures=0: runs are counted anew from one that ends well."
    )
    return PausedError("paused by failures", str(request.destination), why, fix)
