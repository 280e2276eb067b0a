"""What readers of all formats of checks share: a place for what is wrong, lists, and names."""

from collections.abc import Callable, Mapping

from auto_schema.errors import ConfigError, SyncError
from pipeline.parameters.nodes import Items, Node, Pairs, Place, Text

Fault = Callable[[str, Place, str, str], None]
"""Takes what is wrong, where, why, and how to mend it."""
Parts = Mapping[str, tuple[Text, Node]]
"""A mapping's pairs by their keys' texts."""


class Reader:
    """The reader of one text; its faults are kept as they are found."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.faults: list[SyncError] = []

    def items(self, parts: Parts, key: str) -> tuple[Node, ...]:
        """The items of a list that stands under a key; none where it doesn't or is empty."""
        node = parts[key][1] if key in parts else None
        if node is None or node == Text("", node.place):
            return ()
        if not isinstance(node, Items):
            self.fault(f"{key} is no list", node.place, "", "write each with a dash.")
            return ()
        return node.items

    def fault(self, what: str, place: Place, why: str, fix: str) -> None:
        """Keep a fault of the text."""
        self.faults.append(ConfigError(what, f"{self._name}, {place}", why, fix))


def pairs_of(node: Node | None) -> dict[str, tuple[Text, Node]]:
    """A mapping's pairs by their keys' texts; of what is no mapping none."""
    return {key.text: (key, value) for key, value in node.pairs} if isinstance(node, Pairs) else {}


def text_at(parts: Parts, key: str) -> str:
    """The text under a key; empty where there is none."""
    value = parts[key][1] if key in parts else None
    return value.text if isinstance(value, Text) else ""
