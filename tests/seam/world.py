"""A source, a destination and launches between them, all before the service of this process.

A launch is what the program does from lock to report: the real lock, take-over, history,
publisher and report; only reading is a set of row numbers, and staging a note of them.
"""

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from google.api_core import exceptions as api

from auto_schema.bigquery_types import BigqueryType
from auto_schema.errors import InternalError, SyncError
from auto_schema.evolve import CurrentField
from pipeline.destination.elements import StagedFile, StagedSplit
from pipeline.execution.report import report
from pipeline.publish.publisher import Publisher
from pipeline.runs.history import append, planning_failure, write_event
from pipeline.runs.lock import HELD, Lock
from pipeline.runs.outcome import Outcome
from pipeline.runs.past_runs import past_runs
from pipeline.runs.settle import Settler
from smart_sync.check import AcceptedRange, Check
from smart_sync.plan import SyncPlan
from smart_sync.sql_plan import SqlAnswer
from smart_sync.staging import staging_of
from smart_sync.ways import LOAD, Way
from tests.factories import a_plan, a_request, a_target
from tests.seam.service import Body, Job, Service, client_of
from warehouse.jobs import APPLICATION
from warehouse.names import Endpoints

LEASE = timedelta(minutes=1)
P, A, B, C = (f"20250722t1{n}0000-3f9a0c1d" for n in (4, 5, 6, 7))
PUBLISH, STAGE = "publish", "stage_0"
CHECKS, AGAIN, KEYS, RESULTS = "checks", "checks_again", "check_keys", "check_results"
LETTERS, EXAMPLE, TAKE_OUT = "check_letters", "check_example", "check_rows"
MAKE, LOOK = "transform_sql", "transform_look"
RELAX, WIDEN = "alter_0", "alter_1"
DESTINATION, LOCK = "orders", "_sync_lock_orders"
Hook = Callable[[Callable[[], Body], str], Body]
"""Around each request of a launch: (send it, what it is) → its answer."""


def plain(send: Callable[[], Body], _: str) -> Body:
    """Nothing happens on the way."""
    return send()


@cache
def the_plan(
    way: Way, quarantines: bool = False, transforms: bool = False, alters: bool = False
) -> SyncPlan:
    """Append of one staged file by one load job, or through a staging table.

    Args:
        way: how rows get into the table.
        quarantines: whether a check looks at them, and those that fail become dead letters.
        transforms: whether a query leaves some of them out.
        alters: whether a column of the table is relaxed and widened before.
    """
    request, sql, target = a_request(), None, a_target()
    if quarantines:
        check = Check("id_is_good", "accepted_range", AcceptedRange("id", "0"))
        request = a_request(checks=(check,), quarantines=True, max_dead_letters=9)
    if transforms:
        request = a_request(sql="SELECT * FROM staged WHERE MOD(id, 3) != 2")
        columns = a_plan(target=a_target()).schema.columns
        sql = SqlAnswer(columns, tuple((c.name, BigqueryType(c.bigquery)) for c in columns))
    if alters:
        request = a_request(evolution="evolve")
        narrow = BigqueryType("STRING", parameters=(3,))
        fields = [f for f in target.fields if f.name != "name"]
        fields.append(CurrentField("name", "STRING", "REQUIRED", shape=narrow))
        target = replace(target, fields=tuple(fields))
    plan = a_plan(request, target=target, sql=sql)
    return replace(
        plan,
        reading=replace(plan.reading, split_total=1),
        publishing=replace(plan.publishing, way=way, sets_label=False, proof=None),
        run=replace(plan.run, max_retries=2, lease=LEASE),
    )


def fails(row: int) -> bool:
    """Whether a row fails the check, or is left out by the query."""
    return row % 3 == 2


class KilledError(BaseException):
    """The process is gone: nothing of it runs any more."""


@dataclass
class World:
    """What is true, beside what the history says of it."""

    service: Service = field(default_factory=Service)
    source: list[int] = field(default_factory=lambda: [1, 2, 3])
    way: Way = LOAD
    quarantines: bool = False
    """A check looks at the staged rows; those that fail become dead letters."""
    transforms: bool = False
    """A query leaves some of them out."""
    alters: bool = False
    """A column of the table is relaxed and widened before they are published."""
    needs_files: bool = True
    """False: as a job that reads the source itself, which clearing the staging doesn't stop."""
    published: list[tuple[int, str, float]] = field(default_factory=list)
    """(row, run, when)."""
    files: dict[str, list[int]] = field(default_factory=dict)
    staged: dict[str, list[int]] = field(default_factory=dict)
    letters: set[tuple[str, int]] = field(default_factory=set)
    taken_out: set[tuple[str, int]] = field(default_factory=set)
    made: dict[str, list[int]] = field(default_factory=dict)
    """(run, row): what a run's check has put aside, and what no longer lies in its table."""
    faults: list[str] = field(default_factory=list)
    late: list[Callable[[], Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.service.max_rows = lambda: max((row for row, _, _ in self.published), default=0)
        self.service.effects[PUBLISH] = self._publish
        self.service.effects[STAGE] = self._stage
        for step in (CHECKS, AGAIN):
            self.service.effects[step] = self._check
        self.service.effects |= {LETTERS: self._put_aside, TAKE_OUT: self._take_out}
        self.service.effects |= {EXAMPLE: self._show_example, RESULTS: lambda _: None}
        self.service.effects[KEYS] = self._show_keys
        self.service.effects |= {MAKE: self._make, LOOK: self._look}
        self.service.effects |= {RELAX: self._relax, WIDEN: self._widen}
        if self.alters:
            narrow = {"name": "name", "type": "STRING", "mode": "REQUIRED", "maxLength": "3"}
            self._write({"schema": {"fields": [narrow]}, "numRows": "0"})

    def _write(self, more: Body) -> None:
        table = {"projectId": "my-project", "datasetId": "shop", "tableId": DESTINATION}
        made = {"tableReference": table, "type": "TABLE", "creationTime": "1"}
        there = self.service.shown(DESTINATION) or {}
        self.service.write(DESTINATION, there | made | more)

    @property
    def _column(self) -> Body:
        table = self.service.shown(DESTINATION) or {}
        return dict(table["schema"]["fields"][0])

    def _relax(self, job: Job) -> None:
        if self._column["mode"] != "REQUIRED":
            job.error = {"reason": "invalidQuery", "message": "it has no NOT NULL"}
        self._write({"schema": {"fields": [self._column | {"mode": "NULLABLE"}]}})

    def _widen(self, job: Job) -> None:
        if self._column["mode"] == "REQUIRED":
            job.error = {"reason": "invalidQuery", "message": "it cannot change mode"}
            self.faults.append(f"{job.id} came before the one that takes NOT NULL off")
        wide = {name: text for name, text in self._column.items() if name != "maxLength"}
        self._write({"schema": {"fields": [wide]}})

    def _make(self, job: Job) -> None:
        run_id = str(job.labels["run_id"])
        if run_id in self.made:
            self.faults.append(f"the query of {run_id} ran twice")
        self.made[run_id] = [row for row in self.staged[run_id] if not fails(row)]

    def _look(self, job: Job) -> None:
        made = len(self.made[str(job.labels["run_id"])])
        counts = {"made": made, "strange": 0, "rounded": 0}
        job.rows = [counts | {"highest": None, "staged_highest": None}]

    def _publish(self, job: Job) -> None:
        run_id = str(job.labels["run_id"])
        rows = self.files.get(run_id) if self.needs_files else self.staged[run_id]
        if rows is None:
            job.error = {"reason": "notFound", "message": "its files are gone"}
            self.faults.append(f"the job of {run_id} found no files")
            return
        rows = self.made[run_id] if self.transforms else rows
        rows = [row for row in rows if (run_id, row) not in self.taken_out]
        self.published += [(row, run_id, self.service.now) for row in rows]
        job.output_rows = len(rows)
        if self.alters and self._column != {"name": "name", "type": "STRING", "mode": "NULLABLE"}:
            self.faults.append(f"the job of {run_id} met {self._column}")
        self._write({"numRows": str(len(self.published))})

    def _stage(self, job: Job) -> None:
        job.output_rows = len(self.files.get(str(job.labels["run_id"])) or ())

    def _failing(self, job: Job) -> set[tuple[str, int]]:
        """The rows in a run's staging table that fail the check."""
        run_id = str(job.labels["run_id"])
        failing = {(run_id, row) for row in self.staged[run_id] if fails(row)}
        return failing - self.taken_out

    def _check(self, job: Job) -> None:
        run_id = str(job.labels["run_id"])
        taken = sum(run == run_id for run, _ in self.taken_out)
        job.rows = [{"rows": len(self.staged[run_id]) - taken, "c0": len(self._failing(job))}]

    def _show_keys(self, job: Job) -> None:
        job.rows = [{"k0": "".join(str(row) for _, row in self._failing(job))}]

    def _put_aside(self, job: Job) -> None:
        self.letters |= self._failing(job)

    def _show_example(self, job: Job) -> None:
        found = len(self._failing(job))
        job.rows = [{"found": found, "reason": "check id_is_good", "row_hash": "3f9a"}]

    def _take_out(self, job: Job) -> None:
        failing = self._failing(job)
        self.taken_out |= failing
        job.output_rows = len(failing)

    def clear(self, run_id: str) -> None:
        """What clearing the staging folder does."""
        for job in self.jobs_of(run_id):
            if not job.is_done:
                self.faults.append(f"{run_id} was cleared while its job may read")
        self.files.pop(run_id, None)

    def jobs_of(self, run_id: str) -> list[Job]:
        """The publishing jobs that were made for a run."""
        wanted = {"run_id": run_id, "step": PUBLISH}
        jobs = self.service.jobs.values()
        return [job for job in jobs if wanted.items() <= dict(job.labels).items()]

    def deliver(self) -> None:
        """What was on its way all the time arrives; nobody waits for its answer."""
        for send in self.late:
            with contextlib.suppress(api.GoogleAPICallError):
                send()
        self.late.clear()
        self.service.advance(3_600)

    def wrongs(self) -> list[str]:
        """What is not as it must be when all has come to rest."""
        rows = sorted(row for row, _, _ in self.published)
        wrong = list(self.faults)
        leaves = self.quarantines or self.transforms
        if rows != [row for row in self.source if not (leaves and fails(row))]:
            wrong.append(f"of {self.source} the destination holds {rows}")
        passed = self.service.max_rows() if self.quarantines else 0
        aside = {row for row in self.source if fails(row) and row <= passed}
        if lost := aside - {row for _, row in self.letters}:
            wrong.append(f"{lost} are neither published nor dead letters")
        wrong += [told for row in self.service.latest().values() for told in self._untrue(row)]
        spans = sorted((j.created, j.ends, j.id) for j in self._publishers() if not j.error)
        for (_, end, one), (begin, _, other) in itertools.pairwise(spans):
            if begin < end:
                wrong.append(f"{one} and {other} publish at a time")
        return wrong

    def _publishers(self) -> list[Job]:
        jobs = self.service.jobs.values()
        return [job for job in jobs if job.labels.get("step") == PUBLISH]

    def _untrue(self, row: Body) -> Iterator[str]:
        """What an event says that isn't so: now, or when it was said."""
        run_id, status = row["run_id"], row["status"]
        moments = [moment for _, by, moment in self.published if by == run_id]
        told = int(row["rows_published"] or 0)
        if status == "succeeded" or (status == "abandoned" and told):
            if max(moments, default=0.0 if not told else self.service.now) > row["_time"]:
                yield f"{run_id} was {status} before it had published"
        elif moments and int(row["seq"]) == 2:
            yield f"{run_id} is {status}, but has published"
        if int(row["seq"]) == 2 and told != len(moments):
            yield f"{run_id} is {status} with {told} rows, and has published {len(moments)}"

    # A launch

    def launch(self, run_id: str, hook: Hook = plain, history: str = "sync_runs") -> str:
        """From lock to report; how it ended for whoever started it."""

        def request(method: str, path: str, **words: Any) -> Body:
            self._keep(run_id)
            step = (words.get("data") or {}).get("configuration", {}).get("labels", {}).get("step")
            what = f"POST job {step}" if step else f"{method} {path}"
            return hook(lambda: self.service.request(method, path, **words), what)

        client = client_of(request)
        plan = the_plan(self.way, self.quarantines, self.transforms, self.alters)
        staging = staging_of(f"gs://t/{run_id}", plan.destination, run_id)
        told_in = plan.run.history_table.sibling(history)
        run = replace(plan.run, run_id=run_id, staging=staging, history_table=told_in)
        plan = replace(plan, run=run)
        lock = Lock(client, plan.destination, run_id, LEASE)
        try:
            return self._held(client, plan, lock)
        except KilledError:
            return "killed"
        except Exception as error:
            return type(error).__name__

    def _keep(self, run_id: str) -> None:
        """What the renewing thread of a process that is awake has done by now."""
        lock = self.service.shown(LOCK) or {}
        ours = lock.get("labels", {}) == {
            "application": APPLICATION,
            "run_id": run_id,
            "state": HELD,
        }
        left = int(lock.get("expirationTime", 0)) / 1000 - self.service.now
        if ours and left < LEASE.total_seconds() * 2 / 3:
            end = int((self.service.now + LEASE.total_seconds()) * 1000)
            self.service.write(LOCK, lock | {"expirationTime": str(end)})

    def _held(self, client: Any, plan: SyncPlan, lock: Lock) -> str:
        lock.acquire()
        try:
            try:
                history = plan.run.history_table
                unfinished = past_runs(client, history, plan.destination)
                Settler(client, history, lock, Endpoints()).settle(unfinished)
                rows = list(client.query("SELECT MAX(id)").result())
                self._read(plan.run.run_id, int(rows[0]["max"]))
            except Exception as error:
                told = error if isinstance(error, SyncError) else InternalError(str(error))
                row = planning_failure(a_request(), plan.run.run_id, told, datetime.now(UTC))
                with contextlib.suppress(SyncError):
                    append(client, plan.run.history_table, row)
                raise
            write_event(client, plan, Outcome(status="running"))
            lock.renew()
            ended = self._graph(client, plan, lock)
            lock.release()
            return ended
        except KilledError:
            raise
        except BaseException:
            lock.release()
            raise

    def _read(self, run_id: str, top: int) -> None:
        rows = [row for row in self.source if row > top]
        self.staged[run_id] = rows
        self.files[run_id] = rows

    def _graph(self, client: Any, plan: SyncPlan, lock: Lock) -> str:
        publisher = Publisher(plan, client, None, lock)  # type: ignore[arg-type]
        outcome = publisher.publish(self.splits_of(plan.run.run_id), [])
        return report(plan, outcome, client).status

    def splits_of(self, run_id: str) -> list[StagedSplit]:
        """What a run has staged."""
        count = len(self.staged[run_id])
        return [StagedSplit(0, 0, count, (StagedFile("gs://b/f", count, 1),) if count else ())]


@dataclass
class Repeating(World):
    """Publishes twice in each run, as if the first worker had been lost when it had."""

    outcomes: tuple[Outcome, ...] = ()

    def _graph(self, client: Any, plan: SyncPlan, lock: Lock) -> str:
        publisher = Publisher(plan, client, None, lock)  # type: ignore[arg-type]
        splits = self.splits_of(plan.run.run_id)
        self.outcomes += (publisher.publish(splits, []),)
        ended = super()._graph(client, plan, lock)
        self.outcomes += (publisher.publish(splits, []),)
        return ended


LAUNCHER = "a launcher of the world"
"""The name of threads that a world starts."""


@contextlib.contextmanager
def no_real_time(patch: pytest.MonkeyPatch) -> Iterator[Callable[[World], World]]:
    """Pauses, the launcher's clock and staging folders are those of the world in use."""
    current: list[World] = []

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.fromtimestamp(current[-1].service.now, tz)

    class FolderOfTheWorld:
        def __init__(self, path: str, _: Any) -> None:
            self._run = path.rpartition("/")[2]

        def whole(self, _: str) -> None:
            """A run of the world notes nothing for others: it has one split."""

        def clear(self) -> None:
            current[-1].clear(self._run)

    def use(world: World) -> World:
        current[:] = [world]
        return world

    pause, ours = time.sleep, threading.current_thread()

    def sleep(seconds: float) -> None:
        if threading.current_thread() is ours or threading.current_thread().name == LAUNCHER:
            current[-1].service.advance(seconds)
        else:  # a thread of other tests' clients
            pause(seconds)

    patch.setattr("time.sleep", sleep)
    patch.setattr("pipeline.runs.lock.datetime", Clock)
    patch.setattr("pipeline.runs.service_clock.datetime", Clock)
    patch.setattr("pipeline.runs.settle.Folder", FolderOfTheWorld)
    yield use
