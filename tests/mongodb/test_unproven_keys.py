"""Keys of a merge that no unique index of MongoDB has: their documents may become one."""

import datetime as dt

SYNC = {
    "enable_smart_sync": "true",
    "enable_auto_schema": "true",
    "smart_sync_timestamp_column": "moved",
    "late_commit_guard": "off",
    "write_disposition": "WRITE_MERGE",
    "plan_only": "true",
}
TOLD = "tells its rows apart"
MOVED = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)


def test_a_key_without_a_unique_index_is_told(sync, docs):
    docs.insert_one({"_id": 1, "email": "a@b", "moved": MOVED})
    told = sync.ok(**SYNC, merge_keys="email").out
    assert f"that email {TOLD} (it does by _id)" in told
    assert TOLD not in sync.ok(**SYNC, merge_keys="_id").out
    docs.create_index("email", unique=True)
    assert TOLD not in sync.ok(**SYNC, merge_keys="email").out


def test_a_view_that_unwinds_an_array_delivers_one_id_more_than_once(sync, docs):
    docs.insert_one({"_id": 1, "items": [{"n": 1}, {"n": 2}], "moved": MOVED})
    docs.database.create_collection("v", viewOn=docs.name, pipeline=[{"$unwind": "$items"}])
    told = sync.ok(**SYNC, merge_keys="_id", mongodb_collection="v").out
    assert f"that _id {TOLD}" in told
    docs.database.create_collection("w", viewOn=docs.name, pipeline=[{"$set": {"n": 1}}])
    assert TOLD not in sync.ok(**SYNC, merge_keys="_id", mongodb_collection="w").out
