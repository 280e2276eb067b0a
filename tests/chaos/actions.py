"""What the runs of a trial are there for, which of it each trial owes, and what came of it.

Left to chance alone, thirty trials held no rollback and one replay: so each trial owes some
actions, in turn among those that its kind has, and a whole run lacks none.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from tests.chaos.kinds import Kind


class Action(StrEnum):
    """What a run does, or what befalls it."""

    SYNC = "sync"
    TWIN = "twin"
    STALL = "stall"
    RESUME = "resume"
    ROLLBACK = "rollback"
    REPLAY = "replay"
    REPAIR = "repair"
    BACKFILL = "backfill"
    DELETES = "deletes"
    HISTORY = "history"


class End(StrEnum):
    """How it ended."""

    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    LOCKED = "locked out"
    FAILED = "failed"
    KILLED = "killed midway"


Tally = Counter[tuple[Action, End]]
ENDS: Mapping[int, End] = MappingProxyType(
    {0: End.SUCCEEDED, 2: End.REFUSED, 6: End.LOCKED, -9: End.KILLED}
)
"""By exit code; any other is a failure, such as that of an injected fault."""
ALWAYS = (Action.ROLLBACK, Action.STALL, Action.RESUME, Action.TWIN)
CHANCES: Mapping[Action, int] = MappingProxyType(
    {
        Action.SYNC: 40,
        Action.TWIN: 12,
        Action.STALL: 8,
        Action.RESUME: 10,
        Action.ROLLBACK: 8,
        Action.REPLAY: 8,
        Action.REPAIR: 6,
        Action.BACKFILL: 8,
    }
)
"""Of a run that isn't owed, in a hundred."""
OWED = 4
"""Actions that each trial owes."""
ENOUGH = 30
"""Trials of all kinds that must hold each action."""


def end_of(code: int) -> End:
    """How a run ended.

    >>> end_of(-9).value, end_of(5).value
    ('killed midway', 'failed')
    """
    return ENDS.get(code, End.FAILED)


def possible(kind: Kind) -> tuple[Action, ...]:
    """What trials of a kind can do beside syncs, in a fixed order."""
    some = [*ALWAYS]
    if kind.topics:  # a repair would hide what is looked for
        return (*some, Action.BACKFILL) if kind.merges else ALWAYS
    if kind.has_letters:
        some.append(Action.REPLAY)
    if kind.repairs:
        some.append(Action.REPAIR)
    if kind.merges:
        some.append(Action.BACKFILL)
    return tuple(some)


def owed_by(kind: Kind, turn: int, count: int = OWED) -> list[Action]:
    """What the trial of that number of its kind owes: trials in turn leave none out."""
    some = possible(kind)
    if kind.topics:  # whose words change meanwhile: little else, so that most runs are syncs
        return [Action.BACKFILL] if kind.merges and turn % 2 == 0 else []
    return [some[(turn * count + number) % len(some)] for number in range(count)]


@dataclass
class Schedule:
    """What comes next in a trial.

    Attributes:
        kind: of the trial.
        owed: what has to be done before it ends, unless it takes too long.
    """

    kind: Kind
    owed: list[Action] = field(default_factory=list)

    def candidates(self, dice: random.Random) -> Iterator[Action]:
        """What may come next, the best first; the last can be done at any time."""
        yield from list(self.owed)
        some = [Action.SYNC, *possible(self.kind)]
        yield from dice.choices(some, [CHANCES[one] for one in some])
        yield Action.SYNC

    def ended(self, action: Action, end: End) -> None:
        """Nothing is owed any more that came to its end by itself."""
        is_settled = action in (Action.STALL, Action.TWIN) or end in (End.SUCCEEDED, End.REFUSED)
        if is_settled and action in self.owed:
            self.owed.remove(action)


def lacking(tally: Tally, kinds: Sequence[Kind], trials: int) -> list[Action]:
    """The actions of which nothing has come in so many trials of all kinds; of fewer none."""
    wanted = {action for kind in kinds for action in possible(kind)} | {Action.SYNC}
    wanted |= {Action.DELETES} if any(kind.deletes for kind in kinds) else set()
    wanted |= {Action.HISTORY} if any(kind.keeps_versions for kind in kinds) else set()
    told = {action for (action, end), count in tally.items() if count and has_come(action, end)}
    return sorted(wanted - told) if trials >= ENOUGH else []


def has_come(action: Action, end: End) -> bool:
    """Whether an action has come to what it is there for: a stalled run need not go well."""
    return action is Action.STALL or end is End.SUCCEEDED


def table_of(tally: Tally) -> str:
    """What came of each action, a line each."""
    head = f"{'action':<10}  {'tried':>6}" + "".join(f"  {end.value:>13}" for end in End)
    lines = [head]
    for action in Action:
        counts = [tally[action, end] for end in End]
        lines.append(
            f"{action.value:<10}  {sum(counts):>6}" + "".join(f"  {n:>13}" for n in counts)
        )
    return "\n".join(lines)
