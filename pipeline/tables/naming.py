"""The destination's name of each table; two that would meet are told. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from auto_schema.errors import ConfigError, SchemaError, SyncError, shown
from pipeline.parameters.nodes import Place
from pipeline.tables.entries import TablesFile
from pipeline.tables.patterns import Chosen
from sources.tables import SourceTable
from warehouse.names import TableRef

PARAMETER = "destination_bigquery_table"
DEFAULT = "{table}"
OURS = "_sync_"
"""What the names of locks and staging tables begin with."""
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


def name_fault(destination: str, table: SourceTable, where: str) -> SchemaError | None:
    """What in a table's own name BigQuery doesn't take: behind a `$` it would be a partition's.

    https://cloud.google.com/bigquery/docs/tables#table_naming

    >>> name_fault("a$2025", SourceTable("a$2025"), "tables.yaml").why
    "'a$2025' → 'a$2025': '$'"
    >>> name_fault("orders_2025", SourceTable("a.b"), "tables.yaml")
    """
    refused = next((c for c in destination if c in table.full_name and not _is_taken(c)), None)
    if refused is None and not destination.startswith(OURS):
        return None
    why = f"{shown(table.full_name)} → {shown(destination)}: {shown(refused or OURS)}"
    fix = f"give its entry another {PARAMETER}."
    what = "a name that no destination may have"
    return SchemaError(what, f"{where}, {table.full_name}", why, fix)


def _is_taken(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LMN" or category in ("Pc", "Pd", "Zs")


def batches_table(history: TableRef) -> TableRef:
    """The table of launches of many tables, beside the run history.

    >>> str(batches_table(TableRef("p", "d", "sync_runs")))
    'p.d.sync_batches'
    """
    return history.sibling(f"{history.table.removesuffix('_runs')}_batches")


def checks_table(history: TableRef) -> TableRef:
    """The table of how checks ended, beside the run history.

    >>> str(checks_table(TableRef("p", "d", "sync_runs")))
    'p.d.sync_checks'
    """
    return history.sibling(f"{history.table.removesuffix('_runs')}_checks")


def views_of(history: TableRef) -> tuple[TableRef, TableRef]:
    """The views beside the run history: one row per run, and one per launch.

    >>> [view.table for view in views_of(TableRef("p", "d", "sync_runs"))]
    ['sync_runs_latest', 'sync_batches_latest']
    """
    batches = batches_table(history)
    return history.sibling(f"{history.table}_latest"), batches.sibling(f"{batches.table}_latest")


def daily_views_of(history: TableRef) -> tuple[TableRef, TableRef, TableRef]:
    """The views of lag, of how runs end, and of what they bring, beside the run history.

    >>> [view.table for view in daily_views_of(TableRef("p", "d", "sync_runs"))]
    ['sync_lag', 'sync_success_daily', 'sync_volume_daily']
    """
    begin = history.table.removesuffix("_runs")
    lag, success, volume = (
        history.sibling(f"{begin}_{name}") for name in ("lag", "success_daily", "volume_daily")
    )
    return lag, success, volume


def meetings(
    file: TablesFile, destinations: Sequence[tuple[Chosen, TableRef]]
) -> Iterator[SyncError]:
    """Tables that would be written into one destination.

    BigQuery tells `T` from `t`; where a dataset doesn't, `T` is refused once that is read.
    """
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
