"""A query as sqlglot's trees, for looks that say nothing where it can't be parsed.

Imported where a look needs it only: sqlglot takes a tenth of the CPU of a short run.
"""

import logging

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError


def trees_of(sql: str, dialect: str) -> list[exp.Expr]:
    """The statements of a text; none where it can't be parsed.

    Args:
        sql: the text.
        dialect: its name in sqlglot.
    """
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        return [tree for tree in sqlglot.parse(sql, dialect=dialect) if tree is not None]
    except (SqlglotError, RecursionError):
        return []
