"""How plans, errors and the run history write a value of a cursor or key."""

from datetime import date, datetime

from sources.values import KeyValue, Split, Window


def value_text(value: KeyValue) -> str:
    """A value without its zone; texts of one type sort as their values do, but for integers.

    >>> value_text(datetime(2025, 7, 22, 13))
    '2025-07-22 13:00:00'
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else str(value)


def window_text(window: Window) -> str:
    """A window with the right brackets."""
    low = "-∞" if window.low is None else value_text(window.low)
    return f"({low}, {value_text(window.high)}]"


def range_text(split: Split) -> str:
    """A split's range with the right brackets."""
    low = "-∞" if split.lower is None else value_text(split.lower)
    high = "∞" if split.upper is None else value_text(split.upper)
    opening, closing = ("[", ")") if split.by_key else ("(", "]")
    return f"{split.column} {opening}{low}, {high}{closing}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with what it counts; `many`: where it is more than the same word with an s.

    >>> counted(1, "row"), counted(84_000, "row"), counted(2, "key", "keys that are back")
    ('1 row', '84,000 rows', '2 keys that are back')
    """
    return f"{number:,} {one}" if number == 1 else f"{number:,} {many or one + 's'}"


def left_out_text(rows: int) -> str:
    """Rows that no run reads, for a run's last line.

    >>> left_out_text(1)
    '1 row of the source is in no window (see the plan)'
    """
    verb = "is" if rows == 1 else "are"
    return f"{counted(rows, 'row')} of the source {verb} in no window (see the plan)"


def have(number: int, one: str = "row", many: str = "") -> str:
    """How many of something have what follows; the words as of `counted`.

    >>> have(1), have(2), have(1, "document")
    ('1 row has', '2 rows have', '1 document has')
    """
    return f"{counted(number, one, many)} {'has' if number == 1 else 'have'}"
