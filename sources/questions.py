"""What an inspector is asked about rows and ranges of them, as values."""

from dataclasses import dataclass

from auto_schema.row_filter import RowFilter
from auto_schema.schema import Column
from sources.values import CursorValue, SourceColumn


@dataclass(frozen=True, slots=True)
class RowsQuestion:
    """What planning wants to know of the rows of a window; an answer is an `Evidence`.

    Attributes:
        look_at: columns whose type the data decides.
        count_outside: count the rows that no run reads, by what `floor` says, and those after
            the window.
        partition: the destination's partition column and HOUR, DAY, MONTH or YEAR; None: not
            needed.
        floor: where the first window of all began; None: not known, or open downwards.
    """

    look_at: tuple[SourceColumn, ...] = ()
    count_outside: bool = False
    partition: tuple[SourceColumn, str] | None = None
    floor: CursorValue | None = None


@dataclass(frozen=True, slots=True)
class RangesQuestion:
    """Where the values of a column cut the rows of a window into about even ranges.

    The answer is values of it, ascending as the source itself orders them: each is the lower
    end of a range, which it belongs to, and the rows below the first are one more. None where
    the source doesn't know, or where finding out would take long.

    Attributes:
        column: a unique key, or the cursor; by its name in the source.
    """

    column: str


@dataclass(frozen=True, slots=True)
class KeysQuestion:
    """Which keys a source holds, whatever their cursors; answered by a `KeySnapshot`.

    Attributes:
        keys: the columns that tell rows apart.
        scope: only keys of such rows are summed, by published columns; None: all. Keys that are
            brought say whether theirs is one.
        tested: the columns that both test, as they are read.
        dead: rows that the source itself marks as deleted: their keys aren't summed, and those
            that are brought say so, by published columns; None: none are.
        cursor: by its name in the source; None: there is none.
        columns: what rows are compared by, as they are read; empty: only keys are.
        compares_dead: whether rows that the source marks are compared by what they hold.
        up_to: the highest cursor of rows that are compared; those without a cursor aren't.
        read_up_to: of keys that are brought, those of rows whose cursor is at most this say so;
            None: none does.
        tells_later: whether a source of which only keys are read tells those of later rows, too.
    """

    keys: tuple[Column, ...]
    scope: RowFilter | None = None
    tested: tuple[Column, ...] = ()
    dead: RowFilter | None = None
    cursor: str | None = None
    columns: tuple[Column, ...] = ()
    compares_dead: bool = False
    up_to: CursorValue | None = None
    read_up_to: CursorValue | None = None
    tells_later: bool = False
