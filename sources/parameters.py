"""What the parameters of sources have in common: durations, and faults that more than one has."""

import re
from collections.abc import Mapping
from datetime import timedelta

from auto_schema.errors import ConfigError, SyncError

Values = Mapping[str, str]
"""Every parameter's text by its name, defaults filled in."""
SECONDS: Mapping[str, int] = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
WHOLE_STRING = re.compile(r"://|\bpassword\s*=", re.IGNORECASE)


def duration(text: str) -> timedelta:
    """Read a duration.

    >>> duration("5m")
    datetime.timedelta(seconds=300)
    """
    return timedelta(seconds=int(text[:-1]) * SECONDS[text[-1]])


def whole_string_faults(values: Values, source: str) -> list[SyncError]:
    """A connection string where one word belongs: drivers would tell its pieces as a host."""
    names = [f"{source}_{name}" for name in ("host", "database", "username")]
    wrong = [name for name in names if WHOLE_STRING.search(values[name])]
    if re.search(r"[@\s]", values[names[0]]) and names[0] not in wrong:
        wrong.append(names[0])
    fix = "host, port, database, user and password have parameters of their own."
    why = "it holds more than one word of a connection"
    return [ConfigError("malformed parameter", name, why, fix) for name in wrong]


def without_smart_sync(parameter: str) -> ConfigError:
    """Placeholders in a query that nothing fills."""
    why = "only smart sync fills placeholders"
    fix = "set enable_smart_sync=true, or take the placeholders out."
    return ConfigError("placeholders without smart sync", parameter, why, fix)
