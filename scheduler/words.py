"""The words of a command line as the values of a schedule. Pure."""

from collections.abc import Mapping
from typing import Any

from auto_schema.errors import ConfigError
from scheduler.hosts import IMAGE
from scheduler.schedule import Schedule

OF_PLACE = ("host", "template", "run_job", "environment")
"""What means another thing, or nothing, once a schedule's syncs run elsewhere."""


def pairs(words: list[str] | None, what: str) -> dict[str, str]:
    """`name=value` words; a value may hold anything.

    Raises:
        ConfigError: a word has no `=`.
    """
    values: dict[str, str] = {}
    for word in words or ():
        name, sign, value = word.partition("=")
        if not sign:
            fix = "write name=value."  # the word may be a password
            raise ConfigError("malformed", f"--{what} number {len(values) + 1}", "", fix)
        values[name] = value
    return values


def values_of(schedule: Schedule) -> dict[str, Any]:
    """A schedule as the mapping that makes it."""
    own = ("name", "job_name", "retry")
    values: dict[str, Any] = {
        key: getattr(schedule, key) for key in schedule.__slots__ if key not in own
    }
    values["retry"] = {key: str(getattr(schedule.retry, key)) for key in schedule.retry.__slots__}
    return values


def changed(
    old: Schedule, given: Mapping[str, str], mappings: Mapping[str, dict[str, str]]
) -> dict[str, Any]:
    """A schedule's values with what is given in place of its own.

    Args:
        old: the schedule as it is.
        given: texts; an empty one changes nothing.
        mappings: parameters and environment; an empty value takes its name away.
    """
    values = values_of(old)
    told = {key: value for key, value in given.items() if value}
    if told.get("host", old.host) != old.host:
        temp_location = values["environment"].get("temp_location", "")
        values = {key: value for key, value in values.items() if key not in OF_PLACE}
        values["environment"] = {"temp_location": temp_location} if temp_location else {}
        kept = {name: text for name, text in values["parameters"].items() if name != IMAGE}
        values["parameters"] = kept
    values |= told
    for key, words in mappings.items():
        both = values[key] | words
        values[key] = {name: value for name, value in both.items() if words.get(name) != ""}
    return values
