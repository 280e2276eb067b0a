"""verify=true: staged rows are the source's, proven before anything is published."""

import json

import pyarrow as pa
import pytest

import pipeline.execution.conform

VERIFY = {"verify": "true", "postgresql_query": "SELECT * FROM s"}
SMART = VERIFY | {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "smart_sync_timestamp_column": "changed",
}
TABLE = """
CREATE TABLE s (id int8 PRIMARY KEY, name text, day date, amount numeric(12,2), ratio float8,
                tags text[], doc jsonb, changed timestamptz)
"""
ROWS = """
INSERT INTO s SELECT i,
  CASE WHEN mod(i, 7) = 0 THEN NULL WHEN mod(i, 5) = 0 THEN '' ELSE 'né-' || i END,
  date '2024-01-01' + i, i / 3.0, sqrt(i), ARRAY['a', 'b' || i], '{"n": 1.5}',
  timestamptz '2024-05-01' + i * interval '1 minute' FROM generate_series(%s, %s) i
"""


@pytest.fixture
def rows(sql):
    sql(TABLE)
    sql(ROWS, 1, 500)
    return sql


def figures(sync):
    return json.loads(sync.history()[-1]["verification"])


def test_a_verified_run_tells_equal_sums_of_both_sides(sync, rows):
    sync.ok(**SMART, num_splits="3")
    found = figures(sync)
    assert found["source"] == found["staged"]
    assert found["rows"] == 500
    assert all(word > 0 for word in found["staged"])
    assert found["left_out"] == []
    rows(ROWS, 501, 510)
    sync.ok(**SMART)
    assert figures(sync)["rows"] == 10
    sync.ok(**SMART)
    assert figures(sync) == {
        "rows": 0,
        "source": [0] * 5,
        "dead_letters": [0] * 5,
        "staged": [0] * 5,
        "compared": ["id", "name", "day", "amount", "ratio", "tags", "doc", "changed"],
        "left_out": [],
    }


def test_rows_that_differ_are_not_published(sync, rows, monkeypatch):
    sync.ok(**SMART)
    rows(ROWS, 501, 510)
    original, faults = pipeline.execution.conform.conform, []

    def broken(batch, schema, *more):
        result = original(batch, schema, *more)
        whole = pa.Table.from_batches([result.batch])
        parts = {
            "a changed value": [spoilt(whole)],
            "a lost row": [whole.slice(1)],
            "a doubled row": [whole, whole.slice(0, 1)],
        }
        batch = pa.concat_tables(parts[faults[-1]]).combine_chunks().to_batches()[0]
        return type(result)(batch, result.dead)

    monkeypatch.setattr(pipeline.execution.conform, "conform", broken)
    monkeypatch.setattr("pipeline.publish.publisher.Publisher._check_sums", lambda *_: None)
    for fault in ("a changed value", "a lost row", "a doubled row"):
        faults.append(fault)
        result = sync(**SMART)
        assert result.code == 8, fault
        assert "staged rows are not the source's" in result.err
        assert sync.rows("COUNT(*)") == [(500,)]
        assert sync.history()[-1]["status"] == "failed"


def spoilt(table):
    index = table.schema.get_field_index("name")
    values = [*table.column("name").to_pylist()[:-1], "other"]
    return table.set_column(index, "name", pa.array(values, pa.string()))


def test_dead_letters_are_summed_apart(sync, rows):
    rows("INSERT INTO s SELECT 900 + i, 'x', 'infinity' FROM generate_series(1, 3) i")
    assert sync(**VERIFY).code == 7
    sync.ok(**VERIFY, max_dead_letters="5")
    found = figures(sync)
    assert (found["rows"], found["dead_letters"][0], found["source"][0]) == (500, 3, 503)
    assert [a - b for a, b in zip(found["source"], found["dead_letters"], strict=True)] == found[
        "staged"
    ]


def test_a_split_and_its_sums_are_one_snapshot(sync, rows, monkeypatch):
    """Rows that are written between the COPY and the sums belong to neither."""
    import sources.postgresql.read as reader
    from sources.postgresql.session import opening
    from sources.read_ahead import ReadAhead

    original = ReadAhead._put

    def put(self, item):
        if isinstance(item, pa.RecordBatch):
            rows("INSERT INTO s VALUES ((SELECT max(id) + 1 FROM s), 'meanwhile')")
        return original(self, item)

    monkeypatch.setattr(ReadAhead, "_put", put)
    sync.ok(**VERIFY)
    assert figures(sync)["rows"] == 500
    monkeypatch.setattr(reader, "opening", lambda **given: opening(**(given | {"snapshot": False})))
    result = sync(**VERIFY, write_disposition="WRITE_TRUNCATE")
    assert result.code == 8
    assert "not those of the snapshot" in result.err


def test_the_plan_tells_what_the_proof_costs_and_does_not_see(sync, rows):
    plan = sync.ok(**VERIFY, plan_only="true").out
    assert "verify       source and BigQuery hash the same rows" in plan
    assert "the source computes each split once more" in plan
    assert "ratio is compared but for the sign of zero" in plan


def test_renamed_and_selected_columns_are_compared(sync, rows):
    config = {"field_mappings": {"name": "label"}, "select_fields": ["id", "name", "changed"]}
    sync.ok(**SMART, transformation_config=json.dumps(config))
    assert figures(sync)["rows"] == 500


def test_a_merge_is_verified_too(sync, rows):
    merge = SMART | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
    sync.ok(**merge)
    rows("UPDATE s SET name = 'v2', changed = '2024-06-01' WHERE id <= 20")
    sync.ok(**merge)
    assert figures(sync)["rows"] == 20
    assert sync.rows("COUNT(*)") == [(500,)]


# verify_only


WINDOW = {"verify_only": "true", "verify_start": "2024-05-01", "verify_end": "2024-05-01 08:00"}
ONLY = SMART | {"verify": "false"} | WINDOW


def test_a_window_of_equal_rows_is_verified_and_told_in_the_history(sync, rows):
    sync.ok(**SMART)
    result = sync.ok(**ONLY)
    assert "source 479 rows, BigQuery 479 rows" in result.out
    assert "doc is left out: BigQuery stores JSON parsed" in result.out
    run = sync.history()[-1]
    assert run["status"] == "verified"
    assert json.loads(run["verification"])["source_rows"] == 479
    assert sync.rows("COUNT(*)") == [(500,)]


def test_lost_changed_and_doubled_rows_are_found_with_their_keys(sync, rows):
    sync.ok(**SMART)
    t = f"`{sync.dataset}`.t"
    sync.client.query(f"DELETE FROM {t} WHERE id = 17").result()
    sync.client.query(f"UPDATE {t} SET ratio = ratio + 1e-12 WHERE id = 18").result()
    sync.client.query(f"INSERT INTO {t} SELECT * FROM {t} WHERE id = 19").result()
    result = sync(**ONLY, show_values="true")
    assert result.code == 8
    assert "key 17, " in result.out
    assert "not in BigQuery" in result.out
    assert "key 18, " in result.out
    assert "other values in BigQuery" in result.out
    assert "key 19, " in result.out
    assert "2 lacking or in another version, 1 doubled" in result.err
    run = sync.history()[-1]
    assert (run["status"], run["exit_code"]) == ("differs", 8)
    assert json.loads(run["verification"])["moved_on"] == 0


def test_rows_that_moved_on_or_were_deleted_are_counted_and_no_failure(sync, rows):
    sync.ok(**SMART)
    rows("DELETE FROM s WHERE id = 5")
    rows("UPDATE s SET name = 'v2', changed = now() WHERE id IN (6, 7)")
    result = sync.ok(**ONLY)
    assert "moved on or deleted at the source since: 3" in result.out
    sync.ok(**SMART)
    assert "moved on or deleted at the source since: 3" in sync.ok(**ONLY).out


def test_a_row_that_was_stamped_late_is_found(sync, rows):
    sync.ok(**SMART)
    rows("INSERT INTO s (id, name, changed) VALUES (1000, 'late', '2024-05-01 03:00+00')")
    sync.ok(**SMART)
    result = sync(**ONLY, show_values="true")
    assert result.code == 8
    assert "key 1000, " in result.out


UNVERIFIED = {
    "not synced yet": {"verify_end": "2999-01-01"},
    "empty window": {"verify_end": "2024-04-01"},
    "--verify_start=": {"verify_start": None},
    "enable_smart_sync=true": {"enable_smart_sync": "false"},
    "without verify_only": {"verify_only": "false"},
    "of another type": {"verify_start": "17"},
}


def test_a_window_that_can_not_be_verified_is_refused(sync, rows):
    sync.ok(**SMART)
    for words, parameters in UNVERIFIED.items():
        result = sync(**ONLY | parameters)
        assert result.code == 2, parameters
        assert words in result.err
