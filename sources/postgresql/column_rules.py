"""How columns of PostgreSQL become columns of BigQuery."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from auto_schema.evolve import CurrentField
from auto_schema.postgresql_types import Look, PostgresType, needs_look, postgresql_column
from auto_schema.schema import Column
from sources.protocol import of_kind
from sources.values import ColumnWish, SourceColumn


def sql_type(column: SourceColumn) -> PostgresType:
    """The type of a column of PostgreSQL.

    Raises:
        TypeError: it is of another source.
    """
    return of_kind(column.type, PostgresType)


@dataclass(frozen=True, slots=True)
class PostgresqlColumns:
    """See `sources.values.ColumnRules`."""

    def delivered(
        self,
        columns: tuple[SourceColumn, ...],
        current: Mapping[str, CurrentField],
        asked_for: Collection[str],
    ) -> tuple[tuple[SourceColumn, ...], Mapping[str, str]]:
        """The query's columns, under names of their own."""
        return columns, {}

    def column(self, source: SourceColumn, wish: ColumnWish) -> Column:
        """The column that the table of types gives."""
        column = postgresql_column(
            source.name,
            sql_type(source),
            look=wish.look if isinstance(wish.look, Look) else None,
            current=wish.there,
            json_as_text=wish.json_as_text,
            description=source.description if wish.is_described else "",
        )
        return replace(column, name=wish.name)

    def needs_look(self, source: SourceColumn) -> bool:
        """Bare numerics and arrays."""
        return needs_look(sql_type(source))

    def best_looks(self, columns: tuple[SourceColumn, ...]) -> Mapping[str, object]:
        """Arrays that are flat."""
        return {c.name: Look(is_flat=True) for c in columns if sql_type(c).is_array}
