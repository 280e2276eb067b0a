"""I/O. Who writes what a query reads, as far as the server's catalog knows.

The server itself names the relations: preparing the query locks each of them, also those
behind views, and pg_locks tells our own locks. What can't be seen from here is told, so
that the plan can wait for a fixed time or refuse.
"""

import secrets
from dataclasses import replace
from itertools import pairwise
from typing import Any

from sources.postgresql.asking import Asking
from sources.postgresql.catalog import reading
from sources.postgresql.made import made_of
from sources.postgresql.sql import DIALECT
from sources.postgresql.stamps import with_stamps
from sources.profile import SourceProfile
from sources.sql import tokens
from sources.values import SourceColumn
from sources.writers import Numbers, Writers

FIRST_OWN_OID = 16_384
"""Objects below it came with the server."""

_READ = """
WITH RECURSIVE locked AS (
  SELECT DISTINCT l.relation AS oid FROM pg_catalog.pg_locks l
  WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
    AND l.relation >= %(own)s),
 read AS (
  SELECT oid FROM locked
  UNION
  SELECT i.inhrelid FROM read JOIN pg_catalog.pg_inherits i ON i.inhparent = read.oid)
SELECT c.oid, c.oid::pg_catalog.regclass::text, c.relkind::text
FROM read JOIN pg_catalog.pg_class c ON c.oid = read.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 2
"""
_FUNCTIONS = """
SELECT DISTINCT p.oid::pg_catalog.regproc::text FROM pg_catalog.pg_proc p
WHERE p.proretset AND p.oid >= %(own)s AND (p.proname = ANY(%(called)s) OR p.oid IN (
  SELECT d.refobjid FROM pg_catalog.pg_rewrite r
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
  WHERE r.ev_class = ANY(%(read)s::oid[]))) ORDER BY 1
"""
_SUBSCRIPTIONS = """
SELECT s.subname, s.subenabled,
       EXISTS (SELECT FROM pg_catalog.pg_stat_subscription w
               WHERE w.subid = s.oid AND w.relid IS NULL AND w.received_lsn IS NOT NULL AND
               w.last_msg_receipt_time > pg_catalog.clock_timestamp() - interval '5 min'),
       EXISTS (SELECT FROM pg_catalog.pg_subscription_rel r WHERE r.srsubid = s.oid
               AND r.srrelid = ANY(%(read)s::oid[]))
FROM pg_catalog.pg_subscription s
JOIN pg_catalog.pg_database d ON d.oid = s.subdbid AND d.datname = pg_catalog.current_database()
ORDER BY 1
"""
"""A living worker gets a message each 30 s at least: wal_sender_timeout's half. Beside it may
stand parallel workers, which get none and stay after a large transaction."""

_ORIGINS = """
SELECT roname FROM pg_catalog.pg_replication_origin WHERE roname !~ '^pg_[0-9]+(_|$)' ORDER BY 1
"""
"""Those of subscriptions are called by their oids; others are of pglogical, BDR and the like."""

_OF_MANY_NODES = (("YugabyteDB", "-YB-"), ("CockroachDB", "CockroachDB"))
"""Databases that speak like PostgreSQL, and what their version says."""
_DISTRIBUTED = "pg_catalog.pg_dist_partition"
"""Citus's catalog: https://docs.citusdata.com/en/stable/develop/api_metadata.html"""
_AGGREGATES = "_timescaledb_internal._materialized_hypertable_"
"""What a continuous aggregate of TimescaleDB, which shows itself as a view, is refreshed into."""


def writers(cursor: Any, query: str) -> Writers:
    """Look at what a query reads.

    Args:
        cursor: in a transaction of ours, which is rolled back afterwards.
        query: its placeholders bound, accepted by the server.
    """
    name = f"smart_sync_{secrets.token_hex(8)}"  # a pooler's session may keep one that failed
    cursor.execute(f"PREPARE {name} AS SELECT * FROM (\n{query}\n) AS q")
    cursor.execute(_READ, {"own": FIRST_OWN_OID})
    relations = cursor.fetchall()
    cursor.execute(f"DEALLOCATE {name}")
    read = tuple(oid for oid, _, _ in relations)
    words = {"own": FIRST_OWN_OID, "read": list(read), "called": called(query)}
    cursor.execute(_FUNCTIONS, words)
    functions = [name for (name,) in cursor.fetchall()]
    cursor.execute(_SUBSCRIPTIONS, words)
    unseen, stopped = _of_subscriptions(cursor.fetchall())
    cursor.execute(_ORIGINS)
    replayed = [
        f"replication origin {name} says that another server's rows are replayed here, with stamps"
        " of that one (where it is a leftover, SELECT pg_replication_origin_drop ends it)"
        for (name,) in cursor.fetchall()
    ]
    cursor.execute(
        "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.version(),"
        f" pg_catalog.to_regclass('{_DISTRIBUTED}') IS NOT NULL"
    )
    is_standby, version, has_citus = cursor.fetchone()
    standby = ["the server is a standby: it doesn't show who writes"] * is_standby
    standby += [*of_many_nodes(version), *(_distributed(cursor, read) if has_citus else ())]
    foreign = [
        f"{name} is a foreign table: who writes on its server isn't shown"
        for _, name, kind in relations
        if kind == "f"
    ]
    hidden = [f"function {name} gives out rows: what it reads isn't shown" for name in functions]
    refreshed = tuple(
        name for _, name, kind in relations if kind == "m" or _AGGREGATES in name.replace('"', "")
    )
    return Writers(read, (*standby, *foreign, *hidden, *unseen, *replayed), refreshed, stopped)


def of_many_nodes(version: str) -> tuple[str, ...]:
    """Why the writers of a database that only speaks like PostgreSQL can't be seen.

    >>> of_many_nodes("PostgreSQL 15.2-YB-2.25.0.0-b0 on x86_64")
    ('the server is YugabyteDB, a node of which shows only who writes through itself',)
    >>> of_many_nodes("PostgreSQL 18.4 on x86_64-pc-linux-gnu")
    ()
    """
    return tuple(
        f"the server is {name}, a node of which shows only who writes through itself"
        for name, sign in _OF_MANY_NODES
        if sign in version
    )


def _distributed(cursor: Any, read: tuple[int, ...]) -> list[str]:
    """Tables of Citus, which other nodes may write to."""
    cursor.execute(
        f"SELECT logicalrelid::text FROM {_DISTRIBUTED} WHERE logicalrelid::oid = ANY(%s::oid[])"
        " ORDER BY 1",
        (list(read),),
    )
    told = "is distributed by Citus: who writes through its other nodes isn't shown"
    return [f"{name} {told}" for (name,) in cursor.fetchall()]


def with_writers(opened: Asking, profile: SourceProfile, query: str, name: str) -> SourceProfile:
    """The profile of a query, with who writes what it reads.

    Args:
        opened: a session of ours.
        profile: of the query.
        query: its placeholders bound.
        name: the cursor column.
    """
    with reading(opened) as cursor:
        seen = writers(cursor, query)
        profile, column = replace(profile, writers=seen), profile.column(name)
        if column is None:
            return profile
        identity = replace(profile.identity, made=made_of(cursor, column, seen.read))
        profile = replace(profile, identity=identity)
        if not (column.type.cursor_type or "").startswith("int"):
            return with_stamps(profile, cursor, query, column)
        return replace(profile, numbers=numbers(cursor, column, seen.read))


def _of_subscriptions(
    rows: list[tuple[str, bool, bool, bool]],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Why writers elsewhere can't be seen; and the subscriptions that don't run."""
    why = "the database subscribes to logical replication: its rows carry stamps of another server"
    is_fed = any(enabled or feeds for _, enabled, _, feeds in rows)
    stopped = tuple(
        f"subscription {name} {'has no living worker' if enabled else 'is disabled'}, and brings"
        " rows with older stamps when it runs again: start it, or drop it"
        for name, enabled, runs, feeds in rows
        if feeds and not (enabled and runs)
    )
    return ((why,) if is_fed else ()), stopped


def called(query: str) -> list[str]:
    """The names that are followed by a parenthesis, as the catalog writes them.

    >>> called('SELECT Now() FROM x."F" ( 1 ) -- g()')
    ['F', 'now']
    """
    parts = [
        (kind, query[start:end])
        for kind, start, end in tokens(query, DIALECT)
        if kind not in ("line", "block") and query[start:end].strip()
    ]
    names = {
        text[1:-1].replace('""', '"') if kind == "ident" else text.lower()
        for (kind, text), (_, following) in pairwise(parts)
        if following == "(" and kind in ("word", "ident")
    }
    return sorted(names)


_SEQUENCES = """
WITH RECURSIVE family AS (
  SELECT %(table)s::oid AS oid
  UNION
  SELECT CASE WHEN i.inhparent = f.oid THEN i.inhrelid ELSE i.inhparent END
  FROM family f JOIN pg_catalog.pg_inherits i ON f.oid IN (i.inhparent, i.inhrelid)),
 fed AS (
  SELECT a.attrelid, a.attnum FROM pg_catalog.pg_attribute a
  WHERE %(name)s::text IS NOT NULL AND a.attname = %(name)s AND a.attnum > 0
    AND a.attrelid IN (SELECT oid FROM family)
  UNION
  SELECT a.attrelid, a.attnum FROM pg_catalog.pg_attribute a
  WHERE %(name)s::text IS NULL AND a.attnum > 0 AND a.attrelid = ANY(%(read)s::oid[]))
SELECT DISTINCT s.seqrelid::pg_catalog.regclass::text, s.seqincrement, s.seqcache, s.seqcycle
FROM pg_catalog.pg_sequence s WHERE s.seqrelid IN (
  SELECT d.objid FROM pg_catalog.pg_depend d JOIN fed ON d.refobjid = fed.attrelid
    AND d.refobjsubid = fed.attnum
  WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
  UNION
  SELECT d.refobjid FROM pg_catalog.pg_attrdef f
  JOIN fed ON f.adrelid = fed.attrelid AND f.adnum = fed.attnum
  JOIN pg_catalog.pg_depend d ON d.objid = f.oid
    AND d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)
ORDER BY 1
"""
_FREE = """
SELECT s.seqrelid::pg_catalog.regclass::text, s.seqincrement, s.seqcache
FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
WHERE (s.seqincrement <> 1 OR s.seqcache > 1)
  AND c.relnamespace IN (SELECT relnamespace FROM pg_catalog.pg_class
                         WHERE oid = ANY(%(read)s::oid[]))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = s.seqrelid
    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i'))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.refobjid = s.seqrelid
    AND d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass)
ORDER BY 1
"""
"""Sequences that no column names: Hibernate and JPA take blocks of 50 from such ones."""
_GENERATORS = """
SELECT c.oid::pg_catalog.regclass::text FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relkind IN ('r', 'p') AND (lower(c.relname), lower(a.attname)) IN (
  ('hibernate_sequences', 'next_val'), ('hibernate_sequences', 'sequence_next_hi_value'),
  ('hibernate_unique_key', 'next_hi'), ('sequence', 'seq_count'),
  ('openjpa_sequence_table', 'sequence_value'))
  AND pg_catalog.left(n.nspname, 3) <> 'pg_' ORDER BY 1
"""
"""Tables from which JPA's providers give out numbers in blocks where nobody names another."""


_OF_THEIR_OWN = """
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_attribute a
  WHERE a.attname = %(column)s AND a.attnum > 0 AND a.attrelid = ANY(%(read)s::oid[])
    AND (a.attidentity <> ''
      OR EXISTS (SELECT FROM pg_catalog.pg_attrdef d
        JOIN pg_catalog.pg_depend g ON g.objid = d.oid
          AND g.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
          AND g.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        JOIN pg_catalog.pg_sequence s ON s.seqrelid = g.refobjid
        WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum)
      OR EXISTS (SELECT FROM pg_catalog.pg_index i
        WHERE i.indrelid = a.attrelid AND i.indkey[0] = a.attnum AND i.indnkeyatts = 1
          AND i.indisunique AND i.indisvalid AND i.indpred IS NULL)))
"""
"""Whether a column of that name is unique, or filled by a sequence. A view's or a query's column is
known by its name: who renames a unique column waits for nothing."""


def numbers(cursor: Any, column: SourceColumn, read: tuple[int, ...]) -> Numbers:
    """Look at what gives an integer column its values, and whether they may come twice."""
    given = _given_out(cursor, column, read)
    cursor.execute(_OF_THEIR_OWN, {"column": _stored_name(cursor, column), "read": list(read)})
    return replace(given, may_repeat=not cursor.fetchone()[0])


def _stored_name(cursor: Any, column: SourceColumn) -> str:
    """The name of a column where it is stored, which a query may give another."""
    if column.origin:
        cursor.execute(
            "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = %s AND attnum = %s",
            column.origin,
        )
        if row := cursor.fetchone():
            return str(row[0])
    return column.name


def _given_out(cursor: Any, column: SourceColumn, read: tuple[int, ...]) -> Numbers:
    """Look at what gives an integer column its values.

    Args:
        cursor: in a transaction of ours.
        column: of the query's result; where its table is a view or isn't known, all
            columns of what the query reads count.
        read: `Writers.read`.
    """
    words: dict[str, object] = {"table": None, "name": None, "read": list(read)}
    if column.origin:
        cursor.execute(
            "SELECT a.attname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c"
            " ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')"
            " WHERE a.attrelid = %s AND a.attnum = %s",
            column.origin,
        )
        if sequence := cursor.fetchone():
            words |= {"table": column.origin[0], "name": sequence[0]}
    cursor.execute(_SEQUENCES, words)
    sequences = cursor.fetchall()
    if sequences:
        return _of_sequences(sequences, are_of_column=bool(words["name"]))
    cursor.execute(_FREE, words)
    if free := cursor.fetchone():
        return Numbers(f"no column default gives its values out, and {_blocks(*free)}")
    cursor.execute(_GENERATORS)
    if table := cursor.fetchone():
        return Numbers(f"applications take blocks of numbers from the table {table[0]}")
    return Numbers(is_told=False)


def _of_sequences(sequences: list[tuple[str, int, int, bool]], *, are_of_column: bool) -> Numbers:
    """What the column's sequences, or those of all columns that are read, say."""
    if again := [name for name, _, _, cycles in sequences if cycles]:
        return Numbers(restarts=again[0])
    if are_of_column and (falling := [name for name, step, _, _ in sequences if step < 0]):
        return Numbers(falls=falling[0])
    odd = [(name, step, cache) for name, step, cache, _ in sequences if step != 1 or cache > 1]
    if odd:
        return Numbers(_blocks(*odd[0]), f"ALTER SEQUENCE {odd[0][0]} INCREMENT BY 1 CACHE 1")
    if len(sequences) > 1 and are_of_column:
        names = ", ".join(name for name, _, _, _ in sequences)
        return Numbers(f"its values come from several sequences ({names})")
    return Numbers()


def _blocks(name: str, step: int, cache: int) -> str:
    if cache > 1:
        return f"each session takes {cache} values at once from sequence {name} (CACHE)"
    return f"whoever asks sequence {name} takes {step} values at once (INCREMENT BY)"
