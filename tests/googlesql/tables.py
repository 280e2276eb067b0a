"""What a script's DDL does to the tables at hand."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from google.protobuf.message import Message
from zetasql.wasi._pb2.zetasql.parser.ast_enums_pb2 import ASTCreateStatementEnums

from tests.googlesql import syntax
from tests.googlesql.catalog import INGESTION_TIME, Row, Table
from tests.googlesql.errors import Code, GoogleSqlError
from tests.googlesql.resolved import Analysis
from tests.googlesql.types import Column
from tests.googlesql.writes import stored

NAMED = {
    "ASTAlterTableStatement": "path",
    "ASTDropStatement": "name",
    "ASTDropSnapshotTableStatement": "name",
    "ASTTruncateStatement": "target_path",
}
"""Statements about a table that has to be there, and the part that names it."""


@dataclass(slots=True)
class Dataset:
    """Tables by name, and which of them are temporary; tables are values, so a copy is shallow."""

    tables: dict[str, Table]
    temporary: set[str] = field(default_factory=set)

    def copy(self) -> "Dataset":
        """The tables as they are now."""
        return Dataset(dict(self.tables), set(self.temporary))

    def create(self, node: Message, made: Analysis, rows: Iterable[Row]) -> None:
        """CREATE TABLE and CREATE SNAPSHOT TABLE.

        Args:
            made: What the analyzer says that is made.
            rows: Of the query, where there is one.
        """
        name = ".".join(syntax.names(syntax.part(node, "name")))
        if name in self.tables:
            if syntax.part(node, "is_if_not_exists"):
                return
            if not syntax.part(node, "is_or_replace"):
                raise GoogleSqlError(Code.ALREADY_EXISTS, f"Already Exists: Table {name}")
        self.tables[name] = self._made(node, made, tuple(rows))
        if _makes_temporary(node):
            self.temporary.add(name)

    def is_temporary(self, node: Message) -> bool:
        """Whether DDL is about a temporary table."""
        kind = syntax.kind(node)
        if kind.startswith("ASTCreate"):
            return _makes_temporary(node)
        return ".".join(syntax.names(syntax.part(node, NAMED[kind]))) in self.temporary

    def _made(self, node: Message, made: Analysis, rows: tuple[Row, ...]) -> Table:
        for source in ("clone_data_source", "copy_data_source"):
            if source in node.DESCRIPTOR.fields_by_name and node.HasField(source):
                path = syntax.part(getattr(node, source), "path_expr")
                return self._there(".".join(syntax.names(path)))
        columns = made.columns
        if "partition_by" in node.DESCRIPTOR.fields_by_name and node.HasField("partition_by"):
            named = {syntax.names(path)[0].upper() for path in syntax.paths(node.partition_by)}
            if named & {column.name for column in INGESTION_TIME}:
                columns += INGESTION_TIME
        table = Table(columns, (), made.required)
        whole = ((*row, *[None] * (len(columns) - len(row))) for row in rows)
        return table.with_rows(stored(row, table) for row in whole)

    def change(self, node: Message, made: Analysis) -> None:
        """ALTER TABLE, DROP TABLE and TRUNCATE TABLE.

        Raises:
            GoogleSqlError: The table isn't there.
            NotImplementedError: No statement of ours.
        """
        kind = syntax.kind(node)
        if kind not in NAMED:
            raise NotImplementedError(kind)
        name = ".".join(syntax.names(syntax.part(node, NAMED[kind])))
        if name not in self.tables and _may_be_absent(node, kind):
            return
        table = self._there(name)
        if kind == "ASTTruncateStatement":
            self.tables[name] = table.with_rows(())
        elif kind == "ASTAlterTableStatement":
            for action in syntax.part(node, "action_list").actions:
                self._alter(name, syntax.inner(action), made)
        else:
            del self.tables[name]
            self.temporary.discard(name)

    def _there(self, name: str) -> Table:
        if name not in self.tables:
            raise GoogleSqlError(Code.NOT_FOUND, f"Not found: Table {name}")
        return self.tables[name]

    def _alter(self, name: str, action: Any, made: Analysis) -> None:
        table, kind = self.tables[name], syntax.kind(action)
        if kind == "ASTRenameToClause":
            new = f"{name.rpartition('.')[0]}.{action.new_name.names[-1].id_string}"
            if new in self.tables:
                raise GoogleSqlError(Code.ALREADY_EXISTS, f"Already Exists: Table {new}")
            self.tables[new] = self.tables.pop(name)
        elif kind == "ASTAddColumnAction":
            column = action.column_definition.name.id_string
            (added,) = (one for one in made.columns if one.name == column)
            self.tables[name] = _with_column(table, added, is_optional=action.is_if_not_exists)
        elif kind == "ASTAlterColumnDropNotNullAction":
            required = table.required - {action.column_name.id_string}
            self.tables[name] = replace(table, required=required)
        elif kind != "ASTSetOptionsAction":
            raise NotImplementedError(kind)


def _makes_temporary(node: Message) -> bool:
    return bool(syntax.part(node, "scope") == ASTCreateStatementEnums.TEMPORARY)


def _may_be_absent(node: Message, kind: str) -> bool:
    return kind != "ASTTruncateStatement" and bool(syntax.part(node, "is_if_exists"))


def _with_column(table: Table, added: Column, *, is_optional: bool) -> Table:
    """The table with a column more, before the pseudo columns: NULL, or an empty array."""
    if any(column.name.lower() == added.name.lower() for column in table.columns):
        if is_optional:
            return table
        raise GoogleSqlError(Code.ALREADY_EXISTS, f"Column already exists: {added.name}")
    place = sum(not column.is_pseudo for column in table.columns)
    value: list[Any] | None = [] if added.type.HasField("array_type") else None
    return replace(
        table,
        columns=(*table.columns[:place], added, *table.columns[place:]),
        rows=tuple((*row[:place], value, *row[place:]) for row in table.rows),
    )
