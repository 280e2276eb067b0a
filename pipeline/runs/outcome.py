"""How a run ends, as values: a fault, an outcome, a bug of ours."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from auto_schema.errors import (
    LimitReachedError,
    SourceUnreachableError,
    SyncError,
    TargetError,
)
from smart_sync.plan import SyncPlan
from warehouse.errors import is_transient

CHECKS_FAILED = "checks_failed"
"""Of a run whose rows failed a check; what it staged is kept."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A fault as a value: on Dataflow a DoFn that raises takes the report with it.

    `passes`: it is over some time, with nothing changed: what was staged may be gone on with.
    """

    step: str
    exit_code: int
    message: str
    split: int | None = None
    traceback: str = ""
    passes: bool = False

    @classmethod
    def of(
        cls, error: BaseException, step: str, split: int | None = None, traceback: str = ""
    ) -> "Failure":
        """From an exception; what isn't ours is a bug and carries its traceback."""
        if isinstance(error, SyncError):
            return cls(step, error.exit_code, error.text, split, passes=_passes(error))
        is_signal = isinstance(error, KeyboardInterrupt)
        code = getattr(error, "exit_code", 130 if is_signal else 70)
        text = f"{type(error).__name__}: {error}"
        return cls(step, code, text, split, traceback if code == 70 else "", is_signal)


def _passes(error: SyncError) -> bool:
    """Whether time was short, or the other side out of reach: none said no to what was asked."""
    cause = error.__cause__
    is_out = isinstance(error, TargetError) and cause is not None and is_transient(cause)
    return is_out or isinstance(error, SourceUnreachableError | LimitReachedError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; one per run, and the only thing that the report is given.

    `status` is running, publishing, held_back, planned, succeeded, failed, checks_failed or
    published_mismatch. `keeps_staged`: of a run that failed by what passes, so that the next one
    may take over what it has staged. `rows_filtered` were left out by a filter; None: nobody knows
    any more. `rows_made` are those that transform_sql made of the staged ones; None: these are
    published themselves. `rows_deleted` of those published were removed, or marked as deleted;
    `rows_healed` were brought in line with the source; `compared` says as JSON what was looked at
    for that. `cpu_seconds` and `peak_memory_bytes` are those of the process that had the run to
    itself; None: there was none.
    """

    status: str
    exit_code: int = 0
    message: str = ""
    rows_read: int = 0
    rows_dead: int = 0
    rows_filtered: int | None = 0
    rows_staged: int = 0
    rows_made: int | None = None
    rows_published: int = 0
    rows_deleted: int = 0
    rows_healed: int = 0
    compared: str = ""
    bytes_staged: int = 0
    watermark_after: str = ""
    publish_job: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    verification: str = ""
    snapshot: str = ""
    traceback: str = ""
    keeps_staged: bool = False

    @property
    def rows_to_publish(self) -> int:
        """Rows that are there to be published."""
        return self.rows_staged if self.rows_made is None else self.rows_made

    def telling(self, figures: Mapping[str, object]) -> "Outcome":
        """The same with more figures for the history."""
        if not figures:
            return self
        told = json.loads(self.verification or "{}") | figures
        return replace(self, verification=json.dumps(told, sort_keys=True))

    def without(self, rows: int) -> "Outcome":
        """The same with so many rows fewer to publish."""
        if self.rows_made is None:
            return replace(self, rows_staged=self.rows_staged - rows)
        return replace(self, rows_made=self.rows_made - rows)


def held_back_outcome(plan: SyncPlan) -> Outcome:
    """What a run reports that reads nothing because its window is empty."""
    held = plan.window.held_back if plan.window else None
    if held is None:
        return Outcome(status="succeeded")
    if not held.too_long:
        return Outcome(status="held_back", message=held.why)
    fix = (
        "end that session, or set late_commit_guard to a duration such as 1h: rows that commit"
        " later than that after their stamp are then missed."
    )
    return Outcome(
        status="held_back",
        exit_code=9,
        message=f"HeldBackTooLongError: held back for longer than late_commit_guard_max:"
        f" {held.why}. To mend: {fix}",
    )


def changed_text(row: Mapping[str, object]) -> str:
    """What a run's event says of rows that were deleted or healed, behind its other figures.

    >>> changed_text({"rows_deleted": 1200, "rows_healed": 0})
    ', 1,200 deleted'
    """
    counts = {what: row.get(f"rows_{what}") or 0 for what in ("deleted", "healed")}
    return "".join(f", {count:,} {what}" for what, count in counts.items() if count)
