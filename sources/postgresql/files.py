"""I/O. The files of tables, which become others when a table is emptied, refreshed or written anew.

TRUNCATE and REFRESH MATERIALIZED VIEW give a table another file, and so do VACUUM FULL, CLUSTER,
pg_repack and some forms of ALTER TABLE, which keep all rows: they aren't told apart.
"""

import re
from collections.abc import Iterable
from typing import Any

from sources.postgresql.columns import changed

Files = tuple[tuple[int, int], ...]
MOST_FILES = 1000
"""Partitions of a table whose files a plan holds: some 20 KB."""
STORED = f"""
CASE WHEN c.relkind <> 'v' THEN (
    WITH RECURSIVE whole (oid) AS (
        SELECT c.oid
        UNION
        SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN whole ON i.inhparent = whole.oid
    ), told AS (
        SELECT pg_catalog.string_agg(k.oid || '/' || k.relfilenode, ' ' ORDER BY k.oid) AS told,
            pg_catalog.count(*) AS tables
        FROM whole JOIN pg_catalog.pg_class k ON k.oid = whole.oid
    )
    SELECT CASE WHEN tables > {MOST_FILES} THEN pg_catalog.md5(told) ELSE told END FROM told
) END"""
"""What tells the relation `c` from another of its name: the oids and files of it, of its partitions
and children; of more than MOST_FILES their hash. NULL: it is a view."""
_FILE = re.compile(r"(\d{1,10})/([1-9]\d{0,9})")
_OTHERS = """
SELECT pg_catalog.format('%%s', planned.oid::pg_catalog.regclass)
FROM ROWS FROM (
    pg_catalog.unnest(%s::pg_catalog.oid[]), pg_catalog.unnest(%s::pg_catalog.oid[])
) AS planned (oid, file)
WHERE pg_catalog.pg_relation_filenode(planned.oid) <> planned.file
LIMIT 1
"""
"""A table that has another file by now; of one that is gone, or is no partition any more, it says
nothing: that is as if its rows were deleted."""


def files_of(stored: Iterable[str]) -> Files:
    """The oids of tables, with their files, of what STORED tells; nothing of views and hashes.

    >>> files_of(["7/9 8/0", "10/d41d8cd98f00b204e9800998ecf8427e", "16500/16503"])
    ((7, 9), (16500, 16503))
    """
    pairs = (_FILE.fullmatch(word) for text in stored for word in text.split())
    return tuple((int(pair[1]), int(pair[2])) for pair in pairs if pair)


def check_files(cursor: Any, place: str, files: Files) -> None:
    """See that a split reads the rows of which the plan was made, and the splits before read.

    Args:
        cursor: in a transaction that holds the query's locks already.
        place: for errors.
        files: as they were when the plan was made.

    Raises:
        SourceChangedError: a table has another file: what other splits have read, or will, are not
            its rows.
    """
    if not files:
        return
    oids, numbers = zip(*files, strict=True)
    cursor.execute(_OTHERS, (list(oids), list(numbers)))
    other = cursor.fetchone()
    if other:
        why = (
            f"{other[0]} was emptied or written anew (TRUNCATE, REFRESH MATERIALIZED VIEW, VACUUM"
            " FULL), while it was read in parts"
        )
        raise changed(place, why)
