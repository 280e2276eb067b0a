"""What decides which rows of a source come, as a label: query, views, filter, transform_sql. Pure.

Two requests that differ in columns, white space or comments only have the same one.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

from auto_schema.transform import Transformation
from smart_sync.request import SyncRequest

ROWS = "sync_rows"
ALL = "all"
"""The label of a table whose rows were once only some."""
SEVERAL = "several"
"""That of one of which more sorts of rows than one were left out, or are from just now on."""
MARKED = "-marked-"
"""Stands before the column whose marks remove rows."""
LESS = "-less-"
"""Stands before the columns that are selected, excluded, masked or given a default."""
DIGITS, PART_DIGITS = 32, 8
DIALECTS: Mapping[str, str] = {"postgresql": "postgres", "bigquery": "bigquery"}
"""Of sources whose query is SQL, as sqlglot names them."""

_TABLE = re.compile(r'\s*select\s+\*\s+from\s+[\w."`-]+\s*;?\s*', re.IGNORECASE)
"""A query of a table as it is. Without another sqlglot isn't imported."""


def rows_label(request: SyncRequest, views: Iterable[str] = ()) -> str:
    """What leaves rows out, views that are read included, as 32 hex digits; and whose marks do.

    Empty: nothing does.
    """
    query, kind = request.reading.query, DIALECTS.get(request.data_source)
    parts = [
        of_sql(query, kind) if kind else of_json(query),
        of_filter(request.schema.transformation),
        of_sql(request.publishing.sql, "bigquery"),
        *filter(None, (of_sql(view, kind) if kind else view for view in views)),
    ]
    rows, more = digest(json.dumps(parts)) if any(parts) else "", ""
    if request.deletes.removes:
        more = MARKED + digest(request.deletes.deleted_column, PART_DIGITS)
    rules = request.schema.transformation
    columns = [sorted(rules.select_fields), sorted(rules.exclude_fields)]
    values = sorted(_other_values(rules))
    if any(columns) or values:
        more += LESS + digest(json.dumps([*columns, *values], default=str), PART_DIGITS)
    return (rows or ALL) + more if more else rows


def _other_values(rules: Transformation) -> Iterator[str]:
    """What hides values or stands in for NULL; constants may say which run a row is of."""
    for name, mask in rules.masks:
        yield json.dumps([name, mask.method, repr(mask.salt)])  # which shows no plain text
    for name, value in rules.default_values:
        yield json.dumps([name, value], default=str)


def parts_of(label: str) -> tuple[str, str, str]:
    """What of a label is of rows that are left out, of marks that remove them, and of columns.

    >>> parts_of("all-marked-01234567-less-89abcdef"), parts_of("")
    (('all', '01234567', '89abcdef'), ('all', '', ''))
    """
    label, _, columns = label.partition(LESS)
    rows, _, mark = label.partition(MARKED)
    return rows or ALL, mark, columns


def digest(text: str, digits: int = DIGITS) -> str:
    """Of a text, as a label holds it."""
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


def of_sql(sql: str, dialect: str) -> str:
    r"""A query without its outermost list of columns; empty: it is of one table as it is.

    >>> of_sql("SELECT * FROM a.b", "postgres"), of_sql("select x, y from a.b;", "postgres")
    ('', '')
    >>> of_sql("select x, y -- both\nFROM b  where c = 'Eu'", "postgres")
    "SELECT FROM B WHERE C = 'Eu'"
    """
    if not sql.strip() or _TABLE.fullmatch(sql):
        return ""
    told: str = import_module("smart_sync.predicate_tokens").without_columns(sql, dialect)
    return told


def of_json(text: str) -> str:
    """A filter of MongoDB, whatever its spaces and the order of its conditions.

    Only in a value that is a document itself does order count.

    >>> of_json('{"b": 1, "a": {"$lt": 2, "$gt": 1}}') == of_json('{"a":{"$gt":1,"$lt":2},"b":1}')
    True
    >>> of_json('{"a": {"y": 1, "x": 2}}') == of_json('{"a": {"x": 2, "y": 1}}')
    False
    >>> of_json(" {} "), of_json("")
    ('', '')
    """
    try:
        conditions = json.loads(text or "{}")
    except ValueError:
        return " ".join(text.split())
    if not conditions:
        return ""
    if isinstance(conditions, dict):
        conditions = dict(sorted(conditions.items()))
    return json.dumps(_ordered(conditions))


def _ordered(value: Any) -> Any:
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    items = [(key, _ordered(item)) for key, item in value.items()]
    return dict(sorted(items) if all(key.startswith("$") for key in value) else items)


def of_filter(transformation: Transformation) -> str:
    """The filter of transformation_config, whatever the order of its conditions; or empty."""
    parts = [
        sorted(json.dumps([c.field, c.operator, c.value], default=str) for c in conditions)
        for conditions in transformation.row_filter
    ]
    return json.dumps(sorted(parts)) if parts else ""
