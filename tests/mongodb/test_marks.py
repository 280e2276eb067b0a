"""deleted_column of MongoDB: a field that few documents have, also within documents."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sources.mongodb.statement import unmarked
from tests.mongodb.conftest import Collection
from tests.sync import Sync

NOW = datetime.now(UTC).replace(microsecond=0)
FIRST, THEN = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
MERGE = {
    "enable_smart_sync": "true",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "_id",
}


def keys(sync: Sync) -> list[Any]:
    """The keys that are there."""
    return [row[0] for row in sync.rows("_id", order="_id")]


@pytest.mark.parametrize(
    ("field", "there", "mark"),
    [
        ("deleted_at", {}, {"deleted_at": THEN}),
        ("gone", {"gone": False}, {"gone": True}),
        ("gone", {}, {"gone": True}),
        ("meta.deleted_at", {"meta": {"by": "x"}}, {"meta.deleted_at": THEN}),
        ("meta.state.gone", {"meta": {"state": {"gone": False}}}, {"meta.state.gone": True}),
    ],
)
def test_a_marked_document_is_removed_wherever_its_mark_stands(
    sync: Sync, docs: Collection, field: str, there: Any, mark: Any
) -> None:
    words = MERGE | {"deleted_column": field}
    docs.insert_many([{"_id": i, "updated_at": FIRST, **there} for i in range(4)])
    docs.update_one({"_id": 3}, {"$set": mark})
    sync.ok(**words)
    assert keys(sync) == [0, 1, 2]
    docs.update_one({"_id": 1}, {"$set": {"updated_at": THEN, **mark}})
    docs.insert_one({"_id": 4, "updated_at": THEN, **there})
    sync.ok(**words)
    assert keys(sync) == [0, 2, 4]
    assert sync.history()[-1]["rows_deleted"] == 1


def test_a_mark_that_no_document_of_the_sample_has_is_looked_for(
    sync: Sync, docs: Collection
) -> None:
    words = MERGE | {"deleted_column": "gone", "mongodb_sample_size": "1", "deleted_rows": "soft"}
    docs.insert_many([{"_id": i, "updated_at": FIRST} for i in range(50)])
    docs.update_one({"_id": 30}, {"$set": {"gone": True}})
    sync.ok(**words)
    assert sync.rows("_id, _sync_deleted_at", order="_id")[29:31] == [(29, None), (30, FIRST)]
    docs.update_one({"_id": 30}, {"$unset": {"gone": ""}, "$set": {"updated_at": THEN}})
    sync.ok(**words)
    assert sync.rows("COUNT(_sync_deleted_at)", order="1") == [(0,)]


def test_a_mark_that_no_document_has_yet_is_taken_for_a_date(sync: Sync, docs: Collection) -> None:
    words = MERGE | {"deleted_column": "deleted_at"}
    docs.insert_many([{"_id": i, "updated_at": FIRST} for i in range(3)])
    assert "it is taken for a date" in sync.ok(**words, plan_only="true").out
    sync.ok(**words)
    docs.update_one({"_id": 1}, {"$set": {"updated_at": THEN, "deleted_at": THEN}})
    sync.ok(**words)
    assert keys(sync) == [0, 2]


def test_marks_of_several_types_are_refused(sync: Sync, docs: Collection) -> None:
    docs.insert_many([{"_id": 1, "updated_at": FIRST, "gone": True}])
    docs.insert_many([{"_id": 2, "updated_at": FIRST, "gone": "yes"}])
    result = sync(**MERGE, deleted_column="gone")
    assert result.code == 4
    assert "a column that can't mark rows (deleted_column, 'gone'): it is JSON" in result.err


def test_what_is_no_mark_leaves_no_document_out(docs: Collection) -> None:
    """A first load asks for documents without a mark; of another type it is a dead letter."""
    marks = [None, "", False, 0, [], [THEN], [True], THEN, True]
    docs.insert_many([{"_id": i, "m": {"at": mark}} for i, mark in enumerate(marks)])
    docs.insert_many([{"_id": 20, "m": [{"at": THEN}, {"at": True}]}, {"_id": 21}])
    asked = {is_flag: unmarked("m.at", is_flag=is_flag) for is_flag in (False, True)}
    left_out = {
        is_flag: {one["_id"] for one in docs.find({"$nor": [only]})}
        for is_flag, only in asked.items()
    }
    assert left_out == {False: {marks.index(THEN)}, True: {len(marks) - 1}}
