"""No name that our statements give to a column or a table is a reserved word of GoogleSQL.

The local BigQuery takes NULLS, HASH and AT as names; the real one refuses the statement.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import GoogleSqlError

ROOT = Path(__file__).parents[2]
ROOMS = ("auto_schema", "warehouse", "sources/bigquery", "smart_sync", "pipeline")
NAMED = re.compile(r"\bAS ([A-Za-z_]+)\b(?![(<])")
NO_NAMES = {"INTERVAL", "OF", "SELECT", "in", "where"}
"""A type after CAST(… AS; SYSTEM_TIME AS OF; CREATE TABLE … AS SELECT; and messages that go on so
after AS."""


def names(text: str) -> Iterator[str]:
    """Names after AS in a module's strings that aren't docstrings.

    >>> list(names('"doc AS not"; sql = f"SELECT {1} AS one, CAST(b AS INT64) FROM t AS two"'))
    ['one', 'two']
    """
    tree = ast.parse(text)
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield from (name for name in NAMED.findall(node.value) if name not in NO_NAMES)


def test_reserved_words_are_told_apart(googlesql: GoogleSql) -> None:
    googlesql.parse("SELECT 1 AS found")
    for word in ("nulls", "hash", "at"):
        with pytest.raises(GoogleSqlError, match="Unexpected keyword"):
            googlesql.parse(f"SELECT 1 AS {word}")


@pytest.mark.parametrize("room", ROOMS)
def test_names_are_no_reserved_words(googlesql: GoogleSql, room: str) -> None:
    refused = set()
    for path in sorted((ROOT / room).rglob("*.py")):
        for name in names(path.read_text()):
            try:
                googlesql.parse(f"SELECT 1 AS {name}")
            except GoogleSqlError:
                refused.add((path.name, name))
    assert refused == set()


def test_names_are_found() -> None:
    rooms = {room: [*map(Path.read_text, (ROOT / room).rglob("*.py"))] for room in ROOMS}
    known = {name for texts in rooms.values() for text in texts for name in names(text)}

    assert {"expected", "found", "row_count", "digest"} <= known
