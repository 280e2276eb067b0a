"""Rows that a query lets through when some time has come, though nothing moves their cursor."""

import re
from importlib import import_module

_WORDS = re.compile(r"\b(now|current_\w+|localtimestamp)\b", re.IGNORECASE)
"""Without any of them sqlglot isn't imported, which takes a tenth of the CPU of a short run."""


def ripening(sql: str, cursor: str, dialect: str) -> str:
    """The condition that rows come to meet as time goes by; empty: nothing shows one.

    One of the cursor itself is none: rows that it leaves out lie above the watermark.

    Args:
        sql: the query.
        cursor: its column.
        dialect: its name in sqlglot.

    >>> ripening("SELECT * FROM t WHERE published_at <= now()", "updated_at", "postgres")
    'published_at <= CURRENT_TIMESTAMP'
    >>> ripening("SELECT * FROM t WHERE current_date > day", "updated_at", "postgres")
    'CURRENT_DATE > day'
    >>> ripening("SELECT * FROM t WHERE made > now() - interval '9 days'", "at", "postgres")
    ''
    >>> ripening("SELECT * FROM t WHERE at < now() - interval '9 min'", "at", "postgres")
    ''
    """
    if not _WORDS.search(sql):
        return ""
    told: str = import_module("sources.ripening_tree").condition_of(sql, cursor, dialect)
    return told
