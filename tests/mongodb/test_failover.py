"""Primaries and whole servers that go amid the rows: every document once, or exit 3 soon."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pymongo
import pytest
from pymongo.read_preferences import ReadPreference

from demo.mongodb_servers import Mongod, MongodbServer, mongodb_server
from sources.mongodb.client import connected, describe, indexes
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.inspector import inspecting
from sources.secrets import Secret
from tests.mongodb.conftest import NUMBERS, QUICK, Client, Collection
from tests.mongodb.test_faults import fill, of_set, sums
from tests.processes import until
from tests.sync import Result, Sync

ROWS = 3000
SOON = "?serverSelectionTimeoutMS=4000&connectTimeoutMS=4000&heartbeatFrequencyMS=1000"
"""An operator's own patience; without it a lost server is noticed after half a minute."""


def client_of(server: MongodbServer) -> Client:
    """A client that takes it calmly when the server is gone."""
    return server.client(serverSelectionTimeoutMS=3000)


@contextlib.contextmanager
def a_set(members: int = 3) -> Iterator[MongodbServer]:
    with mongodb_server(members=members, options=QUICK) as server, client_of(server) as client:
        majority(client["set"]["made"]).insert_one({})
        yield server


def majority(docs: Collection) -> Collection:
    return docs.with_options(write_concern=pymongo.WriteConcern(w="majority"))


def everywhere(docs: Collection, members: int = 3) -> Collection:
    """All members have what is written."""
    return docs.with_options(write_concern=pymongo.WriteConcern(w=members))


def primary_of(server: MongodbServer) -> Mongod:
    """The member that is primary; on a busy machine they may just elect one."""
    primaries = list[Mongod]()

    def is_elected() -> bool:
        alive = (member for member in server.members if member.process.poll() is None)
        primaries.extend(filter(is_primary, alive))
        return bool(primaries)

    until(is_elected)
    return primaries[0]


def is_primary(member: Mongod) -> bool:
    """What it says itself."""
    with member.client() as client:
        return bool(client.admin.command("hello").get("isWritablePrimary"))


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


@pytest.fixture(scope="module")
def trio() -> Iterator[MongodbServer]:
    with a_set() as server:
        yield server


def test_a_primary_that_steps_down_amid_the_rows_costs_no_document(
    sync: Sync, trio: MongodbServer
) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with client_of(trio) as client:
        fill(majority(client[name]["things"]), ROWS)
        of_set(sync, trio, name)
        primary = primary_of(trio)

        def go() -> None:
            with primary.client() as admin:
                admin.admin.command({"replSetStepDown": 30, "secondaryCatchUpPeriodSecs": 5})

        with amid_the_rows(sync, go) as done:
            result = sync.ok(num_splits="6", batch_size="100")
        assert done == [True]
        assert primary_of(trio) is not primary
        client.drop_database(name)
    assert f"{ROWS:,} rows read, {ROWS:,} published" in result.out
    sums(sync, ROWS)


def test_primaries_that_are_killed_cost_no_document_and_without_any_a_secondary_is_read(
    sync: Sync,
) -> None:
    """The first of three is killed amid the rows, the second before the next run."""
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with a_set() as server, client_of(server) as client:
        fill(everywhere(client[name]["things"]), ROWS)
        fill(everywhere(client[f"{name}_few"]["things"]), 300)
        of_set(sync, server, name)
        first = primary_of(server)
        with amid_the_rows(sync, first.process.kill) as done:
            result = sync.ok(num_splits="6", batch_size="100")
        assert done == [True]
        assert f"{ROWS:,} rows read, {ROWS:,} published" in result.out
        sums(sync, ROWS)
        second = primary_of(server)
        second.process.kill()
        second.process.wait()
        assert first.process.poll() is not None
        of_set(sync, server, f"{name}_few", "&readPreference=secondaryPreferred&" + SOON[1:])
        began = time.monotonic()
        result = sync.ok(
            max_retries="0", write_disposition="WRITE_TRUNCATE", accept_source_change="true"
        )
        assert time.monotonic() - began < 40, result.err
    sums(sync, 300)


@pytest.fixture
def short_lived() -> Iterator[MongodbServer]:
    """A server that a test may kill."""
    with mongodb_server(options=QUICK) as server, client_of(server) as client:
        fill(client["d"]["things"], ROWS)
        yield server


def test_a_server_that_is_killed_for_good_ends_the_run_with_3_in_bounded_time(
    sync: Sync, short_lived: MongodbServer
) -> None:
    of_set(sync, short_lived, "d", SOON)
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
    of_set(sync, short_lived, "d", SOON)
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


def test_rows_come_from_a_secondary_by_the_connection_strings_read_preference(
    sync: Sync, trio: MongodbServer
) -> None:
    name = f"test_{os.getpid()}_{next(NUMBERS)}"
    with trio.client() as client:
        fill(client[name]["things"], 300)
    for member in trio.members:
        with member.client() as client:
            client[name].command("profile", 2)
    of_set(sync, trio, name, "&readPreference=secondary")
    sync.ok(num_splits="3")
    sums(sync, 300)
    reads = reads_of(trio, name)
    assert reads.pop(primary_of(trio).address) == 0
    assert sum(reads.values()) >= 3


def let_lag(member: Client, mode: str) -> None:
    """alwaysOn: it applies nothing more of what the primary does; off: it catches up."""
    member.admin.command({"configureFailPoint": "rsSyncApplyStop", "mode": mode})


@contextlib.contextmanager
def lagging(server: MongodbServer) -> Iterator[Client]:
    """The secondary of two members, while it lags."""
    primary = primary_of(server)
    (behind,) = [member for member in server.members if member is not primary]
    with behind.client() as client:
        until(lambda: client.admin.command("hello")["secondary"])
        let_lag(client, "alwaysOn")
        try:
            yield client
        finally:
            let_lag(client, "off")


def insert(server: MongodbServer, name: str, *found: dict[str, Any]) -> None:
    """Documents that the primary has; others get them when they can."""
    with client_of(server) as client:
        things = client[name]["things"]
        things.with_options(write_concern=pymongo.WriteConcern(w=1)).insert_many(found)


def test_a_collection_that_a_lagging_member_has_not_seen_is_known_all_the_same(
    pair: MongodbServer,
) -> None:
    with lagging(pair) as behind:
        insert(pair, "unseen", {"n": 1})
        assert "unseen" not in behind.list_database_names()
        with connected(MongodbConnection("unseen", "things", Secret(plain=pair.url))) as ours:
            for _ in range(30):  # a member at random would be the lagging one by now
                assert describe(ours["unseen"], "things")
                assert len(indexes(ours["unseen"], "things")) == 1


def test_the_schema_is_what_a_secondary_shows_that_has_caught_up(pair: MongodbServer) -> None:
    with client_of(pair) as client:
        everywhere(client["behind"]["things"], members=2).insert_one({"old": 1})
    string = f"{pair.url}&readPreference=secondary"
    with lagging(pair) as behind:
        insert(pair, "behind", {"new": 1})
        soon = threading.Timer(2, let_lag, (behind, "off"))
        soon.start()
        connection = MongodbConnection("behind", "things", Secret(plain=string))
        with inspecting(connection, "", "things", "") as found:
            assert {"old", "new"} <= {column.name for column in found.profile.columns}
        soon.join()
