"""What columns a table has, asked of DuckDB's catalog itself instead of its tables about it.

A relation over a table knows its columns without a statement that is read, planned and run. Which
of them are required it does not know: that is asked once, until a statement names the table again
that could change it.
"""

import re
import threading
from collections.abc import Callable, Iterable
from typing import Any

DEFINES = re.compile(r"(?:^|;)\s*(?:CREATE|ALTER|DROP|ATTACH|DETACH)\b", re.I)
ENDS = re.compile(r"(?:^|;)\s*(?:COMMIT|ROLLBACK|END|ABORT)\b", re.I)
CREATES = re.compile(
    r'CREATE (?:OR REPLACE )?(TABLE|VIEW) ((?:"(?:[^"]|"")+"\.){2}"(?:[^"]|"")+") (?:\(|AS\b)'
)
READS = re.compile(r"\s*(?:SELECT|USE|BEGIN|EXPLAIN)\b", re.I)
TEMPORARY = re.compile(r"CREATE (?:OR REPLACE )?TEMP(?:ORARY)? TABLE\b|DROP TABLE IF EXISTS temp\.")
Columns = list[tuple[str, str, bool]]
RESULTS = '"emulator".'
"""Begins the name of a result, and of what else is no project's."""
RESULT = 'CREATE OR REPLACE TABLE "emulator"."_results".'
"""Begins the statement that writes a query's result: its name comes once."""


class Definitions:
    """What the statements that were run tell of tables: their spelling, what they may alter."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes = 0
        self._required = dict[str, frozenset[str]]()
        self._listed = dict[tuple[str, str], frozenset[str]]()
        self._rows = dict[str, int]()
        self._spelt = dict[str, tuple[str, str]]()

    def follow(self, sql: str) -> None:
        """Heed a statement that was run."""
        if sql.startswith(RESULT):
            return
        if ENDS.search(sql):  # what was altered in a transaction is seen from now on
            with self._lock:
                self._changes += 1
                self._required.clear()
                self._listed.clear()
                self._rows.clear()
            return
        if ";" in sql or not READS.match(sql):
            with self._lock:
                self._changes += 1
                _drop_named(self._rows, sql.casefold())
        if DEFINES.search(sql):
            folded = sql.casefold()
            with self._lock:
                self._changes += 1
                if not TEMPORARY.match(sql):
                    self._listed.clear()
                _drop_named(self._required, folded)
            created = CREATES.match(sql)
            if created:
                self.spell(created[2], created[1])

    def spell(self, table: str, kind: str) -> None:
        """Tell that a table or view, quoted, is spelt so."""
        self._spelt[table.casefold()] = table, kind

    def kind(self, table: str) -> str | None:
        """As what the one of this very name was made, when it was last made."""
        spelt, kind = self._spelt.get(table.casefold(), ("", None))
        return kind if spelt == table else None

    def forget(self, table: str) -> None:
        """A table is no longer there."""
        self._spelt.pop(table.casefold(), None)

    def required(self, table: str, ask: Callable[[], list[str]]) -> frozenset[str]:
        """The columns of a quoted table that are NOT NULL."""
        key, changes = table.casefold(), self._changes
        known = self._required.get(key)
        if known is None:
            known = frozenset(ask())
            with self._lock:
                if changes == self._changes:
                    self._required[key] = known
        return known

    def rows(self, table: str, ask: Callable[[], int]) -> int:
        """How many rows a quoted table has."""
        key, changes = table.casefold(), self._changes
        known = self._rows.get(key)
        if known is None:
            known = ask()
            with self._lock:
                if changes == self._changes and not key.startswith(RESULTS):
                    self._rows[key] = known
        return known

    def listed(
        self, project: str, dataset: str, ask: Callable[[], Iterable[str]]
    ) -> frozenset[str]:
        """The names of the tables and views of a dataset."""
        changes = self._changes
        known = self._listed.get((project, dataset))
        if known is None:
            known = frozenset(ask())
            with self._lock:
                if changes == self._changes:
                    self._listed[project, dataset] = known
        return known


def _drop_named(kept: dict[str, Any], text: str) -> None:
    """Drop what is kept of tables that a statement in small letters names, or their datasets."""
    for table in list(kept):
        _, dataset, name = table.split('"."')
        if name[:-1] in text or dataset in text:
            del kept[table]


_kept = threading.local()


def looking(database: Any) -> Any:
    """A cursor of this thread for looks, which leave nothing behind in it: one costs as much."""
    if not hasattr(_kept, "cursor"):
        _kept.cursor = database.connection().cursor()
    return _kept.cursor


def columns_by_relation(database: Any, definitions: Definitions) -> Callable[..., list[Any]]:
    """`tables.columns`, of a table by a relation over it; of a view, or none, that itself."""
    import duckdb
    from local_bigquery.catalog import tables
    from local_bigquery.engine import types

    ask = tables.columns

    def columns(project: str, dataset: str, table: str) -> list[Any]:
        name = tables.name(project, dataset, table)
        try:
            relation = looking(database).table(name)
        except duckdb.CatalogException:
            return ask(project, dataset, table)  # type: ignore[no-any-return]
        shown = list(zip(relation.columns, relation.types, strict=True))
        required = _required(database, definitions, name)
        return [
            types.field(column, kind, column in required)
            for column, kind in shown
            if column != tables.INGESTION_TIME or dataset == tables.RESULTS
        ]

    return columns


def fetch_by_relation(database: Any, definitions: Definitions) -> Callable[..., list[Any]]:
    """`database.fetch`, which looks up the columns of one table without listing all tables'."""
    import duckdb

    fetch = database.fetch

    def fetch_columns(sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        if "FROM duckdb_columns() WHERE database_name = ?" not in sql or values is None:
            return fetch(sql, values)  # type: ignore[no-any-return]
        table = database.quote(*values[:3])
        if "NOT is_nullable" in sql:
            return [(name,) for name in _required(database, definitions, table)]
        assert sql.endswith("column_name = ?"), sql
        try:
            names = looking(database).table(table).columns
        except duckdb.CatalogException:
            names = _columns_of_view(fetch, table)
        return [(1,) for name in names if name == values[3]]

    return fetch_columns


def columns_known(database: Any, definitions: Definitions) -> Callable[[str], Columns | None]:
    """(name, type, NOT NULL) of the columns of a quoted table; None of what is no table."""
    import duckdb

    def columns(table: str) -> Columns | None:
        try:
            relation = looking(database).table(table)
        except duckdb.CatalogException:
            return None
        shown = list(zip(relation.columns, map(str, relation.types), strict=True))
        required = _required(database, definitions, table)
        return [(name, kind, name in required) for name, kind in shown]

    return columns


def names_known(database: Any, definitions: Definitions) -> Callable[[str, str], frozenset[str]]:
    """The names of the tables and views of a dataset, listed once until one could have changed."""

    def names(project: str, dataset: str) -> frozenset[str]:
        def ask() -> Iterable[str]:
            return (name for name, *_ in database.objects(project, dataset))

        return definitions.listed(project, dataset, ask)

    return names


def _columns_of_view(fetch: Callable[..., list[Any]], view: str) -> list[str]:
    import duckdb

    try:
        return [name for (name,) in fetch("SELECT name FROM pragma_table_info($1)", [view])]
    except duckdb.CatalogException:
        return []


def _required(database: Any, definitions: Definitions, table: str) -> frozenset[str]:
    """The columns of a table, quoted, that are NOT NULL; of none, none."""
    import duckdb

    def ask() -> list[str]:
        sql = 'SELECT name FROM pragma_table_info($1) WHERE "notnull"'
        return [name for (name,) in database.fetch(sql, [table])]

    try:
        return definitions.required(table, ask)
    except duckdb.CatalogException:
        return frozenset()
