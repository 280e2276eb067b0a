"""I/O. Rows that fail a check of single rows, out of the staging table into the dead letters."""

from google.cloud import bigquery

from auto_schema.errors import DeadLetterLimitError
from auto_schema.reshaping import made_of
from pipeline.destination.jobs import asked_row, run_statement
from pipeline.publish.check_results import CheckResult
from pipeline.publish.dead_letters import make_letters
from smart_sync.letters_sql import OF_CHECKS, merge_statement
from smart_sync.plan import SyncPlan
from smart_sync.quarantine_sql import (
    count_quarantined,
    delete_quarantined,
    quarantine_letters,
    quarantining,
)

QUARANTINED = "quarantined"
"""Under which the figures say how many rows."""


def is_quarantined(plan: SyncPlan, result: CheckResult) -> bool:
    """Whether rows leave for a check."""
    return result.failures > 0 and result.check in quarantining(plan)


def quarantine(client: bigquery.Client, plan: SyncPlan, dead: int) -> int:
    """Keep the failing rows as dead letters, and take them out of staging; how many they are.

    Args:
        client: of the job project.
        plan: the run's.
        dead: dead letters that the run has already.

    Raises:
        DeadLetterLimitError: they are too many; their letters are kept all the same.
        TargetError: BigQuery refused or can't be reached.
    """
    make_letters(client, plan)
    letters = f"(\n{quarantine_letters(plan, made_of(plan.reshaping))}\n)"
    run_statement(client, plan, merge_statement(plan, letters), OF_CHECKS)
    failing = asked_row(client, plan, count_quarantined(plan), "check_example")
    if dead + failing.found > plan.dead_letters.most:
        raise DeadLetterLimitError(
            "too many dead letters",
            f"table {plan.destination}",
            f"{failing.found:,} rows fail checks, {dead:,} could not be conformed,"
            f" max_dead_letters={plan.dead_letters.most}; the first: {failing.reason},"
            f" row_hash {failing.row_hash}",
            f"look into {plan.dead_letters.table}, mend the rows or the check, or raise"
            " max_dead_letters. Nothing was published.",
        )
    run_statement(client, plan, delete_quarantined(plan), "check_rows")
    return int(failing.found)
