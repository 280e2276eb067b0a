"""MERGE within a transaction, and JSON that an UPDATE sets, as BigQuery has them.

The local BigQuery begins a transaction of its own for each MERGE, and takes DuckDB's refusal for
the answer that there is one already. DuckDB ends a transaction in which it has refused anything.
And it takes `SET column = CAST(NULL AS JSON)` for a comparison, which JSON doesn't have.
"""

from typing import Any


class WithinTransaction:
    """A connection amid a transaction, which refuses a second one without asking DuckDB."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *more: Any) -> Any:
        """As the connection does, but for BEGIN."""
        if sql == "BEGIN":
            import duckdb

            raise duckdb.TransactionException("there is a transaction")
        return self._connection.execute(sql, *more)


def is_within(connection: Any) -> bool:
    """Whether a transaction is open, whatever holds its tables: all of it has the time it began."""
    first, second = (connection.execute("SELECT now()::VARCHAR").fetchone() for _ in range(2))
    return bool(first == second)


def merge_in_transactions() -> None:
    """Let MERGE be one of a transaction's statements."""
    from local_bigquery.jobs import merge

    run = merge.run

    def within(connection: Any, tree: Any, context: Any) -> Any:
        open_one = is_within(connection)
        return run(WithinTransaction(connection) if open_one else connection, tree, context)

    merge.run = within


def assign_json() -> None:
    """Let an UPDATE, of a MERGE too, set a column of JSON."""
    from local_bigquery.sql import rules
    from local_bigquery.sql.rules import json
    from sqlglot import exp

    equality = json.equality

    def compared(node: Any, context: Any) -> Any:
        sets = isinstance(node.parent, exp.Update) and node.arg_key == "expressions"
        return node if sets else equality(node, context)

    rules.NODE_RULES[rules.NODE_RULES.index(equality)] = compared
