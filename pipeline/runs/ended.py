"""How runs that worked in this process ended, as their reports said it.

What a report has written into the history itself nobody has to ask BigQuery for. Where another
launch's row may stand there, or none, the history is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event of a run.

    Attributes:
        row: as its report would have it.
        is_told: whether that very row is known to stand in the history.
        is_free: whether the lock is known to be given back.
    """

    row: Mapping[str, object]
    is_told: bool
    is_free: bool


_ENDED: dict[str, Ended] = {}


def remember(run_id: str, ended: Ended) -> None:
    """Keep how a run ended, for whoever started it in this process."""
    _ENDED[run_id] = ended


def recall(run_id: str) -> Ended | None:
    """How a run ended; None: its report wasn't made in this process."""
    return _ENDED.get(run_id)


def forget(run_id: str) -> None:
    """Let go of how a run ended, in a process that goes on."""
    _ENDED.pop(run_id, None)
