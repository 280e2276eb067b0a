"""What follows for a table from itself: its key, and how it is read without a cursor. Pure."""

from collections.abc import Mapping

from auto_schema.errors import ConfigError, SchemaError, SyncError, shown
from auto_schema.names import column_fault, new_names
from auto_schema.transform_text import parse as parse_transformation
from pipeline.parameters.table import DELETES, PARAMETERS
from pipeline.parameters.writing_checks import BY_KEY
from pipeline.tables.entries import TablesFile, WithoutCursor
from pipeline.tables.file import AUTO, QUERIES
from pipeline.tables.naming import PARAMETER, name_fault
from pipeline.tables.patterns import Chosen
from sources.secrets import Secret
from sources.tables import SourceTable

OF_WINDOWS = (
    "merge_keys",
    "stale_columns",
    "smart_sync_lookback",
    "sync_start",
    "sync_end",
    *(parameter.name for parameter in PARAMETERS if parameter.group == DELETES),
)
"""What the defaults say of windows and merges is nothing to a table that is replaced whole."""
Given = Mapping[str, str]


def completed(
    file: TablesFile, one: Chosen, values: dict[str, str], *, lacks_cursor: bool
) -> tuple[SyncError | None, bool]:
    """Fill in what follows from the table itself: its key, and how it is read without a cursor.

    Args:
        file: for places.
        one: the table.
        values: its parameters, which are completed.
        lacks_cursor: it was looked at and has no cursor column, whatever the catalog tells.

    Returns:
        Why it can't be synced, and whether it is to be left alone for that.
    """
    entry, table = one.entry, one.table
    if fault := name_fault(values[PARAMETER], table, where_of(file, one, PARAMETER)):
        return fault, False
    without = _without_cursor(file, one, values, lacks=lacks_cursor)
    if without and entry.without_cursor is WithoutCursor.REPLACE:
        values |= {"enable_smart_sync": "false", "write_disposition": "WRITE_TRUNCATE"}
        values |= dict.fromkeys(OF_WINDOWS, "")
    elif without:
        return without, entry.without_cursor is WithoutCursor.SKIP
    if values.get("merge_keys") == AUTO:
        keys = _keys(table, values)
        if not keys and values.get("write_disposition") in BY_KEY:
            return _keyless(file, one, values), False
        values["merge_keys"] = ",".join(keys)
    if values.get("verify_only") == "true" and values.get("enable_smart_sync") != "true":
        return _windowless(file, one), True
    return None, False


def where_of(file: TablesFile, one: Chosen, *names: str) -> str:
    """The place of the first of these parameters that the file says; else of the table's name."""
    said = [one.entry.parameters[name] for name in names if name in one.entry.parameters]
    return file.at(said[0].place if said else one.entry.place)


def _keys(table: SourceTable, values: Given) -> tuple[str, ...]:
    """The primary key under its destination names; none where it isn't that of the rows read."""
    if any(values.get(query) for query in QUERIES):
        return ()
    transformation, _ = parse_transformation(values.get("transformation_config", ""), Secret.named)
    given = dict(transformation.field_mappings)
    if values.get("rename_columns") == "auto":
        given = {**new_names(table.keys, given, ()), **given}
    keys = tuple(given.get(key, key) for key in table.keys)
    return () if any(map(column_fault, keys)) else keys


def _keyless(file: TablesFile, one: Chosen, values: Given) -> SyncError:
    where = f"{where_of(file, one, 'merge_keys')}, {one.table.full_name}"
    refused = next(filter(column_fault, one.table.keys), "")
    if refused and not any(values.get(query) for query in QUERIES):
        why = f"its column {shown(refused)} can't be called so in BigQuery: {column_fault(refused)}"
        fix = "set rename_columns=auto, or give the column another name by field_mappings."
        return SchemaError("no primary key", where, why, fix)
    why = "merge_keys=auto takes that of the table itself: a view, a query, a time series, a table"
    why += " of BigQuery and a table with children that inherit from it have none"
    fix = "give this table's entry merge_keys, or another write_disposition."
    return SchemaError("no primary key", where, why, fix)


def _windowless(file: TablesFile, one: Chosen) -> SyncError:
    where = f"{where_of(file, one, 'enable_smart_sync')}, {one.table.full_name}"
    what, fix = "no window to verify", "set enable_smart_sync=true, or verify it by verify=true."
    return ConfigError(what, where, "verify_only compares windows of the cursor column", fix)


def _without_cursor(
    file: TablesFile, one: Chosen, values: Given, *, lacks: bool
) -> SyncError | None:
    """What is said of a table that a pattern brought and that has no cursor column."""
    column = values.get("smart_sync_timestamp_column") or "updated_at"
    is_there = not lacks and column in (one.table.columns or [column])
    if is_there or not asks_for_cursor(one, values):
        return None
    where = f"{where_of(file, one, 'smart_sync_timestamp_column')}, {one.table.full_name}"
    fix = "name its cursor in an entry of its own, or say without_cursor: replace or skip."
    return SchemaError("no cursor column", where, f"it has no column {column}", fix)


def asks_for_cursor(one: Chosen, values: Given) -> bool:
    """Whether a pattern brought the table, and smart sync reads it."""
    by_hand = one.entry.pattern == one.table.full_name
    has_query = any(values.get(name) for name in QUERIES)
    return not by_hand and not has_query and values.get("enable_smart_sync") == "true"
