"""What holds a window's end back: the margin, the guard, who still writes. Pure.

Whoever asks for the earliest end wins; its story stands in the plan.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from smart_sync.cursor import MICROSECOND, Cursor
from smart_sync.request import Guard
from sources.values import Clock, OpenTransaction, Window


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Why nothing is read this time; `too_long` asks for exit code 9."""

    why: str
    too_long: bool = False
    whole: bool = False
    """Whether no end of any window is safe, whatever it is."""


@dataclass(frozen=True, slots=True)
class Hold:
    """One thing that ends the window at an instant, and its story."""

    end: datetime
    why: str
    since: datetime | None = None


def earliest(clock: Clock, margin: timedelta, guard: Guard) -> Hold:
    """The earliest end that anything asks for.

    A stamp may be older than the transaction that writes it by the margin: whoever is open,
    or may be unseen, can still commit stamps from that long before he began.
    """
    text = f"source clock {clock.now:%Y-%m-%d %H:%M:%S} UTC minus smart_sync_margin"
    holds = [Hold(clock.now - margin, f"{text} {margin.total_seconds():g}s")]
    if guard.duration:
        text = f"late_commit_guard={guard.duration.total_seconds():g}s before the clock"
        holds.append(Hold(clock.now - guard.duration, text))
    if guard.auto:
        holds.extend(_guard_holds(clock, margin))
    return min(holds, key=lambda hold: hold.end)


def _guard_holds(clock: Clock, margin: timedelta) -> list[Hold]:
    holds = []
    less = f", minus smart_sync_margin {margin.total_seconds():g}s" if margin else ""
    for transaction in clock.open:
        if transaction.started is not None:
            age = clock.now - transaction.started
            why = f"late-commit guard: before the open {transaction_text(transaction, age)}{less}"
            end = transaction.started - max(margin, MICROSECOND)
            holds.append(Hold(end, why, transaction.started))
    if clock.blind_spot:
        why = f"late-commit guard: {clock.blind_for.total_seconds():g}s, since {clock.blind_spot}"
        holds.append(Hold(clock.now - clock.blind_for - margin, why + less))
    return holds


def transaction_text(transaction: OpenTransaction, age: timedelta | None) -> str:
    """pid, application, user and age of a transaction, for plans and errors."""
    application = transaction.application or "no application_name"
    text = f"transaction of pid {transaction.pid} ({application}, user {transaction.user}"
    return text + (f", open for {duration_text(age)})" if age is not None else ", start not shown)")


def duration_text(age: timedelta) -> str:
    """A duration as people say it.

    >>> duration_text(timedelta(hours=3, minutes=5, seconds=7))
    '3h 5m'
    """
    seconds = int(age.total_seconds())
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {seconds % 60}s" if minutes else f"{seconds}s"


def held_back(
    guard: Guard, cursor: Cursor, window: Window, clock: Clock, hold: Hold
) -> HeldBack | None:
    """Why nothing is read this time; None when the window holds something.

    Args:
        guard: what it looks at, and how long is too long.
        cursor: the cursor column.
        window: what is new.
        clock: the source's clock, and who is still open after having been waited for.
        hold: who ends the window.
    """
    if cursor.is_integer:
        return _lower_values(guard, clock)  # without new values there is simply nothing to read
    hold_of_unknown_age = _of_unknown_age(guard, clock) if guard.auto else None
    if hold_of_unknown_age or not window.is_empty:
        return hold_of_unknown_age
    age = clock.now - hold.since if hold.since else timedelta(0)
    return HeldBack(hold.why, age > guard.longest)


def _lower_values(guard: Guard, clock: Clock) -> HeldBack | None:
    """Those who may commit values below MAX."""
    if not clock.open:
        return None
    names = ", ".join(
        transaction_text(t, clock.now - t.started if t.started else None) for t in clock.open
    )
    why = f"{names} may still commit lower values, and didn't end within 60 s"
    ages = [clock.now - t.started for t in clock.open if t.started is not None]
    return HeldBack(why, max(ages, default=timedelta(0)) > guard.longest, whole=True)


def _of_unknown_age(guard: Guard, clock: Clock) -> HeldBack | None:
    """Those who may commit stamps of any age, since nothing shows when they began."""
    hidden = [t for t in clock.open if t.started is None]
    if hidden:
        names = ", ".join(transaction_text(t, None) for t in hidden)
        return HeldBack(
            f"the start of {names} can't be seen, and it didn't end within 60 s: grant"
            " pg_read_all_stats to the role, or set late_commit_guard to a duration",
            whole=True,
        )
    if clock.prepared:
        first = min(clock.prepared, key=lambda t: t.started or clock.now)
        since = first.started or clock.now
        return HeldBack(
            f"{first.application} of {first.user} waits since {since:%Y-%m-%d %H:%M:%S} UTC for"
            " COMMIT PREPARED, and when it began isn't shown: end it with COMMIT PREPARED or"
            " ROLLBACK PREPARED, or set late_commit_guard to longer than such transactions take",
            clock.now - since > guard.longest,
            whole=True,
        )
    if clock.stopped:
        return HeldBack(
            f"{'; '.join(clock.stopped)}; or set late_commit_guard to longer than it is behind",
            whole=True,
        )
    return None


def overdue(guard: Guard, clock: Clock, hold: Hold) -> HeldBack | None:
    """What the run is if its window, held for too long, brings no new row."""
    too_long = hold.since is not None and clock.now - hold.since > guard.longest
    return HeldBack(hold.why, too_long=True) if too_long else None
