"""Statements as the parser sees them, and where in the text each of their parts stands.

The parser's answer is a tree of messages. A node's place lies in the innermost of its `parent`
messages, in bytes of the text.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from zetasql.wasi._pb2.zetasql.parser.parse_tree_pb2 import (
    ASTParameterExprProto,
    ASTPathExpressionProto,
    ASTSystemVariableExprProto,
)

Path = tuple[str, ...]
PLACES = ("parent", "parse_location_range")
"""Fields by which a node has its place; a `parent` may have parts besides."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text whose places are counted in bytes of UTF-8."""

    whole: str

    def of(self, node: Message) -> str:
        """What a node was parsed from.

        Raises:
            ValueError: The parser gives it no place.
        """
        start, end = span(node)
        return self.whole.encode()[start:end].decode()

    def line_column(self, start: int) -> tuple[int, int]:
        """Line and column of a byte, from 1, the column in characters.

        >>> Text("é\\nab").line_column(4)
        (2, 2)
        """
        before = self.whole.encode()[:start].decode()
        return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1

    def offset(self, line: int, column: int) -> int:
        """The byte of a line and column.

        >>> Text("é\\nab").offset(2, 2)
        4
        """
        lines = self.whole.split("\n")
        before = "\n".join([*lines[: line - 1], lines[line - 1][: column - 1]])
        return len(before.encode())

    def edited(self, edits: Sequence[tuple[int, int, str]]) -> str:
        """The text with parts replaced: first byte, the one after the last, and what comes there.

        Edits come in order and don't overlap.
        """
        body = self.whole.encode()
        for start, end, new in reversed(edits):
            body = body[:start] + new.encode() + body[end:]
        return body.decode()


def span(node: Message) -> tuple[int, int]:
    """Bytes of a node: the first, and the one after the last."""
    place = _place(node)
    if place is None:
        raise ValueError(f"{node.DESCRIPTOR.name} has no place")
    return place


def _place(node: Message) -> tuple[int, int] | None:
    for field, value in node.ListFields():
        if field.name == "parse_location_range":
            return value.start, value.end
        if field.name == "parent" or field.containing_oneof is not None:
            return _place(value)
    return None


def inner(node: Message) -> Message:
    """The node that an `Any…` message holds, however often it is wrapped.

    A `parent` is a part of a node, not what it holds.
    """
    while node.DESCRIPTOR.name.startswith("Any"):
        (_, node), *_ = node.ListFields()
    return node


def kind(node: Message) -> str:
    """A node's name as GoogleSQL has it, such as `ASTIfStatement`."""
    return inner(node).DESCRIPTOR.name.removesuffix("Proto")


def nodes(root: Message) -> Iterator[Message]:
    """Every message of a tree, a node before its parts; not those that say a place only."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        parts: list[Message] = []
        for field, value in node.ListFields():
            if field.message_type is None or _is_place(field):
                continue
            if field.is_repeated:
                parts.extend(value)
            else:
                parts.append(value)
        waiting.extend(reversed(parts))


@functools.cache
def _is_place(field: FieldDescriptor) -> bool:
    """Whether a field can hold nothing but where its node stands; three quarters of all are so."""
    return field.name in PLACES and all(
        one.message_type is None or _is_place(one) for one in field.message_type.fields
    )


def part(node: Message, name: str) -> Any:
    """A field of a node, or of what it is a kind of."""
    while name not in node.DESCRIPTOR.fields_by_name:
        node = node.parent  # type: ignore[attr-defined]
    return getattr(node, name)


def has(node: Message, name: str) -> bool:
    """Whether a node has a part."""
    while name not in node.DESCRIPTOR.fields_by_name:
        node = node.parent  # type: ignore[attr-defined]
    return node.HasField(name)


def names(path: ASTPathExpressionProto) -> Path:
    """The segments of a path; one in backticks may hold points."""
    return tuple(name.id_string for name in path.names)


def paths(root: Message) -> list[ASTPathExpressionProto]:
    """All paths of a tree: of tables, and of much else."""
    return [node for node in nodes(root) if isinstance(node, ASTPathExpressionProto)]


def system_variables(root: Message) -> list[ASTSystemVariableExprProto]:
    """All `@@name` of a tree."""
    return [node for node in nodes(root) if isinstance(node, ASTSystemVariableExprProto)]


def positional_parameters(root: Message) -> list[ASTParameterExprProto]:
    """All `?` of a tree."""
    return [
        node for node in nodes(root) if isinstance(node, ASTParameterExprProto) and node.position
    ]


def system_name(variable: ASTSystemVariableExprProto) -> str:
    """Such as `@@error.message`."""
    return "@@" + ".".join(names(variable.path))
