"""Columns that earlier runs wrote and that a merge no longer brings: excluded, dropped, renamed."""

import json

import pytest
from google.cloud import bigquery

from tests.sync import PROJECT

MERGE = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "enable_auto_schema": "true",
    "postgresql_query": "SELECT * FROM people",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
}
EXCLUDED = {"transformation_config": json.dumps({"exclude_fields": ["iban"]})}


@pytest.fixture
def people(sync, sql):
    """Two people, synced, and a column that others added beside them."""
    sql("CREATE TABLE people (id int8, iban text, tags text[], updated_at timestamptz)")
    sql(
        "INSERT INTO people SELECT i, 'DE' || i, '{a,b}', timestamptz '2024-05-01'"
        " FROM generate_series(1, 2) i"
    )
    sync.ok(**MERGE)
    table = f"`{PROJECT}.{sync.dataset}.t`"
    sync.client.query(f"ALTER TABLE {table} ADD COLUMN note STRING").result()
    sync.client.query(f"UPDATE {table} SET note = 'mine' WHERE TRUE").result()
    sql("UPDATE people SET updated_at = '2024-06-01' WHERE id = 2")
    return sql


def test_a_newly_excluded_column_ends_the_run_until_somebody_decides(sync, people):
    result = sync(**MERGE, **EXCLUDED)
    assert result.code == 4
    for word in ("'iban'", "excluded", "stale_columns=null", "stale_columns=keep", "SET `iban`"):
        assert word in result.err
    assert sync.rows("iban, note") == [("DE1", "mine"), ("DE2", "mine")]
    plan = sync.ok(**MERGE, **EXCLUDED, stale_columns="keep", plan_only="true").out
    head = plan.partition("window")[0]
    assert "WARNING      iban is excluded, and earlier runs wrote it" in head
    assert f"UPDATE `{PROJECT}.{sync.dataset}.t` SET `iban` = NULL WHERE TRUE" in head


def test_updated_rows_get_null_and_the_decision_is_remembered(sync, people):
    sync.ok(**MERGE, **EXCLUDED, stale_columns="keep")
    assert sync.rows("id, iban, note") == [(1, "DE1", "mine"), (2, None, "mine")]
    people("UPDATE people SET updated_at = '2024-07-01' WHERE id = 1")
    sync.ok(**MERGE, **EXCLUDED)
    assert sync.rows("id, iban, note") == [(1, None, "mine"), (2, None, "mine")]


def test_stale_columns_null_clears_all_rows_also_when_there_is_no_new_one(sync, people):
    sync.ok(**MERGE)
    sync.ok(**MERGE, **EXCLUDED, stale_columns="null")
    assert sync.rows("id, iban, note") == [(1, None, "mine"), (2, None, "mine")]
    assert "earlier runs wrote it" not in sync.ok(**MERGE, **EXCLUDED, plan_only="true").out


def test_dropped_and_renamed_columns_are_kept_but_in_updated_rows(sync, people):
    people("ALTER TABLE people DROP COLUMN tags")
    renamed = {"transformation_config": json.dumps({"field_mappings": {"iban": "account"}})}
    assert sync(**MERGE, **renamed, stale_columns="error").code == 4
    sync.ok(**MERGE, **renamed)
    assert sync.rows("id, iban, account, ARRAY_LENGTH(tags), note") == [
        (1, "DE1", None, 2, "mine"),
        (2, None, "DE2", 0, "mine"),
    ]
    sync.ok(**MERGE, **renamed, stale_columns="null")
    rows = sync.rows("id, iban, account, ARRAY_LENGTH(tags)")
    assert rows == [(1, None, None, 0), (2, None, "DE2", 0)]


@pytest.mark.parametrize("disposition", ["WRITE_MERGE", "WRITE_HISTORY"])
def test_a_dropped_column_of_json_is_null_in_updated_rows(sync, sql, disposition):
    sql("CREATE TABLE people (id int8, about jsonb, updated_at timestamptz)")
    sql("INSERT INTO people SELECT i, '{}', timestamptz '2024-05-01' FROM generate_series(1, 2) i")
    words = MERGE | {"write_disposition": disposition}
    sync.ok(**words)
    sql("ALTER TABLE people DROP COLUMN about")
    sql("INSERT INTO people VALUES (3, '2024-05-01')")
    again = {"sync_start": "2024-04-01T00:00:00Z", "sync_end": "2024-06-01T00:00:00Z"}
    sync.ok(**words, **again)
    keeps = disposition == "WRITE_HISTORY"  # of versions that come again just as they were
    assert sync.rows("id, about IS NULL") == [(1, not keeps), (2, not keeps), (3, True)]
    sync.ok(**words, **again, stale_columns="null")
    assert sync.rows("id, about IS NULL") == [(1, True), (2, True), (3, True)]


def test_a_history_of_an_older_version_gets_the_column_and_tells_nothing(sync, people):
    name = f"{PROJECT}.{sync.dataset}.sync_runs"
    sync.client.query(f"ALTER TABLE `{name}` DROP COLUMN columns").result()
    sync.ok(**MERGE, **EXCLUDED)
    assert sync.rows("id, iban") == [(1, "DE1"), (2, "DE2")]
    assert bigquery.SchemaField("columns", "STRING") in sync.client.get_table(name).schema


MASKED = {"transformation_config": json.dumps({"mask": {"iban": "sha256"}})}


def test_a_newly_masked_column_ends_the_run_until_somebody_decides(sync, people):
    result = sync(**MERGE, **MASKED)
    assert result.code == 4
    for word in ("'iban'", "is masked now", "stale_columns=null", "stale_columns=keep"):
        assert word in result.err
    assert sync.rows("iban") == [("DE1",), ("DE2",)]


def test_kept_clear_values_are_masked_where_rows_are_updated_and_nobody_is_asked_again(
    sync, people
):
    plan = sync.ok(**MERGE, **MASKED, stale_columns="keep", plan_only="true").out
    assert "WARNING      iban: it is masked now" in plan.partition("window")[0]
    sync.ok(**MERGE, **MASKED, stale_columns="keep")
    (one, old), (two, masked) = sync.rows("id, iban")
    assert (one, old, two, len(masked)) == (1, "DE1", 2, 64)
    people("UPDATE people SET updated_at = '2024-07-01' WHERE id = 1")
    assert "WARNING      iban" not in sync.ok(**MERGE, **MASKED).err
    assert [len(iban) for (iban,) in sync.rows("iban")] == [64, 64]


def test_stale_columns_null_clears_old_clear_values_and_no_masked_one(sync, people):
    sync.ok(**MERGE, **MASKED, stale_columns="null")
    assert sync.rows("id, iban IS NULL, note") == [(1, True, "mine"), (2, False, "mine")]
    people("INSERT INTO people VALUES (3, 'DE3', NULL, '2024-07-01')")
    sync.ok(**MERGE, **MASKED, stale_columns="null")
    assert sync.rows("id, iban IS NULL") == [(1, True), (2, False), (3, False)]


COVERED = [
    {"exclude_fields": ["iban"], "constants": {"iban": "x"}},
    {"exclude_fields": ["iban"], "field_mappings": {"town": "iban"}},
    {"mask": {"iban": "sha256"}, "field_mappings": {"iban": "iban_hash"}},
]


@pytest.mark.parametrize("how", COVERED, ids=["constant", "another", "renamed"])
def test_clear_values_under_whatever_takes_their_place_end_the_run_until_somebody_decides(
    sync, people, how
):
    people("ALTER TABLE people ADD town text; UPDATE people SET town = 'Ulm'")
    words = {"transformation_config": json.dumps(how)}
    for stale in (None, "error"):
        result = sync(**MERGE, **words, stale_columns=stale)
        assert result.code == 4
        assert "column 'iban'" in result.err
    people("UPDATE people SET updated_at = '2024-05-01' WHERE id = 2")
    people("INSERT INTO people VALUES (3, 'DE3', NULL, '2024-06-01', 'Bonn')")
    appended = {**MERGE, "write_disposition": "WRITE_APPEND", "merge_keys": None}
    sync.ok(**appended, **words)  # which can't clear it, and has decided nothing
    people("UPDATE people SET updated_at = '2024-06-02' WHERE id = 2")
    assert sync(**MERGE, **words).code == 4
    sync.ok(**MERGE, **words, stale_columns="null")
    assert not {"DE1", "DE2"} & {row[0] for row in sync.rows("iban")}
    people("UPDATE people SET updated_at = '2024-07-01' WHERE id = 2")
    assert "WARNING      iban" not in sync.ok(**MERGE, **words, plan_only="true").out


def test_a_masked_column_that_is_renamed_is_a_renamed_one(sync, people):
    sync.ok(**MERGE, **MASKED, stale_columns="null")
    how = {"mask": {"iban": "sha256"}, "field_mappings": {"iban": "iban_hash"}}
    plan = sync.ok(**MERGE, transformation_config=json.dumps(how), plan_only="true").out
    assert "iban is renamed to iban_hash, and" in plan


def test_a_renamed_column_that_is_masked_later_is_asked_about_under_both_names(sync, people):
    renamed = {"field_mappings": {"iban": "account"}}
    sync.ok(**MERGE, transformation_config=json.dumps(renamed))
    how = {"transformation_config": json.dumps(renamed | {"mask": {"iban": "sha256"}})}
    result = sync(**MERGE, **how)
    assert result.code == 4
    for name in ("'iban'", "'account'"):
        assert f"column {name}" in result.err
