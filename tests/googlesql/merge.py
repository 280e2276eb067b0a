"""MERGE, which the reference implementation lacks: as one query for each of its clauses.

A clause asks for what it would write: over target and source joined by the merge's condition, or
over the one whose rows have no other. Its own condition holds, and that of no clause of its kind
before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from zetasql.wasi._pb2.zetasql.parser.ast_enums_pb2 import (
    ASTMergeActionEnums,
    ASTMergeWhenClauseEnums,
)

from tests.googlesql import syntax
from tests.googlesql.catalog import ROW_NUMBER, Row, Table, Tables
from tests.googlesql.engine import NO_VARIABLES, GoogleSql, Modified, Parameter, Variables
from tests.googlesql.errors import Code, Finding, GoogleSqlError
from tests.googlesql.syntax import Text
from tests.googlesql.types import Column
from tests.googlesql.writes import stored

TWICE = "UPDATE/MERGE must match at most one source row for each target row"
"""As BigQuery says it; https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax."""


@dataclass(frozen=True, slots=True)
class Clause:
    """WHEN … THEN …: which pairs of rows it takes, and what it writes by column."""

    match: int
    condition: str
    action: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Merge:
    """The parts of a MERGE; `source` and `target` with their aliases."""

    name: str
    target: str
    alias: str
    source: str
    condition: str
    clauses: tuple[Clause, ...]

    def query(self, clause: Clause, columns: Sequence[Column]) -> str:
        """What a clause would write: the target row's number, then the values of its columns."""
        types = {column.name: column.sql for column in columns}
        values = [f"CAST(({value}) AS {types[name]})" for name, value in clause.values.items()]
        earlier = self.clauses[: self.clauses.index(clause)]
        conditions = [f"(({clause.condition}) IS TRUE)"] + [
            f"(({one.condition}) IS NOT TRUE)" for one in earlier if one.match == clause.match
        ]
        number = f"`{self.alias}`.{ROW_NUMBER}"
        rows = f"{self.target} JOIN {self.source} ON ({self.condition})"
        if clause.match == ASTMergeWhenClauseEnums.NOT_MATCHED_BY_SOURCE:
            rows = self.target
            conditions.append(f"NOT EXISTS (SELECT 1 FROM {self.source} WHERE {self.condition})")
        elif clause.match == ASTMergeWhenClauseEnums.NOT_MATCHED_BY_TARGET:
            number, rows = "NULL", self.source
            conditions.append(f"NOT EXISTS (SELECT 1 FROM {self.target} WHERE {self.condition})")
        where = " AND ".join(conditions)
        return f"SELECT {', '.join([number, *values])} FROM {rows} WHERE {where}"


def merge(
    engine: GoogleSql,
    sql: str,
    tables: Tables,
    parameters: Sequence[Parameter] = (),
    variables: Variables = NO_VARIABLES,
) -> Modified:
    """What a MERGE leaves of its target.

    Raises:
        GoogleSqlError: The statement is refused, or a row of it, or a row would be written twice.
    """
    outcome = engine.analyze(sql, tables, parameters, variables)
    if isinstance(outcome, Finding):
        raise GoogleSqlError(Code.INVALID_ARGUMENT, outcome.message)
    tree = engine.parse(sql)
    table = tables[".".join(syntax.names(syntax.paths(tree)[0]))]
    parts = _merge(syntax.inner(tree.statement_list_node.statement_list[0]), Text(sql), table)
    rows: dict[int, Row | None] = dict(enumerate(table.rows))
    touched: set[int] = set()
    added: list[Row] = []
    for clause in parts.clauses:
        spelled = engine.spelled(parts.query(clause, table.columns), tables)
        for number, *values in engine.answered(spelled, parameters, variables, parts.name).rows:
            new = dict(zip(clause.values, values, strict=True))
            if clause.action == ASTMergeActionEnums.INSERT:
                added.append(_written(new, [None] * len(table.columns), table))
                continue
            if number in touched:
                raise GoogleSqlError(Code.OUT_OF_RANGE, TWICE)
            touched.add(number)
            is_update = clause.action == ASTMergeActionEnums.UPDATE
            rows[number] = _written(new, table.rows[number], table) if is_update else None
    left = [row for row in rows.values() if row is not None]
    return Modified(parts.name, table.with_rows([*left, *added]), len(touched) + len(added))


def _written(new: dict[str, Any], old: Row, table: Table) -> Row:
    values = zip(table.columns, old, strict=True)
    return stored(tuple(new.get(column.name, value) for column, value in values), table)


def _merge(node: Any, text: Text, table: Table) -> Merge:
    name = ".".join(syntax.names(node.target_path))
    alias = _alias(node) or name.rpartition(".")[2]
    return Merge(
        name,
        f"`{name}` AS `{alias}`",
        alias,
        text.of(node.table_expression),
        text.of(node.merge_condition),
        tuple(_clause(clause, text, table) for clause in node.when_clauses.clause_list),
    )


def _alias(node: Any) -> str:
    return node.alias.identifier.id_string if node.HasField("alias") else ""


def _clause(node: Any, text: Text, table: Table) -> Clause:
    condition = text.of(node.search_condition) if node.HasField("search_condition") else "TRUE"
    action = node.action
    values: dict[str, str] = {}
    if action.action_type == ASTMergeActionEnums.UPDATE:
        for item in action.update_item_list.update_items:
            path = syntax.inner(item.set_value.path)
            column = _own_name(syntax.names(syntax.paths(path)[0])[-1], table)
            values[column] = _value(item.set_value.value, text)
    elif action.action_type == ASTMergeActionEnums.INSERT:
        names = [name.id_string for name in action.insert_column_list.identifiers]
        names = names or [column.name for column in table.columns if not column.is_pseudo]
        if len(names) != len(action.insert_row.values):
            raise NotImplementedError("INSERT ROW")
        values = {
            _own_name(name, table): _value(value, text)
            for name, value in zip(names, action.insert_row.values, strict=True)
        }
    return Clause(node.match_type, condition, action.action_type, values)


def _own_name(name: str, table: Table) -> str:
    """A column's name as the table has it: statements may write it in another case."""
    (own,) = (column.name for column in table.columns if column.name.lower() == name.lower())
    return own


def _value(node: Message, text: Text) -> str:
    return "NULL" if syntax.kind(node) == "ASTDefaultLiteral" else text.of(node)
