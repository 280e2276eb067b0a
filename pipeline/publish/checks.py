"""The checks of a run's rows, before they are published: the second audit."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from auto_schema.errors import ChecksFailedError, SyncError
from pipeline.destination.elements import StagedSplit
from pipeline.destination.files import total
from pipeline.destination.jobs import asked_row
from pipeline.publish.check_results import CheckResult, keep_results, results_of, with_keys
from pipeline.publish.quarantine import QUARANTINED, is_quarantined, quarantine
from pipeline.tables.naming import checks_table
from smart_sync.check import Verdict
from smart_sync.check_sql import checks_query
from smart_sync.plan import SyncPlan
from smart_sync.request import SyncRequest
from sources.profile import SourceProfile
from warehouse.errors import as_target_errors

LOGGER = logging.getLogger("smart_sync")
STEP, AGAIN = "checks", "checks_again"


@dataclass(frozen=True, slots=True)
class RowChecks:
    """The audit of `checks`: no row is published while one of severity error fails."""

    step: str = STEP
    of_published: bool = True

    def reason(self, request: SyncRequest, _: SourceProfile) -> str:
        """That there are any."""
        count = len(request.publishing.checks)
        return f"{count} checks look at the staged rows" if count else ""

    def query(self, plan: SyncPlan) -> str:
        """How many rows were staged, and of each check how many fail."""
        return checks_query(plan)

    def verdict(
        self,
        client: bigquery.Client,
        plan: SyncPlan,
        splits: Sequence[StagedSplit],
        answer: tuple[Any, ...] | None,
    ) -> Mapping[str, object]:
        """How each check ended, and its failures, which are kept; those that warn are logged.

        Raises:
            ChecksFailedError: one of severity error failed; it tells of all that did.
            DeadLetterLimitError: more rows are to be quarantined than there may be dead letters.
        """
        if answer is None:  # without a row nothing comes into the table
            return {"checks": {}}
        results, moved = with_keys(client, plan, results_of(plan, answer)), 0
        if any(is_quarantined(plan, one) for one in results):
            moved = quarantine(client, plan, total(splits, "dead"))
            results = _asked_again(client, plan, results)
        keep_results(client, plan, results)
        shows = plan.dead_letters.show_values
        for one in results:
            if one.verdict in (Verdict.WARNED, Verdict.QUARANTINED):
                LOGGER.warning("check %s: %s", one.text(shows=shows), one.verdict)
        failed = [one for one in results if one.verdict is Verdict.FAILED]
        if failed:
            raise _error(plan, failed)
        told = {
            one.check.name: {"verdict": str(one.verdict), "failures": one.failures}
            | ({"keys": one.told_keys(shows=shows)} if one.keys else {})
            for one in results
        }
        return {"checks": told} | ({QUARANTINED: moved} if moved else {})


def _asked_again(
    client: bigquery.Client, plan: SyncPlan, before: Sequence[CheckResult]
) -> list[CheckResult]:
    """How all checks end without the rows that were quarantined, and how many each of them was."""
    answer = asked_row(client, plan, checks_query(plan), AGAIN)
    after = results_of(plan, tuple(answer.values()))
    return [
        replace(one, verdict=Verdict.QUARANTINED)
        if is_quarantined(plan, one)
        else replace(new, keys=one.keys if new.failures else ())
        for one, new in zip(before, after, strict=True)
    ]


def _error(plan: SyncPlan, failed: Sequence[CheckResult]) -> ChecksFailedError:
    shows = plan.dead_letters.show_values
    keep, told = plan.publishing.checks_keep, "; ".join(one.text(shows=shows) for one in failed)
    return ChecksFailedError(
        "rows fail checks",
        f"table {plan.destination}",
        f"of {failed[0].rows:,} rows: {told}",
        f"look at the rows in {plan.rows_table}, where they are kept for {keep}, and at"
        f" their keys in {checks_table(plan.run.history_table)}; mend the source or the check, and"
        " run again. Nothing was published, and the next run reads the same window.",
    )


def keep_rows(client: bigquery.Client, plan: SyncPlan) -> None:
    """Let the staged rows stay for `checks_keep`; best effort, they stay for a day anyway."""
    table = bigquery.Table(str(plan.rows_table))
    table.expires = datetime.now(UTC) + plan.publishing.checks_keep
    try:
        with as_target_errors(f"staging table {plan.rows_table}"), suppress(NotFound):
            client.update_table(table, ["expires"])  # none, where no row came that far
    except SyncError as error:
        LOGGER.warning("how long failed rows are kept could not be set: %s", error)
