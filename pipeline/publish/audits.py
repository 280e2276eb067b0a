"""I/O. Audits: each asks one query over the staged rows, and says whether they may be published.

The content proof is the first of them. Another is a value beside it in AUDITS.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from google.cloud import bigquery

from pipeline.destination.elements import StagedSplit
from pipeline.destination.jobs import run_statement
from pipeline.publish.proof import ContentProof
from smart_sync.plan import SyncPlan
from smart_sync.ways import STATEMENT, STATEMENT_IN_PLACE
from warehouse.errors import as_target_errors


class Audit(Protocol):
    """One look at the staged rows before anything is published; a frozen value."""

    @property
    def step(self) -> str:
        """Names the query's job; no other step of a run has that name."""
        ...

    def reason(self, plan: SyncPlan) -> str:
        """Why the plan's rows lie in a table before they are published; empty: not for this.

        Whoever gives one is asked, and the rows are staged where its query finds them.
        """
        ...

    def query(self, plan: SyncPlan) -> str:
        """A SELECT over `plan.run.staging.table` that gives one row."""
        ...

    def verdict(
        self, plan: SyncPlan, splits: Sequence[StagedSplit], answer: tuple[Any, ...] | None
    ) -> Mapping[str, object]:
        """Figures for the history, under names that no other audit gives.

        Args:
            plan: the run's.
            splits: all that were staged, with their figures.
            answer: the query's row; None: nothing was staged, so nothing was asked.

        Raises:
            SyncError: the rows may not be published.
        """
        ...


AUDITS: tuple[Audit, ...] = (ContentProof(),)
"""In the order in which they are asked; the first that fails ends the run."""


def with_staged_rows(plan: SyncPlan) -> SyncPlan:
    """The plan as it is run: its rows lie in a table first, where an audit queries them."""
    publishing, reading = plan.publishing, plan.reading
    why = next(filter(None, (audit.reason(plan) for audit in AUDITS)), "")
    if not why or publishing.way.has_table:
        return plan
    if reading.bigquery is not None and publishing.way.copies:  # a query reads what a copy doesn't
        scanned = replace(
            reading.bigquery, copy_reason=why, scan_bytes=plan.reading.estimated_bytes
        )
        reading = replace(reading, bigquery=scanned)
    way = STATEMENT_IN_PLACE if reading.is_in_place else STATEMENT
    publishing = replace(publishing, way=way, way_reason=why)
    return replace(plan, publishing=publishing, reading=reading)


def audit(
    client: bigquery.Client, plan: SyncPlan, splits: Sequence[StagedSplit], *, has_rows: bool
) -> str:
    """Ask every audit that the plan wants, before anything is published.

    Args:
        client: of the job project.
        plan: the run's.
        splits: all that were staged.
        has_rows: whether the staging table was loaded at all.

    Returns:
        Their figures as JSON, for the history; empty: no audit was wanted.

    Raises:
        SyncError: an audit fails, or BigQuery refuses its query.
        ValueError: the plan isn't one `with_staged_rows`.
    """
    asked = [audit for audit in AUDITS if audit.reason(plan)]
    if asked and not plan.publishing.way.has_table:
        raise ValueError(f"no table for the audit {asked[0].step}: {plan.publishing.way}")
    figures = dict[str, object]()
    for audit in asked:
        answer = _answer(client, plan, audit) if has_rows else None
        figures |= audit.verdict(plan, splits, answer)
    return json.dumps(figures, sort_keys=True) if asked else ""


def _answer(client: bigquery.Client, plan: SyncPlan, audit: Audit) -> tuple[Any, ...]:
    job: Any = run_statement(client, plan, audit.query(plan), audit.step)
    with as_target_errors(f"job {job.job_id}"):
        return tuple(next(iter(job.result())).values())
