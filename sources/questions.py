"""What an inspector is asked about rows, as a value."""

from dataclasses import dataclass

from sources.values import CursorValue, SourceColumn


@dataclass(frozen=True, slots=True)
class RowsQuestion:
    """What planning wants to know of the rows of a window; an answer is an `Evidence`.

    Attributes:
        look_at: columns whose type the data decides.
        split_column: the column that splits would cut; None: no splits.
        split_over_bytes: bounds are looked for only above that estimate; 0: always.
        count_outside: count the rows that no run reads, by what `floor` says, and those after
            the window.
        partition: the destination's partition column and HOUR, DAY, MONTH or YEAR; None: not
            needed.
        floor: where the first window of all began; None: not known, or open downwards.
    """

    look_at: tuple[SourceColumn, ...] = ()
    split_column: str | None = None
    split_over_bytes: int = 0
    count_outside: bool = False
    partition: tuple[SourceColumn, str] | None = None
    floor: CursorValue | None = None
