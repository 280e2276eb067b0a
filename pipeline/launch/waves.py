"""I/O. One wave of a backfill: some slices side by side in this process, under one lock.

They are read and staged side by side, and published one after the other: at one moment BigQuery
refuses all changes of a table but one.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

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

LOGGER = logging.getLogger("smart_sync")


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
    _turn: threading.Lock = field(default_factory=threading.Lock)
    """Held where a slice goes to work, and where all are ended: none begins after that."""

    def run(self, wave: Sequence[Slice]) -> dict[Slice, TableResult]:
        """Do the slices; how each ended that was begun.

        Raises:
            KeyboardInterrupt: a signal came; what was at work has been ended.
        """
        threads = [
            threading.Thread(target=self._do, args=(one,), name=RUN_THREAD, daemon=True)
            for one in wave
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

    def _do(self, one: Slice) -> None:
        """One slice to its end, whatever befalls it; only a signal isn't one."""
        run_id = self.new_run_id(self.now)
        with suppress(_EndedError):
            try:
                end = self._end_of(one, run_id)
            except SyncError as error:
                LOGGER.error("%s: %s", one.name, error.text)
                end = self._without_a_run(one, run_id, error)
            except Exception as error:
                LOGGER.error("%s: unexpected error\n%s", one.name, bug_text(error, self.argv))
                end = self._without_a_run(one, run_id, internal_error(type(error).__name__))
            self._at_work.pop(one, None)
            self._ends[one] = end

    def _end_of(self, one: Slice, run_id: str) -> TableResult:
        location = self.plans.draft.facts.target.location
        client = self.shared.client(self.plans.asked.request, location)
        plan = self.plans.plan(one, client, run_id)
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
