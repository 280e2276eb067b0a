"""How columns of BigQuery become columns of BigQuery."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from auto_schema.bigquery_columns import bigquery_column
from auto_schema.bigquery_types import BigqueryType
from auto_schema.evolve import CurrentField
from auto_schema.schema import Column
from sources.protocol import of_kind
from sources.values import ColumnWish, SourceColumn


@dataclass(frozen=True, slots=True)
class BigqueryColumns:
    """See `sources.values.ColumnRules`."""

    def delivered(
        self,
        columns: tuple[SourceColumn, ...],
        current: Mapping[str, CurrentField],
        asked_for: Collection[str],
    ) -> tuple[tuple[SourceColumn, ...], Mapping[str, str]]:
        """The table's or query's columns, under names of their own."""
        return columns, {}

    def column(self, source: SourceColumn, wish: ColumnWish) -> Column:
        """A column of the same type."""
        column = bigquery_column(
            source.name,
            of_kind(source.type, BigqueryType),
            current=wish.there,
            json_as_text=wish.json_as_text,
            description=source.description if wish.is_described else "",
        )
        return replace(column, name=wish.name)

    def needs_look(self, source: SourceColumn) -> bool:
        """None: the schema says all."""
        return False

    def best_looks(self, columns: tuple[SourceColumn, ...]) -> Mapping[str, object]:
        """None is needed."""
        return {}
