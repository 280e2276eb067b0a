"""Backfill of MongoDB: slices by a date, and by the time in an ObjectId."""

from datetime import UTC, datetime, timedelta

from bson import ObjectId

SMART = {
    "enable_smart_sync": "true",
    "enable_auto_schema": "true",
    "smart_sync_timestamp_column": "at",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "_id",
    "partition_type": "MONTH",
}
YEAR = {"sync_start": "2024-01-01", "sync_end": "2025-01-01", "backfill_by": "month"}
FIRST = datetime(2024, 1, 1, tzinfo=UTC)


def test_documents_are_loaded_by_month_and_once(sync, docs):
    docs.insert_many({"_id": n, "n": n, "at": FIRST + timedelta(days=n)} for n in range(366))
    result = sync.ok(**SMART | YEAR)
    assert "12 of 12 slices done: 366 rows read, 366 published" in result.out
    assert sync.rows("COUNT(*), COUNT(DISTINCT _id), SUM(n)") == [(366, 366, sum(range(366)))]
    assert "0 of 12 slices done, 12 before" in sync.ok(**SMART | YEAR).out


def test_a_field_of_old_documents_only_has_its_column_from_the_first_slice_on(sync, docs):
    """The columns are those of the whole range."""
    docs.insert_many(
        {"_id": n, "at": FIRST + timedelta(days=n)} | ({"old": n} if n < 40 else {})
        for n in range(366)
    )
    sync.ok(**SMART | YEAR)
    assert sync.rows("COUNT(*), COUNT(old)") == [(366, 40)]


def test_slices_by_the_time_in_an_object_id(sync, docs):
    days = [FIRST + timedelta(days=n, microseconds=0) for n in range(60)]
    docs.insert_many({"_id": ObjectId.from_datetime(day), "n": n} for n, day in enumerate(days))
    words = {"smart_sync_timestamp_column": "_id", "partition_field": ""}
    range_ = {"sync_start": "2024-01-01", "sync_end": "2024-03-01", "backfill_by": "month"}
    result = sync.ok(**SMART | words | range_)
    assert "2 of 2 slices done: 60 rows read" in result.out
    assert sync.rows("COUNT(*), COUNT(DISTINCT _id)") == [(60, 60)]
