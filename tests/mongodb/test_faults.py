"""Cursors, connections, primaries and snapshots that are lost: every document once, or exit 3."""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from google.cloud import bigquery
from pymongo.read_preferences import ReadPreference

from demo.mongodb_servers import Mongod, MongodbServer, mongodb_server
from sources.mongodb import MongodbConnection
from sources.secrets import Secret
from tests.contract.planning import Reading, a_request, reading_of
from tests.mongodb.conftest import FAILPOINTS, NUMBERS, Client, Collection
from tests.sync import Result, Sync

ROWS = 3000
PAD = "x" * 20_000
"""3,000 of them are 60 MB: four raw batches of 16 MB, so that a read lasts."""


def fill(docs: Collection, rows: int = ROWS, pad: str = PAD) -> None:
    docs.insert_many([{"_id": n, "n": n, "pad": pad} for n in range(rows)])


def sums(sync: Sync, rows: int = ROWS) -> None:
    """Fail unless each document arrived exactly once."""
    found = sync.rows("COUNT(*), COUNT(DISTINCT n), SUM(n)")
    assert found == [(rows, rows, rows * (rows - 1) // 2)]


@contextlib.contextmanager
def failing(client: Client, commands: list[str], times: int | None, **how: Any) -> Iterator[None]:
    """A server that fails so many of these commands of the program; None: all of them."""
    mode: Any = {"times": times} if times else "alwaysOn"
    data = {"failCommands": commands, **how}
    client.admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": data})
    try:
        yield
    finally:
        client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})


def of_rows(docs: Collection) -> dict[str, Any]:
    """Only commands on the test's own collection."""
    return {"namespace": f"{docs.database.name}.{docs.name}"}


LOST_CURSOR = {"errorCode": 43}
CLOSED = {"closeConnection": True}
STEPPED_DOWN = {"errorCode": 189}
SHUT_DOWN = {"errorCode": 11600}


@pytest.mark.parametrize(
    "fault", [LOST_CURSOR, CLOSED, STEPPED_DOWN, SHUT_DOWN], ids=lambda f: str(next(iter(f.items())))
)
def test_a_cursor_that_is_lost_amid_the_rows_is_read_again_without_doubling(
    sync: Sync, docs: Collection, alone: Client, caplog: Any, fault: dict[str, Any]
) -> None:
    fill(docs, 600, "x" * 60_000)
    with failing(alone, ["getMore"], 1, **of_rows(docs), **fault):
        result = sync.ok(mongodb_sample_size="1", enable_auto_schema="false")
    if "lost its connection" not in caplog.text:  # the sample met it, and went on
        pytest.fail(f"nothing is logged of the lost cursor:\n{caplog.text}\n{result.err}")
    assert "split=0 attempt=0 lost its connection, again in" in caplog.text
    assert "600 rows read, 600 published" in result.out
    sums(sync, 600)
    assert not list(sync.temp.rglob("*.parquet"))


@pytest.mark.parametrize("command", ["getMore", "find"])
@pytest.mark.parametrize("fault", [LOST_CURSOR, CLOSED], ids=["cursor", "connection"])
def test_a_read_that_is_lost_each_time_ends_with_3_and_changes_nothing(
    sync: Sync, docs: Collection, alone: Client, command: str, fault: dict[str, Any]
) -> None:
    docs.insert_one({"_id": -1, "n": 7, "pad": "old"})
    sync.ok()
    fill(docs, 300)
    kept = sync.rows("n, pad")
    schema = sync.table().schema
    with failing(alone, [command], None, **of_rows(docs), **fault):
        result = sync(write_disposition="WRITE_TRUNCATE", max_retries="1")
    assert result.code == 3, result.err
    assert result.err.count("SourceUnreachableError: source unreachable") == 1
    assert "Traceback" not in result.err
    assert (sync.rows("n, pad"), sync.table().schema) == (kept, schema)
    failed = sync.history()[-1]
    assert (failed["status"], failed["exit_code"], failed["rows_published"]) == ("failed", 3, 0)


def test_a_find_whose_connection_closes_is_sent_again(
    sync: Sync, docs: Collection, alone: Client
) -> None:
    fill(docs, 300)
    with failing(alone, ["find"], 1, **of_rows(docs), **CLOSED):
        sync.ok()
    sums(sync, 300)


def test_one_lost_cursor_of_many_splits_reads_only_that_split_again(
    sync: Sync, docs: Collection, alone: Client, caplog: Any
) -> None:
    fill(docs, 2000, "x" * 200)
    with failing(alone, ["getMore"], 1, **of_rows(docs), **LOST_CURSOR):
        result = sync.ok(num_splits="4", mongodb_sample_size="1")
    assert "attempt=0 lost its connection" in caplog.text
    assert caplog.text.count("lost its connection") == 1
    assert "2,000 rows read, 2,000 published" in result.out
    sums(sync, 2000)


@pytest.mark.parametrize("fault", [LOST_CURSOR, CLOSED], ids=["cursor", "connection"])
def test_a_sample_that_loses_its_connection_once_is_taken_again(
    sync: Sync, docs: Collection, alone: Client, fault: dict[str, Any]
) -> None:
    fill(docs, 300)
    with failing(alone, ["aggregate"], 1, **of_rows(docs), **fault):
        sync.ok()
    sums(sync, 300)


def test_a_refusal_is_not_tried_again(
    sync: Sync, docs: Collection, alone: Client, caplog: Any
) -> None:
    fill(docs, 300)
    with failing(alone, ["find"], None, **of_rows(docs), errorCode=13):
        result = sync()
    assert result.code == 3
    assert "lost its connection" not in caplog.text
    assert "role `read`" in result.err
    assert sync.tables() <= {"sync_runs", "sync_runs_latest", "_sync_lock_t"}


@contextlib.contextmanager
def a_set(members: int = 3) -> Iterator[MongodbServer]:
    with mongodb_server(members=members, options=FAILPOINTS) as server, server.client() as client:
        majority(client["set"]["made"]).insert_one({})
        yield server


def majority(docs: Collection) -> Collection:
    return docs.with_options(write_concern=pymongo.WriteConcern(w="majority"))


def primary_of(server: MongodbServer) -> Mongod:
    """The member that is primary now."""
    for member in server.members:
        if member.process.poll() is None:
            with member.client() as client:
                if client.admin.command("hello").get("isWritablePrimary"):
                    return member
    raise AssertionError("no primary")


def of_set(sync: Sync, server: MongodbServer, name: str, more: str = "") -> None:
    """Lead the program to a collection of a set by its connection string."""
    sync.defaults |= {
        "mongodb_host": None,
        "mongodb_port": None,
        "mongodb_connection_string": server.url + more,
        "mongodb_database": name,
        "mongodb_collection": "things",
    }


@contextlib.contextmanager
def amid_the_rows(sync: Sync, act: Callable[[], None]) -> Iterator[list[bool]]:
    """Do something once, as soon as rows of the run are staged."""
    done, over = list[bool](), threading.Event()

    def wait() -> None:
        while not over.wait(0.005):
            if list(sync.temp.rglob("*.parquet*")):
                act()
                done.append(True)
                return

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("how", ["steps down", "is killed"])
def test_a_primary_that_goes_amid_the_rows_costs_no_document(
    sync: Sync, how: str, caplog: Any
) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with a_set() as server, server.client() as client:
        fill(majority(client[name]["things"]))
        of_set(sync, server, name)
        primary = primary_of(server)

        def go() -> None:
            if how == "is killed":
                primary.process.send_signal(signal.SIGKILL)
                return
            with primary.client() as admin:
                admin.admin.command({"replSetStepDown": 30, "secondaryCatchUpPeriodSecs": 5})

        with amid_the_rows(sync, go) as done:
            result = sync.ok(num_splits="6", batch_size="100")
        assert done == [True]
        assert primary.process.poll() is not None or primary_of(server) is not primary
    assert f"{ROWS:,} rows read, {ROWS:,} published" in result.out
    sums(sync)


@pytest.fixture
def short_lived(docs: Collection) -> Iterator[MongodbServer]:
    """A server that a test may kill."""
    with mongodb_server() as server, server.client() as client:
        fill(client["d"]["things"])
        yield server


def test_a_server_that_is_killed_for_good_ends_the_run_with_3_in_bounded_time(
    sync: Sync, short_lived: MongodbServer
) -> None:
    of_set(sync, short_lived, "d")
    kill = short_lived.members[0].process.kill
    began = time.monotonic()
    with amid_the_rows(sync, kill) as done:
        result = sync(batch_size="100", max_retries="0", num_splits="4")
    assert done == [True]
    one_clear_message(result, began, 25)
    assert "t" not in sync.tables()


def test_a_server_that_hangs_ends_the_run_with_3_in_bounded_time(
    sync: Sync, short_lived: MongodbServer
) -> None:
    of_set(sync, short_lived, "d")
    process = short_lived.members[0].process
    began = time.monotonic()
    try:
        with amid_the_rows(sync, lambda: process.send_signal(signal.SIGSTOP)) as done:
            result = sync(batch_size="100", max_retries="0", num_splits="4")
    finally:
        process.send_signal(signal.SIGCONT)
    assert done == [True]
    one_clear_message(result, began, 60)


def one_clear_message(result: Result, began: float, seconds: float) -> None:
    took = time.monotonic() - began
    assert result.code == 3, result.err
    assert took < seconds, f"{took:.0f} s"
    assert result.err.count("SourceUnreachableError") == 1
    assert "Traceback" not in result.err
    message = next(line for line in result.err.splitlines() if "SourceUnreachableError" in line)
    assert "127.0.0.1" in message
    assert "firewall" in message
    assert len(message) < 900


@pytest.fixture(scope="module")
def trio() -> Iterator[MongodbServer]:
    with a_set() as server:
        yield server


def reads_of(server: MongodbServer, name: str) -> dict[str, int]:
    """Member → queries of the test's collection that it has answered, by the profiler."""
    found = {}
    for member in server.members:
        with member.client() as client:
            database = client.get_database(name, read_preference=ReadPreference.NEAREST)
            found[member.address] = database["system.profile"].count_documents(
                {"ns": f"{name}.things", "op": {"$in": ["query", "getmore"]}}
            )
    return found


@pytest.mark.parametrize("preference", ["secondary", "secondaryPreferred"])
def test_rows_come_from_a_secondary_by_the_connection_strings_read_preference(
    sync: Sync, trio: MongodbServer, preference: str
) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with trio.client() as client:
        fill(majority(client[name]["things"]), 300)
    for member in trio.members:
        with member.client() as client:
            client[name].command("profile", 2)
    of_set(sync, trio, name, f"&readPreference={preference}")
    sync.ok(num_splits="3")
    sums(sync, 300)
    reads = reads_of(trio, name)
    assert reads.pop(primary_of(trio).address) == 0
    assert sum(reads.values()) >= 3


def test_a_secondary_is_read_while_there_is_no_primary(sync: Sync) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with a_set() as server:
        with server.client() as client:
            everywhere = pymongo.WriteConcern(w=3)
            fill(client[name]["things"].with_options(write_concern=everywhere), 300)
        primary = primary_of(server)
        for member in [m for m in server.members if m is not primary][:1] + [primary]:
            member.process.kill()
            member.process.wait()
        of_set(sync, server, name, "&readPreference=secondaryPreferred")
        began = time.monotonic()
        result = sync.ok(max_retries="0")
        assert time.monotonic() - began < 40, result.err
    sums(sync, 300)


def of_collection(server: MongodbServer, name: str, splits: int) -> Reading:
    connection = MongodbConnection(name, "things", Secret(plain=server.url))
    return reading_of(a_request("mongodb", connection, num_splits=splits, is_local=True))


def test_all_splits_of_a_replica_set_see_one_snapshot(replica_set: MongodbServer) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with replica_set.client() as client:
        docs = client[name]["things"]
        docs.insert_many([{"_id": n, "n": n, "state": "old"} for n in range(400)])
        reading = of_collection(replica_set, name, 8)
        assert reading.plan.split_total == 8
        found = []
        for split in reading.plan.splits:
            found += [(row["_id"], row["state"]) for row in reading.rows(split)]
            docs.update_many({}, {"$set": {"state": "new"}})
            docs.delete_many({"_id": {"$mod": [7, 3]}})
            docs.insert_many([{"_id": docs.count_documents({}) + 1000 + n} for n in range(1)])
            docs.insert_one({"_id": split.index + 0.5, "state": "new"})
        again = [row["state"] for row in reading.rows()]
        client.drop_database(name)
    assert sorted(found) == [(n, "old") for n in range(400)]
    assert again == ["old"] * 400


def test_a_collection_that_is_dropped_while_it_is_read_is_no_empty_one(
    replica_set: MongodbServer, alone: Client, docs: Collection, mongodb: MongodbServer
) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with replica_set.client() as client:
        things = client[name]["things"]
        things.insert_many([{"_id": n, "n": n} for n in range(400)])
        reading = of_collection(replica_set, name, 4)
        first = reading.rows(reading.plan.splits[0])
        things.drop()
        try:
            rest = [row for split in reading.plan.splits[1:] for row in reading.rows(split)]
        except Exception as error:  # told aloud
            assert type(error).__module__ == "auto_schema.errors"
        else:
            assert len(first) + len(rest) == 400


@pytest.mark.parametrize("code", [239, 246], ids=["SnapshotTooOld", "SnapshotUnavailable"])
def test_a_snapshot_that_is_gone_is_told_and_the_rows_are_read_all_the_same(
    sync: Sync, replica_set: MongodbServer, caplog: Any, code: int
) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with replica_set.client() as client:
        docs = client[name]["things"]
        fill(docs, 300)
        of_set(sync, replica_set, name)
        with failing(client, ["find"], 1, **of_rows(docs), errorCode=code):
            result = sync.ok(num_splits="3")
        client.drop_database(name)
    assert caplog.text.count("is read without the common snapshot") == 1
    assert "300 rows read, 300 published" in result.out
    sums(sync, 300)


def test_a_snapshot_that_goes_amid_the_rows_is_read_again_without_doubling(
    sync: Sync, replica_set: MongodbServer, caplog: Any
) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with replica_set.client() as client:
        docs = client[name]["things"]
        fill(docs, 600, "x" * 60_000)
        of_set(sync, replica_set, name)
        with failing(client, ["getMore"], 1, **of_rows(docs), errorCode=239):
            sync.ok(mongodb_sample_size="1")
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


def test_a_window_of_a_set_is_exact_and_its_run_says_what_it_waits_for(
    sync: Sync, replica_set: MongodbServer, client: bigquery.Client, tmp_path: Path
) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with replica_set.client() as source:
        fill(source[name]["things"], 300, "x")
        of_set(sync, replica_set, name)
        plan = json.loads(sync.ok(plan_only="true", plan_format="json", num_splits="5").out)
        source.drop_database(name)
    assert plan["splits"]["count"] == 5
    assert plan["source"]["place"] if "place" in plan.get("source", {}) else True
