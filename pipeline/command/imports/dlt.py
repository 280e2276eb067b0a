"""dlt's settings and exported schema → our entries. Pure; no Python script is read."""

from dataclasses import dataclass, field

from pipeline.command.imports.connections import SCHEMES, source_kind, take_secret, take_source
from pipeline.command.imports.dlt_rules import RULES
from pipeline.command.imports.draft import Draft, Values, child, names_of, place_of, text_of
from pipeline.parameters.nodes import Node, Pairs

__all__ = ["ADVICE", "RULES", "read"]

ADVICE = (
    "dlt's tables have names in snake_case, _dlt_id and _dlt_load_id, and other types: fill new"
    " ones beside them: docs/moving.md#an-existing-table"
)
PARTS = ("config", "secrets")
SYSTEM = "_dlt_"
SQL_NAMES = ("sql_database", "table_names")
COLUMNS = {"included_columns": "select_fields", "excluded_columns": "exclude_fields"}
STRATEGIES = ("delete-insert", "upsert", "scd2")
NO_MERGE = {
    "insert-only": (
        "insert-only leaves changed rows as they were",
        "use delete-insert or upsert: WRITE_MERGE updates rows by their keys.",
    ),
    "cdc": (
        "no log of changes is read (cdc)",
        "use upsert with a column of hard_delete: WRITE_MERGE with deleted_column.",
    ),
}
"""Strategies of dlt's merge that are none of ours: why, and what is nearest."""
UNITS = {"timestamp": "s", "date": "d", "bigint": ""}
"""Of a cursor's lag, by its type."""
CONTRACTS = {"evolve": "add_columns", "freeze": "freeze"}
DISCARDS = "discard_"


def read(root: Node, draft: Draft) -> None:
    """Fill the draft with what settings and schema say."""
    settings = _Settings(root, draft)
    settings.take()
    tables = child(root, "schema", "tables")
    if not isinstance(tables, Pairs):
        why = "what becomes of each table's rows is said in Python, which is not read"
        fix = "export the schema (export_schema_path of dlt.pipeline), and name the pipeline's"
        fix += " folder, or its schemas/export/….schema.yaml."
        draft.refuse("tables", place_of(root), why, fix)
        return
    for key, node in tables.pairs:
        if not key.text.startswith(SYSTEM):
            table = _Table(draft, key.text, node, settings.incremental(key.text))
            values = table.values() | settings.columns(key.text)
            if not settings.names(table.source):
                draft.tell(f"{table.source} is not among table_names, and disabled")
                values["disabled"] = True
            draft.tables[settings.entry(table.source)] = values
    settings.refuse_others({key.text for key, _ in tables.pairs})
    draft.tell("names are dlt's, in snake_case: write those of the source where they differ")


@dataclass
class _Settings:
    """What config.toml and secrets.toml say, the secrets first."""

    root: Node
    draft: Draft

    @property
    def is_mongodb(self) -> bool:
        """Whether tables are collections."""
        return source_kind(self.draft) == "mongodb"

    def _find(self, *keys: str) -> tuple[str, Node | None]:
        """What stands under these keys, and in which file."""
        for part in reversed(PARTS):
            if (node := child(self.root, part, *keys)) is not None:
                return part, node
        return "", None

    def take(self) -> None:
        self._destination()
        self._sql()
        self._mongodb()
        if workers := text_of(self._find("load", "workers")[1]):
            self.draft.parameters["max_tables_at_once"] = workers

    def _destination(self) -> None:
        bigquery = ("destination", "bigquery")
        for keys in ((*bigquery, "credentials", "project_id"), (*bigquery, "project_id")):
            if text := text_of(self._find(*keys)[1]):
                self.draft.parameters["destination_bigquery_project"] = text
        for above in ((), ("pipeline",), bigquery):
            if text := text_of(self._find(*above, "dataset_name")[1]):
                self.draft.parameters["destination_bigquery_dataset"] = text

    def _sql(self) -> None:
        part, node = self._find("sources", "sql_database", "credentials")
        key = f"{part}.sources.sql_database.credentials"
        if node is None or isinstance(node, Pairs):
            self._credentials(("sources", "sql_database", "credentials"))
        else:
            take_source(self.draft, text_of(node), key, place_of(node))

    def _credentials(self, keys: tuple[str, ...]) -> None:
        if "source" in self.draft.given or "data_source" in self.draft.given:
            self.draft.tell("credentials of the source are not used: the command line names it")
            return
        part, driver = self._find(*keys, "drivername")
        if driver is not None:
            kind = SCHEMES.get(text_of(driver).partition("+")[0], "")
            if kind != "postgresql":
                key = ".".join((part, *keys, "drivername"))
                fix = "give the source on the command line: --source=postgresql://…"
                self.draft.refuse(key, place_of(driver), "it is no PostgreSQL", fix)
            self.draft.parameters["data_source"] = "postgresql"
        for name in ("host", "port", "database", "username"):
            if text := text_of(self._find(*keys, name)[1]):
                self.draft.parameters[f"postgresql_{name}"] = text
        part, password = self._find(*keys, "password")
        if password is not None:
            key = ".".join((part, *keys, "password"))
            take_secret(self.draft, "postgresql_password", text_of(password), key)

    def _mongodb(self) -> None:
        part, node = self._find("sources", "mongodb", "connection_url")
        if node is not None:
            key = f"{part}.sources.mongodb.connection_url"
            take_source(self.draft, text_of(node), key, place_of(node))
        if text := text_of(self._find("sources", "mongodb", "database")[1]):
            self.draft.parameters["mongodb_database"] = text
        if not self.is_mongodb and self._find("sources", "mongodb")[1] is not None:
            self.draft.tell("sources.mongodb is not used: the source is another")

    def entry(self, table: str) -> str:
        """How our file names a table."""
        if self.is_mongodb:
            return table
        own = self._find("sources", "sql_database", table, "schema")[1]
        schema = text_of(own or self._find("sources", "sql_database", "schema")[1])
        if not schema:
            self.draft.tell("no schema is named: public is taken")
        return f"{schema or 'public'}.{table}"

    def names(self, table: str) -> bool:
        """Whether the settings' list of tables has this one, or there is no list."""
        kind = ("mongodb", "collection_names") if self.is_mongodb else SQL_NAMES
        named = names_of(self._find("sources", *kind)[1])
        return not named or table in named

    @property
    def _kind(self) -> str:
        return "mongodb" if self.is_mongodb else "sql_database"

    def refuse_others(self, tables: set[str]) -> None:
        """Settings of tables that the schema doesn't have."""
        for part in PARTS:
            node = child(self.root, part, "sources", self._kind)
            for key, value in node.pairs if isinstance(node, Pairs) else ():
                of_table = isinstance(value, Pairs) and key.text != "credentials"
                if of_table and key.text not in tables:
                    name = f"{part}.sources.{self._kind}.{key.text}"
                    fix = "export the schema once more, or leave it out by --without."
                    self.draft.refuse(name, key.place, "the schema has no such table", fix)

    def incremental(self, table: str) -> Node | None:
        """What the settings say of a table's cursor."""
        return self._find("sources", self._kind, table, "incremental")[1]

    def columns(self, table: str) -> Values:
        """Which columns of a table are read."""
        said: Values = {}
        for name, ours in COLUMNS.items():
            if names := names_of(self._find("sources", self._kind, table, name)[1]):
                said[ours] = list(names)
        return {"transformation_config": said} if said else {}


@dataclass
class _Table:
    """One table of the schema while it becomes an entry."""

    draft: Draft
    name: str
    node: Node
    incremental: Node | None
    hints: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = child(self.node, "columns")
        for key, column in columns.pairs if isinstance(columns, Pairs) else ():
            for hint, value in column.pairs if isinstance(column, Pairs) else ():
                if text_of(value) not in ("", "false"):
                    self.hints.setdefault(hint.text, []).append(key.text)

    @property
    def source(self) -> str:
        """The table's name in the source, as far as dlt tells."""
        return text_of(child(self.node, "resource")) or self.name

    def _refuse(self, key: str, why: str, fix: str) -> None:
        place = place_of(child(self.node, key) or self.node)
        self.draft.refuse(f"schema.tables.{self.name}.{key}", place, why, fix)

    def values(self) -> Values:
        """The entry."""
        if child(self.node, "parent") is not None:
            fix = f"leave it out by --without=schema.tables.{self.name}: it is a JSON column of"
            fix += " its parent here."
            self._refuse("parent", "rows of nested tables stay in their row", fix)
        values: Values = {"enable_auto_schema": True, **self._written()}
        if self.source != self.name:
            values["destination_bigquery_table"] = self.name
        return values | self._layout() | self._contract() | self._deleted()

    def _cursor(self) -> str:
        """The cursor column that settings or schema name, or empty."""
        named = text_of(child(self.incremental, "cursor_path"))
        hinted = self.hints.get("incremental", [])
        if len({*hinted, *filter(None, [named])}) > 1:
            self._refuse("columns", "it has several incremental columns", "name one of them.")
        return named or next(iter(hinted), "")

    def _windowed(self) -> Values:
        cursor = self._cursor()
        if not cursor:
            return {}
        missing = child(self.incremental, "on_cursor_value_missing")
        if missing is not None and text_of(missing) != "exclude":
            fix = "use exclude, or a cursor without NULLs: a row whose cursor is NULL is in no"
            fix += " window, and the plan tells of such rows."
            self._refuse("columns", f"on_cursor_value_missing={text_of(missing)}", fix)
        return {"enable_smart_sync": True, "smart_sync_timestamp_column": cursor}

    def _unused(self, written: str) -> None:
        """Tell of keys and cursors that say nothing of how the table is written."""
        keys = self.hints.get("primary_key", []) + self.hints.get("merge_key", [])
        if written != "merge" and keys:
            self.draft.tell(f"{self.name}: its keys say nothing of {written}")
        if written == "replace" and self._cursor():
            self.draft.tell(
                f"{self.name}: replace brings all rows; dlt would keep those behind the cursor only"
            )
        lag = child(self.incremental, "lag")
        if lag is not None and written != "merge":
            fix = "use merge with a primary_key, or leave lag out."
            self._refuse("write_disposition", "rows of a lag are read again, and doubled", fix)
        if written != "merge" and child(self.node, "x-merge-strategy") is not None:
            self.draft.tell(f"{self.name}: x-merge-strategy says nothing of {written}")

    def _lookback(self) -> Values:
        """How far behind its watermark a window starts: seconds, days or numbers."""
        lag = text_of(child(self.incremental, "lag"))
        if not lag:
            return {}
        kind = text_of(child(self.node, "columns", self._cursor(), "data_type")) or "timestamp"
        if kind not in UNITS or not lag.partition(".")[0].isdecimal():
            fix = "write a whole number, for a cursor that is a timestamp, date or integer."
            self._refuse("columns", "the cursor's lag can't be said", fix)
            return {}
        return {"smart_sync_lookback": lag.partition(".")[0] + UNITS[kind]}

    def _written(self) -> Values:
        written = text_of(child(self.node, "write_disposition")) or "append"
        self._unused(written)
        if written == "replace":
            return {"write_disposition": "WRITE_TRUNCATE"}
        if written == "skip":
            return {"disabled": True}
        if written == "append":
            if not self._cursor():
                self.draft.tell(
                    f"{self.name}: append without a cursor adds all rows again with each run, as"
                    " with dlt"
                )
            return {**self._windowed(), "write_disposition": "WRITE_APPEND"}
        if written == "merge":
            return self._merged()
        self._refuse("write_disposition", "it is none that is known", "write one of dlt's.")
        return {}

    def _merged(self) -> Values:
        keys = self.hints.get("primary_key", [])
        strategy = text_of(child(self.node, "x-merge-strategy")) or "delete-insert"
        groups = self.hints.get("merge_key", [])
        if groups and groups != keys:
            fix = "use merge_keys of single rows, or WRITE_TRUNCATE with sync_start and sync_end,"
            fix += " which replaces partitions."
            self._refuse("columns", "a merge_key replaces whole groups of rows", fix)
        if not keys and not groups:
            fix = "give primary_key, or write_disposition: append."
            self._refuse("write_disposition", "merge without a key adds rows only", fix)
        if strategy in NO_MERGE:
            self._refuse("x-merge-strategy", *NO_MERGE[strategy])
        elif strategy not in STRATEGIES:
            fix = f"use one of {', '.join(STRATEGIES)}."
            self._refuse("x-merge-strategy", "it is none that is known", fix)
        if strategy == "scd2" and not self._cursor():
            fix = "name the cursor: incremental on a column that each change moves."
            self._refuse("x-merge-strategy", "WRITE_HISTORY says by it when a version began", fix)
        disposition = "WRITE_HISTORY" if strategy == "scd2" else "WRITE_MERGE"
        if strategy == "scd2":
            self.draft.tell(
                "scd2 is WRITE_HISTORY: _sync_valid_from, _sync_valid_to and _sync_is_current in"
                " place of _dlt_valid_from and _dlt_valid_to, which begin a table of their own"
            )
        values = {**self._windowed(), **self._lookback(), "write_disposition": disposition}
        sort = self.hints.get("dedup_sort", [])
        order = text_of(child(self.node, "columns", *sort[:1], "dedup_sort"))
        if sort and (sort != [self._cursor()] or order != "desc"):
            fix = "make it the incremental cursor, or leave it out."
            self._refuse("columns", "the newest row of a key is that of the highest cursor", fix)
        return {**values, "merge_keys": list(keys or groups)}

    def _layout(self) -> Values:
        values: Values = {}
        partition = [*self.hints.get("partition", []), *self.hints.get("x-bigquery-partition", [])]
        if partition:
            values["partition_field"] = partition[0]
        named = names_of(child(self.node, "x-bigquery-cluster-columns"))
        cluster = list(named) or [
            *self.hints.get("cluster", []),
            *self.hints.get("x-bigquery-cluster", []),
        ]
        return values | ({"clustering_fields": cluster} if cluster else {})

    def _contract(self) -> Values:
        node = child(self.node, "schema_contract")
        if node is None:
            return {}
        text = text_of(node) or text_of(child(node, "columns"))
        others = {text_of(child(node, name)) for name in ("tables", "data_type")}
        if text not in CONTRACTS or any(other.startswith(DISCARDS) for other in others):
            fix = "use evolve (add_columns) or freeze; what a row may hold is said by checks."
            self._refuse("schema_contract", "no value or row is discarded", fix)
            return {}
        return {"schema_evolution": CONTRACTS[text]}

    def _deleted(self) -> Values:
        marks = self.hints.get("hard_delete", [])
        return {"deleted_column": marks[0]} if marks else {}
