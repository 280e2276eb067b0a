"""Smart sync of MongoDB: each kind of cursor, each end of a window, and who writes late."""

import json
import time
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import bson
import pytest
from pyarrow import RecordBatch

from demo.mongodb_servers import MongodbServer
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.inspector import inspecting
from sources.secrets import Secret
from sources.values import Extract, Split, Window
from tests.mongodb.conftest import Client, Collection
from tests.sync import PROJECT, Sync
from tests.unit.test_bson import column

NOW = datetime.now(UTC).replace(microsecond=0)
SMART = {"enable_smart_sync": "true", "enable_auto_schema": "true"}
MERGE = SMART | {"write_disposition": "WRITE_MERGE", "merge_keys": "_id"}


def ago(**words: float) -> datetime:
    """A stamp that long before now."""
    return NOW - timedelta(**words)


def ids(sync: Sync) -> list[Any]:
    """The keys that arrived."""
    return [row[0] for row in sync.rows("_id", order="_id")]


def read(sync: Sync) -> list[int]:
    """Documents read by each run."""
    return [run["rows_read"] for run in sync.history()]


def test_an_updated_document_is_merged_and_one_at_the_watermark_is_not_read_again(
    sync: Sync, docs: Collection
) -> None:
    docs.insert_many([{"_id": i, "n": 0, "updated_at": ago(hours=2)} for i in range(3)])
    sync.ok(**MERGE)
    later = ago(hours=2) + timedelta(milliseconds=1)
    docs.update_one({"_id": 1}, {"$set": {"n": 7, "updated_at": later}})
    sync.ok(**MERGE)
    assert sync.rows("_id, n", order="_id") == [(0, 0), (1, 7), (2, 0)]
    assert read(sync) == [3, 1]


def test_object_ids_are_a_cursor_by_the_time_in_them(sync: Sync, docs: Collection) -> None:
    def made(when: datetime) -> bson.ObjectId:
        return bson.ObjectId(
            bson.ObjectId.from_datetime(when).binary[:4] + bson.ObjectId().binary[4:]
        )

    words = SMART | {"smart_sync_timestamp_column": "_id", "partition_field": ""}
    old = [made(ago(hours=hours)) for hours in (5, 4, 3)]
    docs.insert_many([{"_id": one} for one in old])
    sync.ok(**words)
    new = [made(ago(minutes=20)), made(ago(minutes=10))]
    docs.insert_many([{"_id": one} for one in new])
    docs.insert_one({"_id": made(NOW + timedelta(hours=1))})
    sync.ok(**words)
    sync.ok(**words)
    assert ids(sync) == sorted(str(one) for one in old + new)
    assert read(sync) == [3, 2, 0]


def test_an_object_id_made_in_the_second_that_is_not_over_waits_for_the_next_run(
    sync: Sync, docs: Collection
) -> None:
    words = SMART | {"smart_sync_timestamp_column": "_id", "smart_sync_margin": "0s"}
    words |= {"late_commit_guard": "off"}
    docs.insert_one({"_id": bson.ObjectId.from_datetime(ago(hours=1))})
    made = 1
    for _ in range(3):  # whatever the second in which the run looks
        docs.insert_many([{"_id": bson.ObjectId()} for _ in range(3)])
        made += 3
        sync.ok(**words)
    time.sleep(1.1)
    sync.ok(**words)
    assert len(ids(sync)) == len(set(ids(sync))) == made


@pytest.mark.parametrize("kind", [int, bson.Int64])
def test_integers_are_a_cursor(sync: Sync, docs: Collection, kind: type) -> None:
    words = SMART | {"smart_sync_timestamp_column": "seq", "smart_sync_margin": "0s"}
    docs.insert_many([{"_id": i, "seq": kind(i)} for i in range(1, 5)])
    sync.ok(**words, partition_field="")
    docs.insert_many([{"_id": i, "seq": kind(i)} for i in (5, 6)])
    sync.ok(**words, partition_field="")
    assert ids(sync) == [1, 2, 3, 4, 5, 6]
    assert read(sync) == [4, 2]


def test_a_nested_field_is_a_cursor_and_gets_a_column_of_its_own(
    sync: Sync, docs: Collection
) -> None:
    words = SMART | {"smart_sync_timestamp_column": "meta.updated_at", "partition_field": ""}
    docs.insert_many(
        [{"_id": i, "meta": {"by": "x", "updated_at": ago(hours=2)}} for i in range(3)]
    )
    sync.ok(**words)
    docs.insert_one({"_id": 3, "meta": {"updated_at": ago(minutes=3)}})
    sync.ok(**words)
    assert read(sync) == [3, 1]
    assert sync.types()["meta_updated_at"] == "TIMESTAMP"
    assert sync.rows("meta_updated_at", order="_id")[3] == (ago(minutes=3),)


def test_documents_whose_cursor_is_of_another_type_are_told_and_never_skipped(
    sync: Sync, docs: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    docs.insert_many([{"_id": i, "updated_at": ago(hours=2)} for i in range(5)])
    sync.ok(**SMART)
    docs.insert_one({"_id": 5, "updated_at": ago(minutes=5)})
    odd: list[Any] = ["2025-07-01", 5, bson.Timestamp(1, 1), [ago(minutes=1)], {"at": 1}, True]
    docs.insert_many([{"_id": 10 + i, "updated_at": value} for i, value in enumerate(odd)])
    result = sync(**SMART)
    assert result.code == 7
    assert "1 document has a string in updated_at" in caplog.text
    assert ids(sync) == [0, 1, 2, 3, 4]
    sync.ok(**SMART, max_dead_letters="10")
    sync.ok(**SMART, max_dead_letters="10")
    assert ids(sync) == [0, 1, 2, 3, 4, 5]
    dead = sync.rows("value, reason", table="t_dead_letters", order="value")
    assert len(dead) == len(odd)
    assert ('"2025-07-01"', "string, where the column holds date") in dead


def test_documents_without_a_cursor_are_counted_and_told(
    sync: Sync, docs: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    docs.insert_many(
        [{"_id": 1, "updated_at": ago(hours=1)}, {"_id": 2}, {"_id": 3, "updated_at": None}]
    )
    sync.ok(**SMART)
    assert "2 rows have NULL in updated_at" in caplog.text
    assert ids(sync) == [1]


@pytest.mark.parametrize(
    "query",
    [
        '{"updated_at": {"$gt": {"$date": "{start_timestamp}"}}}',
        '{"updated_at": {"$gte": {start_timestamp}, "$lte": {end_timestamp}}}',
        '{"kind": "a"}',
    ],
)
def test_a_query_is_joined_to_the_window_and_may_say_it(
    sync: Sync, docs: Collection, query: str
) -> None:
    docs.insert_many([{"_id": i, "kind": "a", "updated_at": ago(hours=9 - i)} for i in range(4)])
    docs.insert_one(
        {"_id": 9, "kind": "b", "updated_at": ago(days=99999)}
    ) if "kind" in query else 0
    sync.ok(**SMART, mongodb_query=query)
    docs.insert_one({"_id": 5, "kind": "a", "updated_at": ago(minutes=1)})
    sync.ok(**SMART, mongodb_query=query)
    assert ids(sync) == [0, 1, 2, 3, 5]
    assert read(sync) == [4, 1]


def test_a_window_by_hand_replaces_its_partitions(sync: Sync, docs: Collection) -> None:
    days = [datetime(2025, 7, day, 12, tzinfo=UTC) for day in (1, 2, 3)]
    docs.insert_many([{"_id": i, "n": 0, "updated_at": day} for i, day in enumerate(days)])
    sync.ok(**SMART)
    docs.update_many({}, {"$set": {"n": 1}})
    hand = {
        "write_disposition": "WRITE_TRUNCATE",
        "sync_start": "2025-07-02",
        "sync_end": "2025-07-03",
    }
    sync.ok(**SMART, **hand)
    assert sync.rows("_id, n", order="_id") == [(0, 0), (1, 1), (2, 0)]


def test_the_plan_shows_the_query_the_evidence_and_the_sample(sync: Sync, docs: Collection) -> None:
    docs.insert_many(
        [{"_id": i, "v": i if i % 2 else "x", "updated_at": ago(hours=1)} for i in range(10)]
    )
    plan = json.loads(sync.ok(**SMART, plan_only="true", plan_format="json").out)
    assert plan["sql"][0].startswith(
        'db.getCollection("things").find({"$or": [{"updated_at": {"$gt"'
    )
    column = next(c for c in plan["columns"] if c["name"] == "v")
    assert column["bigquery_type"] == "JSON"
    assert column["evidence"] == "int 5, string 5; mixed types: each value keeps its own in JSON"
    assert any("all 10 documents" in note for note in plan["notes"])
    assert "t" not in sync.tables()


def commits_late(sync: Sync, client: Client, database: str, **words: str) -> list[Any]:
    """A document stamped in a transaction that is still open while a run reads the window."""
    things = client[database]["things"]
    things.insert_one({"_id": 1, "updated_at": datetime.now(UTC) - timedelta(hours=1)})
    with client.start_session() as session, session.start_transaction():
        things.insert_one({"_id": 2, "updated_at": datetime.now(UTC)}, session=session)
        things.insert_one({"_id": 3, "updated_at": datetime.now(UTC)})
        # what is newer than the stamps would move the watermark past them
        newer = {"_id": 4, "updated_at": datetime.now(UTC) + timedelta(milliseconds=2)}
        things.insert_one(newer)
        sync.ok(**SMART, smart_sync_margin="0s", **words)
        session.commit_transaction()
    sync.ok(**SMART, smart_sync_margin="0s", late_commit_guard="off")
    return ids(sync)


def test_a_transaction_that_commits_after_the_run_is_not_lost(
    set_sync: Sync, replica_set: MongodbServer, docs: Collection
) -> None:
    with replica_set.client() as client:
        try:
            assert commits_late(set_sync, client, docs.database.name) == [1, 2, 3, 4]
        finally:
            client.drop_database(docs.database.name)


def test_without_the_guard_it_is_lost(
    set_sync: Sync, replica_set: MongodbServer, docs: Collection
) -> None:
    with replica_set.client() as client:
        try:
            arrived = commits_late(set_sync, client, docs.database.name, late_commit_guard="off")
            assert arrived == [1, 3, 4]
        finally:
            client.drop_database(docs.database.name)


def test_a_sources_label_names_database_and_collection(sync: Sync, docs: Collection) -> None:
    docs.insert_one({"_id": 1, "updated_at": ago(hours=1)})
    sync.ok(**SMART)
    docs.database["other"].insert_one({"_id": 2, "updated_at": ago(hours=1)})
    refused = sync(**SMART, mongodb_collection="other")
    assert refused.code == 5
    assert "belongs to another source" in refused.err
    assert sync.client.get_table(f"{PROJECT}.{sync.dataset}.t").labels["sync_source"]


def test_the_snapshot_is_taken_after_the_window_was_chosen(
    replica_set: MongodbServer, docs: Collection
) -> None:
    """What was written before the clock was read may lie in the window, and has to be there."""
    connection = MongodbConnection(docs.database.name, "things", Secret.of(replica_set.url))
    with replica_set.client() as client:
        things = client[docs.database.name]["things"]
        things.insert_one({"_id": 1, "at": ago(hours=1)})
        with inspecting(connection, "", "", "at") as inspector:
            things.insert_one({"_id": 2, "at": NOW})
            end = inspector.clock(guard=False).now
            source = inspector.source(Extract("at", Window(ago(days=1), end), run_id="r"))
            things.insert_one({"_id": 3, "at": NOW})
        batches = list(source.with_columns((column("_id", "int"),)).read(Split(0)))
        client.drop_database(docs.database.name)
    found = [batch.column("_id").to_pylist() for batch in batches if isinstance(batch, RecordBatch)]
    assert list(chain.from_iterable(found)) == [1, 2]


ODD_CURSORS: dict[str, tuple[list[Any], Any, str]] = {
    "date": ([ago(hours=h) for h in (5, 4, 3)], "2025-07-01", "TIMESTAMP"),
    "integer": ([1, 2, 3], [2], "INTEGER"),
    "double among integers": ([1, 2, 3], 2.5, "INTEGER"),
    "objectId": ([bson.ObjectId(f"6400000{n}" + "0" * 16) for n in (1, 2, 3)], "abc", "STRING"),
}


@pytest.mark.parametrize("kind", ODD_CURSORS)
def test_a_value_of_another_type_in_the_sample_leaves_the_cursor_its_column(
    sync: Sync, docs: Collection, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    usual, odd, column_type = ODD_CURSORS[kind]
    words = SMART | {"smart_sync_timestamp_column": "c", "smart_sync_margin": "0s"}
    words |= {"partition_field": "", "late_commit_guard": "off", "max_dead_letters": "1"}
    docs.insert_many([{"_id": i, "c": value} for i, value in enumerate([*usual[:2], odd])])
    sync.ok(**words)
    docs.insert_one({"_id": 5, "c": usual[2]})
    sync.ok(**words)
    assert sync.types()["c"] == column_type
    assert sorted(ids(sync)) == [0, 1, 5]
    assert "become dead letters" in caplog.text
    assert [row[0] for row in sync.rows("column_name", table="t_dead_letters")] == ["c"]


def test_the_columns_type_decides_what_a_cursor_is_when_most_documents_have_another(
    sync: Sync, docs: Collection
) -> None:
    docs.insert_many([{"_id": i, "updated_at": ago(hours=9)} for i in range(2)])
    sync.ok(**SMART)
    docs.insert_many([{"_id": 10 + i, "updated_at": i} for i in range(5)])
    docs.insert_one({"_id": 3, "updated_at": ago(hours=1)})
    sync.ok(**SMART, max_dead_letters="5")
    assert ids(sync) == [0, 1, 3]
