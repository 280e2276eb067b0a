"""What the words of a query say of it, wherever they stand: may it be split, and what it names.

See `sources.postgresql.shape` for the other look at it. What functions and tables really are
only the server knows: see `sources.postgresql.splits`.
"""

from dataclasses import dataclass
from itertools import pairwise

from sources.postgresql.sql import DIALECT
from sources.sql import tokens

_CUTTING: dict[str, str] = {
    "limit": "LIMIT",
    "fetch": "LIMIT",
    "offset": "OFFSET",
    "group": "GROUP BY",
    "having": "HAVING",
    "distinct": "DISTINCT",
    "tablesample": "TABLESAMPLE",
    "lateral": "LATERAL",
    "window": "a WINDOW clause",
    "with": "a WITH clause",
    "union": "a set operation (UNION, INTERSECT, EXCEPT)",
    "intersect": "a set operation (UNION, INTERSECT, EXCEPT)",
    "except": "a set operation (UNION, INTERSECT, EXCEPT)",
}
"""Words that stand, unquoted, only where rows are cut or made from more than one row."""
_CALLS: dict[str, str] = {
    "values": "VALUES",
    "json_arrayagg": "an aggregate",
    "json_objectagg": "an aggregate",
    "xmltable": "a set-returning function",
    "json_table": "a set-returning function",
}
"""The same for words before a parenthesis that are grammar and in no catalog."""
FIRST_WORDS = ("SELECT", "WITH", "VALUES", "TABLE")
"""https://www.postgresql.org/docs/current/sql-select.html"""
_LOCKS = ("update", "share", "no", "key")


@dataclass(frozen=True, slots=True)
class QueryShape:
    """What planning needs to know of a query.

    Attributes:
        split_reason: why it can't be split; empty for one plain SELECT.
        tables: names in FROM as written, (schema or "", name), sorted, without CTE names.
        has_order: an outermost ORDER BY stands in a plain SELECT.
        single_table: one table stands in the whole query, once.
    """

    split_reason: str
    tables: tuple[tuple[str, str], ...] = ()
    has_order: bool = False
    single_table: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """Names of a text as the catalog would have them: before a parenthesis, and all.

    A function can be called without a parenthesis: t.f is f(t).
    """

    called: tuple[str, ...]
    named: tuple[str, ...]


def names(sql: str) -> tuple[Names, Names]:
    """The names of a whole query, and those from its outermost FROM on.

    >>> names('SELECT Lower (t.a) FROM "T" -- x()')[1]
    Names(called=(), named=('T', 'from'))
    """
    parts = _parts(sql)
    return _names(parts), _names(parts[_outermost_from(parts) :])


def _outermost_from(parts: list[tuple[str, str]]) -> int:
    level = 0
    for at, (kind, text) in enumerate(parts):
        level += {"(": 1, ")": -1}.get(text, 0)
        if level == 0 and kind == "word" and lowered(text) == "from":
            return at
    return 0


def _names(parts: list[tuple[str, str]]) -> Names:
    named = [(_name(*part), after) for part, (_, after) in pairwise([*parts, ("", "")])]
    called = {name for name, after in named if name and after == "("}
    return Names(tuple(sorted(called)), tuple(sorted({name for name, _ in named if name})))


def has_backslash(sql: str) -> bool:
    """Whether a plain string holds a backslash, whose meaning is a setting of the server."""
    return any(kind == "string" and "\\" in text for kind, text in _parts(sql))


def no_part(sql: str) -> tuple[str, str, str] | None:
    """What is wrong, why, and how to mend a query that can't be a part of another; None: it can.

    Asked of one that the server has refused: `(query)` must be a sub-select there.

    >>> no_part("DELETE FROM t RETURNING a")[0], no_part("SELECT 1; SELECT 2")[0]
    ('the query is not a SELECT', 'the query is more than one statement')
    """
    texts = [text for _, text in _parts(sql)]
    if ";" in texts:
        why = "it has a ';' before its end, and it is read as SELECT … FROM (query)"
        fix = (
            "leave one statement. What the others prepare goes into WITH or into a view;"
            " settings go to the role (ALTER ROLE … SET)."
        )
        return "the query is more than one statement", why, fix
    first = next((text.upper() for text in texts if text != "("), "")
    if first.isalpha() and first not in FIRST_WORDS:
        why = f"it begins with {first}, and it is read as SELECT … FROM (query)"
        fix = (
            f"let it begin with {', '.join(FIRST_WORDS[:-1])} or {FIRST_WORDS[-1]}. Sources are"
            " only read: instead of what RETURNING gives, read the table that was written."
        )
        return "the query is not a SELECT", why, fix
    return None


def _parts(sql: str) -> list[tuple[str, str]]:
    """Kinds and texts of what isn't a comment or white space."""
    pieces = ((kind, sql[start:end]) for kind, start, end in tokens(sql, DIALECT))
    return [(kind, text) for kind, text in pieces if kind not in ("line", "block") and text.strip()]


def _name(kind: str, text: str) -> str:
    if kind == "ident":
        return text[1:-1].replace('""', '"')
    return lowered(text) if kind == "word" else ""


def lowered(text: str) -> str:
    """PostgreSQL folds ASCII only (in UTF-8)."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def words_reason(sql: str) -> str:
    """Why the words of a query forbid parts of it; empty: they don't."""
    parts = [("", ""), *_parts(sql), ("", "")]
    for at, (kind, text) in enumerate(parts[1:-1], 1):
        word, before, after = _name(kind, text), *(lowered(parts[n][1]) for n in (at - 1, at + 1))
        if kind == "ident" and before == "&":
            return "the query has a name with Unicode escapes"
        if kind != "word" or before in (".", "as"):
            continue  # after those any word is a name
        reason = _word_reason(word, before, after)
        if reason:
            return f"the query has {reason}"
    return ""


def _word_reason(word: str, before: str, after: str) -> str:
    if word == "with" and after == "time":  # of a type
        return ""
    if word == "distinct" and before in ("is", "not"):  # a comparison
        return ""
    if word == "over" and before == ")":
        return "a window function"
    if word == "for" and after in _LOCKS:
        return "FOR UPDATE or FOR SHARE"
    return _CUTTING.get(word) or (_CALLS.get(word, "") if after == "(" else "")
