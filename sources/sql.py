"""SQL text in any dialect: scanning, and what stands in a query's placeholders.

The user's query is never rewritten beyond its two placeholders, one trailing `;` and,
where the plan says so, its outermost ORDER BY.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sources.values import CursorValue

START, END = "{start_timestamp}", "{end_timestamp}"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a database's SQL is scanned: a pattern whose groups name the kinds of tokens."""

    token: re.Pattern[str]
    nests_comments: bool = True


def tokens(sql: str, dialect: Dialect) -> Iterator[tuple[str, int, int]]:
    """Kinds and positions of SQL's lexical parts: comments, strings, words, the rest.

    >>> dialect = Dialect(re.compile("(?P<line>--.*)|(?P<word>[a-z]+)|(?P<other>.)"))
    >>> [kind for kind, _, _ in tokens("a, b -- c", dialect)]
    ['word', 'other', 'other', 'word', 'other', 'line']
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


def placeholders(sql: str, dialect: Dialect) -> set[str]:
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
    dialect: Dialect,
    as_text: Callable[[CursorValue | None], str] = placeholder_text,
) -> str:
    """Put the window's ends into a query's placeholders.

    Inside quotes the bare text stands, outside it quotes are added; integers stay bare.
    Other braces are left alone.

    >>> from datetime import datetime
    >>> low, high = datetime(2025, 7, 22), datetime(2026, 1, 1)
    >>> dialect = Dialect(re.compile("(?P<string>'[^']*')|(?P<other>.)"))
    >>> bind("c > '{start_timestamp}' AND c <= {end_timestamp}", low, high, dialect)
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


def strip_end(sql: str, dialect: Dialect) -> str:
    """Drop one trailing `;` and the white space around the query.

    >>> strip_end(" SELECT 1 ; ", Dialect(re.compile("(?P<other>.)")))
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
