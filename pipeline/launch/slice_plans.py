"""I/O. The plans of a backfill: of its range as a whole, and then of each slice.

The range is judged once, before anything is written: whether its end may be read safely, whether
rows would be left out, what its columns hold. What was safe then is safe later, so that a slice
asks the source for nothing but its own size.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import bigquery

from pipeline.launch.beside import answered
from pipeline.launch.checks_of import with_tried_checks
from pipeline.launch.gather import (
    gather,
    inspecting,
    rehearse,
    where_it_stands,
    with_destination,
)
from pipeline.launch.sql_of import answer_again
from pipeline.runs.backfills import done_slices, ends_of, still_there
from pipeline.runs.questions import ask_at_once
from smart_sync.draft import Draft, make_draft
from smart_sync.explain_backfill import Planned, PlannedSlice
from smart_sync.facts import Facts
from smart_sync.hand_window import gap
from smart_sync.modes import HISTORY, MERGE, PARTITIONS
from smart_sync.plan import SyncPlan
from smart_sync.planning import make_plan
from smart_sync.repair import Repair
from smart_sync.request import SyncRequest, WriteDisposition
from smart_sync.slices import Slice, backfill_name, slices_of
from smart_sync.splits import count_of
from smart_sync.window import WindowPlan
from sources.protocol import Inspector
from sources.questions import RowsQuestion
from sources.values import CursorValue, Evidence, Extract, Window

MOST_ASKED = 60
"""Slices whose size a plan asks for, each by itself."""
Rows = Mapping[tuple[str | None, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Range:
    """A range that may be read, and its slices.

    Attributes:
        draft: of the range as one run.
        facts: of the range.
        plan: of the range as one run, which nobody runs.
        slices: the lowest first.
        name: the backfill's.
    """

    draft: Draft
    facts: Facts
    plan: SyncPlan
    slices: tuple[Slice, ...]
    name: str

    @property
    def request(self) -> SyncRequest:
        """Of the range."""
        return self.draft.request

    @property
    def window(self) -> WindowPlan:
        """Of the range.

        Raises:
            TypeError: it has none.
        """
        if self.facts.window is None:
            raise TypeError("a range without a window")
        return self.facts.window

    def done(
        self,
        client: bigquery.Client,
        made_at: datetime | None,
        watermark: CursorValue | None,
        unless: tuple[type[Exception], ...] = (),
    ) -> Rows:
        """The slices that are done in the table that was made then, and whose MAX is this now."""
        request = self.request
        merges = MERGE
        if request.publishing.write_disposition is WriteDisposition.HISTORY:
            merges = HISTORY
        mode = PARTITIONS if request.replaces_partitions else merges
        rows = done_slices(
            client,
            request.history_table,
            request.destination,
            self.name,
            mode,
            made_at,
            unless=unless,
        )
        return still_there(self.slices, rows, self.facts.cursor, watermark)


def judge(request: SyncRequest, run_id: str, now: datetime) -> tuple[Range, bigquery.Client]:
    """Plan the range as a whole; nothing is written.

    Raises:
        SyncError: it can't be read, or not in such slices.
    """
    request = replace(request, run=replace(request.run, resume=False))  # a slice is small
    with inspecting(request) as inspector:
        return judged_by(request, inspector, run_id, now)


def judged_by(
    request: SyncRequest, inspector: Inspector, run_id: str, now: datetime
) -> tuple[Range, bigquery.Client]:
    """As `judge`, of an opened source.

    Raises:
        SyncError: as `judge`.
    """
    draft, client = rehearse(request, inspector, run_id)
    facts = gather(answered(draft, client, ask_at_once), client, inspector, run_id)
    plan = with_tried_checks(client, make_plan(draft, facts, run_id=run_id, now=now))
    cursor = facts.cursor
    slices = slices_of(request, cursor) if cursor else ()
    return Range(draft, facts, plan, slices, backfill_name(request, plan.reading.source.place)), (
        client
    )


def planned(asked: Range, client: bigquery.Client) -> Planned:
    """The backfill as it is shown: which slices are done, and how large they are.

    Raises:
        SyncError: source or BigQuery can't be reached.
    """
    absent = (NotFound, BadRequest)
    done = asked.done(client, asked.facts.target.made, asked.window.watermark, absent)
    sizes = _sizes(asked) if len(asked.slices) <= MOST_ASKED else {}
    told = tuple(
        PlannedSlice(
            one,
            str(done[ends_of(one)]["run_id"]) if ends_of(one) in done else "",
            sizes.get(one, Evidence()),
        )
        for one in asked.slices
    )
    slicing = asked.request.window.slicing
    return Planned(
        asked.plan,
        asked.name,
        told,
        newest_first=slicing is None or slicing.newest_first,
        at_once=slicing.at_once if slicing else 1,
    )


def _sizes(asked: Range) -> dict[Slice, Evidence]:
    cursor = asked.facts.cursor
    if cursor is None:
        return {}
    with inspecting(asked.request) as inspector:
        return {
            one: inspector.evidence(
                inspector.source(Extract(cursor.source_name, one.window)), RowsQuestion()
            )
            for one in asked.slices
        }


@dataclass(slots=True)
class SlicePlans:
    """The plans of a wave's slices, made under its lock, one after the other.

    Attributes:
        asked: the range.
        draft: of it, with facts of the destination as it is under the lock.
        inspector: of the source, whom one thread asks at a time.
        holder: whose name the lock bears; a run of this name holds it alone.
        batch_id: of the launch; empty: its one run tells its own end.
        now: of the launch.
        reach: the highest end of the wave, where a slice of it may raise MAX; None: none may.
    """

    asked: Range
    draft: Draft
    inspector: Inspector
    holder: str
    batch_id: str
    now: datetime
    reach: CursorValue | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def plan(
        self, one: Slice, inspector: Inspector, client: bigquery.Client, run_id: str
    ) -> SyncPlan:
        """The plan of one slice.

        Args:
            one: the slice.
            inspector: of the source: the wave's, or one that was opened anew.
            client: of BigQuery.
            run_id: of its run.

        Raises:
            SyncError: it can't be done.
        """
        with self._turn:
            draft, facts = self._facts(one, inspector, run_id)
        if draft.open.looks:
            facts = replace(facts, sql=answer_again(client, draft.request, facts))
        plan = make_plan(draft, facts, run_id=run_id, now=self.now)
        return with_tried_checks(client, plan)

    def opened_anew(self) -> AbstractContextManager[Inspector] | None:
        """The source for a slice that begins later in a wave: sessions that are silent may end.

        Returns:
            None: it has other columns than those by which the range was judged.

        Raises:
            SyncError: it can't be reached, or refuses the query.
        """
        if self.asked.facts.profile.is_open:
            return nullcontext(self.inspector)
        with ExitStack() as opened:
            inspector = opened.enter_context(inspecting(self.draft.request))
            if has_columns_as_judged(self.asked, inspector):
                return _until_closed(inspector, opened.pop_all())
        return None

    def _facts(self, one: Slice, inspector: Inspector, run_id: str) -> tuple[Draft, Facts]:
        known, request = self.draft.facts, self._request(one)
        draft = make_draft(
            request, known.profile, known.target, known.source, self.draft.audits, known.sql
        )
        cursor = draft.facts.cursor
        extract = Extract(
            cursor.source_name if cursor else None,
            one.window,
            request.reading.batch_rows,
            run_id,
        )
        source = inspector.source(extract)
        facts = replace(
            known,
            cursor=cursor,
            source=source,
            window=self._window(one),
            volumes=(),  # what runs of these hours read says nothing of other years
        )
        question = replace(draft.open.rows, look_at=(), count_outside=False)
        evidence = inspector.evidence(source, question)
        ranges = draft.open.ranges_of(count_of(request, evidence)[0])
        bounds = inspector.bounds(source, ranges) if ranges else ()
        looks = self.asked.facts.evidence.looks
        return draft, replace(facts, evidence=replace(evidence, bounds=bounds, looks=looks))

    def _request(self, one: Slice) -> SyncRequest:
        request = self.draft.request
        run = replace(
            request.run,
            holder=self.holder,
            batch_id=self.batch_id,
            repair=Repair(backfill_id=self.asked.name),
        )
        window = replace(request.window, by_hand=(one.start, one.end), slicing=None)
        return replace(request, window=window, run=run)

    def _window(self, one: Slice) -> WindowPlan:
        whole, known = self.asked.window, self.draft.facts.watermark
        part = f"of backfill {self.asked.name}"
        return WindowPlan(
            Window(one.window.low, one.window.high),
            f"slice from {one.start} (included) {part}",
            f"slice to {one.end} (not included) {part}",
            whole.time_zone,
            known.value,
            warnings=known.warnings,
            reach=self.reach,
            by_hand=(one.start, one.end),
        )


@contextmanager
def _until_closed(inspector: Inspector, opened: ExitStack) -> Iterator[Inspector]:
    with opened:
        yield inspector


def under_the_lock(draft: Draft, client: bigquery.Client, inspector: Inspector) -> Draft:
    """The draft with what the destination says while nobody else changes it.

    Raises:
        SyncError: source or BigQuery can't be reached.
    """
    facts = where_it_stands(draft, client, inspector)
    return replace(draft, facts=with_destination(draft, client, facts))


def is_judged_as_it_is(asked: Range, draft: Draft, inspector: Inspector) -> bool:
    """Whether what a range was judged by still holds.

    It doesn't when the source has other columns, which the slices that are left would not bring;
    nor when MAX has fallen below the range, so that these would hide the rows in between.

    Args:
        asked: the range as it was judged.
        draft: of it, with MAX as it is under the lock.
        inspector: of the source as it is now.
    """
    if not has_columns_as_judged(asked, inspector):
        return False
    watermark = draft.facts.watermark.value
    if watermark == asked.window.watermark:
        return True
    return gap(replace(asked.window, watermark=watermark)) is None


def has_columns_as_judged(asked: Range, inspector: Inspector) -> bool:
    """Whether a source has the columns by which a range was judged; of an open one, any will do."""
    profile = asked.facts.profile
    return profile.is_open or inspector.profile.columns == profile.columns


def changes_table(draft: Draft) -> bool:
    """Whether a run makes the table, or alters it: others have to be planned after it."""
    shape = draft.shape
    return bool(shape.mode.makes_table or shape.added or shape.altered or draft.labels.is_set)
