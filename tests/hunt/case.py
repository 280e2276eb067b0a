"""What a hunt is made of: a case from a seed, and what came of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, Self

from tests.hunt.bench import Bench


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that the program must never do.

    `kind` is a few words that stay the same while the case shrinks; `text` has the details.
    """

    kind: str
    text: str


@dataclass(slots=True)
class Verdict:
    """Faults found, and how much was looked at."""

    faults: list[Fault] = field(default_factory=list)
    runs: int = 0
    rows: int = 0
    values: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    """Exit codes; one that refuses aloud is no fault."""

    def fault(self, kind: str, text: str) -> None:
        self.faults.append(Fault(kind, text))

    @property
    def kinds(self) -> set[str]:
        return {fault.kind for fault in self.faults}


class Case(Protocol):
    """A source, its history and the runs, as a value: the same seed makes the same case."""

    @property
    def seed(self) -> int: ...

    def run(self, bench: Bench) -> Verdict:
        """Build it on the bench's servers, run it, judge it, and take it down again."""
        ...

    def smaller(self) -> Iterator[Self]:
        """Cases with one thing less, what matters least first."""
        ...

    def script(self) -> str:
        """What someone types to see the same: SQL or commands, and command lines."""
        ...
