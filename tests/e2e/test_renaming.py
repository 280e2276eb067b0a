"""Columns whose names BigQuery refuses, in whole runs: one mend in the message, or new names."""

import json

from auto_schema.names import hashed_name

TABLE = """
CREATE TABLE odd ("order id" int8 PRIMARY KEY, "Name" text, "name" text, "2nd" int,
                  "updated at" timestamptz NOT NULL, tags text[]);
INSERT INTO odd VALUES (1, 'A', 'a', 2, '2024-01-01', '{x}'), (2, 'B', 'b', 3, '2024-01-02', '{}');
"""
ID, AT = hashed_name("order id"), hashed_name("updated at")
SYNC = {
    "source_table_for_schema": "odd",
    "enable_smart_sync": "true",
    "enable_auto_schema": "true",
    "smart_sync_timestamp_column": "updated at",
    "smart_sync_margin": "0s",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": ID,
    "rename_columns": "auto",
}


def test_the_message_holds_one_configuration_for_all_refused_names(sync, sql):
    sql(TABLE)
    done = sync(source_table_for_schema="odd")
    assert done.code == 4
    assert done.err.count("column names that BigQuery refuses") == 1
    text = done.err.partition("transformation_config=")[2].partition(" or with AS")[0]
    assert list(json.loads(text)["field_mappings"]) == ["order id", "name", "2nd", "updated at"]
    sync.ok(source_table_for_schema="odd", transformation_config=text)
    assert next(iter(sync.types())) == "order_id"


def test_new_names_are_told_and_stay_whatever_comes_to_the_source_later(sync, sql):
    sql(TABLE)
    told = sync.ok(**SYNC, plan_only="true").out
    assert f"'order id' is {ID}" in told
    assert "rename_columns=auto" in told
    sync.ok(**SYNC, verify="true")
    names = [ID, hashed_name("Name"), hashed_name("name"), hashed_name("2nd"), AT, "tags"]
    assert list(sync.types()) == names
    sql('ALTER TABLE odd DROP COLUMN name; ALTER TABLE odd ADD "Tags" text, ADD "order-id" int')
    sql(
        "UPDATE odd SET \"Name\" = 'C', \"Tags\" = 'T', \"updated at\" = '2024-02-01'"
        ' WHERE "order id" = 1'
    )
    sync.ok(**SYNC, verify="true")
    names += [hashed_name("Tags"), hashed_name("order-id")]
    assert list(sync.types()) == names
    rows = sync.rows(", ".join(f"`{name}`" for name in (names[0], names[1], "tags", names[6])))
    assert rows == [(1, "C", ["x"], "T"), (2, "B", [], None)]
    proof = {"verify_only": "true", "verify_start": "2024-01-01", "verify_end": "2024-02-01"}
    checked = {**SYNC, **proof}
    assert "lacking in BigQuery, or there in another version: 0" in sync.ok(**checked).out
    sync.ok(source_table_for_schema="odd", rename_columns="auto", delete_existing_table="true")
    assert set(sync.types()) == set(names) - {hashed_name("name")}
