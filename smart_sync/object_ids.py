"""ObjectIds as cursor values: their 24 hex digits, which begin with the second they were made."""

from datetime import UTC, datetime


def object_id_at(instant: datetime, *, last: bool) -> str:
    """The last (or first) ObjectId made in the second of an instant, as 24 hex digits.

    https://www.mongodb.com/docs/manual/reference/bson-types/#objectid

    >>> object_id_at(datetime(2025, 1, 1, tzinfo=UTC), last=True)
    '67748580ffffffffffffffff'
    """
    seconds = min(max(int(instant.timestamp()), 0), 2**32 - 1)
    return f"{seconds:08x}" + ("f" if last else "0") * 16


def object_id_time(value: str) -> datetime:
    """When an ObjectId was made, to the second."""
    return datetime.fromtimestamp(int(value[:8], 16), UTC)
