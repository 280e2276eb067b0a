"""What a run has to do with earlier ones that it repeats, takes over, or undoes."""

from dataclasses import dataclass

ROLLBACK = "rollback"
"""The mode of a run that undoes earlier ones, in the history."""
ROLLED_BACK = "rolled_back"
"""How such a run ends, and what the newest event says of each run that it has undone."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What the run history says of a run that mends; all empty: it is a plain sync.

    Attributes:
        backfill_id: what the slices of one backfill share.
        resumed_run: the run whose window and staged splits it has taken over.
        replayed_run: the run whose dead letters it publishes.
        rolled_back_run: the earliest run that it undoes.
    """

    backfill_id: str = ""
    resumed_run: str = ""
    replayed_run: str = ""
    rolled_back_run: str = ""
