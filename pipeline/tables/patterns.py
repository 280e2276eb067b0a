"""Which entry each table of a source belongs to, and why; pure.

An exact name beats a pattern, and a longer literal beginning a shorter one. Views and partitions
come by their exact names only.
"""

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from auto_schema.errors import ConfigError, SyncError, shown
from pipeline.tables.entries import GLOB, Entry, TablesFile
from sources.tables import SourceTable

GRANT = "GRANT it to the role (SELECT ON the table, USAGE ON its schema), or name it in `exclude`."


@dataclass(frozen=True, slots=True)
class Chosen:
    """A table, and the entry that it belongs to."""

    table: SourceTable
    entry: Entry


def matches(pattern: str, table: SourceTable) -> bool:
    """Whether a pattern means a table; `*` and `?` never stand for the dot behind the schema.

    >>> orders = SourceTable("orders", "public")
    >>> matches("public.*", orders), matches("p*", orders), matches("public.orders", orders)
    (True, False, True)
    """
    if pattern == table.full_name:
        return True
    if not table.schema:
        return _fits(table.name, pattern)
    schema, dot, name = pattern.partition(".")
    return bool(dot) and _fits(table.schema, schema) and _fits(table.name, name)


def _fits(name: str, glob: str) -> bool:
    return _compiled(glob).match(name) is not None


@lru_cache(maxsize=4096)  # the library's own keeps 256, and a file may have a thousand
def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(glob))


def choose(
    file: TablesFile, catalog: Sequence[SourceTable], *, has_schemas: bool = True
) -> tuple[tuple[Chosen, ...], list[SyncError]]:
    """Each table that the file means, in the catalog's order, and what is wrong with that.

    Args:
        file: what is wanted.
        catalog: what the source shows the role.
        has_schemas: its tables are named with their schemas.
    """
    hidden = {table.full_name: table for table in catalog if table.is_hidden}
    catalog = [table for table in catalog if not table.is_hidden]
    chosen, faults, met = list[Chosen](), list[SyncError](), set[str]()
    named = {entry.pattern: entry for entry in file.entries}
    globs = [entry for entry in file.entries if not entry.is_exact]
    for table in catalog:
        entries = _bringing(table, named, globs)
        met.update(entry.pattern for entry in entries)
        if not entries:
            continue
        best = max(_weight(entry, table) for entry in entries)
        heaviest = [entry for entry in entries if _weight(entry, table) == best]
        is_exact = heaviest[0].pattern == table.full_name
        if not is_exact and any(matches(text.text, table) for text in file.exclude):
            continue
        if len(heaviest) > 1:
            faults.append(_tie(file, table, heaviest))
        chosen.append(Chosen(table, heaviest[0]))
    faults += [
        *_unmet(file, catalog, met, hidden, has_schemas=has_schemas),
        *_doubled(file, chosen),
    ]
    faults += _without_schema(file) if has_schemas else ()
    return tuple(chosen), faults


def unread(file: TablesFile, catalog: Sequence[SourceTable]) -> Iterator[Chosen]:
    """Tables that a pattern means, but the role may not read whole: no pattern brings them."""
    named = {entry.pattern for entry in file.entries}
    for table in catalog:
        is_out = table.full_name in named or any(matches(text.text, table) for text in file.exclude)
        entries = [one for one in file.entries if matches(one.pattern, table)]
        if table.lacks and entries and not is_out:
            yield Chosen(table, max(entries, key=lambda one: one.literal))


def _without_schema(file: TablesFile) -> Iterator[ConfigError]:
    """Words of `exclude` that no table's name could ever meet, so that they would keep none out."""
    for text in file.exclude:
        if "." not in text.text:
            why, fix = f"{shown(text.text)} names no schema", f"write schema.{text.text}."
            what = "an exclusion that excludes nothing"
            yield ConfigError(what, file.at(text.place), why, fix)


def unknown_exclusions(file: TablesFile, catalog: Sequence[SourceTable]) -> Iterator[str]:
    """Names in `exclude` that are no table's: where one is misspelt, its table is synced."""
    for text in file.exclude:
        is_glob = GLOB.search(text.text)
        if not is_glob and not any(matches(text.text, table) for table in catalog):
            yield f"exclude, {text.place}: the source shows no table {shown(text.text)}"


def _doubled(file: TablesFile, chosen: Sequence[Chosen]) -> Iterator[ConfigError]:
    """Tables that no file can tell apart: `"a.b"."c"` and `"a"."b.c"`."""
    first = dict[str, Chosen]()
    for one in chosen:
        other = first.setdefault(one.table.full_name, one)
        if other is not one:
            why = f"{shown(one.table.full_name)} is a table of the schema"
            why += f" {shown(other.table.schema)}, and one of {shown(one.table.schema)}"
            fix = "rename one of them, or launch them one by one."
            where = file.at(one.entry.place)
            yield ConfigError("two tables of one name", where, why, fix)


def _bringing(
    table: SourceTable, named: Mapping[str, Entry], globs: Sequence[Entry]
) -> list[Entry]:
    """The entries that mean a table: that of its name, and the patterns where it is plain."""
    own = named.get(table.full_name)
    others = globs if table.is_plain else ()
    return [
        *([own] if own else []),
        *(entry for entry in others if entry is not own and matches(entry.pattern, table)),
    ]


def _weight(entry: Entry, table: SourceTable) -> tuple[bool, int]:
    return entry.pattern == table.full_name, entry.literal


def _tie(file: TablesFile, table: SourceTable, entries: Sequence[Entry]) -> ConfigError:
    first, second, *_ = entries
    why = f"{shown(first.pattern)} at {first.place} and {shown(second.pattern)} both mean it"
    why += f" ({table.full_name}), and neither is the closer one"
    fix = f"add an entry {shown(table.full_name)}, or make one pattern longer at its beginning."
    return ConfigError("two patterns of equal weight", file.at(second.place), why, fix)


def _unmet(
    file: TablesFile,
    catalog: Sequence[SourceTable],
    met: set[str],
    hidden: Mapping[str, SourceTable],
    *,
    has_schemas: bool,
) -> Iterator[ConfigError]:
    """Entries that mean no table, and why that may be."""
    schemas = {table.schema for table in catalog}
    for entry in file.entries:
        if entry.pattern in met:
            continue
        what = "unknown table" if entry.is_exact else "a pattern that matches nothing"
        schema, dot, _ = entry.pattern.partition(".")
        fix = "compare it with the names that the source shows, or let the role read it."
        unread = [table for table in hidden.values() if matches(entry.pattern, table)]
        if unread:
            why = f"the role may not read {unread[0].full_name}: it lacks {unread[0].lacks}"
            fix = "grant the role USAGE on the schema, and SELECT on the table."
        elif has_schemas and not dot:
            why, fix = f"{shown(entry.pattern)} names no schema", f"write schema.{entry.pattern}."
        elif has_schemas and schema not in schemas and not set(schema) & set("*?["):
            why = f"no table in {shown(schema)} is shown to the role"
            fix = "correct its name, or grant the role USAGE on the schema, and SELECT."
        else:
            why = f"no table {'named' if entry.is_exact else 'like'} {shown(entry.pattern)}"
            why += " is shown to the role"
            if any(matches(entry.pattern, table) for table in catalog):
                fix = "only views or partitions do, which come by their exact names."
        yield ConfigError(what, file.at(entry.place), why, fix)
