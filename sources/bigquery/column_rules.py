"""How columns of BigQuery become columns of BigQuery."""

from auto_schema.bigquery_columns import bigquery_column
from auto_schema.bigquery_types import BigqueryType
from auto_schema.schema import Column
from sources.fixed_columns import FixedColumns
from sources.protocol import of_kind
from sources.values import ColumnWish, SourceColumn


def _typed(source: SourceColumn, wish: ColumnWish) -> Column:
    """A column of the same type."""
    return bigquery_column(
        source.name,
        of_kind(source.type, BigqueryType),
        current=wish.there,
        json_as_text=wish.json_as_text,
        description=source.description if wish.is_described else "",
    )


BIGQUERY_COLUMNS = FixedColumns(_typed)
