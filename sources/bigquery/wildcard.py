"""I/O. What of its tables a wildcard leaves out, and what it means that may not be meant.

It has the columns of the table that was made last.

https://cloud.google.com/bigquery/docs/querying-wildcard-tables#schema_used_for_query_evaluation
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import Forbidden
from google.cloud import bigquery

from auto_schema.names import quoted, string_literal
from sources.bigquery.jobs import ask
from sources.bigquery.source import BigquerySource


@dataclass(frozen=True, slots=True)
class OfWildcard:
    """What stands behind a wildcard.

    Attributes:
        left_out: the paths of fields that some of its tables have, and the wildcard hasn't, in
            alphabetical order; nothing of what lies within a field that is left out as a whole.
        others: tables whose names don't go on with a digit, where other tables' names do.
    """

    left_out: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def look_behind(
    client: bigquery.Client, bare: BigquerySource, fields: tuple[Mapping[str, Any], ...]
) -> OfWildcard | None:
    """The tables of a wildcard and their columns; None: this account may not ask.

    Args:
        client: whose jobs run where the tables are.
        bare: a source whose table is a wildcard.
        fields: of the wildcard, as the API writes them.

    Raises:
        GoogleAPICallError: BigQuery doesn't answer.
    """
    there = bare.connection
    paths = quoted(there.project, there.dataset, "INFORMATION_SCHEMA", "COLUMN_FIELD_PATHS")
    prefix = there.table.removesuffix("*")
    sql = (
        "SELECT ARRAY_AGG(DISTINCT p.field_path ORDER BY p.field_path) AS paths,"
        " ARRAY_AGG(DISTINCT p.table_name ORDER BY p.table_name) AS tables"
        f" FROM {paths} AS p WHERE STARTS_WITH(p.table_name, {string_literal(prefix)})"
    )
    try:
        (row,) = ask(client, bare, sql, "wildcard")
    except Forbidden:
        return None
    return OfWildcard(lacking(row.paths or (), fields), of_another_form(prefix, row.tables or ()))


def of_another_form(prefix: str, tables: Iterable[str]) -> tuple[str, ...]:
    """Tables whose names don't go on with a digit, where others' do.

    >>> of_another_form("events_", ["events_20250722", "events_intraday_20250723"])
    ('events_intraday_20250723',)
    >>> of_another_form("orders_", ["orders_eu", "orders_us"])
    ()
    """
    tables = tuple(tables)
    dated = {table for table in tables if table[len(prefix) :][:1].isdigit()}
    return tuple(table for table in tables if dated and table not in dated)


def lacking(paths: Iterable[str], fields: tuple[Mapping[str, Any], ...]) -> tuple[str, ...]:
    """The paths that lead to none of the fields, but for what lies within such a one.

    >>> lacking(["a", "A.b", "c", "c.d"], ({"name": "a", "fields": ({"name": "x"},)},))
    ('A.b', 'c')
    """
    known, missing = {path.casefold() for path in _paths(fields)}, list[str]()
    for path in paths:
        within = path.casefold().rpartition(".")[0]
        if path.casefold() not in known and (not within or within in known):
            missing.append(path)
    return tuple(missing)


def _paths(fields: tuple[Mapping[str, Any], ...], before: str = "") -> Iterator[str]:
    for field in fields:
        path = f"{before}{field['name']}"
        yield path
        yield from _paths(tuple(field.get("fields") or ()), f"{path}.")
