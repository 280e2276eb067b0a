"""The text of transform_sql: is it one SELECT, and what in it is easily overlooked? Pure.

https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
"""

from collections.abc import Iterator
from dataclasses import dataclass

from auto_schema.errors import ConfigError, SyncError, shown
from smart_sync.check_text import Token, text_fault, tokens_of

BEGINNINGS = ("SELECT", "WITH", "FROM", "(")
"""What a query begins with: https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax"""
VOLATILE = ("RAND", "GENERATE_UUID", "SESSION_USER", "EXTERNAL_QUERY")
NOW = ("CURRENT_DATE", "CURRENT_DATETIME", "CURRENT_TIME", "CURRENT_TIMESTAMP")
"""These are called without parentheses, too."""
MODELS = ("AI", "ML", "OBJ")
"""What begins the names of functions that ask a model."""
ENCRYPTING = ("AEAD.ENCRYPT", "KEYS.NEW_KEYSET", "KEYS.ROTATE_KEYSET")
"""These take something by chance, too."""
KNOWN = ("AEAD", "HLL_COUNT", "KEYS", "KLL_QUANTILES", "NET")
"""What begins the names of BigQuery's own functions; of others a dataset is the beginning."""
GROUPS = ("GROUP", "DISTINCT", "OVER", "QUALIFY", "AGGREGATE")


def query_fault(sql: str, place: str = "") -> SyncError | None:
    """Why a text is no single SELECT, as far as that shows without BigQuery; `place`: its file."""
    where = f"transform_sql, {place}" if place else "transform_sql"
    if why := text_fault(sql):
        fix = "write one SELECT over the staged rows (FROM staged), without a semicolon."
        return ConfigError("SQL that is no single SELECT", where, f"{why}: {shown(sql)}", fix)
    first = next(iter(SqlText(sql).tokens)).text.upper()
    if first in BEGINNINGS:
        return None
    why = f"it begins with {shown(first)}"
    fix = "write one SELECT over the staged rows (FROM staged); scripts and DML are not run."
    return ConfigError("SQL that is no single SELECT", where, why, fix)


@dataclass(frozen=True, slots=True)
class SqlText:
    """The text of a query that is one."""

    sql: str

    @property
    def tokens(self) -> list[Token]:
        """Its words and signs; no comments, no space."""
        return list(tokens_of(self.sql))

    def warnings(self, *, of_window: bool) -> Iterator[str]:
        """What the operator should know of it.

        Args:
            of_window: whether a run reads only what is new.
        """
        if volatile := ", ".join(dict.fromkeys(self._volatile())):
            yield (
                f"transform_sql calls {volatile}, whose answer may be another each time: the same"
                " rows synced once more may be published otherwise"
            )
        if self._has_outer_limit():
            yield "transform_sql has a LIMIT: rows beyond it are left out of the table"
        words = {token.text.upper() for token in self.tokens if token.is_word}
        if of_window and words & set(GROUPS):
            yield (
                "transform_sql groups, numbers or compares rows: it sees those of one run, and"
                " neither those of the table nor those of the next run"
            )

    def _volatile(self) -> Iterator[str]:
        tokens = self.tokens
        for number, token in enumerate(tokens):
            following = tokens[number + 1].text if number + 1 < len(tokens) else ""
            before = tokens[number - 1].text if number else ""
            name = token.text.upper()
            if not token.is_name or (before == "." and following != "("):
                continue
            if name in NOW and before != ".":
                yield name
            elif following == "(" and before != "." and token.is_word:
                yield from [name] if name in VOLATILE else []
            elif following == "(":
                yield from _of_path(tokens, number)
            elif name == "TABLESAMPLE":
                yield name

    def _has_outer_limit(self) -> bool:
        depth = 0
        for token in self.tokens:
            depth += (token.text in "([{") - (token.text in ")]}")
            if depth == 0 and token.is_word and token.text.upper() == "LIMIT":
                return True
        return False


def _of_path(tokens: list[Token], last: int) -> Iterator[str]:
    """A function by the name of a namespace or a dataset, if its answer isn't known to stay."""
    first = last
    while first >= 2 and tokens[first - 1].text == "." and tokens[first - 2].is_name:
        first -= 2
    path = [token.text.strip("`") for token in tokens[first : last + 1 : 2]]
    path = ".".join(path).split(".")  # a quoted part may hold several
    path = path[1:] if path[0].upper() == "SAFE" else path
    beginning, name = path[0].upper(), ".".join(path)
    if len(path) == 1 or beginning in KNOWN:
        yield from [name] if name.upper() in (*VOLATILE, *ENCRYPTING) else []
    else:
        yield name + (" (a model)" if beginning in MODELS else " (a routine of a dataset)")
