"""backfill_columns of documents: a field that is new gets its values in rows that are there."""

import datetime as dt

from tests.mongodb.conftest import Collection
from tests.sync import Sync

MAY = dt.datetime(2024, 5, 1)
WORDS = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "late_commit_guard": "0s",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "_id",
}


def test_a_new_field_is_filled_and_what_was_in_extra_stays(sync: Sync, docs: Collection) -> None:
    docs.insert_many({"_id": i, "n": i, "updated_at": MAY} for i in range(3))
    sync.ok(**WORDS)
    docs.update_many({}, [{"$set": {"channel": {"$concat": ["c", {"$toString": "$_id"}]}}}])
    docs.update_many({}, {"$inc": {"n": 100}})
    docs.insert_one({"_id": 9, "n": 9, "updated_at": MAY, "channel": "never synced"})
    sync.ok(**WORDS, backfill_columns="channel")
    assert sync.rows("_id, n, channel") == [(0, 0, "c0"), (1, 1, "c1"), (2, 2, "c2")]
    refused = sync(**WORDS, backfill_columns="_extra")
    assert (refused.code, "no column of their own" in refused.err) == (2, True)


def test_a_filter_on_what_has_no_column_is_refused_where_few_columns_are_read(
    sync: Sync, docs: Collection
) -> None:
    docs.insert_many({"_id": i, "n": i, "updated_at": MAY} for i in range(3))
    sync.ok(**WORDS)
    docs.update_many({}, {"$set": {"channel": "c"}})
    config = '{"filter": [["%s", "is null"]]}'
    refused = sync(**WORDS, backfill_columns="channel", transformation_config=config % "_extra")
    assert (refused.code, "filter on '_extra'" in refused.err) == (2, True)
    docs.update_one({"_id": 2}, {"$set": {"n": None}})
    sync.ok(**WORDS, backfill_columns="channel", transformation_config=config % "n")
    assert sync.rows("_id, n, channel") == [(0, 0, None), (1, 1, None), (2, 2, "c")]
