"""What is wrong with the tables that a launch names, before their source is asked. Pure.

Tables that a pattern brings are known to nobody but the source, and so is whether a table is
there, its columns and its primary key.
"""

from collections.abc import Mapping, Sequence

from auto_schema.errors import ConfigError, SyncError
from pipeline.tables.entries import TablesFile
from pipeline.tables.file import ASIDE, OF_ONE
from pipeline.tables.patterns import Chosen
from pipeline.tables.requests import listing_of, table_options
from pipeline.tables.selection import select
from sources.tables import SourceTable

FEW = 10
"""Tables that a message names."""
SOME_KEY = ("primary_key_of_the_table",)
"""Stands for the primary key of a table."""


def kept_by(file: TablesFile, given: Mapping[str, str]) -> dict[str, list[str]]:
    """Parameters that a launch gives to no avail: tables whose entries say another value.

    Args:
        file: of tables.
        given: parameters of the launch.

    Returns:
        Parameter → the patterns of enabled entries that say another, in the file's order.
    """
    entries = [entry for entry in file.entries if not entry.is_disabled]
    kept = {
        name: [
            entry.pattern
            for entry in entries
            if name in entry.parameters and entry.parameters[name].text != text
        ]
        for name, text in given.items()
    }
    return {name: patterns for name, patterns in kept.items() if patterns}


def named_faults(
    file: TablesFile, given: Mapping[str, str], beam_argv: Sequence[str]
) -> list[SyncError]:
    """The faults of a launch that show without its source.

    Args:
        file: of tables.
        given: the launch's parameters.
        beam_argv: Beam's flags.
    """
    has_schemas = listing_of(given["data_source"]).has_schemas
    named = [entry for entry in file.entries if entry.is_exact]
    chosen = [Chosen(_table(entry.pattern, has_schemas=has_schemas), entry) for entry in named]
    kept, unselected = select(given.get("select", ""), chosen)
    enabled, _ = select("", chosen)
    knows_all = len(named) == len(file.entries)
    asking = next((name for name in OF_ONE if given.get(name)), "")
    if asking and len(kept) > 1:
        return [more_than_one(f"{asking}, {file.name}", [one.table.full_name for one in kept])]
    is_of_one = bool(asking) and knows_all and len(kept) == 1
    said = given if is_of_one else {n: t for n, t in given.items() if n not in ASIDE or not asking}
    _, faults = table_options(file, enabled, said, beam_argv, {}, selected=kept)
    return [*(unselected if knows_all else ()), *faults]


def more_than_one(where: str, names: Sequence[str]) -> ConfigError:
    """Why a launch that means one table can't be of so many."""
    shown = ", ".join(names[:FEW]) + (f" and {len(names) - FEW} more" if names[FEW:] else "")
    why = f"it is of one table, and {len(names)} are meant: {shown}"
    return ConfigError("more than one table", where, why, f"say which: --select={names[0]}.")


def _table(name: str, *, has_schemas: bool) -> SourceTable:
    schema, dot, table = name.partition(".")
    if has_schemas and dot:
        return SourceTable(table, schema, keys=SOME_KEY)
    return SourceTable(name, keys=SOME_KEY)
