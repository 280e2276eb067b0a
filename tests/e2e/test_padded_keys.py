"""Keys of char(n), which PostgreSQL fills with blanks up to the length of their column."""

import re

SYNC = {
    "enable_smart_sync": "true",
    "smart_sync_margin": "0s",
    "enable_auto_schema": "true",
    "smart_sync_timestamp_column": "moved",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "code",
    "source_table_for_schema": "public.s",
}


def test_a_key_that_was_widened_is_refused_until_the_destinations_are_as_long(sync, sql):
    sql("CREATE TABLE s (code char(5) PRIMARY KEY, name text, moved timestamptz)")
    sql("INSERT INTO s VALUES ('a', 'old', now() - interval '2 hours'), ('b', 'b', '2024-01-01')")
    sync.ok(**SYNC)
    sql("UPDATE s SET name = 'new', moved = now() - interval '1 hour' WHERE code = 'a'")
    sync.ok(**SYNC)
    sql("ALTER TABLE s ALTER code TYPE char(8)")
    sql("UPDATE s SET name = 'newest', moved = now() - interval '1 minute' WHERE code = 'a'")
    refused = sync(**SYNC)
    assert refused.code == 4
    assert "keys of another length" in refused.err
    mend = re.search(r"UPDATE .* WHERE TRUE", refused.err)
    assert sync.rows("name") == [("b",), ("new",)]
    sync.client.query(mend[0]).result()
    sync.ok(**SYNC)
    assert sync.rows("code, name") == [("a       ", "newest"), ("b       ", "b")]
    sync.ok(**SYNC)
