"""What a sample of documents shows of a field: its types counted, and what a cursor of it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

MOST_SHOWN = 3
_CURSORS = MappingProxyType({"TIMESTAMP": "timestamptz", "INT64": "int8", "STRING": "objectId"})


@dataclass(frozen=True, slots=True)
class FieldSample:
    """What a sample shows of one field; joining two samples adds them up.

    Attributes:
        counts: type (binData with its subtype, such as `binData:4`) → documents.
        items: of arrays, type → items.
        beyond_double: whether a long was seen that no double holds.
        integer_digits, scale: the most that a decimal had before and after the point.
        is_finite: no decimal was NaN or infinite.
    """

    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    items: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    beyond_double: bool = False
    integer_digits: int = 0
    scale: int = 0
    is_finite: bool = True

    def __or__(self, other: "FieldSample") -> "FieldSample":
        return FieldSample(
            _added(self.counts, other.counts),
            _added(self.items, other.items),
            self.beyond_double or other.beyond_double,
            max(self.integer_digits, other.integer_digits),
            max(self.scale, other.scale),
            self.is_finite and other.is_finite,
        )

    @property
    def types(self) -> frozenset[str]:
        """The types seen, null left out."""
        return frozenset(self.counts) - {"null"}

    @property
    def display(self) -> str:
        """The types in words: `int 9,990, string 10`."""
        most = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return ", ".join(f"{name} {count:,}" for name, count in most)


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    names = sorted({*one, *other})
    return MappingProxyType({name: one.get(name, 0) + other.get(name, 0) for name in names})


@dataclass(frozen=True, slots=True)
class BsonField:
    """A field's type as a sample of documents shows it; stands where SQL has a type.

    Attributes:
        sample: what was seen.
        known_as: type of the column that an earlier run made.
        is_nested: whether it lies within documents.
    """

    sample: FieldSample = field(default_factory=FieldSample)
    known_as: str = ""
    is_nested: bool = False

    @property
    def display(self) -> str:
        """The types in words, without counts, so that it stays the same run by run."""
        if len(self.sample.types) > MOST_SHOWN:
            return "mixed"
        return "|".join(sorted(self.sample.types)) or "unseen"

    @property
    def cursor_type(self) -> str:
        """The type that a cursor of this field has; empty: none.

        It is the column's, where one is there and documents have it, else that of most documents.
        """
        known, counts = _CURSORS.get(self.known_as, ""), self.sample.counts
        if not counts:
            return known
        kinds = {
            "timestamptz": counts.get("date", 0),
            "objectId": counts.get("objectId", 0),
            "int8": counts.get("int", 0) + counts.get("long", 0),
        }
        if kinds.get(known):
            return known
        most = max(kinds, key=lambda kind: kinds[kind])
        return most if kinds[most] else ""

    @property
    def precision(self) -> int:
        """Digits of a second that a date has."""
        return 3
