"""SQL text of PostgreSQL: how it is scanned, names, literals, and a query without its order."""

import re
from datetime import date, datetime
from itertools import pairwise

from sources.sql import Dialect, placeholder_text, tokens
from sources.values import KeyValue

DIALECT = Dialect(
    re.compile(
        r"""
      (?P<line>--[^\n]*)
    | (?P<block>/\*)
    | (?P<estring>[eE]'(?:[^'\\]|\\.|'')*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<ident>"(?:[^"]|"")*")
    | (?P<dollar>\$\$.*?\$\$ | \$(?P<tag>[A-Za-z_]\w*)\$.*?\$(?P=tag)\$)
    | (?P<word>[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)
    | (?P<other>.)
    """,
        re.VERBOSE | re.DOTALL,
    )
)
"""https://www.postgresql.org/docs/current/sql-syntax-lexical.html"""


def without_order(sql: str) -> str:
    """Drop the outermost ORDER BY of a plain SELECT (nothing else may follow it).

    >>> without_order("SELECT a FROM (SELECT 1 AS a ORDER BY 1) t ORDER BY a ASC")
    'SELECT a FROM (SELECT 1 AS a ORDER BY 1) t'
    """
    parts = [
        (sql[start:end].upper(), start)
        for kind, start, end in tokens(sql, DIALECT)
        if kind not in ("line", "block") and sql[start:end].strip()
    ]
    level = 0
    for (text, start), (following, _) in pairwise(parts):
        level += {"(": 1, ")": -1}.get(text, 0)
        if level == 0 and text == "ORDER" and following == "BY":
            return sql[:start].rstrip()
    return sql


def quote(name: str) -> str:
    """A PostgreSQL identifier.

    >>> quote('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def ends_of(value: date) -> tuple[date, date]:
    """The first and the last value of its kind that BigQuery can hold.

    >>> ends_of(date(2025, 7, 22))
    (datetime.date(1, 1, 1), datetime.date(9999, 12, 31))
    """
    if isinstance(value, datetime):
        zone = value.tzinfo
        return datetime.min.replace(tzinfo=zone), datetime.max.replace(tzinfo=zone)
    return date.min, date.max


def literal(value: KeyValue) -> str:
    """A PostgreSQL literal with its type, exact to the microsecond.

    No setting of the session changes what it means: dates are in ISO form, and a text is
    an escape string whatever `standard_conforming_strings` says.

    >>> from datetime import UTC, datetime
    >>> literal(datetime(2025, 7, 22, tzinfo=UTC))
    "timestamptz '2025-07-22 00:00:00+00'"
    """
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        text = placeholder_text(value)
        return f"timestamptz '{text}+00'" if value.tzinfo else f"timestamp '{text}'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
