"""How columns of PostgreSQL become columns of BigQuery."""

from auto_schema import postgis
from auto_schema.postgresql_types import Look, PostgresType, needs_look, postgresql_column
from auto_schema.schema import Column
from sources.fixed_columns import FixedColumns
from sources.protocol import of_kind
from sources.values import ColumnWish, SourceColumn


def sql_type(column: SourceColumn) -> PostgresType:
    """The type of a column of PostgreSQL.

    Raises:
        TypeError: it is of another source.
    """
    return of_kind(column.type, PostgresType)


def _typed(source: SourceColumn, wish: ColumnWish) -> Column:
    """The column that the table of types gives."""
    return postgresql_column(
        source.name,
        sql_type(source),
        look=wish.look if isinstance(wish.look, Look) else None,
        current=wish.there,
        evolves=wish.evolves,
        json_as_text=wish.json_as_text,
        unknown_as_text=wish.unknown_as_text,
        description=source.description if wish.is_described else "",
    )


def _is_open(source: SourceColumn) -> bool:
    """Bare numerics and arrays."""
    return needs_look(sql_type(source))


def _best_look(source: SourceColumn) -> Look | None:
    """Of an array that it is flat, of a number that it fits, of a shape what its type says."""
    kind = sql_type(source)
    if kind.is_array:
        return Look(is_flat=True)
    if kind.name in postgis.LOSSES:
        return Look(is_geography=postgis.is_declared(kind.display))
    return Look(0, 0) if needs_look(kind) else None


POSTGRESQL_COLUMNS = FixedColumns(_typed, _is_open, _best_look)
