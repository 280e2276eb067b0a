"""What to move this time: facts in, one frozen plan out; all of it pure.

SyncRequest --make_draft--> Draft + Facts --make_plan--> SyncPlan --explain--> text
                                                                  --publish_sql--> statements

Beside that this is the name that users import, `smart_sync.run(config)`: what is called so stands
in pipeline.api, above this room, and is imported when it is asked for (docs/decisions/0043).
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auto_schema.errors import (
        ChecksFailedError,
        ConfigError,
        DeadLetterLimitError,
        DeletesRefusedError,
        HeldBackTooLongError,
        InternalError,
        LimitReachedError,
        ManyErrors,
        OutcomeUnknownError,
        RunInProgressError,
        SchemaError,
        SomeFailedError,
        SourceChangedError,
        SourceError,
        SourceRefusedError,
        SourceUnreachableError,
        SyncError,
        TargetError,
        VerificationError,
    )
    from pipeline.api.report import RunReport
    from pipeline.api.run import PlanShown, plan_only, run

__all__ = [
    "ChecksFailedError",
    "ConfigError",
    "DeadLetterLimitError",
    "DeletesRefusedError",
    "HeldBackTooLongError",
    "InternalError",
    "LimitReachedError",
    "ManyErrors",
    "OutcomeUnknownError",
    "PlanShown",
    "RunInProgressError",
    "RunReport",
    "SchemaError",
    "SomeFailedError",
    "SourceChangedError",
    "SourceError",
    "SourceRefusedError",
    "SourceUnreachableError",
    "SyncError",
    "TargetError",
    "VerificationError",
    "plan_only",
    "run",
]
_OF_A_CALL = {
    "PlanShown": "pipeline.api.run",
    "RunReport": "pipeline.api.report",
    "plan_only": "pipeline.api.run",
    "run": "pipeline.api.run",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """A name of the library, imported with all that a run needs."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_OF_A_CALL.get(name, "auto_schema.errors")), name)
