"""I/O. Alters columns of the destination just before rows are published into it."""

from collections.abc import Callable

from google.cloud import bigquery

from pipeline.destination.jobs import run_statement
from pipeline.destination.target import read_table
from smart_sync.altering import altering
from smart_sync.plan import SyncPlan


def alter_columns(client: bigquery.Client, plan: SyncPlan, check: Callable[[], None]) -> None:
    """Make the plan's alterations that the table doesn't show yet, each by a job of its own.

    A step that is repeated finds them done: DROP NOT NULL would be refused a second time.

    Args:
        client: of the job project.
        plan: the run's.
        check: looks at the lock just before each is sent, and raises when it is lost.

    Raises:
        SyncError: BigQuery refused or can't be reached, or the lock is lost; nothing was published.
    """
    if not plan.changes.altered:
        return
    target = read_table(client, plan.destination, plan.run.location, "")
    there = target.by_name()
    for number, one in enumerate(plan.changes.altered):
        if not one.is_done(there.get(one.field.name.casefold())):
            sql = altering(plan.destination, one)
            run_statement(client, plan, sql, f"alter_{number}", check)
