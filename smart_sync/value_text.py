"""How plans, errors and the run history write a value of a cursor or key."""

from datetime import date, datetime

from sources.values import KeyValue


def value_text(value: KeyValue) -> str:
    """A value without its zone; texts of one type sort as their values do, but for integers.

    >>> value_text(datetime(2025, 7, 22, 13))
    '2025-07-22 13:00:00'
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else str(value)
