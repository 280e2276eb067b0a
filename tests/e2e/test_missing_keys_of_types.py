"""delete_missing and repair=true by keys of types that both databases write in their own way."""

import json

import pytest

WORDS = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "postgresql_query": "SELECT * FROM s",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
    "delete_missing": "hard",
    "max_deleted_percent": "60",
}
ENUM = "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')"
KEYS = {
    "uuid": ("", "uuid", "md5('{}')::uuid"),
    "bytea": ("", "bytea", "decode(md5('{}'), 'hex')"),
    "enum": (ENUM, "mood", "(ARRAY['sad', 'ok', 'happy'])[{}]::mood"),
    "date": ("", "date", "date '1969-12-30' + {}"),
    "char": ("", "char(8)", "'k{}'"),
    "numeric": ("", "numeric(20, 4)", "round({} / 7.0, 4)"),
}


@pytest.fixture(params=sorted(KEYS))
def key(request, sql):
    """SQL of the key of a number from 1 to 3, which three rows have."""
    before, kind, form = KEYS[request.param]
    sql(before) if before else None
    sql(f"CREATE TABLE s (id {kind} PRIMARY KEY, n int4, updated_at timestamptz)")
    for number in (1, 2, 3):
        sql(f"INSERT INTO s VALUES ({form.format(number)}, {number}, '2024-05-01')")
    return form.format


def test_keys_of_every_such_type_go_and_heal_and_no_others(sync, sql, key):
    sync.ok(**WORDS)
    sync.ok(**WORDS)
    assert json.loads(sync.history()[-1]["compared"])["ranges_differing"] == 0
    sql(f"DELETE FROM s WHERE id = {key(2)}")
    sql("UPDATE s SET n = 30 WHERE n = 3")
    sync.ok(**WORDS)
    assert sorted(n for (n,) in sync.rows("n")) == [1, 3]
    sync.ok(**WORDS, repair="true")
    assert sorted(n for (n,) in sync.rows("n")) == [1, 30]
