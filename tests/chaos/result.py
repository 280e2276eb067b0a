"""What came of a trial."""

import statistics
from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.actions import Action, End, Tally, end_of


@dataclass
class Result:
    """What a trial was and what came of it."""

    seed: int
    kind: str
    runs: int = 0
    kills: int = 0
    faults: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    rows_written: int = 0
    rows_source: int = 0
    lost: int = 0
    doubled: int = 0
    resurrected: int = 0
    wrongly_deleted: int = 0
    rows_deleted: int = 0
    abandoned: int = 0
    resumed: int = 0
    undone: int = 0
    slices: int = 0
    replayed: int = 0
    held_s: list[float] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Counter)
    edits: Counter[str] = field(default_factory=Counter)

    def count(self, action: Action, code: int) -> End:
        """Count a run by what it was there for; how it ended."""
        end = end_of(code)
        self.tally[action, end] += 1
        return end

    @property
    def wrong(self) -> str:
        """What is wrong with the rows, in words; empty: nothing."""
        found = {
            "lost": self.lost,
            "doubled": self.doubled,
            "resurrected": self.resurrected,
            "wrongly deleted": self.wrongly_deleted,
        }
        return ", ".join(f"{rows:,} {name}" for name, rows in found.items() if rows)

    @property
    def holds(self) -> bool:
        return not (self.wrong or self.complaints)

    @property
    def held(self) -> str:
        """How far behind the margin the guard kept the windows: median and longest."""
        if not self.held_s:
            return "-"
        return f"{statistics.median(self.held_s):.1f}/{max(self.held_s):.1f}"
