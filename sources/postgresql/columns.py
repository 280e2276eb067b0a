"""Whether a query still has the plan's columns: asked in the transaction that reads.

Names decide which column is which, here as in every other statement over the query. The
answer also takes the locks of the read, so that nothing changes between both.
"""

import json

from auto_schema.errors import SourceChangedError
from sources.postgresql.sql import quote

MOST_TOLD = 5
"""Differences that a message names."""


def describing(query: str, names: tuple[str, ...]) -> str:
    """The SQL that tells the query's column names, the types of these columns, and who is asked.

    It reads no row: one of NULLs stands in for all. Of a name that stands twice no type
    can be asked.
    """
    columns = (f"pg_catalog.pg_typeof(q.{quote(name)})" for name in once(names))
    words = ", ".join(f"{column}::pg_catalog.oid || ' ' || {column}" for column in columns)
    return (
        "SELECT (SELECT pg_catalog.row_to_json(r.*)::text FROM (SELECT q.*) AS r),"
        f" ARRAY[{words}]::text[], pg_catalog.pg_backend_pid()\n"
        "FROM (SELECT 1) AS one LEFT JOIN (SELECT * FROM (\n"
        f"{query}\n"
        ") AS every LIMIT 0) AS q ON true"
    )


def check_columns(
    place: str, names: tuple[str, ...], types: tuple[int, ...], answer: tuple[str, list[str]]
) -> None:
    """Compare the plan's columns with what `describing` was answered.

    Raises:
        SourceChangedError: another name, order or type.
    """
    present = tuple(
        json.loads(answer[0], object_pairs_hook=lambda pairs: [name for name, _ in pairs])
    )
    differing = [f"{name!r} is gone" for name in names if name not in present]
    differing += [f"{name!r} is new" for name in present if name not in names]
    if not differing and present != names:
        differing.append("the columns stand in another order")
    planned = dict(zip(names, types, strict=True)) if types else {}
    for name, (oid, words) in types_of(names, answer[1]).items():
        if planned.get(name, oid) != oid:
            differing.append(f"{name!r} is now of type {words}")
    if differing:
        raise changed(place, "; ".join(differing[:MOST_TOLD]))


def check_tables(
    place: str, names: tuple[str, ...], tables: tuple[int, ...], told: list[tuple[str, int, int]]
) -> None:
    """See that a split reads the very tables that the plan was made of, and the splits before.

    Args:
        place: for errors.
        names: of the plan's columns.
        tables: their tables' OIDs; 0 of what is none's.
        told: name, type and table of each column that is read.

    Raises:
        SourceChangedError: another table has the name by now: what other splits have read, or
            will, are not its rows.
    """
    planned = dict(zip(names, tables, strict=True)) if tables else {}
    for name, _, table in told:
        if table and planned.get(name, 0) not in (0, table):
            why = f"the table of {name!r} was dropped and made again, or another has its name"
            raise changed(place, f"{why}, while it was read in parts")


def changed(place: str, why: str) -> SourceChangedError:
    """The error for a query that no longer has the plan's columns."""
    return SourceChangedError(
        "the source has changed since it was planned",
        place,
        why,
        "run it again: a new plan is made from the columns as they are now.",
    )


def types_of(names: tuple[str, ...], answer: list[str]) -> dict[str, tuple[int, str]]:
    """Each column's type as `describing` was answered: its OID, and in words.

    >>> types_of(("a", "b", "a"), ["23 integer"])
    {'b': (23, 'integer')}
    """
    pairs = (words.partition(" ")[::2] for words in answer)
    return {name: (int(oid), words) for name, (oid, words) in zip(once(names), pairs, strict=True)}


def once(names: tuple[str, ...]) -> list[str]:
    """The names that stand for one column."""
    return [name for name in names if names.count(name) == 1]
