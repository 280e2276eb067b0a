"""The cursor column that the parameters name, and what stands against syncing by it. Pure.

What no late-commit guard can hold is refused, with the ways that lose nothing.
"""

from collections.abc import Mapping
from datetime import timedelta

from auto_schema.errors import ConfigError, ManyErrors, SchemaError, SyncError, shown
from auto_schema.evolve import CurrentField
from smart_sync.cursor import CURSOR_KINDS, Cursor
from smart_sync.facts import Facts, Target
from smart_sync.request import SyncRequest, WindowRequest
from smart_sync.schema_plan import delivered_columns
from sources.coarse_stamps import CoarseStamps
from sources.profile import SourceProfile
from sources.values import SourceColumn

NO_CURSOR = "unknown cursor column"
COUNT = "WRITE_MERGE with smart_sync_lookback=N, a count of numbers longer than they come late"


def plan_cursor(request: SyncRequest, facts: Facts) -> tuple[Cursor | None, list[SyncError]]:
    """The cursor of smart sync, None without, and what stands against syncing by it."""
    if not request.window.smart_sync:
        return None, _gone(request, facts.target) if request.window.lacks_cursor else []
    try:
        cursor = find_cursor(request, facts.profile, facts.target.by_name())
    except ConfigError as fault:
        return None, [fault]
    cut = _cut(request, facts.profile)
    return cursor, [*cut, *_unguarded(request, cursor, facts.profile)]


def _gone(request: SyncRequest, target: Target) -> list[SyncError]:
    """Of a table that lacks the cursor: that its destination has it, so that it had it once.

    Replaced whole, the destination would lose what smart sync has kept of rows that are gone.
    """
    name = request.schema.transformation.destination_name(request.window.cursor)
    if target.is_made_by(request) or target.rows == 0 or name.casefold() not in target.by_name():
        return []
    return [
        SchemaError(
            "a cursor column that is gone",
            f"without_cursor=replace, table {request.destination}, column {shown(name)}",
            "the destination has it, and the source no more: to replace all rows would remove those"
            " that earlier runs have brought and that the source no longer has",
            "where it has another name now, name it as smart_sync_timestamp_column in an entry of"
            " the table's own, with field_mappings to the old name. To replace all rows each time:"
            " an entry of its own with enable_smart_sync=false and"
            " write_disposition=WRITE_TRUNCATE.",
        )
    ]


def lacks_cursor(error: SyncError) -> bool:
    """Whether a plan failed since the rows that are read bring no such cursor column."""
    faults = error.errors if isinstance(error, ManyErrors) else (error,)
    return any(fault.what == NO_CURSOR for fault in faults)


def find_cursor(
    request: SyncRequest,
    profile: SourceProfile,
    current: Mapping[str, CurrentField] | None = None,
) -> Cursor:
    """The cursor column of the source, under its name in the destination.

    Raises:
        ConfigError: the query doesn't deliver it, its type has no order to sync by, or the
            window's parameters don't fit it.
    """
    asked, transformation = request.window.cursor, request.schema.transformation
    where = f"smart_sync_timestamp_column {shown(asked)}"
    current = {} if request.publishing.delete_existing_table or current is None else current
    delivered, names = delivered_columns(profile, current, request.named_fields, transformation)
    column = next((c for c in delivered if c.name == asked), None)
    if column is None:
        why = "the query delivers " + ", ".join(c.name for c in delivered)
        fix = "set smart_sync_timestamp_column to one of these, or add the column to the query."
        raise ConfigError(NO_CURSOR, where, why, fix)
    if column.type.cursor_type not in CURSOR_KINDS:
        why, fix = (
            f"it is {column.type.display}",
            f"use a column of dates and times, or of integers{_made_of(request, asked)}.",
        )
        raise ConfigError("cursor column of an unfit type", where, why, fix)
    name = names.get(asked, transformation.destination_name(asked))
    cursor = Cursor(asked, name, column.type.cursor_type, _precision(column))
    if fault := _misfit(request.window, cursor, column.type.display):
        raise ConfigError(fault[0], where, *fault[1:])
    return cursor


def _made_of(request: SyncRequest, name: str) -> str:
    """How a column that holds times in another type becomes a cursor."""
    if request.data_source == "mongodb":
        return (
            "; or where it says a time of day, too, read a view that makes a date of it:"
            f' [{{"$set": {{"{name}": {{"$toDate": "${name}"}}}}}}]'
        )
    form = "TIMESTAMP({0}) or TIMESTAMP_MILLIS({0})"
    if request.data_source == "postgresql":
        form = "{0}::timestamptz or to_timestamp({0})"
    return (
        f"; or where it says a time of day, too, make one of it in the query ({form.format(name)})"
    )


def _precision(column: SourceColumn) -> int | None:
    if column.type.precision is not None:
        return column.type.precision
    return 6 if column.origin is not None else None


def _misfit(window: WindowRequest, cursor: Cursor, kind: str) -> tuple[str, str, str] | None:
    """What, why and fix where a parameter of the window is none for cursors of this type."""
    if cursor.is_integer and not window.sync_all_on_empty_table:
        return (
            "sync_all_on_empty_table=false with an integer cursor",
            "fallback_days counts days, and an integer has none",
            "set sync_all_on_empty_table=true, or use a timestamp column.",
        )
    if cursor.is_integer and window.lookback:
        return (
            "smart_sync_lookback with an integer cursor",
            "an integer has no time",
            "write a count of numbers, such as smart_sync_lookback=1000.",
        )
    if window.lookback_numbers and not cursor.is_integer:
        return (
            "smart_sync_lookback without a unit",
            f"the cursor is {kind}, and only integers are counted",
            f"write a duration, such as smart_sync_lookback={window.lookback_numbers}s.",
        )
    return None


def too_coarse(request: SyncRequest, profile: SourceProfile) -> CoarseStamps | None:
    """What cuts stamps so far that rows may come with one that a window has passed; None: none."""
    coarse, window = profile.coarse, request.window
    if coarse is None or request.replaces or window.by_hand is not None:
        return None
    reach = window.margin + window.lookback
    return coarse if reach < coarse.unit else None


def _cut(request: SyncRequest, profile: SourceProfile) -> list[SyncError]:
    coarse = too_coarse(request, profile)
    if coarse is None or coarse.is_default or coarse.is_moved:
        return []
    return [
        ConfigError(
            "cursor whose stamps are cut",
            f"smart_sync_timestamp_column={request.window.cursor}",
            f"{coarse.by} gives one stamp to all rows of its unit, and those that come after a run"
            " lie at its watermark, where no window reads them",
            f"use the column that is cut as the cursor; or {reaching(coarse)}.",
        )
    ]


def reaching(coarse: CoarseStamps) -> str:
    """The parameters by which windows reach as far as stamps are cut or moved."""
    hours = -(-coarse.unit // timedelta(hours=1))
    return f"set smart_sync_margin={hours}h, or with WRITE_MERGE smart_sync_lookback={hours}h"


def _unguarded(request: SyncRequest, cursor: Cursor, profile: SourceProfile) -> list[SyncError]:
    """Why rows of the source may come behind any end that a window could have, each with a fix."""
    if cursor.is_integer and profile.numbers.falls and not request.replaces:
        return [_falling(request, profile.numbers.falls)]
    if not request.window.guard.auto or request.replaces:
        return []
    if cursor.is_integer and profile.numbers.restarts:
        return [_beginning_again(request, profile.numbers.restarts)]
    if cursor.is_integer:
        late = [] if request.window.lookback_numbers else late_numbers(profile)
        return [_as_number(request, why, fix) for why, fix in late]
    if not profile.writers.refreshed:
        return []
    return [
        ConfigError(
            "a materialized view shows rows late",
            f"late_commit_guard=auto, {', '.join(profile.writers.refreshed)}",
            "rows come with its next refresh, stamped before the window's end, and when"
            " it was last refreshed isn't shown",
            "set late_commit_guard to longer than the time between two refreshes and the"
            " longest transaction together, such as late_commit_guard=2h, or read the"
            " tables under it.",
        )
    ]


def late_numbers(profile: SourceProfile) -> list[tuple[str, str]]:
    """Why lower numbers may become visible after higher ones, and what ends it there."""
    numbers, seen = profile.numbers, profile.writers
    reasons = (
        [(numbers.blocks, f"{numbers.fix}, " if numbers.fix else "")] if numbers.blocks else []
    )
    reasons += [(why, "") for why in (*seen.unseen, *seen.stopped)]
    reasons += [(f"{name} is a materialized view, refreshed late", "") for name in seen.refreshed]
    return reasons


def _beginning_again(request: SyncRequest, sequence: str) -> ConfigError:
    return ConfigError(
        "integer cursor whose values begin again",
        f"smart_sync_timestamp_column={request.window.cursor}",
        f"sequence {sequence} starts from its lowest value after its last one (CYCLE), and"
        " no window reads what lies below the watermark",
        f"ALTER SEQUENCE {sequence} NO CYCLE; or use a timestamp column; or"
        " late_commit_guard=off, if you know that it never gets that far.",
    )


def _falling(request: SyncRequest, sequence: str) -> ConfigError:
    return ConfigError(
        "integer cursor whose values fall",
        f"smart_sync_timestamp_column={request.window.cursor}",
        f"sequence {sequence} gives each row a lower value than the row before (INCREMENT BY),"
        " and no window reads what lies below the watermark",
        "use a timestamp column, or WRITE_TRUNCATE.",
    )


def _as_number(request: SyncRequest, why: str, fix: str) -> ConfigError:
    return ConfigError(
        "integer cursor whose lower values may come after higher ones",
        f"smart_sync_timestamp_column={request.window.cursor}",
        f"{why}: they would be skipped for ever",
        f"{fix}use {COUNT}; or a timestamp column; or late_commit_guard=off, if you know that"
        " values become visible in their order.",
    )
