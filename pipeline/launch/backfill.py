"""I/O. A backfill: a range in slices, each a run of its own, some side by side under one lock.

Slices go in waves. Between two the lock is given back, and who wishes for the table has it first:
so the regular schedule goes on meanwhile. What the run history calls done is passed over, in each
wave anew, so that the same command goes on where another ended, or lives.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from google.cloud import bigquery

from auto_schema.errors import HeldBackTooLongError, SyncError, TargetError
from pipeline.launch.beam_at_need import run_note
from pipeline.launch.gather import inspecting
from pipeline.launch.output import say, width_here
from pipeline.launch.program_end import print_error
from pipeline.launch.progress import progress
from pipeline.launch.row_counter import Board
from pipeline.launch.shared import ALONE, Shared, shared_by
from pipeline.launch.shown_plan import print_plan
from pipeline.launch.slice_plans import (
    Range,
    SlicePlans,
    changes_table,
    is_judged_as_it_is,
    judge,
    judged_by,
    planned,
    under_the_lock,
)
from pipeline.launch.sync import Ready, as_it_is, launch, settled
from pipeline.launch.told_plan import log_plan, log_warnings
from pipeline.launch.waves import WaveRuns
from pipeline.parameters.options import Options
from pipeline.runs.backfill_report import (
    DONE_BEFORE,
    LEFT,
    error_of,
    report,
    total,
)
from pipeline.runs.backfills import undone
from pipeline.runs.joint_events import JointEvents
from pipeline.runs.lease import holding
from pipeline.runs.lock import Lock
from pipeline.runs.many_report import TableResult, exit_code_of, message
from pipeline.runs.notify import tell
from pipeline.runs.outcome import Outcome, held_back_outcome
from pipeline.runs.yielding import acquire_again, acquire_patiently, stand_back
from smart_sync.draft import Draft
from smart_sync.explain import log_text
from smart_sync.explain_backfill import backfill_as_json, explain_backfill
from smart_sync.headline import warnings_of
from smart_sync.slices import Slice, next_wave
from smart_sync.value_text import counted
from sources.protocol import Inspector
from sources.values import CursorValue, is_after

LOGGER = logging.getLogger("smart_sync")
MOST_LOST = 3
"""After so many waves in a row of which nothing came the others aren't tried any more."""
NewRunId = Callable[[datetime], str]


def backfill(options: Options, now: datetime, new_run_id: NewRunId, argv: Sequence[str]) -> int:
    """Do the slices of a range that are not done yet; the exit code.

    Args:
        options: of the launch.
        now: of the launch.
        new_run_id: a run's name.
        argv: its command line, whose secrets no traceback shows.

    Raises:
        SyncError: the range can't be done so, and nothing was written.
        KeyboardInterrupt: a signal came; what was at work has been ended.
    """
    launch_id = new_run_id(now)
    asked, client = judge(options.request, launch_id, now)
    if options.request.run.plan_only:
        return _show(options, asked, client)
    if asked.plan.held_back:
        return _held_back(options, asked)
    count = counted(len(asked.slices), "slice")
    LOGGER.info("launch %s of backfill %s: %s", launch_id, asked.name, count)
    if not options.is_local:
        return _one_job(options, asked, client, launch_id, now)
    log_warnings(warnings_of(asked.plan))
    slices = _Backfill(options, asked, client, launch_id, now, new_run_id, argv)
    with progress(len(asked.slices), "slices") as slices.board:
        slices.run()
    return _told(options, slices)


def _show(options: Options, asked: Range, client: bigquery.Client) -> int:
    """Print the plan; nothing is written."""
    shown = planned(asked, client)
    text = explain_backfill(shown, options.request.run.plan_detail)
    print_plan(options, text, lambda: backfill_as_json(shown))
    run_note(options, text, Outcome(status="planned"))
    return 0


def _held_back(options: Options, asked: Range) -> int:
    outcome = held_back_outcome(asked.plan)
    text = f"backfill {asked.name} is held back, nothing was read: {outcome.message}"
    options.results.note = text
    say(text)
    run_note(options, outcome.message, outcome)
    return outcome.exit_code


@dataclass(slots=True)
class _Backfill:
    """A backfill at work in this process.

    Attributes:
        options: of the launch.
        asked: the range.
        client: of BigQuery.
        launch_id: whose name the lock bears.
        now: of the launch.
        new_run_id: a run's name.
        argv: the launch's command line.
        results: how slices ended that this launch has done or tried.
        before: slices that were done already.
        fault: what ended the launch before all was done; None: nothing did.
        board: counts what its slices read.
        why_left: why slices are left that nothing has happened to.
    """

    options: Options
    asked: Range
    client: bigquery.Client
    launch_id: str
    now: datetime
    new_run_id: NewRunId
    argv: Sequence[str]
    results: dict[Slice, TableResult] = field(default_factory=dict)
    before: set[Slice] = field(default_factory=set)
    fault: SyncError | None = None
    board: Board = field(default_factory=Board)
    why_left: str = "slices below it come first: it would hide their rows from smart sync"

    def run(self) -> None:
        """Do one wave after the other, until nothing is left that can be done.

        Raises:
            SyncError: the first wave could not begin.
        """
        events = JointEvents(self.launch_id)
        shared = replace(shared_by(events), publishing=threading.Lock())
        lost = 0
        lock = self.lock()
        while lost < MOST_LOST:
            is_first = not self.results
            try:
                tried = self._wave(lock, shared, events, is_first=is_first)
                if not tried or self._is_all_tried:
                    return
                stand_back(lock, lock.wisher)
            except SyncError as error:
                if is_first and not self.results:
                    raise
                LOGGER.error("%s", error)
                self.fault = error
                return
            lost = lost + 1 if all(one.exit_code for one in tried) else 0
        self.why_left = f"not tried: of {MOST_LOST} waves in turn nothing came"

    def lock(self) -> Lock:
        """The lock of the table, under the launch's name."""
        request = self.asked.request
        return Lock(
            self.client, request.destination, self.launch_id, request.run.lease, yields=True
        )

    def _wave(
        self, lock: Lock, shared: Shared, events: JointEvents, *, is_first: bool
    ) -> Sequence[TableResult]:
        """One wave under the lock; nothing: none is left that can be done."""
        request = self.asked.request
        acquire = acquire_patiently if is_first else acquire_again
        with holding(lock, acquire) as held, inspecting(request) as inspector:
            draft = self.draft(lock, shared, inspector)
            wave = self.next(draft)
            if not wave:
                return []
            wave = wave[:1] if changes_table(draft) else wave
            reach = _reach(wave, draft.facts.watermark.value)
            plans = SlicePlans(
                self.asked, draft, inspector, self.launch_id, self.launch_id, self.now, reach
            )
            runs = WaveRuns(
                plans,
                lock,
                held,
                shared,
                events,
                replace(self.options, webhook=None),
                self.new_run_id,
                self.now,
                self.argv,
                self.board,
            )
            ended = runs.run(wave, self._at_once)
        self.results |= ended
        return list(ended.values())

    def draft(self, lock: Lock, shared: Shared, inspector: Inspector) -> Draft:
        """The range's draft under the lock; it is judged anew where it isn't as it was judged.

        Raises:
            SyncError: source or BigQuery can't be reached, or the range can't be read any more.
        """
        draft = under_the_lock(self._settled(lock, shared), self.client, inspector)
        if is_judged_as_it_is(self.asked, draft, inspector):
            return draft
        LOGGER.info("columns of the source or rows of the table have changed: judged anew")
        self._left(draft)  # whose fault comes first
        request = self.asked.request
        self.asked, _ = judged_by(request, inspector, self.launch_id, self.now)
        if self.asked.plan.held_back:
            where, why = f"backfill {self.asked.name}", held_back_outcome(self.asked.plan).message
            fix = "call the same command again later: it goes on."
            raise HeldBackTooLongError("the range is held back by now", where, why, fix)
        return under_the_lock(self._settled(lock, shared), self.client, inspector)

    def _settled(self, lock: Lock, shared: Shared) -> Draft:
        """The range's draft of the destination as it is, once what dead runs left is settled.

        What one of them has staged nobody takes over any more: slices are the newest runs now.
        """
        asked, client = self.asked, self.client
        draft = as_it_is(asked.request, asked.draft, client)
        draft, left = settled(draft, client, lock, shared)
        if left is not None:
            left.clear(asked.request.run.endpoints)
        return as_it_is(asked.request, draft, client)

    @property
    def _is_all_tried(self) -> bool:
        """Whether no slice is left that could be begun."""
        return all(one in self.results or one in self.before for one in self.asked.slices)

    @property
    def _at_once(self) -> int:
        """Slices that are at work side by side: each has a connection of its own."""
        reading, slicing = self.asked.request.reading, self.asked.request.window.slicing
        return min(slicing.at_once if slicing else 1, reading.max_source_connections)

    def in_order(self) -> list[TableResult]:
        """How all slices of the range stand, the lowest first."""
        return [self._end_of(one) for one in self.asked.slices]

    def _end_of(self, one: Slice) -> TableResult:
        if one in self.results:
            return self.results[one]
        if one in self.before:
            return TableResult(one.name, 0, DONE_BEFORE)
        return TableResult(one.name, 0, LEFT, "" if self.fault else self.why_left)

    def next(self, draft: Draft) -> tuple[Slice, ...]:
        """The slices that the next wave may do, by what is done as the history says now.

        Raises:
            TargetError: slices that were done are not any more.
        """
        left = self._left(draft)
        lost = [one for one in left if one in self.results]
        slicing = self.asked.request.window.slicing
        return next_wave(
            [one for one in left if one not in self.results],
            draft.facts.watermark.value,
            newest_first=slicing is None or slicing.newest_first,
            at_once=self._at_once,
            lost=lost,
        )

    def _left(self, draft: Draft) -> tuple[Slice, ...]:
        """The slices that are not done.

        Raises:
            TargetError: some of them were, while others had the lock.
        """
        facts = draft.facts
        done = self.asked.done(self.client, facts.target.made, facts.watermark.value)
        left = undone(self.asked.slices, done)
        self._forget_undone(left)
        self.before |= set(self.asked.slices) - set(left) - set(self.results)
        return left

    def _forget_undone(self, left: Sequence[Slice]) -> None:
        """Of slices that were done and are no more none is told as done, or done once more now."""
        ended = {one for one, end in self.results.items() if not end.exit_code}
        gone = [one for one in left if one in ended or one in self.before]
        for one in gone:
            self.results.pop(one, None)
            self.before.discard(one)
        if gone:
            raise TargetError(
                "slices that were done are not any more",
                f"backfill {self.asked.name}, table {self.asked.request.destination}",
                "their runs were rolled back meanwhile, the table was replaced, or rows were"
                f" deleted: {gone[0].name}" + (f" and {len(gone) - 1:,} more" if gone[1:] else ""),
                "run the same command again to do them anew.",
            )


def _reach(wave: Sequence[Slice], watermark: CursorValue | None) -> CursorValue | None:
    """The end of the slice that may raise MAX beside others; None: there is none."""
    if watermark is None or len(wave) == 1:
        return None
    return next((w.high for w in (one.window for one in wave) if is_after(w.high, watermark)), None)


def _one_job(
    options: Options, asked: Range, client: bigquery.Client, run_id: str, now: datetime
) -> int:
    """Submit a job of the next slice, which takes the lock over; the next launch goes on.

    Raises:
        SyncError: it could not be submitted.
    """
    request = asked.request
    slices = _Backfill(options, asked, client, run_id, now, lambda _: run_id, ())
    lock = slices.lock()
    with holding(lock) as held, inspecting(request) as inspector:
        draft = slices.draft(lock, ALONE, inspector)
        asked = slices.asked
        wave = slices.next(draft)
        if not wave:
            text = f"backfill {asked.name}: all {len(asked.slices):,} slices are done"
            options.results.note = text
            say(text)
            run_note(options, text, Outcome(status="skipped"))
            return 0
        plan = SlicePlans(asked, draft, inspector, run_id, "", now).plan(
            wave[0], inspector, client, run_id
        )
        log_plan(log_text(plan, request.run.plan_detail), warnings_of(plan))
        code = launch(options, Ready(plan, client, lock, held))
    left = len(asked.slices) - len(slices.before) - 1
    text = f"of backfill {asked.name}: slice {wave[0].name}; {left:,} slices are left after it"
    options.results.note = text
    say(text)
    return code


def _told(options: Options, slices: _Backfill) -> int:
    """Say how all slices ended; the exit code."""
    asked, results = slices.asked, slices.in_order()
    say(report(results, width_here()))
    text = total(asked.name, results)
    say(text)
    webhook, failed = options.webhook, error_of(asked.name, slices.launch_id, results, slices.fault)
    options.results.ran_many(slices.launch_id, results, text, failed)
    if webhook and (failed or webhook.every_run):
        tell(webhook, message(slices.launch_id, results, text=text))
    if failed is None:
        return 0
    print_error(failed, is_told=True)
    codes = [one.exit_code for one in results if one.status not in (DONE_BEFORE, LEFT)]
    codes += [slices.fault.exit_code] if slices.fault else []
    return exit_code_of(codes) or failed.exit_code
