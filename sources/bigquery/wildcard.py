"""I/O. Columns that a wildcard leaves out: it has those of the table that was made last.

https://cloud.google.com/bigquery/docs/querying-wildcard-tables#schema_used_for_query_evaluation
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.api_core.exceptions import Forbidden
from google.cloud import bigquery

from auto_schema.names import quoted, string_literal
from sources.bigquery.jobs import ask
from sources.bigquery.source import BigquerySource


def left_out(
    client: bigquery.Client, bare: BigquerySource, fields: tuple[Mapping[str, Any], ...]
) -> tuple[str, ...] | None:
    """The paths of fields that some table of a wildcard has, and the wildcard hasn't.

    Args:
        client: whose jobs run where the tables are.
        bare: a source whose table is a wildcard.
        fields: of the wildcard, as the API writes them.

    Returns:
        In alphabetical order, nothing of what lies within a field that is left out as a whole.
        None: this account may not ask.

    Raises:
        GoogleAPICallError: BigQuery doesn't answer.
    """
    there = bare.connection
    paths = quoted(there.project, there.dataset, "INFORMATION_SCHEMA", "COLUMN_FIELD_PATHS")
    prefix = string_literal(there.table.removesuffix("*"))
    sql = (
        f"SELECT DISTINCT p.field_path FROM {paths} AS p"
        f" WHERE STARTS_WITH(p.table_name, {prefix}) ORDER BY p.field_path"
    )
    try:
        rows = ask(client, bare, sql, "wildcard")
    except Forbidden:
        return None
    return lacking((str(row.field_path) for row in rows), fields)


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
