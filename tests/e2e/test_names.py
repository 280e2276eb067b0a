"""Columns that are named as the statements' own aliases are, from end to end."""

import pytest

NAMES = (
    *("s", "t", "q", "r", "d", "k", "p", "n", "u", "letters", "runs", "staged_keys", "partitions"),
    *("_newest", "_held", "smart_sync_cursor", "digest", "row_text", "key_text", "place"),
    *("bucket", "doubled", "expected", "every", "one"),
)
SYNC = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "enable_auto_schema": "true",
    "postgresql_query": "SELECT * FROM odd",
    "write_disposition": "WRITE_MERGE",
    "verify": "true",
}
PROOF = {
    "verify": None,
    "verify_only": "true",
    "verify_start": "2024-05-01",
    "verify_end": "2024-06-02",
}


@pytest.fixture
def add(sql):
    """Adds a row to a table whose columns are called like aliases; some are arrays."""
    names = ", ".join(f'"{name}" text' for name in NAMES)
    sql(
        f"CREATE TABLE odd ({names}, element int8[], size float8, exponent float8,"
        " mantissa float8[], doc jsonb, updated_at timestamptz)"
    )

    def add(t, day):
        values = ", ".join(f"'{t if name == 't' else name}'" for name in NAMES)
        rest = "'{1,2}', 1.5, -2.5, '{0.1,3}', '{}'"
        sql(f"INSERT INTO odd VALUES ({values}, {rest}, '{day}')")

    return add


@pytest.mark.parametrize("keys", ["s,t", "t,q,_held,_newest,smart_sync_cursor,k,p"])
def test_columns_named_like_aliases_are_merged_and_proven(sync, sql, add, keys):
    merge = SYNC | {"merge_keys": keys}
    add("a", "2024-05-01")
    add("b", "2024-05-01")
    assert "2 rows read, 2 published" in sync.ok(**merge).out
    sql("UPDATE odd SET r = 'new', updated_at = '2024-06-02' WHERE t = 'b'")
    add("c", "2024-06-03")
    assert "2 rows read, 2 published" in sync.ok(**merge).out
    rows = sync.rows("x.s, x.t, x.r, x.size", "t` AS x --`", "2")
    assert rows == [("s", "a", "r", 1.5), ("s", "b", "new", 1.5), ("s", "c", "r", 1.5)]
    assert "lacking in BigQuery, or there in another version: 0" in sync.ok(**merge | PROOF).out
