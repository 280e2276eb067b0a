"""By which zone's clock the SQL behind a cursor without a zone stamps its rows.

A window ends by the clock of one zone. Where stamps are made by another's that is behind it, all
of them lie before that end: no margin and no guard waits for those that commit late.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

_WORDS = re.compile(
    r"at\s+time\s+zone|\btimezone\s*\(|\b(current_)?date(time)?\s*\(", re.IGNORECASE
)
"""Without any of them sqlglot isn't imported."""
_ASSIGNED = re.compile(r'\bnew\s*\.\s*("[^"]+"|\w+)\s*:?=\s*([^;]+);', re.IGNORECASE)
_ZERO = frozenset({"utc", "etc/utc", "uct", "etc/uct", "zulu", "etc/zulu", "gmt", "etc/gmt"})
"""Names of one clock."""


@dataclass(frozen=True, slots=True)
class StampZone:
    """A zone that the SQL names.

    Attributes:
        by: the SQL that does.
        zone: its name as it stands there.
        is_written: whether rows are written so, by a column's default or a trigger, which
            writers may pass by; else they are read so.
    """

    by: str
    zone: str
    is_written: bool = False

    @property
    def parameter(self) -> str:
        """What `source_timezone` takes for it."""
        return "UTC" if self.zone.lower() in _ZERO else self.zone


def stamp_zone(sql: str, name: str, dialect: str, behind: Mapping[str, str]) -> StampZone | None:
    """The zone to whose clock a column of a query is brought; None: nothing names one.

    Args:
        sql: the query.
        name: of its column, which has no zone.
        dialect: its name in sqlglot.
        behind: queries that stand for tables and views, by their names without a schema.

    >>> found = stamp_zone("SELECT (c AT TIME ZONE 'Asia/Tokyo')::date AS d FROM t", "d",
    ...     "postgres", {})
    >>> found.by, found.zone
    ("c AT TIME ZONE 'Asia/Tokyo'", 'Asia/Tokyo')
    >>> stamp_zone("SELECT c FROM t", "c", "postgres",
    ...     {"t": "SELECT timezone('utc', now()) AS c"}).parameter
    'UTC'
    >>> stamp_zone("SELECT DATE(c, 'Asia/Tokyo') AS d FROM t", "d", "bigquery", {}).by
    "DATE(c, 'Asia/Tokyo')"
    """
    if not any(_WORDS.search(text) for text in (sql, *behind.values())):
        return None
    pair: tuple[str, str] | None = import_module("sources.stamp_zone_tree").zone_of(
        sql, name, dialect, behind
    )
    return None if pair is None else StampZone(*pair)


def assigned(body: str) -> str:
    """What a trigger of PL/pgSQL assigns by a zone's clock, as items of SELECT; empty: nothing.

    >>> assigned("BEGIN NEW.at := now() AT TIME ZONE 'utc'; NEW.n = 1; RETURN NEW; END")
    "now() AT TIME ZONE 'utc' AS at"
    """
    pairs = _ASSIGNED.findall(body)
    return ", ".join(f"{value.strip()} AS {name}" for name, value in pairs if _WORDS.search(value))


def is_same_zone(one: str, other: str) -> bool:
    """Whether both names are of one clock, as far as the names tell.

    >>> is_same_zone("utc", "Etc/UTC"), is_same_zone("UTC", "Europe/London")
    (True, False)
    """
    names = {one.lower(), other.lower()}
    return len(names) == 1 or names <= _ZERO
