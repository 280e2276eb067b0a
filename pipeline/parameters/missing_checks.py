"""delete_missing and what goes with it: what they ask of other parameters."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from auto_schema.errors import ConfigError, SyncError
from auto_schema.transform import Condition
from auto_schema.transform_text import parse_conditions
from pipeline.parameters.table import BY_NAME
from smart_sync.deletes import SOFT
from smart_sync.healing import PARAMETER as HEALS
from smart_sync.missing_keys import IGNORE, INVALIDATE, MOST, OF_VERSIONS, OFF, PARAMETER, WHERE
from sources.some_rows import gives_some

MOST_PERCENT = 100
HEALED = ("postgresql", "bigquery")
"""Sources whose rows are compared, too; of all others only keys are."""
DIALECTS: Mapping[str, str] = {"postgresql": "postgres", "bigquery": "bigquery"}
"""How sqlglot calls what a source's queries are written in."""
_QUERIES: Mapping[str, tuple[str, ...]] = {
    "postgresql": ("postgresql_base_query", "postgresql_query"),
    "bigquery": ("source_bigquery_query",),
    "mongodb": ("mongodb_query",),
}
_AND_NOT: Mapping[str, str] = {
    "delete_existing_table": "the table is made anew, and lacks what the source lacks",
    "transform_sql": "rows of the table are what the query makes of the source's, and need not"
    " have keys of it",
    "sync_start": "a window by hand repairs that window; keys are compared over all rows",
    "backfill_columns": "it fills columns of rows that are there, and does nothing else",
    "replay_dead_letters": "a replay reads no source",
    "verify_only": "it compares a window, and publishes nothing",
}
"""Parameters that it can't have beside it, and why."""


def missing_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    """Everything that contradicts itself about keys that are missing at the source."""
    asked = [PARAMETER] if values[PARAMETER] != OFF else []
    asked += [OF_VERSIONS] if values[OF_VERSIONS] != IGNORE else []
    if not asked:
        yield from _unasked_faults(values)
    asked += [HEALS] if values[HEALS] == "true" else []
    yield from parse_where(values[WHERE])[1]
    yield from _percent_faults(values[MOST])
    for name in asked:
        yield from _disposition_faults(values, name)
        yield from _beside_faults(values, name)
        yield from _source_faults(values, name)
    if HEALS in asked and values["enable_smart_sync"] != "true":
        why = "without smart sync each run reads all rows anyway"
        yield ConfigError("repair without smart sync", HEALS, why, "leave it out.")


def _unasked_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    """What says more of a comparison that isn't asked for."""
    for name in (WHERE, MOST):
        if values[name] != BY_NAME[name].default:
            history = f"with WRITE_HISTORY --{OF_VERSIONS}={INVALIDATE}"
            fix = f"give --{PARAMETER}=hard, {history}, or leave {name} out."
            yield ConfigError(f"{name} without {PARAMETER}", name, "nobody looks", fix)


def _disposition_faults(values: Mapping[str, str], asked: str) -> Iterator[SyncError]:
    """Rows go from a table of one row for each key, versions end in a table that keeps them."""
    disposition = values["write_disposition"]
    wanted = "WRITE_HISTORY" if asked == OF_VERSIONS else "WRITE_MERGE"
    if disposition == wanted:
        return
    why = f"write_disposition={disposition} tells no rows apart"
    fix = f"set write_disposition={wanted} with merge_keys, or leave {asked} out."
    if asked == PARAMETER and disposition == "WRITE_HISTORY":
        why = "a table that keeps versions loses none"
        fix = f"give --{OF_VERSIONS}={INVALIDATE} in its place, which ends them."
    elif disposition == "WRITE_HISTORY":
        why = "which of the versions in the table differ isn't asked"
        fix = f"leave {asked} out; a window by hand reads again what the source has of them."
    elif asked == OF_VERSIONS:
        why = f"write_disposition={disposition} keeps no versions that could end"
    yield ConfigError(f"{asked} without {wanted}", asked, why, fix)


def _beside_faults(values: Mapping[str, str], asked: str) -> Iterator[SyncError]:
    for name, why in _AND_NOT.items():
        if values[name] not in ("", "false"):
            fix = f"leave {name} or {asked} out of this run."
            yield ConfigError(f"{asked} beside {name}", f"{name}, {asked}", why, fix)


def parse_where(text: str) -> tuple[tuple[tuple[Condition, ...], ...], list[SyncError]]:
    """The conditions of delete_missing_where, and what is wrong with them."""
    parts, faults = parse_conditions(text)
    return parts, [ConfigError(one.what, WHERE, one.why, one.fix) for one in faults]


def _percent_faults(text: str) -> Iterator[SyncError]:
    try:
        is_too_much = Decimal(text) > MOST_PERCENT
    except ArithmeticError:
        return  # told by its form
    if is_too_much:
        why, fix = f"{text} is more than all rows", f"write a number from 0 to {MOST_PERCENT}."
        yield ConfigError("malformed parameter", MOST, why, fix)


def _source_faults(values: Mapping[str, str], asked: str) -> Iterator[SyncError]:
    source = values["data_source"]
    if source == "mongodb" and asked == PARAMETER:
        yield from _mongodb_faults(values)
    if asked == HEALS and source not in HEALED:
        why = f"{source} makes no hashes of rows that BigQuery makes, too: only keys are compared"
        fix = f"leave it out. --{PARAMETER} finds keys that are gone, and a window by hand"
        fix += " (sync_start, sync_end) reads again what was written in it."
        yield ConfigError(f"{asked} of another source", asked, why, fix)
    for name in _QUERIES.get(source, ()):
        if "_timestamp}" in values[name] and values["enable_smart_sync"] == "true":
            why = "a query with placeholders hides rows whose keys are there all the same"
            fix = "leave the placeholders out: the window is put around the query"
            fix += ", as postgresql_query." if name == "postgresql_base_query" else "."
            yield ConfigError(f"{asked} with placeholders", f"{name}, {asked}", why, fix)
        some = gives_some(values[name], DIALECTS[source]) if source in DIALECTS else ""
        if some:
            why = f"it has {some}: rows that it leaves out another time would look deleted"
            fix = "leave that out, or say which rows are meant by conditions on their columns."
            where = f"{name}, {asked}"
            yield ConfigError(f"{asked} of a query that gives only some rows", where, why, fix)


def _mongodb_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    """What only the values of documents could tell, of which _id alone is read."""
    if values[WHERE]:
        why = "of MongoDB only _id is read"
        fix = "leave it out, or say the same in mongodb_query."
        yield ConfigError(f"{WHERE} of another source", WHERE, why, fix)
    if values["deleted_column"] and values[PARAMETER] == SOFT:
        why = "of MongoDB only _id is read, so that a mark of the source would look like none"
        fix = f"set {PARAMETER}=hard, or leave deleted_column out."
        where = f"{PARAMETER}, deleted_column"
        yield ConfigError(f"{PARAMETER}=soft beside deleted_column", where, why, fix)
