"""YAML or JSON → values that know their line and column; nothing but texts, lists and mappings.

What a text means is for its reader to say: `true`, `1.10` and `2025-07-01` stay as written.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from auto_schema.errors import ConfigError, SyncError, shown
from pipeline.parameters.nodes import MOST_BYTES, Items, Node, Pairs, Place, Text

MOST_VALUES = 100_000
"""Of a whole document, each alias counted as all that it stands for."""
DEEPEST = 20
NULLS = ("", "~", "null", "Null", "NULL")
"""https://yaml.org/type/null.html"""


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
            fix = "write its & before it, or quote texts that begin with *."
            self._end("an alias of nothing", place, "", fix)

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
            fix = "leave it out, or quote texts that begin with !."
            self._fault("a tag", place, "all values are texts, lists and mappings", fix)

    def _fault(self, what: str, place: Place, why: str, fix: str) -> None:
        self.faults.append(ConfigError(what, f"{self._name}, {place}", why, fix))

    def _end(self, what: str, place: Place, why: str, fix: str) -> NoReturn:
        self._fault(what, place, why, fix)
        raise _EndedError
