"""What a file of tables says: entries by pattern, and what is left out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.parameters.nodes import Place, Text
from pipeline.parameters.origins import Origin


class WithoutCursor(StrEnum):
    """What becomes of a table that a pattern brings and that lacks the cursor column."""

    FAIL = "fail"
    REPLACE = "replace"
    SKIP = "skip"


class NewTables(StrEnum):
    """What becomes of a table that a pattern brings and that has no destination yet."""

    LOAD = "load"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Entry:
    """One table by its name, or many by a pattern.

    Attributes:
        pattern: as written.
        place: of the pattern in the file.
        parameters: what the entry says, and the file's defaults where it says nothing.
        is_disabled: its tables are known, and left alone.
        tags: what `select` may name.
    """

    pattern: str
    place: Place
    parameters: Mapping[str, Text] = field(default_factory=dict)
    is_disabled: bool = False
    tags: tuple[str, ...] = ()
    without_cursor: WithoutCursor = WithoutCursor.FAIL
    new_tables: NewTables = NewTables.LOAD

    @property
    def is_exact(self) -> bool:
        """Whether it names one table, as far as its text tells."""
        return not GLOB.search(self.pattern)

    @property
    def literal(self) -> int:
        """How many characters stand before its first `*`, `?` or `[`."""
        first = GLOB.search(self.pattern)
        return first.start() if first else len(self.pattern)


GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class TablesFile:
    """The whole file.

    Attributes:
        name: of the parameter or file, for messages.
        entries: in the file's order.
        exclude: patterns of tables that no other pattern brings.
    """

    name: str
    entries: tuple[Entry, ...]
    exclude: tuple[Text, ...] = ()

    def at(self, place: Place) -> str:
        """Where something stands, for a message."""
        return f"{self.name}, {place}"


@dataclass(frozen=True, slots=True)
class LaunchPart:
    """What a file says of the launch itself.

    Attributes:
        name: of the parameter or file, for messages.
        texts: by parameter or flag of Beam's, as flags would give them.
        is_of_many: whether it also says which tables; else it is of one.
    """

    name: str
    texts: Mapping[str, Text] = field(default_factory=dict)
    is_of_many: bool = False

    @property
    def origins(self) -> dict[str, Origin]:
        """Each text that says something, and where it stands."""
        return {
            name: Origin(text.text, f"{self.name} line {text.place.line}", self.at(text.place))
            for name, text in self.texts.items()
            if text.text or name == "partition_field"
        }

    def at(self, place: Place) -> str:
        """Where something stands, for a message."""
        return f"{self.name}, {place}"
