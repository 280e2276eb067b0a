"""build(root, plan): the whole graph on one screen.

Read → Transform → Conform → Stage ─┬─ staged ───┐
  └───────── failures ──────────────┴─ failures ─┴→ Publish → Report

Of a BigQuery source in place: Stage in BigQuery → Publish → Report
"""

from typing import Any

import apache_beam as beam

from pipeline.parameters.webhook import Webhook
from pipeline.runs.outcome import Outcome
from pipeline.steps.conform import ConformBatches, TransformBatches
from pipeline.steps.given import Given
from pipeline.steps.in_place import STAGE, StageInPlace
from pipeline.steps.publish import PublishTable
from pipeline.steps.read import FAILURES, ReadSplits
from pipeline.steps.report import LogPlan, ReportRun
from pipeline.steps.stage import StageBatches
from smart_sync.plan import SyncPlan

REPORT = "Report the run"


def build(root: Any, plan: SyncPlan, webhook: Webhook | None = None) -> Any:
    """The steps of one run; nothing after `run()` is needed."""
    header = plan.header()
    table, reporting = plan.destination.table, ReportRun(header, webhook)
    if plan.held_back:
        return root | "Outcome" >> Given([held_back_outcome(plan)], Outcome) | REPORT >> reporting
    if plan.is_in_place:
        done = root | STAGE >> StageInPlace(header)
        outcome = (done.staged, done[FAILURES]) | f"Publish {table}" >> PublishTable(header)
        return outcome | REPORT >> reporting
    read = root | f"Read {table}" >> ReadSplits(plan)
    renamed = read.elements | "Transform" >> TransformBatches(plan.schema)
    conformed = renamed | "Conform to schema" >> ConformBatches(plan.schema, plan.checks)
    staged = conformed | "Stage as Parquet" >> StageBatches(header)
    failures = (read.failures, staged[FAILURES]) | "Gather failures" >> beam.Flatten()
    outcome = (staged.staged, failures) | f"Publish {table}" >> PublishTable(header)
    return outcome | REPORT >> reporting


def build_note(root: Any, text: str, outcome: Outcome) -> Any:
    """A job that only logs what the launcher has found out: it must submit one."""
    return root | "Outcome" >> Given([outcome], Outcome) | REPORT >> LogPlan(text)


def held_back_outcome(plan: SyncPlan) -> Outcome:
    """What a run reports that reads nothing because its window is empty."""
    held = plan.window.held_back if plan.window else None
    if held is None:
        return Outcome(status="succeeded")
    if not held.too_long:
        return Outcome(status="held_back", message=held.why)
    fix = (
        "end that session, or set late_commit_guard to a duration such as 1h: rows that commit"
        " later than that after their stamp are then missed."
    )
    return Outcome(
        status="held_back",
        exit_code=9,
        message=f"HeldBackTooLongError: held back for longer than late_commit_guard_max:"
        f" {held.why}. To mend: {fix}",
    )
