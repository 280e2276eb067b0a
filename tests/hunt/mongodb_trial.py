"""A case of MongoDB being run: a replica set, its writes, the runs, and the verdict."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import struct
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import bson
import pymongo.errors
from bson.raw_bson import RawBSONDocument
from google.api_core.exceptions import GoogleAPICallError, NotFound

from demo.mongodb_servers import MongodbServer, mongodb_server
from smart_sync.deletes import DELETED_AT
from tests.hunt import repairs, runs
from tests.hunt.bench import Bench
from tests.hunt.case import Verdict
from tests.hunt.mongodb_oracle import Refusal, Target, difference, refusal, target_of, walk
from tests.hunt.steps import Repair
from tests.hunt.versions import TIMES, Version, judge_versions
from tests.sync import PROJECT

if TYPE_CHECKING:
    from tests.hunt.mongodb import MongodbCase, Put, Remove, Run

OURS = (DELETED_AT, *TIMES)
"""Columns of the destination that no field has made."""
LIFETIME_S = 1
"""Of a transaction, so that its guard is short."""
LATE_S = 0.7
QUIET_S = 3.2
"""Longer than every guard, and than a quiet set's time stands still: then each write is due."""
MANY = 4
FLAG = "is_gone"
"""The field that marks deleted documents."""
UNSEEN = "select_fields names fields that the source doesn't deliver"
"""A lawful refusal: the sample doesn't show a field that the case selects."""


@functools.cache
def server() -> MongodbServer:
    """The hunt's replica set, while the process lives."""
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    words = (f"transactionLifetimeLimitSeconds={LIFETIME_S}", "periodicNoopIntervalSecs=1")
    options = tuple(part for word in words for part in ("--setParameter", word))
    return stack.enter_context(mongodb_server(members=1, options=options))


@dataclass
class Writer:
    """Writes documents, and remembers each version that was committed."""

    things: Any
    cursor: str
    marks: bool = False
    versions: dict[int, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    threads: list[threading.Thread] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    """Keys that were deleted, and not written since."""
    _number: int = 0
    _held: set[int] = field(default_factory=set)
    """Keys that an open transaction writes: until it ends, nobody else writes them."""

    def do(self, step: Put | Remove) -> None:
        """Write or delete."""
        if hasattr(step, "documents"):
            self.put(step)
        else:
            self.remove(step.keys)

    def remove(self, keys: Sequence[int]) -> None:
        """Delete documents; those that an open transaction writes are left."""
        for key in keys:
            if key in self.versions and key not in self._held:
                self.things.delete_one({"_id": key})
                self.gone.add(key)

    def put(self, put: Put) -> None:
        """Write now, or in a transaction that ends a little later."""
        if put.late:
            self._held |= {key for key, _ in put.documents}
            opened = threading.Event()
            thread = threading.Thread(target=self._late, args=(put, opened))
            thread.start()
            self.threads.append(thread)
            opened.wait(10)
            return
        for key, raw in put.documents:
            if key in self._held:
                continue
            whole = self._stamped(key, raw)
            self.things.delete_one({"_id": key})
            self.things.insert_one(RawBSONDocument(whole))
            self.versions[key].append(whole)
            self.gone.discard(key)

    def _late(self, put: Put, opened: threading.Event) -> None:
        made = [(key, self._stamped(key, raw)) for key, raw in put.documents]
        try:
            with self.things.database.client.start_session() as session:
                session.start_transaction()
                documents = [RawBSONDocument(whole) for _, whole in made]
                self.things.insert_many(documents, session=session)
                opened.set()
                time.sleep(LATE_S)
                session.commit_transaction()
        except pymongo.errors.PyMongoError:  # it lived too long: nothing was written
            return
        else:
            for key, whole in made:
                self.versions[key].append(whole)
                self.gone.discard(key)
        finally:
            opened.set()
            self._held -= {key for key, _ in made}

    def _stamped(self, key: int, raw: bytes) -> bytes:
        self._number += 1
        value: Any = {
            "date": datetime.now(UTC),
            "integer": self._number,
            "objectId": bson.ObjectId(),
        }[self.cursor]
        flag = {FLAG: self._number % 3 == 0} if self.marks else {}
        first = bson.encode({"_id": key, "stamp": value, **flag})[4:-1]
        body = first + raw[4:-1]
        return struct.pack("<i", len(body) + 5) + body + b"\0"


def run_case(case: MongodbCase, bench: Bench) -> Verdict:
    """From the first document to the verdict."""
    name = bench.name("hunt")
    with bench.dataset() as dataset, server().client() as client:
        trial = Trial(case, bench, dataset, Writer(client[name]["things"], case.cursor, case.marks))
        try:
            return trial.run(name)
        finally:
            client.drop_database(name)


@dataclass
class Trial:
    """One case on the bench."""

    case: MongodbCase
    bench: Bench
    dataset: str
    writer: Writer
    verdict: Verdict = field(default_factory=Verdict)

    def run(self, database: str) -> Verdict:
        """Each step, then quiet, then a last run, which must bring what is left."""
        last: Run | None = None
        for step in self.case.steps:
            if isinstance(step, Repair):
                if last is not None:
                    self._repair(database, last, step.kind)
            elif not hasattr(step, "during"):
                self.writer.do(step)
            else:
                last = step
                if self._run(database, last) != 0:
                    return self.verdict
        for thread in self.writer.threads:
            thread.join()
        if last is None or not self.writer.versions:
            return self.verdict
        time.sleep(QUIET_S)
        if self._run(database, type(last)(last.words)) == 0:
            self._judge()
        return self.verdict

    def _run(self, database: str, run: Run) -> int:
        words = self._words(database) | dict(run.words)
        acts = {moment: functools.partial(self.writer.do, put) for moment, put in run.during}
        ran = self.bench.run([f"--{name}={value}" for name, value in words.items()], acts)
        self.verdict.runs += 1
        self.verdict.codes[ran.code] += 1
        if ran.code and not (ran.code == 2 and UNSEEN in ran.text):
            told = " ".join(ran.text.splitlines()[-1:])[:900]
            self.verdict.fault(f"exit {ran.code}", told)
        return ran.code

    def _repair(self, database: str, run: Run, kind: str) -> None:
        """What came of the runs so far is mended; no document may be lost or doubled by that."""
        own = self._words(database) | dict(run.words)
        words = repairs.words_for(kind, own, self._answers)
        if words is None:
            return
        ran = self.bench.run([f"--{name}={value}" for name, value in words.items()], {})
        runs.judge_run(self.verdict, ran, interrupted=False)
        if kind == repairs.UNDO and ran.code:
            self.verdict.fault("not undone", f"exit {ran.code}: {ran.text[-600:]}")

    def _answers(self, text: str) -> list[tuple[Any, ...]]:
        try:
            return [tuple(row.values()) for row in self._query(text)]
        except NotFound:
            return []

    def _words(self, database: str) -> dict[str, str]:
        case = self.case
        words = dict(case.words) | {
            "data_source": "mongodb",
            "mongodb_connection_string": server().url,
            "mongodb_database": database,
            "mongodb_collection": "things",
            "destination_bigquery_project": PROJECT,
            "destination_bigquery_dataset": self.dataset,
            "destination_bigquery_table": "t",
            "temp_location": str(self.bench.folder / self.dataset),
            "enable_auto_schema": "true",
            "partition_field": "",
            "max_dead_letters": "100000",
        }
        if Repair(repairs.UNDO) in case.steps:
            words["keep_snapshots"] = "true"
        if case.mode == "once":
            return words | {"write_disposition": "WRITE_TRUNCATE"}
        words |= {"enable_smart_sync": "true", "smart_sync_timestamp_column": "stamp"}
        words |= {"smart_sync_margin": "0s"}
        if case.cursor == "objectId":
            words["late_commit_guard"] = "2s"
        if case.mode == "merge":
            words |= {"write_disposition": "WRITE_MERGE", "merge_keys": "_id"}
        if case.mode == "history":
            words |= {"write_disposition": "WRITE_HISTORY", "merge_keys": "_id"}
        if case.gone:
            parameter = "hard_deletes" if case.gone == "invalidate" else "delete_missing"
            words |= {parameter: case.gone, "max_deleted_percent": "100"}
        return words | ({"deleted_column": FLAG} if case.marks else {})

    def _judge(self) -> None:
        try:
            table = self.bench.client.get_table(f"{PROJECT}.{self.dataset}.t")
            fields = [
                f"TO_JSON_STRING(`{f.name}`) AS `{f.name}`"
                if f.field_type == "JSON"
                else f"`{f.name}`"
                for f in table.schema
            ]
            rows = self._query(f"SELECT {', '.join(fields)} FROM {{d}}.t")
        except NotFound:
            rows, table = [], None
        except (GoogleAPICallError, ValueError, OverflowError) as error:
            self.verdict.fault("unreadable", f"{error!r:.300}")
            return
        every = table.schema if table is not None else ()
        schema = [field for field in every if field.name not in OURS]
        told = {f.name: target_of(f) for f in schema}
        if unknown := [name for name, target in told.items() if target is None]:
            self.verdict.fault("unmarked column", f"{unknown[:MANY]}")
        targets = [target for target in told.values() if target is not None]
        jsons = {f.name for f in schema if f.field_type == "JSON"}
        parsed = [
            {n: json.loads(v) if n in jsons and v is not None else v for n, v in row.items()}
            for row in rows
        ]
        self.verdict.rows += len(parsed)
        self.verdict.values += len(parsed) * len(schema)
        if self.case.mode == "history":
            self._compare_versions(targets, parsed)
        else:
            self._compare(targets, self._living(parsed))

    def _living(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The rows without those that say that they are deleted, as each must that is."""
        dead = [row["_id"] for row in rows if row.get(DELETED_AT) is not None]
        if wrong := set(dead) - self.writer.gone:
            self.verdict.fault("wrongly deleted", f"{len(wrong)} keys, e.g. {sorted(wrong)[:MANY]}")
        return [row for row in rows if row.get(DELETED_AT) is None]

    def _compare_versions(
        self, targets: Sequence[Target], rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Each row of a history is a version that was written, and the newest one is current."""
        case = self.case
        times = [Version((r["_id"],), r["stamp"], *(r[name] for name in TIMES)) for r in rows]
        judge_versions(self.verdict, times, loses=bool(case.gone))
        shows, written = shown(dict(case.words)), self.writer.versions
        for row in rows:
            made = written.get(row["_id"], [])
            if not any(_difference(raw, targets, row, shows) == "" for raw in made):
                self.verdict.fault("changed value", f"{row['_id']}: no version that was written")
        counted = Counter((row["_id"], row["stamp"]) for row in rows)
        if doubled := [version for version, n in counted.items() if n > 1]:
            self.verdict.fault("doubled", f"{len(doubled)} versions, e.g. {doubled[:MANY]}")
        self._compare(targets, [row for row in rows if row["_sync_is_current"]])

    def _compare(self, targets: Sequence[Target], rows: Sequence[Mapping[str, Any]]) -> None:
        counted = Counter(row["_id"] for row in rows)
        if doubled := [key for key, n in counted.items() if n > 1]:
            self.verdict.fault("doubled", f"{len(doubled)} keys, e.g. {doubled[:MANY]}")
        versions = self.writer.versions
        if ghosts := set(counted) - set(versions):
            self.verdict.fault("ghost", f"{len(ghosts)} keys, e.g. {sorted(ghosts)[:MANY]}")
        by_key = {row["_id"]: row for row in rows}
        dead, shows = self._letters(), shown(dict(self.case.words))
        exactly = dict(self.case.words).get("json_numbers") == "exact"
        lost, needless = [], []
        for key, made in versions.items():
            row = by_key.get(key)
            if key in self.writer.gone and self.case.gone:
                if row is not None:
                    self.verdict.fault("resurrected", f"{key} was deleted")
                continue
            if self.case.marks and is_marked(made[-1]):
                if row is not None and key not in dead:
                    self.verdict.fault("resurrected", f"{key} {made[-1].hex()[:400]}")
                continue
            why = refusal(made[-1], targets, shows, exactly=exactly)
            if row is None and key not in dead:
                lost.append(f"{key} {made[-1].hex()[:400]}")
            elif row is None and not why:
                needless.append(f"{key} {dead[key]} {made[-1].hex()[:400]}")
            elif row is not None:
                found = [_difference(raw, targets, row, shows) for raw in reversed(made)]
                if found[0] and not (key in dead and "" in found[1:]):
                    self.verdict.fault("changed value", f"{key}: {found[0]} {made[-1].hex()[:400]}")
        for kind, texts in (("missing", lost), ("needless dead letter", needless)):
            if texts:
                self.verdict.fault(kind, f"{len(texts)}: {texts[:MANY]}")

    def _letters(self) -> dict[int, str]:
        try:
            text = "SELECT TO_JSON_STRING(raw_row) AS raw, reason FROM {d}.t_dead_letters"
            rows = self._query(text)
        except NotFound:
            return {}
        found = dict[int, str]()
        for row in rows:
            pairs = json.loads(row["raw"], object_pairs_hook=lambda many: dict(reversed(many)))
            found[int(pairs["_id"])] = row["reason"]
        return found

    def _query(self, text: str) -> list[dict[str, Any]]:
        sql = text.format(d=f"`{PROJECT}`.`{self.dataset}`")
        return [dict(row) for row in self.bench.client.query_and_wait(sql)]


def shown(words: Mapping[str, str]) -> Callable[[str], bool]:
    """Whether the parameters let a field of a document through."""
    config = json.loads(words.get("transformation_config", "{}"))
    projection = json.loads(words.get("mongodb_projection", "{}"))
    without = {*config.get("exclude_fields", ())}
    without |= {name for name, flag in projection.items() if not flag}
    only = {*config.get("select_fields", ())} or {name for name, flag in projection.items() if flag}
    only |= {"_id"} if only else set()
    return lambda name: name not in without and (not only or name in only)


def is_marked(raw: bytes) -> bool:
    """Whether a document that was written says that it is deleted."""
    return any(name == FLAG.encode() and value == (0x08, b"\1") for name, value in walk(raw))


def _difference(
    raw: bytes, targets: Sequence[Target], row: Mapping[str, Any], shows: Callable[[str], bool]
) -> str:
    try:
        return difference(raw, targets, row, shows)
    except Refusal as why:
        return f"published, though {why}"
