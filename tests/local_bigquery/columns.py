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
BEGINS = re.compile(r"(?:^|;)\s*BEGIN\b", re.I)
ENDS = re.compile(r"(?:^|;)\s*(?:COMMIT|ROLLBACK|END|ABORT)\b", re.I)
CREATES = re.compile(
    r'CREATE (?:OR REPLACE )?(TABLE|VIEW) ((?:"(?:[^"]|"")+"\.){2}"(?:[^"]|"")+") (?:\(|AS\b)'
)
READS = re.compile(r"\s*(?:SELECT|USE|BEGIN|EXPLAIN)\b", re.I)
TEMPORARY = re.compile(r"CREATE (?:OR REPLACE )?TEMP(?:ORARY)? TABLE\b|DROP TABLE IF EXISTS temp\.")
Columns = list[tuple[str, str, bool]]
RESULTS = '"emulator".'
"""Begins the name of a result, and of what else is no project's."""
OF_A_RESULT = tuple(
    f'{verb} "emulator"."_results".' for verb in ("CREATE OR REPLACE TABLE", "DROP TABLE IF EXISTS")
)
"""Begin the statements that write and drop a query's result: its name comes once."""


class Definitions:
    """What the statements that were run tell of tables: their spelling, what they may alter."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes = 0
        self._required = dict[str, frozenset[str]]()
        self._listed = dict[tuple[str, str], frozenset[str]]()
        self._rows = dict[str, int]()
        self._spelt = dict[str, tuple[str, str]]()

    def follow(
        self, sql: str, transaction: "Transaction | None" = None, *, is_done: bool = True
    ) -> None:
        """Heed a statement that was run.

        Args:
            sql: the statement.
            transaction: of the connection that ran it; None: it isn't known.
            is_done: whether it went well.
        """
        if sql.startswith(OF_A_RESULT):
            return
        folded = sql.casefold()
        if ENDS.search(sql):  # what was altered in a transaction is seen from now on
            self._see(transaction.end() if transaction else None)
            return
        if transaction and BEGINS.search(sql):
            transaction.begin()
        if ";" in sql or not READS.match(sql):
            if transaction:
                transaction.add(folded)
            with self._lock:
                self._changes += 1
                _drop_named(self._rows, folded)
        if DEFINES.search(sql):
            with self._lock:
                self._changes += 1
                if not TEMPORARY.match(sql):
                    self._listed.clear()
                _drop_named(self._required, folded)
                created = CREATES.match(sql)
                if created:
                    self.spell(created[2], created[1])
                if created and is_done and "not null" not in folded:
                    self._required[created[2].casefold()] = frozenset()

    def _see(self, texts: list[str] | None) -> None:
        """Heed the end of a transaction that ran these statements; None: nobody knows which."""
        with self._lock:
            self._changes += 1
            if texts is None or any(map(DEFINES.search, texts)):
                self._listed.clear()
            if texts is None:
                self._required.clear()
                self._rows.clear()
            for text in texts or ():
                _drop_named(self._rows, text)
                _drop_named(self._required, text)

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


class Transaction:
    """What a connection has run in a transaction that might alter a table, in small letters."""

    def __init__(self) -> None:
        self._texts: list[str] | None = None

    def begin(self) -> None:
        """Keep what is run from now on; what was kept, since none has ended."""
        self._texts = self._texts or []

    def add(self, text: str) -> None:
        """Keep a statement that was run, if one is open."""
        if self._texts is not None:
            self._texts.append(text)

    def end(self) -> list[str] | None:
        """What was run in it; None: nobody saw its beginning."""
        texts, self._texts = self._texts, None
        return texts


def _drop_named(kept: dict[str, Any], text: str) -> None:
    """Drop what is kept of tables that a statement in small letters names, or whose dataset it
    drops."""
    for table in list(kept):
        _, dataset, quoted = table.split('"."')
        if _names(text, quoted[:-1]) or ("schema" in text and _names(text, dataset)):
            kept.pop(table, None)


def _names(text: str, name: str) -> bool:
    """Whether a text holds a name as a word of its own."""
    return name in text and bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text))


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
