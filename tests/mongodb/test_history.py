"""WRITE_HISTORY of documents: versions by `_id` and a field of dates."""

import datetime as dt

HISTORY = {
    "enable_smart_sync": "true",
    "smart_sync_timestamp_column": "at",
    "late_commit_guard": "off",
    "write_disposition": "WRITE_HISTORY",
    "merge_keys": "_id",
}


def day(number):
    return dt.datetime(2024, 1, number, tzinfo=dt.UTC)


def test_versions_of_documents_are_kept_also_with_fields_that_come_later(sync, docs):
    docs.insert_many([{"_id": n, "state": "new", "at": day(n)} for n in (1, 2)])
    sync.ok(**HISTORY)
    docs.update_one({"_id": 1}, {"$set": {"state": "paid", "at": day(5), "price": 3}})
    result = sync.ok(**HISTORY)
    assert "1 row read, 2 published (1 versions added, 1 ends moved, 0 replaced)" in result.out
    columns = "_id, state, _sync_valid_from, _sync_valid_to, _sync_is_current"
    there = sync.rows(columns, order="_id, _sync_valid_from")
    assert there == [
        (1, "new", day(1), day(5), False),
        (1, "paid", day(5), None, True),
        (2, "new", day(2), None, True),
    ]
    sync.ok(**HISTORY, sync_start="2024-01-01", sync_end="2024-01-06")
    assert sync.rows(columns, order="_id, _sync_valid_from") == there


def test_the_version_of_a_document_that_vanished_ends(sync, docs):
    words = HISTORY | {"hard_deletes": "invalidate", "max_deleted_percent": "50"}
    docs.insert_many([{"_id": n, "state": "new", "at": day(n)} for n in (1, 2)])
    sync.ok(**words)
    docs.delete_one({"_id": 1})
    sync.ok(**words)
    there = sync.rows("_id, _sync_valid_to IS NULL, _sync_is_current")
    assert there == [(1, False, False), (2, True, True)]
    sync.ok(**words)
    assert sync.rows("_id, _sync_valid_to IS NULL, _sync_is_current") == there


def test_a_document_that_is_back_is_open_again_unless_it_is_later_than_the_window(sync, docs):
    words = HISTORY | {"hard_deletes": "invalidate", "max_deleted_percent": "100"}
    docs.insert_many([{"_id": n, "state": "new", "at": day(n)} for n in (1, 2, 3)])
    sync.ok(**words)
    docs.delete_many({"_id": {"$lt": 3}})
    sync.ok(**words)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    docs.insert_many([{"_id": 1, "state": "new", "at": day(1)}, {"_id": 2, "at": later}])
    sync.ok(**words)
    there = sync.rows("_id, _sync_valid_to IS NULL, _sync_is_current")
    assert there == [(1, True, True), (2, False, False), (3, True, True)]
