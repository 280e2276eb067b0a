"""A filter that lets other documents through than in the runs so far."""

from datetime import UTC, datetime, timedelta

from tests.mongodb.conftest import Collection
from tests.sync import Sync

NOW = datetime.now(UTC).replace(microsecond=0)
SMART = {"enable_smart_sync": "true", "enable_auto_schema": "true"}
TOLD = "what leaves rows out (query, view, filter or transform_sql) is another"


def test_another_filter_is_told(sync: Sync, docs: Collection) -> None:
    regions, old = ("eu", "us", "eu"), NOW - timedelta(hours=2)
    docs.insert_many([{"_id": i, "region": r, "updated_at": old} for i, r in enumerate(regions)])
    sync.ok(**SMART, mongodb_query='{"region": "eu", "_id": {"$gte": 0, "$lt": 9}}')
    same = '{"_id":{"$lt":9,"$gte":0},"region":"eu"}'
    assert TOLD not in sync.ok(**SMART, mongodb_query=same, plan_only="true").out
    assert TOLD in sync.ok(**SMART, mongodb_query='{"region": "us"}', plan_only="true").out
    assert TOLD in sync.ok(**SMART, plan_only="true").out
    assert len(sync.rows("_id")) == 2


def test_another_view_is_told(sync: Sync, docs: Collection) -> None:
    old = NOW - timedelta(hours=2)
    docs.insert_many([{"_id": i, "region": r, "updated_at": old} for i, r in enumerate("ab")])
    docs.database.command("create", "v", viewOn=docs.name, pipeline=[{"$match": {"region": "a"}}])
    reads = {**SMART, "mongodb_collection": "v"}
    sync.ok(**reads)
    same = [{"$match": {"region": "a"}}, {"$set": {"n": 1}}]
    docs.database.command("collMod", "v", viewOn=docs.name, pipeline=same)
    assert TOLD not in sync.ok(**reads, plan_only="true").out
    docs.database.command("collMod", "v", viewOn=docs.name, pipeline=[])
    assert TOLD in sync.ok(**reads, plan_only="true").out
