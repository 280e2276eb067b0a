"""What a launch may be told once, and a schedule of many launches may not. Pure."""

from collections.abc import Iterator, Mapping

from auto_schema.errors import ConfigError, SyncError
from pipeline.parameters.source_uri import expanded
from pipeline.parameters.table import BY_NAME, Kind
from pipeline.tables.file import read_tables
from pipeline.tables.place import is_text

BY_HAND = "leave it out, and launch that once by hand."
SAME_WINDOW = "every run would read the same window again, and no row after it"
REASONS: Mapping[str, tuple[str, str]] = {
    "plan_only": ("every run would only plan, and write nothing", BY_HAND),
    "verify_only": (
        "every run would compare the same past window, and sync nothing",
        "leave it out, and launch that by hand; verify=true proves the rows of each run.",
    ),
    "retry_failed": ("every run would retry the one launch, and sync nothing else", BY_HAND),
    "sync_start": (SAME_WINDOW, BY_HAND),
    "sync_end": (SAME_WINDOW, BY_HAND),
    "rollback_run": ("every run would undo the same runs, and sync nothing", BY_HAND),
    "rollback_to": ("every run would undo the same runs, and sync nothing", BY_HAND),
    "backfill_columns": ("every run would fill the same columns again, and add no row", BY_HAND),
    "replay_dead_letters": ("every run would replay the same letters, and sync no row", BY_HAND),
    "write_disposition": (
        "WRITE_EMPTY: the first run fills the table, and every run after it would fail",
        "give WRITE_APPEND, WRITE_MERGE, WRITE_HISTORY or WRITE_TRUNCATE.",
    ),
}
"""Parameters that mean something to one launch only: why, and the mend."""


def only_once(given: Mapping[str, str]) -> list[SyncError]:
    """What makes no sense again and again, of the launch and of the file of tables in it.

    A file in a bucket is not at hand; what is malformed, others tell.
    """
    faults: list[SyncError] = [_fault(name, name) for name in REASONS if _is_once(name, given)]
    if is_text(given.get("tables", "")):
        faults += _file_faults(given)
    return faults


def _file_faults(given: Mapping[str, str]) -> Iterator[ConfigError]:
    """Of each place in the file once: what its defaults say, all entries have."""
    try:
        file = read_tables(given["tables"], "tables", expanded(given).given.get("data_source", ""))
    except SyncError:
        return
    told = set[str]()
    for entry in file.entries:
        words = {name: value.text for name, value in entry.parameters.items()}
        for name in REASONS:
            if name in words and _is_once(name, {**given, **words}):
                where = f"{file.at(entry.parameters[name].place)}, {name}"
                if where not in told:
                    yield _fault(name, where)
                told.add(where)


def _fault(name: str, where: str) -> ConfigError:
    return ConfigError("for one launch only", where, *REASONS[name])


def _is_once(name: str, given: Mapping[str, str]) -> bool:
    value = given.get(name, "")
    if name in ("sync_start", "sync_end") and given.get("backfill_by"):
        return False  # each run does slices that none before it has done
    if name == "write_disposition":  # a table that is rebuilt each time is never too full
        return value == "WRITE_EMPTY" and given.get("delete_existing_table") != "true"
    return value == "true" if BY_NAME[name].kind is Kind.BOOL else bool(value)
