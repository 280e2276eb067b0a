"""Whether the SQL behind a cursor cuts its stamps to hours, days or longer, or moves them back.

All rows of such an hour have one stamp: those that come after a run lie at its watermark, which
no window reads again. Stamps that are moved back lie there when their rows commit late.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module

_WORDS = re.compile(
    r"trunc|date_bin|bucket|current_date|_partition(time|date)|\bdate\b|interval\b|_(add|sub)\b"
    r"|\bat\s+time\s+zone\b|\bto_timestamp\b|\btimestamp_(seconds|millis|micros)\b"
    r"|-\s*\d+\s*(\)|,|as\b)",
    re.IGNORECASE,
)
"""Without any of them sqlglot isn't imported, which takes a tenth of the CPU of a short run."""


@dataclass(frozen=True, slots=True)
class CoarseStamps:
    """What cuts the stamps of a cursor.

    Attributes:
        by: the SQL that does.
        unit: how far a row's stamp may lie behind the time that was cut or moved.
        is_moved: whether it is moved back, and not cut.
        is_default: whether only the column's default does, which writers may pass by.
    """

    by: str
    unit: timedelta
    is_moved: bool = False
    is_default: bool = False


def coarse_stamps(
    sql: str,
    name: str,
    dialect: str,
    *,
    is_date: bool,
    behind: Mapping[str, str],
    has_zone: bool = False,
) -> CoarseStamps | None:
    """What cuts a column of a query; None: nothing that is longer than its own unit shows.

    Args:
        sql: the query.
        name: of its column.
        dialect: its name in sqlglot.
        is_date: whether the column holds dates, whose unit is a day anyway.
        behind: queries that stand for tables and views, by their names without a schema.
        has_zone: whether the column is an instant, which two zones in a row move.

    >>> cut = coarse_stamps(
    ...     "SELECT date_trunc('hour', c) AS h FROM t", "h", "postgres", is_date=False, behind={}
    ... )
    >>> cut.by, cut.unit
    ("DATE_TRUNC('HOUR', c)", datetime.timedelta(seconds=3600))
    >>> moved = coarse_stamps(
    ...     "SELECT c - '05:30:00'::interval AS m FROM t", "m", "postgres", is_date=False, behind={}
    ... )
    >>> moved.is_moved, moved.unit
    (True, datetime.timedelta(seconds=21600))
    >>> coarse_stamps("SELECT c FROM t", "c", "postgres", is_date=False, behind={})
    """
    if not any(_WORDS.search(text) for text in (sql, *behind.values())):
        return None
    cut: tuple[str, timedelta, bool] | None = import_module("sources.coarse_stamps_tree").cut_of(
        sql, name, dialect, is_date=is_date, behind=behind, has_zone=has_zone
    )
    return None if cut is None else CoarseStamps(*cut)
