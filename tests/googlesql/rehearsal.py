"""A script analyzed and not run: every statement of every branch, with the tables as they are then.

Branches are taken one after the other, so the tables after an IF are those of all its branches.
What EXECUTE IMMEDIATE runs is looked at as it comes out with empty tables and NULL variables;
where that is NULL, `unknown` holds the place.
"""

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from tests.googlesql import syntax
from tests.googlesql.catalog import Table, Tables
from tests.googlesql.engine import NO_TABLES, Given, GoogleSql, Parameter, Variable
from tests.googlesql.errors import Finding, GoogleSqlError
from tests.googlesql.resolved import Analysis
from tests.googlesql.scripts import ASSIGNED, Session
from tests.googlesql.syntax import Text
from tests.googlesql.types import Column


class _FoundError(Exception):
    """Ends the look at one statement."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding)
        self.finding = finding


def rehearse(
    engine: GoogleSql, sql: str, tables: Tables, parameters: Sequence[Parameter] = ()
) -> list[Finding]:
    """What is said against a script, with places in its text; empty when it is right."""
    return Rehearsal(engine, tables, parameters).look(sql)


class Rehearsal(Session):
    """A script's statements, each analyzed where it stands."""

    def __init__(
        self, engine: GoogleSql, tables: Tables, parameters: Sequence[Parameter] = ()
    ) -> None:
        empty = {name: table.with_rows(()) for name, table in tables.items()}
        super().__init__(engine, empty, parameters)
        self.findings: list[Finding] = []
        self.unknown: list[Finding] = []

    def look(self, sql: str) -> list[Finding]:
        """Findings of the whole script."""
        try:
            self.run(sql)
        except GoogleSqlError as error:
            self.findings.append(error.finding)
        return self.findings

    def _statement(self, node: Any, text: Text) -> None:
        try:
            super()._statement(node, text)
        except _FoundError as error:
            self.findings.append(error.finding)
        except GoogleSqlError as error:
            self.findings.append(_at(node, text, error.message))

    def _looked(
        self,
        node: Message,
        text: Text,
        before: str = "",
        after: str = "",
        *,
        beside: Tables = NO_TABLES,
    ) -> Analysis:
        """What the analyzer says of a part of the text, with what makes a statement of it."""
        sql = before + text.of(node) + after
        if beside:  # which `before` names, so its tree is wanted, too
            tables = dict(self.tables) | dict(beside)
            outcome = self._engine.analyze(sql, tables, self._parameters, self._variables)
        else:
            start = syntax.span(node)[0] - len(before.encode())
            outcome = self._engine.analyze_parsed(
                sql, node, self.tables, self._parameters, self._variables, start=start
            )
        if isinstance(outcome, Analysis):
            return outcome
        if not outcome.line:
            raise _FoundError(_at(node, text, outcome.message))
        place = Text(sql).offset(outcome.line, outcome.column) - len(before.encode())
        line, column = text.line_column(syntax.span(node)[0] + max(place, 0))
        raise _FoundError(Finding(outcome.message, line, column))

    def _coerced(self, node: Message, text: Text, of: TypeProto) -> Any:
        beside = {ASSIGNED: Table((Column("value", of),))}
        before = f"INSERT INTO `{ASSIGNED}` (value) VALUES ("
        self._looked(node, text, before, ")", beside=beside)

    def _declare(self, node: Any, text: Text) -> None:
        if node.HasField("type"):
            super()._declare(node, text)
            return
        (column,) = self._looked(node.default_value, text, "SELECT ").columns
        for name in node.variable_list.identifier_list:
            self._variables[name.id_string.lower()] = Variable(column.type)

    def _if(self, node: Any, text: Text) -> None:
        clauses = [(node.condition, node.then_list)]
        clauses += [(one.condition, one.body) for one in node.elseif_clauses.elseif_clauses]
        for condition, body in clauses:
            self._is_bool(condition, text)
            self._list(body, text)
        self._list(node.else_list, text)

    def _is_bool(self, node: Message, text: Text) -> None:
        self._looked(node, text, "SELECT 1 FROM UNNEST([1]) WHERE (", ")")

    def _raise(self, node: Any, text: Text) -> None:
        if node.HasField("message"):
            self._looked(node.message, text, "SELECT CONCAT('', ", ")")

    def _block(self, node: Any, text: Text) -> None:
        outer = set(self._variables)
        self._list(node.statement_list_node, text)
        self._forget(outer)
        for handler in node.handler_list.exception_handler_list:
            self._list(handler.statement_list, text)

    def _execute_immediate(self, node: Any, text: Text) -> None:
        self._looked(node.sql, text, "SELECT CONCAT('', ", ")")
        texts = self._texts(node, text)
        if not texts:
            self.unknown.append(_at(node, text, "EXECUTE IMMEDIATE of what isn't known"))
        given = [self._given(argument, text) for argument in node.using_clause.arguments]
        before = self._dataset
        for sql in texts:
            inside = Rehearsal(self._engine, before.tables, given)
            self._dataset = inside._dataset = before.copy()
            self.findings += [_at(node, text, finding.message) for finding in inside.look(sql)]

    def _texts(self, node: Any, text: Text) -> list[str]:
        """What EXECUTE IMMEDIATE may run; the tables after it are those after the last."""
        sql = self._value(node.sql, text)
        return [] if sql is None else [sql]

    def _given(self, argument: Any, text: Text) -> Given:
        (column,) = self._looked(argument.expression, text, "SELECT ").columns
        return Given(argument.alias.identifier.id_string, column.type)

    def _query(self, node: Any, text: Text) -> None:
        self._looked(node, text)

    def _assert(self, node: Any, text: Text) -> None:
        self._is_bool(node.expr, text)

    def _modify(self, node: Any, text: Text) -> None:
        self._looked(node, text)

    def _create(self, node: Any, text: Text) -> None:
        made = self._looked(node, text)
        self._refuse_in_transaction(node)
        self._dataset.create(node, made, ())

    def _create_view(self, node: Any, text: Text) -> None:
        self._create(node, text)

    def _change(self, node: Any, text: Text) -> None:
        made = self._looked(node, text)
        if syntax.kind(node) in ("ASTExportDataStatement", "ASTCallStatement"):
            return
        if syntax.kind(node) != "ASTTruncateStatement":
            self._refuse_in_transaction(node)
        self._dataset.change(node, made)


def _at(node: Message, text: Text, message: str) -> Finding:
    return Finding(message, *text.line_column(syntax.span(node)[0]))
