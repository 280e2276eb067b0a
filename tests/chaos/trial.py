"""One trial: a table of its own, everything at random from one seed, and the verdict."""

import contextlib
import math
import os
import random
import re
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from demo.servers import BigQueryServer, PostgresqlServer
from tests.chaos import backfills, letters, writers
from tests.chaos.actions import OWED, Action, End, Schedule, owed_by
from tests.chaos.argv import MARGIN_S, argv_of
from tests.chaos.damage import damage
from tests.chaos.edits import ANEW, COLUMNS, HEAL, Edits
from tests.chaos.kinds import USUAL, Kind, leaving_out
from tests.chaos.result import Result
from tests.chaos.undoing import undoing
from tests.chaos.verdict import judge, verdict_of
from tests.chaos.weather import weather
from tests.chaos.writers import AHEAD, AHEAD_S, SKEWED, Writer, Written
from tests.fault_proxy import FaultProxy, fault_proxy
from tests.fault_rules import Rule, call, drop
from tests.patience import Patience, share
from tests.processes import Gate, Program
from tests.sync import PROJECT, make_client

LEASE_S = 3
KILL_RATE = 0.35
LOOK_S = 0.005
TAKEN_OVER = " of them by run "
"""What a run says that ends another's window: the next one reads what was written since."""
QUIET_RUNS, QUIET_S = 20, 240.0
"""Runs at most until one finds nothing more to do, and seconds of an idle machine; those that
the lock has kept from their work are only bounded by the latter."""
LOCKED = 6
LONGEST_STORM = 4
"""Times the seconds of a trial, until its writers end though something is owed still."""
LEAST_RUNS, EDITED_RUNS, MOST_RUNS = 5, 9, 18
"""While others write, however slow the machine is; and where something is owed still."""
FOUND_NOTHING = 1
"""The code by which a run is counted that found nothing to take over: as none of a program's."""


@dataclass
class Trial:
    """Writers against syncs; `guard` off leaves out guard, margin and lookback, and `owes` is how
    many actions must come to an end."""

    seed: int
    seconds: float
    guard: bool
    folder: Path
    database: PostgresqlServer
    target: BigQueryServer
    kinds: tuple[Kind, ...] = USUAL
    owes: int = OWED

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.kind = self.kinds[self.seed % len(self.kinds)]
        self.edits = Edits(self.kind.topics, random.Random(self.seed))
        self.result = Result(self.seed, self.kind.name, edits=self.edits.tally)
        self.written = Written()
        self.client = make_client(self.target)
        self.dataset = f"chaos_{self.seed}_{time.time_ns():x}"
        self._programs: list[Program] = []
        turn = self.seed // len(self.kinds)
        self.schedule = Schedule(self.kind, owed_by(self.kind, turn, self.owes))
        self._is_damaged = False
        """Whether rows of the destination were changed, which only a repair mends."""
        self._hours: dict[str, str] = {}
        """The range of the trial's backfill, once it has one."""
        self._words: list[str] = []
        self._code, self._is_refused = 0, False
        """Of the run that ended last."""

    @property
    def margin_s(self) -> float:
        """Of each run's window."""
        return MARGIN_S if self.guard else 0

    def run(self) -> Result:
        """Everything, from an empty table to the verdict."""
        self.client.create_dataset(f"{PROJECT}.{self.dataset}")
        self.sql(writers.TABLE + (COLUMNS if self.kind.topics else ""))
        if self.kind.merges:
            self.sql(backfills.HISTORY)
        with fault_proxy(self.target.url) as proxy:
            try:
                self._storm(proxy)
                self._calm(proxy)
                self._excuse(proxy)
                self._mend(proxy)
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
        proxy.add(self._weather())
        began = time.monotonic()
        while time.monotonic() < began + self.seconds or self._has_to_go_on():
            if time.monotonic() > began + LONGEST_STORM * self.seconds:
                for thread in threads:  # on a busy machine what is owed takes long
                    thread.stop()
            self._one_run(proxy)
            time.sleep(self.random.uniform(0.0, 0.5))
        for thread in threads:
            thread.stop()
        for thread in threads:
            thread.join()

    def _has_to_go_on(self) -> bool:
        runs = self.result.runs
        least = EDITED_RUNS if self.kind.topics else LEAST_RUNS
        return runs < least or (bool(self.schedule.owed) and runs < MOST_RUNS)

    def _writer(self, number: int, work: writers.Work) -> Writer:
        seed = self.random.randrange(2**32)
        return Writer(work, self.database.dsn, number, seed, self.written)

    def _weather(self) -> Rule:
        return Rule(weather(self.random.randrange(2**32), self.result))

    def _one_run(self, proxy: FaultProxy) -> None:
        """Something that is owed, or anything; perhaps it is killed, stalled or has a twin."""
        self.edits.perhaps()
        advised = (Action.SYNC,) if self.edits.once else None
        for action in advised or self.schedule.candidates(self.random):
            words = self._words_of(action)
            if words is not None:
                break
        end = self._do(proxy, action, words or {})
        self.schedule.ended(action, end)
        if end is End.LOCKED:
            time.sleep(lease_s())  # else what is owed is spent on a dead run's lock

    def _do(self, proxy: FaultProxy, action: Action, words: Mapping[str, str]) -> End:
        """One run of a sort, to its end."""
        if action is Action.BACKFILL:
            return self._one_backfill(proxy)
        if action is Action.REPAIR:
            self._is_damaged |= damage(self.client, self.dataset, self.random)
        if action is Action.RESUME:
            return self._resume(proxy, words)
        program = self._start(proxy, words)
        if action is Action.STALL:
            return self._stall(proxy, program)
        if action is Action.TWIN:
            twin = self._start(proxy, words)
            self.result.count(Action.TWIN, self._ended(twin))
        else:
            self._perhaps_kill(proxy, program)
        return self._counted(action, program)

    def _counted(self, action: Action, program: Program, *failed: int) -> End:
        return self.result.count(action, self._ended(program, *failed))

    def _words_of(self, action: Action) -> Mapping[str, str] | None:
        """What tells a run that it is one of these; None: it can't be one by now."""
        if action is Action.ROLLBACK:
            return undoing(self.client, self.dataset, self.random)
        if action is Action.REPAIR:
            return letters.BUDGET | {"repair": "true"}
        if not self.kind.has_letters:
            return letters.BUDGET
        if action is Action.REPLAY:
            waiting = letters.waiting(self.client, self.dataset)
            return letters.replaying(self.random.choice(waiting)) if waiting else None
        puts = Action.REPLAY in self.schedule.owed or self.random.random() < letters.ASIDE_RATE
        return letters.ASIDE if puts else letters.BUDGET

    def _perhaps_kill(self, proxy: FaultProxy, program: Program) -> None:
        """At a request, or at a moment."""
        dice = self.random.random()
        if dice < KILL_RATE / 2:
            self._kill_at_request(proxy, program)
        elif dice < KILL_RATE:
            time.sleep(self.random.uniform(0.2, 3.0))
            program.kill()

    def _resume(self, proxy: FaultProxy, words: Mapping[str, str]) -> End:
        """Kill a run when it has staged something; the next is asked for the same."""
        self.sql(writers.MORE)
        time.sleep(self.margin_s + 1.0)
        splits = {"num_splits": self.random.choice(["3", "12"])}
        program = self._start(proxy, {**words, **splits})
        self._kill_when_staged(program)
        self._ended(program)
        time.sleep(lease_s() + 0.5)
        self.edits.perhaps()
        last = self._program(proxy, self._argv({**words, **splits}))
        self._perhaps_kill(proxy, last)
        code = self._ended(last)
        is_resumed = code != 0 or TAKEN_OVER in last.output
        return self.result.count(Action.RESUME, code if is_resumed else FOUND_NOTHING)

    def _stall(self, proxy: FaultProxy, program: Program) -> End:
        """Suspend it where it sends a request, which may come late, until others had its table."""
        proxy.heal()
        gate = Gate(proxy, after=self.random.random() < 0.5, skip=self.random.randint(0, 40))
        proxy.add(self._weather())
        while not (gate.holds or program.has_ended):
            time.sleep(LOOK_S)
        if gate.holds:
            program.suspend()
            time.sleep(lease_s() + 0.5)
            for _ in range(self.random.randint(1, 2)):
                self._counted(Action.SYNC, self._start(proxy, self._words_of(Action.SYNC) or {}))
            program.resume()
        gate.open()
        proxy.remove(gate.rule)
        code = self._ended(program)
        return self.result.count(Action.STALL if gate.holds else Action.SYNC, code)

    def _one_backfill(self, proxy: FaultProxy) -> End:
        """Some hours in slices, perhaps killed, beside a run that wants the table, too."""
        program = self._start_backfill(proxy)
        if self.random.random() < KILL_RATE:
            time.sleep(self.random.uniform(0.5, 6.0))
            program.kill()
        else:
            self._counted(Action.SYNC, self._start(proxy, letters.BUDGET))
        return self._counted(Action.BACKFILL, program, backfills.SOME_FAILED)

    def _start_backfill(self, proxy: FaultProxy) -> Program:
        self._hours = self._hours or backfills.hours()
        words = leaving_out(self._argv(letters.BUDGET))
        return self._program(proxy, backfills.words_of(words, self._hours, self.random))

    def _start(self, proxy: FaultProxy, more: Mapping[str, str]) -> Program:
        self._words = self._argv(more)
        return self._program(proxy, self._words)

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
        proxy.add(self._weather())
        program.wait()
        proxy.remove(rule)

    def _kill_when_staged(self, program: Program) -> None:
        """Kill when a split more is staged whole."""
        before = self._noted()
        while not program.has_ended and self._noted() <= before:
            time.sleep(LOOK_S)
        program.kill()

    def _noted(self) -> int:
        return len(list((self.folder / f"temp{self.seed}").rglob("split-*.json")))

    def _ended(self, program: Program, *failed: int) -> int:
        code = self._code_of(program)
        self.result.kills += code == -signal.SIGKILL
        told = ("would be undone, too", letters.UNPUBLISHED)  # others published meanwhile, or not
        is_late = code == letters.REFUSED and any(words in program.output for words in told)
        if code not in (0, 3, 5, 6, -9, *failed) and not (is_late or self._is_refused):
            self.result.complaints.append(f"exit {code}: {program.output[-2000:]}")
        return code

    def _code_of(self, program: Program) -> int:
        self._code = program.wait()
        self._is_refused = self.edits.heard(self._code, program.output)
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
        self.edits.home()
        time.sleep(max(lease_s(), AHEAD_S + (MARGIN_S if self.guard else 0)) + 0.5)
        self._finish_backfill(proxy)
        for _ in self._patiently():
            program = self._start(proxy, letters.BUDGET)
            code = self._code_of(program)
            self.result.count(Action.SYNC, code)
            found = re.search(r"succeeded: ([\d,]+) rows? read", program.output)
            is_whole = code == 0 and found and TAKEN_OVER not in program.output
            if found and is_whole and (not self.kind.ends_empty or found.group(1) == "0"):
                return
        self.result.complaints.append(f"no end in sight: {program.output[-2000:]}")

    def _excuse(self, proxy: FaultProxy) -> None:
        """What a run has warned of is mended as it said; what is wrong without that is counted."""
        if not self.edits.is_excused:
            return
        if not self.kind.fields:  # which a run has to publish first
            found = verdict_of(self)
            told = f"excused {found.lost} lost, {found.doubled} doubled"
            told += f", {found.resurrected} resurrected, {found.wrongly_deleted} wrongly deleted"
            self.edits.tally[told] += 1
        way = HEAL if self.kind.repairs else ANEW
        program = self._start(proxy, {**letters.BUDGET, **way})
        if self._code_of(program) != 0:
            self.result.complaints.append(f"not mended as told: {program.output[-2000:]}")

    def _mend(self, proxy: FaultProxy) -> None:
        """What was changed in the destination only a repair mends."""
        if not self._is_damaged:
            return
        for _ in self._patiently():
            program = self._start(proxy, letters.BUDGET | {"repair": "true"})
            if self._counted(Action.REPAIR, program) is End.SUCCEEDED:
                return
        self.result.complaints.append(f"not repaired: {program.output[-2000:]}")

    def _finish_backfill(self, proxy: FaultProxy) -> None:
        """What a backfill has begun on an empty table only it can end."""
        if not self._hours:
            return
        for _ in self._patiently():
            program = self._start_backfill(proxy)
            if self.result.count(Action.BACKFILL, self._code_of(program)) is End.SUCCEEDED:
                return
        self.result.complaints.append(f"no end of the backfill: {program.output[-2000:]}")

    def _replay(self, proxy: FaultProxy) -> None:
        """Each run's letters once more, when no sync has anything to do.

        Until then their rows are not in the table, so one that loses its lock is tried again.
        """
        for run_id in letters.waiting(self.client, self.dataset):
            for _ in self._patiently():
                program = self._start(proxy, letters.replaying(run_id))
                code = self._ended(program)
                self.result.count(Action.REPLAY, code)
                if code in (0, letters.REFUSED):
                    break
            else:
                self.result.complaints.append(f"letters wait: {program.output[-2000:]}")

    def _argv(self, more: Mapping[str, str]) -> list[str]:
        return argv_of(self, more, lease_s())

    def _judge(self) -> None:
        judge(self)

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(psycopg2.connect(self.database.dsn)) as session:
            session.autocommit = True
            with session.cursor() as cursor:
                cursor.execute(text)
                return cursor.fetchall() if cursor.description else []

    def bigquery(self, text: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query(text).result()]


def lease_s() -> int:
    """Of a lock: on a busy machine a run keeps it up later than on one of its own."""
    return math.ceil(LEASE_S / share())
