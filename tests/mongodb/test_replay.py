"""Dead letters of documents: kept as BSON, read again with today's columns."""

import datetime as dt
import json

from bson import Decimal128, Int64

MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "_id", "max_dead_letters": "5"}


def test_documents_that_no_column_held_are_published_once_one_does(sync, docs):
    docs.insert_many([{"_id": n, "n": n, "at": dt.datetime(2024, 1, n)} for n in range(1, 6)])
    sync.ok(**MERGE)
    nested = {"deep": [Decimal128("1.10"), Int64(2**62)], "name": "ä"}
    odd = {"_id": 9, "n": "nine", "at": dt.datetime(2024, 2, 1), "more": nested}
    docs.insert_one(odd)
    sync.ok(**MERGE, mongodb_sample_size="1")
    run_id = sync.history()[-1]["run_id"]
    (stage,) = sync.rows("row_stage", "t_dead_letters")[0]
    assert stage == "arrived"
    assert len(sync.rows("_id")) == 5

    half = sync.ok(**MERGE, replay_dead_letters=run_id, mongodb_sample_size="1")
    assert "0 replayed, 1 still dead" in half.out

    sync.client.query_and_wait(f"DROP TABLE {sync.dataset}.t")
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t (_id INT64, n STRING, _extra JSON)")
    result = sync.ok(**MERGE, replay_dead_letters=run_id)
    assert "1 replayed, 0 still dead" in result.out, result.out
    (row,) = sync.rows("_id, n, TO_JSON_STRING(more)")
    assert row[:2] == (9, "nine")
    assert json.loads(row[2]) == {"deep": [{"$numberDecimal": "1.10"}, 2**62], "name": "ä"}


def test_a_refused_document_with_a_masked_field_is_told_as_not_replayable(sync, docs):
    docs.insert_many([{"_id": n, "n": n, "mail": "a@x.org"} for n in range(1, 4)])
    masked = MERGE | {"transformation_config": json.dumps({"mask": {"mail": "sha256"}})}
    sync.ok(**masked)
    docs.insert_one({"_id": 9, "n": "nine", "mail": "pl4nted@x.org"})
    sync.ok(**masked, mongodb_sample_size="1")
    run_id = sync.history()[-1]["run_id"]
    assert sync.rows("row_stage, typed_row", "t_dead_letters") == [("refused", None)]
    result = sync.ok(**masked, replay_dead_letters=run_id)
    assert "0 replayed, 0 still dead" in result.out
    assert "1 not replayable" in result.out


def test_a_field_that_was_left_out_of_the_letter_is_not_taken_for_null(sync, docs):
    docs.insert_many([{"_id": n, "n": n, "note": "x"} for n in range(1, 4)])
    without = MERGE | {"transformation_config": json.dumps({"exclude_fields": ["note"]})}
    sync.ok(**without)
    docs.insert_one({"_id": 9, "n": "nine", "note": "unseen"})
    sync.ok(**without, mongodb_sample_size="1")
    run_id = sync.history()[-1]["run_id"]
    sync.client.query_and_wait(f"DROP TABLE {sync.dataset}.t")
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t (_id INT64, n STRING)")
    result = sync.ok(**MERGE, replay_dead_letters=run_id)
    assert "0 replayed, 1 still dead" in result.out
    assert "'note' was left out" in sync.rows("reason", "t_dead_letters", "time DESC")[0][0]
