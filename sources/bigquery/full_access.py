"""I/O. Whether this account sees all rows and values of the tables that are read.

It is asked by listing a row of each: see `warehouse.full_access`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from google.cloud import bigquery

from auto_schema.bigquery_types import type_of
from auto_schema.errors import SourceRefusedError, raise_all
from sources.bigquery.tables import ReadTable
from warehouse.full_access import all_rows_to, listing_refused

LISTED = ("TABLE", "SNAPSHOT")
"""Kinds of which rows can be listed; others have no policies, or refuse all who see a part."""
NO_RIGHT = "bigquery.tables.getData"
"""Stands in the answer where a table may not be read but by an authorized view over it."""


@dataclass(frozen=True, slots=True)
class PartlySeen:
    """What of the tables can't be said to be seen as it is.

    Attributes:
        masked: (table, its columns that are masked) of each table that has such.
        closed: tables behind views, or of which only queries are allowed, into which this account
            may not look.
    """

    masked: tuple[tuple[str, tuple[str, ...]], ...] = ()
    closed: tuple[str, ...] = ()


def partly_seen(client: bigquery.Client, tables: Iterable[ReadTable]) -> PartlySeen:
    """Look at each table that is read, by one request, and another for guarded columns.

    Raises:
        SourceRefusedError: a row access policy hides rows; all such tables at once.
    """
    masked, closed = list[tuple[str, tuple[str, ...]]](), list[str]()
    faults = list[SourceRefusedError]()
    for table in tables:
        if table.is_closed:
            closed.append(table.name)
        if table.facts is None or table.facts.kind not in LISTED or not table.facts.fields:
            continue
        if table.facts.is_restricted:
            closed.append(table.name)  # a listing is refused to all, whatever they may see
            continue
        guarded = [field for field in table.facts.fields if type_of(field).is_protected]
        free = [field for field in table.facts.fields if field not in guarded]
        answer = _refusal(client, table.name, free[:1] or guarded[:1])
        if answer and table.through and NO_RIGHT in answer:
            closed.append(table.name)
        elif answer and free:
            faults.append(_hidden(table, answer))
        elif guarded and (answer or _refusal(client, table.name, guarded)):
            hidden = [field for field in guarded if _refusal(client, table.name, [field])]
            masked.append((table.name, tuple(str(field["name"]) for field in hidden)))
    raise_all(faults)
    return PartlySeen(tuple(masked), tuple(closed))


def _refusal(client: bigquery.Client, table: str, fields: Sequence[dict[str, Any]]) -> str:
    columns = (bigquery.SchemaField.from_api_repr(field) for field in fields)
    return listing_refused(client, table, columns)


def _hidden(table: ReadTable, answer: str) -> SourceRefusedError:
    behind = f", behind {table.through}" if table.through else ""
    return SourceRefusedError(
        "rows of the source are hidden from this account",
        f"table {table.name}{behind}",
        f"BigQuery doesn't list its rows to who may not see all of them ({answer}): a row access"
        " policy would leave rows out of every query without a word",
        f"{all_rows_to(table.name)}; or read a view that is authorized for the rows that are"
        " meant.",
    )
