"""delete_missing of MongoDB: by _id, from its index."""

import json
from datetime import UTC, datetime, timedelta

import bson
import pytest

from tests.mongodb.conftest import Collection
from tests.sync import Sync

PAST = datetime(2024, 5, 1, tzinfo=UTC)
WORDS = {
    "enable_smart_sync": "true",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "_id",
    "delete_missing": "hard",
    "max_deleted_percent": "50",
}
KEYS = {
    "objectId": lambda i: bson.ObjectId(f"{i:024x}"),
    "string": lambda i: f"kö{i};",
    "long": lambda i: bson.Int64(i * 10**15 - 5 * 10**16),
}


def filled(docs: Collection, kind: str) -> None:
    make = KEYS[kind]
    docs.insert_many(
        {"_id": make(i), "n": i, "updated_at": PAST + timedelta(hours=i)} for i in range(1, 101)
    )


def numbers(sync: Sync) -> list[int]:
    return [n for (n,) in sync.rows("n")]


@pytest.mark.parametrize("kind", KEYS)
def test_documents_that_are_gone_go_and_no_others(sync: Sync, docs: Collection, kind: str) -> None:
    filled(docs, kind)
    sync.ok(**WORDS)
    docs.delete_many({"n": {"$in": [3, 50]}})
    docs.update_one({"n": 4}, {"$set": {"updated_at": datetime(2999, 1, 1, tzinfo=UTC)}})
    docs.update_one({"n": 5}, {"$unset": {"updated_at": 1}})
    sync.ok(**WORDS)
    assert numbers(sync) == [i for i in range(1, 101) if i not in (3, 50)]
    run = sync.history()[-1]
    compared = json.loads(run["compared"])
    assert (run["rows_deleted"], compared["rows"], compared["source_rows"]) == (2, 100, 98)
    sync.ok(**WORDS)
    assert json.loads(sync.history()[-1]["compared"])["ranges_differing"] == 0
    make = KEYS[kind]
    new = ((200, PAST), (201, PAST + timedelta(days=9)), (202, None), (203, datetime(2999, 1, 1)))
    docs.insert_many({"_id": make(n), "n": n, "updated_at": at} for n, at in new)
    told = sync.ok(**WORDS, plan_only="true").out
    assert "the table lacks 1 key that the source has had since before" in told


def test_a_replica_set_is_read_in_one_snapshot_and_marks_are_cleared(
    set_sync: Sync, docs: Collection, replica_set: object
) -> None:
    with replica_set.client() as client:  # type: ignore[attr-defined]
        docs = client[docs.database.name][docs.name]
        filled(docs, "objectId")
        words = WORDS | {"delete_missing": "soft"}
        set_sync.ok(**words)
        (gone,) = docs.find({"n": 7})
        docs.delete_one({"n": 7})
        set_sync.ok(**words)
        assert [n for n, at in set_sync.rows("n, _sync_deleted_at") if at] == [7]
        docs.insert_one(gone)
        set_sync.ok(**words)
        assert [n for n, at in set_sync.rows("n, _sync_deleted_at") if at] == []


def test_an_empty_collection_stops_the_run(sync: Sync, docs: Collection) -> None:
    filled(docs, "objectId")
    sync.ok(**WORDS)
    docs.delete_many({"n": {"$gt": 1}})
    docs.update_one({"n": 1}, {"$set": {"keep": 1}})
    result = sync(**WORDS)
    assert result.code == 11
    assert "99 of the table's 100 rows are missing" in result.err
    assert len(numbers(sync)) == 100


def test_what_is_not_built_is_refused(sync: Sync, docs: Collection) -> None:
    filled(docs, "objectId")
    result = sync(**WORDS, repair="true", delete_missing_where='[["n", "=", 1]]')
    assert result.code == 2
    assert "mongodb makes no hashes of rows that BigQuery makes, too" in result.err
    assert "a window by hand (sync_start, sync_end) reads again what was written" in result.err
    assert "delete_missing_where of another source" in result.err
    sync.ok(**WORDS | {"merge_keys": "n"})
    result = sync(**WORDS | {"merge_keys": "n"})
    assert result.code == 3
    assert "of MongoDB only _id is compared" in result.err


def test_a_time_series_is_compared_and_documents_taken_by_chance_never(
    sync: Sync, docs: Collection
) -> None:
    made = docs.database.create_collection(docs.name, timeseries={"timeField": "updated_at"})
    made.insert_many({"_id": f"k{i}", "n": i, "updated_at": PAST} for i in range(30))
    sync.ok(**WORDS)
    assert len(numbers(sync)) == 30
    refused = sync(**WORDS, mongodb_query='{"$sampleRate": 0.9}', plan_only="true")
    assert refused.code == 2
    assert "rows that it leaves out another time would look deleted" in refused.err
    made.drop()
    made = docs.database.create_collection(docs.name, timeseries={"timeField": "updated_at"})
    made.insert_many({"_id": f"k{i}", "n": i, "updated_at": PAST} for i in range(29))
    sync.ok(**WORDS)
    assert numbers(sync) == list(range(29))


def test_keys_of_several_types_are_merged_and_compared_as_the_texts_of_a_view(
    sync: Sync, docs: Collection
) -> None:
    docs.insert_many({"_id": i, "n": i, "updated_at": PAST} for i in (1, 2.5))
    docs.insert_many({"_id": f"k{i}", "n": i, "updated_at": PAST} for i in (3, 4))
    refused = sync(**WORDS)
    assert refused.code == 2
    assert 'a view: [{"$set": {"_id": {"$toString": "$_id"}}}]' in refused.err
    texts = [{"$set": {"_id": {"$toString": "$_id"}}}]
    docs.database.create_collection("texts", viewOn=docs.name, pipeline=texts)
    words = WORDS | {"mongodb_collection": "texts"}
    sync.ok(**words)
    docs.delete_one({"_id": "k3"})
    docs.update_one({"_id": 1}, {"$set": {"n": 9, "updated_at": PAST + timedelta(hours=1)}})
    sync.ok(**words)
    assert sync.rows("_id, n") == [("1", 9), ("2.5", 2.5), ("k4", 4)]
