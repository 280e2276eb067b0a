"""What the statistics are worth by which the server estimates: SQL, and a judgement. Pure.

The SQL stands beside a question that is asked anyway.

https://www.postgresql.org/docs/current/planner-stats.html
"""

from collections.abc import Sequence
from datetime import UTC

from sources.profile import TableStatistics

STATISTICS = """LATERAL (
  WITH RECURSIVE whole(oid) AS (
    SELECT c.oid
    UNION
    SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN whole ON i.inhparent = whole.oid)
  SELECT sum(greatest(r.reltuples, 0))::int8 AS rows,
    sum(pg_catalog.pg_stat_get_mod_since_analyze(r.oid))::int8 AS changed,
    max(greatest(pg_catalog.pg_stat_get_last_analyze_time(r.oid),
                 pg_catalog.pg_stat_get_last_autoanalyze_time(r.oid))) AS analyzed_at,
    pg_catalog.array_agg(r.oid) FILTER (WHERE
      pg_catalog.pg_stat_get_last_analyze_time(r.oid) IS NULL
      AND pg_catalog.pg_stat_get_last_autoanalyze_time(r.oid) IS NULL
      AND pg_catalog.pg_relation_size(r.oid) > 0)::int8[] AS unanalyzed
  FROM whole JOIN pg_catalog.pg_class r ON r.oid = whole.oid AND r.relkind IN ('r', 'm')
) AS known"""
"""Of a relation `c` and all that belongs to it: rows at the last ANALYZE, rows that have changed
since, when that was, and those that have rows and of whose ANALYZE nothing is known. Of a view all
is NULL."""
IS_MISSING = """
SELECT coalesce(bool_or(NOT EXISTS (
    SELECT FROM pg_catalog.pg_stats s JOIN pg_catalog.pg_namespace o ON o.nspname = s.schemaname
    WHERE o.oid = r.relnamespace AND s.tablename = r.relname)), false)
FROM pg_catalog.pg_class r WHERE r.oid = ANY(%s::oid[])
"""
"""Whether one of these has no statistics. Asked of them alone: a restored server knows of no
ANALYZE, and to plan a query of pg_stats takes as long as all else that is asked of a table."""

LEAST_CHANGED, SHARE_CHANGED = 50, 0.1
"""From so many rows on, and so large a part of them, autovacuum itself calls statistics stale:
autovacuum_analyze_threshold and _scale_factor."""


def doubt(
    tables: Sequence[TableStatistics], estimated_rows: int | None, *, has_window: bool
) -> str:
    """Why an estimate by these statistics says nothing, in words; empty: nothing is known.

    Rows that came after the last ANALYZE lie beyond all that the server knows of the cursor: of
    those it expects one at the most.

    >>> doubt([TableStatistics("s.t", is_missing=True)], 1, has_window=True)
    's.t was never analyzed (ANALYZE s.t mends it)'
    >>> doubt([TableStatistics("s.t", rows=10_000, changed=400)], 1, has_window=False)
    ''
    """
    for table in tables:
        mend = f"(ANALYZE {table.name} mends it)"
        if table.is_missing:
            return f"{table.name} was never analyzed {mend}"
        is_beyond = has_window and estimated_rows is not None and estimated_rows <= 1
        is_stale = table.changed > LEAST_CHANGED + SHARE_CHANGED * table.rows
        if is_stale or (is_beyond and table.changed > 1):
            when = "" if table.at is None else f" of {table.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            changed = "1 row has" if table.changed == 1 else f"{table.changed:,} rows have"
            return f"the statistics{when} of {table.name} are stale, {changed} changed since {mend}"
    return ""
