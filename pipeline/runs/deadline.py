"""A run that takes longer than it may is stopped, as long as it hasn't begun to publish.

Whoever works for the run looks at the time where it looks at its lock, so that each host stops it
by itself, and nobody has to watch.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from auto_schema.errors import LimitReachedError
from smart_sync.plan import RunPlan


def check_deadline(run: RunPlan) -> None:
    """Go on when there is time left.

    Raises:
        LimitReachedError: the run's time is over.
    """
    if run.deadline is None or datetime.now(UTC) < run.deadline:
        return
    minutes = f"{run.longest.total_seconds() / 60:g}"
    why = (
        f"max_run_minutes={minutes}, and nothing of it was published by {run.deadline:%H:%M:%S} UTC"
    )
    fix = (
        "raise max_run_minutes, read more at once (max_source_connections), or bring what waits by"
    )
    fix += (
        " slices (backfill_by); the next run goes on with what this one has staged, where it can."
    )
    raise LimitReachedError("the run took too long", f"run {run.run_id}", why, fix)


def bounded(run: RunPlan, check: Callable[[], None]) -> Callable[[], None]:
    """The check, and that there is time left."""

    def both() -> None:
        check_deadline(run)
        check()

    return both
