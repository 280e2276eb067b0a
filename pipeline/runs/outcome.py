"""How a run ends, as values: a fault, an outcome, a bug of ours."""

from dataclasses import dataclass, field, replace

from auto_schema.errors import InternalError, SyncError
from pipeline.parameters.version import VERSION
from smart_sync.plan import SyncPlan

CHECKS_FAILED = "checks_failed"
"""Of a run whose rows failed a check; what it staged is kept."""
BUG_FIX = "this is a bug in Smart Sync; please report it with the traceback above"


def internal_error(why: str) -> InternalError:
    """A bug as a value."""
    return InternalError("unexpected error", f"version {VERSION}", why, f"{BUG_FIX}.")


@dataclass(frozen=True, slots=True)
class Failure:
    """A fault as a value: on Dataflow a DoFn that raises takes the report with it."""

    step: str
    exit_code: int
    message: str
    split: int | None = None
    traceback: str = ""

    @classmethod
    def of(
        cls, error: BaseException, step: str, split: int | None = None, traceback: str = ""
    ) -> "Failure":
        """From an exception; what isn't ours is a bug and carries its traceback."""
        if isinstance(error, SyncError):
            return cls(step, error.exit_code, error.text, split)
        code = getattr(error, "exit_code", 130 if isinstance(error, KeyboardInterrupt) else 70)
        text = f"{type(error).__name__}: {error}"
        return cls(step, code, text, split, traceback if code == 70 else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; one per run, and the only thing that the report is given.

    `status` is running, publishing, held_back, planned, succeeded, failed, checks_failed or
    published_mismatch. `rows_made` are those that transform_sql made of the staged ones; None:
    these are published themselves.
    """

    status: str
    exit_code: int = 0
    message: str = ""
    rows_read: int = 0
    rows_dead: int = 0
    rows_filtered: int = 0
    rows_staged: int = 0
    rows_made: int | None = None
    rows_published: int = 0
    bytes_staged: int = 0
    watermark_after: str = ""
    publish_job: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    verification: str = ""
    snapshot: str = ""
    traceback: str = ""

    @property
    def rows_to_publish(self) -> int:
        """Rows that are there to be published."""
        return self.rows_staged if self.rows_made is None else self.rows_made

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
