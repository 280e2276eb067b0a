"""How writing, window and keys go together: what one parameter asks of another."""

from collections.abc import Iterator, Mapping

from auto_schema.errors import ConfigError, SyncError
from pipeline.parameters.deletes_checks import deletes_faults
from pipeline.parameters.missing_checks import missing_faults
from pipeline.parameters.table import BY_NAME

_REPLACING = {
    "delete_existing_table": ("true",),
    "write_disposition": ("WRITE_TRUNCATE", "WRITE_EMPTY"),
}
"""Parameters and their values with which no row stays whose columns could be filled."""
_SYNCS_OTHERWISE = (
    *("sync_start", "sync_end", "backfill_columns"),
    *("verify_only", "backfill_by", "replay_dead_letters"),
)
"""Parameters that ask for what a rollback doesn't do; those of a plain sync stand beside it."""
_NO_REPLAY = {
    "delete_existing_table": "the table would hold the rows of dead letters only",
    "backfill_columns": "it reads columns of all rows of the source, and a replay reads none",
    "sync_start": "a replay reads dead letters, of no window",
    "verify": "the source is not read, so that nothing of it can be compared",
    "verify_only": "it compares a window, and publishes nothing",
}
"""Parameters that a replay can't have beside it, and why."""
KEYS_FIX = "give the columns that tell rows apart, such as --merge_keys=id."


BY_KEY = ("WRITE_MERGE", "WRITE_HISTORY")
"""Dispositions that find rows which are there by their keys."""


def writing_faults(values: Mapping[str, str]) -> list[SyncError]:
    """Everything that contradicts itself about what is written."""
    return [
        *_merge_faults(values),
        *_history_faults(values),
        *_backfill_faults(values),
        *_lookback_faults(values),
        *_hand_faults(values),
        *_slicing_faults(values),
        *_verify_faults(values),
        *_quarantine_faults(values),
        *_rollback_faults(values),
        *_replay_faults(values),
        *deletes_faults(values),
        *missing_faults(values),
    ]


def _rollback_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    if not values["rollback_run"]:
        if values["rollback_to"]:
            why = "it says up to where, and not from where"
            fix = "give --rollback_run too: the earliest run that is undone."
            yield ConfigError("rollback_to without rollback_run", "rollback_to", why, fix)
        return
    for name in _SYNCS_OTHERWISE:
        if values.get(name, "") not in ("", "false"):
            why = "a rollback restores the table, and reads no source"
            fix = f"leave {name} out of this launch."
            yield ConfigError(f"rollback_run beside {name}", f"{name}, rollback_run", why, fix)


def _replay_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    if not values["replay_dead_letters"]:
        return
    for name, why in _NO_REPLAY.items():
        if values[name] not in ("", "false"):
            where, fix = f"{name}, replay_dead_letters", f"leave {name} out of this run."
            yield ConfigError(f"replay_dead_letters beside {name}", where, why, fix)


def _quarantine_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    if values["on_check_failure"] != "quarantine":
        return
    if not values["checks"]:
        fix = "give --checks=schema.yml, or leave it out."
        yield ConfigError("quarantine without checks", "on_check_failure", "", fix)
    elif values["max_dead_letters"] == "0":
        why = "rows that fail become dead letters, and max_dead_letters=0 allows none"
        fix = "set max_dead_letters to how many rows a run may put aside."
        yield ConfigError("quarantine without room", "on_check_failure", why, fix)


def _verify_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    only = values["verify_only"] == "true"
    names = ("verify_start", "verify_end")
    missing = [name for name in names if not values[name]]
    if only and missing:
        fix = f"give {' and '.join(f'--{name}={BY_NAME[name].example}' for name in missing)}."
        why = "verify_only compares the window [verify_start, verify_end)"
        yield ConfigError("missing parameter", ", ".join(missing), why, fix)
    if only and values["enable_smart_sync"] != "true":
        why = "the window is one of the cursor column"
        fix = "set enable_smart_sync=true."
        yield ConfigError("verify_only without smart sync", "verify_only", why, fix)
    if not only and len(missing) < len(names):
        given = ", ".join(name for name in names if values[name])
        fix = "set verify_only=true, or leave them out."
        yield ConfigError("window to verify without verify_only", given, "", fix)
    if only and values["transform_sql"]:
        why = "the destination holds what the query made of the source's rows"
        fix = "leave verify_only out; verify=true proves each run's rows before transform_sql."
        yield ConfigError("verify_only beside transform_sql", "verify_only", why, fix)


def _merge_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    merges = values["write_disposition"] in BY_KEY
    if merges and not values["merge_keys"]:
        why = f"{values['write_disposition']} needs it"
        yield ConfigError("missing parameter", "merge_keys", why, KEYS_FIX)
    if values["merge_keys"] and not merges and not values["backfill_columns"]:
        why = f"write_disposition={values['write_disposition']} compares no rows"
        fix = "set write_disposition=WRITE_MERGE, or leave merge_keys out."
        yield ConfigError("merge_keys without WRITE_MERGE", "merge_keys", why, fix)
    if values["stale_columns"] and not merges:
        why = f"write_disposition={values['write_disposition']} updates no rows"
        fix = "set write_disposition=WRITE_MERGE, or leave stale_columns out."
        yield ConfigError("stale_columns without WRITE_MERGE", "stale_columns", why, fix)


def _history_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    """What keeps no versions, or can't be told of them."""
    if values["write_disposition"] != "WRITE_HISTORY":
        return
    if values["enable_smart_sync"] != "true":
        why = "the cursor column says when a version of a row began"
        fix = "set enable_smart_sync=true, with the column in smart_sync_timestamp_column."
        where = "write_disposition, enable_smart_sync"
        yield ConfigError("WRITE_HISTORY without smart sync", where, why, fix)
    if values["backfill_columns"]:
        why = "what a column held in older versions isn't known"
        fix = "leave backfill_columns out; a window by hand (sync_start, sync_end) fills it in the"
        fix += " versions that the source still has."
        where = "backfill_columns, write_disposition"
        yield ConfigError("backfill_columns beside WRITE_HISTORY", where, why, fix)


def _backfill_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    if not values["backfill_columns"]:
        return
    where = "backfill_columns"
    if not values["merge_keys"] and values["write_disposition"] not in BY_KEY:
        why = "rows are found by their keys"
        yield ConfigError("missing parameter", f"merge_keys, {where}", why, KEYS_FIX)
    for name, replaces in _REPLACING.items():
        if values[name] in replaces:
            why = f"{name}={values[name]} replaces all rows, or demands that there are none"
            fix = f"leave {name} out of this run, or leave backfill_columns out: such a run brings"
            fix += " all columns of all rows."
            yield ConfigError("columns of rows that are replaced", f"{name}, {where}", why, fix)
    for name in ("sync_start", "verify_only"):
        if values[name] not in ("", "false"):
            why = "it reads those columns of all rows, and does nothing else"
            fix = f"leave {name} out of this run."
            yield ConfigError(f"backfill_columns beside {name}", f"{name}, {where}", why, fix)


def _slicing_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    given = [name for name in ("backfill_order", "backfill_id") if _is_set(values, name)]
    if not values["backfill_by"]:
        if given:
            fix = "give --backfill_by=month, or leave it out."
            yield ConfigError("a backfill without slices", ", ".join(given), "", fix)
        return
    missing = [name for name in ("sync_start", "sync_end") if not values[name]]
    if len(missing) == len(("sync_start", "sync_end")):
        why = "the range [sync_start, sync_end) is what is cut into slices"
        fix = "give --sync_start=2025-01-01 and --sync_end=2025-07-01."
        yield ConfigError("missing parameter", "sync_start, sync_end, backfill_by", why, fix)
    if values["backfill_columns"]:
        why = "it fills columns of all rows in one run"
        fix = "leave one of the two out."
        where = "backfill_columns, backfill_by"
        yield ConfigError("backfill_columns beside backfill_by", where, why, fix)


def _is_set(values: Mapping[str, str], name: str) -> bool:
    return values[name] != BY_NAME[name].default


def _lookback_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    if not values["smart_sync_lookback"]:
        return
    if values["write_disposition"] not in BY_KEY:
        yield ConfigError(
            "smart_sync_lookback without WRITE_MERGE",
            "smart_sync_lookback",
            "rows behind the watermark are read again in each run, and"
            f" {values['write_disposition']} would not find those that are there already",
            "set write_disposition=WRITE_MERGE with merge_keys; against late commits alone"
            " late_commit_guard and smart_sync_margin are enough.",
        )
    if values["enable_smart_sync"] != "true":
        fix = "set enable_smart_sync=true."
        yield ConfigError("smart_sync_lookback without smart sync", "smart_sync_lookback", "", fix)


def _hand_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    given = [name for name in ("sync_start", "sync_end") if values[name]]
    if not given:
        return
    if len(given) == 1:
        other = "sync_end" if given == ["sync_start"] else "sync_start"
        yield ConfigError("half a window by hand", given[0], f"{other} is missing", "give both.")
    if values["enable_smart_sync"] != "true":
        why = "they are ends of the cursor column's window"
        yield ConfigError(
            "window by hand without smart sync",
            ", ".join(given),
            why,
            "set enable_smart_sync=true.",
        )
    if values["delete_existing_table"] == "true":
        why = "the table would hold that window only"
        fix = "leave delete_existing_table out; WRITE_TRUNCATE replaces just the window."
        yield ConfigError("window by hand in a rebuilt table", ", ".join(given), why, fix)
    if values["write_disposition"] not in (*BY_KEY, "WRITE_TRUNCATE"):
        why = f"{values['write_disposition']} would add rows that may be there already"
        fix = "use WRITE_MERGE with merge_keys, or WRITE_TRUNCATE, which replaces exactly the"
        fix += " partitions of the window."
        yield ConfigError("window by hand that appends", ", ".join(given), why, fix)
    if values["smart_sync_lookback"]:
        why = "the window's start is given"
        fix = "leave smart_sync_lookback out."
        yield ConfigError("lookback beside a window by hand", ", ".join(given), why, fix)
