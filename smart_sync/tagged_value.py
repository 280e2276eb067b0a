"""A cursor's value as JSON that gives back its very type: a date is no text, nor an instant."""

from collections.abc import Sequence
from datetime import date, datetime

from sources.values import CursorValue


def tagged(value: CursorValue | None) -> list[str] | None:
    """A value with its type.

    >>> tagged(date(2025, 7, 22)), tagged(7), tagged(None)
    (['date', '2025-07-22'], ['int', '7'], None)
    """
    if value is None:
        return None
    if isinstance(value, datetime):
        return ["time" if value.tzinfo is None else "instant", value.isoformat()]
    if isinstance(value, date):
        return ["date", value.isoformat()]
    return ["int" if isinstance(value, int) else "text", str(value)]


def untagged(told: Sequence[str] | None) -> CursorValue | None:
    """The value that was tagged so.

    Raises:
        ValueError: none was.
    """
    if told is None:
        return None
    kind, text = told
    if kind in ("time", "instant"):
        value = datetime.fromisoformat(text)
        if (value.tzinfo is None) != (kind == "time"):
            raise ValueError
        return value
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "int":
        return int(text)
    if kind != "text":
        raise ValueError
    return text
