"""json_numbers=exact: which JSON may arrive, asked of GoogleSQL itself: the local one takes all."""

import json
from functools import cache
from typing import Any

from tests.googlesql.engine import Given, GoogleSql
from tests.googlesql.types import simple
from tests.hunt.expected import WRITTEN, array_items

NUMBERS = ("int2", "int4", "int8", "float4", "float8", "numeric", "oid")


@cache
def _engine() -> GoogleSql:
    return GoogleSql()


@cache
def is_exact(text: str) -> bool:
    """Whether BigQuery prints each number of a JSON text as the double that it is."""
    parsed = "SAFE.PARSE_JSON(@text, wide_number_mode=>'exact') IS NOT NULL"
    return bool(_engine().value(parsed, [Given("text", simple("STRING"), text)]))


def arrives_exactly(text: str, kind: str) -> bool:
    """The same of a value as PostgreSQL shows it, in a column of JSON.

    Args:
        text: as PostgreSQL's own output function writes it.
        kind: the name of the base type in pg_type; an array's begins with `_`.
    """
    if not kind.startswith("_"):
        text = WRITTEN[kind](text) if kind in WRITTEN else text
        return kind not in ("json", "jsonb", *WRITTEN) or is_exact(text)
    return all(map(is_exact, _texts(array_items(text), kind[1:])))


def _texts(items: list[Any], kind: str) -> list[str]:
    """The JSON of an array's items, where numbers can be in it."""
    texts = []
    for item in items:
        if isinstance(item, list):
            texts += _texts(item, kind)
        elif item is not None and kind in ("json", "jsonb", *WRITTEN):
            texts.append(WRITTEN[kind](item) if kind in WRITTEN else item)
        elif kind in NUMBERS and item not in (None, "NaN", "Infinity", "-Infinity"):
            texts.append(json.dumps(float(item)) if "float" in kind else item)
    return texts
