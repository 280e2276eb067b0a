"""What docs/local-bigquery.md says of the two is so: each line is asked of both."""

import contextlib
import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from tests.googlesql import differences
from tests.googlesql.alike import ALIKE
from tests.googlesql.both import plain, plain_rows
from tests.googlesql.differences import DIFFERENCES, REFUSED
from tests.googlesql.engine import GoogleSql
from tests.googlesql.errors import GoogleSqlError
from tests.googlesql.scripts import Session
from tests.sync import PROJECT


def shown(value: Any) -> str:
    """A value as the page has it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {shown(one)}' for name, one in value.items())}}}"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value) if isinstance(value, int | Decimal) else repr(value)


def of_googlesql(engine: GoogleSql, select: str) -> list[str]:
    try:
        (row,) = plain_rows(engine.query(select))
    except GoogleSqlError:
        return [REFUSED]
    return [shown(value) for value in row]


def of_local(client: bigquery.Client, select: str) -> list[str]:
    try:
        result = client.query(select).result()
        schema = list(result.schema)
        (row,) = result
    except GoogleAPICallError:
        return [REFUSED]
    except OverflowError:
        return ["no date of Python's"]
    return [shown(plain(value, field)) for value, field in zip(row.values(), schema, strict=True)]


def test_each_difference_is_there(googlesql: GoogleSql, client: bigquery.Client) -> None:
    stated = [(one.expression, one.googlesql, one.local) for one in DIFFERENCES]

    asked = [
        (text, *of_googlesql(googlesql, f"SELECT {text}"), *of_local(client, f"SELECT {text} AS v"))
        for text, _, _ in stated
    ]

    assert asked == stated
    assert [one for one in asked if one[1] == one[2]] == []


def test_no_other_expression_differs(googlesql: GoogleSql, client: bigquery.Client) -> None:
    """All at once; where one is refused, each is asked alone to say which."""
    refused = [text for text in ALIKE if of_googlesql(googlesql, f"SELECT {text}") == [REFUSED]]
    assert [text for text in refused if of_local(client, f"SELECT {text} AS v") != [REFUSED]] == []
    answered = [text for text in ALIKE if text not in refused]
    select = "SELECT " + ", ".join(f"{text} AS v{n}" for n, text in enumerate(answered))

    pairs = zip(answered, of_googlesql(googlesql, select), of_local(client, select), strict=True)

    assert [pair for pair in pairs if pair[1] != pair[2]] == []


def test_only_the_local_one_takes_values_that_are_longer_than_a_column(
    googlesql: GoogleSql, client: bigquery.Client, dataset: str
) -> None:
    name = f"{PROJECT}.{dataset}.t"
    made = f"CREATE TABLE `{name}` (s STRING(2), b BYTES(2), n NUMERIC(3, 1));"
    client.query_and_wait(made)
    local = {}
    for values in ("'abc', b'', 0", "'', b'abc', 0", "'', b'', 99.96", "'', b'', 1.25"):
        insert = f"INSERT INTO `{name}` VALUES ({values})"
        try:
            client.query_and_wait(insert)
            local[values] = True
        except GoogleAPICallError:
            local[values] = False
        with contextlib.nullcontext() if values.endswith("1.25") else pytest.raises(GoogleSqlError):
            Session(googlesql, {}).run(made + insert)

    assert list(local.values()) == [True, True, False, True]


def test_the_page_is_not_stale() -> None:
    assert differences.PAGE.read_text(encoding="utf-8") == differences.page(), "run `make docs`"


def test_the_page_says_something_of_each() -> None:
    assert [one.expression for one in DIFFERENCES if not one.meaning.endswith(".")] == []
    assert len({one.expression for one in DIFFERENCES} | set(ALIKE)) == len(DIFFERENCES) + len(
        ALIKE
    )
