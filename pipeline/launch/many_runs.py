"""I/O. The runs of many tables in this process, some side by side; each ends by itself.

A signal ends them all: what is at work is called failed, and its locks are given back.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from auto_schema.errors import SyncError
from pipeline.destination.client import asking_client
from pipeline.execution.whole import sync_whole
from pipeline.launch.early_end import end_early
from pipeline.launch.exit_code import ended
from pipeline.launch.program_end import RUN_THREAD, interruption
from pipeline.launch.row_counter import Board
from pipeline.launch.shared import ALONE, Shared, shared_by
from pipeline.launch.sync import Ready, begin, making_ready
from pipeline.launch.table_end import end_of
from pipeline.launch.told_plan import log_warnings
from pipeline.parameters.options import Options
from pipeline.runs.batches import why_not_now
from pipeline.runs.ended import recall
from pipeline.runs.history import event_row
from pipeline.runs.history_tables import make_batches_view, make_tables
from pipeline.runs.joint_events import JointEvents
from pipeline.runs.lock import Lock
from pipeline.runs.many_report import SKIPPED, TableResult
from pipeline.runs.outcome import Failure, Outcome
from pipeline.tables.requests import TableOptions
from smart_sync.headline import headline, warnings_of
from smart_sync.plan import SyncPlan
from warehouse.names import TableRef

Value = TypeVar("Value")
Row = Mapping[str, Any]
Work = Callable[[Ready, Options], tuple[int, Row]]
LOGGER = logging.getLogger("smart_sync")
MOST_HEADLINES = 1_000
"""Tables whose runs the log announces."""
SIDE_BY_SIDE = 16
"""Tables that a signal ends at once, within the seconds that a container is given."""


def run_here(ready: Ready, options: Options) -> tuple[int, Row]:
    """Run a table's plan to its end, in this process."""
    plan, fault, shared = ready.plan, None, ready.shared
    write, turn = shared.write, shared.publishing
    try:
        header, splits = plan.header(), plan.reading.splits
        sync_whole(header, splits, ready.client, options.webhook, write, lock=ready.lock, turn=turn)
    except Exception as error:
        fault = Failure.of(error, "Run", traceback=traceback.format_exc())
    known = recall(plan.run.run_id)
    if known and known.is_free:
        ready.held.hand_over()
    code, row = ended(ready.client, plan, fault, write)
    return code, row or event_row(plan, _failed(code), datetime.now(UTC))


@dataclass(slots=True)
class ManyRuns:
    """The tables that are at work, and how those ended that are no more.

    Attributes:
        new_run_id: a run's name.
        now: of the launch.
        argv: its command line, whose secrets no traceback shows.
        events: of all runs, whose rows carry its batch_id; None: each writes its own.
        retried: the launch whose failed tables are synced once more; empty: it is none's.
        work: what becomes of a table whose run has begun: its exit code, and its last event.
        board: counts what they read.
    """

    new_run_id: Callable[[datetime], str]
    now: datetime
    argv: Sequence[str] = ()
    events: JointEvents | None = None
    retried: str = ""
    work: Work = run_here
    board: Board = field(default_factory=Board)
    _shared: Shared = ALONE
    _locks: dict[str, Lock] = field(default_factory=dict)
    _at_work: dict[str, Ready] = field(default_factory=dict)
    _ends: dict[str, TableResult] = field(default_factory=dict)
    _is_ended: bool = False
    _told_headlines: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)
    """Held where a table goes to work, and where all are ended: none begins after that."""

    def run(self, tables: Sequence[TableOptions], at_once: int) -> list[TableResult]:
        """Sync all tables, at most so many at once; how each ended, in their order.

        Raises:
            KeyboardInterrupt: a signal came; what was at work has been ended.
        """
        histories = make_histories(tables)
        if self.events:
            self._shared = shared_by(self.events, histories)
        waiting: SimpleQueue[TableOptions] = SimpleQueue()
        for table in tables:
            waiting.put(table)
        threads = [
            threading.Thread(target=self._take, args=(waiting,), name=RUN_THREAD, daemon=True)
            for _ in range(min(at_once, len(tables)))
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt as error:
            self._end_all(interruption(error))
            raise
        return [self._ends[table.chosen.table.full_name] for table in tables]

    def _take(self, waiting: "SimpleQueue[TableOptions]") -> None:
        new_run_id = partial(self.new_run_id, self.now)
        with suppress(Empty, _EndedError):
            while True:
                table = waiting.get_nowait()
                name = table.chosen.table.full_name
                try:
                    end = end_of(table, self._run, new_run_id, self.argv, self._shared)
                finally:
                    self._locks.pop(name, None)
                    self._at_work.pop(name, None)
                self._ends[name] = end

    def _run(self, name: str, options: Options, run_id: str) -> TableResult:
        def will_hold(lock: Lock) -> None:
            self._go_on(self._locks, name, lock)

        with making_ready(options.request, run_id, self.now, will_hold, self._shared) as ready:
            self._go_on(self._at_work, name, ready)
            if why_not := self._why_not(ready):
                LOGGER.warning("%s is not retried: %s", name, why_not)
                return TableResult(name, 0, SKIPPED, f"not retried: {why_not}")
            begin(ready)
            self._tell_headline(name, ready.plan)
            self.board.begin(ready.plan)
            try:
                code, row = self.work(ready, options)
            finally:
                self.board.end(run_id)
            result = TableResult(name, code, row["status"], row["error"] or "", row)
            is_followed = ready.is_followed and self.work is run_here and not code
        if is_followed:
            self._at_work.pop(name, None)
            return self._run(name, options, self.new_run_id(self.now))
        return result

    def _tell_headline(self, name: str, plan: SyncPlan) -> None:
        """Log what the table's run will do, of so many as somebody may read, and each warning."""
        with self._turn:
            self._told_headlines += 1
            number = self._told_headlines
        if number <= MOST_HEADLINES:
            LOGGER.info("%s: %s", name, headline(plan)[0])
        elif number == MOST_HEADLINES + 1:
            LOGGER.info("no more is logged of what each table's run will do: plan shows it")
        log_warnings(warnings_of(plan), name)

    def _why_not(self, ready: Ready) -> str:
        """Why a table isn't retried, as seen under its lock."""
        plan = ready.plan
        if not self.retried:
            return ""
        return why_not_now(ready.client, plan.run.history_table, self.retried, plan.destination)

    def _go_on(self, stage: dict[str, Value], name: str, value: Value) -> None:
        """Note how far a table has come.

        Raises:
            _EndedError: a signal has ended all.
        """
        with self._turn:
            if self._is_ended:
                raise _EndedError
            stage[name] = value

    def _end_all(self, fault: Failure) -> None:
        """End the runs that have begun; of the others, which write nothing, free the locks."""
        with self._turn:
            self._is_ended = True
            begun = list(self._at_work.values())
            planned = [lock for name, lock in self._locks.items() if name not in self._at_work]
        if self.events:
            self.events.close()
        ends: list[Callable[[], object]] = [partial(_end, ready, fault) for ready in begun]
        ends += [lock.release for lock in planned]
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            list(pool.map(lambda end: end(), ends))


class _EndedError(BaseException):
    """A signal has ended all tables: no other begins, and none is called failed for that."""


def _failed(code: int) -> Outcome:
    """Of a run whose last event isn't known to be its own."""
    return Outcome(status="failed", exit_code=code, message="see the run history")


def make_histories(tables: Sequence[TableOptions]) -> set[TableRef]:
    """Once, before many would make them at the same time; a fault is told of each table.

    Returns:
        Those that are there now, with all that belongs to them.
    """
    histories = set[TableRef]()
    requests = [table.request for table in tables if table.request]
    for history, request in {request.history_table: request for request in requests}.items():
        with suppress(SyncError):
            client = asking_client(request)
            make_tables(client, history)
            make_batches_view(client, history)
            histories.add(history)
    return histories


def end_all(ready: Iterable[Ready], fault: Failure) -> None:
    """End runs that have begun, side by side, and give their locks back."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(partial(_end, fault=fault), ready))


def _end(ready: Ready, fault: Failure) -> None:
    try:
        end_early(ready.client, ready.plan, fault, ready.shared.write)
    finally:
        ready.lock.release()
