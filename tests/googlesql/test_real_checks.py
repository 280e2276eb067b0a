"""What `make verify-cloud` asks of the real service is GoogleSQL, down to its reserved words."""

import re

import pytest

from deploy.real_check import Check
from deploy.real_service import CHECKS
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import GoogleSqlError

QUERY = re.compile(
    r"""query --use_legacy_sql=false(?:'[^']*'|[^"'])*"((?:\\.|[^"\\])*)\"""", re.DOTALL
)
FILLED_IN = {"$PROJECT": "my-project", "$DATASET": "shop", "${DATASET}": "shop", "$FOUND": "shop.t"}


def statements(command: str) -> list[str]:
    """The statements of a command, with names for what bash fills in."""
    found = [re.sub(r"\\(.)", r"\1", text) for text in QUERY.findall(command)]
    for name, value in FILLED_IN.items():
        found = [text.replace(name, value) for text in found]
    return [re.sub(r"\$\w+", "1", text) for text in found]


def test_statements_are_found_in_commands() -> None:
    command = 'bq query --use_legacy_sql=false --x "SELECT \\"b\\", $i FROM \\`$DATASET.c\\`" | d'

    assert statements(command) == ['SELECT "b", 1 FROM `shop.c`']
    with_json = """bq query --use_legacy_sql=false --parameter='p:STRING:{"a": 1}' "SELECT @p" """
    assert statements(with_json) == ["SELECT @p"]
    assert sum(len(statements(check.command)) for check in CHECKS) > 100


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_asks_in_googlesql(googlesql: GoogleSql, check: Check) -> None:
    for sql in statements(check.command):
        try:
            googlesql.parse(sql)
        except GoogleSqlError as error:
            pytest.fail(f"{error.message}\n{sql}")
