"""Keys of a merge that no unique index of MongoDB has: their documents may become one."""

import datetime as dt

import pytest

from tests.mongodb.mongos import as_mongos

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


@pytest.mark.parametrize("key", [{"_id": 1}, {"_id": "hashed"}, {"region": 1}, None])
def test_an_id_that_is_not_the_shard_key_may_stand_on_two_shards(set_sync, replica_set, docs, key):
    with replica_set.client() as client, as_mongos(replica_set.members[0]) as url:
        things = client[docs.database.name][docs.name]
        things.insert_one({"_id": 1, "region": "eu", "moved": MOVED})
        known = client.config.collections
        if key:
            known.insert_one({"_id": things.full_name, "key": key})
        words = {**SYNC, "mongodb_connection_string": url}
        told = set_sync.ok(**words, merge_keys="_id").out
        assert (f"that _id {TOLD} (it does by _id, region)" in told) == (key == {"region": 1})
        assert (TOLD in told) == (key == {"region": 1})
        assert TOLD not in set_sync.ok(**words, merge_keys="_id,region").out
        refusing = {"configureFailPoint": "failCommand"}
        hidden = {"failCommands": ["find"], "errorCode": 13, "namespace": known.full_name}
        client.admin.command(refusing | {"mode": "alwaysOn", "data": hidden})
        told = set_sync.ok(**words, merge_keys="_id").out
        client.admin.command(refusing | {"mode": "off"})
        assert TOLD in told
        assert "grant the role read on the database config" in told
        known.delete_one({"_id": things.full_name})
        client.drop_database(docs.database.name)
