"""I/O. One wave of a backfill: some slices side by side in this process, under one lock.

They are read and staged side by side, and published one after the other: at one moment BigQuery
refuses all changes of a table but one. Where one has ended another begins, while nobody wishes for
the table, and for so long as what was looked at when the lock was taken is fresh.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auto_schema.errors import SyncError
from pipeline.launch.many_runs import end_all, run_here
from pipeline.launch.program_end import RUN_THREAD, bug_text, interruption
from pipeline.launch.row_counter import Board
from pipeline.launch.shared import Shared
from pipeline.launch.slice_plans import SlicePlans
from pipeline.launch.sync import Ready
from pipeline.launch.table_end import without_a_run
from pipeline.parameters.abrupt_end import internal_error
from pipeline.parameters.options import Options
from pipeline.runs.history import write_event
from pipeline.runs.joint_events import JointEvents
from pipeline.runs.lease import Holding
from pipeline.runs.lock import Lock
from pipeline.runs.many_report import TableResult
from pipeline.runs.outcome import Failure, Outcome
from smart_sync.slices import Slice
from sources.protocol import Inspector

LOGGER = logging.getLogger("smart_sync")
Begun = tuple[Slice, AbstractContextManager[Inspector]]
FRESH = timedelta(seconds=30)
"""So long after a wave's look at its table another slice may begin without a new one."""


@dataclass(slots=True)
class WaveRuns:
    """The slices of a wave that are at work, and how those ended that are no more.

    Attributes:
        plans: makes the plan of each.
        lock: of the table, held.
        held: by whom.
        shared: with the other runs of the launch.
        events: of all of them.
        options: of the launch.
        new_run_id: a run's name.
        now: of the launch.
        argv: its command line, whose secrets no traceback shows.
        board: counts what the slices read.
    """

    plans: SlicePlans
    lock: Lock
    held: Holding
    shared: Shared
    events: JointEvents
    options: Options
    new_run_id: Callable[[datetime], str]
    now: datetime
    argv: Sequence[str]
    board: Board = field(default_factory=Board)
    _at_work: dict[Slice, Ready] = field(default_factory=dict)
    _ends: dict[Slice, TableResult] = field(default_factory=dict)
    _is_ended: bool = False
    _is_over: bool = False
    _began: float = field(default_factory=time.monotonic)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    """Held where a slice goes to work, and where all are ended: none begins after that."""
    _looking: threading.Lock = field(default_factory=threading.Lock)

    def run(self, slices: Sequence[Slice], at_once: int) -> dict[Slice, TableResult]:
        """Do slices, so many at once; how each ended that was begun.

        The first of them are begun, and others as long as the wave goes on.

        Raises:
            KeyboardInterrupt: a signal came; what was at work has been ended.
        """
        count = min(at_once, len(slices))
        waiting = deque(slices[count:])
        threads = [
            threading.Thread(target=self._work, args=(one, waiting), name=RUN_THREAD, daemon=True)
            for one in slices[:count]
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except KeyboardInterrupt as error:
            self._end_all(interruption(error))
            raise
        return self._ends

    def _work(self, one: Slice, waiting: deque[Slice]) -> None:
        """A slice to its end, and then others that wait."""
        self._do(one, nullcontext(self.plans.inspector))
        while (opened := self._goes_on(waiting)) is not None:
            self._do(*opened)

    def _goes_on(self, waiting: deque[Slice]) -> Begun | None:
        """Another slice that may begin by what was looked at before the first, and its source.

        None once one has failed: the next wave looks anew.
        """
        with self._looking:
            is_late = time.monotonic() - self._began >= FRESH.total_seconds()
            has_failed = any(end.exit_code for end in list(self._ends.values()))
            self._is_over = self._is_over or self._is_ended or is_late or has_failed
            opened = None if self._is_over or not waiting else self._opened()
            self._is_over = opened is None
            return None if opened is None else (waiting.popleft(), opened)

    def _opened(self) -> AbstractContextManager[Inspector] | None:
        """The source; None: somebody wishes for the table, or columns are not what they were."""
        try:
            return None if self.lock.is_wished_for() else self.plans.opened_anew()
        except SyncError as error:
            LOGGER.warning("no other slice begins before a new look: %s", error)
        except Exception as error:
            LOGGER.error("unexpected error\n%s", bug_text(error, self.argv))
        return None

    def _do(self, one: Slice, source: AbstractContextManager[Inspector]) -> None:
        """One slice to its end, whatever befalls it; only a signal isn't one."""
        run_id = self.new_run_id(self.now)
        with suppress(_EndedError):
            try:
                end = self._end_of(one, source, run_id)
            except SyncError as error:
                LOGGER.error("%s: %s", one.name, error.text)
                end = self._without_a_run(one, run_id, error)
            except Exception as error:
                LOGGER.error("%s: unexpected error\n%s", one.name, bug_text(error, self.argv))
                end = self._without_a_run(one, run_id, internal_error(type(error).__name__))
            self._at_work.pop(one, None)
            self._ends[one] = end

    def _end_of(
        self, one: Slice, source: AbstractContextManager[Inspector], run_id: str
    ) -> TableResult:
        location = self.plans.draft.facts.target.location
        with source as inspector:
            client = self.shared.client(self.plans.asked.request, location)
            plan = self.plans.plan(one, inspector, client, run_id)
        ready = Ready(plan, client, self.lock, self.held, self.shared)
        with self._turn:
            if self._is_ended:
                raise _EndedError
            self._at_work[one] = ready
        write_event(client, plan, Outcome(status="running"), self.shared.write)
        self.lock.check()
        self.board.begin(plan, one.name)
        try:
            code, row = run_here(ready, self.options)
        finally:
            self.board.end(run_id)
        return TableResult(one.name, code, row["status"], row["error"] or "", row)

    def _without_a_run(self, one: Slice, run_id: str, error: SyncError) -> TableResult:
        return without_a_run(one.name, self.plans.asked.request, run_id, error, self.shared)

    def _end_all(self, fault: Failure) -> None:
        with self._turn:
            self._is_ended = True
            begun = list(self._at_work.values())
        self.events.close()
        end_all(begun, fault)


class _EndedError(BaseException):
    """A signal has ended all slices: no other begins, and none is called failed for that."""
