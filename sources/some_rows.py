"""Whether a query gives only some of the rows that it is about, and others another time."""

import re
from importlib import import_module

_WORDS = re.compile(r"\b(limit|fetch|offset|tablesample|random|rand)\b", re.IGNORECASE)
"""Without any of them sqlglot isn't imported, which takes a tenth of the CPU of a short run."""


def gives_some(sql: str, dialect: str) -> str:
    """Why a query gives only some rows, in its own words; empty: nothing shows that it does.

    Args:
        sql: the query.
        dialect: its name in sqlglot.

    >>> gives_some("WITH x AS (SELECT * FROM t LIMIT 9) SELECT * FROM x", "postgres")
    'LIMIT'
    >>> gives_some("SELECT a, (SELECT 1 LIMIT 1) FROM t", "postgres")
    ''
    """
    if not _WORDS.search(sql):
        return ""
    reason: str = import_module("sources.some_rows_tree").reason(sql, dialect)
    return reason
