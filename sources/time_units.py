"""How long units of time last at most. Pure."""

from datetime import timedelta

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNITS = {
    "MINUTE": timedelta(minutes=1),
    "HOUR": HOUR,
    "DAY": DAY + HOUR,
    "WEEK": 7 * DAY + HOUR,
    "ISOWEEK": 7 * DAY + HOUR,
    "MONTH": 31 * DAY + HOUR,
    "QUARTER": 92 * DAY + HOUR,
    "YEAR": 366 * DAY + HOUR,
    "ISOYEAR": 371 * DAY + HOUR,
    "DECADE": 3660 * DAY,
    "CENTURY": 36600 * DAY,
    "MILLENNIUM": 366000 * DAY,
}
"""A day, where clocks are set back, lasts an hour more."""
