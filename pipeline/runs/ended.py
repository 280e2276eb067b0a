"""How runs that worked in this process ended, as their reports wrote it into the history.

What a report has written itself nobody has to ask BigQuery for. A row that another launch wrote
first stands in the history, and is never remembered here.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event of a run, and whether its lock is known to be given back."""

    row: Mapping[str, object]
    is_free: bool


_ENDED: dict[str, Ended] = {}


def remember(run_id: str, ended: Ended) -> None:
    """Keep how a run ended, for whoever started it in this process."""
    _ENDED[run_id] = ended


def recall(run_id: str) -> Ended | None:
    """How a run ended; None: it worked elsewhere, or its last event isn't known to be its own."""
    return _ENDED.get(run_id)
