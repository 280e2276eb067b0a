"""build(root, plan): the whole graph on one screen; build_tables(root, packed): many in one.

Read → Transform → Conform → Stage ─┬─ staged ───┐
  └──────────┴── failures ──────────┴─ failures ─┴→ Publish → Report

Of a BigQuery source in place: Stage in BigQuery → Publish → Report
"""

from typing import Any

import apache_beam as beam

from pipeline.execution.in_place import STAGE
from pipeline.execution.packing import Packed
from pipeline.parameters.webhook import Webhook
from pipeline.runs.outcome import Outcome, held_back_outcome
from pipeline.steps.conform import ConformBatches, TransformBatches
from pipeline.steps.create import CreateValues
from pipeline.steps.in_place import StageInPlace
from pipeline.steps.launch_end import EndLaunch
from pipeline.steps.publish import PublishTable
from pipeline.steps.read import FAILURES, ReadSplits
from pipeline.steps.report import LogPlan, ReportRun
from pipeline.steps.stage import StageBatches
from pipeline.steps.tables import SyncTables
from smart_sync.plan import SyncPlan

REPORT = "Report the run"


def build(root: Any, plan: SyncPlan, webhook: Webhook | None = None) -> Any:
    """The steps of one run, whose report ends the job; nothing after `run()` is needed."""
    return published(root, plan) | REPORT >> ReportRun(plan.header(), webhook)


def build_tables(root: Any, packed: Packed, webhook: Webhook | None = None) -> Any:
    """The steps of many runs, as many as of one: the job ends when all have ended."""
    ends = root | "Sync tables" >> SyncTables(packed)
    return ends | "End the launch" >> EndLaunch(packed, webhook)


def published(root: Any, plan: SyncPlan) -> Any:
    """One table's way from its first row to its Outcome, which is yet to be reported."""
    header, table = plan.header(), plan.destination.table
    if plan.held_back:
        return root | "Outcome" >> CreateValues([held_back_outcome(plan)], Outcome)
    if plan.reading.is_in_place:
        done = root | STAGE >> StageInPlace(header)
        return (done.staged, done[FAILURES]) | f"Publish {table}" >> PublishTable(header)
    read = root | f"Read {table}" >> ReadSplits(plan)
    renamed = read.elements | "Transform" >> TransformBatches(plan.arriving)
    conforming = ConformBatches(plan.reading.schema, plan.checks, plan.reshaping)
    conformed = renamed | "Conform to schema" >> conforming
    staged = conformed.elements | "Stage as Parquet" >> StageBatches(header)
    faults = (read.failures, conformed[FAILURES], staged[FAILURES])
    failures = faults | "Gather failures" >> beam.Flatten()
    return (staged.staged, failures) | f"Publish {table}" >> PublishTable(header)


def build_note(root: Any, text: str, outcome: Outcome) -> Any:
    """A job that only logs what the launcher has found out: it must submit one."""
    return root | "Outcome" >> CreateValues([outcome], Outcome) | REPORT >> LogPlan(text)
