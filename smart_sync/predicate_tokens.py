"""A query's words without its outermost list of columns. Pure; imported at need: sqlglot is large.

Words, and not what the parser writes of its tree: that would change with the parser's version.
"""

import re
from collections.abc import Iterator

import sqlglot
from sqlglot.errors import SqlglotError

_NAME = r"[^\s.()]+"
_ONE_TABLE = re.compile(rf"SELECT FROM {_NAME}(?: [.-] {_NAME})*")


def without_columns(sql: str, dialect: str) -> str:
    """The words that decide which rows come; empty: the query is of one table as it is.

    Names and keywords are in capitals. A query that can't be cut into words stays whole.

    >>> without_columns("SELECT a, (SELECT 1 FROM u) b FROM t WHERE a /* so */ > 1", "postgres")
    'SELECT FROM T WHERE A > 1'
    >>> without_columns("SELECT DISTINCT a FROM t", "postgres")
    'SELECT DISTINCT A FROM T'
    >>> without_columns("SELECT a IS DISTINCT FROM b AS c FROM t", "postgres")
    ''
    >>> without_columns("SELECT a FROM t UNION ALL SELECT b FROM u", "bigquery")
    'SELECT FROM T UNION ALL SELECT FROM U'
    """
    try:
        tokens = sqlglot.tokenize(sql, read=dialect)
    except SqlglotError:
        return " ".join(sql.split())
    words = [sql[token.start : token.end + 1] for token in tokens]
    told = " ".join(_kept([_folded(word) for word in words if word != ";"]))
    return "" if _ONE_TABLE.fullmatch(told) else told


def _folded(word: str) -> str:
    return word.upper() if word.isidentifier() else word


def _kept(words: list[str]) -> Iterator[str]:
    """The words but for those between an outermost SELECT and its FROM."""
    depth, at = 0, 0
    while at < len(words):
        word = words[at]
        depth += (word in ("(", "[")) - (word in (")", "]"))
        yield word
        at += 1
        if word == "SELECT" and depth == 0:
            at = _list_end(words, at)


def _list_end(words: list[str], start: int) -> int:
    """Where the FROM of a list of columns is; `start` itself where the list decides about rows."""
    if words[start : start + 1] == ["DISTINCT"]:
        return start
    depth = 0
    for at in range(start, len(words)):
        depth += (words[at] in ("(", "[")) - (words[at] in (")", "]"))
        if words[at] == "FROM" and depth == 0 and words[at - 1] != "DISTINCT":
            return at
        if words[at] == "SELECT" and depth == 0:
            return start
    return start
