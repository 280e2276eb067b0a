"""Scripts, statement by statement: the parser's tree is walked, each statement runs by itself.

Only what statements of ours use: variables, IF, RAISE, BEGIN … EXCEPTION … END, EXECUTE IMMEDIATE,
transactions, DDL of tables, DML and queries. Loops, procedures and labels are not implemented.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from google.protobuf.message import Message
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from tests.googlesql import syntax
from tests.googlesql.catalog import Row, Table, Tables
from tests.googlesql.engine import Answer, Given, GoogleSql, Modified, Parameter, Variable
from tests.googlesql.errors import Code, Finding, GoogleSqlError
from tests.googlesql.merge import merge
from tests.googlesql.resolved import Analysis
from tests.googlesql.syntax import Text
from tests.googlesql.tables import Dataset
from tests.googlesql.types import Column, simple

ASSIGNED = "_assigned"
"""A table with one column: a value is coerced to a variable's type as INSERT coerces it."""
SYSTEM = {"@@row_count": "INT64", "@@error.message": "STRING", "@@error.statement_text": "STRING"}


class Session:
    """A script's run over tables, which it changes; `answers` are those of its queries."""

    def __init__(
        self, engine: GoogleSql, tables: Tables, parameters: Sequence[Parameter] = ()
    ) -> None:
        self._engine, self._parameters = engine, parameters
        self._dataset = Dataset(dict(tables))
        self._before: Dataset | None = None
        self._variables: dict[str, Variable] = {}
        self._system = {name: Variable(simple(of)) for name, of in SYSTEM.items()}
        self._caught: GoogleSqlError | None = None
        self.answers: list[Answer] = []

    @property
    def tables(self) -> Tables:
        """The tables as they are now."""
        return self._dataset.tables

    def run(self, sql: str) -> list[Answer]:
        """The answers of the script's queries, in order.

        Raises:
            GoogleSqlError: A statement failed, and nothing caught it; an open transaction is
                rolled back, what was done outside of one stays.
        """
        script = self._engine.parse(sql)
        try:
            self._list(script.statement_list_node, Text(sql))
        finally:
            if self._before is not None:
                self._dataset, self._before = self._before, None
        return self.answers

    def _list(self, statements: Any, text: Text) -> None:
        for statement in statements.statement_list:
            self._statement(syntax.inner(statement), text)

    def _statement(self, node: Any, text: Text) -> None:
        kind = syntax.kind(node)
        acts: dict[str, Callable[[Any, Text], None]] = {
            "ASTVariableDeclaration": self._declare,
            "ASTSingleAssignment": self._assign,
            "ASTIfStatement": self._if,
            "ASTRaiseStatement": self._raise,
            "ASTBeginEndBlock": self._block,
            "ASTExecuteImmediateStatement": self._execute_immediate,
            "ASTBeginStatement": self._begin,
            "ASTCommitStatement": self._commit,
            "ASTRollbackStatement": self._rollback,
            "ASTQueryStatement": self._query,
            "ASTAssertStatement": self._assert,
            "ASTCreateTableStatement": self._create,
            "ASTCreateSnapshotTableStatement": self._create,
            "ASTCreateViewStatement": self._create_view,
            "ASTInsertStatement": self._modify,
            "ASTUpdateStatement": self._modify,
            "ASTDeleteStatement": self._modify,
            "ASTMergeStatement": self._modify,
        }
        acts.get(kind, self._change)(node, text)

    def _seen(self) -> dict[str, Variable]:
        return self._variables | self._system

    def _asked(self, sql: str) -> Answer:
        return self._engine.query(sql, self.tables, self._parameters, self._seen())

    def _value(self, node: Message, text: Text) -> Any:
        return self._asked(f"SELECT {text.of(node)}").value

    def _coerced(self, node: Message, text: Text, of: TypeProto) -> Any:
        tables = dict(self.tables) | {ASSIGNED: Table((Column("value", of),))}
        sql = f"INSERT INTO `{ASSIGNED}` (value) VALUES ({text.of(node)})"
        done = self._engine.modify(sql, tables, self._parameters, self._seen())
        return done.table.rows[0][0]

    def _declare(self, node: Any, text: Text) -> None:
        has_type, has_value = node.HasField("type"), node.HasField("default_value")
        if has_type:
            (column,) = self._engine.schema(f"value {text.of(node.type)}")
        else:
            (column,) = self._asked(f"SELECT {text.of(node.default_value)} AS value").columns
        value = self._coerced(node.default_value, text, column.type) if has_value else None
        for name in node.variable_list.identifier_list:
            self._variables[name.id_string.lower()] = Variable(column.type, value)

    def _assign(self, node: Any, text: Text) -> None:
        self._set(node.variable.id_string, lambda of: self._coerced(node.expression, text, of))

    def _set(self, name: str, value: Callable[[TypeProto], Any]) -> None:
        if name.lower() not in self._variables:
            raise GoogleSqlError(Code.INVALID_ARGUMENT, f"Undeclared variable: {name}")
        of = self._variables[name.lower()].type
        self._variables[name.lower()] = Variable(of, value(of))

    def _if(self, node: Any, text: Text) -> None:
        clauses = [(node.condition, node.then_list)]
        clauses += [(one.condition, one.body) for one in node.elseif_clauses.elseif_clauses]
        for condition, body in clauses:
            if self._value(condition, text) is True:
                return self._list(body, text)
        return self._list(node.else_list, text)

    def _raise(self, node: Any, text: Text) -> None:
        if node.HasField("message"):
            raise GoogleSqlError(Code.ABORTED, str(self._value(node.message, text)))
        if self._caught is None:
            raise GoogleSqlError(Code.INVALID_ARGUMENT, "Cannot re-raise outside a handler")
        raise self._caught

    def _block(self, node: Any, text: Text) -> None:
        """BEGIN … END: its variables end with it; its handler sees the variables around it."""
        outer = set(self._variables)
        try:
            self._list(node.statement_list_node, text)
        except GoogleSqlError as error:
            self._forget(outer)
            if not node.HasField("handler_list"):
                raise
            self._handle(node.handler_list.exception_handler_list[0], text, error)
        self._forget(outer)

    def _handle(self, handler: Any, text: Text, error: GoogleSqlError) -> None:
        before, self._caught = self._caught, error
        of = simple("STRING")
        self._system["@@error.message"] = Variable(of, error.message)
        try:
            self._list(handler.statement_list, text)
        finally:
            self._caught = before
            self._system["@@error.message"] = Variable(of)

    def _forget(self, outer: set[str]) -> None:
        self._variables = {name: self._variables[name] for name in self._variables if name in outer}

    def _execute_immediate(self, node: Any, text: Text) -> None:
        """One statement, which sees the parameters that it is given and no variable."""
        sql = self._value(node.sql, text)
        if sql is None:
            raise GoogleSqlError(Code.OUT_OF_RANGE, "EXECUTE IMMEDIATE: the statement is NULL")
        inside = self._engine.parse(sql).statement_list_node.statement_list
        if len(inside) != 1 or inside[0].HasField("ast_script_statement_node"):
            raise GoogleSqlError(Code.INVALID_ARGUMENT, "EXECUTE IMMEDIATE takes one statement")
        given = [self._given(argument, text) for argument in node.using_clause.arguments]
        outer = self._variables, self._parameters, len(self.answers)
        self._variables, self._parameters = {}, given
        try:
            self._statement(syntax.inner(inside[0]), Text(sql))
        finally:
            self._variables, self._parameters, known = outer
        names = [name.id_string for name in node.into_clause.identifiers.identifier_list]
        if names:
            self._into(names, self.answers[known].rows)
            del self.answers[known:]

    def _given(self, argument: Any, text: Text) -> Given:
        answer = self._asked(f"SELECT {text.of(argument.expression)}")
        return Given(argument.alias.identifier.id_string, answer.columns[0].type, answer.value)

    def _into(self, names: Sequence[str], rows: Sequence[Row]) -> None:
        if len(rows) > 1:
            raise GoogleSqlError(Code.OUT_OF_RANGE, "EXECUTE IMMEDIATE … INTO: more than one row")
        values = rows[0] if rows else [None] * len(names)
        for name, value in zip(names, values, strict=True):
            self._set(name, lambda _, value=value: value)

    def _begin(self, _: Any, __: Text) -> None:
        if self._before is not None:
            raise GoogleSqlError(Code.FAILED_PRECONDITION, "A transaction is open already")
        self._before = self._dataset.copy()

    def _commit(self, _: Any, __: Text) -> None:
        self._end_of_transaction()

    def _rollback(self, _: Any, __: Text) -> None:
        self._dataset = self._end_of_transaction()

    def _end_of_transaction(self) -> Dataset:
        if self._before is None:
            raise GoogleSqlError(Code.FAILED_PRECONDITION, "No transaction is open")
        before, self._before = self._before, None
        return before

    def _query(self, node: Any, text: Text) -> None:
        self.answers.append(self._asked(text.of(node)))

    def _assert(self, node: Any, text: Text) -> None:
        if self._value(node.expr, text) is not True:
            message = node.description.string_value or "Assertion failed"
            raise GoogleSqlError(Code.FAILED_PRECONDITION, message)

    def _modify(self, node: Any, text: Text) -> None:
        is_merge = syntax.kind(node) == "ASTMergeStatement"
        arguments = text.of(node), self.tables, self._parameters, self._seen()
        done: Modified = (
            merge(self._engine, *arguments) if is_merge else self._engine.modify(*arguments)
        )
        self._dataset.tables[done.name] = done.table
        self._system["@@row_count"] = Variable(simple("INT64"), done.row_count)

    def _create(self, node: Any, text: Text) -> None:
        made = self._analyzed(node, text)
        self._refuse_in_transaction(node)
        rows: Iterable[Row] = ()
        if "query" in node.DESCRIPTOR.fields_by_name and node.HasField("query"):
            rows = self._rows_as(made.columns, self._asked(text.of(node.query)))
        self._dataset.create(node, made, rows)

    def _create_view(self, node: Any, _: Text) -> None:
        """A view's rows would be those of each time it is asked."""
        raise NotImplementedError(syntax.kind(node))

    def _rows_as(self, columns: tuple[Column, ...], answer: Answer) -> tuple[Row, ...]:
        """Rows of a query in the types that CREATE TABLE gives to its columns."""
        if [column.sql for column in columns] == [column.sql for column in answer.columns]:
            return answer.rows
        numbered = [Column(f"c{n}", column.type) for n, column in enumerate(answer.columns)]
        casts = ", ".join(f"CAST(c{n} AS {column.sql})" for n, column in enumerate(columns))
        table = Table(tuple(numbered), answer.rows)
        return self._engine.query(f"SELECT {casts} FROM `{ASSIGNED}`", {ASSIGNED: table}).rows

    def _change(self, node: Any, text: Text) -> None:
        made = self._analyzed(node, text)
        if syntax.kind(node) != "ASTTruncateStatement":
            self._refuse_in_transaction(node)
        self._dataset.change(node, made)

    def _analyzed(self, node: Any, text: Text) -> Analysis:
        outcome = self._engine.analyze(
            text.of(node), self.tables, self._parameters, self._variables
        )
        if isinstance(outcome, Finding):
            raise GoogleSqlError(Code.INVALID_ARGUMENT, outcome.message)
        return outcome

    def _refuse_in_transaction(self, node: Any) -> None:
        """https://cloud.google.com/bigquery/docs/transactions: DDL of temporary tables only."""
        if self._before is not None and not self._dataset.is_temporary(node):
            raise GoogleSqlError(Code.FAILED_PRECONDITION, "DDL is not supported in a transaction")
