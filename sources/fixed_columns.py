"""Rules of a source whose columns are fixed: its server describes them, and types decide alone."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from auto_schema.evolve import CurrentField
from auto_schema.schema import Column
from sources.values import ColumnWish, SourceColumn


def never_open(_: SourceColumn) -> bool:
    """Whether the rows decide a type, where the types say all."""
    return False


def no_look(_: SourceColumn) -> object:
    """Of types that say all: no look at the rows is needed."""
    return None


@dataclass(frozen=True, slots=True)
class FixedColumns:
    """See `sources.values.ColumnRules`.

    Attributes:
        typed: the column that a type gives, under the source's name; what it raises, `column`
            raises.
        is_open: whether the rows decide a column's type.
        best_look: the look that forbids least, in the source's own form; None: none is needed.
    """

    typed: Callable[[SourceColumn, ColumnWish], Column]
    is_open: Callable[[SourceColumn], bool] = never_open
    best_look: Callable[[SourceColumn], object] = no_look

    def delivered(
        self,
        columns: tuple[SourceColumn, ...],
        current: Mapping[str, CurrentField],
        asked_for: Collection[str],
    ) -> tuple[tuple[SourceColumn, ...], Mapping[str, str]]:
        """The columns as the server described them, under names of their own."""
        return columns, {}

    def column(self, source: SourceColumn, wish: ColumnWish) -> Column:
        """The column that the table of types gives."""
        return replace(self.typed(source, wish), name=wish.name)

    def needs_look(self, source: SourceColumn) -> bool:
        """Whether the rows decide its type."""
        return self.is_open(source)

    def best_looks(self, columns: tuple[SourceColumn, ...]) -> Mapping[str, object]:
        """Per column the look that forbids least, where a look can be had."""
        looks = {column.name: self.best_look(column) for column in columns}
        return {name: look for name, look in looks.items() if look is not None}
