"""What is asked for about keys that the table has and the source lacks, and what was found."""

from dataclasses import dataclass
from decimal import Decimal

from auto_schema.key_places import Place, Places
from auto_schema.transform import Condition
from smart_sync.deletes import SOFT

PARAMETER, WHERE, MOST = "delete_missing", "delete_missing_where", "max_deleted_percent"
OFF = "off"
OF_VERSIONS, IGNORE, INVALIDATE = "hard_deletes", "ignore", "invalidate"
"""The parameter of tables that keep versions, and its values."""
SAMPLE = 10
"""Keys that are told of each kind."""


@dataclass(frozen=True, slots=True)
class MissingRequest:
    """What the parameters say of keys that are missing at the source.

    Attributes:
        rows: `hard`: their rows are removed; `soft`: they are marked; `invalidate`: their current
            versions end; `off`: nobody looks.
        where: only rows of which all conditions of one of these hold are looked at; empty: all.
        most_percent: of the table's rows that are looked at, so many may be missing.
        heals: whether rows are compared, too, and those that differ are read again.
    """

    rows: str = OFF
    where: tuple[tuple[Condition, ...], ...] = ()
    most_percent: Decimal = Decimal(5)
    heals: bool = False

    @property
    def is_asked(self) -> bool:
        """Whether keys are compared."""
        return self.heals or self.deletes

    @property
    def deletes(self) -> bool:
        """Whether something becomes of keys that are missing."""
        return self.rows != OFF

    @property
    def marks(self) -> bool:
        """Whether rows are marked, and not removed."""
        return self.rows == SOFT

    @property
    def ends(self) -> bool:
        """Whether their current versions end, in a table that keeps versions."""
        return self.rows == INVALIDATE

    @property
    def asked(self) -> str:
        """What was asked for, as a parameter says it."""
        return f"{OF_VERSIONS if self.ends else PARAMETER}={self.rows}"

    @property
    def told(self) -> str:
        """The condition in words; empty: there is none."""
        parts = (" and ".join(map(_told, part)) for part in self.where)
        return " or ".join(f"({part})" if len(self.where) > 1 else part for part in parts)


def _told(condition: Condition) -> str:
    value = condition.value
    value = f"({', '.join(map(str, value))})" if isinstance(value, tuple) else value
    return f"{condition.field} {condition.operator} {'' if value is None else value}".rstrip()


@dataclass(frozen=True, slots=True)
class ComparedKeys:
    """What comparing the keys of both sides has found; keys in the form of `canonical`.

    Attributes:
        rows, source_rows: that were looked at in the table, and in the source.
        ranges: of keys that were summed, on both sides together.
        differing: of them, those whose sums differ.
        moved: keys that were brought, of both sides together.
        missing: keys of the table that the source lacks, ascending.
        returned: keys that are marked as deleted in the table and are there in the source.
        lacking: keys that the source has had for longer than the table is complete, and the table
            lacks: how many, and some of them.
        doubled: some of the keys that were brought and that the table has in several rows.
        is_whole: whether all of them are here; else enough to see that they are too many.
        fewest: so many are missing at the least, where the table has no key in several rows.
        has_more: whether it has some: the table's rows are more than its missing keys make them.
    """

    rows: int
    source_rows: int
    ranges: int = 0
    differing: int = 0
    moved: int = 0
    missing: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    lacking: int = 0
    lacking_sample: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    is_whole: bool = True
    fewest: int = 0
    has_more: bool = False

    @property
    def count(self) -> int:
        """Keys that are missing, at the least."""
        return len(self.missing) if self.is_whole else max(self.fewest, len(self.missing))

    @property
    def percent(self) -> Decimal:
        """Of the table's rows that were looked at."""
        return Decimal(100 * self.count) / self.rows if self.rows else Decimal(0)

    def is_too_much(self, most: Decimal) -> bool:
        """Whether more are missing than may be deleted, or all since the source has none."""
        is_empty = self.source_rows == 0 and 0 < self.rows <= self.count
        return self.percent > most or is_empty


@dataclass(frozen=True, slots=True)
class ComparedRows:
    """What comparing the rows of both sides has found.

    Attributes:
        rows, source_rows: that were compared, up to the end of the window.
        ranges: of keys that were summed, on both sides together.
        differing: of them, those whose rows differ.
        places: how keys were dealt to them.
        within: those that differ.
        left_out: columns that aren't compared, and why.
    """

    rows: int
    source_rows: int
    ranges: int
    differing: int
    places: Places
    within: tuple[Place, ...]
    left_out: tuple[tuple[str, str], ...] = ()
