"""What only a parser finds in transform_sql. Pure; imported at need, since the parser is large."""

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError


def computes(sql: str, cursor: str) -> bool:
    """Whether a query makes the cursor of something, instead of letting it pass.

    One that can't be parsed may.

    >>> computes("SELECT s.id, s.at FROM staged AS s WHERE s.at > s.then", "at")
    False
    >>> computes("SELECT id, MIN(at) AS At FROM staged GROUP BY id", "at")
    True
    """
    try:
        tree = sqlglot.parse_one(sql, dialect="bigquery")
    except (SqlglotError, RecursionError):
        return True
    folded = cursor.casefold()
    named = (a for a in tree.find_all(exp.Alias) if a.alias.casefold() == folded)
    if any(not _is_column(alias.this, folded) for alias in named):
        return True
    if not tree.find(exp.SetOperation):
        return False
    return any(
        _is_column(column, folded)
        for call in tree.find_all(exp.AggFunc)
        for column in call.find_all(exp.Column)
    )


def _is_column(expression: exp.Expression, folded: str) -> bool:
    return isinstance(expression, exp.Column) and expression.name.casefold() == folded
