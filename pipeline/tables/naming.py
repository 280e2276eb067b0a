"""The destination's name of each table; two that would meet are told. Pure."""

import re
from collections.abc import Iterator, Sequence

from auto_schema.errors import ConfigError, SyncError, shown
from pipeline.parameters.document import Place
from pipeline.tables.entries import TablesFile
from pipeline.tables.patterns import Chosen
from sources.tables import SourceTable
from warehouse.names import TableRef

PARAMETER = "destination_bigquery_table"
DEFAULT = "{table}"
PLACEHOLDERS = ("schema", "table", "dataset", "collection")


def named(pattern: str, table: SourceTable) -> str:
    """A destination's name: {schema} or {dataset}, {table} or {collection} filled in.

    >>> named("{schema}_{table}", SourceTable("orders", "public"))
    'public_orders'
    """
    schema, name = table.schema, table.name
    filled = {"schema": schema, "dataset": schema, "table": name, "collection": name}
    return re.sub(
        r"\{(\w+)\}", lambda placeholder: filled.get(placeholder[1], placeholder[0]), pattern
    )


def pattern_fault(pattern: str, where: str) -> ConfigError | None:
    """A placeholder that isn't one."""
    unknown = [name for name in re.findall(r"\{(\w*)\}", pattern) if name not in PLACEHOLDERS]
    if not unknown:
        return None
    fix = f"known: {', '.join('{' + name + '}' for name in PLACEHOLDERS)}."
    why = f"{PARAMETER}: {shown('{' + unknown[0] + '}')}"
    return ConfigError("unknown placeholder", where, why, fix)


def meetings(
    file: TablesFile, destinations: Sequence[tuple[Chosen, TableRef]]
) -> Iterator[SyncError]:
    """Tables that would be written into one destination; BigQuery tells `T` from `t`."""
    first = dict[TableRef, Chosen]()
    for chosen, destination in destinations:
        other = first.setdefault(destination, chosen)
        if other is not chosen:
            why = f"{other.table.full_name} and {chosen.table.full_name} → {destination}"
            fix = f"give one of them another {PARAMETER}, such as {{schema}}_{{table}}."
            place = _place_of_name(chosen)
            yield ConfigError("two tables, one destination", file.at(place), why, fix)


def _place_of_name(chosen: Chosen) -> Place:
    said = chosen.entry.parameters.get(PARAMETER)
    return said.place if said else chosen.entry.place
