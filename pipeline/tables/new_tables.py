"""`new_tables: ignore`: tables that a pattern brings and that no destination holds yet. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from auto_schema.errors import ConfigError
from pipeline.tables.entries import NewTables, TablesFile
from pipeline.tables.file import NEW_TABLES
from pipeline.tables.requests import TableOptions
from warehouse.names import TableRef


def asked_datasets(tables: Sequence[TableOptions]) -> frozenset[tuple[str, str]]:
    """Projects and datasets whose tables decide which of the launch's are new; none for `load`."""
    destinations = (table.destination for table in tables if _may_be_ignored(table))
    return frozenset((one.project, one.dataset) for one in destinations)


def missing(
    tables: Sequence[TableOptions], there: Collection[TableRef]
) -> tuple[TableOptions, ...]:
    """Those that are ignored if they are new: they have no destination, of `there` as below."""
    return tuple(t for t in tables if _may_be_ignored(t) and t.destination not in there)


def without_new(
    file: TablesFile, tables: Sequence[TableOptions], known: Collection[TableRef]
) -> Iterator[TableOptions]:
    """The launch's tables; those that are new, and ignored, as ones that are left alone.

    Args:
        file: for places.
        tables: of the launch.
        known: the tables of all `asked_datasets`, and destinations that have had rows before:
            one that is missing now was dropped, or a rebuild that broke off has set it aside.
    """
    for table in tables:
        if _may_be_ignored(table) and table.destination not in known:
            yield replace(table, options=None, fault=_new(file, table), is_skipped=True)
        else:
            yield table


def _may_be_ignored(table: TableOptions) -> bool:
    one = table.chosen
    is_exact = one.entry.pattern == one.table.full_name
    return one.entry.new_tables is NewTables.IGNORE and not is_exact


def _new(file: TablesFile, table: TableOptions) -> ConfigError:
    one = table.chosen
    where = f"{file.at(one.entry.place)}, {one.table.full_name}"
    fix = f"name it in an entry of its own, or say {NEW_TABLES}: load."
    return ConfigError("a new table is left alone", where, f"there is no {table.destination}", fix)
