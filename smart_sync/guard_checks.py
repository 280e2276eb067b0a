"""What no late-commit guard can hold: refused, with the ways that lose nothing. Pure."""

from auto_schema.errors import ConfigError, SyncError, raise_all
from smart_sync.cursor import Cursor
from smart_sync.request import SyncRequest
from sources.values import SourceProfile

COUNT = "WRITE_MERGE with smart_sync_lookback=N, a count of numbers longer than they come late"


def refuse_unguarded(request: SyncRequest, cursor: Cursor, profile: SourceProfile) -> None:
    """Refuse a source whose rows may come behind any end that a window could have.

    Raises:
        ConfigError, ManyErrors: with what each is, and the parameters that mend it.
    """
    if not request.window.guard.auto or request.replaces:
        return
    faults: list[SyncError] = []
    if cursor.is_integer:
        if not request.window.lookback_numbers:
            faults = [_as_number(request, why, fix) for why, fix in late_numbers(profile)]
    elif profile.writers.refreshed:
        names = ", ".join(profile.writers.refreshed)
        faults = [
            ConfigError(
                "a materialized view shows rows late",
                f"late_commit_guard=auto, {names}",
                "rows come with its next refresh, stamped before the window's end, and when"
                " it was last refreshed isn't shown",
                "set late_commit_guard to longer than the time between two refreshes and the"
                " longest transaction together, such as late_commit_guard=2h, or read the"
                " tables under it.",
            )
        ]
    raise_all(faults)


def late_numbers(profile: SourceProfile) -> list[tuple[str, str]]:
    """Why lower numbers may become visible after higher ones, and what ends it there."""
    numbers, seen = profile.numbers, profile.writers
    reasons = (
        [(numbers.blocks, f"{numbers.fix}, " if numbers.fix else "")] if numbers.blocks else []
    )
    reasons += [(why, "") for why in (*seen.unseen, *seen.stopped)]
    reasons += [(f"{name} is a materialized view, refreshed late", "") for name in seen.refreshed]
    return reasons


def _as_number(request: SyncRequest, why: str, fix: str) -> ConfigError:
    return ConfigError(
        "integer cursor whose lower values may come after higher ones",
        f"smart_sync_timestamp_column={request.window.cursor}",
        f"{why}: they would be skipped for ever",
        f"{fix}use {COUNT}; or a timestamp column; or late_commit_guard=off, if you know that"
        " values become visible in their order.",
    )
