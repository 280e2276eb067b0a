"""I/O. The destination's labels: what is so until a run's rows are in it, and then."""

import logging

from google.api_core.exceptions import PreconditionFailed
from google.cloud import bigquery

from auto_schema.errors import TargetError
from smart_sync.plan import SyncPlan
from smart_sync.predicate import ALL, ROWS, SEVERAL
from warehouse.errors import as_target_errors

TRIES = 3
LOGGER = logging.getLogger("smart_sync")


def announce_rows(client: bigquery.Client, plan: SyncPlan) -> None:
    """Say that rows of several sorts are left out, just before that becomes so.

    A run that dies behind its publishing doesn't come to label the table, and one after it, which
    leaves out what those before have left out, would not know that rows lie below MAX.

    Raises:
        TargetError: BigQuery refused; nothing was published.
    """
    wanted = dict(plan.publishing.labels).get(ROWS)
    if wanted is None or not plan.publishing.sets_label or plan.publishing.mode.leaves_none:
        return
    with as_target_errors(f"table {plan.destination}"):
        while True:  # slices of a backfill may do so at once, and one of them has done it
            table = client.get_table(str(plan.destination))
            if table.labels.get(ROWS, ALL) in (wanted, SEVERAL):
                return
            table.labels = {**table.labels, ROWS: SEVERAL}
            if _updated(client, table, ["labels"]):
                return


def label_table(client: bigquery.Client, plan: SyncPlan) -> None:
    """The source's label and description on a table that a run made or took over.

    The rows are in by now, so what fails here is only warned about.
    """
    if not plan.publishing.sets_label:
        return
    try:
        with as_target_errors(f"table {plan.destination}"):
            for _ in range(TRIES):
                if _patch(client, plan):
                    return
    except TargetError as error:
        LOGGER.warning("the rows are in the table, its label is not: %s", error)


def _patch(client: bigquery.Client, plan: SyncPlan) -> bool:
    """Label the table as it is now; False when it was changed meanwhile."""
    table, description = client.get_table(str(plan.destination)), plan.schema.description
    changed = []
    if any(table.labels.get(key) != value for key, value in plan.publishing.labels):
        table.labels = {**table.labels, **dict(plan.publishing.labels)}
        changed.append("labels")
    if plan.publishing.mode.makes_table and description != (table.description or ""):
        table.description = description
        changed.append("description")
    return not changed or _updated(client, table, changed)


def _updated(client: bigquery.Client, table: bigquery.Table, fields: list[str]) -> bool:
    """Change the table; False: somebody else has done so since it was looked at."""
    try:
        client.update_table(table, fields)
    except PreconditionFailed:
        return False
    return True
