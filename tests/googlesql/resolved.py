"""What the analyzer made of a statement: its kind, and the columns that it gives or makes."""

from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from tests.googlesql.types import Column, Limits


@dataclass(frozen=True, slots=True)
class Analysis:
    """A statement that is right.

    Attributes:
        kind: The analyzer's name of it, such as `QueryStmt` or `CreateTableAsSelectStmt`.
        columns: A query's; those of a table that is made; those that ALTER TABLE adds.
        required: Names of those that are made NOT NULL.
    """

    kind: str
    columns: tuple[Column, ...] = ()
    required: frozenset[str] = frozenset()


def analysis(statement: Message) -> Analysis:
    """Kind and columns of a resolved statement."""
    node = statement
    while not _is_statement(node):
        (_, node), *_ = node.ListFields()
    kind = node.DESCRIPTOR.name.removeprefix("Resolved").removesuffix("Proto")
    required = frozenset(made.name for made in _definitions(node) if made.annotations.not_null)
    return Analysis(kind, tuple(_columns(node)), required)


def _is_statement(node: Message) -> bool:
    return not node.DESCRIPTOR.name.startswith("Any")


def _columns(node: Any) -> list[Column]:
    if node.DESCRIPTOR.name == "ResolvedQueryStmtProto":
        return [
            Column("" if out.name.startswith("$") else out.name, out.column.type)
            for out in node.output_column_list
        ]
    return [
        Column(made.name, made.type, limits=Limits.of_definition(made.annotations))
        for made in _definitions(node)
    ]


def _definitions(node: Message) -> list[Any]:
    """Column definitions of CREATE TABLE and ALTER TABLE, however deep the base classes lie."""
    if node.DESCRIPTOR.name == "ResolvedColumnDefinitionProto":
        return [node]
    if node.DESCRIPTOR.name.endswith("ScanProto"):
        return []
    definitions = []
    for field, value in node.ListFields():
        if field.message_type is not None:
            for part in value if field.is_repeated else [value]:
                definitions += _definitions(part)
    return definitions
