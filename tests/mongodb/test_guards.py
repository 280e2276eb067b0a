"""Writers that nobody can see: each cursor's guard on each kind of server, told in the plan."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import pytest
from pymongo import WriteConcern

from demo.mongodb_servers import MongodbServer
from sources.given_stamps import GivenStamps
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.inspector import inspecting
from sources.protocol import Inspector
from sources.secrets import Secret
from sources.values import Extract
from tests.mongodb.conftest import Client, Collection
from tests.mongodb.mongos import as_mongos
from tests.mongodb.test_failover import insert, lagging
from tests.mongodb.test_windows import SMART, ago, ids
from tests.sync import Sync

INTEGERS = SMART | {"smart_sync_timestamp_column": "seq", "partition_field": ""}
NO_TIME = timedelta(0)


@pytest.fixture
def things(replica_set: MongodbServer, docs: Collection) -> Iterator[Collection]:
    """The test's collection in the replica set."""
    with replica_set.client() as client:
        yield client[docs.database.name]["things"]
        client.drop_database(docs.database.name)


@contextmanager
def lifetime(client: Client, seconds: int) -> Iterator[None]:
    """Transactions that begin from now on live that long; older ones live on."""
    name = "transactionLifetimeLimitSeconds"
    client.admin.command({"setParameter": 1, name: seconds})
    try:
        yield
    finally:
        client.admin.command({"setParameter": 1, name: 60})


@contextmanager
def looking(url: str, things: Collection, cursor: str, query: str = "") -> Iterator[Inspector]:
    """An open look at the collection."""
    connection = MongodbConnection(things.database.name, things.name, Secret.of(url))
    with inspecting(connection, query, "", cursor) as inspector:
        yield inspector


def test_a_lower_integer_of_a_transaction_that_commits_after_the_run_is_not_lost(
    set_sync: Sync, things: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    client = things.database.client
    things.insert_many([{"_id": i, "seq": i} for i in (1, 2, 3)])
    words = INTEGERS | {"smart_sync_margin": "0s"}
    with client.start_session() as session, session.start_transaction():
        things.insert_one({"_id": 4, "seq": 4}, session=session)
        with lifetime(client, 1):
            time.sleep(3)  # 1.5 s, in whole seconds
            things.insert_one({"_id": 5, "seq": 5})
            set_sync.ok(**words)
            session.commit_transaction()
            time.sleep(3)
            # the time of an idle set is that of its last write, until it writes a no-op: up to 10 s
            things.database["others"].insert_one({})
            set_sync.ok(**words)
    assert "MAX of 1.5s before, since a replica set has transactions" in caplog.text
    assert ids(set_sync) == [1, 2, 3, 4, 5]
    assert [run["rows_read"] for run in set_sync.history()] == [3, 2]


def test_where_no_snapshot_is_kept_a_lower_integer_is_waited_for(
    replica_set: MongodbServer, things: Collection
) -> None:
    """A collection that was just made has no past: MAX is read first, the documents later."""
    client = things.database.client
    things.insert_many([{"seq": 1}, {"seq": 5}])
    with lifetime(client, 1), looking(replica_set.url, things, "seq") as inspector:
        started = time.monotonic()
        found, clock = inspector.integer_cursor("seq", wait=True, auto=True, margin=NO_TIME)
        assert (found, clock.blind_for) == (5, timedelta(seconds=1.5))
        assert time.monotonic() - started > 1.5


def test_an_integer_cursor_that_would_be_waited_for_too_long_is_refused(
    replica_set: MongodbServer, things: Collection
) -> None:
    things.insert_one({"seq": 1})
    with looking(replica_set.url, things, "seq") as inspector:
        margin = timedelta(hours=1)
        with pytest.raises(Exception, match="late_commit_guard") as caught:
            inspector.integer_cursor("seq", wait=True, auto=False, margin=margin)
        assert type(caught.value).__name__ == "ConfigError"
        assert inspector.integer_cursor("seq", wait=False, auto=False, margin=margin)[0] == 1


@pytest.mark.parametrize("cursor", ["seq", "m.seq"])
def test_max_of_an_integer_cursor_looks_into_no_array(
    docs: Collection, mongodb: MongodbServer, cursor: str
) -> None:
    odd: list[Any] = [[4, 99], "99", 98.0, bson.Decimal128("97"), {"seq": 96}, float("nan"), None]
    wrapped = [{"seq": value, "m": {"seq": value}} for value in (3, bson.Int64(7), *odd)]
    docs.insert_many([*wrapped, {"m": [{"seq": 95}]}, {}])
    with looking(mongodb.url, docs, cursor) as inspector:
        found, _ = inspector.integer_cursor(cursor, wait=False, auto=False, margin=NO_TIME)
    assert found == 7


def test_an_array_in_an_integer_cursor_is_a_dead_letter(sync: Sync, docs: Collection) -> None:
    many = 5_000  # so that a sample by chance meets hardly ever one of the others
    docs.insert_many([{"_id": i, "seq": i} for i in range(many)])
    odd: list[Any] = [[7], 3.0, bson.Decimal128("2")]
    docs.insert_many([{"_id": 2 * many + i, "seq": value} for i, value in enumerate(odd)])
    words = INTEGERS | {"smart_sync_margin": "0s", "mongodb_sample_size": "1"}
    assert sync(**words).code == 7
    sync.ok(**words, max_dead_letters="3")
    docs.insert_one({"_id": many, "seq": many})
    sync.ok(**words, max_dead_letters="3")
    assert ids(sync) == list(range(many + 1))
    told = {row[0] for row in sync.rows("reason", table="t_dead_letters")}
    assert {f"{kind}, where the column holds int" for kind in ("array", "double")} <= told


def test_behind_mongos_a_fixed_guard_is_named_and_reads_are_of_a_majority(
    replica_set: MongodbServer, things: Collection
) -> None:
    things.insert_one({"_id": 1, "at": ago(hours=1)})
    with as_mongos(replica_set.members[0]) as url, looking(url, things, "at") as inspector:
        clock = inspector.clock(guard=True)
        assert clock.blind_for == timedelta(seconds=120)
        assert "mongos shows neither transactions nor clocks" in clock.blind_spot
        assert "late_commit_guard" in clock.blind_spot
        source: Any = inspector.source(Extract(run_id="r"))
        assert source.at is not None
        assert inspector.integer_cursor("at", wait=False, auto=True, margin=NO_TIME)[0] is None


def test_object_ids_are_guarded_against_the_clocks_that_make_them(
    docs: Collection, mongodb: MongodbServer, replica_set: MongodbServer, things: Collection
) -> None:
    for collection in (docs, things):
        collection.insert_one({"at": ago(hours=1)})
    with looking(mongodb.url, docs, "_id") as inspector:
        clock = inspector.clock(guard=True)
        assert clock.blind_for == timedelta(seconds=60)
        assert "clocks of the applications that make them" in clock.blind_spot
        assert not inspector.clock(guard=False).blind_spot
    with looking(mongodb.url, docs, "at") as inspector:
        assert not inspector.clock(guard=True).blind_spot
    with looking(replica_set.url, things, "_id") as inspector:
        assert inspector.clock(guard=True).blind_for == timedelta(seconds=150)


def test_a_window_ends_where_a_lagging_secondary_ends(pair: MongodbServer) -> None:
    """Its clock says now, its documents are those of then."""
    with pair.client() as client:
        made = client["lag"]["things"].with_options(write_concern=WriteConcern(w=2))
        made.insert_one({"_id": 1, "at": datetime.now(UTC)})
    with lagging(pair) as behind:
        stuck = behind.admin.command("hello")["lastWrite"]["lastWriteDate"].replace(tzinfo=UTC)
        time.sleep(1.2)
        insert(pair, "lag", {"_id": 2, "at": datetime.now(UTC)})
        url = f"mongodb://{':'.join(map(str, behind.address or ()))}/?directConnection=true"
        with looking(url, made, "at") as inspector:
            bare, guarded = inspector.clock(guard=False), inspector.clock(guard=True)
    assert bare.now <= stuck + timedelta(seconds=1)
    assert guarded.blind_for == timedelta(seconds=90)
    assert "only secondaries can be reached" in guarded.blind_spot


def test_the_plan_tells_what_a_view_or_a_time_series_may_bring_late(
    docs: Collection, mongodb: MongodbServer
) -> None:
    database = docs.database
    docs.insert_one({"_id": 1, "at": ago(hours=1)})
    joining = [{"$lookup": {"from": "things", "localField": "a", "foreignField": "b", "as": "c"}}]
    database.create_collection("joined", viewOn="things", pipeline=joining)
    database.create_collection("plain", viewOn="things", pipeline=[{"$match": {"at": {"$gt": 1}}}])
    database.create_collection("over", viewOn="joined", pipeline=[{"$project": {"at": 1}}])
    database.create_collection("measured", timeseries={"timeField": "at"})
    database["measured"].insert_one({"at": ago(hours=1), "n": 1})

    def told(name: str) -> str:
        with looking(mongodb.url, database[name], "at") as inspector:
            return "\n".join(inspector.profile.notes)

    assert "the view has $lookup: what changes in it without a newer at" in told("joined")
    assert "the view has $lookup" in told("over")
    assert "the view has" not in told("plain")
    assert "measurements come late" in told("measured")


def test_what_a_query_or_view_keeps_from_every_window_is_told(
    docs: Collection, mongodb: MongodbServer
) -> None:
    docs.insert_many([{"_id": i, "at": ago(hours=1), "day": 20_250_101, "n": i} for i in (1, 2)])
    docs.create_index("n", unique=True)
    now: dict[str, Any] = {"$ifNull": ["$at", "$$NOW"]}
    pipeline = [{"$set": {"at": now}}, {"$limit": 5}]
    made = docs.database.create_collection("made", viewOn=docs.name, pipeline=pipeline)
    with looking(mongodb.url, made, "at") as inspector:
        assert inspector.profile.some == "$limit in its view"
        assert inspector.profile.given == GivenStamps('"$$NOW"', is_now=True)
    query = '{"$expr": {"$lte": ["$shown_from", "$$NOW"]}}'
    with looking(mongodb.url, docs, "at", query) as inspector:
        assert "$shown_from" in inspector.profile.ripening
    for cursor, repeats in (("day", True), ("n", False)):
        with looking(mongodb.url, docs, cursor) as inspector:
            assert inspector.profile.numbers.may_repeat is repeats
