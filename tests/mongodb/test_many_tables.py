"""Many collections in one launch."""

import json
from datetime import UTC, datetime

from tests.many_job import run_job


def test_collections_are_synced_by_their_id_and_views_by_name_only(sync, docs):
    database = docs.database
    for name, count in (("orders", 5), ("a.b", 3)):
        stamped = datetime(2025, 1, 1, tzinfo=UTC)
        database[name].insert_many({"_id": n, "updated_at": stamped} for n in range(count))
    database.create_collection("seen", viewOn="orders", pipeline=[])
    sync.defaults |= {
        "mongodb_collection": None,
        "destination_bigquery_table": None,
        "tables": "defaults: {enable_smart_sync: true, write_disposition: WRITE_MERGE,"
        " merge_keys: auto}\ntables: {'*': , a.b: {destination_bigquery_table: x_y}}\n",
    }
    assert sync.ok().out.splitlines()[-1].startswith("2 of 2 tables succeeded")
    assert (len(sync.rows("_id", "orders")), len(sync.rows("_id", "x_y"))) == (5, 3)
    database["orders"].insert_one({"_id": 9, "updated_at": datetime(2025, 1, 2, tzinfo=UTC)})
    sync.ok()
    assert sync.rows("_id", "orders")[-1] == (9,)
    result = sync(tables="tables: {seen: , none: }")
    assert (result.code, "no table named 'none'" in result.err) == (2, True)


def test_views_and_time_series_have_no_key_that_is_taken(sync, docs, caplog):
    docs.insert_one({"_id": 1, "updated_at": datetime(2025, 1, 1, tzinfo=UTC), "lines": [1, 2]})
    unwound = [{"$unwind": "$lines"}]
    docs.database.create_collection("unwound", viewOn=docs.name, pipeline=unwound)
    docs.database.create_collection("measured", timeseries={"timeField": "updated_at"})
    result = sync(
        mongodb_collection=None,
        destination_bigquery_table=None,
        tables="defaults: {write_disposition: WRITE_MERGE, merge_keys: auto}\n"
        "tables: {unwound: , measured: }\n",
    )
    assert result.code == 4
    assert caplog.text.count("no primary key") == 2


def test_what_documents_tell_only_decides_when_they_are_looked_at(sync, docs, caplog):
    stamp, database = datetime(2025, 1, 1, tzinfo=UTC), docs.database
    database["orders"].insert_one({"_id": 1, "updated_at": stamp})
    database["log"].insert_many({"_id": n} for n in range(3))
    database.create_collection("none_yet")
    words = "enable_smart_sync: true, write_disposition: WRITE_MERGE, merge_keys: auto"
    sync.defaults |= {"mongodb_collection": None, "destination_bigquery_table": None}

    def launched(policy, **more):
        text = f"defaults: {{{words}, without_cursor: {policy}}}\ntables: {{'*': }}\n"
        return sync(tables=text, **more)

    planned = json.loads(launched("replace", plan_only="true", plan_format="json").out)
    plans = {one["table"]: one for one in planned["tables"]}
    assert [plans[name]["is_skipped"] for name in ("log", "none_yet", "orders")] == [0, 1, 0]
    assert (planned["sum"]["planned"], planned["sum"]["skipped"]) == (2, 1)
    assert "no document" in plans["none_yet"]["error"]
    for _ in range(2):
        assert launched("replace").code == 0
        assert sync.rows("_id", "log") == [(0,), (1,), (2,)]
    assert "none_yet" not in sync.tables()
    database["log"].delete_one({"_id": 0})
    assert launched("skip").code == 0
    assert len(sync.rows("_id", "log")) == 3  # left alone
    assert launched("replace").code == 0
    assert sync.rows("_id", "log") == [(1,), (2,)]
    result = launched("fail")
    assert (result.code, caplog.text.count("unknown cursor column")) == (10, 1)
    database["none_yet"].insert_one({"_id": 7, "updated_at": stamp})
    assert launched("replace").code == 0
    assert sync.rows("_id", "none_yet") == [(7,)]


def test_a_collection_named_by_the_launch_too_is_told_twice(sync, docs):
    docs.insert_one({"_id": 1})
    result = sync(tables="tables: {things: }")
    assert (result.code, "tables told twice (mongodb_collection)" in result.err) == (2, True)


def test_a_server_out_of_reach_is_told_with_its_database_and_no_collection(sync):
    result = sync(
        mongodb_collection=None,
        destination_bigquery_table=None,
        mongodb_host=None,
        mongodb_port=None,
        mongodb_connection_string="mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100",
        tables="tables: {'*': }",
    )
    assert result.code == 3
    assert f"(mongodb://127.0.0.1:1/{sync.defaults['mongodb_database']})" in result.err


def test_collections_are_synced_by_one_job(sync, docs, monkeypatch):
    stamp = datetime(2025, 1, 1, tzinfo=UTC)
    for name, count in (("orders", 2), ("lines", 3000)):
        docs.database[name].insert_many({"_id": n, "updated_at": stamp} for n in range(count))
    sync.defaults |= {
        "mongodb_collection": None,
        "destination_bigquery_table": None,
        "tables": "defaults: {write_disposition: WRITE_APPEND}\n"
        "tables: {orders: , lines: {num_splits: 3}}\n",
    }
    _, errors = run_job(sync, monkeypatch)
    assert errors == []
    figures = [sync.rows("COUNT(DISTINCT _id), COUNT(*)", name)[0] for name in ("orders", "lines")]
    assert figures == [(2, 2), (3000, 3000)]
