"""A statement with each table under one name, since only such a one can have rows.

BigQuery takes a table's path in backticks apart: `project.dataset.table` has the alias `table`.
GoogleSQL's catalog takes it for one identifier. Constants, which a script's variables are, and
parameters need names too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from google.protobuf.message import Message
from zetasql.wasi._pb2.zetasql.parser.parse_tree_pb2 import (
    ASTDeleteStatementProto,
    ASTMergeStatementProto,
    ASTTablePathExpressionProto,
    ASTUpdateStatementProto,
)

from tests.googlesql import syntax
from tests.googlesql.catalog import Table, Tables, resolved
from tests.googlesql.errors import Finding
from tests.googlesql.syntax import Text

POSITION = "_position_"
"""Begins the name that a `?` gets where it has to have one."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """A statement that was written otherwise.

    Attributes:
        sql: The statement as the engine gets it.
        tables: Those that it names, by the one name that each has there.
        edits: What was replaced: first byte, the one after the last, and the new text.
    """

    original: str
    sql: str
    tables: dict[str, Table] = field(default_factory=dict)
    edits: tuple[tuple[int, int, str], ...] = ()

    def found(self, finding: Finding) -> Finding:
        """A finding with its place in the original."""
        if not finding.line:
            return finding
        place = Text(self.sql).offset(finding.line, finding.column)
        grown = 0
        for start, end, new in self.edits:
            if place < start + grown:
                break
            if place < start + grown + len(new.encode()):
                place = start + grown
                break
            grown += len(new.encode()) - (end - start)
        line, column = Text(self.original).line_column(place - grown)
        return replace(finding, line=line, column=column)


def one_name(
    sql: str,
    tree: Message,
    tables: Tables,
    *,
    has_values: bool,
    name_of: Callable[[Table], str] | None = None,
    start: int = 0,
) -> Spelled:
    """The statement as the engine wants it.

    Args:
        tree: The statement's, or that of all of it that could name a table.
        has_values: `@@name` and `?` are named as well, as running needs it.
        name_of: What a table is named instead; two with the same columns may have one name.
        start: The byte where the statement begins in the text of which the tree is.
    """
    edits: list[tuple[int, int, str]] = []
    used: dict[str, Table] = {}
    without_alias = _without_alias(tree)
    for path in syntax.paths(tree):
        name = ".".join(syntax.names(path))
        table = resolved((name,), tables)
        if table is not None:
            new = name_of(table) if name_of else name
            used[new] = table
            last = name.rpartition(".")[2]
            is_bare = syntax.span(path) in without_alias and last != name and last[-1] != "*"
            edits.append((*syntax.span(path), f"`{new}`" + (f" AS `{last}`" if is_bare else "")))
    if has_values:
        for variable in syntax.system_variables(tree):
            edits.append((*syntax.span(variable), f"`{syntax.system_name(variable)}`"))
        for parameter in syntax.positional_parameters(tree):
            edits.append((*syntax.span(parameter), f"@{POSITION}{parameter.position}"))
    edits = sorted((first - start, end - start, new) for first, end, new in edits)
    return Spelled(sql, Text(sql).edited(edits), used, tuple(edits))


def _without_alias(tree: Message) -> set[tuple[int, int]]:
    """Where paths stand that could have an alias and have none."""
    places = set()
    for node in syntax.nodes(tree):
        target: Message | None = None
        if isinstance(node, ASTTablePathExpressionProto) and node.HasField("path_expr"):
            target = node.path_expr
        elif isinstance(node, ASTMergeStatementProto):
            target = node.target_path
        elif isinstance(node, ASTDeleteStatementProto | ASTUpdateStatementProto):
            target = syntax.inner(node.target_path)
        if target is not None and not node.HasField("alias"):
            places.add(syntax.span(target))
    return places
