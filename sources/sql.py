"""SQL text: scanning and placeholders; for PostgreSQL also quoting and literals.

The user's query is never rewritten beyond its two placeholders, one trailing `;` and,
where the plan says so, its outermost ORDER BY.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from sources.values import CursorValue, KeyValue

START, END = "{start_timestamp}", "{end_timestamp}"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a database's SQL is scanned: a pattern whose groups name the kinds of tokens."""

    token: re.Pattern[str]
    nests_comments: bool = True


POSTGRESQL = Dialect(
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
BIGQUERY = Dialect(
    re.compile(
        r"""
      (?P<line>(?:--|\#)[^\n]*)
    | (?P<block>/\*)
    | (?P<string>[rRbB]{0,2}(?:\"\"\"(?:[^\\]|\\.)*?\"\"\" | \'\'\'(?:[^\\]|\\.)*?\'\'\'
                  | "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*'))
    | (?P<ident>`(?:[^`\\]|\\.)*`)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<other>.)
    """,
        re.VERBOSE | re.DOTALL,
    ),
    nests_comments=False,
)
"""https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical"""


def tokens(sql: str, dialect: Dialect = POSTGRESQL) -> Iterator[tuple[str, int, int]]:
    """Kinds and positions of SQL's lexical parts: comments, strings, words, the rest.

    >>> [kind for kind, _, _ in tokens("a 'b' -- c")]
    ['word', 'other', 'string', 'other', 'line']
    """
    position = 0
    while position < len(sql):
        match = dialect.token.match(sql, position)
        if match is None or match.lastgroup is None:
            break
        kind = "dollar" if match.groupdict().get("dollar") else _kind(match)
        end = _block_end(sql, position, dialect) if kind == "block" else match.end()
        yield kind, position, end
        position = end


def _kind(match: re.Match[str]) -> str:
    return next(k for k, v in match.groupdict().items() if v is not None and k != "tag")


def _block_end(sql: str, start: int, dialect: Dialect) -> int:
    level, position = 0, start
    for match in re.compile(r"/\*|\*/").finditer(sql, start):
        opens = match.group() == "/*"
        level += (level == 0 or dialect.nests_comments) if opens else -1
        position = match.end()
        if level == 0:
            return position
    return len(sql)


def placeholders(sql: str, dialect: Dialect = POSTGRESQL) -> set[str]:
    """Which of the two placeholders a query holds, comments not counted."""
    masked = _masked(sql)
    marks: set[str] = set()
    for kind, start, end in tokens(masked, dialect):
        if kind not in ("line", "block"):
            marks.update(name for mark, name in _MARKS.items() if mark in masked[start:end])
    return marks


_MARKS = {"\x01": START, "\x02": END}


def _masked(sql: str) -> str:
    return sql.replace(START, "\x01").replace(END, "\x02")


LOWEST_INT64 = -(2**63)


def placeholder_text(value: CursorValue | None) -> str:
    """`YYYY-MM-DD HH:MM:SS[.ffffff]`, the fraction only when it is not zero.

    >>> from datetime import datetime
    >>> placeholder_text(datetime(2025, 7, 22, 13, 0, 0, 500))
    '2025-07-22 13:00:00.000500'
    """
    if value is None:
        return str(LOWEST_INT64)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        text = value.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
        return text + (f".{value.microsecond:06}" if value.microsecond else "")
    return f"{value.isoformat()} 00:00:00" if isinstance(value, date) else value


def bind(
    sql: str,
    low: CursorValue | None,
    high: CursorValue,
    dialect: Dialect = POSTGRESQL,
    as_text: Callable[[CursorValue | None], str] = placeholder_text,
) -> str:
    """Put the window's ends into a query's placeholders.

    Inside quotes the bare text stands, outside it quotes are added; integers stay bare.
    Other braces are left alone.

    >>> from datetime import datetime
    >>> low, high = datetime(2025, 7, 22), datetime(2026, 1, 1)
    >>> bind("c > '{start_timestamp}' AND c <= {end_timestamp}", low, high)
    "c > '2025-07-22 00:00:00' AND c <= '2026-01-01 00:00:00'"
    """
    values = {"\x01": as_text(low), "\x02": as_text(high)}
    bare = isinstance(high, int)
    masked = _masked(sql)
    parts = []
    for kind, start, end in tokens(masked, dialect):
        part = masked[start:end]
        for mark, value in values.items():
            if mark in part:
                inside = kind != "other"
                part = part.replace(mark, value if inside or bare else f"'{value}'")
        parts.append(part)
    return "".join(parts)


def strip_end(sql: str, dialect: Dialect = POSTGRESQL) -> str:
    """Drop one trailing `;` and the white space around the query.

    >>> strip_end(" SELECT 1 ; ")
    'SELECT 1'
    """
    text = sql.strip()
    last = [
        (kind, start, end)
        for kind, start, end in tokens(text, dialect)
        if not _is_blank(text, start, end)
    ]
    while last and last[-1][0] in ("line", "block"):
        last.pop()
    if last and text[last[-1][1] : last[-1][2]] == ";":
        start, end = last[-1][1:]
        text = text[:start] + text[end:]
    return text.strip()


def _is_blank(text: str, start: int, end: int) -> bool:
    return not text[start:end].strip()


def without_order(sql: str) -> str:
    """Drop the outermost ORDER BY of a plain SELECT (nothing else may follow it).

    >>> without_order("SELECT a FROM (SELECT 1 AS a ORDER BY 1) t ORDER BY a ASC")
    'SELECT a FROM (SELECT 1 AS a ORDER BY 1) t'
    """
    parts = [
        (sql[start:end].upper(), start)
        for kind, start, end in tokens(sql)
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
