"""What a rollback asks BigQuery: are two tables the same, and how far do they go. Pure."""

from auto_schema.canonical import ROW_TEXT, bigquery_sums
from auto_schema.names import TABLE, in_any_partition, of_table
from warehouse.names import TableRef


def always_true(field: str) -> str:
    """A condition on a partition column that drops nothing; empty: none is needed.

    >>> always_true("")
    ''
    """
    if not field:
        return ""
    column = of_table(field)
    return f" WHERE {in_any_partition(column)}"


def same_rows(one: TableRef, other: TableRef, field: str) -> str:
    """Count and four sums of all rows' digests, of two tables of the same columns.

    A row's text is its JSON, with each type that BigQuery has: on both sides BigQuery itself
    writes it, so that equal values have equal texts.

    Args:
        one: a table.
        other: the other.
        field: the partition column that a query must name; empty: none.
    """
    sides = " UNION ALL\n".join(
        f"SELECT {number} AS side, sums.* FROM (\n{_sums(table, field)}\n) AS sums"
        for number, table in enumerate((one, other), 1)
    )
    return f"{sides}\nORDER BY side"


def _sums(table: TableRef, field: str) -> str:
    text = f"TO_JSON_STRING({TABLE}) AS {ROW_TEXT}"
    return bigquery_sums(f"SELECT {text} FROM {table.sql} AS {TABLE}{always_true(field)}")


def count_rows(table: TableRef, field: str, milliseconds: int | None = None) -> str:
    """How many rows a table has, or had; BigQuery refuses when it can't look so far back."""
    then = f" FOR SYSTEM_TIME AS OF TIMESTAMP_MILLIS({milliseconds})" if milliseconds else ""
    return f"SELECT COUNT(*) AS row_count FROM {table.sql} AS {TABLE}{then}{always_true(field)}"


def highest(table: TableRef, column: str, field: str) -> str:
    """MAX of the cursor column."""
    return (
        f"SELECT MAX({of_table(column)}) AS highest FROM {table.sql} AS {TABLE}{always_true(field)}"
    )
