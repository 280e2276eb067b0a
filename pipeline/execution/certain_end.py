"""I/O. A run is called failed only when nothing of it is published, nor can be any more."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from auto_schema.errors import SyncError
from pipeline.destination.elements import StagedSplit
from pipeline.publish.published import Published
from pipeline.publish.publisher import Publisher
from pipeline.runs.history import event_row
from pipeline.runs.outcome import Outcome
from pipeline.runs.settle import fence

LOGGER = logging.getLogger("smart_sync")
Staged = Callable[[], Sequence[StagedSplit] | None]
"""What was staged of a table before it was published; None: nobody knows it any more."""


def certain_end(publisher: Publisher, outcome: Outcome, staged: Staged) -> Outcome:
    """Before a run is called failed, nothing of it can be published any more.

    The same element may be at work on a worker that was given up, or have been: its job has the
    run's own id, which is used up here, or found. Then it has looked at all before it sent that,
    and the run ends as its job did.
    """
    if outcome.status != "failed":
        return outcome
    plan, client = publisher.plan, publisher.client
    try:
        job = fence(client, event_row(plan, outcome, datetime.now(UTC)), waits=True)
    except SyncError as error:
        LOGGER.warning("%s; the next run settles it", error)
        return replace(outcome, status="publishing")
    if job is None:
        return outcome
    LOGGER.warning("%s: a later try of its run failed: %s", plan.destination, outcome.message)
    return Published(plan, client).before(job, staged())
