"""I/O. A launch of many tables as one job: planned here side by side, synced by its workers.

Each table's lock is taken here and its first event written; then one job takes them all over.
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from auto_schema.errors import RunInProgressError, SyncError
from pipeline.destination.folder import STORAGE_ERRORS
from pipeline.execution.packing import MOST_BY_VALUE, pack
from pipeline.launch.beam_at_need import build_note, build_tables, run
from pipeline.launch.many_runs import SIDE_BY_SIDE, ManyRuns, Row, end_all
from pipeline.launch.program_end import interruption
from pipeline.launch.sync import Ready
from pipeline.parameters.options import Options
from pipeline.runs.history import event_row
from pipeline.runs.lease import PER_LEASE
from pipeline.runs.many_report import TableResult, report
from pipeline.runs.outcome import Failure, Outcome
from pipeline.runs.turn import lost, take_turn
from pipeline.tables.requests import TableOptions

LOGGER = logging.getLogger("smart_sync")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A table that waits under its lock for the job."""

    ready: Ready
    since: float = field(default_factory=time.monotonic)

    def renew(self) -> RunInProgressError | None:
        """Move the lock's end ahead, when it was taken long ago; why it is lost, if it is.

        One that has lapsed is taken again by the rules that hold when a table's turn comes. What
        else keeps it from being renewed is no fault yet: the run looks again then.
        """
        lock, plan = self.ready.lock, self.ready.plan
        if time.monotonic() - self.since < lock.lease.total_seconds() / PER_LEASE:
            return None
        try:
            row = take_turn(plan, self.ready.client, lock)
            if row is not None:
                return lost(plan, row["error"] or f"the run has ended: {row['status']}")
            lock.renew()
        except RunInProgressError as error:
            return error
        except SyncError as error:
            LOGGER.warning("the lock could not be renewed: %s", error)
        return None


@dataclass(slots=True)
class ManyJob:
    """Tables that are made ready for one job.

    Attributes:
        common: the launch's options.
        batch_id: its name.
        at_once: tables that are planned, and worked at, at a time.
    """

    common: Options
    batch_id: str
    at_once: int
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    """By run."""

    def launch(
        self, tables: Sequence[TableOptions], runs: ManyRuns
    ) -> tuple[list[TableResult], bool]:
        """Plan all tables, and submit one job of those that have a plan.

        Returns:
            How each table stands, and whether there is a job. There is none where a table has
            failed and none has a plan.

        Raises:
            SyncError: the job could not be submitted; no run of it goes on.
            KeyboardInterrupt: a signal came; likewise.
        """
        runs.work = self._keep
        try:
            results = self._without_lost(runs.run(tables, self.at_once))
            if self._waiting:
                self._submit(results)
            elif not any(result.exit_code for result in results):
                text, nothing = report(results), Outcome(status="skipped")
                run(self.common, lambda root: build_note(root, text, nothing))
            else:
                return results, False
        except BaseException as error:  # also a signal; the job may have been taken all the same
            fault = Failure.of(error, "Launch")
            if isinstance(error, KeyboardInterrupt):
                fault = interruption(error)
            end_all([waiting.ready for waiting in list(self._waiting.values())], fault)
            raise
        return results, True

    def _keep(self, ready: Ready, _: Options) -> tuple[int, Row]:
        """Leave a table under its lock, which the job releases."""
        plan = ready.plan
        self._waiting[plan.run.run_id] = _Waiting(ready)
        ready.held.hand_over()
        ready.client.close()  # its connections; it opens others when it is used again
        return 0, event_row(plan, Outcome(status="running"), plan.run.launched_at)

    def _without_lost(self, results: Sequence[TableResult]) -> list[TableResult]:
        """The same, with those as failed whose table is another run's by now."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            waiting = list(self._waiting.items())
            faults = list(pool.map(lambda item: item[1].renew(), waiting))
        gone = {run_id: fault for (run_id, _), fault in zip(waiting, faults, strict=True) if fault}
        for run_id, fault in gone.items():
            end_all([self._waiting.pop(run_id).ready], Failure.of(fault, "Launch"))
        return [
            TableResult(one.name, gone[run_id].exit_code, "failed", gone[run_id].text)
            if (run_id := _run_id(one)) in gone
            else one
            for one in results
        ]

    def _submit(self, results: Sequence[TableResult]) -> None:
        """Pack the plans, write their file, and submit the job.

        Raises:
            SyncError: it could not be submitted.
        """
        plans = {
            one.name: self._waiting[_run_id(one)].ready.plan
            for one in results
            if _run_id(one) in self._waiting
        }
        request = self.common.request
        packed = pack(
            self.batch_id,
            f"{request.run.temp_location.rstrip('/')}/{self.batch_id}",
            plans,
            [one for one in results if one.name not in plans],
            at_once=self.at_once,
            connections=request.reading.max_source_connections,
            most_by_value=MOST_BY_VALUE,
        )
        try:
            packed.store()
            run(self.common, lambda root: build_tables(root, packed, self.common.webhook))
        except BaseException:
            with suppress(*STORAGE_ERRORS):
                packed.launch.clear()
            raise


def _run_id(result: TableResult) -> str:
    return str(result.row["run_id"]) if result.row else ""
