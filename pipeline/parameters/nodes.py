"""What a document holds: texts, lists and mappings that know their line and column."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_BYTES = 1 << 20
"""Of a document in UTF-8: a thousand tables with twenty keys each are half of it."""
JSON_WORD = re.compile("true|false|-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?")
"""Numbers and booleans as JSON writes them."""
OTHER_WORD = re.compile(
    "[Tt]rue|TRUE|[Ff]alse|FALSE|[Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF"
    "|[-+]?([0-9][0-9_]*([.][0-9_]*)?|[.][0-9][0-9_]*)([eE][-+]?[0-9]+)?"
    "|[-+]?0[xob][0-9a-fA-F_]+|[-+]?[.](inf|Inf|INF)|[.](nan|NaN|NAN)"
)
"""As YAML 1.1 or 1.2 reads them too: https://yaml.org/type/, https://yaml.org/spec/1.2.2/#103."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something begins; line and column count from 1."""

    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as it was written; one that says nothing is empty.

    Attributes:
        is_bare: it stands without quotes, which only JSON's numbers, booleans and null mind.
    """

    text: str
    place: Place = Place()
    is_bare: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class Pairs:
    """A mapping, in the order of the document; no key stands twice."""

    pairs: tuple[tuple[Text, "Node"], ...]
    place: Place = Place()


Node = Text | Items | Pairs


def json_text(node: Node) -> str:
    """As JSON: numbers, booleans and nulls without quotes are those, digit by digit; else texts.

    >>> json_text(Pairs(((Text("a"), Items((Text("1.10", is_bare=True), Text("1.10")))),)))
    '{"a": [1.10, "1.10"]}'
    """
    if isinstance(node, Items):
        return f"[{', '.join(json_text(item) for item in node.items)}]"
    if isinstance(node, Pairs):
        pairs = (f"{json.dumps(key.text)}: {json_text(value)}" for key, value in node.pairs)
        return f"{{{', '.join(pairs)}}}"
    if node.is_bare and not node.text:
        return "null"
    is_word = node.is_bare and JSON_WORD.fullmatch(node.text)
    return node.text if is_word else json.dumps(node.text)


def unclear(node: Node) -> Iterator[Text]:
    """Scalars of which JSON can't tell whether a number, a boolean or a text is meant."""
    if isinstance(node, Text):
        if node.is_bare and not JSON_WORD.fullmatch(node.text) and OTHER_WORD.fullmatch(node.text):
            yield node
        return
    inner = node.items if isinstance(node, Items) else (value for _, value in node.pairs)
    for value in inner:
        yield from unclear(value)
