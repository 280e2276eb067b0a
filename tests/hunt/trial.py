"""A case of PostgreSQL being run: its history, its runs, what they saw, and the verdict."""

import json
import re
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, NotFound

from tests.hunt import oracle, repairs, runs
from tests.hunt.bench import Act, Bench, Moment, Ran
from tests.hunt.case import Verdict
from tests.hunt.missing import deletes
from tests.hunt.oracle import Destination, Seen
from tests.hunt.parameters import SECRET, Parameters, renamed
from tests.hunt.steps import History, Insert, Interrupt, Repair, Run, Step
from tests.hunt.versions import judge_versions, versions_of, without_times
from tests.hunt.world import World
from tests.sync import GRAPH, PROJECT

LAST_TRIES = 3
BUG = 70
TELLS_LEFT_OUT = re.compile(r"\d rows?\b[^\n]*(left out|before|older|no window|not read)")
ENDED = (130, 143)
FUTURE_S = 6.5
LEASE_S = 30
"""As by default: what a run that died still holds."""


@dataclass
class Trial:
    """One case on the bench."""

    parameters: Parameters
    reading: Mapping[str, str]
    bench: Bench
    dataset: str
    world: World
    verdict: Verdict = field(default_factory=Verdict)
    seen: list[Seen] = field(default_factory=list)
    mended: dict[str, str] = field(default_factory=dict)
    last: Ran = field(default_factory=lambda: Ran(0, ""))
    succeeded: int = 0
    refused: bool = False
    _until: float = 0.0
    _loses: bool = False
    """Whether the history deletes rows."""

    def run(self, history: History) -> Verdict:
        """From the first row to the verdict; a case that is refused at once has none."""
        parameters: dict[str, str] = {}
        self._loses = deletes(history)
        if any(isinstance(step, Repair) and step.kind == repairs.UNDO for step in history):
            self.mended["keep_snapshots"] = "true"
        for step in history:
            if isinstance(step, Run):
                parameters = dict(step.parameters)
                self._run(step)
            elif isinstance(step, Repair):
                self._repair(step.kind)
            else:
                self._do(step)
            if self.refused or self.last.code == BUG:
                return self.verdict
        self.world.settle()
        time.sleep(max(0.0, self._until - time.monotonic()))
        if self.parameters.mode != "once" or self.last.code:
            self._until_done(parameters)
        if self.seen and not self.refused and self.last.code == 0:
            self._judge()
        return self.verdict

    @property
    def may_go_on(self) -> bool:
        """Whether the destination has a watermark now that another source could share."""
        return self.parameters.smart and self.succeeded > 0 and self.last.code == 0

    def run_shard(self, other: World, history: History) -> None:
        """Another server's table of the same name: its rows must not come into this table."""
        before = self._count()
        self.world = other
        self.mended |= {"accept_source_change": "false", "delete_existing_table": "false"}
        for step in history:
            if isinstance(step, Insert):
                self.world.do(step)
        own = next(
            (dict(step.parameters) for step in reversed(history) if isinstance(step, Run)), {}
        )
        ran = self.bench.run(self._argv(self._words(own)), {}, dict(self.parameters.environ))
        self.world.settle()
        runs.judge_run(self.verdict, ran, interrupted=False)
        if ran.code == 0 or self._count() != before:
            self.verdict.fault("two sources", f"exit {ran.code}, {before} rows before it")

    def _count(self) -> int:
        try:
            return int(self._query("SELECT COUNT(*) FROM {d}.t")[0][0])
        except NotFound:
            return 0

    def _do(self, step: Step) -> None:
        if isinstance(step, Insert) and "6 seconds" in repr(step):
            self._until = time.monotonic() + FUTURE_S
        self.world.do(step)

    # Runs

    def _words(self, own: Mapping[str, str]) -> dict[str, str]:
        words = {**self.reading, **dict(self.parameters.common)}
        return words | dict(own) | self.mended

    def _argv(self, words: Mapping[str, str]) -> list[str]:
        database = self.world.database
        places = {
            "data_source": "postgresql",
            "postgresql_host": database.host,
            "postgresql_port": str(database.port),
            "postgresql_database": database.database,
            "postgresql_username": self.world.reader,
            "postgresql_password": SECRET,
            "destination_bigquery_project": PROJECT,
            "destination_bigquery_dataset": self.dataset,
            "destination_bigquery_table": "t",
            "temp_location": str(self.temp),
        }
        by_graph = zlib.crc32(repr(self.parameters).encode()) % 2
        places |= {"runner": GRAPH} if by_graph else {}
        return [f"--{name}={value}" for name, value in (places | dict(words)).items()]

    @property
    def temp(self) -> Path:
        return self.bench.folder / self.dataset

    def _run(self, run: Run) -> None:
        words = self._words(dict(run.parameters))
        looks = [self.world.snapshot()]

        def acting(steps: tuple[Step, ...]) -> Act:
            def act() -> None:
                for step in steps:
                    self._do(step)
                looks.append(self.world.snapshot())

            return act

        acts: dict[Moment, Act] = {moment: acting(steps) for moment, steps in run.during}
        interrupted = any(isinstance(step, Interrupt) for _, steps in run.during for step in steps)
        ran = self.bench.run(self._argv(words), acts, dict(self.parameters.environ))
        if ran.code in ENDED and not interrupted:
            raise KeyboardInterrupt  # meant for the hunt, but the run took it
        looks.append(self.world.snapshot())
        self.seen.append(Seen(words, tuple(dict.fromkeys(looks)), ran.code))
        runs.judge_run(self.verdict, ran, interrupted=interrupted)
        self._after(ran, words, quiet=not run.during)

    def _after(self, ran: Ran, words: Mapping[str, str], *, quiet: bool) -> None:
        """What an operator does next: waits for the lock, follows the message, or gives up."""
        self.last = ran
        if ran.code == 0:
            self.succeeded += 1
        elif ran.code in runs.BY_RETRYING:
            time.sleep(LEASE_S if ran.code == 6 else 0)
        elif ran.code in (2, 4) and quiet and not (self.succeeded or runs.mends(ran, words)):
            self.refused = True
        else:
            self.mended |= runs.mends(ran, words)

    def _repair(self, kind: str) -> None:
        """What came of the runs so far is mended; none may be lost or doubled by that."""
        if self.last.code or not self.seen:
            return
        words = repairs.words_for(kind, self.seen[-1].words, self._query_or_none)
        if words is None:
            return
        looks = [self.world.snapshot()]
        ran = self.bench.run(self._argv(words), {}, dict(self.parameters.environ))
        looks.append(self.world.snapshot())
        self.seen.append(Seen(self.seen[-1].words, tuple(dict.fromkeys(looks)), ran.code))
        runs.judge_run(self.verdict, ran, interrupted=False)
        if kind == repairs.UNDO and ran.code:
            self.verdict.fault("not undone", f"exit {ran.code}: {ran.text[-600:]}")

    def _query_or_none(self, text: str) -> list[tuple[Any, ...]]:
        try:
            return self._query(text)
        except NotFound:
            return []

    def _until_done(self, parameters: Mapping[str, str]) -> None:
        """The last run, again where it is refused and its message says what to do."""
        for _ in range(LAST_TRIES):
            before = dict(self.mended)
            self._run(Run(tuple(parameters.items())))
            if self.last.code == 0 or self.refused:
                return
            if before == self.mended and self.last.code not in runs.BY_RETRYING:
                break
        if self.last.code != BUG:
            told = " ".join(self.last.text.splitlines()[-1:])[:700]
            self.verdict.fault("never again", f"exit {self.last.code} after quiet: {told}")

    # The verdict

    def _judge(self) -> None:
        arrived = self._arrived()
        if arrived is None:
            return
        promised = None
        if self.parameters.smart:
            promised = self._promised()
        schema, mode = self.world.schema, self.parameters.mode
        if mode == "history" and arrived.fields:
            words = self.seen[-1].words
            keys = [renamed(key, words) or key for key in words["merge_keys"].split(",")]
            versions = versions_of(arrived, keys, renamed(schema.cursor, words) or schema.cursor)
            judge_versions(self.verdict, versions, loses=self._loses)
            arrived, mode = without_times(arrived), "append"
        oracle.judge(
            self.verdict,
            arrived,
            self.seen,
            columns=(schema.identity, schema.cursor),
            mode=mode,
            promised=promised,
        )
        if self.parameters.smart and not TELLS_LEFT_OUT.search(self.last.text):
            there = {str(row[0]) for row in self._rids(arrived)}
            silent = self.world.sentinels() - there
            if silent:
                text = f"the last run doesn't tell of {len(silent)} rows before any window"
                self.verdict.fault("left out in silence", text)
        self._look_for_litter()

    def _rids(self, arrived: Destination) -> list[tuple[Any, ...]]:
        rid = self.world.schema.rid
        at = next((n for n, f in enumerate(arrived.fields) if f.name == rid), None)
        return [] if at is None else [row[at : at + 1] for row in arrived.rows]

    def _promised(self) -> set[str]:
        """The rows of the windows that were published, by the newest end in the history."""
        rows = self._query("SELECT window_end, status FROM {d}.sync_runs_latest ORDER BY run_id")
        ends = [str(row[0]) for row in rows if row[1] == "succeeded" and row[0]]
        return self.world.promised(ends[-1]) if ends else set()

    def _arrived(self) -> Destination | None:
        try:
            table = self.bench.client.get_table(f"{PROJECT}.{self.dataset}.t")
            names = ", ".join(f"`{field.name}`" for field in table.schema)
            rows = self._query(f"SELECT {names} FROM {{d}}.t")
        except NotFound:
            return Destination((), ())
        except (GoogleAPICallError, ValueError, OverflowError) as error:
            self.verdict.fault("unreadable", f"the destination can't be read: {error!r:.300}")
            return None
        return Destination(tuple(table.schema), tuple(rows), self._letters())

    def _letters(self) -> tuple[dict[str, Any], ...]:
        try:
            rows = self._query("SELECT TO_JSON_STRING(raw_row) FROM {d}.t_dead_letters")
        except NotFound:
            return ()
        return tuple(json.loads(row[0]) for row in rows)

    def _query(self, text: str) -> list[tuple[Any, ...]]:
        sql = text.format(d=f"`{PROJECT}`.`{self.dataset}`")
        return [tuple(row) for row in self.bench.client.query_and_wait(sql)]

    def _look_for_litter(self) -> None:
        found = [item.table_id for item in self.bench.client.list_tables(self.dataset)]
        litter = [name for name in found if name.startswith(("_sync_staging", "_sync_dead"))]
        litter += [path.name for path in self.temp.rglob("*.parquet")]
        if litter:
            self.verdict.fault("left behind", f"{len(litter)}: {litter[:3]}")
