"""Cursors, connections and snapshots that are lost: every document once, or exit 3."""

import contextlib
import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from auto_schema.errors import SourceError
from demo.mongodb_servers import MongodbServer
from sources.mongodb.connection import MongodbConnection
from sources.secrets import Secret
from tests.contract.planning import Reading, a_request, reading_of
from tests.mongodb.conftest import NUMBERS, Client, Collection
from tests.sync import Sync

PAD = "x" * 20_000
"""600 of them are 12 MB: 101 come with the find, the others by getMore."""


def fill(docs: Collection, rows: int, pad: str = PAD) -> None:
    docs.insert_many([{"_id": n, "n": n, "pad": pad} for n in range(rows)])


def sums(sync: Sync, rows: int) -> None:
    """Fail unless each document arrived exactly once."""
    found = sync.rows("COUNT(*), COUNT(DISTINCT n), SUM(n)")
    assert found == [(rows, rows, rows * (rows - 1) // 2)]


@contextlib.contextmanager
def failing(client: Client, commands: list[str], times: int | None, **how: Any) -> Iterator[None]:
    """A server that fails so many of these commands of the program, and has; None: all of them."""
    mode: Any = {"times": times} if times else "alwaysOn"
    data = {"failCommands": commands, **how}
    point = {"configureFailPoint": "failCommand"}
    before = client.admin.command(point | {"mode": mode, "data": data})["count"]
    try:
        yield
    finally:
        count = client.admin.command(point | {"mode": "off"})["count"]
    assert count > before, f"no {commands} came"


class Runs:
    """Names the runs, so that a failpoint can tell the next one's reading from its planning."""

    number = 0

    def __init__(self) -> None:
        self._base = (os.getpid() & 0xFFFF) << 16 | next(NUMBERS) << 4

    def name(self, number: int) -> str:
        return f"20250722t150000-{self._base + number:08x}"

    def new(self, _: datetime) -> str:
        self.number += 1
        return self.name(self.number)

    @property
    def next(self) -> dict[str, Any]:
        """The commands that will read the rows of the next run."""
        return {"appName": f"bigquery-smart-sync {self.name(self.number + 1)}"}


@pytest.fixture
def rows_of(monkeypatch: pytest.MonkeyPatch) -> Runs:
    runs = Runs()
    monkeypatch.setattr("pipeline.cli.new_run_id", runs.new)
    return runs


PLANNING = {"appName": "bigquery-smart-sync"}
"""The commands that look at the source before a run."""


LOST_CURSOR = {"errorCode": 43}
CLOSED = {"closeConnection": True}
SHUT_DOWN = {"errorCode": 11600}


@pytest.mark.parametrize(
    "fault",
    [LOST_CURSOR, CLOSED, SHUT_DOWN],
    ids=lambda f: str(next(iter(f.items()))),
)
def test_a_cursor_that_is_lost_amid_the_rows_is_read_again_without_doubling(
    sync: Sync, docs: Collection, alone: Client, caplog: Any, fault: dict[str, Any], rows_of: Runs
) -> None:
    fill(docs, 600)
    with failing(alone, ["getMore"], 1, **rows_of.next, **fault):
        result = sync.ok()
    assert "split=0 attempt=0 lost its connection, again in" in caplog.text
    assert "600 rows read, 600 published" in result.out
    sums(sync, 600)
    assert not list(sync.temp.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("command", "fault"),
    [("getMore", LOST_CURSOR), ("getMore", CLOSED), ("find", CLOSED)],
    ids=["cursor", "connection", "connection of the find"],
)
def test_a_read_that_is_lost_each_time_ends_with_3_and_changes_nothing(
    sync: Sync, docs: Collection, alone: Client, command: str, fault: dict[str, Any], rows_of: Runs
) -> None:
    docs.insert_one({"_id": -1, "n": 7, "pad": "old"})
    sync.ok()
    fill(docs, 300)
    kept = sync.rows("n, pad")
    schema = sync.table().schema
    with failing(alone, [command], None, **rows_of.next, **fault):
        result = sync(write_disposition="WRITE_TRUNCATE", max_retries="1")
    assert result.code == 3, result.err
    assert result.err.count("SourceUnreachableError: source unreachable") == 1
    assert "Traceback" not in result.err
    assert "published" not in result.out.replace("0 published", "")
    assert (sync.rows("n, pad"), sync.table().schema) == (kept, schema)
    failed = sync.history()[-1]
    assert (failed["status"], failed["exit_code"], failed["rows_published"]) == ("failed", 3, 0)


def test_a_find_whose_connection_closes_is_sent_again(
    sync: Sync, docs: Collection, alone: Client, rows_of: Runs
) -> None:
    fill(docs, 300)
    with failing(alone, ["find"], 1, **rows_of.next, **CLOSED):
        sync.ok()
    sums(sync, 300)


def test_one_lost_cursor_of_many_splits_reads_only_that_split_again(
    sync: Sync, docs: Collection, alone: Client, caplog: Any, rows_of: Runs
) -> None:
    fill(docs, 2000, "x" * 200)
    with failing(alone, ["getMore"], 1, **rows_of.next, **LOST_CURSOR):
        result = sync.ok(num_splits="4")
    assert "attempt=0 lost its connection" in caplog.text
    assert caplog.text.count("lost its connection") == 1
    assert "2,000 rows read, 2,000 published" in result.out
    sums(sync, 2000)


@pytest.mark.parametrize("fault", [LOST_CURSOR, CLOSED], ids=["cursor", "connection"])
def test_a_sample_that_loses_its_connection_is_no_refusal_of_the_query(
    sync: Sync, docs: Collection, alone: Client, fault: dict[str, Any]
) -> None:
    fill(docs, 300)
    with failing(alone, ["getMore"], 1, **PLANNING, **fault):
        result = sync()
    if result.code:  # or the sample was taken again
        assert result.code == 3
        assert "SourceUnreachableError" in result.err
        assert "mongodb_query" not in result.err
    else:
        sums(sync, 300)


def test_a_refusal_is_not_tried_again(
    sync: Sync, docs: Collection, alone: Client, caplog: Any, rows_of: Runs
) -> None:
    fill(docs, 300)
    with failing(alone, ["find"], None, **rows_of.next, errorCode=13):
        result = sync()
    assert result.code == 3
    assert "lost its connection" not in caplog.text
    assert "role `read`" in result.err
    assert "t" not in sync.tables()


def of_set(sync: Sync, server: MongodbServer, name: str, more: str = "") -> None:
    """Lead the program to a collection of a set by its connection string."""
    sync.defaults |= {
        "mongodb_host": None,
        "mongodb_port": None,
        "mongodb_connection_string": server.url + more,
        "mongodb_database": name,
        "mongodb_collection": "things",
    }


def of_collection(server: MongodbServer, name: str, splits: int) -> Reading:
    connection = MongodbConnection(name, "things", Secret(plain=server.url))
    return reading_of(a_request("mongodb", connection, num_splits=splits, is_local=True))


def test_all_splits_of_a_replica_set_see_one_snapshot(replica_set: MongodbServer) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with replica_set.client() as client:
        docs = client[name]["things"]
        docs.insert_many([{"_id": n, "n": n, "state": "old"} for n in range(400)])
        reading = of_collection(replica_set, name, 8)
        assert reading.plan.reading.split_total == 8
        found = []
        for split in reading.plan.reading.splits:
            found += [(row["_id"], row["state"]) for row in reading.rows(split)]
            docs.update_many({}, {"$set": {"state": "new"}})
            docs.delete_many({"_id": {"$mod": [7, 3]}})
            docs.insert_one({"_id": 1000 + split.index, "state": "new"})
            docs.insert_one({"_id": split.index + 0.5, "state": "new"})
        again = [row["state"] for row in reading.rows()]
        client.drop_database(name)
    assert sorted(found) == [(n, "old") for n in range(400)]
    assert again == ["old"] * 400


def test_a_collection_that_is_dropped_while_it_is_read_is_no_empty_one(
    replica_set: MongodbServer,
) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with replica_set.client() as client:
        things = client[name]["things"]
        things.insert_many([{"_id": n, "n": n} for n in range(400)])
        reading = of_collection(replica_set, name, 4)
        first = reading.rows(reading.plan.reading.splits[0])
        things.drop()
        try:
            rest = [row for split in reading.plan.reading.splits[1:] for row in reading.rows(split)]
        except SourceError:
            return  # told aloud
        assert len(first) + len(rest) == 400


def test_a_member_that_does_not_catch_up_for_the_sample_is_told_as_such(
    sync: Sync, replica_set: MongodbServer
) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with replica_set.client() as client:
        fill(client[name]["things"], 30)
        of_set(sync, replica_set, name)
        with failing(client, ["count"], 1, errorCode=50):  # MaxTimeMSExpired
            result = sync()
        client.drop_database(name)
    assert result.code == 3, result.err
    assert "SourceUnreachableError" in result.err
    assert "lag behind" in result.err
    assert sync.tables() == set()


@pytest.mark.parametrize("code", [239, 246], ids=["SnapshotTooOld", "SnapshotUnavailable"])
def test_a_snapshot_that_is_gone_is_told_and_the_rows_are_read_all_the_same(
    sync: Sync, replica_set: MongodbServer, caplog: Any, code: int, rows_of: Runs
) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with replica_set.client() as client:
        docs = client[name]["things"]
        fill(docs, 300)
        of_set(sync, replica_set, name)
        with failing(client, ["find"], 1, **rows_of.next, errorCode=code):
            result = sync.ok(num_splits="3")
        client.drop_database(name)
    assert caplog.text.count("is read without the common snapshot") == 1
    assert "300 rows read, 300 published" in result.out
    sums(sync, 300)


def test_a_snapshot_that_goes_amid_the_rows_is_read_again_without_doubling(
    sync: Sync, replica_set: MongodbServer, caplog: Any, rows_of: Runs
) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with replica_set.client() as client:
        docs = client[name]["things"]
        fill(docs, 600)
        of_set(sync, replica_set, name)
        with failing(client, ["getMore"], 1, **rows_of.next, errorCode=239):
            sync.ok()
        client.drop_database(name)
    assert "attempt=0 lost its connection" in caplog.text
    sums(sync, 600)


def test_a_capped_collection_of_a_replica_set_is_read_and_told_of_truly(
    replica_set: MongodbServer, caplog: Any
) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with replica_set.client() as client:
        client[name].create_collection("things", capped=True, size=1 << 20)
        client[name]["things"].insert_many([{"_id": n, "n": n} for n in range(100)])
        reading = of_collection(replica_set, name, 5)
        assert sorted(reading.values("n")) == list(range(100))
        client.drop_database(name)
    assert "no longer keeps" not in caplog.text  # it never kept one of a capped collection
