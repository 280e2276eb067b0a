"""Cases of BigQuery as a source: a table that is written, runs that compare its keys, a verdict.

All is right when the destination has each row of the source as it is, and no other; of a history
when that is so of the current versions, and each version was once a row.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

from google.api_core.exceptions import NotFound

from smart_sync.deletes import DELETED_AT
from tests.hunt import runs
from tests.hunt.bench import Bench, Moment
from tests.hunt.case import Verdict
from tests.hunt.parameters import Pairs
from tests.hunt.versions import TIMES, Version, judge_versions
from tests.sync import PROJECT

KEYS = {
    "id": ("id INT64", "{n}"),
    "wide": ("id INT64", "({n} - 20) * 300000000000000007"),
    "text": ("id STRING", "CONCAT('k', CAST({n} AS STRING), ';ä')"),
    "bytes": ("id BYTES", "SHA256(CAST({n} AS STRING))"),
    "day": ("id DATE", "DATE_ADD(DATE '1969-12-20', INTERVAL {n} DAY)"),
}
"""Kinds of keys: the column, and the key of a number."""
VALUES = ("'a'", "''", "NULL", "'ä;1:2'", "REPEAT('x', 300)")
ARRAYS = ("['a', 'b']", "[]", "['']")
ROW = "{key}, {number}, {text}, {array}, {stamp}"
COLUMNS = "number INT64, text STRING, array_ ARRAY<STRING>, updated_at TIMESTAMP"
NOW = "CURRENT_TIMESTAMP()"
OLD = "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {n} MINUTE)"
MANY = 4
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A run, its own parameters, and a statement at a moment within it."""

    words: Pairs = ()
    during: tuple[tuple[Moment, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BigqueryCase:
    """See `tests.hunt.case.Case`; statements name the source's table `{s}`."""

    seed: int
    key: str
    mode: str
    gone: str
    words: Pairs
    steps: tuple[str | Run, ...]

    def run(self, bench: Bench) -> Verdict:
        with bench.dataset() as source, bench.dataset() as dataset:
            return Trial(self, bench, source, dataset).run()

    def smaller(self) -> Iterator[Self]:
        for at, step in enumerate(self.steps):
            before, after = self.steps[:at], self.steps[at + 1 :]
            yield replace(self, steps=before + after)
            if isinstance(step, Run) and step.during:
                yield replace(self, steps=(*before, replace(step, during=()), *after))
        for at in range(len(self.words)):
            yield replace(self, words=self.words[:at] + self.words[at + 1 :])

    def script(self) -> str:
        lines = [f"CREATE TABLE {{s}} ({KEYS[self.key][0]}, {COLUMNS});"]
        for step in self.steps:
            if isinstance(step, Run):
                words = {**_reading(self), **dict(step.words)}
                lines.append(f"$ main.py {' '.join(f'--{n}={v!r}' for n, v in words.items())}")
                lines += [f"    -- at {at.what} {at.number}: {text}" for at, text in step.during]
            else:
                lines.append(f"{step};")
        return "\n".join(lines)


def make_case(seed: int) -> BigqueryCase:
    """The same case for the same seed."""
    dice = random.Random(f"bigquery {seed}")
    writer = _Writer(dice, dice.choice(sorted(KEYS)))
    mode = dice.choice(("merge", "merge", "history"))
    gone = dice.choice(("hard", "hard", "soft", "")) if mode == "merge" else "invalidate"
    common = {"bigquery_read_method": dice.choice(("auto", "in_place", "workers"))}
    if dice.random() < 0.3:
        common["smart_sync_lookback"] = "1h"
    steps: list[str | Run] = [writer.insert(dice.choice((3, 40, 150)))]
    for _ in range(dice.choice((1, 2, 3))):
        steps += [writer.some() for _ in range(dice.randrange(3))]
        words = dict[str, str]()
        if mode == "merge" and dice.random() < 0.4:
            words["repair"] = "true"
        during = ((Moment("request", dice.randrange(2, 30)), writer.some()),)
        steps.append(Run(tuple(words.items()), during if dice.random() < 0.5 else ()))
    return BigqueryCase(seed, writer.key, mode, gone, tuple(common.items()), tuple(steps))


@dataclass
class _Writer:
    """Makes statements; knows which numbers there are."""

    dice: random.Random
    key: str
    most: int = 0

    def __post_init__(self) -> None:
        self.numbers = itertools.count(self.dice.choice((0, 1, 7)))

    def some(self) -> str:
        """New rows, changed ones, or some that are gone and perhaps come again."""
        dice, at = self.dice, self.dice.randrange(1, 7)
        where = f"MOD(number, 7) = {at} AND number > 0"
        return dice.choice(
            (
                self.insert(dice.choice((1, 5))),
                f"UPDATE {{s}} SET text = {dice.choice(VALUES)}, updated_at = {NOW} WHERE {where}",
                f"DELETE FROM {{s}} WHERE {where}",
                f"DELETE FROM {{s}} WHERE number = {dice.randrange(1, self.most + 1)}",
                self.insert_again(dice.randrange(1, self.most + 1)),
            )
        )

    def insert(self, rows: int) -> str:
        """New rows, stamped by now, the first of them before."""
        stamps = [NOW if self.most else OLD.format(n=n % 50 + 5) for n in range(rows)]
        texts = [self._row(next(self.numbers), stamp) for stamp in stamps]
        return f"INSERT INTO {{s}} VALUES {', '.join(f'({text})' for text in texts)}"

    def insert_again(self, number: int) -> str:
        """A row of a key that may be gone: of one that is there it is none."""
        row = self._row(number, NOW)
        gone = f"NOT EXISTS (SELECT 1 FROM {{s}} WHERE number = {number})"
        return f"INSERT INTO {{s}} SELECT {row} FROM (SELECT 1) WHERE {gone}"

    def _row(self, number: int, stamp: str) -> str:
        self.most = max(self.most, number)
        key = KEYS[self.key][1].format(n=number)
        text, array = self.dice.choice(VALUES), self.dice.choice(ARRAYS)
        return ROW.format(key=key, number=number, text=text, array=array, stamp=stamp)


def _reading(case: BigqueryCase) -> dict[str, str]:
    words = {
        "data_source": "bigquery",
        "enable_smart_sync": "true",
        "smart_sync_timestamp_column": "updated_at",
        "smart_sync_margin": "0s",
        "late_commit_guard": "off",
        "sync_all_on_empty_table": "true",
        "write_disposition": "WRITE_MERGE" if case.mode == "merge" else "WRITE_HISTORY",
        "merge_keys": "id",
        **dict(case.words),
    }
    if case.gone:
        name = "hard_deletes" if case.mode == "history" else "delete_missing"
        words |= {name: case.gone, "max_deleted_percent": "100"}
    return words


@dataclass
class Trial:
    """One case on the bench."""

    case: BigqueryCase
    bench: Bench
    source: str
    dataset: str

    def __post_init__(self) -> None:
        self.verdict = Verdict()
        self.ever: set[Row] = set()

    def run(self) -> Verdict:
        """Each step, then a last run, which must bring what is left."""
        self._do(f"CREATE TABLE {{s}} ({KEYS[self.case.key][0]}, {COLUMNS})")
        for step in self.case.steps:
            if isinstance(step, str):
                self._do(step)
            elif self._run(step) != 0:
                return self.verdict
        if self._run(Run()) == 0:
            self._judge()
        return self.verdict

    def _do(self, text: str) -> None:
        self.bench.client.query_and_wait(text.format(s=f"`{PROJECT}.{self.source}.s`"))
        self.ever |= self._rows(self.source, "s")

    def _run(self, run: Run) -> int:
        places = {
            "source_bigquery_project": PROJECT,
            "source_bigquery_dataset": self.source,
            "source_bigquery_table": "s",
            "destination_bigquery_project": PROJECT,
            "destination_bigquery_dataset": self.dataset,
            "destination_bigquery_table": "t",
            "temp_location": str(self.bench.folder / self.dataset),
        }
        words = places | _reading(self.case) | dict(run.words)
        acts = {moment: partial(self._do, text) for moment, text in run.during}
        ran = self.bench.run([f"--{name}={value}" for name, value in words.items()], acts)
        runs.judge_run(self.verdict, ran, interrupted=False)
        is_empty = ran.code == 11 and not self._rows(self.source, "s")
        if ran.code and not is_empty:
            told = " ".join(ran.text.splitlines()[-1:])[:900]
            self.verdict.fault(f"exit {ran.code}", told)
        return ran.code

    def _judge(self) -> None:
        source, case = self._rows(self.source, "s"), self.case
        condition = "TRUE"
        if case.mode == "history":
            condition = TIMES[-1]
            self._judge_versions()
        elif case.gone == "soft" and self._has(DELETED_AT):
            condition = f"{DELETED_AT} IS NULL"
            dead = self._rows(self.dataset, "t", f"NOT ({condition})")
            self._tell("wrongly deleted", {row[0] for row in dead} & {row[0] for row in source})
        arrived = self._rows(self.dataset, "t", condition)
        self.verdict.rows += len(arrived)
        self.verdict.values += 5 * len(arrived)
        self._tell("missing", source - arrived)
        self._tell("resurrected" if case.gone else "ghost", self._more(arrived, source))
        self._tell("doubled", self._doubled(condition))

    def _doubled(self, condition: str) -> set[str]:
        sql = (
            f"SELECT TO_JSON_STRING(id) FROM `{PROJECT}.{self.dataset}.t` WHERE {condition}"
            " GROUP BY 1 HAVING COUNT(*) > 1"
        )
        return {key for (key,) in self.bench.client.query_and_wait(sql)}

    def _more(self, arrived: set[Row], source: set[Row]) -> set[Row]:
        """Rows that the source has not; where deleted ones stay, those that it never had."""
        return arrived - (source if self.case.gone else self.ever)

    def _judge_versions(self) -> None:
        names = ", ".join(TIMES)
        sql = f"SELECT TO_JSON_STRING(id), updated_at, {names} FROM `{PROJECT}.{self.dataset}.t`"
        rows = [tuple(row.values()) for row in self.bench.client.query_and_wait(sql)]
        versions = [Version((row[0],), *row[1:]) for row in rows]
        judge_versions(self.verdict, versions, loses=True)
        self._tell("never a row", self._rows(self.dataset, "t") - self.ever)

    def _tell(self, kind: str, found: set[Any]) -> None:
        if found:
            some = sorted(found, key=repr)[:MANY]
            self.verdict.fault(kind, f"{len(found)}, such as {some}")

    def _has(self, name: str) -> bool:
        table = self.bench.client.get_table(f"{PROJECT}.{self.dataset}.t")
        return name in {field.name for field in table.schema}

    def _rows(self, dataset: str, table: str, condition: str = "TRUE") -> set[Row]:
        fields = "TO_JSON_STRING(id), number, text, TO_JSON_STRING(array_), updated_at"
        sql = f"SELECT {fields} FROM `{PROJECT}.{dataset}.{table}` WHERE {condition}"
        try:
            return {tuple(row.values()) for row in self.bench.client.query_and_wait(sql)}
        except NotFound:
            return set()
