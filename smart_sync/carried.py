"""What a run knew of its table's earlier runs, which the run history carries on to later ones.

A run writes it into its first event. So a later one looks at the runs of the last days only, and
at what the newest of them carries; see docs/decisions/0028-the-history-carries-the-frontier.md.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from smart_sync.cursor import Cursor
from smart_sync.facts import Facts
from smart_sync.frontier import Frontier, parse_value
from smart_sync.value_text import value_text
from sources.values import CursorValue

OTHERWISE = (AttributeError, KeyError, TypeError, ValueError)
"""What reading a record raises that isn't said as here."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a run's first event says of the runs before it.

    Attributes:
        asked: when the run asked for them, by BigQuery's clock; all that was unfinished then, it
            has settled.
        cursor: whose frontier it asked for; empty: for none.
        made: when the table was made that it asked of; None: there was none.
        frontier: as it was before the run, its values as texts.
    """

    asked: datetime
    cursor: str = ""
    made: datetime | None = None
    frontier: Mapping[str, Any] | None = None

    def frontier_for(self, cursor: Cursor, made_at: datetime | None) -> Frontier | None:
        """The frontier, for this cursor of the table that was made then; None: it says none."""
        is_its = self.cursor == cursor.source_name and self.made == made_at and made_at is not None
        return _read_frontier(self.frontier, cursor) if is_its and self.frontier else None


def carried_record(facts: Facts) -> str:
    """What a run's first event carries; see `read_carried`. Empty: it didn't ask under its lock."""
    if facts.asked is None:
        return ""
    told: dict[str, Any] = {"asked": facts.asked.isoformat()}
    if facts.cursor and facts.frontier is not None:
        made_at = facts.target.made
        told |= {
            "cursor": facts.cursor.source_name,
            "made": made_at.isoformat() if made_at else None,
        }
        told["frontier"] = _told(facts.frontier)
    return json.dumps(told)


def carrying_nothing(asked: datetime) -> str:
    """What a run carries after which runs count no more: the next asks all of the history."""
    return json.dumps({"asked": asked.isoformat()})


def read_carried(text: str) -> Carried | None:
    """What an earlier run's first event says; None: it is of a version that says it otherwise.

    >>> read_carried('{"asked": "2025-07-22T15:00:00+00:00"}').asked.isoformat()
    '2025-07-22T15:00:00+00:00'
    >>> read_carried('{"since": 1}') is None
    True
    """
    try:
        told = json.loads(text)
        made_at = told.get("made")
        return Carried(
            datetime.fromisoformat(told["asked"]),
            told.get("cursor", ""),
            datetime.fromisoformat(made_at) if made_at else None,
            told.get("frontier"),
        )
    except OTHERWISE:
        return None


def _told(frontier: Frontier) -> Mapping[str, Any]:
    return {
        "end": _text(frontier.end),
        "run_id": frontier.run_id,
        "floor": _text(frontier.floor),
        "watermark_after": _text(frontier.watermark_after),
        "event_time": frontier.event_time.isoformat() if frontier.event_time else None,
        "apart": [[_text(start), _text(end)] for start, end in frontier.apart],
    }


def _read_frontier(told: Mapping[str, Any], cursor: Cursor) -> Frontier | None:
    """None: its values are of another type than the cursor's, or it is said otherwise."""
    try:
        apart = [[parse_value(end, cursor) for end in one] for one in told["apart"]]
        frontier = Frontier(
            parse_value(told["end"], cursor),
            told["run_id"],
            parse_value(told["floor"], cursor),
            parse_value(told["watermark_after"], cursor),
            datetime.fromisoformat(told["event_time"]) if told["event_time"] else None,
            tuple((start, end) for start, end in apart if end is not None),
        )
    except OTHERWISE:
        return None
    return frontier if _told(frontier) == told else None


def _text(value: CursorValue | None) -> str | None:
    return None if value is None else value_text(value)
