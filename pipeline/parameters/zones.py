"""Time zones from one source: the pinned tzdata package, never the machine's own files.

Schedules, their warnings and the check of parameters speak of the same zones on each
machine. The zone of a cursor column is none of these: its server does that arithmetic.
"""

import functools
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzdata  # type: ignore[import-untyped]

VERSION = tzdata.IANA_VERSION
"""Of the time zone database, such as 2026a."""


@functools.cache
def names() -> frozenset[str]:
    """The names that there are."""
    listed = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(listed.split())


@functools.cache
def zone(name: str) -> ZoneInfo:
    """The zone of a name.

    >>> zone("Asia/Tokyo").key
    'Asia/Tokyo'

    Raises:
        ZoneInfoNotFoundError: there is none.
    """
    if name not in names():
        raise ZoneInfoNotFoundError(f"no time zone found with key {name}")
    with resources.files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
