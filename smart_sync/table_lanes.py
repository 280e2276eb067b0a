"""Many tables over lanes: pure arithmetic that keeps two ceilings over all tables of a launch.

A lane is one connection to the source, and works at one table at a time. So there are never more
connections than lanes, and never more tables at work than lanes, or than tables that they have.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a table's work is dealt to.

    Attributes:
        number: of the table; a lane takes the lower ones first.
        first: of its lanes.
        width: how many lanes share its splits.
        publisher: which lane of those that publish takes it, where it doesn't go whole.
    """

    number: int
    first: int
    width: int = 1
    publisher: int = 0

    def lane(self, split: int) -> int:
        """The lane that reads a split; tables begin at different ones.

        >>> [Seat(1, 2, 3).lane(split) for split in range(4)]
        [3, 4, 2, 3]
        """
        return self.first + (split + self.number) % self.width


def seats(splits: Sequence[int], at_once: int, connections: int) -> tuple[Seat, ...]:
    """A seat for each table, by how many splits each has.

    Tables of one split go whole and come before all others in their lane, so that none waits
    for a large one. Where there are lanes to be at work at each large table at once, these share
    all connections that the others leave; else there are only as many lanes as tables may be at
    work.

    Args:
        splits: of each table; fewer than two: it goes whole.
        at_once: tables that may be at work.
        connections: that may be open.

    >>> [(s.number, s.first, s.width) for s in seats([1, 9, 1], at_once=4, connections=8)]
    [(0, 0, 1), (2, 2, 6), (1, 1, 1)]
    >>> [(s.number, s.first, s.width) for s in seats([5, 1, 9], at_once=2, connections=8)]
    [(1, 0, 2), (0, 0, 1), (2, 0, 2)]
    """
    small = [number for number, count in enumerate(splits) if count < 2]
    large = [number for number, count in enumerate(splits) if count >= 2]
    most = min(at_once, connections)
    if len(large) + bool(small) <= most:
        own = min(len(small), most - len(large))
        first, width = own, connections - own
    else:
        own = width = most
        first = 0
    by_table = {table: Seat(order, order % own) for order, table in enumerate(small)}
    for order, table in enumerate(large):
        by_table[table] = Seat(len(small) + order, first, width, order % most)
    return tuple(by_table[table] for table in range(len(splits)))
