"""YAML or JSON → values that know their line and column; nothing but texts, lists and mappings.

What a text means is for its reader to say: `true`, `1.10` and `2025-07-01` stay as written.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from auto_schema.errors import ConfigError, SyncError, shown

MOST_BYTES = 1 << 20
"""Of UTF-8: a thousand tables with twenty keys each are half of it."""
MOST_VALUES = 100_000
"""Of a whole document, each alias counted as all that it stands for."""
DEEPEST = 20
NULLS = ("", "~", "null", "Null", "NULL")
"""https://yaml.org/type/null.html"""
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


def read_document(text: str, name: str) -> tuple[Node, list[SyncError]]:
    """The document, and all that is wrong with it as YAML; where it is none, an empty mapping.

    Anchors, aliases and merge keys (`<<`) are followed.

    Args:
        text: YAML 1.1, of which JSON is a part.
        name: of the parameter or file, for messages.
    """
    size = len(text.encode(errors="surrogatepass"))
    if size > MOST_BYTES:
        why = f"{size:,} bytes; {MOST_BYTES:,} are the most"
        fix = "use patterns and defaults instead of a line for each table."
        return Pairs(()), [ConfigError("too large", name, why, fix)]
    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.YAMLError as error:
        return Pairs(()), [_syntax(error, name, text)]
    except UnicodeEncodeError as error:
        where, why = f"{name}, {_place_of(text, error.start)}", "a half of a character"
        return Pairs(()), [ConfigError("not YAML", where, why, "save it as UTF-8.")]
    except _EndedError:
        return Pairs(()), builder.faults
    return builder.root, builder.faults


def _syntax(error: yaml.YAMLError, name: str, text: str) -> ConfigError:
    if isinstance(error, yaml.reader.ReaderError):
        position = len(text.encode()[: error.position].decode())  # the library counts bytes
        where = f"{name}, {_place_of(text, position)}"
        why = f"a character that YAML doesn't take: {shown(text[position])}"
        return ConfigError("not YAML", where, why, "remove it, and save the file as UTF-8.")
    mark = getattr(error, "problem_mark", None)
    where = f"{name}, {_place(mark)}" if mark else name
    parts = (getattr(error, "context", None), getattr(error, "problem", None))
    why = ", ".join(part for part in parts if part) or str(error)
    fix = "indent by spaces, and quote texts that begin with * or {, or hold a colon."
    return ConfigError("not YAML", where, why, fix)


def _place_of(text: str, position: int) -> Place:
    before = text[:position]
    return Place(before.count("\n") + 1, position - before.rfind("\n"))


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


class _EndedError(Exception):
    """What is read is no use whatever follows."""


@dataclass(slots=True)
class _Open:
    """A list or mapping of which the end was not read yet.

    Attributes:
        values: how many it is so far, with all that its aliases stand for.
        key: of a mapping: the one whose value comes next.
    """

    is_list: bool
    place: Place
    anchor: str | None
    values: int = 1
    items: list[Node] = field(default_factory=list)
    own: dict[str, tuple[Text, Node]] = field(default_factory=dict)
    merged: dict[str, tuple[Text, Node]] = field(default_factory=dict)
    key: Text | None = None
    merges: bool = False


class _Builder:
    """The events of a parser → nodes. No recursion: the library's own is not bounded."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._has_root = False
        self.root: Node = Pairs(())
        self.faults: list[SyncError] = []

    def take(self, event: yaml.Event) -> None:
        """One event, in order.

        Raises:
            _EndedError: too deep, too large or more than one document; the fault is told.
        """
        place = _place(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent) and self._has_root:
            self._end("a second document", place, "", "write one, without a line of dashes.")
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, place)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event.anchor, place)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._check_tag(event.tag, place)
            if len(self._open) == DEEPEST:
                self._end("nested too deep", place, "", f"{DEEPEST} levels are the most.")
            is_list = isinstance(event, yaml.SequenceStartEvent)
            self._open.append(_Open(is_list, place, event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> None:
        self._check_tag(event.tag, place)
        is_plain = event.implicit[0]
        parent = self._open[-1] if self._open else None
        is_key = parent is not None and not parent.is_list and parent.key is None
        is_null = is_plain and not is_key and event.value in NULLS  # a key is always a name
        node = Text("" if is_null else event.value, place, is_bare=is_plain)
        if parent is not None and is_key:
            parent.key, parent.merges = node, is_plain and event.value == "<<"
            parent.values += 1
        else:
            self._put(node, 1, event.anchor)

    def _alias(self, anchor: str | None, place: Place) -> None:
        if anchor is not None and anchor in self._anchors:
            self._put(*self._anchors[anchor])
        elif any(above.anchor == anchor for above in self._open):
            self._end("an alias within what it names", place, "", "write its values out.")
        else:
            fix = f"write &{anchor} before it, or quote names that begin with *."
            self._end("an alias of nothing", place, shown(f"*{anchor}"), fix)

    def _close(self) -> None:
        done = self._open.pop()
        if done.is_list:
            node: Node = Items(tuple(done.items), done.place)
        else:
            node = Pairs(tuple({**done.merged, **done.own}.values()), done.place)
        self._put(node, done.values, done.anchor)

    def _put(self, node: Node, values: int, anchor: str | None = None) -> None:
        """Give what was read to what it stands in."""
        if anchor:
            self._anchors[anchor] = (node, values)
        if not self._open:
            self.root, self._has_root = node, True
            return
        parent = self._open[-1]
        parent.values += values
        if parent.values > MOST_VALUES:
            why = f"more than {MOST_VALUES:,} values where all aliases are followed"
            self._end("too large", parent.place, why, "use fewer aliases.")
        if parent.is_list:
            parent.items.append(node)
        elif parent.key is None:
            self._fault("a key that is no text", node.place, "", "write a name.")
            parent.key = Text("", node.place)
        else:
            self._pair(parent, parent.key, node)
            parent.key = None

    def _pair(self, parent: _Open, key: Text, node: Node) -> None:
        if parent.merges:
            for text, inherited in self._inherited(node):
                parent.merged.setdefault(text.text, (text, inherited))
        elif key.text in parent.own:
            first = parent.own[key.text][0].place
            why = f"{shown(key.text)} stands at {first} already"
            self._fault("a key stands twice", key.place, why, "write it once.")
        else:
            parent.own[key.text] = (key, node)

    def _inherited(self, node: Node) -> Iterator[tuple[Text, Node]]:
        """What `<<` brings: the first of those that say a key wins."""
        for part in node.items if isinstance(node, Items) else (node,):
            if isinstance(part, Pairs):
                yield from part.pairs
            else:
                self._fault("`<<` of no mapping", part.place, "", "name a mapping by an alias.")

    def _check_tag(self, tag: str | None, place: Place) -> None:
        if tag and tag != "!":
            fix = "leave it out: all values are texts, lists and mappings."
            self._fault("a tag", place, shown(tag), fix)

    def _fault(self, what: str, place: Place, why: str, fix: str) -> None:
        self.faults.append(ConfigError(what, f"{self._name}, {place}", why, fix))

    def _end(self, what: str, place: Place, why: str, fix: str) -> NoReturn:
        self._fault(what, place, why, fix)
        raise _EndedError
