"""MongoDB → BigQuery, end to end on real servers."""

import json
from datetime import UTC, datetime, timedelta

import bson

from tests.mongodb.conftest import Collection
from tests.sync import Sync

NOW = datetime.now(UTC).replace(microsecond=0)


def test_documents_arrive_as_rows_with_the_types_that_a_sample_shows(
    sync: Sync, docs: Collection
) -> None:
    one, two = bson.ObjectId(), bson.ObjectId()
    docs.insert_many(
        [
            {"_id": one, "name": "Ada", "age": 36, "at": NOW, "address": {"city": "London"}},
            {"_id": two, "name": "Grace", "age": 85, "tags": ["a", "b"], "paid": 1.5},
        ]
    )
    result = sync.ok(enable_auto_schema="true", partition_field="")
    assert sync.types() == {
        "_id": "STRING",
        "name": "STRING",
        "age": "INTEGER",
        "at": "TIMESTAMP",
        "address": "JSON",
        "tags": "STRING[]",
        "paid": "FLOAT",
        "_extra": "JSON",
    }, result.err
    rows = sync.rows("_id, name, age, `at`, address, tags, paid, _extra", order="name")
    assert rows == [
        (str(one), "Ada", 36, NOW, {"city": "London"}, [], None, None),
        (str(two), "Grace", 85, None, None, ["a", "b"], 1.5, None),
    ]


def test_the_next_run_reads_only_what_is_new(sync: Sync, docs: Collection) -> None:
    old = NOW - timedelta(hours=2)
    docs.insert_many([{"_id": i, "updated_at": old} for i in range(5)])
    words = {"enable_smart_sync": "true", "enable_auto_schema": "true"}
    sync.ok(**words)
    docs.insert_many([{"_id": i, "updated_at": NOW - timedelta(minutes=5)} for i in (5, 6)])
    sync.ok(**words)
    sync.ok(**words)
    assert [row[0] for row in sync.rows("_id")] == list(range(7))
    assert [run["rows_read"] for run in sync.history()] == [5, 2, 0]


def test_a_field_that_was_not_sampled_goes_to_extra_and_gets_its_column_in_a_later_run(
    sync: Sync, docs: Collection
) -> None:
    docs.insert_many([{"_id": i, "n": i} for i in range(3)])
    sync.ok()
    docs.delete_many({})
    docs.insert_many([{"_id": i, "n": i} for i in range(10, 30)] + [{"_id": 30, "rare": "x"}])
    sync.ok(mongodb_sample_size="1")
    assert sync.types() == {"_id": "INTEGER", "n": "INTEGER", "_extra": "JSON", "rare": "STRING"}
    assert len(sync.rows()) == 24
    docs.delete_many({})
    docs.insert_one({"_id": 31, "n": 1, "late": {"a": 1}})
    sync.ok(schema_evolution="freeze")
    late = sync.rows("TO_JSON_STRING(_extra)", order="_id DESC")[0]
    assert json.loads(late[0]) == {"late": {"a": 1}}
    assert "late" not in sync.types()
