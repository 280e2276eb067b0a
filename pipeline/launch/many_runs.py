"""I/O. The runs of many tables in this process, some side by side; each ends by itself.

A signal ends them all: what is at work is called failed, and its locks are given back.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue

from auto_schema.errors import SyncError
from pipeline.destination.client import asking_client
from pipeline.launch.early_end import end_early
from pipeline.launch.exit_code import exit_code
from pipeline.launch.program_end import RUN_THREAD, interruption
from pipeline.launch.sync import Ready, begin, making_ready
from pipeline.parameters.options import Options
from pipeline.runs.ended import recall
from pipeline.runs.history import make_tables
from pipeline.runs.outcome import Failure
from pipeline.steps.whole import sync_whole
from pipeline.tables.requests import TableOptions

LOGGER = logging.getLogger("smart_sync")
GIVEN_BACK_AT_ONCE = 16
"""Tables that a signal ends side by side, within the seconds that a container is given."""


@dataclass(slots=True)
class ManyRuns:
    """The tables that are at work, and how those ended that are no more.

    Attributes:
        new_run_id: a run's name.
        now: of the launch.
    """

    new_run_id: Callable[[datetime], str]
    now: datetime
    _at_work: dict[str, Ready] = field(default_factory=dict)
    _codes: dict[str, int] = field(default_factory=dict)

    def run(self, tables: Sequence[TableOptions], at_once: int) -> dict[str, int]:
        """Sync all tables, at most so many at once; the exit code of each by its name.

        Raises:
            KeyboardInterrupt: a signal came; what was at work has been ended.
        """
        _make_histories(tables)
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
        return self._codes

    def _take(self, waiting: "SimpleQueue[TableOptions]") -> None:
        while True:
            try:
                table = waiting.get_nowait()
            except Empty:
                return
            self._codes[table.chosen.table.full_name] = self._sync(table)

    def _sync(self, table: TableOptions) -> int:
        """One table to its end, whatever befalls it."""
        name = table.chosen.table.full_name
        if table.options is None:
            level = logging.INFO if table.is_skipped else logging.ERROR
            LOGGER.log(level, "%s: %s", name, table.fault)
            return 0 if table.is_skipped or table.fault is None else table.fault.exit_code
        run_id = self.new_run_id(self.now)
        try:
            return self._run(table.options, run_id)
        except SyncError as error:
            LOGGER.error("%s: %s", name, error.text)
            return error.exit_code
        except Exception as error:
            LOGGER.exception("%s: unexpected error", name)
            return Failure.of(error, "Run").exit_code
        finally:
            self._at_work.pop(run_id, None)

    def _run(self, options: Options, run_id: str) -> int:
        with making_ready(options.request, run_id, self.now) as ready:
            self._at_work[run_id] = ready
            plan, fault = ready.plan, None
            begin(ready.client, plan, ready.lock)
            try:
                sync_whole(plan.header(), plan.reading.splits, ready.client, options.webhook)
            except Exception as error:
                fault = Failure.of(error, "Run", traceback=traceback.format_exc())
            ended = recall(run_id)
            if ended and ended.is_free:
                ready.held.hand_over()
            return exit_code(ready.client, plan, fault)

    def _end_all(self, fault: Failure) -> None:
        with ThreadPoolExecutor(GIVEN_BACK_AT_ONCE) as pool:
            list(pool.map(lambda ready: _end(ready, fault), list(self._at_work.values())))


def _make_histories(tables: Sequence[TableOptions]) -> None:
    """Once, before many would make them at the same time; a fault is told of each table."""
    requests = [table.options.request for table in tables if table.options]
    for history, request in {request.history_table: request for request in requests}.items():
        with suppress(SyncError):
            make_tables(asking_client(request), history)


def _end(ready: Ready, fault: Failure) -> None:
    try:
        end_early(ready.client, ready.plan, fault)
    finally:
        ready.lock.release()
