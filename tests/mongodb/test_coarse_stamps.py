"""Cursors whose stamps a view of MongoDB cuts, or a projection computes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.mongodb.conftest import Collection
from tests.sync import Sync

SMART = {"enable_smart_sync": "true", "smart_sync_margin": "0s", "late_commit_guard": "off"}
MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "_id"}
TRUNC = {"$dateTrunc": {"date": "$made", "unit": "hour"}}
MILLIS = {"$toLong": "$made"}
REST = {"$toDate": {"$subtract": [MILLIS, {"$mod": [MILLIS, 3_600_000]}]}}


def view(docs: Collection, name: str, over: str, *stages: dict[str, Any]) -> None:
    docs.database.command({"create": name, "viewOn": over, "pipeline": list(stages)})


@pytest.mark.parametrize("hour", [TRUNC, REST])
def test_documents_of_an_hour_that_come_after_a_run_arrive_by_the_lookback_or_not_at_all(
    sync: Sync, docs: Collection, hour: dict[str, Any]
) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    docs.insert_one({"_id": 1, "made": now - timedelta(minutes=110)})
    view(docs, "hours", docs.name, {"$set": {"updated_at": hour}})
    view(docs, "others", docs.name, {"$match": {"_id": 0}}, {"$unionWith": "hours"})
    view(docs, "above", "hours", {"$match": {"_id": {"$gt": 0}}}, {"$project": {"updated_at": 1}})
    for name in ("hours", "above", "others"):
        refused = sync(**SMART, mongodb_collection=name)
        assert (refused.code, "cursor whose stamps are cut" in refused.err) == (2, True)
    back = SMART | MERGE | {"mongodb_collection": "above", "smart_sync_lookback": "1h"}
    sync.ok(**back)
    docs.insert_one({"_id": 2, "made": now - timedelta(minutes=70)})
    sync.ok(**back)
    assert sync.rows("_id", order="_id") == [(1,), (2,)]
    assert sync(**back | {"smart_sync_lookback": "59m"}).code == 2
    uncut = {"smart_sync_timestamp_column": "made", "mongodb_collection": "hours"}
    sync.ok(**SMART | uncut | {"destination_bigquery_table": "uncut"})


def test_a_cursor_within_a_document_that_the_projection_computes_is_refused(
    sync: Sync, docs: Collection
) -> None:
    docs.insert_one({"_id": 1, "made": datetime(2025, 1, 1), "meta": {"at": datetime(2025, 1, 2)}})
    words = SMART | {"smart_sync_timestamp_column": "meta.at"}
    for projection in ({"meta.at": "$made"}, {"meta": {"at": "$made"}}):
        refused = sync(**words, mongodb_projection=json.dumps(projection))
        assert (refused.code, "computed cursor" in refused.err) == (2, True)
    sync.ok(**words, mongodb_projection=json.dumps({"meta": {"at": 1}}))
    assert sync.rows("meta_at") == [(datetime(2025, 1, 2, tzinfo=UTC),)]
