"""One trial: a table of its own, everything at random from one seed, and the verdict."""

import contextlib
import json
import math
import os
import random
import re
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from demo.servers import BigQueryServer, PostgresqlServer
from pipeline.destination.manifests import NOTE
from tests.chaos import backfills, letters, writers
from tests.chaos.kinds import NOTHING, USUAL, Kind, leaving_out
from tests.chaos.result import Result
from tests.chaos.writers import AHEAD, AHEAD_S, SKEWED, Writer, Written
from tests.fault_proxy import FaultProxy, fault_proxy
from tests.fault_rules import Answer, Exchange, Rule, answer, call, drop, slow
from tests.patience import Patience, share
from tests.processes import Program
from tests.sync import GRAPH, PROJECT, make_client

MARGIN_S = 4
LOOKBACK_S = 120
LEASE_S = 3
KILL_RATE, STAGED_RATE, FAULT_RATE, TWIN_RATE = 0.35, 0.15, 0.02, 0.15
UNDO_RATE = 0.12
"""Of the runs, how many are rollbacks of one of the newest, with those behind it."""
LOOK_S = 0.005
TAKEN_OVER = " of them by run "
"""What a run says that ends another's window: the next one reads what was written since."""
QUIET_RUNS, QUIET_S = 20, 240.0
"""Runs at most until one finds nothing more to do, and seconds of an idle machine; those that
the lock has kept from their work are only bounded by the latter."""
LOCKED = 6
LEAST_RUNS = 5
"""While others write, however slow the machine is."""


@dataclass
class Trial:
    """Writers against syncs; `guard` off leaves out guard, margin and lookback."""

    seed: int
    seconds: float
    guard: bool
    folder: Path
    database: PostgresqlServer
    target: BigQueryServer
    kinds: tuple[Kind, ...] = USUAL

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.kind = self.kinds[self.seed % len(self.kinds)]
        self.result = Result(self.seed, self.kind.name)
        self.written = Written()
        self.client = make_client(self.target)
        self.dataset = f"chaos_{self.seed}_{time.time_ns():x}"
        self._programs: list[Program] = []
        self._replays: str | None = None
        """Whose letters the next run replays; empty: it syncs; None: as the dice fall."""
        self._hours: dict[str, str] = {}
        """The range of the trial's backfill, once it has one."""
        self._words: list[str] = []
        self._again = False
        self._code = 0
        """Of the run that ended last."""

    def run(self) -> Result:
        """Everything, from an empty table to the verdict."""
        self.client.create_dataset(f"{PROJECT}.{self.dataset}")
        self._sql(writers.TABLE)
        if self.kind.merges:
            self._sql(backfills.HISTORY)
        with fault_proxy(self.target.url) as proxy:
            try:
                self._storm(proxy)
                self._calm(proxy)
                self._replay(proxy)
            finally:
                for program in self._programs:
                    program.end()
        self._judge()
        return self.result

    # Syncs while others write

    def _storm(self, proxy: FaultProxy) -> None:
        works = [writers.short, writers.short, writers.long, writers.long, writers.by_application]
        works += [writers.prepared, writers.by_procedure, writers.called_like_us, writers.in_blocks]
        works += self.kind.works
        threads = [self._writer(number, work) for number, work in enumerate(works)]
        threads.append(self._writer(AHEAD, writers.ahead))
        if self.kind.looks_back:
            threads.append(self._writer(SKEWED, writers.skewed))
        for thread in threads:
            thread.start()
        proxy.add(Rule(self._weather()))
        end = time.monotonic() + self.seconds
        while time.monotonic() < end or self.result.runs < LEAST_RUNS:
            self._one_run(proxy)
            time.sleep(self.random.uniform(0.0, 0.5))
        for thread in threads:
            thread.stop()
        for thread in threads:
            thread.join()

    def _writer(self, number: int, work: writers.Work) -> Writer:
        seed = self.random.randrange(2**32)
        return Writer(work, self.database.dsn, number, seed, self.written)

    def _weather(self) -> Any:
        """Now and then a request fails, is answered late, or its answer is lost."""
        chance, lock = random.Random(self.random.randrange(2**32)), threading.Lock()
        kinds = [answer(503), answer(429), drop(), drop(after=True), slow(before=0.5, after=0.5)]

        def act(exchange: Exchange) -> Answer:
            with lock:
                fails, kind = chance.random() < FAULT_RATE, chance.choice(kinds)
                self.result.faults += fails
            return kind(exchange) if fails else exchange.forward()

        return act

    def _one_run(self, proxy: FaultProxy) -> None:
        """A run that may be killed at a request or at a moment, and may have a twin."""
        if self.kind.merges and self.random.random() < backfills.RATE:
            self._one_backfill(proxy)
            return
        dice = self.random.random()
        program = self._start(proxy, self._to_undo())
        if dice < KILL_RATE / 2:
            self._kill_at_request(proxy, program)
        elif dice < KILL_RATE:
            time.sleep(self.random.uniform(0.2, 3.0))
            program.kill()
        elif dice < KILL_RATE + STAGED_RATE:
            self._kill_when_staged(program)
        elif dice < KILL_RATE + STAGED_RATE + TWIN_RATE:
            twin = self._start(proxy)
            self.result.codes[twin.wait()] += 1
        self._ended(program)

    def _to_undo(self) -> dict[str, str]:
        """Now and then a run to undo, and the newest behind it; as the history has them by now."""
        if self.random.random() > UNDO_RATE or self._again:
            return {}
        sql = (
            f"SELECT run_id FROM `{self.dataset}`.sync_runs_latest WHERE status IN ('succeeded',"
            " 'abandoned') AND publish_job IS NOT NULL AND mode != 'create' ORDER BY event_time"
        )
        try:
            runs = [run_id for (run_id,) in self._bigquery(sql)]
        except NotFound:
            return {}
        if not runs:
            return {}
        return {"rollback_run": self.random.choice(runs[-3:]), "rollback_to": runs[-1]}

    def _letters(self) -> dict[str, str]:
        """What the next run is told of dead letters."""
        if not self.kind.has_letters:
            return letters.BUDGET
        if self._replays is not None:
            return letters.replaying(self._replays) if self._replays else letters.BUDGET
        return letters.words_of(self.random, letters.waiting(self.client, self.dataset))

    def _one_backfill(self, proxy: FaultProxy) -> None:
        """Some hours in slices, perhaps killed, beside a run that wants the table, too."""
        program = self._start_backfill(proxy)
        if self.random.random() < KILL_RATE:
            time.sleep(self.random.uniform(0.5, 6.0))
            program.kill()
        else:
            self._ended(self._start(proxy))
        self._ended(program, backfills.SOME_FAILED)

    def _start_backfill(self, proxy: FaultProxy) -> Program:
        self._hours = self._hours or backfills.hours()
        words = leaving_out(self._argv(letters.BUDGET))
        return self._program(proxy, backfills.words_of(words, self._hours, self.random))

    def _start(self, proxy: FaultProxy, more: Mapping[str, str] = NOTHING) -> Program:
        if not self._again:
            self._words = self._argv(letters.BUDGET if more else self._letters())
        self._again = False
        words = leaving_out(self._words) if more else self._words
        return self._program(proxy, words + [f"--{n}={value}" for n, value in more.items()])

    def _program(self, proxy: FaultProxy, words: list[str]) -> Program:
        self.result.runs += 1
        log = self.folder / f"{self.seed}-{self.result.runs}.log"
        program = Program(words, {"BIGQUERY_EMULATOR_HOST": proxy.url}, log)
        self._programs.append(program)
        return program

    def _kill_at_request(self, proxy: FaultProxy, program: Program) -> None:
        """Kill when it sends its n-th request, before or after that was accepted."""
        after = self.random.random() < 0.5
        action = call(lambda _: os.kill(program.pid, signal.SIGKILL), after=after, then=drop())
        proxy.heal()
        rule = proxy.add(Rule(action, skip=self.random.randint(0, 45), times=1))
        proxy.add(Rule(self._weather()))
        program.wait()
        proxy.remove(rule)

    def _kill_when_staged(self, program: Program) -> None:
        """Kill when a split more is staged whole; the next run is asked for the same."""
        before = self._noted()
        while not program.has_ended and self._noted() <= before:
            time.sleep(LOOK_S)
        self._again = not program.has_ended
        program.kill()

    def _noted(self) -> int:
        return len(list((self.folder / f"temp{self.seed}").rglob("split-*.json")))

    def _ended(self, program: Program, *failed: int) -> int:
        code = self._code_of(program)
        self.result.kills += code == -signal.SIGKILL
        told = ("would be undone, too", letters.UNPUBLISHED)  # others published meanwhile, or not
        is_late = code == letters.REFUSED and any(words in program.output for words in told)
        if code not in (0, 3, 5, 6, -9, *failed) and not is_late:
            self.result.complaints.append(f"exit {code}: {program.output[-2000:]}")
        return code

    def _code_of(self, program: Program) -> int:
        self._code = program.wait()
        self.result.codes[self._code] += 1
        return self._code

    # Quiet: everything is read

    def _patiently(self) -> Iterator[None]:
        """Once for each run that is tried until all is done."""
        patience, worked = Patience(QUIET_S), 0
        while worked < QUIET_RUNS and not patience.is_over(worked):
            yield
            worked += self._code != LOCKED
            time.sleep(0.5)

    def _calm(self, proxy: FaultProxy) -> None:
        proxy.heal()
        self._replays = ""
        time.sleep(max(lease_s(), AHEAD_S + (MARGIN_S if self.guard else 0)) + 0.5)
        self._finish_backfill(proxy)
        for _ in self._patiently():
            program = self._start(proxy)
            code = self._code_of(program)
            found = re.search(r"succeeded: ([\d,]+) rows? read", program.output)
            is_whole = code == 0 and found and TAKEN_OVER not in program.output
            if found and is_whole and (not self.kind.ends_empty or found.group(1) == "0"):
                return
        self.result.complaints.append(f"no end in sight: {program.output[-2000:]}")

    def _finish_backfill(self, proxy: FaultProxy) -> None:
        """What a backfill has begun on an empty table only it can end."""
        if not self._hours:
            return
        for _ in self._patiently():
            program = self._start_backfill(proxy)
            if self._code_of(program) == 0:
                return
        self.result.complaints.append(f"no end of the backfill: {program.output[-2000:]}")

    def _replay(self, proxy: FaultProxy) -> None:
        """Each run's letters once more, when no sync has anything to do.

        Until then their rows are not in the table, so one that loses its lock is tried again.
        """
        for run_id in letters.waiting(self.client, self.dataset):
            self._replays = run_id
            for _ in self._patiently():
                program = self._start(proxy)
                if self._ended(program) in (0, letters.REFUSED):
                    break
            else:
                self.result.complaints.append(f"letters wait: {program.output[-2000:]}")

    def _argv(self, more: dict[str, str]) -> list[str]:
        words = {
            "data_source": "postgresql",
            "postgresql_host": self.database.host,
            "postgresql_port": str(self.database.port),
            "postgresql_database": self.database.database,
            "postgresql_username": self.database.user,
            "postgresql_password": "unused",
            "postgresql_query": "SELECT * FROM orders",
            "enable_smart_sync": "true",
            "enable_auto_schema": self.random.choice(["true", "false"]),
            "destination_bigquery_project": PROJECT,
            "destination_bigquery_dataset": self.dataset,
            "destination_bigquery_table": "orders",
            "temp_location": str(self.folder / f"temp{self.seed}"),
            "num_splits": self.random.choice(["0", "3", "12"]),
            "verify": self.random.choice(["true", "false"]),
            "lock_lease": f"{lease_s()}s",
            "keep_snapshots": self.random.choice(["true", "false"]),
            "max_retries": "2",
            "smart_sync_margin": f"{MARGIN_S}s" if self.guard else "0s",
            "late_commit_guard": "auto" if self.guard else "off",
        }
        if self.random.random() < 0.5:
            words["runner"] = GRAPH
        words |= self.kind.words
        if self.kind.looks_back and self.guard:
            words["smart_sync_lookback"] = f"{LOOKBACK_S}s"
        words |= more
        return [f"--{name}={value}" for name, value in words.items()]

    # The verdict

    def _judge(self) -> None:
        source = self._sql(f"SELECT {FIELDS} FROM orders")
        fields = ", ".join([FIELDS, *self.kind.fields])
        found = self.kind.verdict(
            source, self._bigquery(f"SELECT {fields} FROM `{self.dataset}`.orders")
        )
        self.result.lost, self.result.doubled = found.lost, found.doubled
        self.result.resurrected = found.resurrected
        self.result.wrongly_deleted = found.wrongly_deleted
        self.result.rows_source, self.result.rows_written = len(source), self.written.committed
        self._read_history()
        self._look_for_litter()

    def _read_history(self) -> None:
        sql = f"SELECT * FROM `{self.dataset}`.sync_runs_latest ORDER BY run_id"
        for row in self.client.query(sql).result():
            if row.status in ("running", "publishing"):
                self.result.complaints.append(f"run {row.run_id} is still {row.status}")
            self.result.abandoned += row.status == "abandoned"
            self.result.undone += row.status == "rolled_back" and row.seq == 3
            went_well = row.status == "succeeded"
            self.result.resumed += bool(row.resumed_run) and went_well
            self.result.slices += bool(row.backfill_id) and went_well
            self.result.rows_deleted += (row.rows_deleted or 0) * went_well
            self.result.replayed += bool(row.replayed_run) and went_well
            if row.window_end and self.guard and not row.backfill_id:
                self.result.held_s.append(held_seconds(row))

    def _look_for_litter(self) -> None:
        tables = {item.table_id for item in self.client.list_tables(self.dataset)}
        litter = [name for name in tables if name.startswith(("_sync_staging", "_sync_dead"))]
        staged = (self.folder / f"temp{self.seed}").rglob("*")
        litter += [str(path) for path in staged if path.is_file() and not is_note_of_taker(path)]
        if litter:
            self.result.complaints.append(f"left behind: {litter[:5]}")

    def _sql(self, text: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(psycopg2.connect(self.database.dsn)) as session:
            session.autocommit = True
            with session.cursor() as cursor:
                cursor.execute(text)
                return cursor.fetchall() if cursor.description else []

    def _bigquery(self, text: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query(text).result()]


def is_note_of_taker(path: Path) -> bool:
    """Of a run that died before its first event: it had noted what it took over, and no more."""
    return path.name == NOTE and bool(json.loads(path.read_text())["taken"])


def lease_s() -> int:
    """Of a lock: on a busy machine a run keeps it up later than on one of its own."""
    return math.ceil(LEASE_S / share())


FIELDS = "id, version, note, updated_at, writer, deleted_at"


def held_seconds(row: bigquery.Row) -> float:
    """How far a run's window ended before its launch less the margin."""
    launched = datetime.strptime(row.run_id[:15], "%Y%m%dt%H%M%S").replace(tzinfo=UTC)
    end = datetime.fromisoformat(row.window_end).replace(tzinfo=UTC)
    return max(0.0, (launched - end).total_seconds() - MARGIN_S)
