"""GoogleSQL as BigQuery speaks it: a statement analyzed, a query answered, rows modified."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.cloud.bigquery import ArrayQueryParameter, ScalarQueryParameter
from google.protobuf.message import Message
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.parser.parse_tree_pb2 import ASTScriptProto
from zetasql.wasi._pb2.zetasql.proto.options_pb2 import AnalyzerOptionsProto
from zetasql.wasi._pb2.zetasql.proto.simple_catalog_pb2 import SimpleCatalogProto
from zetasql.wasi._pb2.zetasql.public import options_pb2
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from tests.googlesql import syntax
from tests.googlesql.catalog import (
    INGESTION_TIME,
    Row,
    Table,
    Tables,
    add_table,
)
from tests.googlesql.errors import Finding, GoogleSqlError
from tests.googlesql.features import language
from tests.googlesql.functions import add_functions
from tests.googlesql.naming import POSITION, Spelled, one_name
from tests.googlesql.options import add_allowed
from tests.googlesql.registered import Registered
from tests.googlesql.resolved import Analysis, analysis
from tests.googlesql.types import Column, add_type_names, array_of, simple
from tests.googlesql.values import received, sent
from tests.googlesql.wasm import Module
from tests.googlesql.writes import stored


@dataclass(frozen=True, slots=True)
class Given:
    """A parameter of any type; without a name it stands for a `?`."""

    name: str
    type: TypeProto
    value: Any = None


Parameter = ScalarQueryParameter | ArrayQueryParameter | Given
SYSTEM_VARIABLES = {
    "row_count": "INT64",
    "error.message": "STRING",
    "error.statement_text": "STRING",
}


@dataclass(frozen=True, slots=True)
class Variable:
    """A script's variable, which a statement sees as a constant."""

    type: TypeProto
    value: Any = None


Variables = Mapping[str, Variable]
NO_TABLES: Tables = {}
NO_VARIABLES: Variables = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """A query's columns and rows, in the order in which they came."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def value(self) -> Any:
        """The one value of one row with one column."""
        ((value,),) = self.rows
        return value

    @property
    def dicts(self) -> list[dict[str, Any]]:
        """Rows by their columns' names."""
        return [
            dict(zip((column.name for column in self.columns), row, strict=True))
            for row in self.rows
        ]


@dataclass(frozen=True, slots=True)
class Modified:
    """What a statement left of the table that it names, and how many rows it touched."""

    name: str
    table: Table
    row_count: int


class GoogleSql:
    """One module of the package; a statement at a time.

    Args:
        module: None: its own.
        time_zone: where functions of time are, unless they are told one.
    """

    def __init__(self, module: Module | None = None, time_zone: str = "UTC") -> None:
        self.module, self._time_zone = module or Module(), time_zone
        self._language = language()
        self._builtin = SimpleCatalogProto(name="bigquery")
        self._builtin.builtin_function_options.language_options.CopyFrom(self._language)
        add_functions(self._builtin)
        add_type_names(self._builtin)
        self.registered = Registered(self.module)
        self._right: dict[tuple[str, bytes, bytes], Analysis] = {}

    def parse(self, sql: str) -> ASTScriptProto:
        """The tree of a script, of one statement or many.

        Raises:
            GoogleSqlError: The text is no GoogleSQL.
        """
        request = service.ParseRequest(sql_statement=sql, allow_script=True)
        request.options.CopyFrom(self._language)
        return self.module.call("Parse", request, service.ParseResponse).parsed_script

    def analyze(
        self,
        sql: str,
        tables: Tables = NO_TABLES,
        parameters: Sequence[Parameter] = (),
        variables: Variables = NO_VARIABLES,
    ) -> Analysis | Finding:
        """One statement's kind and columns, or what is said against it."""
        try:
            tree = self.parse(sql)
        except GoogleSqlError as error:
            return error.finding
        return self.analyze_parsed(sql, tree, tables, parameters, variables)

    def analyze_parsed(
        self,
        sql: str,
        tree: Message,
        tables: Tables,
        parameters: Sequence[Parameter],
        variables: Variables,
        *,
        start: int = 0,
    ) -> Analysis | Finding:
        """What `analyze` says, of a statement whose tree is known.

        What is right is right for later statements over tables with the same columns, too. As the
        tables have no names there, what is said against one is said with a catalog of its own.

        Args:
            tree: Of a part of a longer text, maybe; the statement's tables are named there.
            start: The byte of the longer text where the statement would begin.
        """
        root = self._catalog(variables)
        name_of = self.registered.name
        spelled = one_name(sql, tree, tables, has_values=False, name_of=name_of, start=start)
        options = self._analyzing(parameters)
        known = spelled.sql, *(one.SerializeToString(deterministic=True) for one in (root, options))
        with contextlib.suppress(GoogleSqlError):
            if known not in self._right:
                number = self.registered.number(root, spelled.tables)
                request = service.AnalyzeRequest(registered_catalog_id=number, options=options)
                self._right[known] = self._analyzed(spelled, request)
            return self._right[known]
        spelled = one_name(sql, tree, tables, has_values=False, start=start)
        for name, table in spelled.tables.items():
            add_table(root, name, table)
        request = service.AnalyzeRequest(simple_catalog=root, options=options)
        try:
            return self._analyzed(spelled, request)
        except GoogleSqlError as error:
            return spelled.found(error.finding)

    def _analyzed(self, spelled: Spelled, request: service.AnalyzeRequest) -> Analysis:
        request.sql_statement = spelled.sql
        answer = self.module.call("Analyze", request, service.AnalyzeResponse)
        return analysis(answer.resolved_statement)

    def query(
        self,
        sql: str,
        tables: Tables = NO_TABLES,
        parameters: Sequence[Parameter] = (),
        variables: Variables = NO_VARIABLES,
    ) -> Answer:
        """A query's answer by the reference implementation.

        Raises:
            GoogleSqlError: The statement is refused, or a row of it.
        """
        return self.answered(self.spelled(sql, tables), parameters, variables)

    def answered(
        self,
        spelled: Spelled,
        parameters: Sequence[Parameter] = (),
        variables: Variables = NO_VARIABLES,
        numbered: str = "",
    ) -> Answer:
        """A query's answer; the rows of the table `numbered` have their numbers with them."""
        request = service.EvaluateQueryRequest(sql=spelled.sql)
        self._complete(request, spelled, parameters, variables, numbered)
        answer = self.module.call("EvaluateQuery", request, service.EvaluateQueryResponse)
        columns = tuple(Column(column.name, column.type) for column in answer.prepared.columns)
        return Answer(
            columns,
            tuple(_row(row.cell, columns) for row in answer.content.table_data.row),
        )

    def spelled(self, sql: str, tables: Tables) -> Spelled:
        """A statement as `answered` takes it."""
        return one_name(sql, self.parse(sql), tables, has_values=True)

    def value(self, expression: str, parameters: Sequence[Parameter] = ()) -> Any:
        """What an expression without tables is."""
        return self.query(f"SELECT {expression}", parameters=parameters).value

    def modify(
        self,
        sql: str,
        tables: Tables,
        parameters: Sequence[Parameter] = (),
        variables: Variables = NO_VARIABLES,
    ) -> Modified:
        """INSERT, UPDATE or DELETE, which leave `tables` as they are; MERGE is `merge.merge`.

        Raises:
            GoogleSqlError: The statement is refused, or a row of it.
        """
        statement = syntax.inner(self.parse(sql).statement_list_node.statement_list[0])
        target = ".".join(syntax.names(syntax.paths(statement)[0]))
        spelled = self.spelled(sql, tables)
        request = service.EvaluateModifyRequest(sql=spelled.sql)
        is_insert = syntax.kind(statement) == "ASTInsertStatement"
        self._complete(request, spelled, parameters, variables, "" if is_insert else target)
        answer = self.module.call("EvaluateModify", request, service.EvaluateModifyResponse)
        return modified(target, spelled.tables[target], answer.content)

    def schema(self, columns: str) -> tuple[Column, ...]:
        """Columns as DDL writes them: `id INT64, tags ARRAY<STRING>`."""
        outcome = self.analyze(f"CREATE TABLE made ({columns})")
        if isinstance(outcome, Finding):
            raise ValueError(outcome.message)
        return outcome.columns

    def _catalog(self, variables: Variables) -> SimpleCatalogProto:
        root = SimpleCatalogProto()
        root.CopyFrom(self._builtin)
        for name, variable in variables.items():
            constant = root.constant.add(name_path=[name])
            constant.type.CopyFrom(variable.type)
            constant.value.CopyFrom(sent(variable.value, variable.type))
        return root

    def _options(self, parameters: Sequence[Parameter]) -> AnalyzerOptionsProto:
        options = AnalyzerOptionsProto(
            default_timezone=self._time_zone, error_message_mode=options_pb2.ERROR_MESSAGE_ONE_LINE
        )
        options.language_options.CopyFrom(self._language)
        add_allowed(options.allowed_hints_and_options)
        for column in INGESTION_TIME:
            options.ddl_pseudo_columns.add(name=column.name).type.CopyFrom(column.type)
        if parameters and not parameters[0].name:
            options.parameter_mode = options_pb2.PARAMETER_POSITIONAL
            options.positional_query_parameters.extend(map(_type_of, parameters))
            return options
        for parameter in parameters:
            options.query_parameters.add(name=parameter.name).type.CopyFrom(_type_of(parameter))
        return options

    def _analyzing(self, parameters: Sequence[Parameter]) -> AnalyzerOptionsProto:
        options = self._options(parameters)
        for name, of in SYSTEM_VARIABLES.items():
            added = options.system_variables.add(name_path=name.split("."))
            added.type.CopyFrom(simple(of))
        return options

    def _complete(
        self,
        request: service.EvaluateQueryRequest | service.EvaluateModifyRequest,
        spelled: Spelled,
        parameters: Sequence[Parameter],
        variables: Variables,
        numbered: str,
    ) -> None:
        """Add tables, parameters and variables to a request."""
        root = self._catalog(variables)
        request.registered_catalog_id = (
            self.registered.filled(root, spelled.tables, numbered)
            if spelled.tables
            else self.registered.number(root)
        )
        request.options.CopyFrom(self._options(()))
        for number, parameter in enumerate(parameters, 1):
            name = parameter.name or f"{POSITION}{number}"
            request.options.query_parameters.add(name=name).type.CopyFrom(_type_of(parameter))
            made = request.params.add(name=name)
            made.value.CopyFrom(sent(_value_of(parameter), _type_of(parameter)))


def modified(name: str, table: Table, changes: Iterable[Any]) -> Modified:
    """The table after changes as EvaluateModify has them.

    Raises:
        GoogleSqlError: A row would hold what its column may not.
    """
    rows: dict[int, Row] = dict(enumerate(table.rows))
    added: list[Row] = []
    count = 0
    for change in changes:
        count += 1
        columns = table.columns
        number = change.old_primary_key[0].int64_value if change.old_primary_key else None
        if number is None:
            added.append(stored(_row(change.cell[: len(columns)], columns), table))
        elif change.cell:
            rows[number] = stored(_row(change.cell[: len(columns)], columns), table)
        else:
            del rows[number]
    return Modified(name, table.with_rows([*rows.values(), *added]), count)


def _row(cells: Sequence[Any], columns: Sequence[Column]) -> Row:
    return tuple(received(cell, column.type) for cell, column in zip(cells, columns, strict=True))


def _type_of(parameter: Parameter) -> TypeProto:
    if isinstance(parameter, Given):
        return parameter.type
    if isinstance(parameter, ArrayQueryParameter):
        return array_of(simple(parameter.array_type))
    return simple(parameter.type_)


def _value_of(parameter: Parameter) -> Any:
    return parameter.values if isinstance(parameter, ArrayQueryParameter) else parameter.value
