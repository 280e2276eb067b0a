"""A config of Python's values → the words of a command line, which all checks read. Pure."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import PurePath

from auto_schema.errors import ConfigError, SyncError, raise_all

Parameters = Mapping[str, object]
"""Parameters by name, as the README has them, and Beam's flags. A value is the parameter's text,
or what Python has for it: bool, int, float, date, datetime, timedelta, a path, a sequence of names,
a mapping (JSON). None: as if it weren't there."""
Config = Parameters | str | PurePath
"""Parameters, of which `config` is the path of a config file, which the others beat; or the path of
such a file."""


def words_of(config: Parameters) -> list[str]:
    """The words of a command line.

    Raises:
        ConfigError, ManyErrors: values that no parameter can have; all of them at once.

    >>> words_of({"enable_smart_sync": True, "num_splits": 4, "merge_keys": ("id", "day")})
    ['--enable_smart_sync=true', '--num_splits=4', '--merge_keys=id,day']
    """
    words, faults = list[str](), list[SyncError]()
    for name, value in config.items():
        if value is None:
            continue
        text = text_of(value)
        if text is None:
            why = f"it is a {type(value).__name__}"
            fix = "give its text, or a bool, number, date, timedelta, path, list of names or dict."
            faults.append(ConfigError("no value for a parameter", str(name), why, fix))
        else:
            words.append(f"--{name}={text}")
    raise_all(faults)
    return words


def text_of(value: object) -> str | None:
    """A value as its parameter's text; None: no parameter has such.

    >>> text_of(timedelta(minutes=90)), text_of({"select_fields": ["a"]}), text_of(b"x")
    ('5400s', '{"select_fields": ["a"]}', None)
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        seconds = value // timedelta(seconds=1)
        return f"{seconds}s" if timedelta(seconds=seconds) == value else None
    if isinstance(value, Mapping):
        return _json(value)
    if isinstance(value, (str, int, float, date, PurePath)):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        names = [text for text in value if isinstance(text, str) and "," not in text]
        return ",".join(names) if len(names) == len(value) else None
    return None


def _json(value: Mapping[object, object]) -> str | None:
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        return None
