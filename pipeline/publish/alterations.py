"""I/O. Alters columns of the destination just before rows are published into it."""

from collections.abc import Callable
from time import sleep

from google.cloud import bigquery

from pipeline.destination.jobs import run_statement
from pipeline.destination.target import read_table
from smart_sync.altering import altering
from smart_sync.facts import DatasetFacts
from smart_sync.plan import SyncPlan

AT_ONCE, PAUSE_S = 4, 10.0
"""BigQuery takes five changes of a table's metadata in ten seconds, and publishing may be one.

https://cloud.google.com/bigquery/quotas#standard_tables
"""


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
    target = read_table(client, plan.destination, DatasetFacts(plan.run.location))
    there, sent = target.by_name(), 0
    for number, one in enumerate(plan.changes.altered):
        if not one.is_done(there.get(one.field.name.casefold())):
            if sent and sent % AT_ONCE == 0:
                sleep(PAUSE_S)
            sql = altering(plan.destination, one)
            run_statement(client, plan, sql, f"alter_{number}", check)
            sent += 1
