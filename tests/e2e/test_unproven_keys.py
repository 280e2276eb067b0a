"""Keys of a merge: that no unique index of PostgreSQL has, or that are otherwise than they were."""

import re

import pytest

SYNC = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "enable_auto_schema": "true",
    "smart_sync_timestamp_column": "moved",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
    "plan_only": "true",
}
TOLD = "nothing in the source says that id tells its rows apart"
ROWS = "(tenant int8, id int8, note text, moved timestamptz"


def planned(sync, **words):
    return sync.ok(**SYNC | {"source_table_for_schema": "public.s"} | words).out


def test_half_a_primary_key_is_told_and_the_whole_of_it_is_not(sync, sql):
    sql(f"CREATE TABLE s {ROWS}, PRIMARY KEY (tenant, id))")
    assert f"{TOLD} (it does by tenant, id)" in planned(sync)
    by_query = {"postgresql_query": "SELECT id AS no, tenant AS t, moved FROM s"}
    told = planned(sync, **by_query, source_table_for_schema=None, merge_keys="no")
    assert "says that no tells its rows apart (it does by t, no)" in told
    assert "tells its rows apart" not in planned(sync, merge_keys="tenant,id")


@pytest.mark.parametrize(
    ("more", "index", "is_told"),
    [
        (")", "", True),
        (", UNIQUE (id))", "", False),
        (")", "CREATE UNIQUE INDEX ON s (id) INCLUDE (note)", False),
        (")", "CREATE UNIQUE INDEX ON s (id) WHERE tenant = 1", True),
        (")", "CREATE UNIQUE INDEX ON s (id, lower(note))", True),
        (", PRIMARY KEY (id))", "CREATE TABLE heir () INHERITS (s)", True),
        (
            ", PRIMARY KEY (id))",
            "CREATE SCHEMA _timescaledb_internal;"
            " CREATE TABLE _timescaledb_internal._hyper_1_1_chunk () INHERITS (s)",
            False,
        ),
        (", PRIMARY KEY (id, moved)) PARTITION BY RANGE (moved)", "", True),
        (", PRIMARY KEY (id)) PARTITION BY RANGE (id)", "", False),
    ],
)
def test_only_a_unique_index_over_all_rows_says_it(sync, sql, more, index, is_told):
    sql(f"CREATE TABLE s {ROWS}{more}")
    if index:
        sql(index)
    assert (TOLD in planned(sync)) is is_told


def test_of_a_view_and_a_query_that_joins_nothing_is_known(sync, sql):
    sql(f"CREATE TABLE s {ROWS})")
    sql("CREATE VIEW v AS SELECT * FROM s")
    assert TOLD not in planned(sync, source_table_for_schema="public.v")
    joined = "SELECT s.* FROM s JOIN s AS other USING (tenant)"
    assert TOLD not in planned(sync, source_table_for_schema=None, postgresql_query=joined)


TEMPORAL = (
    "(id int4range, held daterange, moved timestamptz, PRIMARY KEY (id, held WITHOUT OVERLAPS))"
)


def test_a_period_in_a_key_is_told_and_no_key_that_is_taken_by_itself(sync, sql, tmp_path):
    ((version,),) = sql("SELECT current_setting('server_version_num')::int")
    is_period = version >= 180_000  # older servers have no such key
    sql(f"CREATE TABLE s {TEMPORAL.format(' WITHOUT OVERLAPS' if is_period else '')}")
    told = planned(sync, merge_keys="id,held")
    assert "the merge key held is a daterange: when a period is closed, its key is another" in told
    assert "tells its rows apart" not in told
    assert "is a daterange" not in planned(sync, merge_keys="id")
    file = tmp_path / "tables.yaml"
    file.write_text("tables: {public.s: {merge_keys: auto}}")
    words = SYNC | {"tables": str(file), "destination_bigquery_table": None, "merge_keys": None}
    taken = sync(**words | {"source_table_for_schema": None})
    assert taken.code == (4 if is_period else 0)
    assert ("no primary key" in taken.out + taken.err) is is_period


PADDED = SYNC | {
    "merge_keys": "code",
    "source_table_for_schema": "public.s",
    "plan_only": "false",
}
"""By a char(n), which PostgreSQL fills with blanks up to the length of its column."""


def test_a_key_that_was_widened_is_refused_until_the_destinations_are_as_long(sync, sql):
    sql("CREATE TABLE s (code char(5) PRIMARY KEY, name text, moved timestamptz)")
    sql("INSERT INTO s VALUES ('a', 'old', now() - interval '2 hours'), ('b', 'b', '2024-01-01')")
    sync.ok(**PADDED)
    sql("UPDATE s SET name = 'new', moved = now() - interval '1 hour' WHERE code = 'a'")
    sync.ok(**PADDED)
    sql("ALTER TABLE s ALTER code TYPE char(8)")
    sql("UPDATE s SET name = 'newest', moved = now() - interval '1 minute' WHERE code = 'a'")
    refused = sync(**PADDED)
    assert refused.code == 4
    assert "keys of another length" in refused.err
    mend = re.search(r"UPDATE .* WHERE TRUE", refused.err)
    assert sync.rows("name") == [("b",), ("new",)]
    sync.client.query(mend[0]).result()
    sync.ok(**PADDED)
    assert sync.rows("code, name") == [("a       ", "newest"), ("b       ", "b")]
    sync.ok(**PADDED)
