"""I/O. Audits: each asks one query over the staged rows, and says whether they may be published.

The content proof is the first of them. Another is a value beside it in AUDITS.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from google.cloud import bigquery

from pipeline.destination.elements import StagedSplit
from pipeline.destination.jobs import asked_row
from pipeline.publish.checks import RowChecks
from pipeline.publish.proof import ContentProof
from smart_sync.plan import AuditPlan, SyncPlan
from smart_sync.request import SyncRequest
from sources.profile import SourceProfile


class Audit(Protocol):
    """One look at the staged rows before anything is published; a frozen value."""

    @property
    def step(self) -> str:
        """Names the query's job; no other step of a run has that name."""
        ...

    @property
    def of_published(self) -> bool:
        """Whether its query reads rows as they will be published.

        Then it is asked when those are gone whose JSON BigQuery refuses: they would end it.
        """
        ...

    def reason(self, request: SyncRequest, profile: SourceProfile) -> str:
        """Why the rows of a run are asked before they are published; empty: they aren't.

        Whoever gives one is asked, and the rows are staged where its query finds them.

        Args:
            request: what the operator asked for.
            profile: what the source delivers.
        """
        ...

    def query(self, plan: SyncPlan) -> str:
        """A SELECT over `plan.run.staging.table` that gives one row."""
        ...

    def verdict(
        self,
        client: bigquery.Client,
        plan: SyncPlan,
        splits: Sequence[StagedSplit],
        answer: tuple[Any, ...] | None,
    ) -> Mapping[str, object]:
        """Figures for the history, under names that no other audit gives.

        Args:
            client: of the job project, for what follows from the answer.
            plan: the run's.
            splits: all that were staged, with their figures.
            answer: the query's row; None: nothing is published, so nothing was asked.

        Raises:
            SyncError: the rows may not be published.
        """
        ...


AUDITS: tuple[Audit, ...] = (ContentProof(), RowChecks())
"""In the order in which they are asked; the first that fails ends the run."""


def wanted(request: SyncRequest, profile: SourceProfile) -> tuple[AuditPlan, ...]:
    """The audits that a run asks, in their order, and why each is wanted."""
    reasons = ((audit.step, audit.reason(request, profile)) for audit in AUDITS)
    return tuple(AuditPlan(step, reason) for step, reason in reasons if reason)


def audit(
    client: bigquery.Client,
    plan: SyncPlan,
    splits: Sequence[StagedSplit],
    *,
    has_table: bool,
    of_published: bool,
) -> dict[str, object]:
    """Ask the audits of the plan of one kind, before anything is published.

    Args:
        client: of the job project.
        plan: the run's.
        splits: all that were staged.
        has_table: whether the staging table is there, and so can be asked.
        of_published: the kind, see `Audit`.

    Returns:
        Their figures, for the history; empty: no audit was wanted.

    Raises:
        SyncError: an audit fails, or BigQuery refuses its query.
        ValueError: the plan stages its rows in no table.
        KeyError: an audit of the plan is none that this program knows.
    """
    known = {audit.step: audit for audit in AUDITS}
    asked = [known[audit.step] for audit in plan.publishing.audits]
    if asked and not plan.publishing.way.has_table:
        raise ValueError(f"no table for the audit {asked[0].step}: {plan.publishing.way}")
    figures = dict[str, object]()
    for audit in (one for one in asked if one.of_published is of_published):
        answer = None
        if has_table:
            answer = tuple(asked_row(client, plan, audit.query(plan), audit.step).values())
        figures |= audit.verdict(client, plan, splits, answer)
    return figures
