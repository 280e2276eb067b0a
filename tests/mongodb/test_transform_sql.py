"""transform_sql over documents: what it makes is no field of theirs in the next run."""

import datetime as dt

SMART = {"enable_smart_sync": "true", "smart_sync_timestamp_column": "seen"}
QUERY = (
    "SELECT * EXCEPT (note), DATE(seen) AS day, CAST(n AS STRING) AS told,"
    " JSON_VALUE(part, '$.a') AS a FROM staged"
)
DAYS = [dt.datetime(2025, 7, day, tzinfo=dt.UTC) for day in (1, 2, 3)]


def test_columns_that_the_query_makes_are_no_fields(sync, docs):
    """They come again from the query, also where documents begin to have one of that name."""
    docs.insert_one({"_id": 1, "seen": DAYS[0], "n": 1, "part": {"a": "x"}, "note": "secret"})
    sync.ok(**SMART, transform_sql=QUERY)
    docs.insert_one({"_id": 2, "seen": DAYS[1], "n": 2, "part": {"a": "y"}, "note": "secret"})
    sync.ok(**SMART, transform_sql=QUERY)
    rows = sync.rows("_id, n, told, a, CAST(day AS STRING)")
    assert rows == [(1, 1, "1", "x", "2025-07-01"), (2, 2, "2", "y", "2025-07-02")]
    assert "note" not in sync.types()
    docs.insert_one(
        {"_id": 3, "seen": DAYS[2], "part": {"a": "z"}, "note": "secret", "fresh": True}
    )
    sync.ok(**SMART, transform_sql=QUERY)
    assert sync.rows("_id, n, told, a, fresh")[-1] == (3, None, None, "z", True)


def test_a_cast_under_its_own_name_is_made_of_the_same_again(sync, docs):
    query = "SELECT * REPLACE (CAST(n + 1 AS STRING) AS n) FROM staged"
    docs.insert_one({"_id": 1, "seen": DAYS[0], "n": 1})
    sync.ok(**SMART, transform_sql=query)
    docs.insert_one({"_id": 2, "seen": DAYS[1], "n": 2})
    sync.ok(**SMART, transform_sql=query)
    assert sync.rows("_id, n") == [(1, "2"), (2, "3")]


def test_an_empty_collection_has_no_columns_to_make_others_of(sync, docs):
    docs.database.create_collection(docs.name)
    result = sync(transform_sql="SELECT *, UPPER(code) AS upper FROM staged")
    assert result.code == 4
    assert "there is no document, and so nothing is known of the columns that" in result.err
