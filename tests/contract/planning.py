"""Plans as a run makes them, with a window of the test's own; and rows as a run conforms them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from auto_schema.conform import conform
from auto_schema.row_sums import RowSums
from pipeline.destination.elements import SplitBatch
from pipeline.execution.conform import renamed
from pipeline.launch.gather import inspecting
from pipeline.publish.audits import wanted
from smart_sync.cursor_plan import find_cursor
from smart_sync.draft import make_draft
from smart_sync.facts import Target
from smart_sync.open_questions import open_questions
from smart_sync.plan import SyncPlan
from smart_sync.planning import make_plan
from smart_sync.request import SyncRequest
from smart_sync.splits import count_of
from smart_sync.window import WindowPlan
from sources.protocol import Inspector
from sources.questions import RowsQuestion
from sources.values import Evidence, Extract, Split, Window
from tests.factories import request_of
from warehouse.names import TableRef

RUN_ID = "20250722t150000-3f9a0c1d"
HIDDEN = "__"
Row = dict[str, Any]


@dataclass(frozen=True)
class Reading:
    """A plan, and the evidence that it was made of."""

    plan: SyncPlan
    evidence: Evidence

    def batches(self, split: Split | None = None) -> Iterator[pa.RecordBatch]:
        """The batches of a split, or of all splits one after the other."""
        for each in (split,) if split else self.plan.reading.splits:
            for batch in self.plan.reading.source.read(each):
                assert not isinstance(batch, RowSums)
                yield batch

    def rows(self, split: Split | None = None) -> list[Row]:
        """The rows in the planned types under their names; none may be a dead letter."""
        return [row for batch in self.batches(split) for row in self.conformed(batch).to_pylist()]

    def conformed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        element = renamed(SplitBatch(0, 0, batch), self.plan.schema)
        assert isinstance(element, SplitBatch)
        result = conform(element.batch, self.plan.schema, self.plan.checks)
        assert result.dead is None, result.dead.to_pylist()
        assert result.batch.schema.equals(self.plan.schema.staged.arrow)
        return result.batch

    def values(self, name: str, split: Split | None = None) -> list[Any]:
        """One column of the rows."""
        return [row[name] for row in self.rows(split)]


def a_request(data_source: str, connection: object, **words: Any) -> SyncRequest:
    """A request that writes to a table which is not there."""
    words = {"temp_location": "gs://bkt/temp"} | words
    return request_of(data_source, connection, TableRef("p", "d", "t"), **words)


def reading_of(request: SyncRequest, window: Window | None = None) -> Reading:
    """The plan of a request; `window` stands in for the one that clock and MAX would give."""
    with inspecting(request) as inspector:
        return planned(inspector, request, window)


@contextmanager
def opened(request: SyncRequest) -> Iterator[Inspector]:
    """The inspector of a request."""
    with inspecting(request) as inspector:
        yield inspector


def planned(inspector: Inspector, request: SyncRequest, window: Window | None) -> Reading:
    """See `reading_of`."""
    profile = inspector.profile
    cursor = find_cursor(request, profile) if window else None
    name = cursor.source_name if cursor else None
    source = inspector.source(Extract(name, window, request.reading.batch_rows, RUN_ID))
    draft = make_draft(request, profile, Target("EU"), source, wanted(request, profile))
    facts = replace(draft.facts, cursor=cursor, evidence=Evidence())
    if window:
        facts = replace(facts, window=WindowPlan(window, "test", "test", "UTC"))
    asked = RowsQuestion(
        look_at=draft.open.rows.look_at,
        count_outside=True,
        partition=None,
        floor=window.low if window else None,
    )
    evidence = inspector.evidence(source, asked)
    draft = replace(draft, open=open_questions(request, facts, draft.shape.schema))
    count, _ = count_of(request, evidence)
    ranges = draft.open.ranges_of(count)
    if ranges is not None:
        evidence = replace(evidence, bounds=inspector.bounds(source, ranges))
    facts = replace(facts, evidence=evidence)
    plan = make_plan(draft, facts, run_id=RUN_ID, now=datetime.now(UTC))
    opened_splits = plan.reading.source.open(plan.reading.splits)
    reading = replace(plan.reading, splits=opened_splits)
    return Reading(replace(plan, reading=reading), evidence)


def names_of(batch: pa.RecordBatch) -> list[str]:
    """The names of a batch's columns, without those that readers hide beside them."""
    return [name for name in batch.schema.names if not name.startswith(HIDDEN)]


def once_each(found: Sequence[Any], wanted: Sequence[Any]) -> None:
    """Fail unless the one holds exactly what the other does, as often."""
    assert len(found) == len(wanted), f"{len(found)} found, {len(wanted)} wanted"
    assert sorted(map(repr, found)) == sorted(map(repr, wanted))
