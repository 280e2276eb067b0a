"""load_columns: each row says which run published it, and when, whatever the way."""

import datetime as dt
import json
import re

import pytest

from tests.compared import MERGE as COMPARED
from tests.compared import REPAIR, THOUSAND, edit
from tests.e2e.test_replay import MERGE as LETTERS
from tests.e2e.test_replay import widen, with_letters
from tests.orders import KEEP
from tests.resumes import resumed
from tests.sync import GRAPH, PROJECT

ORDERS = THOUSAND
LOADED = {"load_columns": "true"}
SMART = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "source_table_for_schema": "o",
} | LOADED
MERGE = SMART | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
OFF = {"load_columns": None}
SCHEMA_FAULT = 4


@pytest.fixture
def o(sql):
    sql("CREATE TABLE o (id int8 PRIMARY KEY, name text, updated_at timestamptz)")
    sql("INSERT INTO o VALUES (1, 'a', '2024-05-01'), (2, 'b', '2024-05-02')")
    return sql


def runs(sync):
    return [run["run_id"] for run in sync.history()]


def by_run(sync, key="id", table="t"):
    """Which run each row names; each that names one was published by then."""
    ends = {run["run_id"]: (run["started_at"], run["event_time"]) for run in sync.history()}
    told = {}
    for name, run_id, at in sync.rows(f"{key}, sync_run_id, sync_loaded_at", table):
        assert (run_id is None) == (at is None)
        assert run_id is None or ends[run_id][0] <= at <= ends[run_id][1]
        told[name] = run_id
    return told


@pytest.mark.parametrize("runner", [None, GRAPH])
def test_rows_that_are_added_name_their_run_and_others_keep_theirs(sync, o, runner):
    sync.ok(**SMART, runner=runner)
    o("INSERT INTO o VALUES (3, 'c', '2024-05-03')")
    sync.ok(**SMART, runner=runner)
    first, second = runs(sync)
    assert by_run(sync) == {1: first, 2: first, 3: second}
    assert sync.types() == {
        "id": "INTEGER",
        "name": "STRING",
        "updated_at": "TIMESTAMP",
        "sync_loaded_at": "TIMESTAMP",
        "sync_run_id": "STRING",
    }
    assert {field.mode for field in sync.table().schema} == {"NULLABLE"}


def test_over_a_bucket_a_statement_writes_them_and_the_plan_says_why(
    sync, o, bucket, monkeypatch, dataset
):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    words = SMART | {"temp_location": f"gs://bkt/{dataset}/temp"}
    plan = sync.ok(**words, plan_only="true", plan_detail="full").out
    assert "load_columns=true: a statement writes which run published a row" in plan
    assert "sync_loaded_at, sync_run_id: when and by which run a row was published" in plan
    sync.ok(**words)
    assert by_run(sync) == dict.fromkeys((1, 2), runs(sync)[0])
    told = json.loads(sync.ok(**words, plan_only="true", plan_format="json").out)
    assert set(told["table"]["load_columns"]) == {"sync_loaded_at", "sync_run_id"}


def test_rows_that_are_updated_name_the_run_that_did(sync, o):
    sync.ok(**MERGE)
    o("UPDATE o SET name = 'A', updated_at = '2024-06-01' WHERE id = 1")
    o("INSERT INTO o VALUES (3, 'c', '2024-06-01')")
    sync.ok(**MERGE)
    first, second = runs(sync)
    assert by_run(sync) == {1: second, 2: first, 3: second}


WHOLE = {"enable_smart_sync": None}
DAYS = {"sync_start": "2024-05-02", "sync_end": "2024-05-03", "enable_auto_schema": "true"}


@pytest.mark.parametrize(
    ("words", "renewed"),
    [
        (WHOLE | {"write_disposition": "WRITE_TRUNCATE"}, (1, 2)),
        (WHOLE | {"delete_existing_table": "true"}, (1, 2)),
        (DAYS | {"write_disposition": "WRITE_TRUNCATE"}, (2,)),
        (DAYS | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}, (2,)),
        ({"write_disposition": "WRITE_TRUNCATE", "verify": "true"} | WHOLE, (1, 2)),
        ({"transform_sql": "SELECT *, 1 AS n FROM staged", **DAYS, "merge_keys": "id",
          "write_disposition": "WRITE_MERGE"}, (2,)),
    ],
    ids=str,
)  # fmt: skip
def test_rows_that_a_run_replaces_name_that_run(sync, o, words, renewed):
    sync.ok(**SMART, enable_auto_schema="true")
    sync.ok(**SMART | words)
    first, second = runs(sync)
    assert by_run(sync) == {key: second if key in renewed else first for key in (1, 2)}


def test_a_window_by_hand_that_brings_the_same_rows_is_proven_and_renews_them(sync, o):
    words = MERGE | {"verify": "true"}
    sync.ok(**words)
    sync.ok(**words, sync_start="2024-05-01", sync_end="2024-06-01")
    assert by_run(sync) == dict.fromkeys((1, 2), runs(sync)[1])
    window = {"verify_only": "true", "verify_start": "2024-04-01", "verify_end": "2024-05-02"}
    sync.ok(**words | window)


def test_a_version_names_the_run_that_brought_it_and_one_that_comes_again_keeps_it(sync, o):
    words = SMART | {"write_disposition": "WRITE_HISTORY", "merge_keys": "id"}
    sync.ok(**words)
    o("UPDATE o SET name = 'A', updated_at = '2024-06-01' WHERE id = 1")
    sync.ok(**words)
    again = sync.ok(**words, sync_start="2024-04-01", sync_end="2024-07-01")
    assert "(0 versions added, 0 ends moved, 0 replaced)" in again.out
    first, second, _ = runs(sync)
    assert by_run(sync, "CONCAT(id, name)") == {"1A": second, "1a": first, "2b": first}


def test_a_repair_renews_only_what_it_heals(sync, orders):
    sync.ok(**COMPARED, **LOADED)
    edit(sync, "UPDATE {t} SET name = 'edited' WHERE id = 10")
    sync.ok(**REPAIR, **LOADED)
    first, second = runs(sync)
    assert sync.history()[-1]["rows_healed"] == 1
    assert by_run(sync) == dict.fromkeys(range(1, 1001), first) | {10: second}


def test_a_run_that_fills_a_column_names_itself_in_the_rows_that_it_fills(sync, o):
    sync.ok(**MERGE)
    o("ALTER TABLE o ADD COLUMN paid boolean DEFAULT true")
    sync.ok(**MERGE)
    sync.ok(**MERGE | {"backfill_columns": "paid", "enable_smart_sync": None})
    assert by_run(sync) == dict.fromkeys((1, 2), runs(sync)[-1])
    assert sync.rows("id, paid, name") == [(1, True, "a"), (2, True, "b")]


def test_a_table_that_is_there_gets_them_and_its_rows_name_no_run(sync, o):
    sync.ok(**SMART | OFF)
    plan = sync.ok(**SMART, plan_only="true").out
    assert "columns to be added: sync_loaded_at, sync_run_id" in plan
    o("INSERT INTO o VALUES (3, 'c', '2024-05-03')")
    sync.ok(**SMART)
    assert by_run(sync) == {1: None, 2: None, 3: runs(sync)[1]}


def test_without_the_parameter_they_stay_and_new_rows_name_no_run(sync, o):
    sync.ok(**SMART)
    o("INSERT INTO o VALUES (3, 'c', '2024-05-03')")
    plan = sync.ok(**SMART | OFF, plan_only="true").out
    assert "columns that stay NULL in new rows: sync_loaded_at, sync_run_id" in plan
    sync.ok(**SMART | OFF)
    first = runs(sync)[0]
    assert by_run(sync) == {1: first, 2: first, 3: None}
    o("UPDATE o SET name = 'A', updated_at = '2024-06-01' WHERE id = 1")
    plan = sync.ok(**MERGE | OFF, plan_only="true").out
    assert "NULL in rows that are updated (load_columns=false)" in plan
    sync.ok(**MERGE | OFF)
    assert by_run(sync) == {1: None, 2: first, 3: None}


def test_columns_of_others_under_these_names_are_left_alone(sync, o):
    table = f"`{PROJECT}.{sync.dataset}.t`"
    columns = "id INT64, name STRING, updated_at TIMESTAMP"
    sync.client.query_and_wait(
        f"CREATE TABLE {table} ({columns}, sync_loaded_at TIMESTAMP, sync_run_id STRING)"
    )
    sync.client.query_and_wait(
        f"INSERT INTO {table} VALUES (1, 'x', TIMESTAMP '2024-04-01', NULL, 'theirs')"
    )
    sync.ok(**MERGE | OFF)
    assert sync.rows("id, name, sync_run_id") == [(1, "a", "theirs"), (2, "b", None)]


def test_columns_of_others_are_taken_only_when_they_are_given(sync, o):
    """Or runs without the parameter could not tell them from others', and left untrue names."""
    columns = "id INT64, name STRING, updated_at TIMESTAMP, Sync_Run_ID STRING"
    sync.client.query_and_wait(f"CREATE TABLE `{PROJECT}.{sync.dataset}.t` ({columns})")
    refused = sync(**MERGE)
    assert refused.code == SCHEMA_FAULT
    (mend,) = re.findall(r'give it to Smart Sync: (.*"\))', refused.err)
    sync.client.query_and_wait(mend)
    sync.ok(**MERGE)
    assert by_run(sync) == dict.fromkeys((1, 2), runs(sync)[-1])
    o("UPDATE o SET name = 'A', updated_at = '2024-06-01' WHERE id = 1")
    sync.ok(**MERGE | OFF)
    assert by_run(sync) == {1: None, 2: runs(sync)[0]}


def test_the_one_that_somebody_has_left_is_emptied_without_the_other(sync, o):
    sync.ok(**MERGE)
    sync.client.query_and_wait(f"ALTER TABLE {sync.dataset}.t DROP COLUMN sync_loaded_at")
    o("UPDATE o SET name = 'A', updated_at = '2024-06-01' WHERE id = 1")
    sync.ok(**MERGE | OFF)
    assert sync.rows("id, sync_run_id") == [(1, None), (2, runs(sync)[0])]


def test_a_table_that_got_them_later_goes_on_with_and_without_them(sync, o):
    sync.ok(**MERGE | OFF)
    sync.ok(**MERGE)
    o("UPDATE o SET name = 'A', updated_at = '2024-06-01' WHERE id = 1")
    sync.ok(**MERGE)
    assert by_run(sync) == {1: runs(sync)[-1], 2: None}
    o("UPDATE o SET name = 'B', updated_at = '2024-07-01' WHERE id = 1")
    sync.ok(**MERGE | OFF)
    assert by_run(sync) == {1: None, 2: None}


def test_a_table_that_is_made_without_a_row_has_them(sync, o):
    o("DELETE FROM o")
    sync.ok(**SMART)
    assert {"sync_loaded_at", "sync_run_id"} <= sync.types().keys()


@pytest.mark.parametrize("words", [SMART, MERGE | {"transform_sql": "SELECT * FROM staged"}])
def test_a_column_of_the_source_with_such_a_name_is_refused(sync, o, words):
    o('ALTER TABLE o ADD COLUMN "Sync_Run_ID" text')
    refused = sync(**words)
    assert refused.code == SCHEMA_FAULT
    assert "a column of the source has a name of ours" in refused.err
    assert '{"Sync_Run_ID": "source_Sync_Run_ID"}' in refused.err
    mapping = '{"field_mappings": {"Sync_Run_ID": "source_run"}}'
    sync.ok(**words, transformation_config=mapping)
    assert by_run(sync) == dict.fromkeys((1, 2), runs(sync)[-1])


def test_a_column_of_another_type_and_a_frozen_table_are_refused(sync, o):
    sync.ok(**SMART | OFF)
    frozen = sync(**SMART, schema_evolution="freeze")
    assert frozen.code == SCHEMA_FAULT
    assert "or set load_columns=false" in frozen.err
    sync.client.query_and_wait(f"ALTER TABLE {sync.dataset}.t ADD COLUMN sync_run_id INT64")
    refused = sync(**SMART)
    assert refused.code == SCHEMA_FAULT
    assert "load_columns=true writes a STRING there" in refused.err
    assert [row[0] for row in sync.rows("id")] == [1, 2]


def test_a_rollback_gives_rows_their_runs_back(sync, o):
    sync.ok(**MERGE, **KEEP)
    before = sync.rows()
    o("UPDATE o SET name = 'A', updated_at = '2024-06-01' WHERE id = 1")
    sync.ok(**MERGE, **KEEP)
    assert sync.rows() != before
    sync.ok(**MERGE, rollback_run=runs(sync)[-1])
    assert sync.rows() == before


def test_the_rows_of_a_bad_run_are_found_by_it(sync, o):
    sync.ok(**MERGE)
    o("UPDATE o SET name = 'bad', updated_at = '2024-06-01' WHERE id = 2")
    sync.ok(**MERGE)
    bad = runs(sync)[-1]
    query = (
        f"SELECT t.id, h.status FROM {sync.dataset}.t AS t"
        f" JOIN {sync.dataset}.sync_runs_latest AS h ON h.run_id = t.sync_run_id"
        f" WHERE t.sync_run_id = '{bad}'"
    )
    assert [tuple(row) for row in sync.client.query_and_wait(query)] == [(2, "succeeded")]
    at = sync.rows("MAX(sync_loaded_at)")[0][0]
    assert dt.datetime(2026, 1, 1, tzinfo=dt.UTC) < at <= dt.datetime.now(dt.UTC)


def test_rows_of_a_run_that_is_gone_on_with_name_the_run_that_published(sync, sql, load, die):
    dead = die(**LOADED)
    sync.ok(**load, **LOADED)
    run_id = resumed(sync, dead)["run_id"]
    assert sync.rows("DISTINCT sync_run_id") == [(run_id,)]


def test_a_replayed_row_names_the_run_that_replayed_it(sync, sql):
    run_id = with_letters(sync, sql, **LETTERS, **LOADED)
    widen(sync)
    sync.ok(**LETTERS, **LOADED, replay_dead_letters=run_id)
    replay = next(run["run_id"] for run in sync.history() if run["replayed_run"])
    assert by_run(sync) == {1: run_id, 2: replay, 3: replay, 4: run_id}


def test_tables_of_one_launch_name_each_its_run(sync, o):
    o("CREATE TABLE p AS SELECT * FROM o")
    file = "{defaults: {load_columns: true, without_cursor: replace}, tables: {public.*: }}"
    sync.ok(tables=file, destination_bigquery_table=None)
    named = {run["destination"].rpartition(".")[2]: run["run_id"] for run in sync.history()}
    for table in ("o", "p"):
        assert by_run(sync, table=table) == dict.fromkeys((1, 2), named[table])
